/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-hysteresis.h"

#define MAX_DWELL_US (32 * G_TIME_SPAN_SECOND)
/* What goes down so soon after it went up, went up for nothing; what stays so long, didn't. */
#define FLAP_US (10 * G_TIME_SPAN_SECOND)
#define STABLE_US (60 * G_TIME_SPAN_SECOND)

void
salon_hysteresis_note_raise (SalonHysteresis *self, gint64 now_us)
{
  if (self->lowered_us == 0 || now_us - self->lowered_us > STABLE_US)
    self->dwell_us = SALON_HYSTERESIS_MIN_DWELL_US;
  self->raised_us = now_us;
}

void
salon_hysteresis_note_fall (SalonHysteresis *self, gint64 now_us)
{
  if (self->raised_us != 0 && now_us - self->raised_us < FLAP_US)
    self->dwell_us = MIN (2 * self->dwell_us, MAX_DWELL_US);
  self->lowered_us = now_us;
}

gboolean
salon_hysteresis_must_dwell (const SalonHysteresis *self, gint64 now_us)
{
  return self->lowered_us != 0 && now_us - self->lowered_us < self->dwell_us;
}
