/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-flow.h"

/* How much a new round trip time counts. */
#define RTT_WEIGHT 8
/* Round trips that are longer were not: the receiver held its feedback back, or made it up. */
#define MAX_RTT_US (10 * G_TIME_SPAN_SECOND)
/* A multiple of what the receivers' clocks wrap at, so that their times are above 0, wherever they begin. */
#define FIRST_REFERENCE (1 << 24)
/* As long as throughput is measured over, and browsers' longest interval. */
#define HEARD_US (750 * G_TIME_SPAN_MILLISECOND)

void
salon_flow_init (SalonFlow *self)
{
  *self = (SalonFlow){ .reference = FIRST_REFERENCE };
  salon_trendline_init (&self->trendline);
}

/* Its clock counts 12 days: the nearest of the times that look like this. */
gint64
salon_flow_begin_feedback (SalonFlow *self, const SalonTransportFeedback *feedback, gint64 now_us)
{
  guint32 difference = ((guint32)feedback->reference - (guint32)self->reference) & 0xffffff;

  self->heard_us = now_us;
  self->reference += (gint32)(difference ^ 0x800000) - 0x800000;
  return self->reference * SALON_TRANSPORT_FEEDBACK_TICK_US;
}

void
salon_flow_take (SalonFlow *self, const SalonSentPacket *packet, gboolean says_delay)
{
  gboolean is_received = packet->received_us >= 0;
  SalonGroupDelta delta;

  self->newest = MAX (self->newest, packet->number);
  self->n_known++;
  self->n_lost += !is_received;
  salon_throughput_take (&self->sent, packet->sent_us, packet->size_bytes);
  if (!is_received)
    return;
  salon_throughput_take (&self->throughput, packet->received_us, packet->size_bytes);
  if (says_delay && salon_packet_groups_take (&self->groups, packet, &delta))
    salon_trendline_take (&self->trendline, &delta);
}

void
salon_flow_take_rtt (SalonFlow *self, gint64 rtt_us)
{
  if (rtt_us < 0 || rtt_us > MAX_RTT_US)
    return;
  self->rtt_us = self->rtt_us == 0 ? rtt_us : self->rtt_us + (rtt_us - self->rtt_us) / RTT_WEIGHT;
}

gboolean
salon_flow_is_heard (const SalonFlow *self, gint64 now_us)
{
  return self->heard_us != 0 && now_us - self->heard_us < HEARD_US;
}
