/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-prober.h"

/* The first time nothing is known, and so few packets as say something take no longer; libwebrtc tries 3 and 6 times as
 * much. Later, more would fill queues. */
#define FIRST_FACTOR 4.0
#define FACTOR 2.0
/* Beyond the need: what it grows by, need not be tried again. */
#define NEED_FACTOR 2.0
/* As libwebrtc or somewhat longer; and in any case so many packets as say something. */
#define MIN_DURATION_US (25 * G_TIME_SPAN_MILLISECOND)
#define MIN_PACKETS 5
#define ASSUMED_PACKET_BITS (1200 * 8)
/* What is lost for the most part, has no rate: less than libwebrtc's 0.8, since some links lose a fifth of anything.
 * What comes slower than this was sent, found the link's end. */
#define MIN_RECEIVED_PART 0.6
#define LIMITED_PART 0.9
#define MARGIN 0.95
/* It reached so much of its target: there may be more yet. */
#define SUCCESS_PART 0.7
/* What comes or goes together. */
#define TOGETHER_US G_TIME_SPAN_MILLISECOND
/* After that, the feedback was lost too. */
#define TIMEOUT_US G_TIME_SPAN_SECOND
#define CALM_US (1 * G_TIME_SPAN_SECOND)
#define MIN_WAIT_US (1 * G_TIME_SPAN_SECOND)
#define MAX_WAIT_US (5 * G_TIME_SPAN_SECOND)

/* -- sending -- */

gboolean
salon_prober_begin (
    SalonProber *self, double estimate_bps, double need_bps, guint64 n_bytes, guint64 next, gint64 now_us)
{
  gboolean is_first = self->begun_us == 0;
  double factor = is_first ? FIRST_FACTOR : FACTOR;

  /* Nothing was told of the last one: it failed. */
  if (self->is_waiting && now_us - self->ended_us >= 2 * TIMEOUT_US)
    {
      self->is_waiting = FALSE;
      self->wait_us = MIN (2 * self->wait_us, MAX_WAIT_US);
    }
  if (self->is_sending || self->is_waiting || now_us < self->next_us || need_bps <= estimate_bps)
    return FALSE;
  *self = (SalonProber){
    .is_sending = TRUE,
    .is_first = is_first,
    .target_bps = MIN (factor * estimate_bps, MAX (NEED_FACTOR * need_bps, estimate_bps)),
    .begun_us = now_us,
    .begun_bytes = n_bytes,
    .first = next,
    .wait_us = MAX (self->wait_us, MIN_WAIT_US),
  };
  return TRUE;
}

gssize
salon_prober_get_due (SalonProber *self, guint64 n_bytes, guint64 next, gint64 now_us)
{
  gint64 elapsed_us = now_us - self->begun_us;
  gint64 least_us = MIN_PACKETS * ASSUMED_PACKET_BITS * (double)G_USEC_PER_SEC / self->target_bps;
  gint64 due_bytes;

  if (!self->is_sending)
    return -1;
  if (elapsed_us > MAX (MIN_DURATION_US, least_us))
    {
      self->is_sending = FALSE;
      self->is_waiting = next > self->first;
      self->last = next - 1;
      self->ended_us = now_us;
      self->next_us = now_us + self->wait_us;
      return -1;
    }
  due_bytes = self->target_bps / 8 * (elapsed_us + SALON_PROBER_INTERVAL_US) / G_USEC_PER_SEC;
  return MAX (due_bytes - (gint64)(n_bytes - self->begun_bytes), 0);
}

/* -- hearing -- */

gboolean
salon_prober_covers (const SalonProber *self, gint64 sent_us)
{
  if (sent_us < self->begun_us)
    return FALSE;
  return self->is_sending || (self->is_waiting && sent_us <= self->ended_us);
}

void
salon_prober_take (SalonProber *self, const SalonSentPacket *packet)
{
  self->n_known++;
  if (packet->received_us < 0)
    return;
  if (self->n_received++ == 0)
    {
      self->first_sent_us = self->last_sent_us = packet->sent_us;
      self->first_received_us = self->last_received_us = packet->received_us;
    }
  if (packet->sent_us > self->last_sent_us + TOGETHER_US)
    self->tail_bytes = 0;
  self->tail_bytes += packet->size_bytes;
  if (packet->received_us <= self->first_received_us + TOGETHER_US)
    self->head_bytes += packet->size_bytes;
  self->n_bytes += packet->size_bytes;
  self->last_sent_us = MAX (self->last_sent_us, packet->sent_us);
  self->last_received_us = MAX (self->last_received_us, packet->received_us);
}

static double
get_rate (guint64 n_bytes, gint64 interval_us)
{
  return interval_us > 0 ? n_bytes * 8.0 * G_USEC_PER_SEC / interval_us : 0;
}

/* What was sent with the last packet, took no time to send; what came with the first, none to come. */
static double
measure (SalonProber *self, double beside_bps)
{
  double sent_bps = get_rate (self->n_bytes - self->tail_bytes, self->last_sent_us - self->first_sent_us);
  double received_bps = get_rate (self->n_bytes - self->head_bytes, self->last_received_us - self->first_received_us);
  double all;

  if (self->n_received < MIN_PACKETS || (!self->is_first && self->n_received < MIN_RECEIVED_PART * self->n_known))
    return 0;
  if (sent_bps <= 0)
    return 0;
  /* In one queue all go slower by as much. */
  all = 1 + beside_bps / sent_bps;
  self->is_limited = received_bps < LIMITED_PART * sent_bps;
  self->is_corrective = self->is_first && self->is_limited && all * sent_bps >= SUCCESS_PART * self->target_bps;
  return all * (self->is_limited ? MARGIN * received_bps : MIN (sent_bps, received_bps));
}

double
salon_prober_finish (SalonProber *self, guint64 newest, double beside_bps, double estimate_bps, gint64 now_us)
{
  double rate_bps;

  if (!self->is_waiting || (newest < self->last && now_us - self->ended_us < TIMEOUT_US))
    return 0;
  self->is_waiting = FALSE;
  rate_bps = measure (self, beside_bps);
  if (rate_bps >= SUCCESS_PART * self->target_bps)
    {
      self->wait_us = MIN_WAIT_US;
      self->next_us = now_us;
    }
  else if (rate_bps > estimate_bps)
    self->next_us = now_us + MIN_WAIT_US;
  else
    self->wait_us = MIN (2 * self->wait_us, MAX_WAIT_US);
  return rate_bps;
}

void
salon_prober_put_off (SalonProber *self, gint64 now_us)
{
  self->next_us = MAX (self->next_us, now_us + CALM_US);
}
