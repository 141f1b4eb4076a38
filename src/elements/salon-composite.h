/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* saloncomposite: a room mixed live into one picture and one sound; see `gst-inspect-1.0 saloncomposite`.
 *
 *             / video_0 --> SalonTile \
 *   salonsrc -- video_1 --> SalonTile --> compositor --> queue --> video
 *            \     cards: SalonTiles  /
 *             \ audio_0 --------------\
 *              \ audio_1 --------------> audiomixer --> queue --> audio
 *                               silence/
 *
 * Both go on from the first second to the last, whoever comes and goes: they are drawn when they are due, with what is
 * there by then. They end with the room, or when the application ends them. What is not linked when it starts is not
 * made, and nothing of it received.
 *
 * What there is to see, SalonRoster knows, where, salon_layout_place(). The server sends each picture in the size it is
 * shown in, as far as it has it, and those that are not shown not at all.
 *
 * Element messages on the bus: those of salonsrc. */
#define SALON_TYPE_COMPOSITE (salon_composite_get_type ())
GST_ELEMENT_REGISTER_DECLARE (saloncomposite)
