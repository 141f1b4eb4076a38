/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-rooms.h"

#include <gst/gst.h>

#include "salon-error.h"
#include "salon-limits.h"
#include "salon-participant-private.h"
#include "salon-rate-limit.h"
#include "salon-room.h"
#include "salon-secret.h"
#include "salon-slug.h"
#include "salon-store.h"

GST_DEBUG_CATEGORY_STATIC (salon_rooms_debug);
#define GST_CAT_DEFAULT salon_rooms_debug

struct _SalonRooms
{
  GObject parent_instance;

  SalonStore *store;                /* (owned) */
  const SalonRoomsOptions *options; /* (borrowed) */
  GHashTable *rooms;                /* (owned): id -> SalonRoom: those with somebody in them */
  GHashTable *sessions;             /* (owned): session token -> SalonParticipant (borrowed), those in a room */
  SalonRateLimit create_limit;
  guint n_leaving; /* leaves the store has not confirmed */
  gboolean is_closed;
  GPtrArray *closing; /* (owned) (element-type SalonParticipant): still to be taken down */
  GTask *close_task;  /* (owned) (nullable) */
  guint close_deadline_id;
};

G_DEFINE_FINAL_TYPE (SalonRooms, salon_rooms, G_TYPE_OBJECT)

/* -- create, get, list -- */

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  SalonRoomInfo *info = salon_store_create_room_finish (SALON_STORE (source), result, &error);

  if (info == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, info, (GDestroyNotify)salon_room_info_free);
}

void
salon_rooms_create_async (SalonRooms *self, const char *slug, SalonLifetime lifetime, guint max_members,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *normalized = NULL;
  g_autofree char *owner_hash = NULL;
  char *owner_token;
  GError *error = NULL;

  if (slug != NULL)
    normalized = salon_slug_normalize (slug, &error);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (!salon_rate_limit_take (
          &self->create_limit, SALON_LIMIT_CREATE_BURST, SALON_LIMIT_CREATE_PER_S, g_get_monotonic_time ()))
    {
      g_task_return_new_error (
          task, SALON_ERROR, SALON_ERROR_TOO_MANY_REQUESTS, "Too many rooms are being created; try again in a second");
      return;
    }
  owner_token = salon_secret_new ();
  owner_hash = salon_secret_hash (owner_token);
  g_task_set_task_data (task, owner_token, g_free);
  salon_store_create_room_async (self->store, normalized, lifetime,
      max_members != 0 ? max_members : self->options->default_max_members, owner_hash, cancellable, on_created,
      g_steal_pointer (&task));
}

SalonRoomInfo *
salon_rooms_create_finish (SalonRooms *self, GAsyncResult *result, char **owner_token, GError **error)
{
  SalonRoomInfo *info = g_task_propagate_pointer (G_TASK (result), error);

  if (info != NULL)
    *owner_token = g_strdup (g_task_get_task_data (G_TASK (result)));
  return info;
}

static void
on_got (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  SalonRoomInfo *info = salon_store_get_room_finish (SALON_STORE (source), result, &error);

  if (info == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, info, (GDestroyNotify)salon_room_info_free);
}

void
salon_rooms_get_async (
    SalonRooms *self, const char *room, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;
  g_autofree char *normalized = salon_slug_normalize (room, &error);

  if (normalized == NULL)
    g_task_return_error (task, error);
  else
    salon_store_get_room_async (self->store, normalized, cancellable, on_got, g_steal_pointer (&task));
}

SalonRoomInfo *
salon_rooms_get_finish (SalonRooms *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GPtrArray *rooms = salon_store_list_rooms_finish (SALON_STORE (source), result, &error);

  if (rooms == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, rooms, (GDestroyNotify)g_ptr_array_unref);
}

void
salon_rooms_list_async (SalonRooms *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  salon_store_list_rooms_async (
      self->store, cancellable, on_listed, g_task_new (self, cancellable, callback, user_data));
}

