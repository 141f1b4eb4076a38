/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-rooms-private.h"

#include <gst/gst.h>

#include "salon-error.h"
#include "salon-limits.h"
#include "salon-secret.h"
#include "salon-slug.h"

GST_DEBUG_CATEGORY_STATIC (salon_rooms_debug);
#define GST_CAT_DEFAULT salon_rooms_debug

enum
{
  SIGNAL_DELETED,
  SIGNAL_DESERTED,
  SIGNAL_USURPED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

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
salon_rooms_create_async (SalonRooms *self, const SalonRoomSpec *wanted, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *normalized = NULL;
  g_autofree char *owner_hash = NULL;
  SalonRoomSpec spec = *wanted;
  char *owner_token;
  GError *error = NULL;

  if (spec.slug != NULL)
    normalized = salon_slug_normalize (spec.slug, &error);
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
  spec.slug = normalized;
  if (spec.max_members == 0)
    spec.max_members = self->options->default_max_members;
  salon_store_create_room_async (self->store, &spec, owner_hash, cancellable, on_created, g_steal_pointer (&task));
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

void
salon_rooms_get_own_async (SalonRooms *self, const char *room, const char *owner_token, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;
  g_autofree char *normalized = salon_slug_normalize (room, &error);
  g_autofree char *owner_hash = salon_secret_hash (owner_token);

  if (normalized == NULL)
    g_task_return_error (task, error);
  else
    salon_store_get_own_room_async (self->store, normalized, owner_hash, cancellable, on_got, g_steal_pointer (&task));
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

void
salon_rooms_end_room (SalonRoom *room, SalonRoomEnd end)
{
  g_autoptr (SalonRoom) ended = g_object_ref (room);

  if (end == SALON_ROOM_CLOSED)
    salon_room_end (ended, "room_closed", "The host has ended the call");
  else
    salon_room_end (ended, "room_deleted", "The room was deleted");
}

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
    salon_rooms_end_room (room, SALON_ROOM_DELETED);
  g_signal_emit (self, signals[SIGNAL_DELETED], 0, info->id);
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

/* -- open rooms -- */

SalonRoom *
salon_rooms_find_open (SalonRooms *self, const char *name)
{
  SalonRoom *room = g_hash_table_lookup (self->rooms, name);
  GHashTableIter iter;
  gpointer other;

  g_hash_table_iter_init (&iter, self->rooms);
  while (room == NULL && g_hash_table_iter_next (&iter, NULL, &other))
    {
      if (g_str_equal (salon_room_get_info (other)->slug, name))
        room = other;
    }
  return room;
}

gboolean
salon_rooms_has_host (SalonRooms *self, const char *room)
{
  SalonRoom *open = g_hash_table_lookup (self->rooms, room);

  return open != NULL && salon_room_get_info (open)->host != NULL;
}

void
salon_rooms_tell_deserted (SalonRooms *self, const char *room_id)
{
  /* When the server itself goes, they come back to the next. */
  if (!self->is_closed)
    g_signal_emit (self, signals[SIGNAL_DESERTED], 0, room_id);
}

void
salon_rooms_close_room_if_empty (SalonRooms *self, SalonRoom *room)
{
  if (salon_room_get_participants (room)->len > 0)
    return;
  salon_room_close (room);
  g_hash_table_remove (self->rooms, salon_room_get_info (room)->id);
}

void
salon_rooms_take_state (SalonRooms *self, SalonRoom *room, const SalonRoomState *state, gboolean is_claimed)
{
  gboolean had_host = salon_room_get_info (room)->host != NULL;

  salon_room_sync (room, state, is_claimed);
  if (had_host && state->info->host == NULL)
    salon_rooms_tell_deserted (self, state->info->id);
}

void
salon_rooms_sync (SalonRooms *self, SalonRoom *room, const SalonRoomState *state, gboolean is_claimed)
{
  g_autoptr (SalonRoom) open = g_object_ref (room);

  salon_rooms_take_state (self, open, state, is_claimed);
  /* Somebody was about to come back elsewhere, and then did not. */
  if (!is_claimed && !self->is_closed && salon_room_is_missed_by (open, state))
    salon_rooms_claim (self, open);
  salon_rooms_close_room_if_empty (self, open);
}

static void
on_fetched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SalonRooms) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRoomState) state = salon_store_fetch_finish (SALON_STORE (source), result, &error);
  SalonRoom *room = state != NULL ? g_hash_table_lookup (self->rooms, state->info->id) : NULL;

