/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "salon-src-pad.h"

/* What salonsrc and the server tell each other, between the protocol's words and the application's. Pure. */

/* wish: (nullable): NULL: the track is not wanted at all. Returns: (transfer full): params of `track_settings`. */
JsonObject *salon_src_messages_new_settings (const char *track_id, const SalonWish *wish) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full) (nullable): the message salon-speakers, of the protocol's `speakers`; NULL: it is none. */
GstStructure *salon_src_messages_read_speakers (JsonObject *params) G_GNUC_WARN_UNUSED_RESULT;
