/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-floor.h"

#include "salon-participant.h"
#include "salon-room.h"
#include "salon-sound-choice.h"
#include "salon-track.h"

struct _SalonFloor
{
  SalonRoom *room;                /* (borrowed) */
  const SalonFloorEvents *events; /* (borrowed) */
  guint max_heard;
  SalonSpeakers *speakers; /* (owned) */
  GPtrArray *sounds;       /* (owned) (element-type SalonPublication, borrowed): in the order of coming */
  guint n_unheard;
  guint timer_id; /* a frame of everybody's voice each; 0 while all microphones are off */
  guint n_off;    /* frames since one was on */
  gboolean is_closed;
};

/* -- who is heard -- */

static gboolean
is_leader (SalonFloor *self, const SalonSpeaker *speaker)
{
  return speaker != NULL && speaker == salon_speakers_get_leader (self->speakers);
}

static SalonSound
describe_sound (SalonFloor *self, SalonPublication *publication)
{
  const SalonSpeaker *speaker
      = salon_speakers_find (self->speakers, salon_participant_get_id (publication->participant));

  return (SalonSound){
    .sound = publication,
    .is_muted = publication->is_muted,
    .is_screen = publication->source == SALON_SOURCE_SCREEN_AUDIO,
    .is_leader = is_leader (self, speaker),
    .has_levels = speaker != NULL && speaker->has_levels,
    .n_inactive = speaker != NULL ? speaker->voice.n_inactive : G_MAXUINT,
    .is_heard = publication->is_heard,
  };
}

/* Those that go first, so that there are never more than max_heard. */
static void
tell_heard (SalonFloor *self, GArray *sounds, gboolean is_heard)
{
  for (guint i = 0; i < sounds->len; i++)
    {
      const SalonSound *sound = &g_array_index (sounds, SalonSound, i);
      SalonPublication *publication = sound->sound;

      if (sound->is_heard != is_heard || publication->is_heard == is_heard)
        continue;
      publication->is_heard = is_heard;
      self->events->heard_changed (self->room, publication);
    }
}

static void
choose_sounds (SalonFloor *self)
{
  g_autoptr (GArray) sounds = g_array_sized_new (FALSE, FALSE, sizeof (SalonSound), self->sounds->len);

  for (guint i = 0; i < self->sounds->len; i++)
    {
      SalonSound sound = describe_sound (self, g_ptr_array_index (self->sounds, i));

      g_array_append_val (sounds, sound);
    }
  salon_sound_choice (sounds, self->max_heard);
  tell_heard (self, sounds, FALSE);
  tell_heard (self, sounds, TRUE);
  self->n_unheard = self->sounds->len - MIN (self->sounds->len, self->max_heard);
}

/* -- a frame -- */

/* Levels are taken of all, so that nothing is left over when one is unmuted. */
static gboolean
hear_sounds (SalonFloor *self)
{
  gboolean is_any_on = FALSE;

  for (guint i = 0; i < self->sounds->len; i++)
    {
      const SalonPublication *publication = g_ptr_array_index (self->sounds, i);
      SalonSpeaker *speaker = salon_speakers_find (self->speakers, salon_participant_get_id (publication->participant));
      int level_dbov;
      gboolean has_level = salon_track_take_level (publication->track, &level_dbov);

      if (publication->source != SALON_SOURCE_MICROPHONE || publication->is_muted)
        continue;
      is_any_on = TRUE;
      if (has_level)
        salon_speaker_hear (speaker, level_dbov);
    }
  return is_any_on;
}

