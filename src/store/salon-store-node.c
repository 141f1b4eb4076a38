/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-error.h"
#include "salon-limits.h"
#include "salon-log.h"
#include "salon-store-private.h"

#define GST_CAT_DEFAULT salon_store_debug

/* Outlasts an attempt to connect that gets no answer (5 s), the pause after it (2 s) and a command's deadline (2 s):
 * who may take others for dead a lease after Redis was away has given each the time to come back. */
#define LEASE_MS (10 * 1000)
#define HEARTBEAT_MS 1000
/* Redis publishes each heartbeat to us: so many without hearing anything, and the other connection must be dead. */
#define MAX_UNHEARD 5
/* Of the second in which closing ends, whatever Redis does. */
#define CLOSE_TIMEOUT_MS 800

/* The life of a node's place:
 *
 *   register -> has a place -> heartbeats, renewing the lease -> deregister
 *                               ^             |
 *                               '- restored <-'- a connection was lost, or, taken for dead, a new epoch
 *
 * usurped ends it: another process registered under our node id. */

/* From here on we may have missed something. */
static void
tear (SalonStore *self)
{
  if (!self->is_torn)
    self->torn_us = g_get_monotonic_time ();
  self->is_torn = TRUE;
}

/* ---- heartbeats ---- */

static void
postpone_reaping (SalonStore *self)
{
  self->may_reap_after_us = g_get_monotonic_time () + (gint64)self->lease_ms * 1000;
}

/* A lease that is renewed belongs to somebody alive. One that only runs out is our own predecessor's, when a crash of
 * Redis has forgotten that we took its place: it may only seem to last longer by as much as the reply was late. */
static void
face_rival (SalonStore *self, gint64 lease_ms)
{
  gint64 until_us = g_get_monotonic_time () + lease_ms * 1000;

  self->is_fenced = TRUE;
  if (self->rival_until_us == 0)
    self->rival_until_us = until_us;
  if (until_us - self->rival_until_us <= (gint64)(self->deadline_ms + self->heartbeat_ms) * 1000)
    return;
  g_clear_handle_id (&self->heartbeat_id, g_source_remove);
  self->is_registered = FALSE;
  if (self->handlers != NULL)
    self->handlers->usurped (self->handlers_data);
}

static void
log_reaped (const SalonRedisReply *nodes)
{
  for (gsize i = 0; nodes->type == SALON_REDIS_ARRAY && i < nodes->length; i++)
    salon_log_event (SALON_LOG_WARNING, "node_dead", (SalonLogFields){ 0 },
        "Server %s is dead: those in its rooms were taken out", nodes->elements[i].string);
}

static void
check_hearing (SalonStore *self)
{
  if (!salon_redis_is_connected (self->events) || ++self->n_unheard <= MAX_UNHEARD)
    return;
  GST_WARNING_OBJECT (self, "nothing is heard from Redis any more: connecting again");
  self->n_unheard = 0;
  salon_redis_reconnect (self->events);
}

static void
tell_restored (SalonStore *self)
{
  if (!self->is_torn || !salon_redis_is_connected (self->redis) || !salon_redis_is_connected (self->events))
    return;
  salon_log_event (SALON_LOG_NOTICE, "store_back",
      (SalonLogFields){ .duration_us = g_get_monotonic_time () - self->torn_us }, "Redis is back");
  self->is_torn = FALSE;
  if (self->handlers != NULL)
    self->handlers->restored (self->handlers_data);
}

/* reply: see lua/heartbeat.lua. */
static void
take_heartbeat (SalonStore *self, const SalonRedisReply *reply)
{
  const SalonRedisReply *epoch = &reply->elements[0];

  if (epoch->type == SALON_REDIS_NIL)
    {
      face_rival (self, reply->elements[1].integer);
      return;
    }
  self->is_fenced = FALSE;
  self->rival_until_us = 0;
  if (!g_str_equal (epoch->string, self->epoch))
    {
      salon_log_event (
          SALON_LOG_WARNING, "node_back", (SalonLogFields){ 0 }, "This server was taken for dead; it registers again");
      g_free (self->epoch);
      self->epoch = g_steal_pointer (&self->next_epoch);
      self->next_epoch = g_uuid_string_random ();
      tear (self);
    }
  if (reply->elements[1].integer == 0)
    postpone_reaping (self);
  log_reaped (&reply->elements[2]);
  check_hearing (self);
  tell_restored (self);
}

