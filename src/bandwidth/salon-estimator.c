/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-estimator.h"

#include "salon-transport-feedback.h"

/* How much a new round trip time counts. */
#define RTT_WEIGHT 8
/* Round trips that are longer were not: the receiver held its feedback back, or made it up. */
#define MAX_RTT_US (10 * G_TIME_SPAN_SECOND)
/* A multiple of what the receivers' clocks wrap at, so that their times are above 0, wherever they begin. */
#define FIRST_REFERENCE (1 << 24)

void
salon_estimator_init (SalonEstimator *self, const SalonBandwidthBounds *bounds, gboolean has_feedback)
{
  *self = (SalonEstimator){ .bounds = *bounds, .has_feedback = has_feedback, .reference = FIRST_REFERENCE };
  salon_trendline_init (&self->trendline);
  salon_rate_control_init (&self->control, has_feedback ? bounds->start_bps : bounds->max_bps);
}

guint
salon_estimator_get_bps (const SalonEstimator *self)
{
  double rate_bps = self->control.rate_bps;

  if (self->loss.rate_bps > 0)
    rate_bps = MIN (rate_bps, self->loss.rate_bps);
  return (guint)CLAMP (rate_bps, self->bounds.min_bps, self->bounds.max_bps);
}

static void
take_rtt (SalonEstimator *self, gint64 rtt_us)
{
  if (rtt_us < 0 || rtt_us > MAX_RTT_US)
    return;
  self->rtt_us = self->rtt_us == 0 ? rtt_us : self->rtt_us + (rtt_us - self->rtt_us) / RTT_WEIGHT;
}

/* -- feedback -- */

/* Its clock counts 12 days: the nearest of the times that look like this. */
static gint64
unwrap_reference (SalonEstimator *self, gint32 reference)
{
  guint32 difference = ((guint32)reference - (guint32)self->reference) & 0xffffff;

  self->reference += (gint32)(difference ^ 0x800000) - 0x800000;
  return self->reference * SALON_TRANSPORT_FEEDBACK_TICK_US;
}

static void
take_received (SalonEstimator *self, const SalonSentPacket *packet)
{
  SalonGroupDelta delta;

  salon_throughput_take (&self->throughput, packet->received_us, packet->size_bytes);
  if (!salon_prober_covers (&self->prober, packet->number) && salon_packet_groups_take (&self->groups, packet, &delta))
    salon_trendline_take (&self->trendline, &delta);
}

static void
take_packet (SalonEstimator *self, const SalonSentPacket *packet)
{
  gboolean is_received = packet->received_us >= 0;

  self->newest = MAX (self->newest, packet->number);
  self->n_known++;
  self->n_lost += !is_received;
  salon_throughput_take (&self->sent, packet->sent_us, packet->size_bytes);
  salon_loss_limit_count (&self->loss, 1, !is_received);
  if (is_received)
    take_received (self, packet);
  if (salon_prober_covers (&self->prober, packet->number))
    salon_prober_take (&self->prober, packet);
}

/* Returns: when the last of those that came was sent; -1: none came. */
static gint64
take_packets (SalonEstimator *self, SalonSentHistory *history, SalonTransportFeedback *feedback, gint64 now_us)
{
  gint64 reference_us = unwrap_reference (self, feedback->reference);
  gint64 sent_us = -1;
  SalonPacketStatus status;
  SalonSentPacket packet;

  while (salon_transport_feedback_next (feedback, &status))
    {
      if (!salon_sent_history_take (history, status.number, status.is_received, now_us, &packet))
        continue;
      if (status.is_received)
        {
          packet.received_us = reference_us + status.after_us;
          sent_us = MAX (sent_us, packet.sent_us);
        }
      take_packet (self, &packet);
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
  double rate_bps = salon_prober_finish (&self->prober, self->newest, estimate_bps, now_us);

  if (rate_bps <= estimate_bps || self->trendline.usage == SALON_USAGE_OVER)
    return;
  salon_rate_control_set (&self->control, MAX (self->control.rate_bps, rate_bps), now_us);
  if (self->loss.rate_bps > 0)
    self->loss.rate_bps = MAX (self->loss.rate_bps, rate_bps);
}

void
salon_estimator_take_feedback (
    SalonEstimator *self, SalonSentHistory *history, const guint8 *data, gsize size, gint64 now_us)
{
  SalonTransportFeedback feedback;
  gint64 sent_us;

  /* Of more packets than are known of, none need be told. */
  if (!self->has_feedback || !salon_transport_feedback_parse (&feedback, data, size)
      || feedback.n_packets > SALON_SENT_HISTORY_SIZE)
    return;
  sent_us = take_packets (self, history, &feedback, now_us);
  if (sent_us >= 0)
    take_rtt (self, now_us - sent_us);
  salon_rate_control_update (
      &self->control, self->trendline.usage, self->sent.rate_bps, self->throughput.rate_bps, self->rtt_us, now_us);
  bound_rate (self);
  salon_loss_limit_update (&self->loss, self->control.rate_bps, history->n_bytes, self->rtt_us, now_us);
  if (self->trendline.usage == SALON_USAGE_OVER)
    salon_prober_put_off (&self->prober, now_us);
  finish_probe (self, now_us);
}

void
salon_estimator_take_report (SalonEstimator *self, const SalonSentHistory *history, guint n_packets,
    guint fraction_lost, gint64 rtt_us, gint64 now_us)
{
  guint n_lost = n_packets * fraction_lost / 256;

  if (self->has_feedback)
    return;
  self->n_known += n_packets;
  self->n_lost += n_lost;
  take_rtt (self, rtt_us);
  salon_loss_limit_count (&self->loss, n_packets, n_lost);
  salon_loss_limit_update (&self->loss, self->control.rate_bps, history->n_bytes, self->rtt_us, now_us);
}

/* -- trying -- */

gboolean
salon_estimator_begin_probe (SalonEstimator *self, const SalonSentHistory *history, guint need_bps, gint64 now_us)
{
  double estimate_bps = salon_estimator_get_bps (self);

  return self->has_feedback
         && salon_prober_begin (&self->prober, estimate_bps, MIN (need_bps, self->bounds.max_bps), history, now_us);
}
