/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-participant.h"

#include <gio/gio.h>

/* Salon has eight at most. */
#define MAX_SUBSCRIBERS 8

struct _BenchParticipant
{
  BenchNetwork *network; /* (borrowed) */
  BenchTally *tally;     /* (borrowed) */
  gboolean receives;
  BenchPublisher *publisher;                     /* (owned) (nullable): of one who sends */
  BenchSubscriber *subscribers[MAX_SUBSCRIBERS]; /* (owned) (nullable): by target - 1 */
  gboolean is_publishing;
  char *failure; /* (owned) (nullable) */
};

void
bench_participant_fail (BenchParticipant *self, const char *why)
{
  if (self->failure == NULL)
    self->failure = g_strdup (why);
}

static void
on_failed (const char *why, gpointer user_data)
{
  bench_participant_fail (user_data, why);
}

static void
on_publisher_connected (gpointer user_data)
{
  ((BenchParticipant *)user_data)->is_publishing = TRUE;
}

static void
on_subscriber_connected (gpointer user_data)
{
  /* What counts is the first packet. */
}

static const BenchConnectionEvents publisher_events = { on_publisher_connected, on_failed };
static const BenchConnectionEvents subscriber_events = { on_subscriber_connected, on_failed };

gboolean
bench_participant_sends (const BenchParticipant *self)
{
  return self->publisher != NULL;
}

gboolean
bench_participant_receives (const BenchParticipant *self)
{
  return self->receives;
}

char *
bench_participant_offer (BenchParticipant *self)
{
  return bench_publisher_offer (self->publisher);
}

gboolean
bench_participant_take_answer (BenchParticipant *self, const char *sdp, GError **error)
{
  return bench_publisher_take_answer (self->publisher, sdp, error);
}

/* Returns: (transfer none) (nullable) */
static BenchSubscriber *
ensure_subscriber (BenchParticipant *self, guint target, GError **error)
{
  if (target < 1 || target > MAX_SUBSCRIBERS)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "there is no subscriber connection %u", target);
      return NULL;
    }
  if (self->subscribers[target - 1] == NULL)
    self->subscribers[target - 1] = bench_subscriber_new (self->network, self->tally, &subscriber_events, self, error);
  return self->subscribers[target - 1];
}

char *
bench_participant_answer (BenchParticipant *self, guint target, const char *offer, GError **error)
{
  BenchSubscriber *subscriber = ensure_subscriber (self, target, error);

  return subscriber != NULL ? bench_subscriber_answer (subscriber, offer, error) : NULL;
}

void
bench_participant_add_candidate (BenchParticipant *self, guint target, const char *candidate)
{
  g_autoptr (GError) error = NULL;
  BenchSubscriber *subscriber = target != 0 ? ensure_subscriber (self, target, &error) : NULL;

  if (subscriber != NULL)
    bench_subscriber_add_candidate (subscriber, candidate);
  else if (target == 0 && self->publisher != NULL)
    bench_publisher_add_candidate (self->publisher, candidate);
  else if (error != NULL)
    bench_participant_fail (self, error->message);
}

void
bench_participant_tick (BenchParticipant *self, gint64 now_us)
{
  if (self->publisher != NULL)
    bench_publisher_tick (self->publisher, now_us);
  for (guint i = 0; i < MAX_SUBSCRIBERS; i++)
    {
      if (self->subscribers[i] != NULL)
        bench_subscriber_tick (self->subscribers[i], now_us);
    }
}

static gint64
earlier (gint64 one, gint64 other)
{
  return one == 0 || (other != 0 && other < one) ? other : one;
}

static void
add_state (BenchSubscriberState *sum, BenchSubscriberState state)
{
  sum->first_packet_us = earlier (sum->first_packet_us, state.first_packet_us);
  sum->first_keyframe_us = earlier (sum->first_keyframe_us, state.first_keyframe_us);
  sum->n_tracks += state.n_tracks;
  sum->n_overflowed += state.n_overflowed;
  sum->n_refused += state.n_refused;
  if (state.profile != NULL)
    sum->profile = state.profile;
}

BenchParticipantState
bench_participant_get_state (const BenchParticipant *self)
{
  BenchParticipantState state = { .failure = self->failure, .is_publishing = self->is_publishing };

  for (guint i = 0; i < MAX_SUBSCRIBERS; i++)
    {
      if (self->subscribers[i] != NULL)
        add_state (&state.received, bench_subscriber_get_state (self->subscribers[i]));
    }
  return state;
}

BenchParticipant *
bench_participant_new (BenchNetwork *network, BenchTally *tally, gboolean sends, gboolean receives, GError **error)
{
  BenchParticipant *self = g_new0 (BenchParticipant, 1);

  self->network = network;
  self->tally = tally;
  self->receives = receives;
  if (!sends)
    return self;
  self->publisher = bench_publisher_new (network, tally, &publisher_events, self, error);
  if (self->publisher != NULL)
    return self;
  bench_participant_free (self);
  return NULL;
}

void
bench_participant_free (BenchParticipant *self)
{
  g_clear_pointer (&self->publisher, bench_publisher_free);
  for (guint i = 0; i < MAX_SUBSCRIBERS; i++)
    g_clear_pointer (&self->subscribers[i], bench_subscriber_free);
  g_free (self->failure);
  g_free (self);
}