static void
on_beaten (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SalonStore) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) reply = salon_store_run_finish (self, result, &error);

  self->is_beating = FALSE;
  if (self->is_closing || !self->is_registered)
    return;
  if (reply != NULL)
    take_heartbeat (self, reply);
  if (self->must_beat_again)
    salon_store_beat (self);
}

void
salon_store_beat (SalonStore *self)
{
  g_autofree char *lease = g_strdup_printf ("%u", self->lease_ms);
  /* Not in a heartbeat that waits for Redis to be back. */
  gboolean may_reap = salon_redis_is_connected (self->redis) && g_get_monotonic_time () >= self->may_reap_after_us;

  self->must_beat_again = self->is_beating;
  if (self->is_closing || !self->is_registered || self->is_beating)
    return;
  self->is_beating = TRUE;
  salon_store_run_async (self, SALON_SCRIPT_HEARTBEAT,
      (const char *[]){ self->next_epoch, lease, may_reap ? "1" : "0", NULL }, NULL, on_beaten, g_object_ref (self));
}

static gboolean
on_heartbeat (gpointer user_data)
{
  SalonStore *self = user_data;

  if (!self->is_beating)
    salon_store_beat (self);
  return G_SOURCE_CONTINUE;
}

/* ---- registration ---- */

/* error: (transfer full) (nullable) */
static void
finish_registering (SalonStore *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->registering);

  g_source_destroy (self->registering_deadline);
  g_clear_pointer (&self->registering_deadline, g_source_unref);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/* Both connections are needed: who cannot hear cannot serve. */
static void
finish_registering_if_ready (SalonStore *self)
{
  if (self->registering == NULL || !self->has_place || !salon_redis_is_connected (self->events))
    return;
  self->is_registered = TRUE;
  postpone_reaping (self);
  self->heartbeat_id = g_timeout_add (self->heartbeat_ms, on_heartbeat, self);
  finish_registering (self, NULL);
}

static void
on_registered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SalonStore) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) reply = salon_store_run_finish (self, result, &error);

  if (self->registering == NULL)
    return;
  if (reply == NULL)
    {
      finish_registering (self, g_steal_pointer (&error));
      return;
    }
  GST_INFO_OBJECT (self, "registered; removed %" G_GINT64_FORMAT " members left behind", reply->integer);
  self->has_place = TRUE;
  finish_registering_if_ready (self);
}

/* In time or not, or cancelled. */
static gboolean
on_registering_deadline (gpointer user_data)
{
  SalonStore *self = user_data;
  GError *error = NULL;

  if (!g_cancellable_set_error_if_cancelled (g_task_get_cancellable (self->registering), &error))
    g_set_error_literal (&error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE,
        "The room store does not answer; check redis-url, and that Redis runs and lets this server publish and "
        "subscribe");
  finish_registering (self, error);
  return G_SOURCE_REMOVE;
}

static void
watch_registering (SalonStore *self, guint deadline_ms)
{
  GCancellable *cancellable = g_task_get_cancellable (self->registering);

  self->registering_deadline = g_timeout_source_new (deadline_ms);
  g_source_set_callback (self->registering_deadline, on_registering_deadline, self, NULL);
  if (cancellable != NULL)
    {
      g_autoptr (GSource) child = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (child);
      g_source_add_child_source (self->registering_deadline, child);
    }
  g_source_attach (self->registering_deadline, NULL);
}

void
salon_store_register_async (
    SalonStore *self, guint deadline_ms, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autofree char *lease = g_strdup_printf ("%u", self->lease_ms);

  g_return_if_fail (SALON_IS_STORE (self) && *self->epoch == '\0' && !self->is_closing);

  self->registering = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (self->registering, salon_store_register_async);
  watch_registering (self, deadline_ms);
  g_free (self->epoch);
  self->epoch = g_uuid_string_random ();
  salon_redis_start (self->events);
  salon_redis_start (self->redis);
  /* The deadline above is the one that counts. */
  salon_redis_set_deadline (self->redis, deadline_ms + self->deadline_ms);
  salon_store_run_async (self, SALON_SCRIPT_REGISTER, (const char *[]){ self->epoch, lease, NULL }, NULL, on_registered,
      g_object_ref (self));
  salon_redis_set_deadline (self->redis, self->deadline_ms);
}

