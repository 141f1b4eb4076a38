/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-sound-share.h"

/* More of the estimate than this is not for repeating what was sent, while pictures want it. */
#define REDUNDANT_PART (1.0 / 3)
/* As many dwells after the link was full, more is tried: half a minute at first, and up to eight. */
#define TRY_DWELLS 15

/* -- what may change -- */

static gint64
get_changed_us (const SalonSoundShare *self)
{
  return MAX (MAX (self->hysteresis.raised_us, self->hysteresis.lowered_us), self->grown_us);
}

/* Whether the link was full with what is sent now. */
static gboolean
is_to_blame (const SalonSoundShare *self, const SalonEstimate *estimate)
{
  return estimate->full_us > get_changed_us (self);
}

static gboolean
may_try (const SalonSoundShare *self, const SalonEstimate *estimate, gint64 now_us)
{
  gint64 since_us = MAX (get_changed_us (self), estimate->full_us);

  return !self->has_pictures && now_us - since_us >= TRY_DWELLS * self->hysteresis.dwell_us;
}

static void
note_fall (SalonSoundShare *self, gint64 now_us)
{
  /* Voices and redundancy at once are one. */
  if (self->hysteresis.lowered_us == now_us)
    return;
  self->hysteresis.dwell_us = MAX (self->hysteresis.dwell_us, SALON_HYSTERESIS_MIN_DWELL_US);
  salon_hysteresis_note_fall (&self->hysteresis, now_us);
}

/* -- voices -- */

/* There is no choice to make of those who come while all are sent. */
static void
follow_voices (SalonSoundShare *self, gint64 now_us)
{
  if (!self->is_alone)
    self->pictures_us = now_us;
  if (!self->is_restricted && self->n_voices > self->n_sent)
    self->grown_us = now_us;
  self->n_sent = self->is_restricted ? MIN (self->n_sent, self->n_voices) : self->n_voices;
}

static guint
count_fitting (const SalonSoundShare *self, double bps)
{
  guint had = bps / (self->voice_bps * SALON_HYSTERESIS_SLACK);
  guint gained = bps / (self->voice_bps * SALON_HYSTERESIS_MARGIN);

  return CLAMP (MAX (MIN (had, self->n_sent), gained), 1, self->n_voices);
}

static void
share_voices (SalonSoundShare *self, const SalonEstimate *estimate, gint64 now_us)
{
  guint n_fitting = count_fitting (self, estimate->delay_bps);

  if (n_fitting < self->n_sent && is_to_blame (self, estimate) && estimate->full_us > self->pictures_us)
    {
      self->n_sent = n_fitting;
      note_fall (self, now_us);
    }
  else if (self->n_sent < self->n_voices)
    {
      if (salon_hysteresis_must_dwell (&self->hysteresis, now_us))
        n_fitting = self->n_sent;
      if (n_fitting <= self->n_sent && may_try (self, estimate, now_us))
        n_fitting = self->n_sent + 1;
      if (n_fitting > self->n_sent)
        salon_hysteresis_note_raise (&self->hysteresis, now_us);
      self->n_sent = MAX (self->n_sent, n_fitting);
    }
  self->is_restricted = self->n_sent < self->n_voices;
}

/* -- redundancy -- */

static gboolean
has_room (const SalonSoundShare *self, const SalonEstimate *estimate)
{
  double room_bps = estimate->delay_bps * (self->has_pictures ? REDUNDANT_PART : 1);

  return salon_sound_share_get_full_bps (self) * (self->is_plain ? SALON_HYSTERESIS_MARGIN : SALON_HYSTERESIS_SLACK)
         <= room_bps;
}

static void
share_redundancy (SalonSoundShare *self, const SalonEstimate *estimate, gint64 now_us)
{
  gboolean fits = !self->is_restricted && has_room (self, estimate);

  if (!self->is_plain && !fits && (self->is_restricted || is_to_blame (self, estimate)))
    {
      self->is_plain = TRUE;
      note_fall (self, now_us);
    }
  else if (self->is_plain && !self->is_restricted
           && ((fits && !salon_hysteresis_must_dwell (&self->hysteresis, now_us)) || may_try (self, estimate, now_us)))
    {
      self->is_plain = FALSE;
      salon_hysteresis_note_raise (&self->hysteresis, now_us);
    }
}

guint
salon_sound_share_run (SalonSoundShare *self, const SalonEstimate *estimate, gint64 now_us)
{
  follow_voices (self, now_us);
  if (self->n_voices > 0)
    share_voices (self, estimate, now_us);
  else
    self->is_restricted = FALSE;
  if (self->redundancy_bps > 0)
    share_redundancy (self, estimate, now_us);
  return self->n_sent * self->voice_bps + (self->is_plain ? 0 : self->redundancy_bps);
}

guint
salon_sound_share_get_full_bps (const SalonSoundShare *self)
{
  return self->n_voices * self->voice_bps + self->redundancy_bps;
}

guint
salon_sound_share_get_need_bps (const SalonSoundShare *self)
{
  double full_bps = salon_sound_share_get_full_bps (self);

  if (self->has_pictures && self->redundancy_bps > 0)
    full_bps *= SALON_HYSTERESIS_MARGIN / REDUNDANT_PART;
  return full_bps;
}
