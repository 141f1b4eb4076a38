/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-congestion.h"

#define RESEND_PART 0.5
/* How long what was not used is kept: losses come in bursts. */
#define RESEND_CREDIT_S 0.5

/* Five trials' time, each for twice as much. */
#define NEW_US G_TIME_SPAN_SECOND

struct _SalonBottleneck
{
  gatomicrefcount ref_count;
  /* Of all, and of its flows: a packet's number and its time are one step. Who sends, holds it for less than 1 us; who
   * takes feedback, for as long as it takes to go through all packets that it tells of: a few dozen as a rule,
   * SALON_SENT_HISTORY_SIZE at most. */
  GMutex lock;
  gint64 started_us; /* 0: not yet */
  SalonEstimator estimator;
  GPtrArray *flows;     /* (owned) (element-type SalonFlow) */
  gint64 resent_us;     /* when the credit was counted; 0: never */
  double resend_credit; /* in bytes */
};

/* -- what all share -- */

SalonBottleneck *
salon_bottleneck_new (const SalonBandwidthBounds *bounds)
{
  SalonBottleneck *self = g_new0 (SalonBottleneck, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->flows = g_ptr_array_new_with_free_func (g_free);
  salon_estimator_init (&self->estimator, bounds);
  return self;
}

SalonBottleneck *
salon_bottleneck_ref (SalonBottleneck *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
salon_bottleneck_unref (SalonBottleneck *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->flows);
  g_mutex_clear (&self->lock);
  g_free (self);
}

SalonEstimate
salon_bottleneck_get_estimate (SalonBottleneck *self)
{
  SalonEstimate estimate;

  g_mutex_lock (&self->lock);
  estimate = salon_estimator_get (&self->estimator);
  g_mutex_unlock (&self->lock);
  return estimate;
}

gboolean
salon_bottleneck_is_new (SalonBottleneck *self)
{
  gboolean is_new;

  g_mutex_lock (&self->lock);
  is_new = self->started_us != 0 && g_get_monotonic_time () - self->started_us < NEW_US;
  g_mutex_unlock (&self->lock);
  return is_new;
}

/* -- one connection -- */

struct _SalonCongestion
{
  SalonBottleneck *bottleneck; /* (owned) */
  SalonFlow *flow;             /* (borrowed): the bottleneck's */
  gboolean is_started;
};

SalonCongestion *
salon_congestion_new (SalonBottleneck *bottleneck)
{
  SalonCongestion *self = g_new0 (SalonCongestion, 1);

  self->bottleneck = salon_bottleneck_ref (bottleneck);
  self->flow = g_new0 (SalonFlow, 1);
  salon_flow_init (self->flow);
  g_mutex_lock (&bottleneck->lock);
  g_ptr_array_add (bottleneck->flows, self->flow);
  g_mutex_unlock (&bottleneck->lock);
  return self;
}

void
salon_congestion_free (SalonCongestion *self)
{
  salon_bottleneck_unref (self->bottleneck);
  g_free (self);
}

void
salon_congestion_start (SalonCongestion *self, gboolean has_feedback)
{
  SalonBottleneck *bottleneck = self->bottleneck;

  g_mutex_lock (&bottleneck->lock);
  salon_estimator_add (&bottleneck->estimator, self->flow, has_feedback);
  self->is_started = TRUE;
  if (bottleneck->started_us == 0)
    bottleneck->started_us = g_get_monotonic_time ();
  g_mutex_unlock (&bottleneck->lock);
}

/* -- sending -- */

guint16
salon_congestion_number (SalonCongestion *self, gsize size_bytes)
{
  guint16 number;

  g_mutex_lock (&self->bottleneck->lock);
  number = salon_sent_history_add (&self->flow->history, g_get_monotonic_time (), size_bytes);
  g_mutex_unlock (&self->bottleneck->lock);
  return number;
}

void
salon_congestion_count (SalonCongestion *self, gsize size_bytes)
{
  g_mutex_lock (&self->bottleneck->lock);
  self->flow->history.n_bytes += size_bytes;
  g_mutex_unlock (&self->bottleneck->lock);
}

gboolean
salon_congestion_take_resend (SalonCongestion *self, gsize size_bytes)
{
  SalonBottleneck *bottleneck = self->bottleneck;
  gint64 now_us = g_get_monotonic_time ();
  double rate, elapsed_s;
  gboolean may_resend;

  g_mutex_lock (&bottleneck->lock);
  rate = RESEND_PART * salon_estimator_get_bps (&bottleneck->estimator) / 8;
  elapsed_s = bottleneck->resent_us != 0 ? (double)(now_us - bottleneck->resent_us) / G_USEC_PER_SEC : RESEND_CREDIT_S;
  bottleneck->resent_us = now_us;
  bottleneck->resend_credit = MIN (bottleneck->resend_credit + rate * elapsed_s, rate * RESEND_CREDIT_S);
  may_resend = bottleneck->resend_credit >= size_bytes;
  if (may_resend)
    bottleneck->resend_credit -= size_bytes;
  g_mutex_unlock (&bottleneck->lock);
  return may_resend;
}

/* -- what the client tells -- */

void
salon_congestion_take_feedback (SalonCongestion *self, const guint8 *data, gsize size)
{
  SalonBottleneck *bottleneck = self->bottleneck;

  g_mutex_lock (&bottleneck->lock);
  salon_estimator_take_feedback (&bottleneck->estimator, self->flow, data, size, g_get_monotonic_time ());
  g_mutex_unlock (&bottleneck->lock);
}

void
salon_congestion_take_report (SalonCongestion *self, guint n_packets, guint fraction_lost, gint64 rtt_us)
{
  SalonBottleneck *bottleneck = self->bottleneck;

  g_mutex_lock (&bottleneck->lock);
  salon_estimator_take_report (
      &bottleneck->estimator, self->flow, n_packets, fraction_lost, rtt_us, g_get_monotonic_time ());
  g_mutex_unlock (&bottleneck->lock);
}

/* -- what comes of it -- */

gboolean
salon_congestion_begin_probe (SalonCongestion *self, guint need_bps)
{
  SalonBottleneck *bottleneck = self->bottleneck;
  gboolean has_begun;

  g_mutex_lock (&bottleneck->lock);
  has_begun = self->is_started
              && salon_estimator_begin_probe (&bottleneck->estimator, self->flow, need_bps, g_get_monotonic_time ());
  g_mutex_unlock (&bottleneck->lock);
  return has_begun;
}

gssize
salon_congestion_get_due (SalonCongestion *self)
{
  gssize due_bytes;

  g_mutex_lock (&self->bottleneck->lock);
  due_bytes = salon_estimator_get_due (&self->bottleneck->estimator, g_get_monotonic_time ());
  g_mutex_unlock (&self->bottleneck->lock);
  return due_bytes;
}

void
salon_congestion_get_stats (SalonCongestion *self, SalonConnectionStats *stats)
{
  const SalonFlow *flow = self->flow;

  g_mutex_lock (&self->bottleneck->lock);
  *stats = (SalonConnectionStats){
    .estimate_bps = salon_estimator_get_bps (&self->bottleneck->estimator),
    .rtt_us = flow->rtt_us != 0 ? flow->rtt_us : -1,
    .n_bytes = flow->history.n_bytes,
    .n_told = flow->n_known,
    .n_lost = flow->n_lost,
  };
  g_mutex_unlock (&self->bottleneck->lock);
}
