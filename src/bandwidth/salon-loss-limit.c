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
#define MIN_PACKETS 40
#define MIN_INTERVAL_US (200 * G_TIME_SPAN_MILLISECOND)
/* Of so much less than when it began, nearly as much is lost; or less than that can't be sent. */
#define TRIAL_PART 0.7
#define TRIAL_LOST_PART 0.75
#define TRIAL_LEAST_PART 0.5
/* How fast it is believed that the link's own losses became others; more than were found, they don't become. */
#define OWN_LOSS_WEIGHT 0.1
/* Of so much less than what is allowed, what is sent now is not the reason of the losses, and says nothing of how much
 * the link bears: a picture that rests would never come back. */
#define INNOCENT_PART 0.5

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

/* -- much is lost -- */

static void
begin_trial (SalonLossLimit *self, double lost, double sent_bps)
{
  self->trial.is_under_way = TRUE;
  self->trial.lost = lost;
  self->trial.rate_bps = self->rate_bps;
  self->trial.sent_bps = sent_bps;
}

/* Whether it made no difference to send less. */
static gboolean
is_in_vain (const SalonLossLimit *self, double lost, double sent_bps)
{
  gboolean is_less = sent_bps <= TRIAL_PART * self->trial.sent_bps
                     || (self->rate_bps > 0 && self->rate_bps <= TRIAL_LEAST_PART * sent_bps);

  return self->trial.is_under_way && is_less && lost >= TRIAL_LOST_PART * self->trial.lost;
}

/* From what was sent: what wasn't, got no losses. */
static void
decrease (SalonLossLimit *self, double estimate_bps, double lost, double sent_bps)
{
  double rate_bps = self->rate_bps > 0 ? MIN (self->rate_bps, estimate_bps) : estimate_bps;

  if (sent_bps >= INNOCENT_PART * rate_bps)
    rate_bps = MIN (rate_bps, sent_bps);
  self->rate_bps = MAX (rate_bps * (1 - 0.5 * lost), 1);
}

static void
take_much (SalonLossLimit *self, double estimate_bps, double lost, double sent_bps)
{
  if (!self->trial.is_under_way)
    begin_trial (self, lost, sent_bps);
  if (!is_in_vain (self, lost, sent_bps))
    {
      decrease (self, estimate_bps, lost - self->own_loss, sent_bps);
      return;
    }
  self->own_loss = (self->trial.lost + lost) / 2;
  self->own_loss_found = MAX (self->trial.lost, lost);
  self->rate_bps = self->trial.rate_bps;
  self->trial.is_under_way = FALSE;
}

/* -- little is lost -- */

static void
increase (SalonLossLimit *self, double estimate_bps, double elapsed_s)
{
  self->trial.is_under_way = FALSE;
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
  if (lost - self->own_loss <= MUCH)
    self->own_loss += OWN_LOSS_WEIGHT * (MIN (lost, self->own_loss_found) - self->own_loss);
  if (lost - self->own_loss > MUCH)
    take_much (self, estimate_bps, lost, (n_bytes - self->since_bytes) * 8 / elapsed_s);
  else if (lost - self->own_loss < LITTLE)
    increase (self, estimate_bps, elapsed_s);
  begin_interval (self, n_bytes, now_us);
}
