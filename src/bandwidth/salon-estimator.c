/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-estimator.h"

/* Feedback comes several times a second: who sends reports alone for so long, goes on so. */
#define PATIENCE_US (3 * G_TIME_SPAN_SECOND)

void
salon_estimator_init (SalonEstimator *self, const SalonBandwidthBounds *bounds)
{
  *self = (SalonEstimator){ .bounds = *bounds, .is_agreed = TRUE, .has_feedback = TRUE };
  salon_rate_control_init (&self->control, bounds->start_bps);
}

static void
go_by_feedback (SalonEstimator *self, gboolean has_feedback)
{
  self->has_feedback = has_feedback;
  salon_rate_control_init (&self->control, has_feedback ? self->bounds.start_bps : self->bounds.max_bps);
}

void
salon_estimator_add (SalonEstimator *self, SalonFlow *flow, gboolean has_feedback)
{
  if (self->flows == NULL && !has_feedback)
    {
      self->is_agreed = FALSE;
      go_by_feedback (self, FALSE);
    }
  flow->next = self->flows;
  self->flows = flow;
}

guint
salon_estimator_get_bps (const SalonEstimator *self)
{
  double rate_bps = self->control.rate_bps;

  if (self->loss.rate_bps > 0)
    rate_bps = MIN (rate_bps, self->loss.rate_bps);
  return (guint)CLAMP (rate_bps, self->bounds.min_bps, self->bounds.max_bps);
}

SalonEstimate
salon_estimator_get (const SalonEstimator *self)
{
  double delay_bps = CLAMP (self->control.rate_bps, self->bounds.min_bps, self->bounds.max_bps);

  return (SalonEstimate){ salon_estimator_get_bps (self), (guint)delay_bps, self->control.full_us };
}

/* -- all flows -- */

static guint64
count_bytes (const SalonEstimator *self)
{
  guint64 n_bytes = 0;

  for (const SalonFlow *flow = self->flows; flow != NULL; flow = flow->next)
    n_bytes += flow->history.n_bytes;
  return n_bytes;
}

/* except: (nullable): all but this. */
static double
get_sent_bps (const SalonEstimator *self, const SalonFlow *except, gint64 now_us)
{
  double sent_bps = 0;

  for (const SalonFlow *flow = self->flows; flow != NULL; flow = flow->next)
    sent_bps += flow != except && salon_flow_is_heard (flow, now_us) ? flow->sent.rate_bps : 0;
  return sent_bps;
}

static double
get_throughput_bps (const SalonEstimator *self, gint64 now_us)
{
  double throughput_bps = 0;

  for (const SalonFlow *flow = self->flows; flow != NULL; flow = flow->next)
    throughput_bps += salon_flow_is_heard (flow, now_us) ? flow->throughput.rate_bps : 0;
  return throughput_bps;
}

/* -- feedback -- */

static void
take_packet (SalonEstimator *self, SalonFlow *flow, const SalonSentPacket *packet)
{
  gboolean is_tried = salon_prober_covers (&self->prober, packet->sent_us);

  salon_flow_take (flow, packet, !is_tried);
  salon_loss_limit_count (&self->loss, 1, packet->received_us < 0);
  if (is_tried && flow == self->probed)
    salon_prober_take (&self->prober, packet);
}

/* Returns: when the last of those that came was sent; -1: none came. */
static gint64
take_packets (SalonEstimator *self, SalonFlow *flow, SalonTransportFeedback *feedback, gint64 now_us)
{
  gint64 reference_us = salon_flow_begin_feedback (flow, feedback, now_us);
  gint64 sent_us = -1;
  SalonPacketStatus status;
  SalonSentPacket packet;

  while (salon_transport_feedback_next (feedback, &status))
    {
      if (!salon_sent_history_take (&flow->history, status.number, status.is_received, now_us, &packet))
        continue;
      if (status.is_received)
        {
          packet.received_us = reference_us + status.after_us;
          sent_us = MAX (sent_us, packet.sent_us);
        }
      take_packet (self, flow, &packet);
    }
  return sent_us;
}

static void
bound_rate (SalonEstimator *self)
{
  self->control.rate_bps = CLAMP (self->control.rate_bps, self->bounds.min_bps, self->bounds.max_bps);
}

