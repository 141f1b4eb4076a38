/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-loss-limit.h"
#include "salon-packet-groups.h"
#include "salon-prober.h"
#include "salon-rate-control.h"
#include "salon-throughput.h"
#include "salon-trendline.h"

/* How much a receiver can be sent, after Google Congestion Control (draft-ietf-rmcat-gcc-02): the less of what delays
 * and losses allow.
 *
 *   SalonSentHistory --\
 *                       +--> SalonPacketGroups --> SalonTrendline --> SalonRateControl --\
 *   feedback ----------+--> SalonThroughput ---------------------------^                  +--> estimate
 *                      +--> SalonLossLimit ----------------------------------------------/
 *                      +--> SalonProber ----> a rate that was tried out
 *
 * Receivers that give no transport-wide feedback, tell their losses in reports: then these alone count, and until there
 * are any, nothing is taken to be narrow.
 *
 * Plain data without a clock: the same input gives the same estimate. Whoever has it, locks it. */
typedef struct
{
  guint min_bps, start_bps, max_bps;
} SalonBandwidthBounds;

typedef struct
{
  SalonBandwidthBounds bounds;
  gboolean has_feedback;
  SalonPacketGroups groups;
  SalonTrendline trendline;
  SalonThroughput sent, throughput; /* what was sent, and what of it arrives */
  SalonRateControl control;
  SalonLossLimit loss;
  SalonProber prober;

  gint64 rtt_us;           /* 0: not known */
  gint64 reference;        /* of the last feedback, unwrapped */
  guint64 newest;          /* the packet known of that was sent last */
  guint64 n_known, n_lost; /* packets that feedback told of, in all */
} SalonEstimator;

/* has_feedback: whether transport-wide feedback was agreed on. */
void salon_estimator_init (SalonEstimator *self, const SalonBandwidthBounds *bounds, gboolean has_feedback);

/* data: a whole RTCP packet of transport-wide feedback, from the network. */
void salon_estimator_take_feedback (
    SalonEstimator *self, SalonSentHistory *history, const guint8 *data, gsize size, gint64 now_us);
/* What a receiver report says of one stream, of which n_packets were sent since the last (RFC 3550, section 6.4.1):
 * fraction_lost of 256. Only without feedback: with it, they would count twice. rtt_us: -1 if not known. */
void salon_estimator_take_report (SalonEstimator *self, const SalonSentHistory *history, guint n_packets,
    guint fraction_lost, gint64 rtt_us, gint64 now_us);

guint salon_estimator_get_bps (const SalonEstimator *self);
/* Begins to try out more, if there is a need, and the link was not full lately; see salon_prober_get_due(). */
gboolean salon_estimator_begin_probe (
    SalonEstimator *self, const SalonSentHistory *history, guint need_bps, gint64 now_us) G_GNUC_WARN_UNUSED_RESULT;
