/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-estimate.h"
#include "salon-flow.h"
#include "salon-loss-limit.h"
#include "salon-prober.h"
#include "salon-rate-control.h"

/* How much a receiver can be sent, after Google Congestion Control (draft-ietf-rmcat-gcc-02): the less of what delays
 * and losses allow.
 *
 *   SalonFlow, of each connection --+--> SalonRateControl --\
 *                                   +--> SalonLossLimit -----+--> estimate
 *                                   +--> SalonProber ----> a rate that was tried out
 *
 * All flows of a receiver are taken to pass the same link, as those of a client do: one estimate is for all of them
 * together, and if the queue grows for one, all yield. With an estimate each, they would compete; and the sum of them
 * would be too much, since what is not sent does not show that it fits.
 *
 * Receivers that give no transport-wide feedback, tell their losses in reports: then these alone count, and until there
 * are any, nothing is taken to be narrow. So with those who agree to feedback, and for three seconds send reports
 * alone.
 *
 * Plain data without a clock: the same input gives the same estimate. Whoever has it, locks it, and its flows too. */
typedef struct
{
  guint min_bps, start_bps, max_bps;
} SalonBandwidthBounds;

typedef struct
{
  SalonBandwidthBounds bounds;
  gboolean is_agreed;    /* feedback, for the first flow; the others come from the same client */
  gboolean has_feedback; /* it is agreed on, and comes, as far as is known */
  gint64 reported_us;    /* the first report on what feedback could have told of; 0: none yet */
  SalonFlow *flows;      /* (borrowed) (nullable) */
  SalonRateControl control;
  SalonLossLimit loss;
  SalonProber prober;
  SalonFlow *probed; /* (borrowed) (nullable): the flow that the prober uses, or used last */
} SalonEstimator;

void salon_estimator_init (SalonEstimator *self, const SalonBandwidthBounds *bounds);
/* flow: (borrowed): initialised; must outlive it. has_feedback: whether transport-wide feedback was agreed on. */
void salon_estimator_add (SalonEstimator *self, SalonFlow *flow, gboolean has_feedback);

/* data: a whole RTCP packet of transport-wide feedback, from the network. */
void salon_estimator_take_feedback (
    SalonEstimator *self, SalonFlow *flow, const guint8 *data, gsize size, gint64 now_us);
/* What a receiver report says of one stream, of which n_packets were sent since the last (RFC 3550, section 6.4.1):
 * fraction_lost of 256. Only without feedback: with it, they would count twice. rtt_us: -1 if not known. */
void salon_estimator_take_report (
    SalonEstimator *self, SalonFlow *flow, guint n_packets, guint fraction_lost, gint64 rtt_us, gint64 now_us);

guint salon_estimator_get_bps (const SalonEstimator *self);
SalonEstimate salon_estimator_get (const SalonEstimator *self);

/* Begins to try out more, with padding on this flow, if there is a need, and the link was not full lately. */
gboolean salon_estimator_begin_probe (
    SalonEstimator *self, SalonFlow *flow, guint need_bps, gint64 now_us) G_GNUC_WARN_UNUSED_RESULT;
/* See salon_prober_get_due(). */
gssize salon_estimator_get_due (SalonEstimator *self, gint64 now_us);
