/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-network.h"
#include "bench-tally.h"

/* The sending connection of one participant: a microphone (Opus, 50 packets a second) and a camera (VP8, 1.5 Mbit/s in
 * 30 frames a second), synthetic, stamped, and as real as a server can tell. It offers. A keyframe is sent when one is
 * asked for, lost packets are sent again. A frame's packets leave at once. */
typedef struct _BenchPublisher BenchPublisher;

typedef struct
{
  void (*connected) (gpointer user_data);
  void (*failed) (const char *why, gpointer user_data);
} BenchConnectionEvents;

BenchPublisher *bench_publisher_new (BenchNetwork *network, BenchTally *tally, const BenchConnectionEvents *events,
    gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bench_publisher_free (BenchPublisher *self);

/* Returns: (transfer full) */
char *bench_publisher_offer (BenchPublisher *self) G_GNUC_WARN_UNUSED_RESULT;
/* Media flows once it is connected. */
gboolean bench_publisher_take_answer (BenchPublisher *self, const char *sdp, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bench_publisher_add_candidate (BenchPublisher *self, const char *candidate);

void bench_publisher_tick (BenchPublisher *self, gint64 now_us);
