/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What was sent and what of it arrived. Every synthetic payload carries a stamp that says which track it is of, its
 * number on this track, and when it was sent; so packets are counted by what they are and not by what the server made
 * of their headers. Counting has a window, which opens and closes between packets. */

#define BENCH_MAX_TRACKS 64
#define BENCH_STAMP_BYTES 18

typedef struct
{
  guint16 track;
  guint32 number;
  gint64 sent_at_ns; /* CLOCK_REALTIME */
} BenchStamp;

void bench_stamp_write (const BenchStamp *stamp, guint8 data[BENCH_STAMP_BYTES]);
/* FALSE: not written by us, or damaged. */
gboolean bench_stamp_read (BenchStamp *stamp, const guint8 *data, gsize size) G_GNUC_WARN_UNUSED_RESULT;

/* Times in microseconds, up to a second exact to 10; those above are in the last bucket. */
typedef struct _BenchHistogram BenchHistogram;

BenchHistogram *bench_histogram_new (void) G_GNUC_WARN_UNUSED_RESULT;
void bench_histogram_free (BenchHistogram *self);
void bench_histogram_add (BenchHistogram *self, gint64 us);
guint64 bench_histogram_get_count (const BenchHistogram *self);
/* fraction: of those added, from 0 to 1; NAN without any. */
double bench_histogram_get_quantile_us (const BenchHistogram *self, double fraction);

/* What one receiver has had of one track. Zeroed at first. */
typedef struct
{
  guint32 highest;
  guint64 seen; /* bit n: highest - n */
} BenchSeen;

typedef struct _BenchTally BenchTally;

BenchTally *bench_tally_new (void) G_GNUC_WARN_UNUSED_RESULT;
void bench_tally_free (BenchTally *self);

/* Returns: the index of a new track. At most BENCH_MAX_TRACKS. */
guint bench_tally_add_track (BenchTally *self);
/* Returns: the number of the packet that is sent next. */
guint32 bench_tally_next (BenchTally *self, guint track);

void bench_tally_open (BenchTally *self);
/* No more is to be expected; what was sent before still counts when it comes. */
void bench_tally_close (BenchTally *self);

/* seen: the receiver's, of the stamp's track. is_again: a retransmission, which is padding if the packet had come. */
void bench_tally_take (
    BenchTally *self, const BenchStamp *stamp, BenchSeen *seen, gboolean is_again, gint64 arrived_at_ns);

/* Packets that were sent in the window. */
guint64 bench_tally_get_sent (const BenchTally *self);
/* Packets of the window that arrived, at all receivers together, each counted once. */
guint64 bench_tally_get_received (const BenchTally *self);
/* Packets that came twice without being sent again. */
guint64 bench_tally_get_duplicates (const BenchTally *self);
/* (transfer none): from sending to arrival, of each received packet. */
const BenchHistogram *bench_tally_get_latencies (const BenchTally *self);
