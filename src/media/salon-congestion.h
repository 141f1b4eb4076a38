/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-estimator.h"
#include "salon-reception.h"

/* The way to one who watches, which all their connections share: how much gets through. A SalonEstimator behind a lock:
 * publishers' threads send, the hub's tell of feedback, and the main loop asks.
 *
 * Counted; any thread. */
typedef struct _SalonBottleneck SalonBottleneck;

SalonBottleneck *salon_bottleneck_new (const SalonBandwidthBounds *bounds) G_GNUC_WARN_UNUSED_RESULT;
SalonBottleneck *salon_bottleneck_ref (SalonBottleneck *self) G_GNUC_WARN_UNUSED_RESULT;
void salon_bottleneck_unref (SalonBottleneck *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonBottleneck, salon_bottleneck_unref)

SalonEstimate salon_bottleneck_get_estimate (SalonBottleneck *self);
/* Whether its first connection has just begun: what the link bears, is being tried out. */
gboolean salon_bottleneck_is_new (SalonBottleneck *self);

/* What is known of one connection: what was sent, and what came of it.
 *
 * Owned by its sender; any thread. */
typedef struct _SalonCongestion SalonCongestion;

SalonCongestion *salon_congestion_new (SalonBottleneck *bottleneck) G_GNUC_WARN_UNUSED_RESULT;
void salon_congestion_free (SalonCongestion *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonCongestion, salon_congestion_free)

/* Once, before the first packet. has_feedback: whether transport-wide feedback was agreed on. */
void salon_congestion_start (SalonCongestion *self, gboolean has_feedback);

/* A packet leaves. Returns: its transport-wide sequence number. */
guint16 salon_congestion_number (SalonCongestion *self, gsize size_bytes);
/* One without a number. */
void salon_congestion_count (SalonCongestion *self, gsize size_bytes);

/* Whether a packet may be sent again now, and so is: a client that misses much asks for much, and what fills its link
 * can't be cured by more. Half of the estimate at most, in the long run. */
gboolean salon_congestion_take_resend (SalonCongestion *self, gsize size_bytes) G_GNUC_WARN_UNUSED_RESULT;

/* data: a whole RTCP packet of transport-wide feedback. */
void salon_congestion_take_feedback (SalonCongestion *self, const guint8 *data, gsize size);
/* See salon_estimator_take_report(). */
void salon_congestion_take_report (SalonCongestion *self, guint n_packets, guint fraction_lost, gint64 rtt_us);

/* Whether to send padding over this connection from now on, to see if the link bears more; need_bps: what all would
 * take. Then salon_congestion_get_due() says how many bytes are due, every SALON_PROBER_INTERVAL_US, until it is
 * negative. */
gboolean salon_congestion_begin_probe (SalonCongestion *self, guint need_bps) G_GNUC_WARN_UNUSED_RESULT;
gssize salon_congestion_get_due (SalonCongestion *self);

/* All but the target. */
void salon_congestion_get_stats (SalonCongestion *self, SalonConnectionStats *stats);
