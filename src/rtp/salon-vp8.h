/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "salon-picture-ids.h"

/* VP8's payload descriptor (RFC 7741 section 4.2). */
typedef struct
{
  gsize size;                 /* of the descriptor; the VP8 data comes after it */
  gboolean is_keyframe_start; /* the first packet of a keyframe */
  SalonPictureIds ids;
} SalonVp8Descriptor;

/* FALSE when the payload is too short for what its flags announce, or has no data; `descriptor` is then undefined. */
gboolean salon_vp8_parse (const guint8 *payload, gsize size, SalonVp8Descriptor *descriptor) G_GNUC_WARN_UNUSED_RESULT;
