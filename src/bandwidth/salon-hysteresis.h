/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What keeps something that goes up and down with an estimate from flapping: a margin each way, and a time to stay down
 * that is the longer, the more often it went up for nothing. Plain data; zeroed, it has neither risen nor fallen. */

/* How much more than the need there has to be for more. */
#define SALON_HYSTERESIS_MARGIN 1.1
/* How much less there may be than what is had takes: the estimate is careful, and varies. If the link is really too
 * narrow, it soon goes below. */
#define SALON_HYSTERESIS_SLACK 0.85
#define SALON_HYSTERESIS_MIN_DWELL_US (2 * G_TIME_SPAN_SECOND)

typedef struct
{
  gint64 raised_us;  /* 0: never */
  gint64 lowered_us; /* for want of bandwidth; 0: never */
  gint64 dwell_us;   /* how long after that it stays */
} SalonHysteresis;

void salon_hysteresis_note_raise (SalonHysteresis *self, gint64 now_us);
void salon_hysteresis_note_fall (SalonHysteresis *self, gint64 now_us);
/* It fell not long enough ago to rise again. */
gboolean salon_hysteresis_must_dwell (const SalonHysteresis *self, gint64 now_us);
