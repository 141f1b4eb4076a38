/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A token bucket: so many at once, so many a second over time. Plain struct; zeroed, it is full. */
typedef struct
{
  double used;
  gint64 last_us;
} SalonRateLimit;

/* Takes one; FALSE when there is none. now_us: monotonic. */
gboolean salon_rate_limit_take (
    SalonRateLimit *self, guint burst, guint per_s, gint64 now_us) G_GNUC_WARN_UNUSED_RESULT;
