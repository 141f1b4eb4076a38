/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-rate-limit.h"

gboolean
salon_rate_limit_take (SalonRateLimit *self, guint burst, guint per_s, gint64 now_us)
{
  double refilled = (double)(now_us - self->last_us) * per_s / G_USEC_PER_SEC;

  self->used = MAX (0.0, self->used - refilled);
  self->last_us = now_us;
  if (self->used + 1.0 > burst)
    return FALSE;
  self->used += 1.0;
  return TRUE;
}
