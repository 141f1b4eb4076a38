/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-rooms-private.h"

#include <gst/gst.h>

#include "salon-error.h"
#include "salon-limits.h"
#include "salon-secret.h"
#include "salon-slug.h"

/* -- leave -- */

typedef struct
{
  SalonRooms *rooms;  /* (owned) */
  char *room_id;      /* (owned) */
  char *member_id;    /* (owned): for the log */
  gboolean is_person; /* who was in the room, and could be its host */
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
on_left_store (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Leave *leave = user_data;
  SalonRooms *self = leave->rooms;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRoomInfo) info = salon_store_leave_finish (SALON_STORE (source), result, &error);

  if (error != NULL)
    GST_WARNING ("room %s: %s is still in the store: %s", leave->room_id, leave->member_id, error->message);
  /* The room as it was when they had left: by a later state, of which a join may tell first, there was no host before
   * either, and so it is no news. */
  if (leave->is_person && (info == NULL || info->host == NULL))
    salon_rooms_tell_deserted (self, leave->room_id);
  /* Perhaps they have come back elsewhere before they left here. */
  if (info != NULL && g_hash_table_contains (self->rooms, leave->room_id))
    salon_rooms_refresh (self, leave->room_id);
  self->n_leaving--;
  salon_rooms_finish_close_if_done (self);
  leave_free (leave);
}

static void
leave_store (SalonRooms *self, const char *room_id, const char *member_id, const char *session_id, gboolean is_person)
{
  Leave *leave = g_new (Leave, 1);

  leave->rooms = g_object_ref (self);
  leave->room_id = g_strdup (room_id);
  leave->member_id = g_strdup (member_id);
  leave->is_person = is_person;
  self->n_leaving++;
  salon_store_leave_async (self->store, room_id, member_id, session_id, NULL, on_left_store, leave);
}

void
salon_rooms_leave_store (SalonRooms *self, const char *room_id, const char *member_id, const char *session_id)
{
  leave_store (self, room_id, member_id, session_id, FALSE);
}

/* The token may be that of a newer participant in the same place. */
static void
forget_session (SalonRooms *self, SalonParticipant *participant)
{
  const char *token = salon_participant_get_session_token (participant);

  if (g_hash_table_lookup (self->sessions, token) == participant)
    g_hash_table_remove (self->sessions, token);
}

static void
on_participant_left (SalonParticipant *participant, SalonRoom *room, gpointer user_data)
{
  SalonRooms *self = user_data;

  forget_session (self, participant);
  /* When we close, the store is told of all at once. */
  if (!self->is_closed)
    leave_store (self, salon_room_get_info (room)->id, salon_participant_get_id (participant),
        salon_participant_get_session_id (participant), !salon_participant_is_unattended (participant));
  salon_room_remove_participant (room, participant, !salon_store_is_available (self->store));
  salon_rooms_close_room_if_empty (self, room);
}

static void
on_participant_replaced (SalonParticipant *participant, SalonRoom *room, gpointer user_data)
{
  forget_session (user_data, participant);
}

static const SalonParticipantOwner participant_owner = { on_participant_left, on_participant_replaced };

/* -- join -- */

/* The life of a join:
 *
 *   ask the store -> the chat so far -> in the room
 *     ^      '-> wait for the host -> refused, or not let in in time
 *     '-------------------'  let in */
typedef struct
{
  char *room;       /* (owned): id or slug */
  char *old_token;  /* (owned) (nullable) */
  char *owner_hash; /* (owned) (nullable) */
  gboolean is_trusted;
  gboolean is_resuming;                 /* with the old token: the client still has its connections */
  SalonParticipantDetails details;      /* strings (owned) */
  const SalonParticipantEvents *events; /* (borrowed) */
  gpointer session;                     /* (borrowed) */
  SalonParticipant *participant;        /* (owned) (nullable): once there is one */
  SalonJoinOutcome outcome;
  guint wait_id; /* the source that ends the waiting, or 0 */
  gulong cancelled_id;
} Join;

