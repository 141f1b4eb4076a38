/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* Whether who joins so is a client of ion-sfu. Its methods are ours, but it knows of no slots: it expects to hear of
 * tracks by the offers of one subscriber connection, and does not think that it has joined before the server has opened
 * a data channel on that.
 *
 * They all begin with a data channel alone, and publish later. A client of ours that does the same says what it thinks
 * of others' data channels, `data_channels`, which ion-sfu's don't know. params: of the join; sdp: of its offer. */
gboolean salon_ion_dialect_is_spoken (JsonObject *params, const char *sdp);
