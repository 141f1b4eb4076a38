/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* How much passes: R_hat of draft-ietf-rmcat-gcc-02, section 5.5, over the last half second. libwebrtc's filter weighs
 * what surprises it less; but here a picture that comes or goes is no surprise: it doubles what is sent at once. Plain
 * data; zeroed, it knows nothing. */
#define SALON_THROUGHPUT_BUCKETS 5
#define SALON_THROUGHPUT_BUCKET_US (100 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  guint bytes[SALON_THROUGHPUT_BUCKETS]; /* of those that are full */
  guint n_full;                          /* buckets so far */
  gint64 bucket;                         /* the present one, by time; 0: nothing came yet */
  guint bucket_bytes;
  double rate_bps; /* 0: not known yet */
} SalonThroughput;

/* time_us: by any clock, always the same. */
void salon_throughput_take (SalonThroughput *self, gint64 time_us, gsize size_bytes);
