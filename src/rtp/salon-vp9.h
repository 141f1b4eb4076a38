/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-frame.h"

/* Reads the part of VP9's payload descriptor that a forwarder needs (RFC 9628 section 4.2): up to TL0PICIDX, and of a
 * keyframe the sizes of its spatial layers. What follows TL0PICIDX, reference indices and the scalability structure, is
 * relative or static and passes unchanged. FALSE when the payload is too short for what its flags announce, or has no
 * data; `frame` is then undefined. */
gboolean salon_vp9_parse (const guint8 *payload, gsize size, SalonFrame *frame) G_GNUC_WARN_UNUSED_RESULT;
