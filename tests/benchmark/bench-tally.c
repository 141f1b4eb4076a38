/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-tally.h"

#include <math.h>
#include <string.h>

#define MAGIC 0x534c4e42u /* "SLNB" */
#define BUCKET_US 10
#define N_BUCKETS (100 * 1000)
#define NS_PER_US 1000
#define SEEN_BITS 64

/* -- stamps: magic, track, number, time; in network order -- */

static void
put (guint8 **data, guint64 value, gsize n_bytes)
{
  for (gsize i = n_bytes; i-- > 0;)
    *(*data)++ = (guint8)(value >> (8 * i));
}

static guint64
take (const guint8 **data, gsize n_bytes)
{
  guint64 value = 0;

  for (gsize i = 0; i < n_bytes; i++)
    value = value << 8 | *(*data)++;
  return value;
}

void
bench_stamp_write (const BenchStamp *stamp, guint8 data[BENCH_STAMP_BYTES])
{
  put (&data, MAGIC, 4);
  put (&data, stamp->track, 2);
  put (&data, stamp->number, 4);
  put (&data, (guint64)stamp->sent_at_ns, 8);
}

gboolean
bench_stamp_read (BenchStamp *stamp, const guint8 *data, gsize size)
{
  if (size < BENCH_STAMP_BYTES || take (&data, 4) != MAGIC)
    return FALSE;
  stamp->track = (guint16)take (&data, 2);
  stamp->number = (guint32)take (&data, 4);
  stamp->sent_at_ns = (gint64)take (&data, 8);
  return stamp->track < BENCH_MAX_TRACKS;
}

/* -- histogram -- */

struct _BenchHistogram
{
  guint64 count;
  guint32 buckets[N_BUCKETS];
};

BenchHistogram *
bench_histogram_new (void)
{
  return g_new0 (BenchHistogram, 1);
}

void
bench_histogram_free (BenchHistogram *self)
{
  g_free (self);
}

void
bench_histogram_add (BenchHistogram *self, gint64 us)
{
  self->buckets[CLAMP (us / BUCKET_US, 0, N_BUCKETS - 1)]++;
  self->count++;
}

guint64
bench_histogram_get_count (const BenchHistogram *self)
{
  return self->count;
}

double
bench_histogram_get_quantile_us (const BenchHistogram *self, double fraction)
{
  guint64 rank = (guint64)ceil (fraction * (double)self->count);
  guint64 n = 0;

  for (guint i = 0; i < N_BUCKETS; i++)
    {
      n += self->buckets[i];
      if (n > 0 && n >= rank)
        return (i + 0.5) * BUCKET_US;
    }
  return NAN;
}

/* -- tally -- */

typedef struct
{
  guint32 next;
  guint32 begin; /* the window: from `begin`, and before `end` */
  guint32 end;
} Track;

struct _BenchTally
{
  Track tracks[BENCH_MAX_TRACKS];
  guint n_tracks;
  guint64 n_received;
  guint64 n_duplicates;
  BenchHistogram *latencies; /* (owned) */
};

BenchTally *
bench_tally_new (void)
{
  BenchTally *self = g_new0 (BenchTally, 1);

  self->latencies = bench_histogram_new ();
  return self;
}

void
bench_tally_free (BenchTally *self)
{
  bench_histogram_free (self->latencies);
  g_free (self);
}

guint
bench_tally_add_track (BenchTally *self)
{
  g_assert (self->n_tracks < BENCH_MAX_TRACKS);
  return self->n_tracks++;
}

guint32
bench_tally_next (BenchTally *self, guint track)
{
  return self->tracks[track].next++;
}

void
bench_tally_open (BenchTally *self)
{
  for (guint i = 0; i < self->n_tracks; i++)
    {
      self->tracks[i].begin = self->tracks[i].next;
      self->tracks[i].end = G_MAXUINT32;
    }
}

void
bench_tally_close (BenchTally *self)
{
  for (guint i = 0; i < self->n_tracks; i++)
    self->tracks[i].end = self->tracks[i].next;
}

/* Whether a receiver has this packet for the first time. One that is later than SEEN_BITS others counts as seen. */
static gboolean
see (BenchSeen *seen, guint32 number)
{
  guint32 age = seen->highest - number;
  guint32 step = number - seen->highest;

  if (seen->seen == 0 || (step > 0 && step < G_MAXINT32))
    {
      seen->seen = seen->seen == 0 || step >= SEEN_BITS ? 1 : seen->seen << step | 1;
      seen->highest = number;
      return TRUE;
    }
  if (age >= SEEN_BITS || seen->seen & G_GUINT64_CONSTANT (1) << age)
    return FALSE;
  seen->seen |= G_GUINT64_CONSTANT (1) << age;
  return TRUE;
}

void
bench_tally_take (BenchTally *self, const BenchStamp *stamp, BenchSeen *seen, gboolean is_again, gint64 arrived_at_ns)
{
  const Track *track = &self->tracks[stamp->track];
  gboolean is_new = see (seen, stamp->number);

  if (stamp->number < track->begin || stamp->number >= track->end)
    return;
  if (!is_new)
    {
      self->n_duplicates += is_again ? 0 : 1;
      return;
    }
  self->n_received++;
  bench_histogram_add (self->latencies, (arrived_at_ns - stamp->sent_at_ns) / NS_PER_US);
}

guint64
bench_tally_get_sent (const BenchTally *self)
{
  guint64 n = 0;

  for (guint i = 0; i < self->n_tracks; i++)
    n += self->tracks[i].end - self->tracks[i].begin;
  return n;
}

guint64
bench_tally_get_received (const BenchTally *self)
{
  return self->n_received;
}

guint64
bench_tally_get_duplicates (const BenchTally *self)
{
  return self->n_duplicates;
}

const BenchHistogram *
bench_tally_get_latencies (const BenchTally *self)
{
  return self->latencies;
}
