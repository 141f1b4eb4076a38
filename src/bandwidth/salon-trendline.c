/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-trendline.h"

#include <math.h>

/* libwebrtc's; the slope itself is without unit, and these make milliseconds of it. */
#define SMOOTHING 0.9
#define GAIN 4.0
#define MAX_N_DELTAS 60
/* Section 5.4, "overuse_time_th". */
#define OVER_MS 10.0
/* Section 5.4: the threshold's beginning, bounds, and how fast it goes up and down. */
#define THRESHOLD_MS 12.5
#define MIN_THRESHOLD_MS 6.0
#define MAX_THRESHOLD_MS 600.0
#define K_UP 0.0087
#define K_DOWN 0.039
/* A spike further above it is another thing than a queue. */
#define MAX_SPIKE_MS 15.0
#define MAX_ADAPTATION_MS 100.0

void
salon_trendline_init (SalonTrendline *self)
{
  *self = (SalonTrendline){ .threshold_ms = THRESHOLD_MS, .over_ms = -1 };
}

/* Least squares. */
static double
fit_slope (const SalonTrendline *self)
{
  double x_mean = 0, y_mean = 0, numerator = 0, denominator = 0;

  for (guint i = 0; i < SALON_TRENDLINE_WINDOW; i++)
    {
      x_mean += self->window[i].arrival_ms / SALON_TRENDLINE_WINDOW;
      y_mean += self->window[i].delay_ms / SALON_TRENDLINE_WINDOW;
    }
  for (guint i = 0; i < SALON_TRENDLINE_WINDOW; i++)
    {
      double x = self->window[i].arrival_ms - x_mean;

      numerator += x * (self->window[i].delay_ms - y_mean);
      denominator += x * x;
    }
  return denominator > 0 ? numerator / denominator : self->slope;
}

/* Section 5.4, on del_var_th. */
static void
adapt_threshold (SalonTrendline *self, double trend_ms, gint64 now_us)
{
  double distance_ms = fabs (trend_ms) - self->threshold_ms;
  double elapsed_ms = self->adapted_us != 0 ? (now_us - self->adapted_us) / 1000.0 : 0;

  self->adapted_us = now_us;
  if (distance_ms > MAX_SPIKE_MS)
    return;
  self->threshold_ms += (distance_ms < 0 ? K_DOWN : K_UP) * distance_ms * CLAMP (elapsed_ms, 0, MAX_ADAPTATION_MS);
  self->threshold_ms = CLAMP (self->threshold_ms, MIN_THRESHOLD_MS, MAX_THRESHOLD_MS);
}

/* Section 5.4: over the threshold for some time, and not on its way back. */
static void
detect_overuse (SalonTrendline *self, double elapsed_ms)
{
  self->over_ms = self->over_ms < 0 ? elapsed_ms / 2 : self->over_ms + elapsed_ms;
  self->n_over++;
  if (self->over_ms <= OVER_MS || self->n_over < 2 || self->slope < self->last_slope)
    return;
  self->over_ms = 0;
  self->n_over = 0;
  self->usage = SALON_USAGE_OVER;
}

static void
detect (SalonTrendline *self, double elapsed_ms, gint64 now_us)
{
  double trend_ms = MIN (self->n_deltas, MAX_N_DELTAS) * self->slope * GAIN;

  if (trend_ms > self->threshold_ms)
    detect_overuse (self, elapsed_ms);
  else
    {
      self->over_ms = -1;
      self->n_over = 0;
      self->usage = trend_ms < -self->threshold_ms ? SALON_USAGE_UNDER : SALON_USAGE_NORMAL;
    }
  self->last_slope = self->slope;
  adapt_threshold (self, trend_ms, now_us);
}

SalonUsage
salon_trendline_take (SalonTrendline *self, const SalonGroupDelta *delta)
{
  double delta_ms = (delta->received_us - delta->sent_us) / 1000.0;
  guint index = self->n_deltas % SALON_TRENDLINE_WINDOW;

  if (self->n_deltas == 0)
    self->first_arrival_us = delta->arrival_us;
  self->n_deltas++;
  self->accumulated_ms += delta_ms;
  self->smoothed_ms = SMOOTHING * self->smoothed_ms + (1 - SMOOTHING) * self->accumulated_ms;
  self->window[index].arrival_ms = (delta->arrival_us - self->first_arrival_us) / 1000.0;
  self->window[index].delay_ms = self->smoothed_ms;
  if (self->n_deltas >= SALON_TRENDLINE_WINDOW)
    {
      self->slope = fit_slope (self);
      detect (self, delta->sent_us / 1000.0, delta->arrival_us);
    }
  return self->usage;
}
