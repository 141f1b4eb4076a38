/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-pipeline.h"

/* One stay in a room: connects, plays the pipeline, joins with what goes to its webrtcbin "publisher", gives the
 * server's media to its webrtcbin "subscriber", tells what happens, and leaves. */
typedef struct
{
  const char *server; /* URL */
  const char *room;
  const char *name;
  guint duration_s; /* from the join; 0: until Ctrl-C, or the pipeline's end */
} SalonCallOptions;

/* Returns: whether it went well to its end; what did not is printed. Runs the main context meanwhile. FALSE with error
 * when the pipeline is not fit for a call, and nothing was begun. */
gboolean salon_call_run (
    const SalonCallOptions *options, SalonPipeline *pipeline, GError **error) G_GNUC_WARN_UNUSED_RESULT;
