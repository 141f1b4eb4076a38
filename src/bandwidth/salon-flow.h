/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-packet-groups.h"
#include "salon-throughput.h"
#include "salon-transport-feedback.h"
#include "salon-trendline.h"

/* What goes to a receiver over one connection, and what is heard of it. A receiver may have several: each numbers its
 * packets by itself, and tells of them when it likes, by a clock of its own; so delays are watched for each. Plain
 * data.
 *
 *   SalonSentHistory --\
 *                       +--> SalonPacketGroups --> SalonTrendline
 *   feedback ----------+--> SalonThroughput
 */
typedef struct _SalonFlow SalonFlow;
struct _SalonFlow
{
  SalonFlow *next; /* (borrowed) (nullable): its estimator's */
  SalonSentHistory history;
  SalonPacketGroups groups;
  SalonTrendline trendline;
  SalonThroughput sent, throughput; /* what was sent, and what of it arrives */

  gint64 rtt_us;           /* 0: not known */
  gint64 heard_us;         /* the last feedback; 0: none yet */
  gint64 reference;        /* of it, unwrapped */
  guint64 newest;          /* the packet known of that was sent last */
  guint64 n_known, n_lost; /* packets that were told of, in all */
};

void salon_flow_init (SalonFlow *self);

/* feedback: of this flow, about to be read. Returns: what its times count from, in microseconds. */
gint64 salon_flow_begin_feedback (SalonFlow *self, const SalonTransportFeedback *feedback, gint64 now_us);
/* A packet that was told of for the first time. says_delay: what it tells of the queue, counts. */
void salon_flow_take (SalonFlow *self, const SalonSentPacket *packet, gboolean says_delay);
/* -1: not known. */
void salon_flow_take_rtt (SalonFlow *self, gint64 rtt_us);
/* Whether anything was heard of it lately: else what is known of it is not so any more. */
gboolean salon_flow_is_heard (const SalonFlow *self, gint64 now_us);
