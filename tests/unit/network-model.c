/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network-model.h"

#include "salon-bytes.h"
#include "salon-transport-feedback.h"

#define FRAME_US 33000
#define PACKET_BYTES 1200
#define PADDING_BYTES 255
#define SOUND_US (20 * G_TIME_SPAN_MILLISECOND)
#define SOUND_BYTES 120
#define FEEDBACK_INTERVAL_US (100 * G_TIME_SPAN_MILLISECOND)
#define MAX_REPORTED 1000

typedef struct
{
  guint16 number;
  gint64 arrival_us; /* G_MAXINT64: lost */
} Arrival;

typedef struct
{
  gint64 due_us;
  gsize size;
  guint8 data[NETWORK_FEEDBACK_MAX_BYTES];
} Datagram;

/* -- the link -- */

void
network_link_init (NetworkLink *self, guint rate_bps, guint32 seed)
{
  *self = (NetworkLink){ .rate_bps = rate_bps,
    .queue_us = 300 * G_TIME_SPAN_MILLISECOND,
    .delay_us = 20 * G_TIME_SPAN_MILLISECOND,
    .random = g_rand_new_with_seed (seed) };
}

void
network_link_clear (NetworkLink *self)
{
  g_rand_free (self->random);
}

/* Returns: when it arrives; G_MAXINT64: never. */
static gint64
send_over (NetworkFlow *flow, gsize size, gint64 now_us)
{
  NetworkLink *link = flow->link;
  gint64 begins_us = MAX (link->free_us, now_us);
  gint64 arrival_us;

  flow->queued_us = begins_us - now_us;
  if (flow->queued_us > link->queue_us)
    {
      flow->n_overflowed++;
      return G_MAXINT64;
    }
  link->free_us = begins_us + size * 8 * G_USEC_PER_SEC / link->rate_bps;
  if (g_rand_double (link->random) < link->loss)
    return G_MAXINT64;
  arrival_us = link->free_us + link->delay_us;
  if (link->jitter_us > 0)
    arrival_us += (gint64)(g_rand_double (link->random) * link->jitter_us);
  /* It varies, but does not reorder. */
  flow->last_arrival_us = MAX (flow->last_arrival_us, arrival_us);
  return flow->last_arrival_us;
}

static void
send_packet (NetworkFlow *self, gsize size, gint64 now_us)
{
  Arrival arrival = { .number = salon_sent_history_add (&self->flow.history, now_us, size) };

  arrival.arrival_us = send_over (self, size, now_us);
  g_array_append_val (self->in_flight, arrival);
}

/* -- the receiver -- */

static guint8 *
write_deltas (guint8 *at, const gint64 *received_us, guint n, gint64 reference_us)
{
  gint64 last_us = reference_us;

  for (guint i = 0; i < n; i++)
    {
      gint64 delta;

      if (received_us[i] < 0)
        continue;
      delta = (received_us[i] - last_us) / 250;
      last_us += delta * 250;
      at = salon_write_u16 (at, (guint16)(gint16)CLAMP (delta, G_MININT16, G_MAXINT16));
    }
  return at;
}

gsize
network_write_feedback (guint8 *data, guint16 first, const gint64 *received_us, guint n, guint8 count)
{
  gint64 reference_us = -1;
  guint8 *at = data + 12;
  gsize size;

  for (guint i = 0; i < n && reference_us < 0; i++)
    reference_us = received_us[i];
  reference_us = MAX (reference_us, 0) / SALON_TRANSPORT_FEEDBACK_TICK_US * SALON_TRANSPORT_FEEDBACK_TICK_US;
  at = salon_write_u16 (at, first);
  at = salon_write_u16 (at, n);
  at = salon_write_u32 (at, (guint32)(reference_us / SALON_TRANSPORT_FEEDBACK_TICK_US) << 8 | count);
  for (guint i = 0; i < n; i += 7)
    {
      guint16 chunk = 0xc000;

      for (guint k = 0; k < 7 && i + k < n; k++)
        chunk |= (received_us[i + k] < 0 ? 0 : 2) << (12 - 2 * k);
      at = salon_write_u16 (at, chunk);
    }
  at = write_deltas (at, received_us, n, reference_us);
  while ((at - data) % 4 != 0)
    *at++ = 0;
  size = at - data;
  data[0] = 0x80 | 15;
  data[1] = 205;
  salon_write_u16 (data + 2, size / 4 - 1);
  salon_write_u32 (data + 4, 1);
  salon_write_u32 (data + 8, 2);
  return size;
}

