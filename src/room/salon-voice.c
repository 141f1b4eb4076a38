/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-voice.h"

/* The floor before anything is known, and the lowest that counts: what is quieter is no speech either. */
#define FIRST_FLOOR_DBOV (-50)
#define LOWEST_FLOOR_DBOV (-60)
/* Half of the window in which a pause between words is sure to come. */
#define FLOOR_PART_FRAMES 25
/* Above the floor: from here on a frame is active. */
#define ACTIVE_DB 9
/* Syllables differ by more than this within a second; noise doesn't. */
#define MIN_SPREAD_DB 4
/* Words begin: three frames of five. They have ended: none of eight, more than a pause for breath. */
#define BEGIN_FRAMES 5
#define BEGIN_ACTIVE 3
#define END_FRAMES 8
#define SECOND_FRAMES 10
/* Of a second of fluent speech, some 60 to 80 % are active; of a second with a cough, less than half. */
#define LEAD_ACTIVE 6

void
salon_voice_init (SalonVoice *self)
{
  *self = (SalonVoice){
    .floor_dbov = FIRST_FLOOR_DBOV,
    .quietest_dbov = { 0, FIRST_FLOOR_DBOV },
    .n_inactive = G_MAXUINT,
  };
}

/* The frame `age` frames ago; 0: the last one. */
static guint
get_excess (const SalonVoice *self, guint age)
{
  return self->excess_db[(self->at + SALON_VOICE_FRAMES - 1 - age) % SALON_VOICE_FRAMES];
}

static guint
count_active (const SalonVoice *self, guint n_frames)
{
  guint n_active = 0;

  for (guint i = 0; i < n_frames; i++)
    n_active += get_excess (self, i) >= ACTIVE_DB;
  return n_active;
}

/* Whether the active ones among the last n_frames differ as syllables do. */
static gboolean
is_modulated (const SalonVoice *self, guint n_frames)
{
  guint lowest = G_MAXUINT8;
  guint highest = 0;

  for (guint i = 0; i < n_frames; i++)
    {
      guint excess = get_excess (self, i);

      if (excess < ACTIVE_DB)
        continue;
      lowest = MIN (lowest, excess);
      highest = MAX (highest, excess);
    }
  return highest >= lowest + MIN_SPREAD_DB;
}

static void
follow_floor (SalonVoice *self, int level_dbov)
{
  if (self->n_in_part == FLOOR_PART_FRAMES)
    {
      self->quietest_dbov[1] = self->quietest_dbov[0];
      self->quietest_dbov[0] = 0;
      self->n_in_part = 0;
    }
  self->n_in_part++;
  self->quietest_dbov[0] = MIN (self->quietest_dbov[0], level_dbov);
  self->floor_dbov = MAX (MIN (self->quietest_dbov[0], self->quietest_dbov[1]), LOWEST_FLOOR_DBOV);
}

void
salon_voice_hear (SalonVoice *self, int level_dbov)
{
  guint excess;

  follow_floor (self, level_dbov);
  excess = (guint)MAX (level_dbov - self->floor_dbov, 0);
  self->excess_db[self->at] = (guint8)excess;
  self->at = (self->at + 1) % SALON_VOICE_FRAMES;
  if (excess >= ACTIVE_DB)
    self->n_inactive = 0;
  else if (self->n_inactive != G_MAXUINT)
    self->n_inactive++;
  if (self->is_speaking)
    self->is_speaking = self->n_inactive < END_FRAMES && is_modulated (self, SALON_VOICE_FRAMES);
  else
    self->is_speaking = count_active (self, BEGIN_FRAMES) >= BEGIN_ACTIVE && is_modulated (self, SECOND_FRAMES);
}

double
salon_voice_get_activity (const SalonVoice *self, guint n_frames)
{
  guint sum = 0;

  for (guint i = 0; i < n_frames; i++)
    sum += get_excess (self, i);
  return (double)sum / n_frames;
}

int
salon_voice_get_level (const SalonVoice *self)
{
  /* The floor may have risen since. */
  return MIN (self->floor_dbov + (int)salon_voice_get_activity (self, 3), 0);
}

gboolean
salon_voice_may_lead (const SalonVoice *self)
{
  return count_active (self, SECOND_FRAMES) >= LEAD_ACTIVE && is_modulated (self, SECOND_FRAMES);
}
