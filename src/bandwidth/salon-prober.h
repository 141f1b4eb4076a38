/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-sent-history.h"

/* Tries out whether more would get through than is sent: for a moment padding is sent beside the media, and how fast
 * all of it arrives, tells the link's rate. A room that is paused sends nothing that could show how wide a link is, and
 * multiplicative increase alone would take half a minute from 500 kbit/s to 3 Mbit/s. Plain data; zeroed, it has not
 * tried yet. */
typedef struct
{
  gboolean is_sending, is_waiting; /* at most one of them */
  double target_bps;
  gint64 begun_us, ended_us;
  guint64 begun_bytes;
  guint64 first, last; /* numbers; last: once it waits */

  /* What came of it. */
  guint n_known, n_received;
  guint64 n_bytes;
  guint head_bytes, tail_bytes; /* of what was received with the first, and sent with the last */
  gint64 first_sent_us, last_sent_us;
  gint64 first_received_us, last_received_us;

  gboolean is_first;      /* nothing else is known yet */
  gboolean is_limited;    /* more was sent than came: the link has no more than that */
  gboolean is_corrective; /* that, and it was the first */
  gint64 next_us;         /* not before */
  gint64 wait_us;         /* after one that failed */
} SalonProber;

/* Begins, if it is due and the need is beyond the estimate. n_bytes: sent in all; next: the number of the next packet
 * on the connection that the padding will go over. */
gboolean salon_prober_begin (SalonProber *self, double estimate_bps, double need_bps, guint64 n_bytes, guint64 next,
    gint64 now_us) G_GNUC_WARN_UNUSED_RESULT;
/* How many bytes of padding are due now, beside what was sent; a negative number when it was enough, and the prober
 * waits for feedback. While it sends: every SALON_PROBER_INTERVAL_US. */
#define SALON_PROBER_INTERVAL_US (5 * G_TIME_SPAN_MILLISECOND)
gssize salon_prober_get_due (SalonProber *self, guint64 n_bytes, guint64 next, gint64 now_us);

/* Whether a packet was sent while it tried: what it does to the queue, says nothing of the media. */
gboolean salon_prober_covers (const SalonProber *self, gint64 sent_us);
/* Such a packet of the connection that the padding goes over; received or not. */
void salon_prober_take (SalonProber *self, const SalonSentPacket *packet);
/* How fast all went, once it is known, in bit/s, or 0. newest: the number of the newest packet that is known of;
 * beside_bps: what is sent over the other connections. */
double salon_prober_finish (SalonProber *self, guint64 newest, double beside_bps, double estimate_bps, gint64 now_us);
/* The link is full: this is no moment to try. */
void salon_prober_put_off (SalonProber *self, gint64 now_us);
