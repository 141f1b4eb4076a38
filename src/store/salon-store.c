/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-store.h"

#include <gst/gst.h>
#include <string.h>

#include "salon-error.h"
#include "salon-limits.h"
#include "salon-store-resources.h"

GST_DEBUG_CATEGORY_STATIC (salon_store_debug);
#define GST_CAT_DEFAULT salon_store_debug

#define LEAVE_RETRY_S 1

typedef enum
{
  SCRIPT_CREATE_ROOM,
  SCRIPT_GET_ROOM,
  SCRIPT_LIST_ROOMS,
  SCRIPT_DELETE_ROOM,
  SCRIPT_JOIN,
  SCRIPT_LEAVE,
  SCRIPT_RESET_NODE,
  SCRIPT_CHAT_ADD,
  SCRIPT_CHAT_LIST,
  SCRIPT_CHAT_CHANGE,
  SCRIPT_LOCK,
  N_SCRIPTS
} ScriptId;

static const char *const script_names[N_SCRIPTS] = {
  "create-room",
  "get-room",
  "list-rooms",
  "delete-room",
  "join",
  "leave",
  "reset-node",
  "chat-add",
  "chat-list",
  "chat-change",
  "lock",
};

struct _SalonStore
{
  GObject parent_instance;

  SalonRedis *redis; /* (owned) */
  char *node_id;     /* (owned) */
  SalonRedisScript scripts[N_SCRIPTS];
  /* (element-type Leave) (owned): leaves that found no Redis, to be tried again, so that an outage keeps nobody in a
   * room for ever. Bounded by the members this node had. */
  GQueue leaving;
  guint retry_id;
};

G_DEFINE_FINAL_TYPE (SalonStore, salon_store, G_TYPE_OBJECT)

/* ---- replies ---- */

/* The reasons with which a script refuses. */
static const struct
{
  const char *reason;
  SalonError code;
  const char *message;
} refusals[] = {
  { "room_exists", SALON_ERROR_ROOM_EXISTS, "There is a room of that name already; choose another name, or join it" },
  { "room_not_found", SALON_ERROR_ROOM_NOT_FOUND, "There is no such room; check its name, or create it" },
  { "room_full", SALON_ERROR_ROOM_FULL, "The room is full; try again when somebody has left" },
  { "room_locked", SALON_ERROR_ROOM_LOCKED, "The host lets nobody new in; ask them to open the room" },
  { "forbidden", SALON_ERROR_FORBIDDEN, "Only who wrote a message may change it" },
  { "unknown_message", SALON_ERROR_UNKNOWN_MESSAGE, "There is no such message in the room's history" },
  { "unauthorized", SALON_ERROR_UNAUTHORIZED,
      "Only the room's owner may do this; send the owner token that was shown when the room was created" },
};

static void
set_refusal (const char *reason, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      if (g_str_equal (reason, refusals[i].reason))
        {
          g_set_error_literal (error, SALON_ERROR, refusals[i].code, refusals[i].message);
          return;
        }
    }
  g_assert_not_reached ();
}

/* The order is that of describe() in lua/rooms.lua. */
enum
{
  ROOM_ID,
  ROOM_SLUG,
  ROOM_LIFETIME,
  ROOM_MAX_MEMBERS,
  ROOM_CREATED_AT,
  ROOM_N_MEMBERS,
  ROOM_LOCKED,
  ROOM_HOST,
  N_ROOM_FIELDS
};

/* What is in Redis may have been changed by other hands: checked like any input. */
static gboolean
is_room (const SalonRedisReply *reply)
{
  if (reply->type != SALON_REDIS_ARRAY || reply->length != N_ROOM_FIELDS)
    return FALSE;
  for (guint i = 0; i < ROOM_HOST; i++)
    {
      if (reply->elements[i].type != SALON_REDIS_STRING || !g_utf8_validate (reply->elements[i].string, -1, NULL))
        return FALSE;
    }
  return TRUE;
}

