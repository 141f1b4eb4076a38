/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-throughput.h"

#include <math.h>

#define FIRST_WINDOW_US (500 * G_TIME_SPAN_MILLISECOND)
#define WINDOW_US (150 * G_TIME_SPAN_MILLISECOND)
/* libwebrtc's, in kbit/s. */
#define UNCERTAINTY 10.0
#define DRIFT 5.0
#define FIRST_VARIANCE 50.0

/* As a Kalman filter with a state of one number. */
static void
take_sample (SalonThroughput *self, double sample_kbps)
{
  double rate_kbps = self->rate_bps / 1000;
  double uncertainty, sample_variance, variance;

  if (rate_kbps <= 0)
    {
      self->rate_bps = sample_kbps * 1000;
      self->variance = FIRST_VARIANCE;
      return;
    }
  uncertainty = UNCERTAINTY * fabs (rate_kbps - sample_kbps) / rate_kbps;
  sample_variance = uncertainty * uncertainty;
  variance = self->variance + DRIFT;
  self->rate_bps = 1000 * (sample_variance * rate_kbps + variance * sample_kbps) / (sample_variance + variance);
  self->variance = sample_variance * variance / (sample_variance + variance);
}

/* Time in which nothing came is no window of nothing: there may have been nothing to send. */
static void
pass_time (SalonThroughput *self, gint64 elapsed_us, gint64 length_us)
{
  self->window_us += elapsed_us;
  if (elapsed_us > length_us)
    {
      self->window_bytes = 0;
      self->window_us %= length_us;
    }
}

void
salon_throughput_take (SalonThroughput *self, gint64 received_us, gsize size_bytes)
{
  gint64 length_us = self->rate_bps > 0 ? WINDOW_US : FIRST_WINDOW_US;

  if (self->last_us != 0)
    pass_time (self, MAX (received_us - self->last_us, 0), length_us);
  self->last_us = MAX (self->last_us, received_us);
  if (self->window_us >= length_us)
    {
      take_sample (self, self->window_bytes * 8 * 1000.0 / length_us);
      self->window_us -= length_us;
      self->window_bytes = 0;
    }
  self->window_bytes += size_bytes;
}
