/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* salonsrc: each track of a room that is wanted, on a pad of its own; see `gst-inspect-1.0 salonsrc`.
 *
 *                      / depayloader --> queue --> [decoder] --> audio_0
 *   server --> SalonWire
 *                      \ depayloader --> queue --> [decoder] --> video_0
 *
 * A pad comes with the first packet of its track, and ends with it. When the connection is lost, the pads wait for the
 * same person's tracks to come back. */
#define SALON_TYPE_SRC (salon_src_get_type ())
GType salon_src_get_type (void);
GST_ELEMENT_REGISTER_DECLARE (salonsrc)
