/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-throughput.h"

/* Less says nothing. */
#define MIN_BUCKETS 2

static void
measure (SalonThroughput *self)
{
  guint n_buckets = MIN (self->n_full, SALON_THROUGHPUT_BUCKETS);
  guint64 sum_bytes = 0;

  if (n_buckets < MIN_BUCKETS)
    return;
  for (guint i = 0; i < n_buckets; i++)
    sum_bytes += self->bytes[i];
  self->rate_bps = sum_bytes * 8.0 * G_USEC_PER_SEC / (n_buckets * SALON_THROUGHPUT_BUCKET_US);
}

static void
close_bucket (SalonThroughput *self)
{
  self->bytes[self->n_full % SALON_THROUGHPUT_BUCKETS] = self->bucket_bytes;
  self->n_full++;
  self->bucket_bytes = 0;
}

void
salon_throughput_take (SalonThroughput *self, gint64 time_us, gsize size_bytes)
{
  gint64 bucket = time_us / SALON_THROUGHPUT_BUCKET_US;

  if (self->bucket == 0)
    self->bucket = bucket;
  else if (bucket > self->bucket)
    {
      guint n_passed = (guint)MIN (bucket - self->bucket, SALON_THROUGHPUT_BUCKETS + 1);

      for (guint i = 0; i < n_passed; i++)
        close_bucket (self);
      self->bucket = bucket;
      measure (self);
    }
  self->bucket_bytes += size_bytes;
}