/* For who can't be sent all. */
static void
tell_silence (SalonFloor *self)
{
  for (guint i = 0; i < self->sounds->len; i++)
    {
      const SalonPublication *publication = g_ptr_array_index (self->sounds, i);
      const SalonSpeaker *speaker
          = salon_speakers_find (self->speakers, salon_participant_get_id (publication->participant));
      gboolean is_known = publication->source == SALON_SOURCE_MICROPHONE && speaker != NULL && speaker->has_levels;
      guint n_frames = is_known ? speaker->voice.n_inactive : 0;

      salon_track_set_silent_ms (
          publication->track, MIN (n_frames, G_MAXINT / SALON_VOICE_FRAME_MS) * SALON_VOICE_FRAME_MS);
    }
}

static gboolean
on_frame (gpointer user_data)
{
  SalonFloor *self = user_data;
  g_autoptr (SalonRoom) room = g_object_ref (self->room); /* somebody may leave who is told */
  gint64 now_us = g_get_monotonic_time ();

  self->n_off = hear_sounds (self) ? 0 : self->n_off + 1;
  if (salon_speakers_end_frame (self->speakers, now_us))
    self->events->leader_changed (room);
  tell_silence (self);
  if (self->n_unheard > 0)
    choose_sounds (self);
  if (salon_speakers_take_news (self->speakers, now_us))
    self->events->news (room);
  if (self->n_off < SALON_VOICE_FRAMES && self->timer_id != 0)
    return G_SOURCE_CONTINUE;
  self->timer_id = 0;
  return G_SOURCE_REMOVE;
}

/* It stops by itself, once all have been off for so long that nobody speaks any more. */
void
salon_floor_listen (SalonFloor *self)
{
  self->n_off = 0;
  if (self->timer_id == 0 && !self->is_closed)
    self->timer_id = g_timeout_add (SALON_VOICE_FRAME_MS, on_frame, self);
}

/* -- people and their sounds -- */

void
salon_floor_add_person (SalonFloor *self, const char *id)
{
  salon_speakers_add (self->speakers, id);
}

void
salon_floor_remove_person (SalonFloor *self, const char *id)
{
  salon_speakers_remove (self->speakers, id);
  /* Perhaps they led: that is news. */
  salon_floor_listen (self);
}

void
salon_floor_add_sound (SalonFloor *self, SalonPublication *sound)
{
  sound->is_heard = self->n_unheard == 0 && self->sounds->len < self->max_heard;
  self->n_unheard += sound->is_heard ? 0 : 1;
  g_ptr_array_add (self->sounds, sound);
  salon_floor_listen (self);
}

void
salon_floor_remove_sound (SalonFloor *self, SalonPublication *sound)
{
  self->n_unheard -= sound->is_heard ? 0 : 1;
  g_ptr_array_remove (self->sounds, sound);
  salon_floor_listen (self);
}

guint
salon_floor_get_turn (SalonFloor *self, const char *id)
{
  const SalonSpeaker *speaker = salon_speakers_find (self->speakers, id);

  return speaker != NULL ? speaker->turn : 0;
}

const char *
salon_floor_get_leader (SalonFloor *self)
{
  const SalonSpeaker *leader = salon_speakers_get_leader (self->speakers);

  return leader != NULL ? leader->id : NULL;
}

GPtrArray *
salon_floor_list_speaking (SalonFloor *self)
{
  return salon_speakers_list_speaking (self->speakers);
}

/* -- life -- */

SalonFloor *
salon_floor_new (SalonRoom *room, const SalonFloorEvents *events, guint max_heard)
{
  SalonFloor *self = g_new0 (SalonFloor, 1);

  self->room = room;
  self->events = events;
  self->max_heard = max_heard;
  self->speakers = salon_speakers_new ();
  self->sounds = g_ptr_array_new ();
  return self;
}

void
salon_floor_close (SalonFloor *self)
{
  self->is_closed = TRUE;
  g_clear_handle_id (&self->timer_id, g_source_remove);
}

void
salon_floor_free (SalonFloor *self)
{
  g_assert (self->timer_id == 0); /* salon_floor_close() was called */
  salon_speakers_free (self->speakers);
  g_ptr_array_unref (self->sounds);
  g_free (self);
}
