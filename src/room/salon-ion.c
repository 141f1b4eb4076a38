/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ion.h"

#include <gst/gst.h>

#include "salon-ion-message.h"
#include "salon-participant-private.h"
#include "salon-room.h"

GST_DEBUG_CATEGORY_STATIC (salon_ion_debug);
#define GST_CAT_DEFAULT salon_ion_debug

struct _SalonIon
{
  SalonParticipant *participant; /* (borrowed) */
  SalonDataMember *member;       /* (borrowed) */
  char *speakers;                /* (owned) (nullable): as it was told of them last */
};

/* -- from the client -- */

static void
follow (SalonIon *self, const SalonIonWish *wish, const SalonPublication *publication)
{
  SalonTrackSettings settings = SALON_TRACK_SETTINGS_ALL;
  gboolean is_video = salon_track_is_video (publication->track);
  g_autoptr (GError) error = NULL;

  if (!(is_video ? wish->has_video : wish->has_audio))
    return;
  settings.max_layer = is_video ? wish->max_layer : wish->wants_audio ? settings.max_layer : -1;
  settings.frame_rate = is_video ? wish->frame_rate : 0;
  if (!salon_participant_set_track_settings (self->participant, publication->id, &settings, &error))
    GST_DEBUG ("what was wanted of stream %s: %s", wish->stream, error->message);
}

void
salon_ion_take (SalonIon *self, const char *text, gsize size)
{
  SalonRoom *room = salon_participant_get_room (self->participant);
  g_autoptr (GError) error = NULL;
  SalonIonWish wish;

  if (room == NULL)
    return;
  if (!salon_ion_wish_read (&wish, text, size, &error))
    {
      GST_DEBUG ("passed over: %s", error->message);
      return;
    }
  for (guint i = 0; i < salon_room_get_participants (room)->len; i++)
    {
      SalonPerson person = salon_participant_as_person (g_ptr_array_index (salon_room_get_participants (room), i));

      for (guint k = 0; k < person.publications->len; k++)
        {
          const SalonPublication *publication = g_ptr_array_index (person.publications, k);

          /* What it publishes itself, it speaks of to say which layers come, as can be seen. */
          if (publication->participant != self->participant
              && g_str_equal (salon_track_get_stream (publication->track), wish.stream))
            follow (self, &wish, publication);
        }
    }
}

/* -- to the client -- */

/* Returns: (nullable): the stream of somebody's voice. */
static const char *
find_voice (SalonRoom *room, const char *participant_id)
{
  SalonParticipant *participant = salon_room_find_participant (room, participant_id);
  SalonPerson person;

  if (participant == NULL)
    return NULL;
  person = salon_participant_as_person (participant);
  for (guint i = 0; i < person.publications->len; i++)
    {
      const SalonPublication *publication = g_ptr_array_index (person.publications, i);

      if (publication->source == SALON_SOURCE_MICROPHONE)
        return salon_track_get_stream (publication->track);
    }
  return NULL;
}

void
salon_ion_tell_speakers (SalonIon *self)
{
  const char *leader;
  g_autoptr (GArray) speaking = salon_participant_list_speaking (self->participant, &leader);
  g_autoptr (GPtrArray) streams = g_ptr_array_new ();
  g_autofree char *text = NULL;

  for (guint i = 0; i < speaking->len; i++)
    {
      const char *stream
          = find_voice (salon_participant_get_room (self->participant), g_array_index (speaking, SalonSpeaking, i).id);

      if (stream != NULL)
        g_ptr_array_add (streams, (gpointer)stream);
    }
  text = salon_ion_write_speakers (streams);
  if ((self->speakers != NULL || streams->len > 0) && g_strcmp0 (text, self->speakers) != 0
      && salon_data_member_tell (self->member, text))
    {
      g_free (self->speakers);
      self->speakers = g_steal_pointer (&text);
    }
}

void
salon_ion_tell_layer (SalonIon *self, const SalonPublication *publication, gint spatial)
{
  SalonPublicationLayer layers[SALON_PUBLICATION_MAX_LAYERS];
  guint n_layers = salon_publication_list_layers (publication, layers);
  g_autofree char *text = NULL;

  if (n_layers == 0)
    return;
  text = salon_ion_write_layer (salon_track_get_stream (publication->track), spatial, layers, n_layers);
  if (!salon_data_member_tell (self->member, text))
    GST_DEBUG ("nobody was told of a layer");
}

/* -- life -- */

SalonIon *
salon_ion_new (SalonParticipant *participant, SalonDataMember *member)
{
  SalonIon *self = g_new0 (SalonIon, 1);

  GST_DEBUG_CATEGORY_INIT (salon_ion_debug, "salon-ion", 0, "Salon ion-sfu's data channel");
  self->participant = participant;
  self->member = member;
  return self;
}

void
salon_ion_free (SalonIon *self)
{
  g_free (self->speakers);
  g_free (self);
}
