/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "salon-picture-ids.h"

/* The part of VP9's payload descriptor that a forwarder needs (RFC 9628 section 4.2): up to TL0PICIDX. What follows it,
 * reference indices and the scalability structure, is relative or static and passes unchanged. */
typedef struct
{
  gboolean is_keyframe_start; /* the first packet of a picture that needs no other, on the lowest spatial layer */
  SalonPictureIds ids;
} SalonVp9Descriptor;

/* FALSE when the payload is too short for what its flags announce, or has no data; `descriptor` is then undefined. */
gboolean salon_vp9_parse (const guint8 *payload, gsize size, SalonVp9Descriptor *descriptor) G_GNUC_WARN_UNUSED_RESULT;
