/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "salon-publication.h"

/* The messages of ion-sfu's data channel. Pure. */

/* What a client wants of a stream; what it doesn't speak of, stays as it is. */
typedef struct
{
  char stream[65]; /* its id (RFC 8830) */
  gboolean has_video;
  gint max_layer;   /* the highest spatial layer: 0 to 2; -1: nothing */
  guint frame_rate; /* a second; 0: any */
  gboolean has_audio;
  gboolean wants_audio;
} SalonIonWish;

/* {"streamId": ..., "video": "high" | "medium" | "low" | "none", "audio": boolean, "framerate": "high" | "medium" |
 * "low"}, or {"streamId": ..., "layers": ["high", ...]}, of which the highest counts. text: size bytes, without a NUL.
 * Errors: PARSE, INVALID_PARAMS. */
gboolean salon_ion_wish_read (
    SalonIonWish *self, const char *text, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* streams (element-type utf8): of who speaks, the loudest first. Returns: (transfer full) */
char *salon_ion_write_speakers (GPtrArray *streams) G_GNUC_WARN_UNUSED_RESULT;
/* spatial: -1: none. layers: which arrive. Returns: (transfer full) */
char *salon_ion_write_layer (
    const char *stream, gint spatial, const SalonPublicationLayer *layers, guint n_layers) G_GNUC_WARN_UNUSED_RESULT;
