/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* salonsink: what comes in on its pads, encoded or raw, is published in a room; see `gst-inspect-1.0 salonsink`.
 *
 *   audio_0 --> [encoder] --> payloader --> clocksync \
 *                                                      SalonWire --> server
 *   video_0 --> [encoder] --> payloader --> clocksync /
 *
 * Raw sound is measured (see salon-level.h). The branches are made when their caps are known. Changing to PAUSED is
 * done once it is in the room, so that a file's beginning is not lost. When all pads have ended, it leaves, and then
 * says so on the bus. */
#define SALON_TYPE_SINK (salon_sink_get_type ())
GST_ELEMENT_REGISTER_DECLARE (salonsink)