static SalonRoomInfo *
parse_room (const SalonRedisReply *reply, GError **error)
{
  g_autoptr (SalonRoomInfo) info = g_new0 (SalonRoomInfo, 1);

  if (!is_room (reply) || !salon_lifetime_from_string (reply->elements[ROOM_LIFETIME].string, &info->lifetime))
    {
      g_set_error_literal (
          error, SALON_ERROR, SALON_ERROR_INTERNAL, "The room's record in the store is damaged; delete the room");
      return NULL;
    }
  info->id = g_strdup (reply->elements[ROOM_ID].string);
  info->slug = g_strdup (reply->elements[ROOM_SLUG].string);
  info->max_members = (guint)g_ascii_strtoull (reply->elements[ROOM_MAX_MEMBERS].string, NULL, 10);
  info->n_members = (guint)g_ascii_strtoull (reply->elements[ROOM_N_MEMBERS].string, NULL, 10);
  info->is_locked = g_str_equal (reply->elements[ROOM_LOCKED].string, "1");
  info->host = g_strdup (reply->elements[ROOM_HOST].string);
  info->created_at_s = g_ascii_strtoll (reply->elements[ROOM_CREATED_AT].string, NULL, 10);
  return g_steal_pointer (&info);
}

/* ---- running scripts ---- */

static SalonRedisReply *
finish_script (SalonRedis *redis, GAsyncResult *result, GError **error)
{
  g_autoptr (SalonRedisReply) reply = salon_redis_run_finish (redis, result, error);

  if (reply != NULL && reply->type == SALON_REDIS_STRING)
    {
      set_refusal (reply->string, error);
      return NULL;
    }
  return g_steal_pointer (&reply);
}

/* Nothing means that there is no room any more. error: (transfer full) (nullable) */
static void
return_room (GTask *task, const SalonRedisReply *reply, GError *error)
{
  SalonRoomInfo *info = NULL;

  if (error == NULL && reply->type != SALON_REDIS_NIL)
    info = parse_room (reply, &error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, info, (GDestroyNotify)salon_room_info_free);
}

static void
on_room (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) reply = finish_script (SALON_REDIS (source), result, &error);

  return_room (task, reply, g_steal_pointer (&error));
}

/* task: (transfer full), user data of the callback */
static void
run (SalonStore *self, ScriptId script, const char *const *arguments, GTask *task, GAsyncReadyCallback callback)
{
  salon_redis_run_async (self->redis, &self->scripts[script], arguments, g_task_get_cancellable (task), callback, task);
}

static SalonRoomInfo *
finish_room (SalonStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static char *
now_text (void)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT, g_get_real_time () / G_USEC_PER_SEC);
}

/* ---- create, get, list, delete ---- */

void
salon_store_create_room_async (SalonStore *self, const char *slug, SalonLifetime lifetime, guint max_members,
    const char *owner_hash, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *id = g_uuid_string_random ();
  g_autofree char *max = g_strdup_printf ("%u", max_members);
  g_autofree char *now = now_text ();

  g_task_set_source_tag (task, salon_store_create_room_async);
  run (self, SCRIPT_CREATE_ROOM,
      (const char *[]){ id, slug != NULL ? slug : id, salon_lifetime_to_string (lifetime), max, now, owner_hash, NULL },
      task, on_room);
}

SalonRoomInfo *
salon_store_create_room_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return finish_room (self, result, error);
}

void
salon_store_get_room_async (
    SalonStore *self, const char *room, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, salon_store_get_room_async);
  run (self, SCRIPT_GET_ROOM, (const char *[]){ room, NULL }, task, on_room);
}

SalonRoomInfo *
salon_store_get_room_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return finish_room (self, result, error);
}

static int
compare_slugs (gconstpointer a, gconstpointer b)
{
  const SalonRoomInfo *const *left = a;
  const SalonRoomInfo *const *right = b;

  return strcmp ((*left)->slug, (*right)->slug);
}

