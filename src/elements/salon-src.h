/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* salonsrc: each track of a room that is wanted, on a pad of its own; see `gst-inspect-1.0 salonsrc`.
 *
 *                      / depayloader --> queue --> [decoder] --> audio_0
 *   server --> SalonWire
 *                      \ depayloader --> queue --> [decoder] --> video_0
 *
 * A pad, which is a SalonSrcPad, comes with the first packet of its track, and ends with it. When the connection is
 * lost, the pads wait for the same person's tracks to come back.
 *
 * Element messages on the bus, beside those of SalonEndpoint:
 *   salon-track, event=(string)added, changed or removed, pad=(string), track=, participant=, name=, source=(string)
 *   salon-speakers, leader=(string)id or "", speakers=(string){ id, ... }   loudest first; on change, and at first */
#define SALON_TYPE_SRC (salon_src_get_type ())
GType salon_src_get_type (void);
GST_ELEMENT_REGISTER_DECLARE (salonsrc)
