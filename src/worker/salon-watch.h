/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* What the streaming threads of this process are at: how many buffers have come to sinks, and whether an element has
 * taken one and does not give control back. Elements whose business it is to let others wait (queues, what mixes or
 * multiplexes, sinks that wait for the clock) are not blamed: behind a stuck element all of them wait. A source that
 * has nothing to give is no fault either: a room may be empty.
 *
 * A GstTracer, and thus of the whole process. Any thread. */
#define SALON_TYPE_WATCH (salon_watch_get_type ())
G_DECLARE_FINAL_TYPE (SalonWatch, salon_watch, SALON, WATCH, GstTracer)

/* Before there are pipelines. It stays. */
SalonWatch *salon_watch_new (void) G_GNUC_WARN_UNUSED_RESULT;

gint64 salon_watch_get_n_buffers (SalonWatch *self);

/* Returns: (transfer full) (nullable): the name of the element that has been at one buffer the longest; duration_us:
 * for how long. */
char *salon_watch_find_stuck (SalonWatch *self, gint64 *duration_us) G_GNUC_WARN_UNUSED_RESULT;
