/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-room.h"

#include "salon-participant-private.h"

GST_DEBUG_CATEGORY_STATIC (salon_room_debug);
#define GST_CAT_DEFAULT salon_room_debug

struct _SalonRoom
{
  GObject parent_instance;

  SalonRoomInfo *info;            /* (owned) */
  const SalonMediaOptions *media; /* (borrowed) */
  SalonGraph *graph;              /* (owned) */
  GPtrArray *participants;        /* (owned) (element-type SalonParticipant): by time of joining */
};

G_DEFINE_FINAL_TYPE (SalonRoom, salon_room, G_TYPE_OBJECT)

/* For loops whose body may make somebody leave. */
static GPtrArray *
list_others (SalonRoom *self, SalonParticipant *except)
{
  GPtrArray *others = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < self->participants->len; i++)
    {
      SalonParticipant *participant = g_ptr_array_index (self->participants, i);

      if (participant != except)
        g_ptr_array_add (others, g_object_ref (participant));
    }
  return others;
}

const SalonRoomInfo *
salon_room_get_info (SalonRoom *self)
{
  return self->info;
}

void
salon_room_set_info (SalonRoom *self, const SalonRoomInfo *info)
{
  gboolean is_news = g_strcmp0 (self->info->host, info->host) != 0 || self->info->is_locked != info->is_locked;
  g_autoptr (GPtrArray) everybody = NULL;

  salon_room_info_free (self->info);
  self->info = salon_room_info_copy (info);
  if (!is_news)
    return;
  everybody = list_others (self, NULL);
  for (guint i = 0; i < everybody->len; i++)
    salon_participant_notify_room (g_ptr_array_index (everybody, i));
}

SalonGraph *
salon_room_get_graph (SalonRoom *self)
{
  return self->graph;
}

const SalonMediaOptions *
salon_room_get_media_options (SalonRoom *self)
{
  return self->media;
}

GPtrArray *
salon_room_get_participants (SalonRoom *self)
{
  return self->participants;
}

void
salon_room_add_participant (SalonRoom *self, SalonParticipant *participant)
{
  g_autoptr (GPtrArray) others = list_others (self, NULL);

  GST_INFO ("room %s: %s joined", self->info->id, salon_participant_get_id (participant));
  g_ptr_array_add (self->participants, g_object_ref (participant));
  for (guint i = 0; i < others->len; i++)
    salon_participant_notify_participant (g_ptr_array_index (others, i), SALON_PARTICIPANT_JOINED, participant);
}

void
salon_room_remove_participant (SalonRoom *self, SalonParticipant *participant)
{
  g_autoptr (GPtrArray) others = list_others (self, participant);

  GST_INFO ("room %s: %s left", self->info->id, salon_participant_get_id (participant));
  for (guint i = 0; i < others->len; i++)
    salon_participant_notify_participant (g_ptr_array_index (others, i), SALON_PARTICIPANT_LEFT, participant);
  g_ptr_array_remove (self->participants, participant);
}

void
salon_room_replace_participant (SalonRoom *self, SalonParticipant *old, SalonParticipant *participant)
{
  g_autoptr (GPtrArray) others = list_others (self, old);
  gboolean is_renamed = !g_str_equal (salon_participant_get_name (old), salon_participant_get_name (participant));
  guint index = 0;
  gboolean is_here = g_ptr_array_find (self->participants, old, &index);

  g_assert (is_here);
  GST_INFO ("room %s: %s came back", self->info->id, salon_participant_get_id (participant));
  self->participants->pdata[index] = g_object_ref (participant);
  for (guint i = 0; i < others->len && is_renamed; i++)
    salon_participant_notify_participant (g_ptr_array_index (others, i), SALON_PARTICIPANT_UPDATED, participant);
  g_object_unref (old);
}

void
salon_room_track_changed (SalonRoom *self, SalonTrackEvent event, const SalonPublication *publication)
{
  g_autoptr (GPtrArray) others = list_others (self, publication->participant);

  for (guint i = 0; i < others->len; i++)
    salon_participant_notify_track (g_ptr_array_index (others, i), event, publication);
}

void
salon_room_chat (SalonRoom *self, SalonParticipant *from, const SalonChatMessage *message)
{
  g_autoptr (GPtrArray) others = list_others (self, from);

  for (guint i = 0; i < others->len; i++)
    salon_participant_notify_chat (g_ptr_array_index (others, i), message);
}

void
salon_room_chat_changed (SalonRoom *self, SalonParticipant *from, const char *message_id, const char *text)
{
  g_autoptr (GPtrArray) others = list_others (self, from);

  for (guint i = 0; i < others->len; i++)
    salon_participant_notify_chat_changed (g_ptr_array_index (others, i), message_id, text);
}

SalonParticipant *
salon_room_find_participant (SalonRoom *self, const char *id)
{
  for (guint i = 0; i < self->participants->len; i++)
    {
      SalonParticipant *participant = g_ptr_array_index (self->participants, i);

      if (g_str_equal (salon_participant_get_id (participant), id))
        return participant;
    }
  return NULL;
}

void
salon_room_end (SalonRoom *self, const char *reason, const char *message)
{
  g_autoptr (GPtrArray) everybody = list_others (self, NULL);

  for (guint i = 0; i < everybody->len; i++)
    salon_participant_end (g_ptr_array_index (everybody, i), reason, message);
}

SalonRoom *
salon_room_new (const SalonRoomInfo *info, const SalonMediaOptions *media)
{
  SalonRoom *self = g_object_new (SALON_TYPE_ROOM, NULL);

  self->info = salon_room_info_copy (info);
  self->media = media;
  self->graph = salon_graph_new (info->id);
  GST_INFO ("room %s opens", info->id);
  return self;
}

void
salon_room_close (SalonRoom *self)
{
  g_assert (self->participants->len == 0);
  GST_INFO ("room %s closes", self->info->id);
  salon_graph_close (self->graph);
}

static void
salon_room_finalize (GObject *object)
{
  SalonRoom *self = SALON_ROOM (object);

  g_clear_pointer (&self->info, salon_room_info_free);
  g_clear_object (&self->graph);
  g_ptr_array_unref (self->participants);
  G_OBJECT_CLASS (salon_room_parent_class)->finalize (object);
}

static void
salon_room_class_init (SalonRoomClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_room_debug, "salon-room", 0, "Salon room");
  G_OBJECT_CLASS (klass)->finalize = salon_room_finalize;
}

static void
salon_room_init (SalonRoom *self)
{
  self->participants = g_ptr_array_new_with_free_func (g_object_unref);
}
