/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-rate-control.h"

#include <math.h>

/* Section 5.5. */
#define BETA 0.85
#define ETA_PER_S 1.08
#define MIN_INCREASE_BPS 1000.0
#define RESPONSE_MARGIN_US (100 * G_TIME_SPAN_MILLISECOND)
#define MIN_ADDITIVE_BPS_PER_S 4000.0
/* As the draft: what was not sent, did not show that it fits. */
#define THROUGHPUT_FACTOR 1.5
#define THROUGHPUT_MARGIN_BPS 10000.0
/* Section 5.5: how fast the average of the full link's rate follows; and within how many deviations it is near. */
#define FULL_WEIGHT 0.05
#define N_DEVIATIONS 3.0
#define MIN_VARIANCE 0.4
#define MAX_VARIANCE 2.5
/* What the first decreases do has to be seen before there are others. */
#define MIN_DECREASE_INTERVAL_US (10 * G_TIME_SPAN_MILLISECOND)
#define MAX_DECREASE_INTERVAL_US (200 * G_TIME_SPAN_MILLISECOND)
/* The draft takes senders to send what they may. Of a room whose pictures are paused only the sound goes out: cut to
 * that, the estimate would never let a picture come back. */
#define INNOCENT_PART 0.7
#define ARRIVED_PART 0.8
#define INNOCENT_BETA 0.9
#define ASSUMED_FRAMES_PER_S 30
#define ASSUMED_PACKET_BITS (1200 * 8)

void
salon_rate_control_init (SalonRateControl *self, double rate_bps)
{
  *self = (SalonRateControl){ .rate_bps = rate_bps, .full_variance = MIN_VARIANCE };
}

/* -- where the link is full -- */

static double
get_full_deviation_kbps (const SalonRateControl *self)
{
  return sqrt (self->full_variance * self->full_kbps);
}

/* It is no longer what it was. */
static void
forget_full_unless_near (SalonRateControl *self, double throughput_bps)
{
  double distance_kbps = fabs (throughput_bps / 1000 - self->full_kbps);

  if (self->full_kbps > 0 && distance_kbps > N_DEVIATIONS * get_full_deviation_kbps (self))
    self->full_kbps = 0;
}

static void
learn_full (SalonRateControl *self, double throughput_bps)
{
  double sample_kbps = throughput_bps / 1000, distance_kbps, variance;

  if (self->full_kbps <= 0)
    self->full_kbps = sample_kbps;
  else
    self->full_kbps += FULL_WEIGHT * (sample_kbps - self->full_kbps);
  distance_kbps = self->full_kbps - sample_kbps;
  variance = distance_kbps * distance_kbps / MAX (self->full_kbps, 1);
  self->full_variance += FULL_WEIGHT * (variance - self->full_variance);
  self->full_variance = CLAMP (self->full_variance, MIN_VARIANCE, MAX_VARIANCE);
}

/* -- up and down -- */

/* About a packet in a response time. */
static double
get_additive_bps_per_s (const SalonRateControl *self, gint64 rtt_us)
{
  double frame_bits = self->rate_bps / ASSUMED_FRAMES_PER_S;
  double packet_bits = frame_bits / ceil (MAX (frame_bits / ASSUMED_PACKET_BITS, 1));
  double response_s = (double)(rtt_us + RESPONSE_MARGIN_US) / G_USEC_PER_SEC;

  return MAX (packet_bits / response_s, MIN_ADDITIVE_BPS_PER_S);
}

static void
increase (SalonRateControl *self, double throughput_bps, gint64 rtt_us, gint64 now_us)
{
  double elapsed_s = self->changed_us != 0 ? MIN ((double)(now_us - self->changed_us) / G_USEC_PER_SEC, 1) : 0;
  double limit_bps = THROUGHPUT_FACTOR * throughput_bps + THROUGHPUT_MARGIN_BPS;
  double step_bps;

  self->changed_us = now_us;
  if (throughput_bps / 1000 > self->full_kbps)
    forget_full_unless_near (self, throughput_bps);
  if (self->rate_bps >= limit_bps)
    return;
  if (self->full_kbps > 0)
    step_bps = elapsed_s * get_additive_bps_per_s (self, rtt_us);
  else
    step_bps = MAX (self->rate_bps * (pow (ETA_PER_S, elapsed_s) - 1), elapsed_s * MIN_INCREASE_BPS);
  self->rate_bps = MIN (self->rate_bps + step_bps, limit_bps);
}

static gboolean
may_decrease (const SalonRateControl *self, gboolean is_limited, double throughput_bps, gint64 rtt_us, gint64 now_us)
{
  gint64 interval_us = CLAMP (rtt_us, MIN_DECREASE_INTERVAL_US, MAX_DECREASE_INTERVAL_US);

  if (!is_limited)
    return now_us - self->decreased_us >= MAX_DECREASE_INTERVAL_US;
  return self->decreased_us == 0 || now_us - self->decreased_us >= interval_us || throughput_bps < self->rate_bps / 2;
}

/* What was sent is far less than what might be, and arrives, as a keyframe does that takes its time: then it is not
 * this that fills the queue. */
static gboolean
is_innocent (const SalonRateControl *self, double sent_bps, double throughput_bps)
{
  return sent_bps < INNOCENT_PART * self->rate_bps && throughput_bps >= ARRIVED_PART * sent_bps;
}

static void
decrease_a_little (SalonRateControl *self, double throughput_bps, gint64 now_us)
{
  self->decreased_us = self->changed_us = now_us;
  self->rate_bps = MAX (INNOCENT_BETA * self->rate_bps, BETA * throughput_bps);
}

static void
decrease (SalonRateControl *self, double throughput_bps, gint64 now_us)
{
  double rate_bps = BETA * throughput_bps;

  self->decreased_us = self->changed_us = self->full_us = now_us;
  if (throughput_bps / 1000 < self->full_kbps)
    forget_full_unless_near (self, throughput_bps);
  learn_full (self, throughput_bps);
  /* More than the estimate comes, and yet it is too much: then the average counts. */
  if (rate_bps > self->rate_bps)
    rate_bps = BETA * self->full_kbps * 1000;
  self->rate_bps = MIN (self->rate_bps, rate_bps);
}

void
salon_rate_control_update (
    SalonRateControl *self, SalonUsage usage, double sent_bps, double throughput_bps, gint64 rtt_us, gint64 now_us)
{
  if (usage == SALON_USAGE_OVER)
    {
      gboolean is_limited = !is_innocent (self, sent_bps, throughput_bps);

      if (throughput_bps <= 0 || !may_decrease (self, is_limited, throughput_bps, rtt_us, now_us))
        return;
      if (is_limited)
        decrease (self, throughput_bps, now_us);
      else
        decrease_a_little (self, throughput_bps, now_us);
    }
  else if (usage == SALON_USAGE_NORMAL && throughput_bps > 0)
    increase (self, throughput_bps, rtt_us, now_us);
  else
    self->changed_us = now_us;
}

void
salon_rate_control_set (SalonRateControl *self, double rate_bps, gint64 now_us)
{
  self->rate_bps = rate_bps;
  self->changed_us = now_us;
}
