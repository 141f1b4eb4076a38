/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-subscriber.h"

/* One participant of a meeting: the publisher connection of one who sends, and the subscriber connections that the
 * server opens to one who receives. A driver does the signalling; it calls these functions. */
typedef struct _BenchParticipant BenchParticipant;

BenchParticipant *bench_participant_new (BenchNetwork *network, BenchTally *tally, gboolean sends, gboolean receives,
    GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bench_participant_free (BenchParticipant *self);

gboolean bench_participant_sends (const BenchParticipant *self);
gboolean bench_participant_receives (const BenchParticipant *self);

/* (transfer full): of the publisher connection. */
char *bench_participant_offer (BenchParticipant *self) G_GNUC_WARN_UNUSED_RESULT;
gboolean bench_participant_take_answer (
    BenchParticipant *self, const char *sdp, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full) (nullable): the answer to an offer for subscriber connection `target`, which is 1 or more. */
char *bench_participant_answer (
    BenchParticipant *self, guint target, const char *offer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A candidate of the server's; target 0: for the publisher connection. May come before the description. */
void bench_participant_add_candidate (BenchParticipant *self, guint target, const char *candidate);

/* Something went wrong, in signalling or media. The first counts. */
void bench_participant_fail (BenchParticipant *self, const char *why);

void bench_participant_tick (BenchParticipant *self, gint64 now_us);

typedef struct
{
  const char *failure;           /* (nullable) */
  gboolean is_publishing;        /* the publisher connection is up */
  BenchSubscriberState received; /* of all subscriber connections together */
} BenchParticipantState;

BenchParticipantState bench_participant_get_state (const BenchParticipant *self);
