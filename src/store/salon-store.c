/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-store.h"

#include "salon-error.h"
#include "salon-store-private.h"
#include "salon-store-reply.h"
#include "salon-store-resources.h"

GST_DEBUG_CATEGORY (salon_store_debug);
#define GST_CAT_DEFAULT salon_store_debug

G_DEFINE_FINAL_TYPE (SalonStore, salon_store, G_TYPE_OBJECT)

typedef struct
{
  const char *name;         /* without path and extension */
  SalonReplyParser parse;   /* (nullable): for salon_store_call_async() */
  GDestroyNotify free_func; /* (nullable): of what parse returns */
} Script;

#define ROOM salon_store_reply_parse_room, (GDestroyNotify)salon_room_info_free
#define DELETED_ROOM salon_store_reply_parse_deleted, (GDestroyNotify)salon_room_info_free
#define ROOMS salon_store_reply_parse_rooms, (GDestroyNotify)g_ptr_array_unref
#define STATE salon_store_reply_parse_state, (GDestroyNotify)salon_room_state_free
#define TEXTS salon_store_reply_parse_texts, (GDestroyNotify)g_ptr_array_unref
#define DONE salon_store_reply_parse_done, NULL

static const Script script_table[SALON_N_SCRIPTS] = {
  [SALON_SCRIPT_REGISTER] = { "register" },
  [SALON_SCRIPT_HEARTBEAT] = { "heartbeat" },
  [SALON_SCRIPT_DEREGISTER] = { "deregister" },
  [SALON_SCRIPT_CREATE_ROOM] = { "create-room", ROOM },
  [SALON_SCRIPT_GET_ROOM] = { "get-room", ROOM },
  [SALON_SCRIPT_LIST_ROOMS] = { "list-rooms", ROOMS },
  [SALON_SCRIPT_DELETE_ROOM] = { "delete-room", DELETED_ROOM },
  [SALON_SCRIPT_CLOSE_ROOM] = { "close-room", DONE },
  [SALON_SCRIPT_SET_FLAG] = { "set-flag", ROOM },
  [SALON_SCRIPT_JOIN] = { "join" },
  [SALON_SCRIPT_LEAVE] = { "leave" },
  [SALON_SCRIPT_FETCH] = { "fetch", STATE },
  [SALON_SCRIPT_CLAIM] = { "claim", STATE },
  [SALON_SCRIPT_KICK] = { "kick", DONE },
  [SALON_SCRIPT_ADMIT] = { "admit", STATE },
  [SALON_SCRIPT_CHAT_ADD] = { "chat-add", DONE },
  [SALON_SCRIPT_CHAT_LIST] = { "chat-list", TEXTS },
  [SALON_SCRIPT_CHAT_CHANGE] = { "chat-change", DONE },
};

/* ---- running scripts ---- */

void
salon_store_run_async (SalonStore *self, SalonScriptId script, const char *const *arguments, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL;

  g_strv_builder_add_many (builder, self->node_id, self->epoch, NULL);
  g_strv_builder_addv (builder, (const char **)arguments);
  argv = g_strv_builder_end (builder);
  salon_redis_run_async (
      self->redis, &self->scripts[script], (const char *const *)argv, cancellable, callback, user_data);
}

SalonRedisReply *
salon_store_run_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  g_autoptr (SalonRedisReply) reply = salon_redis_run_finish (self->redis, result, error);

  if (reply == NULL || reply->type != SALON_REDIS_STRING)
    return g_steal_pointer (&reply);
  salon_store_reply_refuse (reply->string, error);
  if (g_str_equal (reply->string, "fenced"))
    {
      self->is_fenced = TRUE;
      salon_store_beat (self);
    }
  return NULL;
}

static void
on_called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const Script *script = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (SalonRedisReply) reply = salon_store_run_finish (g_task_get_source_object (task), result, &error);
  gpointer value = reply != NULL ? script->parse (reply, &error) : NULL;

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, value, script->free_func);
}

void
salon_store_call_async (SalonStore *self, SalonScriptId script, const char *const *arguments, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, salon_store_call_async);
  g_task_set_task_data (task, (gpointer)&script_table[script], NULL);
  salon_store_run_async (self, script, arguments, cancellable, on_called, task);
}

gpointer
salon_store_call_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
salon_store_is_unsure (const GError *error)
{
  return g_error_matches (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

gboolean
salon_store_is_available (SalonStore *self)
{
  return salon_redis_is_connected (self->redis) && !self->is_fenced;
}

const char *
salon_store_get_node_id (SalonStore *self)
{
  return self->node_id;
}

/* ---- GObject ---- */

/* What the scripts share stands in front of each. */
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
salon_store_new (const char *url, const char *node_id, GError **error)
{
  g_autoptr (SalonRedis) redis = salon_redis_new (url, error);
  g_autofree char *channel = g_strdup_printf ("salon:node:%s:events", node_id);
  SalonStore *self;

  if (redis == NULL)
    return NULL;
  self = g_object_new (SALON_TYPE_STORE, NULL);
  self->redis = g_steal_pointer (&redis);
  self->events = salon_redis_new (url, NULL);
  self->node_id = g_strdup (node_id);
  salon_redis_listen (self->events, channel, salon_store_hear, self);
  salon_store_node_init (self);
  return self;
}

static void
salon_store_dispose (GObject *object)
{
  salon_store_node_dispose (SALON_STORE (object));
  g_clear_handle_id (&SALON_STORE (object)->retry_id, g_source_remove);
  G_OBJECT_CLASS (salon_store_parent_class)->dispose (object);
}

static void
salon_store_finalize (GObject *object)
{
  SalonStore *self = SALON_STORE (object);

  g_assert (g_queue_is_empty (&self->leaving)); /* each keeps us alive */
  for (guint i = 0; i < SALON_N_SCRIPTS; i++)
    salon_redis_script_clear (&self->scripts[i]);
  g_queue_clear_full (&self->heard, g_free);
  g_clear_object (&self->redis);
  g_clear_object (&self->events);
  g_free (self->node_id);
  g_free (self->epoch);
  g_free (self->next_epoch);
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
  g_queue_init (&self->joining);
  g_queue_init (&self->leaving);
  g_queue_init (&self->heard);
  for (guint i = 0; i < SALON_N_SCRIPTS; i++)
    salon_redis_script_init (&self->scripts[i], script_table[i].name, load_script (script_table[i].name));
}