static void
on_list (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SalonStore *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) reply = finish_script (SALON_REDIS (source), result, &error);
  g_autoptr (GPtrArray) rooms = g_ptr_array_new_with_free_func ((GDestroyNotify)salon_room_info_free);

  if (reply == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  for (gsize i = 0; reply->type == SALON_REDIS_ARRAY && i < reply->length; i++)
    {
      SalonRoomInfo *info = parse_room (&reply->elements[i], NULL);

      if (info != NULL)
        g_ptr_array_add (rooms, info);
      else
        GST_WARNING_OBJECT (self, "a room's record in the store is damaged; left out of the list");
    }
  g_ptr_array_sort (rooms, compare_slugs);
  g_task_return_pointer (task, g_steal_pointer (&rooms), (GDestroyNotify)g_ptr_array_unref);
}

void
salon_store_list_rooms_async (
    SalonStore *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, salon_store_list_rooms_async);
  run (self, SCRIPT_LIST_ROOMS, (const char *[]){ NULL }, task, on_list);
}

GPtrArray *
salon_store_list_rooms_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* A damaged record is deleted like any other: of such a room we still know the id. */
static void
on_room_deleted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) reply = finish_script (SALON_REDIS (source), result, &error);
  SalonRoomInfo *info = reply != NULL ? parse_room (reply, NULL) : NULL;

  if (reply == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (info == NULL)
    {
      info = g_new0 (SalonRoomInfo, 1);
      info->id = g_strdup (reply->elements[ROOM_ID].string);
      info->slug = g_strdup (info->id);
    }
  g_task_return_pointer (task, info, (GDestroyNotify)salon_room_info_free);
}

void
salon_store_delete_room_async (SalonStore *self, const char *room, const char *owner_hash, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  const char *is_administrator = owner_hash == NULL ? "1" : "0";

  g_task_set_source_tag (task, salon_store_delete_room_async);
  run (self, SCRIPT_DELETE_ROOM, (const char *[]){ room, is_administrator, owner_hash != NULL ? owner_hash : "", NULL },
      task, on_room_deleted);
}

SalonRoomInfo *
salon_store_delete_room_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return finish_room (self, result, error);
}

/* ---- leave ---- */

/* Whether a failed change may have happened, or may not. Not when we stop: the next start resets the node. */
static gboolean
is_unsure (const GError *error)
{
  return g_error_matches (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

typedef struct
{
  char *room;   /* (owned) */
  char *member; /* (owned) */
  GTask *task;  /* (owned) */
} Leave;

static void
leave_free (Leave *leave)
{
  g_free (leave->room);
  g_free (leave->member);
  g_object_unref (leave->task);
  g_free (leave);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Leave, leave_free)

static void retry_later (SalonStore *self);

static void
on_left (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Leave) leave = user_data;
  SalonStore *self = g_task_get_source_object (leave->task);
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) reply = finish_script (SALON_REDIS (source), result, &error);

  if (is_unsure (error))
    {
      g_queue_push_tail (&self->leaving, g_steal_pointer (&leave));
      retry_later (self);
    }
  else
    return_room (leave->task, reply, g_steal_pointer (&error));
}

/* leave: (transfer full) */
static void
run_leave (SalonStore *self, Leave *leave)
{
  salon_redis_run_async (self->redis, &self->scripts[SCRIPT_LEAVE],
      (const char *[]){ leave->room, leave->member, NULL }, NULL, on_left, leave);
}

static gboolean
on_retry (gpointer user_data)
{
  SalonStore *self = user_data;

  self->retry_id = 0;
  for (guint n_leaving = self->leaving.length; n_leaving > 0; n_leaving--)
    run_leave (self, g_queue_pop_head (&self->leaving));
  return G_SOURCE_REMOVE;
}