  /* A room that is gone has been told of as such, and an outage ends with a claim. */
  if (error != NULL)
    GST_DEBUG ("not fetched: %s", error->message);
  if (room != NULL)
    salon_rooms_sync (self, room, state, FALSE);
}

void
salon_rooms_refresh (SalonRooms *self, const char *room_id)
{
  salon_store_fetch_async (self->store, room_id, NULL, on_fetched, g_object_ref (self));
}

/* -- transcoding -- */

void
salon_rooms_set_jobs (SalonRooms *self, SalonJobs *jobs, guint max_transcodes)
{
  g_assert (self->transcode_budget.jobs == NULL);
  self->transcode_budget.jobs = g_object_ref (jobs);
  self->transcode_budget.max = max_transcodes;
}

SalonTranscodeEnd *
salon_rooms_transcode (SalonRooms *self, const char *room, const char *track, const SalonTranscodeRequest *request,
    const char **path, const char **secret, GError **error)
{
  g_autofree char *name = salon_slug_normalize (room, error);
  SalonRoom *open = name != NULL ? salon_rooms_find_open (self, name) : NULL;
  const SalonPublication *publication = open != NULL ? salon_room_find_publication (open, track) : NULL;

  if (publication != NULL && salon_source_is_video (publication->source))
    return salon_transcoder_open (salon_room_get_transcoder (open), publication, request, path, secret, error);
  if (name != NULL)
    g_set_error_literal (error, SALON_ERROR, SALON_ERROR_UNKNOWN_TRACK, "Nobody there publishes a picture of this id");
  return NULL;
}

/* -- life -- */

static void
finish_close (SalonRooms *self, gboolean is_complete)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->close_task);

  g_clear_handle_id (&self->close_deadline_id, g_source_remove);
  g_task_return_boolean (task, is_complete);
}

void
salon_rooms_finish_close_if_done (SalonRooms *self)
{
  if (self->close_task != NULL && self->n_leaving == 0 && g_hash_table_size (self->rooms) == 0)
    finish_close (self, TRUE);
}

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
  salon_rooms_finish_close_if_done (self);
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
      salon_rooms_leave_store (self, salon_room_get_info (room)->id, salon_participant_get_id (participant),
          salon_participant_get_session_id (participant));
    }
}

void
salon_rooms_close_async (SalonRooms *self, guint deadline_ms, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GList) rooms = g_hash_table_get_values (self->rooms);

  g_assert (!self->is_closed);
  self->is_closed = TRUE;
  g_clear_handle_id (&self->refresh_id, g_source_remove);
  self->close_task = g_task_new (self, NULL, callback, user_data);
  self->close_deadline_id = g_timeout_add (deadline_ms, on_close_deadline, self);
  for (GList *link = rooms; link != NULL; link = link->next)
    say_goodbye_to_room (self, link->data);
  salon_rooms_give_up_waiting (self);
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
  salon_store_set_events (store, &salon_rooms_store_events, self);
  return self;
}

static void
salon_rooms_finalize (GObject *object)
{
  SalonRooms *self = SALON_ROOMS (object);

  g_assert (g_hash_table_size (self->rooms) == 0); /* salon_rooms_close_async() was called */
  g_hash_table_unref (self->rooms);
  g_hash_table_unref (self->sessions);
  g_assert (g_hash_table_size (self->waiting) == 0);
  g_hash_table_unref (self->waiting);
  g_hash_table_unref (self->stale);
  g_ptr_array_unref (self->closing);
  g_clear_object (&self->transcode_budget.jobs);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (salon_rooms_parent_class)->finalize (object);
}

static void
salon_rooms_class_init (SalonRoomsClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_rooms_debug, "salon-rooms", 0, "Salon rooms");
  G_OBJECT_CLASS (klass)->finalize = salon_rooms_finalize;

  signals[SIGNAL_DELETED] = g_signal_new (
      "deleted", SALON_TYPE_ROOMS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SIGNAL_DESERTED] = g_signal_new (
      "deserted", SALON_TYPE_ROOMS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  /* Another server is registered under this one's node id: this one must stop. */
  signals[SIGNAL_USURPED]
      = g_signal_new ("usurped", SALON_TYPE_ROOMS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
salon_rooms_init (SalonRooms *self)
{
  self->rooms = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->closing = g_ptr_array_new_with_free_func (g_object_unref);
  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->waiting = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->stale = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}