GPtrArray *
salon_rooms_list_finish (SalonRooms *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* -- delete -- */

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SalonRooms *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (SalonRoomInfo) info = salon_store_delete_room_finish (SALON_STORE (source), result, &error);
  SalonRoom *room;

  if (info == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  room = g_hash_table_lookup (self->rooms, info->id);
  if (room != NULL)
    salon_room_end (room, "room_deleted", "The room was deleted");
  g_task_return_boolean (task, TRUE);
}

void
salon_rooms_delete_async (SalonRooms *self, const char *room, const char *owner_token, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;
  g_autofree char *normalized = salon_slug_normalize (room, &error);
  g_autofree char *owner_hash = owner_token != NULL ? salon_secret_hash (owner_token) : NULL;

  if (normalized == NULL)
    g_task_return_error (task, error);
  else
    salon_store_delete_room_async (
        self->store, normalized, owner_hash, cancellable, on_deleted, g_steal_pointer (&task));
}

gboolean
salon_rooms_delete_finish (SalonRooms *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* -- leave -- */

typedef struct
{
  SalonRooms *rooms; /* (owned) */
  char *room_id;     /* (owned) */
  char *member_id;   /* (owned): for the log */
} Leave;

static void
leave_free (Leave *leave)
{
  g_object_unref (leave->rooms);
  g_free (leave->room_id);
  g_free (leave->member_id);
  g_free (leave);
}

static void
finish_close (SalonRooms *self, gboolean is_complete)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->close_task);

  g_clear_handle_id (&self->close_deadline_id, g_source_remove);
  g_task_return_boolean (task, is_complete);
}

static void
finish_close_if_done (SalonRooms *self)
{
  if (self->close_task != NULL && self->n_leaving == 0 && g_hash_table_size (self->rooms) == 0)
    finish_close (self, TRUE);
}

static void
on_left_store (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Leave *leave = user_data;
  SalonRooms *self = leave->rooms;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRoomInfo) info = salon_store_leave_finish (SALON_STORE (source), result, &error);
  SalonRoom *room = g_hash_table_lookup (self->rooms, leave->room_id);

  if (error != NULL)
    GST_WARNING ("room %s: %s is still in the store: %s", leave->room_id, leave->member_id, error->message);
  if (info != NULL && room != NULL)
    salon_room_set_info (room, info);
  self->n_leaving--;
  finish_close_if_done (self);
  leave_free (leave);
}

static void
leave_store (SalonRooms *self, const char *room_id, const char *member_id)
{
  Leave *leave = g_new (Leave, 1);

  leave->rooms = g_object_ref (self);
  leave->room_id = g_strdup (room_id);
  leave->member_id = g_strdup (member_id);
  self->n_leaving++;
  salon_store_leave_async (self->store, room_id, member_id, NULL, on_left_store, leave);
}

static void
on_participant_left (SalonParticipant *participant, SalonRoom *room, gpointer user_data)
{
  SalonRooms *self = user_data;
  const char *room_id = salon_room_get_info (room)->id;

  g_hash_table_remove (self->sessions, salon_participant_get_session_token (participant));
  /* When we close, the store is told of all at once. */
  if (!self->is_closed)
    leave_store (self, room_id, salon_participant_get_id (participant));
  salon_room_remove_participant (room, participant);
  if (salon_room_get_participants (room)->len > 0)
    return;
  salon_room_close (room);
  g_hash_table_remove (self->rooms, room_id);
}

/* -- chat -- */

static void
on_message_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!salon_store_add_message_finish (SALON_STORE (source), result, &error))
    GST_WARNING ("a message is not in the history: %s", error->message);
}

static void
on_said (SalonRoom *room, const SalonChatMessage *message, gpointer user_data)
{
  SalonRooms *self = user_data;
  g_autoptr (JsonNode) json = salon_chat_message_to_json (message);
  g_autofree char *text = json_to_string (json, FALSE);

  salon_store_add_message_async (self->store, salon_room_get_info (room)->id, text, NULL, on_message_kept, NULL);
}

typedef struct
{
  SalonParticipant *participant; /* (owned) */
  char *message_id;              /* (owned) */
  char *text;                    /* (owned) (nullable) */
} Change;

