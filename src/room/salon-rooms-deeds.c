/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-rooms-private.h"

#include <gst/gst.h>

#include "salon-error.h"

/* What one of the members does to the room, or to somebody else in it. The store decides whether they may. */
typedef struct
{
  char *room_id;                 /* (owned) */
  SalonParticipant *participant; /* (owned): who does it */
  SalonChatMessage *message;     /* (owned) (nullable): what they say */
  char *message_id;              /* (owned) (nullable): of a change of a message */
  char *text;                    /* (owned) (nullable): its new text */
} Deed;

static void
deed_free (Deed *deed)
{
  g_free (deed->room_id);
  g_object_unref (deed->participant);
  g_clear_pointer (&deed->message, salon_chat_message_free);
  g_free (deed->message_id);
  g_free (deed->text);
  g_free (deed);
}

/* Returns: (transfer full) (nullable): NULL when it has failed already: who has left does nothing any more. */
static GTask *
begin (SalonRooms *self, SalonParticipant *participant, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  const SalonRoomInfo *info = salon_participant_get_room_info (participant);
  Deed *deed;

  if (info == NULL)
    {
      g_task_return_new_error (task, SALON_ERROR, SALON_ERROR_NOT_JOINED, "You have left the room; join again");
      return NULL;
    }
  deed = g_new0 (Deed, 1);
  deed->room_id = g_strdup (info->id);
  deed->participant = g_object_ref (participant);
  g_task_set_task_data (task, deed, (GDestroyNotify)deed_free);
  return g_steal_pointer (&task);
}

gboolean
salon_rooms_deed_finish (SalonRooms *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* task: (transfer full); error: (transfer full) (nullable) */
static void
end (GTask *task, GError *error)
{
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static SalonRoom *
room_of (GTask *task)
{
  SalonRooms *self = g_task_get_source_object (task);
  Deed *deed = g_task_get_task_data (task);

  return g_hash_table_lookup (self->rooms, deed->room_id);
}

/* -- lock and waiting room -- */

static void
on_flag_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  GError *error = NULL;
  g_autoptr (SalonRoomInfo) info = salon_store_set_flag_finish (SALON_STORE (source), result, &error);
  SalonRoom *room = room_of (task);

  if (info != NULL && room != NULL)
    salon_room_set_info (room, info);
  end (task, error);
}

void
salon_rooms_set_flag_async (SalonRooms *self, SalonParticipant *host, SalonRoomFlag flag, gboolean is_set,
    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = begin (self, host, callback, user_data);

  if (task != NULL)
    salon_store_set_flag_async (self->store, ((Deed *)g_task_get_task_data (task))->room_id,
        salon_participant_get_id (host), flag, is_set, NULL, on_flag_set, task);
}

/* -- kick -- */

/* The server they are on, perhaps this one, is told by the store. */
static void
on_kicked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  GError *error = NULL;

  if (salon_store_kick_finish (SALON_STORE (source), result, &error))
    salon_rooms_refresh (g_task_get_source_object (task), ((Deed *)g_task_get_task_data (task))->room_id);
  end (task, error);
}

void
salon_rooms_kick_async (SalonRooms *self, SalonParticipant *host, const char *participant_id,
    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = begin (self, host, callback, user_data);

  if (task == NULL)
    return;
  if (g_str_equal (participant_id, salon_participant_get_id (host)))
    end (task, g_error_new_literal (
                   SALON_ERROR, SALON_ERROR_UNKNOWN_PARTICIPANT, "You can't throw yourself out; leave instead"));
  else
    salon_store_kick_async (self->store, ((Deed *)g_task_get_task_data (task))->room_id,
        salon_participant_get_id (host), participant_id, NULL, on_kicked, task);
}

/* -- admit -- */

static void
on_admitted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  GError *error = NULL;
  g_autoptr (SalonRoomState) state = salon_store_admit_finish (SALON_STORE (source), result, &error);
  SalonRoom *room = room_of (task);

  if (state != NULL && room != NULL)
    salon_rooms_sync (g_task_get_source_object (task), room, state, FALSE);
  end (task, error);
}

void
salon_rooms_admit_async (SalonRooms *self, SalonParticipant *host, const char *member_id, gboolean is_admitted,
    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = begin (self, host, callback, user_data);

  if (task != NULL)
    salon_store_admit_async (self->store, ((Deed *)g_task_get_task_data (task))->room_id,
        salon_participant_get_id (host), member_id, is_admitted, NULL, on_admitted, task);
}

/* -- close -- */

static void
on_room_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  GError *error = NULL;
  gboolean is_closed = salon_store_close_room_finish (SALON_STORE (source), result, &error);
  SalonRoom *room = room_of (task);

  end (task, error);
  if (is_closed && room != NULL)
    salon_rooms_end_room (room, SALON_ROOM_CLOSED);
}

void
salon_rooms_close_room_async (
    SalonRooms *self, SalonParticipant *host, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = begin (self, host, callback, user_data);

  if (task != NULL)
    salon_store_close_room_async (self->store, ((Deed *)g_task_get_task_data (task))->room_id,
        salon_participant_get_id (host), NULL, on_room_closed, task);
}

/* -- chat -- */

/* The store tells it to all servers, this one too, in one order; while it is away, only those here hear it, and nobody
 * who comes later. */
static void
on_message_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Deed *deed = g_task_get_task_data (task);
  SalonRoom *room = room_of (task);
  GError *error = NULL;

  if (!salon_store_add_message_finish (SALON_STORE (source), result, &error) && room != NULL
      && g_error_matches (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE))
    {
      g_clear_error (&error);
      salon_room_chat_unkept (room, deed->message);
    }
  end (task, error);
}

void
salon_rooms_chat_async (SalonRooms *self, SalonParticipant *participant, const char *text, const char *reply_to,
    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = begin (self, participant, callback, user_data);
  g_autoptr (JsonNode) json = NULL;
  g_autofree char *message = NULL;
  Deed *deed;

  if (task == NULL)
    return;
  deed = g_task_get_task_data (task);
  deed->message = salon_chat_message_new (
      salon_participant_get_id (participant), salon_participant_get_name (participant), text, reply_to);
  json = salon_chat_message_to_json (deed->message);
  message = json_to_string (json, FALSE);
  salon_store_add_message_async (self->store, deed->room_id, message, NULL, on_message_kept, task);
}

const SalonChatMessage *
salon_rooms_chat_finish (SalonRooms *self, GAsyncResult *result, GError **error)
{
  Deed *deed = g_task_get_task_data (G_TASK (result));

  return salon_rooms_deed_finish (self, result, error) ? deed->message : NULL;
}

static void
on_message_changed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Deed *deed = g_task_get_task_data (task);
  GError *error = NULL;
  SalonRoom *room = room_of (task);

  if (salon_store_change_message_finish (SALON_STORE (source), result, &error) && room != NULL)
    salon_room_chat_changed (room, deed->participant, deed->message_id, deed->text);
  end (task, error);
}

void
salon_rooms_change_message_async (SalonRooms *self, SalonParticipant *participant, const char *message_id,
    const char *text, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = begin (self, participant, callback, user_data);
  Deed *deed;

  if (task == NULL)
    return;
  deed = g_task_get_task_data (task);
  deed->message_id = g_strdup (message_id);
  deed->text = g_strdup (text);
  salon_store_change_message_async (self->store, deed->room_id, message_id, salon_participant_get_id (participant),
      text, NULL, on_message_changed, task);
}
