/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-sent-history.h"

/* Gathers packets that left together into groups, and tells how their distance changed on the way
 * (draft-ietf-rmcat-gcc-02, sections 5.1 and 5.2). Plain data; zeroed, it is empty. */
typedef struct
{
  gboolean has_packets;
  gint64 first_sent_us, last_sent_us;
  gint64 first_received_us, last_received_us;
} SalonPacketGroup;

typedef struct
{
  SalonPacketGroup previous, current;
} SalonPacketGroups;

typedef struct
{
  gint64 sent_us;     /* between this group and the one before */
  gint64 received_us; /* likewise */
  gint64 arrival_us;  /* when the group was whole, by the receiver's clock */
} SalonGroupDelta;

/* packet: received. TRUE when a group has become whole, and is not the first. */
gboolean salon_packet_groups_take (
    SalonPacketGroups *self, const SalonSentPacket *packet, SalonGroupDelta *delta) G_GNUC_WARN_UNUSED_RESULT;
