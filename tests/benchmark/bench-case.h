/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-server.h"

/* One measurement: a server is started, participants join one after the other, media flows, a window of it is
 * measured, and all is stopped. */

typedef enum
{
  BENCH_FAN_OUT, /* one sends, n receive */
  BENCH_MEETING, /* n send and receive */
} BenchShape;

typedef struct
{
  BenchShape shape;
  guint n;
} BenchCase;

/* What is measured. Times in microseconds; NAN where there is none. */
typedef enum
{
  /* The server, with all its processes; a packet is one forwarded. */
  BENCH_CPU_US_PER_PACKET,
  BENCH_CPU_SHARE, /* of one processor */
  BENCH_SWITCHES_PER_PACKET,
  BENCH_RSS_KIB_PER_PARTICIPANT,
  BENCH_THREADS_PER_PARTICIPANT,

  /* Forwarded packets. */
  BENCH_N_EXPECTED,
  BENCH_N_RECEIVED,
  BENCH_LOST_SHARE,
  BENCH_N_DUPLICATES,
  BENCH_N_REFUSED,    /* damaged, or not what was sent */
  BENCH_N_OVERFLOWED, /* of those lost: dropped before our sockets, because the load generator was late */
  BENCH_LATENCY_P50_US,
  BENCH_LATENCY_P99_US,

  /* From the first step of joining, of those who join last in a fan-out. The picture begins with a keyframe. */
  BENCH_FIRST_PACKET_P50_US,
  BENCH_FIRST_PACKET_P95_US,
  BENCH_FIRST_PICTURE_P50_US,
  BENCH_FIRST_PICTURE_P95_US,

  /* What casts doubt on the above. */
  BENCH_GENERATOR_SHARE, /* of the one processor that the load generator can use */
  BENCH_OTHERS_SHARE,    /* of one processor: neither the server's nor ours */
  BENCH_WINDOW_S,
  BENCH_N_FIGURES
} BenchFigure;

/* (static): as in JSON: "cpu_us_per_packet". */
const char *bench_figure_get_name (BenchFigure figure);

typedef struct
{
  char *failure;       /* (owned) (nullable): the rest then means nothing */
  const char *profile; /* (static) (nullable): of SRTP, as agreed with receivers */
  double figures[BENCH_N_FIGURES];
} BenchResult;

/* Returns: (transfer full) */
BenchResult *bench_case_run (
    const BenchCase *one, BenchNetwork *network, const BenchDriver *driver, guint seconds) G_GNUC_WARN_UNUSED_RESULT;
void bench_result_free (BenchResult *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchResult, bench_result_free)

/* Returns: (transfer full): "fan-out 50" */
char *bench_case_to_string (const BenchCase *one) G_GNUC_WARN_UNUSED_RESULT;
