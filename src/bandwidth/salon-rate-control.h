/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-trendline.h"

/* What rate the delay allows: A_hat of draft-ietf-rmcat-gcc-02, section 5.5. Additive increase near where the link was
 * last found full, multiplicative elsewhere and when it is full. Plain data. */
typedef struct
{
  double rate_bps;
  gint64 changed_us;   /* 0: never */
  gint64 decreased_us; /* 0: never */

  /* What arrived whenever the link was full; 0: not known. */
  double full_kbps;
  double full_variance; /* relative to it */
  gint64 full_us;       /* when it was last; 0: never */
} SalonRateControl;

void salon_rate_control_init (SalonRateControl *self, double rate_bps);

/* sent_bps, throughput_bps: what is sent and what of it arrives; 0: not known. */
void salon_rate_control_update (
    SalonRateControl *self, SalonUsage usage, double sent_bps, double throughput_bps, gint64 rtt_us, gint64 now_us);
/* It was tried out. */
void salon_rate_control_set (SalonRateControl *self, double rate_bps, gint64 now_us);