static Join *
join_new (const SalonJoinRequest *request, const SalonParticipantEvents *events, gpointer session,
    const SalonRoomsOptions *options)
{
  Join *join = g_new0 (Join, 1);

  join->details.id = g_uuid_string_random ();
  join->details.name = g_strdup (request->name);
  join->details.session_id = g_uuid_string_random ();
  join->details.session_token = request->is_token_own ? g_strdup (request->session_token) : salon_secret_new ();
  join->details.is_unattended = request->is_unattended;
  join->details.may_publish = request->may_publish;
  join->details.grace_s = options->grace_s;
  join->details.max_video = MIN (request->max_video, options->media.max_video);
  join->details.takes_data = request->takes_data;
  join->details.speaks_ion = request->speaks_ion;
  join->old_token = g_strdup (request->session_token);
  join->owner_hash = request->owner_token != NULL ? salon_secret_hash (request->owner_token) : NULL;
  join->is_trusted = request->is_trusted;
  join->is_resuming = request->is_resuming;
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
  g_free (join->room);
  g_free (join->old_token);
  g_free (join->owner_hash);
  g_free ((char *)join->details.id);
  g_free ((char *)join->details.name);
  g_free ((char *)join->details.session_id);
  g_free ((char *)join->details.session_token);
  g_clear_object (&join->participant);
  salon_join_outcome_clear (&join->outcome);
  g_free (join);
}

/* Who comes back has the id and the token of before. */
static void
take_identity (Join *join, const char *member_id)
{
  g_free ((char *)join->details.id);
  g_free ((char *)join->details.session_token);
  join->details.id = g_strdup (member_id);
  join->details.session_token = g_strdup (join->old_token);
}

static SalonRoom *
ensure_room (SalonRooms *self, const SalonRoomInfo *info)
{
  SalonRoom *room = g_hash_table_lookup (self->rooms, info->id);

  if (room == NULL)
    {
      room = salon_room_new (
          info, salon_store_get_node_id (self->store), &self->options->media, &self->transcode_budget);
      g_hash_table_insert (self->rooms, g_strdup (info->id), room);
    }
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
      join->outcome.chat = g_ptr_array_new_with_free_func (g_free);
    }
  g_task_return_pointer (task, g_steal_pointer (&join->participant), g_object_unref);
}

/* task: (transfer full) */
static void
finish_join (SalonRooms *self, GTask *task, SalonRoom *room)
{
  salon_store_list_messages_async (self->store, salon_room_get_info (room)->id, NULL, on_chat_listed, task);
}

/* The same member in a new session: with the old connections if both sides still have them, else afresh. */
static void
come_back (SalonRooms *self, SalonRoom *room, SalonParticipant *old, Join *join)
{
  join->outcome.is_resumed = join->is_resuming && salon_participant_can_resume (old);
  if (join->outcome.is_resumed)
    {
      join->participant = g_object_ref (old);
      salon_participant_resume (old, join->details.session_id, join->events, join->session);
    }
  else
    {
      g_autoptr (SalonParticipant) replaced = g_object_ref (old);

      join->participant = make_participant (self, room, join);
      salon_room_replace_participant (room, old, join->participant);
      salon_participant_end_replaced (replaced);
    }
}

static void
enter (SalonRooms *self, SalonRoom *room, Join *join)
{
  SalonParticipant *old = salon_room_find_participant (room, join->details.id);

  if (old != NULL)
    come_back (self, room, old, join);
  else
    {
      join->participant = make_participant (self, room, join);
      salon_room_add_participant (room, join->participant);
    }
}

/* -- without the store -- */

/* The participant of a session token, if it is in this room. */
static SalonParticipant *
find_session (SalonRooms *self, const char *token, const char *room)
{
  SalonParticipant *participant = token != NULL ? g_hash_table_lookup (self->sessions, token) : NULL;
  const SalonRoomInfo *info = participant != NULL ? salon_participant_get_room_info (participant) : NULL;

  return info != NULL && (g_str_equal (info->id, room) || g_str_equal (info->slug, room)) ? participant : NULL;
}

