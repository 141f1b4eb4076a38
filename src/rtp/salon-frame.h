/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-picture-ids.h"

/* Spatial layers of one stream, as VP9 and AV1 make them: browsers send three at most. */
#define SALON_FRAME_MAX_SIZES 3

/* What a packet says of the picture it belongs to: in the descriptor that VP8 and VP9 put before their data, or in a
 * header extension, see salon-dependencies.h. Zeroed: of other packets only is_keyframe_start is known. */
typedef struct
{
  gboolean is_keyframe_start; /* a decoder can start here: the first packet of a picture that needs no other */
  SalonPictureIds ids;
  gboolean
      has_references; /* by the distance of picture ids, so that these must keep their gaps (RFC 9628 section 4.2) */

  guint8 spatial;
  guint8 temporal;
  gboolean is_start;        /* the first packet of the picture, or of its spatial layer */
  gboolean is_end;          /* the last of its spatial layer, if tells_end */
  gboolean tells_end;       /* VP8's don't */
  gboolean needs_base_only; /* of temporal layers: its own can be decoded from here on (VP8's Y) */
  gboolean is_switching_up; /* from here on, temporal layers above its own need nothing that came before (VP9's U) */

  guint n_sizes; /* of the picture, or one for each spatial layer; 0: not said here */
  struct
  {
    guint16 width;
    guint16 height;
  } sizes[SALON_FRAME_MAX_SIZES];
} SalonFrame;
