/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-recorder-file.h"

#define SALON_RECORDER_MANIFEST "recording.json"

typedef struct
{
  const char *room;
  const char *state;
  const char *error; /* (nullable) */
  gint64 began_us;   /* Unix time */
  GPtrArray *files;  /* (element-type SalonRecorderFile) */
} SalonRecorderManifest;

/* Writes what is in salon-recorder.h, in place of what was there, whole or not at all. Blocks for the disk. */
gboolean salon_recorder_manifest_write (
    const SalonRecorderManifest *self, const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