/* Nobody but we let people into our own store's rooms, so we know what it would say. */
static gboolean
would_admit (SalonRooms *self, SalonRoom *room)
{
  const SalonRoomInfo *info = salon_room_get_info (room);

  return self->options->is_alone && !info->is_locked && !info->has_waiting_room
         && salon_room_get_participants (room)->len < info->max_members;
}

/* While the store is away, somebody of ours can come back, and an open room can take people in where that is safe. The
 * store is told when it is there again: see claims. */
static SalonRoom *
find_room_without_store (SalonRooms *self, Join *join)
{
  SalonParticipant *old = find_session (self, join->old_token, join->room);
  SalonRoom *room = old != NULL ? salon_participant_get_room (old) : salon_rooms_find_open (self, join->room);

  if (old != NULL)
    take_identity (join, salon_participant_get_id (old));
  else if (room != NULL && would_admit (self, room))
    {
      /* The store takes out whom it may have let in: this is somebody else. */
      g_free ((char *)join->details.id);
      join->details.id = g_uuid_string_random ();
    }
  else
    room = NULL;
  return room;
}

/* -- waiting for the host -- */

/* Returns: (transfer full) (nullable) */
static GTask *
stop_waiting (SalonRooms *self, const char *member_id)
{
  GTask *task = g_hash_table_lookup (self->waiting, member_id);
  Join *join;

  if (task == NULL)
    return NULL;
  join = g_task_get_task_data (task);
  g_hash_table_remove (self->waiting, member_id);
  g_clear_handle_id (&join->wait_id, g_source_remove);
  g_signal_handler_disconnect (g_task_get_cancellable (task), join->cancelled_id);
  return task;
}

static void
give_up (SalonRooms *self, const char *member_id, SalonError code, const char *message)
{
  g_autoptr (GTask) task = stop_waiting (self, member_id);
  Join *join = g_task_get_task_data (task);

  salon_rooms_leave_store (self, join->room, join->details.id, join->details.session_id);
  g_task_return_new_error (task, SALON_ERROR, code, "%s", message);
}

static gboolean
on_waited_long_enough (gpointer user_data)
{
  GTask *task = user_data;
  Join *join = g_task_get_task_data (task);

  join->wait_id = 0;
  give_up (g_task_get_source_object (task), join->details.id, SALON_ERROR_NOT_ADMITTED,
      "The host has not answered; try again later");
  return G_SOURCE_REMOVE;
}

static gboolean
give_up_cancelled (gpointer user_data)
{
  GTask *task = user_data;
  SalonRooms *self = g_task_get_source_object (task);
  Join *join = g_task_get_task_data (task);

  if (g_hash_table_lookup (self->waiting, join->details.id) == task)
    give_up (self, join->details.id, SALON_ERROR_NOT_JOINED, "You have left");
  return G_SOURCE_REMOVE;
}

/* Not at once: a handler can't be disconnected inside its own signal of a cancellable. */
static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_idle_add_full (G_PRIORITY_DEFAULT, give_up_cancelled, g_object_ref (user_data), g_object_unref);
}

/* task: (transfer full) */
static void
wait_for_host (SalonRooms *self, GTask *task)
{
  Join *join = g_task_get_task_data (task);

  g_hash_table_insert (self->waiting, g_strdup (join->details.id), task);
  join->wait_id = g_timeout_add_seconds (SALON_LIMIT_WAIT_S, on_waited_long_enough, task);
  join->cancelled_id = g_signal_connect (g_task_get_cancellable (task), "cancelled", G_CALLBACK (on_cancelled), task);
  if (join->events->waiting != NULL)
    join->events->waiting (join->session);
}

/* -- the store's answer -- */

static SalonRoom *
open_room (SalonRooms *self, Join *join, const SalonRoomState *state, const char *member_id)
{
  SalonRoom *room = ensure_room (self, state->info);

  if (!g_str_equal (member_id, join->details.id))
    take_identity (join, member_id);
  salon_rooms_take_state (self, room, state, FALSE);
  if (g_hash_table_contains (self->stale, state->info->id))
    salon_rooms_refresh (self, state->info->id);
  return room;
}