static void
change_free (Change *change)
{
  g_object_unref (change->participant);
  g_free (change->message_id);
  g_free (change->text);
  g_free (change);
}

static void
on_message_changed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Change *change = g_task_get_task_data (task);
  SalonRoom *room = salon_participant_get_room (change->participant);
  GError *error = NULL;

  if (!salon_store_change_message_finish (SALON_STORE (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (room != NULL)
    salon_room_chat_changed (room, change->participant, change->message_id, change->text);
  g_task_return_boolean (task, TRUE);
}

void
salon_rooms_change_message_async (SalonRooms *self, SalonParticipant *participant, const char *message_id,
    const char *text, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  const SalonRoomInfo *info = salon_participant_get_room_info (participant);
  gboolean may_touch_any = text == NULL && salon_participant_is_host (participant);
  Change *change = g_new (Change, 1);

  *change = (Change){ g_object_ref (participant), g_strdup (message_id), g_strdup (text) };
  g_task_set_task_data (task, change, (GDestroyNotify)change_free);
  if (info == NULL)
    {
      g_task_return_new_error (task, SALON_ERROR, SALON_ERROR_NOT_JOINED, "You have left the room; join again");
      g_object_unref (task);
      return;
    }
  salon_store_change_message_async (self->store, info->id, message_id,
      may_touch_any ? NULL : salon_participant_get_id (participant), text, NULL, on_message_changed, task);
}

gboolean
salon_rooms_change_message_finish (SalonRooms *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* -- lock -- */

static void
on_locked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SalonRooms *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (SalonRoomInfo) info = salon_store_lock_finish (SALON_STORE (source), result, &error);
  SalonRoom *room = info != NULL ? g_hash_table_lookup (self->rooms, info->id) : NULL;

  if (info == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (room != NULL)
    salon_room_set_info (room, info);
  g_task_return_boolean (task, TRUE);
}

void
salon_rooms_lock_async (
    SalonRooms *self, SalonParticipant *host, gboolean is_locked, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;

  if (!salon_participant_check_host (host, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  salon_store_lock_async (self->store, salon_participant_get_room_info (host)->id, is_locked, NULL, on_locked, task);
}

gboolean
salon_rooms_lock_finish (SalonRooms *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* -- join -- */

static const SalonParticipantOwner participant_owner = { on_participant_left, on_said };

typedef struct
{
  SalonParticipantDetails details;      /* strings (owned) */
  const SalonParticipantEvents *events; /* (borrowed) */
  gpointer session;                     /* (borrowed) */
  SalonParticipant *participant;        /* (owned) (nullable): once there is one */
  SalonJoinOutcome outcome;
} Join;

static Join *
join_new (const SalonJoinRequest *request, const SalonParticipantEvents *events, gpointer session, guint grace_s)
{
  Join *join = g_new0 (Join, 1);

  join->details.id = g_uuid_string_random ();
  join->details.name = g_strdup (request->name);
  join->details.session_token = salon_secret_new ();
  join->details.may_publish = request->may_publish;
  join->details.grace_s = grace_s;
  join->events = events;
  join->session = session;
  return join;
}

void
salon_join_outcome_clear (SalonJoinOutcome *outcome)
{
  g_clear_pointer (&outcome->chat, g_ptr_array_unref);
}

static void
join_free (Join *join)
{
  g_free ((char *)join->details.id);
  g_free ((char *)join->details.name);
  g_free ((char *)join->details.session_token);
  g_clear_object (&join->participant);
  salon_join_outcome_clear (&join->outcome);
  g_free (join);
}

static SalonRoom *
ensure_room (SalonRooms *self, const SalonRoomInfo *info)
{
  SalonRoom *room = g_hash_table_lookup (self->rooms, info->id);

  if (room == NULL)
    {
      room = salon_room_new (info, &self->options->media);
      g_hash_table_insert (self->rooms, g_strdup (info->id), room);
    }
  else
    salon_room_set_info (room, info);
  return room;
}

static SalonParticipant *
make_participant (SalonRooms *self, SalonRoom *room, const Join *join)
{
  SalonParticipant *participant
      = salon_participant_new (&join->details, room, join->events, join->session, &participant_owner, self);

  g_hash_table_replace (self->sessions, g_strdup (join->details.session_token), participant);
  return participant;
}

/* task: (transfer full). Somebody without history is still in the room. */
static void
on_chat_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Join *join = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  join->outcome.chat = salon_store_list_messages_finish (SALON_STORE (source), result, &error);
  if (join->outcome.chat == NULL)
    {
      GST_WARNING ("no history: %s", error->message);
      join->outcome.chat = g_ptr_array_new ();
    }
  g_task_return_pointer (task, g_steal_pointer (&join->participant), g_object_unref);
}

/* task: (transfer full) */
static void
finish_join (SalonRooms *self, GTask *task, const char *room_id)
{
  salon_store_list_messages_async (self->store, room_id, NULL, on_chat_listed, task);
}

static void
on_joined_store (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  SalonRooms *self = g_task_get_source_object (task);
  Join *join = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (SalonRoomInfo) info = salon_store_join_finish (SALON_STORE (source), result, &error);
  SalonRoom *room;

  if (info != NULL && self->is_closed)
    {
      leave_store (self, info->id, join->details.id);
      g_set_error_literal (&error, SALON_ERROR, SALON_ERROR_SHUTTING_DOWN, "The server is stopping; join again soon");
    }
  if (error != NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  room = ensure_room (self, info);
  join->participant = make_participant (self, room, join);
  salon_room_add_participant (room, join->participant);
  finish_join (self, task, info->id);
}

/* The participant of a session token, if it is in this room. */
static SalonParticipant *
find_session (SalonRooms *self, const char *token, const char *room)
{
  SalonParticipant *participant = token != NULL ? g_hash_table_lookup (self->sessions, token) : NULL;
  const SalonRoomInfo *info = participant != NULL ? salon_participant_get_room_info (participant) : NULL;

  return info != NULL && (g_str_equal (info->id, room) || g_str_equal (info->slug, room)) ? participant : NULL;
}

/* The same member in a new session: with the old connections if both sides still have them, else afresh. */
static void
come_back (SalonRooms *self, GTask *task, SalonParticipant *old, gboolean is_resuming)
{
  Join *join = g_task_get_task_data (task);
  g_autoptr (SalonRoom) room = g_object_ref (salon_participant_get_room (old));

  join->outcome.is_resumed = is_resuming && salon_participant_can_resume (old);
  if (join->outcome.is_resumed)
    {
      join->participant = g_object_ref (old);
      salon_participant_resume (old, join->events, join->session);
    }
  else
    {
      g_autoptr (SalonParticipant) replaced = g_object_ref (old);

      g_free ((char *)join->details.id);
      g_free ((char *)join->details.session_token);
      join->details.id = g_strdup (salon_participant_get_id (old));
      join->details.session_token = g_strdup (salon_participant_get_session_token (old));
      join->participant = make_participant (self, room, join);
      salon_room_replace_participant (room, old, join->participant);
      salon_participant_end_replaced (replaced);
    }
  finish_join (self, task, salon_room_get_info (room)->id);
}

void
salon_rooms_join_async (SalonRooms *self, const SalonJoinRequest *request, const SalonParticipantEvents *events,
    gpointer session, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;
  g_autofree char *room = salon_slug_normalize (request->room, &error);
  SalonParticipant *old;
  Join *join;

  /* The store looks whether it was cancelled, and takes the member out again; whoever is admitted is handed over. */
  g_task_set_check_cancellable (task, FALSE);
  if (room != NULL && self->is_closed)
    g_set_error_literal (&error, SALON_ERROR, SALON_ERROR_SHUTTING_DOWN, "The server is stopping; join again soon");
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  join = join_new (request, events, session, self->options->grace_s);
  g_task_set_task_data (task, join, (GDestroyNotify)join_free);
  old = find_session (self, request->session_token, room);
  if (old != NULL)
    come_back (self, g_steal_pointer (&task), old, request->is_resuming);
  else
    salon_store_join_async (self->store, room, join->details.id, join->details.name, self->options->may_create,
        self->options->default_max_members, cancellable, on_joined_store, g_steal_pointer (&task));
}

SalonParticipant *
salon_rooms_join_finish (SalonRooms *self, GAsyncResult *result, SalonJoinOutcome *outcome, GError **error)
{
  SalonParticipant *participant = g_task_propagate_pointer (G_TASK (result), error);
  Join *join = g_task_get_task_data (G_TASK (result));

  if (participant == NULL)
    return NULL;
  *outcome = join->outcome;
  join->outcome.chat = NULL;
  return participant;
}

/* -- life -- */

static gboolean
on_close_deadline (gpointer user_data)
{
  SalonRooms *self = user_data;

  GST_WARNING (
      "out of time: %u members not out of the store, %u with their media up", self->n_leaving, self->closing->len);
  self->close_deadline_id = 0;
  finish_close (self, FALSE);
  return G_SOURCE_REMOVE;
}

/* One a turn of the main loop: deadlines and signals are looked at in between. */
static gboolean
close_one (gpointer user_data)
{
  SalonRooms *self = user_data;
  g_autoptr (SalonParticipant) participant = NULL;

  if (self->closing->len > 0 && self->close_task != NULL)
    {
      participant = g_ptr_array_steal_index_fast (self->closing, self->closing->len - 1);
      salon_participant_leave (participant);
      return G_SOURCE_CONTINUE;
    }
  finish_close_if_done (self);
  return G_SOURCE_REMOVE;
}

static void
say_goodbye_to_room (SalonRooms *self, SalonRoom *room)
{
  GPtrArray *participants = salon_room_get_participants (room);

  for (guint i = 0; i < participants->len; i++)
    {
      SalonParticipant *participant = g_ptr_array_index (participants, i);

      g_ptr_array_add (self->closing, g_object_ref (participant));
      leave_store (self, salon_room_get_info (room)->id, salon_participant_get_id (participant));
    }
}

void
salon_rooms_close_async (SalonRooms *self, guint deadline_ms, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GList) rooms = g_hash_table_get_values (self->rooms);

  g_assert (!self->is_closed);
  self->is_closed = TRUE;
  self->close_task = g_task_new (self, NULL, callback, user_data);
  self->close_deadline_id = g_timeout_add (deadline_ms, on_close_deadline, self);
  for (GList *link = rooms; link != NULL; link = link->next)
    say_goodbye_to_room (self, link->data);
  for (guint i = 0; i < self->closing->len; i++)
    salon_participant_say_goodbye (
        g_ptr_array_index (self->closing, i), "shutting_down", "The server is stopping; join again soon");
  g_idle_add (close_one, self);
}

gboolean
salon_rooms_close_finish (SalonRooms *self, GAsyncResult *result)
{
  return g_task_propagate_boolean (G_TASK (result), NULL);
}

guint
salon_rooms_get_grace_s (SalonRooms *self)
{
  return self->options->grace_s;
}

SalonRooms *
salon_rooms_new (SalonStore *store, const SalonRoomsOptions *options)
{
  SalonRooms *self = g_object_new (SALON_TYPE_ROOMS, NULL);

  self->store = g_object_ref (store);
  self->options = options;
  return self;
}

static void
salon_rooms_finalize (GObject *object)
{
  SalonRooms *self = SALON_ROOMS (object);

  g_assert (g_hash_table_size (self->rooms) == 0); /* salon_rooms_close_async() was called */
  g_hash_table_unref (self->rooms);
  g_hash_table_unref (self->sessions);
  g_ptr_array_unref (self->closing);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (salon_rooms_parent_class)->finalize (object);
}

static void
salon_rooms_class_init (SalonRoomsClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_rooms_debug, "salon-rooms", 0, "Salon rooms");
  G_OBJECT_CLASS (klass)->finalize = salon_rooms_finalize;
}

static void
salon_rooms_init (SalonRooms *self)
{
  self->rooms = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->closing = g_ptr_array_new_with_free_func (g_object_unref);
  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}
