/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a media connection opens: what wakes its threads, and a TCP connection if need be. By libnice, a socket for each
 * address of this machine besides. */
#define SALON_DESCRIPTORS_MEDIA_LITE 3
#define SALON_DESCRIPTORS_MEDIA_FULL 16

/* File descriptors that may still be taken. GLib and GStreamer end the process when they find none, so whoever makes
 * something that needs some, asks first. Each kind of asker has one of these. Plain struct, of zeros at first. */
typedef struct
{
  gint64 counted_us;
  guint limit;  /* when they were counted */
  guint n_used; /* then */
  gint64 period_began_us;
  guint n_taken; /* in this period, and in the one before: they may not be open yet, or be counted twice */
  guint n_taken_before;
} SalonDescriptors;

/* Takes n, which need not be opened at once. FALSE unless there are so many and n_spare more. now_us: monotonic. */
gboolean salon_descriptors_take (
    SalonDescriptors *self, guint n, guint n_spare, gint64 now_us) G_GNUC_WARN_UNUSED_RESULT;

guint salon_descriptors_get_limit (void);
