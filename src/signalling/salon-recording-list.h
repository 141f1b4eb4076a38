/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "salon-recordings.h"

/* Recordings with their files, and a link to these, as data/protocol.schema.json has them ("recording"): the files are
 * looked for on another thread. Main context. */

/* jobs: (transfer container) (element-type SalonJob). link_key: see salon-file-link.h. */
void salon_recording_list_make_async (
    GPtrArray *jobs, const char *link_key, GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full): an array of them, in the same order. Cannot fail. */
JsonArray *salon_recording_list_make_finish (GAsyncResult *result) G_GNUC_WARN_UNUSED_RESULT;
