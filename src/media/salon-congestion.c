/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-congestion.h"

#define RESEND_PART 0.5
/* How long what was not used is kept: losses come in bursts. */
#define RESEND_CREDIT_S 0.5

/* Five trials' time, each for twice as much. */
#define SETTLING_US G_TIME_SPAN_SECOND

struct _SalonCongestion
{
  GMutex lock; /* of all: a packet's number and its time are one step, and held for less than a microsecond */
  SalonBandwidthBounds bounds;
  gint64 started_us; /* 0: not yet */
  SalonEstimator estimator;
  SalonSentHistory history;
  gint64 resent_us;     /* when the credit was counted; 0: never */
  double resend_credit; /* in bytes */
};

SalonCongestion *
salon_congestion_new (const SalonBandwidthBounds *bounds)
{
  SalonCongestion *self = g_new0 (SalonCongestion, 1);

  g_mutex_init (&self->lock);
  self->bounds = *bounds;
  salon_estimator_init (&self->estimator, bounds, TRUE);
  return self;
}

void
salon_congestion_free (SalonCongestion *self)
{
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
salon_congestion_start (SalonCongestion *self, gboolean has_feedback)
{
  g_mutex_lock (&self->lock);
  salon_estimator_init (&self->estimator, &self->bounds, has_feedback);
  self->started_us = g_get_monotonic_time ();
  g_mutex_unlock (&self->lock);
}

/* -- sending -- */

guint16
salon_congestion_number (SalonCongestion *self, gsize size_bytes)
{
  guint16 number;

  g_mutex_lock (&self->lock);
  number = salon_sent_history_add (&self->history, g_get_monotonic_time (), size_bytes);
  g_mutex_unlock (&self->lock);
  return number;
}

void
salon_congestion_count (SalonCongestion *self, gsize size_bytes)
{
  g_mutex_lock (&self->lock);
  self->history.n_bytes += size_bytes;
  g_mutex_unlock (&self->lock);
}

gboolean
salon_congestion_take_resend (SalonCongestion *self, gsize size_bytes)
{
  gint64 now_us = g_get_monotonic_time ();
  double rate, elapsed_s;
  gboolean may_resend;

  g_mutex_lock (&self->lock);
  rate = RESEND_PART * salon_estimator_get_bps (&self->estimator) / 8;
  elapsed_s = self->resent_us != 0 ? (double)(now_us - self->resent_us) / G_USEC_PER_SEC : RESEND_CREDIT_S;
  self->resent_us = now_us;
  self->resend_credit = MIN (self->resend_credit + rate * elapsed_s, rate * RESEND_CREDIT_S);
  may_resend = self->resend_credit >= size_bytes;
  if (may_resend)
    self->resend_credit -= size_bytes;
  g_mutex_unlock (&self->lock);
  return may_resend;
}

/* -- what the client tells -- */

void
salon_congestion_take_feedback (SalonCongestion *self, const guint8 *data, gsize size)
{
  g_mutex_lock (&self->lock);
  salon_estimator_take_feedback (&self->estimator, &self->history, data, size, g_get_monotonic_time ());
  g_mutex_unlock (&self->lock);
}

void
salon_congestion_take_report (SalonCongestion *self, guint n_packets, guint fraction_lost, gint64 rtt_us)
{
  g_mutex_lock (&self->lock);
  salon_estimator_take_report (
      &self->estimator, &self->history, n_packets, fraction_lost, rtt_us, g_get_monotonic_time ());
  g_mutex_unlock (&self->lock);
}

/* -- what comes of it -- */

guint
salon_congestion_get_estimate_bps (SalonCongestion *self)
{
  guint estimate_bps;

  g_mutex_lock (&self->lock);
  estimate_bps = salon_estimator_get_bps (&self->estimator);
  g_mutex_unlock (&self->lock);
  return estimate_bps;
}

gboolean
salon_congestion_is_settled (SalonCongestion *self)
{
  gboolean is_settled;

  g_mutex_lock (&self->lock);
  is_settled = self->started_us != 0 && g_get_monotonic_time () - self->started_us >= SETTLING_US;
  g_mutex_unlock (&self->lock);
  return is_settled;
}

gboolean
salon_congestion_begin_probe (SalonCongestion *self, guint need_bps)
{
  gboolean has_begun;

  g_mutex_lock (&self->lock);
  has_begun = self->started_us != 0
              && salon_estimator_begin_probe (&self->estimator, &self->history, need_bps, g_get_monotonic_time ());
  g_mutex_unlock (&self->lock);
  return has_begun;
}

gssize
salon_congestion_get_due (SalonCongestion *self)
{
  gssize due_bytes;

  g_mutex_lock (&self->lock);
  due_bytes = salon_prober_get_due (&self->estimator.prober, &self->history, g_get_monotonic_time ());
  g_mutex_unlock (&self->lock);
  return due_bytes;
}

void
salon_congestion_get_stats (SalonCongestion *self, SalonConnectionStats *stats)
{
  g_mutex_lock (&self->lock);
  *stats = (SalonConnectionStats){
    .estimate_bps = salon_estimator_get_bps (&self->estimator),
    .rtt_us = self->estimator.rtt_us != 0 ? self->estimator.rtt_us : -1,
    .n_bytes = self->history.n_bytes,
    .n_told = self->estimator.n_known,
    .n_lost = self->estimator.n_lost,
  };
  g_mutex_unlock (&self->lock);
}
