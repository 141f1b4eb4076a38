/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-publication.h"

#include "salon-codec.h"
#include "salon-participant-private.h"
#include "salon-track.h"

G_STATIC_ASSERT (SALON_PUBLICATION_MAX_LAYERS == SALON_MAX_SPATIAL_LAYERS);

static const char *const sources[] = {
  [SALON_SOURCE_CAMERA] = "camera",
  [SALON_SOURCE_MICROPHONE] = "microphone",
  [SALON_SOURCE_SCREEN] = "screen",
  [SALON_SOURCE_SCREEN_AUDIO] = "screen_audio",
};

static void
on_wanted_changed (SalonTrack *track, gint wanted, gpointer user_data)
{
  SalonPublication *self = user_data;

  salon_participant_notify_wanted (self->participant, self);
}

static void
on_layers_changed (SalonTrack *track, gpointer user_data)
{
  SalonPublication *self = user_data;

  if (salon_track_get_n_layers (track) > 1)
    salon_room_track_changed (salon_participant_get_room (self->participant), SALON_TRACK_UPDATED, self, NULL);
}

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
  g_signal_connect (track, "wanted-changed", G_CALLBACK (on_wanted_changed), self);
  g_signal_connect (track, "layers-changed", G_CALLBACK (on_layers_changed), self);
  return self;
}

void
salon_publication_free (SalonPublication *self)
{
  g_signal_handlers_disconnect_by_data (self->track, self);
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

guint
salon_publication_list_layers (const SalonPublication *self, SalonPublicationLayer layers[SALON_PUBLICATION_MAX_LAYERS])
{
  SalonTrackLayer measured[SALON_MAX_SPATIAL_LAYERS];
  guint n_layers = 0;

  if (!salon_track_is_video (self->track) || salon_track_get_n_layers (self->track) < 2)
    return 0;
  salon_track_get_layers (self->track, measured);
  for (guint i = 0; i < SALON_MAX_SPATIAL_LAYERS; i++)
    {
      if (measured[i].arrives)
        layers[n_layers++] = (SalonPublicationLayer){ i, measured[i].width, measured[i].height };
    }
  return n_layers;
}

const char *
salon_publication_get_encoding_name (const SalonPublication *self)
{
  gint codec = salon_track_get_codec (self->track);

  if (codec < 0)
    return NULL;
  return salon_codec_get_info (codec == SALON_CODEC_RED ? SALON_CODEC_OPUS : codec)->encoding_name;
}

gboolean
salon_publication_get_size (const SalonPublication *self, guint *width, guint *height)
{
  SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS];
  gint i = SALON_MAX_SPATIAL_LAYERS - 1;

  salon_track_get_layers (self->track, layers);
  while (i >= 0 && layers[i].width == 0)
    i--;
  if (i < 0)
    return FALSE;
  *width = layers[i].width;
  *height = layers[i].height;
  return TRUE;
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
