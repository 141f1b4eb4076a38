/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* How much arrives: R_hat of draft-ietf-rmcat-gcc-02, section 5.5. Windows of a sixth of a second, weighed by how
 * surprising they are, as in libwebrtc: a plain average would be late when a link becomes narrow, and wrong after a
 * keyframe. Plain data; zeroed, it knows nothing. */
typedef struct
{
  gint64 last_us; /* 0: nothing came yet */
  gint64 window_us;
  guint64 window_bytes;
  double rate_bps; /* 0: not known yet */
  double variance;
} SalonThroughput;

/* received_us: by the receiver's clock. */
void salon_throughput_take (SalonThroughput *self, gint64 received_us, gsize size_bytes);
