/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-publication.h"

#include "salon-participant.h"

static const char *const sources[] = {
  [SALON_SOURCE_CAMERA] = "camera",
  [SALON_SOURCE_MICROPHONE] = "microphone",
  [SALON_SOURCE_SCREEN] = "screen",
  [SALON_SOURCE_SCREEN_AUDIO] = "screen_audio",
};

SalonPublication *
salon_publication_new (
    SalonParticipant *participant, SalonTrack *track, const char *mid, SalonSource source, gboolean is_muted)
{
  SalonPublication *self = g_new0 (SalonPublication, 1);

  self->id = g_uuid_string_random ();
  self->participant = participant;
  self->track = track;
  self->mid = g_strdup (mid);
  self->source = source;
  self->is_muted = is_muted;
  return self;
}

void
salon_publication_free (SalonPublication *self)
{
  g_free (self->id);
  g_free (self->mid);
  g_free (self);
}

char *
salon_publication_dup_group (const SalonPublication *self)
{
  gboolean is_screen = self->source == SALON_SOURCE_SCREEN || self->source == SALON_SOURCE_SCREEN_AUDIO;

  return g_strconcat (salon_participant_get_id (self->participant), is_screen ? "/screen" : "/camera", NULL);
}

const char *
salon_source_to_string (SalonSource source)
{
  return sources[source];
}

gboolean
salon_source_from_string (const char *text, SalonSource *source)
{
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      if (g_str_equal (text, sources[i]))
        {
          *source = i;
          return TRUE;
        }
    }
  return FALSE;
}

gboolean
salon_source_is_video (SalonSource source)
{
  return source == SALON_SOURCE_CAMERA || source == SALON_SOURCE_SCREEN;
}
