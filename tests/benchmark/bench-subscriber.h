/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-publisher.h"

/* A receiving connection. It answers. Nothing is decoded, all else is done: what comes is authenticated, counted,
 * reported on (receiver reports, transport-wide feedback), asked for again when it is lost, and a keyframe is asked
 * for when none comes. */
typedef struct _BenchSubscriber BenchSubscriber;

BenchSubscriber *bench_subscriber_new (BenchNetwork *network, BenchTally *tally, const BenchConnectionEvents *events,
    gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bench_subscriber_free (BenchSubscriber *self);

/* Returns: (transfer full) (nullable): the answer; connecting begins. */
char *bench_subscriber_answer (BenchSubscriber *self, const char *offer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bench_subscriber_add_candidate (BenchSubscriber *self, const char *candidate);

void bench_subscriber_tick (BenchSubscriber *self, gint64 now_us);

typedef struct
{
  gint64 first_packet_us;   /* of the monotonic clock; 0: not yet */
  gint64 first_keyframe_us; /* when its first packet came: from here on there would be a picture */
  guint n_tracks;           /* that something came of */
  guint64 n_overflowed;     /* packets that the kernel dropped because the load generator was late */
  guint64 n_refused;        /* packets that failed authentication, or were not ours */
  const char *profile;      /* (nullable): of SRTP */
} BenchSubscriberState;

BenchSubscriberState bench_subscriber_get_state (const BenchSubscriber *self);