gboolean
salon_store_register_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- connections ---- */

static void
on_connection (SalonStore *self, GParamSpec *pspec, SalonRedis *redis)
{
  gboolean is_connected = salon_redis_is_connected (redis);

  if (is_connected && redis == self->events)
    self->n_unheard = 0;
  if (is_connected && redis == self->redis)
    postpone_reaping (self);
  if (!self->is_registered)
    finish_registering_if_ready (self);
  else if (is_connected)
    salon_store_beat (self);
  else if (!self->is_closing)
    {
      if (!self->is_torn)
        salon_log_event (SALON_LOG_WARNING, "store_lost", (SalonLogFields){ 0 }, "The connection to Redis is lost");
      tear (self);
    }
}

/* ---- closing ---- */

static void
finish_closing (SalonStore *self)
{
  g_autoptr (SalonStore) alive = g_object_ref (self);
  g_autoslist (GTask) closers = g_steal_pointer (&self->closers);

  g_clear_handle_id (&self->closing_deadline_id, g_source_remove);
  self->is_closed = TRUE;
  salon_redis_close (self->redis);
  salon_store_give_up_leaving (self);
  for (GSList *l = closers; l != NULL; l = l->next)
    g_task_return_boolean (l->data, TRUE);
}

static gboolean
on_closing_deadline (gpointer user_data)
{
  SalonStore *self = user_data;

  GST_WARNING_OBJECT (self, "Redis does not answer: the node's lease will run out");
  self->closing_deadline_id = 0;
  finish_closing (self);
  return G_SOURCE_REMOVE;
}

static void
on_deregistered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SalonStore) self = user_data;
  g_autoptr (SalonRedisReply) reply = salon_store_run_finish (self, result, NULL);

  if (!self->is_closed)
    finish_closing (self);
}

void
salon_store_close_async (SalonStore *self, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, salon_store_close_async);
  self->closers = g_slist_append (self->closers, task);
  if (!self->is_closing)
    {
      self->is_closing = TRUE;
      g_clear_handle_id (&self->heartbeat_id, g_source_remove);
      salon_redis_close (self->events);
      if (self->registering != NULL)
        finish_registering (
            self, g_error_new_literal (SALON_ERROR, SALON_ERROR_SHUTTING_DOWN, "The server is stopping"));
      if (*self->epoch != '\0')
        {
          self->closing_deadline_id = g_timeout_add (CLOSE_TIMEOUT_MS, on_closing_deadline, self);
          salon_store_run_async (
              self, SALON_SCRIPT_DEREGISTER, (const char *[]){ NULL }, NULL, on_deregistered, g_object_ref (self));
          return;
        }
    }
  if (self->is_closed || *self->epoch == '\0')
    finish_closing (self);
}

void
salon_store_close_finish (SalonStore *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_task_propagate_boolean (G_TASK (result), NULL);
}

/* ---- life ---- */

void
salon_store_set_times (SalonStore *self, guint lease_ms, guint heartbeat_ms, guint deadline_ms)
{
  self->lease_ms = lease_ms;
  self->heartbeat_ms = heartbeat_ms;
  self->deadline_ms = deadline_ms;
  salon_redis_set_deadline (self->redis, deadline_ms);
}

void
salon_store_node_init (SalonStore *self)
{
  self->epoch = g_strdup ("");
  self->next_epoch = g_uuid_string_random ();
  self->lease_ms = LEASE_MS;
  self->heartbeat_ms = HEARTBEAT_MS;
  self->deadline_ms = SALON_REDIS_DEFAULT_DEADLINE_MS;
  g_signal_connect_swapped (self->redis, "notify::connected", G_CALLBACK (on_connection), self);
  g_signal_connect_swapped (self->events, "notify::connected", G_CALLBACK (on_connection), self);
}

void
salon_store_node_dispose (SalonStore *self)
{
  g_clear_handle_id (&self->heartbeat_id, g_source_remove);
  g_clear_handle_id (&self->closing_deadline_id, g_source_remove);
  g_signal_handlers_disconnect_by_data (self->redis, self);
  g_signal_handlers_disconnect_by_data (self->events, self);
  salon_redis_close (self->events);
}