static void
retry_later (SalonStore *self)
{
  if (self->retry_id == 0)
    self->retry_id = g_timeout_add_seconds (LEAVE_RETRY_S, on_retry, self);
}

void
salon_store_leave_async (SalonStore *self, const char *room_id, const char *member_id, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  Leave *leave = g_new (Leave, 1);

  leave->room = g_strdup (room_id);
  leave->member = g_strdup (member_id);
  leave->task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (leave->task, salon_store_leave_async);
  run_leave (self, leave);
}

SalonRoomInfo *
salon_store_leave_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return finish_room (self, result, error);
}

/* ---- join ---- */

typedef struct
{
  char *room;   /* (owned) */
  char *member; /* (owned) */
} Join;

static void
join_free (Join *join)
{
  g_free (join->room);
  g_free (join->member);
  g_free (join);
}

static void
on_joined (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SalonStore *self = g_task_get_source_object (task);
  Join *join = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) reply = finish_script (SALON_REDIS (source), result, &error);
  SalonRoomInfo *info = reply != NULL ? parse_room (reply, &error) : NULL;

  if (info != NULL)
    {
      g_task_return_pointer (task, info, (GDestroyNotify)salon_room_info_free);
      return;
    }
  /* With a reply, the member is in a room whose record is damaged. */
  if (reply != NULL || is_unsure (error))
    salon_store_leave_async (self, join->room, join->member, NULL, NULL, NULL);
  g_task_return_error (task, g_steal_pointer (&error));
}

void
salon_store_join_async (SalonStore *self, const char *room, const char *member_id, const char *name,
    gboolean may_create, guint max_members, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *id = g_uuid_string_random ();
  g_autofree char *max = g_strdup_printf ("%u", max_members);
  g_autofree char *now = now_text ();
  Join *join = g_new0 (Join, 1);

  join->room = g_strdup (room);
  join->member = g_strdup (member_id);
  g_task_set_task_data (task, join, (GDestroyNotify)join_free);
  g_task_set_source_tag (task, salon_store_join_async);
  /* The run is cancelled, and what comes of it decides: who is told of a failure must not be left in the room. */
  g_task_set_check_cancellable (task, FALSE);
  run (self, SCRIPT_JOIN,
      (const char *[]){ room, id, may_create ? "1" : "0", max, now, member_id, name, self->node_id, NULL }, task,
      on_joined);
}

SalonRoomInfo *
salon_store_join_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return finish_room (self, result, error);
}

/* ---- chat ---- */

static void
on_chat_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) reply = finish_script (SALON_REDIS (source), result, &error);

  if (reply == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_boolean (task, TRUE);
}

void
salon_store_add_message_async (SalonStore *self, const char *room_id, const char *message, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *max = g_strdup_printf ("%d", SALON_LIMIT_CHAT_HISTORY);
  g_autofree char *ttl = g_strdup_printf ("%d", SALON_LIMIT_CHAT_AGE_S);

  g_task_set_source_tag (task, salon_store_add_message_async);
  run (self, SCRIPT_CHAT_ADD, (const char *[]){ room_id, message, max, ttl, NULL }, task, on_chat_done);
}

gboolean
salon_store_add_message_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_chat_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) reply = finish_script (SALON_REDIS (source), result, &error);
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (g_free);

  if (reply == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  for (guint i = 0; reply->type == SALON_REDIS_ARRAY && i < reply->length; i++)
    {
      if (reply->elements[i].type == SALON_REDIS_STRING)
        g_ptr_array_add (messages, g_strdup (reply->elements[i].string));
    }
  g_task_return_pointer (task, g_steal_pointer (&messages), (GDestroyNotify)g_ptr_array_unref);
}

void
salon_store_list_messages_async (
    SalonStore *self, const char *room_id, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) oldest = g_date_time_add_seconds (now, -SALON_LIMIT_CHAT_AGE_S);
  g_autofree char *since = g_date_time_format (oldest, "%Y-%m-%dT%H:%M:%S");

  g_task_set_source_tag (task, salon_store_list_messages_async);
  run (self, SCRIPT_CHAT_LIST, (const char *[]){ room_id, since, NULL }, task, on_chat_listed);
}

