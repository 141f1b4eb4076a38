/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-packet-groups.h"

/* Section 5.2: what leaves within this is a group, */
#define BURST_US (5 * G_TIME_SPAN_MILLISECOND)
/* and what comes within this of another, and gained on it; as long as it is no longer than this in all. */
#define MAX_BURST_US (100 * G_TIME_SPAN_MILLISECOND)
/* The receiver's clock was set, or it slept. */
#define CLOCK_JUMP_US (3 * G_TIME_SPAN_SECOND)

static void
begin (SalonPacketGroup *group, const SalonSentPacket *packet)
{
  *group = (SalonPacketGroup){
    .has_packets = TRUE,
    .first_sent_us = packet->sent_us,
    .last_sent_us = packet->sent_us,
    .first_received_us = packet->received_us,
    .last_received_us = packet->received_us,
  };
}

/* A channel that was closed for a moment lets all through at once. */
static gboolean
is_released_together (const SalonPacketGroup *group, const SalonSentPacket *packet)
{
  gint64 arrival_us = packet->received_us - group->last_received_us;
  gint64 departure_us = packet->sent_us - group->last_sent_us;

  return arrival_us <= BURST_US && arrival_us < departure_us
         && packet->received_us - group->first_received_us < MAX_BURST_US;
}

static gboolean
belongs_to (const SalonPacketGroup *group, const SalonSentPacket *packet)
{
  return packet->sent_us - group->first_sent_us <= BURST_US || is_released_together (group, packet);
}

static gboolean
get_delta (const SalonPacketGroups *self, SalonGroupDelta *delta)
{
  if (!self->previous.has_packets)
    return FALSE;
  *delta = (SalonGroupDelta){
    .sent_us = self->current.last_sent_us - self->previous.last_sent_us,
    .received_us = self->current.last_received_us - self->previous.last_received_us,
    .arrival_us = self->current.last_received_us,
  };
  return TRUE;
}

gboolean
salon_packet_groups_take (SalonPacketGroups *self, const SalonSentPacket *packet, SalonGroupDelta *delta)
{
  SalonPacketGroup *current = &self->current;
  gboolean has_delta;

  if (!current->has_packets)
    {
      begin (current, packet);
      return FALSE;
    }
  /* Out of order: of a group that is whole already. */
  if (packet->sent_us < current->first_sent_us)
    return FALSE;
  if (belongs_to (current, packet))
    {
      current->last_sent_us = MAX (current->last_sent_us, packet->sent_us);
      current->last_received_us = MAX (current->last_received_us, packet->received_us);
      return FALSE;
    }
  has_delta = get_delta (self, delta);
  self->previous = *current;
  begin (current, packet);
  if (has_delta && ABS (delta->received_us - delta->sent_us) > CLOCK_JUMP_US)
    {
      *self = (SalonPacketGroups){ .current = *current };
      return FALSE;
    }
  return has_delta;
}
