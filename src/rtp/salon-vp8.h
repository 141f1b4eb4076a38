/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-frame.h"

/* Reads VP8's payload descriptor (RFC 7741 section 4.2), and of a keyframe its size. FALSE when the payload is too
 * short for what its flags announce, or has no data; `frame` is then undefined. */
gboolean salon_vp8_parse (const guint8 *payload, gsize size, SalonFrame *frame) G_GNUC_WARN_UNUSED_RESULT;