GPtrArray *
salon_store_list_messages_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
salon_store_change_message_async (SalonStore *self, const char *room_id, const char *message_id, const char *author,
    const char *text, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, salon_store_change_message_async);
  run (self, SCRIPT_CHAT_CHANGE,
      (const char *[]){ room_id, message_id, author != NULL ? author : "", text != NULL ? text : "", NULL }, task,
      on_chat_done);
}

gboolean
salon_store_change_message_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- lock ---- */

void
salon_store_lock_async (SalonStore *self, const char *room_id, gboolean is_locked, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, salon_store_lock_async);
  run (self, SCRIPT_LOCK, (const char *[]){ room_id, is_locked ? "1" : "0", NULL }, task, on_room);
}

SalonRoomInfo *
salon_store_lock_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return finish_room (self, result, error);
}

/* ---- reset ---- */

static void
on_reset (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SalonStore *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) reply = finish_script (SALON_REDIS (source), result, &error);

  if (reply == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  GST_INFO_OBJECT (self, "removed %" G_GINT64_FORMAT " members left behind", reply->integer);
  g_task_return_boolean (task, TRUE);
}

void
salon_store_reset_node_async (
    SalonStore *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, salon_store_reset_node_async);
  run (self, SCRIPT_RESET_NODE, (const char *[]){ self->node_id, NULL }, task, on_reset);
}

gboolean
salon_store_reset_node_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- GObject ---- */

/* name: without path and extension. What the scripts share stands in front of each. */
static GRefString *
load_script (const char *name)
{
  g_autofree char *path = g_strdup_printf ("/salon/store/lua/%s.lua", name);
  GResource *resource = salon_store_get_resource ();
  g_autoptr (GBytes) shared = g_resource_lookup_data (resource, "/salon/store/lua/rooms.lua", 0, NULL);
  g_autoptr (GBytes) own = g_resource_lookup_data (resource, path, 0, NULL);
  g_autofree char *source = NULL;

  g_assert (shared != NULL && own != NULL);
  source = g_strconcat (g_bytes_get_data (shared, NULL), g_bytes_get_data (own, NULL), NULL);
  return g_ref_string_new (source);
}

SalonStore *
salon_store_new (SalonRedis *redis, const char *node_id)
{
  SalonStore *self = g_object_new (SALON_TYPE_STORE, NULL);

  self->redis = g_object_ref (redis);
  self->node_id = g_strdup (node_id);
  return self;
}

static void
salon_store_dispose (GObject *object)
{
  g_clear_handle_id (&SALON_STORE (object)->retry_id, g_source_remove);
  G_OBJECT_CLASS (salon_store_parent_class)->dispose (object);
}

static void
salon_store_finalize (GObject *object)
{
  SalonStore *self = SALON_STORE (object);

  for (guint i = 0; i < N_SCRIPTS; i++)
    salon_redis_script_clear (&self->scripts[i]);
  g_assert (g_queue_is_empty (&self->leaving)); /* each keeps us alive */
  g_object_unref (self->redis);
  g_free (self->node_id);
  G_OBJECT_CLASS (salon_store_parent_class)->finalize (object);
}

static void
salon_store_class_init (SalonStoreClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_store_debug, "salon-store", 0, "Salon rooms in Redis");

  G_OBJECT_CLASS (klass)->dispose = salon_store_dispose;
  G_OBJECT_CLASS (klass)->finalize = salon_store_finalize;
}

static void
salon_store_init (SalonStore *self)
{
  g_queue_init (&self->leaving);
  for (guint i = 0; i < N_SCRIPTS; i++)
    salon_redis_script_init (&self->scripts[i], script_names[i], load_script (script_names[i]));
}
