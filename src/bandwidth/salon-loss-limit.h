/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What rate the losses allow: As_hat of draft-ietf-rmcat-gcc-02, section 6. Where queues are short, a full link loses
 * packets before they are late. But radio loses some at any rate: so each time it is tried out whether less is lost of
 * less; if not, these losses are the link's own, and are taken off from then on. Plain data; zeroed, it allows any. */
typedef struct
{
  double rate_bps; /* 0: any */
  guint n_packets, n_lost;
  gint64 since_us; /* what was counted; 0: nothing yet */
  guint64 since_bytes;

  double own_loss;       /* 0 ... 1: that is there at any rate */
  double own_loss_found; /* the most that it was when it was found */
  struct
  {
    double lost, rate_bps, sent_bps; /* as it began; rate_bps 0: any */
    gboolean is_under_way;
  } trial;
} SalonLossLimit;

/* What a receiver reports of. */
void salon_loss_limit_count (SalonLossLimit *self, guint n_packets, guint n_lost);
/* Judges what was counted, once it is enough. estimate_bps: what is allowed apart from it. n_bytes: sent in all. */
void salon_loss_limit_update (SalonLossLimit *self, double estimate_bps, guint64 n_bytes, gint64 rtt_us, gint64 now_us);
