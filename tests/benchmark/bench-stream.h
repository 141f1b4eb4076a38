/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "bench-rtcp.h"

/* One SSRC that is received: its report block (RFC 3550 section 6.4.1 and appendix A), and which of its packets are
 * missing and shall be asked for (RFC 4585). */

#define BENCH_STREAM_MAX_MISSING 64

typedef struct
{
  guint16 sequence;
  guint n_requests;
  gint64 request_at_us;
} BenchMissing;

typedef struct
{
  guint32 ssrc;
  gboolean is_video;
  guint clock_rate;
  gboolean has_begun;
  guint32 first; /* sequence numbers are extended to 32 bits */
  guint32 highest;
  guint32 n_received;
  guint32 n_expected_before; /* at the last report */
  guint32 n_received_before;
  guint32 transit;
  double jitter;
  guint32 last_report;
  gint64 last_report_at_ns;
  BenchMissing missing[BENCH_STREAM_MAX_MISSING];
  guint n_missing;
} BenchStream;

void bench_stream_init (BenchStream *self, guint32 ssrc, gboolean is_video);
void bench_stream_take (BenchStream *self, guint16 sequence, guint32 timestamp, gint64 arrived_at_ns);
/* By retransmission. */
void bench_stream_recover (BenchStream *self, guint16 sequence);
void bench_stream_take_sender_report (BenchStream *self, guint32 ntp_middle, gint64 arrived_at_ns);
void bench_stream_report (BenchStream *self, BenchReportBlock *block, gint64 now_ns);
/* Fills sequences with what is to be asked for now; returns how many. */
guint bench_stream_collect_missing (BenchStream *self, guint16 sequences[BENCH_STREAM_MAX_MISSING], gint64 now_us);