/* All up to the last that has arrived by now. */
static void
give_feedback (NetworkFlow *self, gint64 now_us)
{
  gint64 received_us[MAX_REPORTED];
  guint n = 0;
  Datagram *datagram;

  for (guint i = 0; i < MIN (self->in_flight->len, MAX_REPORTED); i++)
    {
      gint64 arrival_us = g_array_index (self->in_flight, Arrival, i).arrival_us;

      received_us[i] = arrival_us == G_MAXINT64 ? -1 : arrival_us;
      if (arrival_us <= now_us)
        n = i + 1;
    }
  if (n == 0)
    return;
  datagram = g_new (Datagram, 1);
  datagram->due_us = now_us + self->link->delay_us;
  datagram->size = network_write_feedback (
      datagram->data, g_array_index (self->in_flight, Arrival, 0).number, received_us, n, self->feedback_count++);
  if (g_rand_double (self->link->random) < self->link->feedback_loss)
    g_free (datagram);
  else
    g_queue_push_tail (&self->feedback, datagram);
  g_array_remove_range (self->in_flight, 0, n);
}

static void
take_feedback (NetworkFlow *self, gint64 now_us)
{
  Datagram *datagram;

  while ((datagram = g_queue_peek_head (&self->feedback)) != NULL && datagram->due_us <= now_us)
    {
      salon_estimator_take_feedback (self->estimator, &self->flow, datagram->data, datagram->size, now_us);
      g_free (g_queue_pop_head (&self->feedback));
    }
}

/* -- the sender -- */

static void
send_media (NetworkFlow *self, gint64 now_us)
{
  guint rate_bps = self->media_bps;

  if (!self->is_open_loop)
    rate_bps = MIN (rate_bps, salon_estimator_get_bps (self->estimator));
  /* Pictures differ in size, and their packets leave one after the other. */
  if (now_us % FRAME_US < NETWORK_STEP_US)
    self->credit_bytes += rate_bps / 8.0 * FRAME_US / G_USEC_PER_SEC * (0.8 + 0.4 * g_rand_double (self->link->random));
  if (self->credit_bytes >= PACKET_BYTES)
    {
      send_packet (self, PACKET_BYTES, now_us);
      self->credit_bytes -= PACKET_BYTES;
    }
}

gint64
network_get_interval_us (gint64 age_us)
{
  return (age_us < G_TIME_SPAN_SECOND ? 50 : 200) * G_TIME_SPAN_MILLISECOND;
}

static void
send_padding (NetworkFlow *self, gint64 now_us)
{
  gssize due;

  if (now_us % network_get_interval_us (now_us - self->begun_us) == 0
      && salon_estimator_begin_probe (self->estimator, &self->flow, self->need_bps, now_us))
    self->n_probes++;
  if (self->estimator->probed != &self->flow || now_us % SALON_PROBER_INTERVAL_US != 0)
    return;
  for (due = salon_estimator_get_due (self->estimator, now_us); due > 0; due -= PADDING_BYTES)
    send_packet (self, PADDING_BYTES, now_us);
}

void
network_flow_step (NetworkFlow *self, gint64 now_us)
{
  if (self->has_sound && now_us % SOUND_US == 0)
    send_packet (self, SOUND_BYTES, now_us);
  send_media (self, now_us);
  send_padding (self, now_us);
  if (self->gives_feedback && now_us - self->reported_us >= FEEDBACK_INTERVAL_US)
    {
      self->reported_us = now_us;
      give_feedback (self, now_us);
    }
  take_feedback (self, now_us);
}

NetworkFlow *
network_flow_new (NetworkLink *link, SalonEstimator *estimator, gint64 now_us)
{
  NetworkFlow *self = g_new0 (NetworkFlow, 1);

  self->link = link;
  self->gives_feedback = TRUE;
  self->in_flight = g_array_new (FALSE, FALSE, sizeof (Arrival));
  self->reported_us = self->begun_us = now_us;
  g_queue_init (&self->feedback);
  self->estimator = estimator;
  salon_flow_init (&self->flow);
  salon_estimator_add (estimator, &self->flow, TRUE);
  return self;
}

void
network_flow_free (NetworkFlow *self)
{
  g_array_unref (self->in_flight);
  g_queue_clear_full (&self->feedback, g_free);
  g_free (self);
}
