/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-loss-limit.h"

#include <math.h>

/* Section 6. */
#define MUCH 0.10
#define LITTLE 0.02
/* The draft raises it by 5 % each time; that depends on how often reports come. */
#define INCREASE_PER_S 1.08
#define MAX_INCREASE_S 5.0
/* Less says nothing: one of ten is not a tenth. */
#define MIN_PACKETS 20
#define MIN_INTERVAL_US (200 * G_TIME_SPAN_MILLISECOND)

void
salon_loss_limit_count (SalonLossLimit *self, guint n_packets, guint n_lost)
{
  self->n_packets += n_packets;
  self->n_lost += n_lost;
}

static void
begin_interval (SalonLossLimit *self, guint64 n_bytes, gint64 now_us)
{
  self->n_packets = self->n_lost = 0;
  self->since_us = now_us;
  self->since_bytes = n_bytes;
}

/* From what was sent: what wasn't, got no losses. */
static void
decrease (SalonLossLimit *self, double estimate_bps, double lost, double sent_bps)
{
  double rate_bps = self->rate_bps > 0 ? MIN (self->rate_bps, estimate_bps) : estimate_bps;

  self->rate_bps = MAX (MIN (rate_bps, sent_bps) * (1 - 0.5 * lost), 1);
}

static void
increase (SalonLossLimit *self, double estimate_bps, double elapsed_s)
{
  self->rate_bps *= pow (INCREASE_PER_S, MIN (elapsed_s, MAX_INCREASE_S));
  if (self->rate_bps >= estimate_bps)
    self->rate_bps = 0;
}

void
salon_loss_limit_update (SalonLossLimit *self, double estimate_bps, guint64 n_bytes, gint64 rtt_us, gint64 now_us)
{
  gint64 elapsed_us = now_us - self->since_us;
  double elapsed_s = (double)elapsed_us / G_USEC_PER_SEC;
  double lost;

  if (self->since_us == 0)
    {
      begin_interval (self, n_bytes, now_us);
      return;
    }
  if (self->n_packets < MIN_PACKETS || elapsed_us < MIN_INTERVAL_US + rtt_us)
    return;
  lost = (double)self->n_lost / self->n_packets;
  if (lost > MUCH)
    decrease (self, estimate_bps, lost, (n_bytes - self->since_bytes) * 8 / elapsed_s);
  else if (lost < LITTLE && self->rate_bps > 0)
    increase (self, estimate_bps, elapsed_s);
  begin_interval (self, n_bytes, now_us);
}
