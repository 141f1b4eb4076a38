/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-packet-groups.h"

/* Whether the queue on the way grows (draft-ietf-rmcat-gcc-02, sections 5.3 and 5.4). Instead of the draft's Kalman
 * filter, a line through the last delays, as in libwebrtc since 2017: its slope is the gradient. The threshold adapts
 * itself, so that flows that fill queues don't starve this one. Plain data. */

/* Of groups. */
#define SALON_TRENDLINE_WINDOW 20

typedef enum
{
  SALON_USAGE_NORMAL,
  SALON_USAGE_UNDER,
  SALON_USAGE_OVER,
} SalonUsage;

typedef struct
{
  struct
  {
    double arrival_ms, delay_ms;
  } window[SALON_TRENDLINE_WINDOW];
  guint n_deltas;
  gint64 first_arrival_us;
  double accumulated_ms, smoothed_ms;
  double slope;
  double threshold_ms;
  gint64 adapted_us; /* when the threshold was; by the receiver's clock */
  double over_ms;    /* for how long it was over the threshold; -1: it is not */
  guint n_over;      /* and how many times in a row */
  double last_slope;
  SalonUsage usage;
} SalonTrendline;

void salon_trendline_init (SalonTrendline *self);
SalonUsage salon_trendline_take (SalonTrendline *self, const SalonGroupDelta *delta);
