/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* salonmediasrc: the first picture and the first sound of a file or a stream, of whatever container and codecs
 * GStreamer decodes, as one stream each; see `gst-inspect-1.0 salonmediasrc`.
 *
 *   uridecodebin, anew each round --> entry --> video
 *                                 \-> entry --> audio
 *
 * A file may be played several times, or for ever. Each round is a new uridecodebin, since not all demuxers can go
 * back; what it brings is put behind the round before, in a segment that begins at 0 and does not end: elements behind
 * it see no seam. A pad of which the file has nothing ends at once. */
#define SALON_TYPE_MEDIA_SRC (salon_media_src_get_type ())
G_DECLARE_FINAL_TYPE (SalonMediaSrc, salon_media_src, SALON, MEDIA_SRC, GstBin)
GST_ELEMENT_REGISTER_DECLARE (salonmediasrc)