/* Whom the store has let in, or makes wait, goes again. */
static void
undo_join (SalonRooms *self, Join *join, const char *member_id, GError **error)
{
  salon_rooms_leave_store (
      self, join->room, member_id != NULL ? member_id : join->details.id, join->details.session_id);
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_SHUTTING_DOWN, "The server is stopping; join again soon");
}

static void
on_joined_store (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SalonRooms *self = g_task_get_source_object (task);
  Join *join = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autofree char *member_id = NULL;
  g_autoptr (SalonRoomState) state = salon_store_join_finish (SALON_STORE (source), result, &member_id, &error);
  SalonRoom *room = NULL;

  if (error == NULL && self->is_closed)
    undo_join (self, join, member_id, &error);
  else if (state != NULL)
    room = open_room (self, join, state, member_id);
  else if (g_error_matches (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE) && !self->is_closed)
    room = find_room_without_store (self, join);
  if (--self->n_joining == 0)
    g_hash_table_remove_all (self->stale);

  if (room != NULL)
    {
      enter (self, room, join);
      finish_join (self, g_steal_pointer (&task), room);
    }
  else if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    wait_for_host (self, g_steal_pointer (&task));
}

/* A program that comes back to the id of a room that is gone is not to wait in one of that name for ever. */
static gboolean
may_create (SalonRooms *self, const Join *join)
{
  return self->options->may_create && !(join->details.is_unattended && salon_slug_is_id (join->room));
}

/* task: (transfer full). Who is here stays here, whatever becomes of the session that asks: its answer is waited for.
 */
static void
ask_store (SalonRooms *self, GTask *task)
{
  Join *join = g_task_get_task_data (task);
  g_autofree char *token_hash = salon_secret_hash (join->details.session_token);
  g_autofree char *old_token_hash = join->old_token != NULL ? salon_secret_hash (join->old_token) : NULL;
  gboolean is_here = find_session (self, join->old_token, join->room) != NULL;

  self->n_joining++;
  salon_store_join_async (self->store,
      &(SalonStoreJoin){
          .room = join->room,
          .member_id = join->details.id,
          .session_id = join->details.session_id,
          .name = join->details.name,
          .token_hash = token_hash,
          .old_token_hash = old_token_hash,
          .is_here = is_here,
          .owner_hash = join->owner_hash,
          .is_trusted = join->is_trusted,
          .is_unattended = join->details.is_unattended,
          .may_create = may_create (self, join),
          .max_members = self->options->default_max_members,
      },
      is_here ? NULL : g_task_get_cancellable (task), on_joined_store, task);
}

void
salon_rooms_join_again (SalonRooms *self, const char *member_id)
{
  GTask *task = stop_waiting (self, member_id);

  if (task != NULL)
    ask_store (self, task);
}

void
salon_rooms_deny (SalonRooms *self, const char *member_id)
{
  g_autoptr (GTask) task = stop_waiting (self, member_id);

  if (task != NULL)
    g_task_return_new_error (task, SALON_ERROR, SALON_ERROR_NOT_ADMITTED, "The host has not let you in");
}

void
salon_rooms_give_up_waiting (SalonRooms *self)
{
  g_autoptr (GList) members = g_hash_table_get_keys (self->waiting);

  for (GList *link = members; link != NULL; link = link->next)
    {
      g_autofree char *member_id = g_strdup (link->data);

      give_up (self, member_id, SALON_ERROR_SHUTTING_DOWN, "The server is stopping; join again soon");
    }
}

void
salon_rooms_join_async (SalonRooms *self, const SalonJoinRequest *request, const SalonParticipantEvents *events,
    gpointer session, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;
  char *room = salon_slug_normalize (request->room, &error);
  Join *join;

  /* The store looks whether it was cancelled, and takes the member out again; whoever is admitted is handed over. */
  g_task_set_check_cancellable (task, FALSE);
  if (room != NULL && self->is_closed)
    g_set_error_literal (&error, SALON_ERROR, SALON_ERROR_SHUTTING_DOWN, "The server is stopping; join again soon");
  join = join_new (request, events, session, self->options);
  join->room = room;
  g_task_set_task_data (task, join, (GDestroyNotify)join_free);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    ask_store (self, g_steal_pointer (&task));
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
