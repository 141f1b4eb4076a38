/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-estimator.h"

/* A sender, a link with a queue, and a receiver that gives feedback, in time of their own: a millisecond a step. Chance
 * is a seeded generator's, so that each run is the same. */

typedef struct
{
  guint rate_bps;
  gint64 queue_us; /* what would wait longer, is dropped */
  gint64 delay_us; /* each way */
  gint64 jitter_us;
  double loss;          /* 0 ... 1, by chance */
  double feedback_loss; /* on the way back */

  GRand *random; /* (owned) */
  gint64 free_us;
} NetworkLink;

/* A connection over a link, and its receiver. */
typedef struct
{
  NetworkLink *link; /* (borrowed) */
  SalonFlow flow;
  SalonEstimator *estimator; /* (borrowed): its receiver's */
  guint media_bps;           /* what it sends, or wants to: at most the estimate is sent */
  guint need_bps;            /* what it would send */
  gboolean has_sound;        /* beside, always: a small packet each 20 ms */
  gboolean is_open_loop;
  gboolean gives_feedback;

  double credit_bytes;
  GArray *in_flight; /* (owned) */
  GQueue feedback;   /* of datagrams on their way back */
  guint16 next_reported;
  guint feedback_count;
  gint64 begun_us, reported_us;
  gint64 last_arrival_us;
  gint64 queued_us; /* how long the last packet waited */
  guint n_overflowed;
  guint n_probes;
} NetworkFlow;

void network_link_init (NetworkLink *self, guint rate_bps, guint32 seed);
void network_link_clear (NetworkLink *self);

/* estimator: (borrowed): initialised; of all flows to one receiver. */
NetworkFlow *network_flow_new (NetworkLink *link, SalonEstimator *estimator, gint64 now_us);
void network_flow_free (NetworkFlow *self);
void network_flow_step (NetworkFlow *self, gint64 now_us);
#define NETWORK_STEP_US G_TIME_SPAN_MILLISECOND
/* How often something is tried, or shared anew, after so long: as SalonShares. */
gint64 network_get_interval_us (gint64 age_us);

/* Writes a feedback packet (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1) of n packets from `first`
 * on; received_us[i]: -1: lost. Returns: its size. */
#define NETWORK_FEEDBACK_MAX_BYTES 16000
gsize network_write_feedback (guint8 *data, guint16 first, const gint64 *received_us, guint n, guint8 count);
