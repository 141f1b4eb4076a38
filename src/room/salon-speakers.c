/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-speakers.h"

/* The three time scales, in frames: one has to be ahead of who leads in the first, by this much, and in the last. What
 * happens within a second, salon_voice_may_lead() looks at. */
#define NOW_FRAMES 3
#define NOW_AHEAD_DB 6
#define SECOND_FRAMES 10

struct _SalonSpeakers
{
  GHashTable *people;   /* (owned): id (borrowed from the value) -> SalonSpeaker (borrowed from all) */
  GPtrArray *all;       /* (owned) (element-type SalonSpeaker) */
  SalonSpeaker *leader; /* (borrowed) (nullable) */
  gint64 led_since_us;
  guint n_turns;
  gboolean is_leader_new; /* not told yet */
  gint64 told_us;
};

static void
speaker_free (SalonSpeaker *speaker)
{
  g_free (speaker->id);
  g_free (speaker);
}

SalonSpeakers *
salon_speakers_new (void)
{
  SalonSpeakers *self = g_new0 (SalonSpeakers, 1);

  self->people = g_hash_table_new (g_str_hash, g_str_equal);
  self->all = g_ptr_array_new_with_free_func ((GDestroyNotify)speaker_free);
  self->told_us = -SALON_SPEAKERS_NEWS_INTERVAL_US;
  return self;
}

void
salon_speakers_free (SalonSpeakers *self)
{
  g_hash_table_unref (self->people);
  g_ptr_array_unref (self->all);
  g_free (self);
}

/* -- people -- */

SalonSpeaker *
salon_speakers_add (SalonSpeakers *self, const char *id)
{
  SalonSpeaker *speaker = salon_speakers_find (self, id);

  if (speaker != NULL)
    return speaker;
  speaker = g_new0 (SalonSpeaker, 1);
  speaker->id = g_strdup (id);
  speaker->level_dbov = SALON_VOICE_SILENCE_DBOV;
  salon_voice_init (&speaker->voice);
  g_ptr_array_add (self->all, speaker);
  g_hash_table_insert (self->people, speaker->id, speaker);
  return speaker;
}

void
salon_speakers_remove (SalonSpeakers *self, const char *id)
{
  SalonSpeaker *speaker = salon_speakers_find (self, id);

  if (speaker == NULL)
    return;
  if (self->leader == speaker)
    {
      self->leader = NULL;
      self->is_leader_new = TRUE;
    }
  g_hash_table_remove (self->people, id);
  g_ptr_array_remove (self->all, speaker);
}

SalonSpeaker *
salon_speakers_find (SalonSpeakers *self, const char *id)
{
  return g_hash_table_lookup (self->people, id);
}

/* -- who leads -- */

static gboolean
is_ahead (const SalonVoice *voice, const SalonVoice *leader, guint n_frames, double by_db)
{
  return salon_voice_get_activity (voice, n_frames) > salon_voice_get_activity (leader, n_frames) + by_db;
}

static gboolean
outdoes (const SalonVoice *voice, const SalonVoice *leader)
{
  return is_ahead (voice, leader, NOW_FRAMES, NOW_AHEAD_DB) && is_ahead (voice, leader, SALON_VOICE_FRAMES, 0);
}

static SalonSpeaker *
find_challenger (SalonSpeakers *self)
{
  SalonSpeaker *best = NULL;

  for (guint i = 0; i < self->all->len; i++)
    {
      SalonSpeaker *speaker = g_ptr_array_index (self->all, i);

      if (speaker == self->leader || !salon_voice_may_lead (&speaker->voice)
          || (self->leader != NULL && !outdoes (&speaker->voice, &self->leader->voice)))
        continue;
      if (best == NULL || is_ahead (&speaker->voice, &best->voice, SECOND_FRAMES, 0))
        best = speaker;
    }
  return best;
}

void
salon_speaker_hear (SalonSpeaker *self, int level_dbov)
{
  self->has_levels = TRUE;
  self->level_dbov = MAX (self->level_dbov, level_dbov);
}

gboolean
salon_speakers_end_frame (SalonSpeakers *self, gint64 now_us)
{
  SalonSpeaker *challenger = NULL;

  for (guint i = 0; i < self->all->len; i++)
    {
      SalonSpeaker *speaker = g_ptr_array_index (self->all, i);

      salon_voice_hear (&speaker->voice, speaker->level_dbov);
      speaker->level_dbov = SALON_VOICE_SILENCE_DBOV;
    }
  if (self->leader == NULL || now_us - self->led_since_us >= SALON_SPEAKERS_DWELL_US)
    challenger = find_challenger (self);
  if (challenger == NULL)
    return FALSE;
  self->leader = challenger;
  self->led_since_us = now_us;
  self->is_leader_new = TRUE;
  challenger->turn = ++self->n_turns;
  return TRUE;
}

const SalonSpeaker *
salon_speakers_get_leader (SalonSpeakers *self)
{
  return self->leader;
}

/* -- who speaks -- */

gboolean
salon_speakers_take_news (SalonSpeakers *self, gint64 now_us)
{
  gboolean is_news = self->is_leader_new;

  for (guint i = 0; i < self->all->len && !is_news; i++)
    {
      const SalonSpeaker *speaker = g_ptr_array_index (self->all, i);

      is_news = speaker->is_told != speaker->voice.is_speaking;
    }
  if (!is_news || now_us - self->told_us < SALON_SPEAKERS_NEWS_INTERVAL_US)
    return FALSE;
  for (guint i = 0; i < self->all->len; i++)
    {
      SalonSpeaker *speaker = g_ptr_array_index (self->all, i);

      speaker->is_told = speaker->voice.is_speaking;
    }
  self->is_leader_new = FALSE;
  self->told_us = now_us;
  return TRUE;
}

static int
compare_activity (gconstpointer a, gconstpointer b)
{
  const SalonSpeaker *first = *(const SalonSpeaker *const *)a;
  const SalonSpeaker *second = *(const SalonSpeaker *const *)b;
  double difference = salon_voice_get_activity (&second->voice, SECOND_FRAMES)
                      - salon_voice_get_activity (&first->voice, SECOND_FRAMES);

  return difference > 0 ? 1 : difference < 0 ? -1 : 0;
}

GPtrArray *
salon_speakers_list_speaking (SalonSpeakers *self)
{
  GPtrArray *speaking = g_ptr_array_new ();

  for (guint i = 0; i < self->all->len; i++)
    {
      SalonSpeaker *speaker = g_ptr_array_index (self->all, i);

      if (speaker->is_told)
        g_ptr_array_add (speaking, speaker);
    }
  g_ptr_array_sort (speaking, compare_activity);
  return speaking;
}
