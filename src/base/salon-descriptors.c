/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-descriptors.h"

#include <sys/resource.h>

/* Redis, its pipes and files, the listening sockets, logs. */
#define N_ELSE 32
/* Counting takes a millisecond for some thousand. */
#define COUNT_INTERVAL_US (100 * 1000)
/* Within this, what was taken is open. */
#define PERIOD_US (2 * G_USEC_PER_SEC)

guint
salon_descriptors_get_limit (void)
{
  struct rlimit limit = { .rlim_cur = 1024 };

  getrlimit (RLIMIT_NOFILE, &limit);
  return MIN (limit.rlim_cur, G_MAXINT);
}

static guint
count_used (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  /* Without a descriptor to look with, all are used. */
  if (dir == NULL)
    return salon_descriptors_get_limit ();
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n - 1; /* the folder's own */
}

static void
count (SalonDescriptors *self, gint64 now_us)
{
  guint limit = salon_descriptors_get_limit ();

  if (self->limit == limit && now_us - self->counted_us < COUNT_INTERVAL_US)
    return;
  self->limit = limit;
  self->n_used = count_used ();
  self->counted_us = now_us;
}

static void
forget_old (SalonDescriptors *self, gint64 now_us)
{
  gint64 age_us = now_us - self->period_began_us;

  if (age_us < PERIOD_US)
    return;
  self->n_taken_before = age_us < 2 * PERIOD_US ? self->n_taken : 0;
  self->n_taken = 0;
  self->period_began_us = now_us;
}

gboolean
salon_descriptors_take (SalonDescriptors *self, guint n, guint n_spare, gint64 now_us)
{
  gint64 n_needed;

  count (self, now_us);
  forget_old (self, now_us);
  n_needed = (gint64)self->n_used + self->n_taken + self->n_taken_before + n + n_spare + N_ELSE;
  if (n_needed > self->limit)
    return FALSE;
  self->n_taken += n;
  return TRUE;
}