static void
finish_probe (SalonEstimator *self, gint64 now_us)
{
  double estimate_bps = salon_estimator_get_bps (self);
  double rate_bps;
  gboolean is_more;

  if (self->probed == NULL)
    return;
  rate_bps = salon_prober_finish (
      &self->prober, self->probed->newest, get_sent_bps (self, self->probed, now_us), estimate_bps, now_us);
  if (rate_bps > 0 && self->prober.is_limited)
    self->control.full_us = now_us;
  /* What it began with was made up: the first may tell of less, too. */
  is_more = rate_bps > estimate_bps;
  if (rate_bps <= 0 || (is_more ? self->probed->trendline.usage == SALON_USAGE_OVER : !self->prober.is_corrective))
    return;
  salon_rate_control_set (&self->control, is_more ? MAX (self->control.rate_bps, rate_bps) : rate_bps, now_us);
  bound_rate (self);
  if (is_more && self->loss.rate_bps > 0)
    self->loss.rate_bps = MAX (self->loss.rate_bps, rate_bps);
}

void
salon_estimator_take_feedback (SalonEstimator *self, SalonFlow *flow, const guint8 *data, gsize size, gint64 now_us)
{
  SalonTransportFeedback feedback;
  gint64 sent_us;

  /* Of more packets than are known of, none need be told. */
  if (!self->is_agreed || !salon_transport_feedback_parse (&feedback, data, size)
      || feedback.n_packets > SALON_SENT_HISTORY_SIZE)
    return;
  if (!self->has_feedback)
    go_by_feedback (self, TRUE);
  sent_us = take_packets (self, flow, &feedback, now_us);
  if (sent_us >= 0)
    salon_flow_take_rtt (flow, now_us - sent_us);
  /* What is lost at any rate, is not what a queue is too long for. */
  salon_rate_control_update (&self->control, flow->trendline.usage,
      get_sent_bps (self, NULL, now_us) * (1 - self->loss.own_loss), get_throughput_bps (self, now_us), flow->rtt_us,
      now_us);
  bound_rate (self);
  salon_loss_limit_update (&self->loss, self->control.rate_bps, count_bytes (self), flow->rtt_us, now_us);
  if (flow->trendline.usage == SALON_USAGE_OVER)
    salon_prober_put_off (&self->prober, now_us);
  finish_probe (self, now_us);
}

static gboolean
is_any_heard (const SalonEstimator *self)
{
  for (const SalonFlow *flow = self->flows; flow != NULL; flow = flow->next)
    {
      if (flow->heard_us != 0)
        return TRUE;
    }
  return FALSE;
}

/* Some agree to feedback, and give none: then there is nothing to wait for. flow: that a report came of. */
static void
look_for_feedback (SalonEstimator *self, const SalonFlow *flow, gint64 now_us)
{
  if (!self->has_feedback || flow->history.next == 0 || is_any_heard (self))
    return;
  if (self->reported_us == 0)
    self->reported_us = now_us;
  else if (now_us - self->reported_us >= PATIENCE_US)
    go_by_feedback (self, FALSE);
}

void
salon_estimator_take_report (
    SalonEstimator *self, SalonFlow *flow, guint n_packets, guint fraction_lost, gint64 rtt_us, gint64 now_us)
{
  guint n_lost = n_packets * fraction_lost / 256;

  look_for_feedback (self, flow, now_us);
  if (self->has_feedback)
    return;
  flow->n_known += n_packets;
  flow->n_lost += n_lost;
  salon_flow_take_rtt (flow, rtt_us);
  salon_loss_limit_count (&self->loss, n_packets, n_lost);
  salon_loss_limit_update (&self->loss, self->control.rate_bps, count_bytes (self), flow->rtt_us, now_us);
}

/* -- trying -- */

gboolean
salon_estimator_begin_probe (SalonEstimator *self, SalonFlow *flow, guint need_bps, gint64 now_us)
{
  double estimate_bps = salon_estimator_get_bps (self);

  if (!self->has_feedback
      || !salon_prober_begin (&self->prober, estimate_bps, MIN (need_bps, self->bounds.max_bps), count_bytes (self),
          flow->history.next, now_us))
    return FALSE;
  self->probed = flow;
  return TRUE;
}

gssize
salon_estimator_get_due (SalonEstimator *self, gint64 now_us)
{
  if (self->probed == NULL)
    return -1;
  return salon_prober_get_due (&self->prober, count_bytes (self), self->probed->history.next, now_us);
}
