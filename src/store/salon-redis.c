/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-redis.h"

#include <gio/gunixsocketaddress.h>
#include <gst/gst.h>
#include <hiredis/async.h>
#include <string.h>

#include "salon-error.h"
#include "salon-redis-source.h"
#include "salon-redis-url.h"

GST_DEBUG_CATEGORY_STATIC (salon_redis_debug);
#define GST_CAT_DEFAULT salon_redis_debug

#define MIN_BACK_OFF_MS 100
#define MAX_BACK_OFF_MS 2000
/* By now three attempts have failed, over 0.7 s. */
#define WORTH_A_WARNING_MS (8 * MIN_BACK_OFF_MS)
/* TCP itself would try for two minutes to reach a host that does not answer. */
#define CONNECT_TIMEOUT_MS 5000
/* About what a busy server's clients can ask for within the deadline; more means that Redis is not keeping up. */
#define MAX_PENDING 4096

/* The life of a connection:
 *
 *   start -> look up the address -> connect -> log in and PING (-> SUBSCRIBE) -> connected
 *                 ^   the next address <-- failed                                  |
 *                 '---- back off <-- no more addresses, refused, lost--------------' */
struct _SalonRedis
{
  GObject parent_instance;

  GThread *thread;    /* (borrowed): the only one that may call */
  SalonRedisUrl *url; /* (owned) */
  char *place;        /* (owned): the URL without its login, for the log */
  guint deadline_ms;

  char *channel;                    /* (owned) (nullable): what we listen to */
  SalonRedisMessageFunc on_message; /* with a channel */
  gpointer on_message_data;

  GSocketAddressEnumerator *addresses; /* (owned) (nullable): those not yet tried in this attempt */
  GCancellable *cancellable;           /* (owned): of the look-up; cancelled by close */
  redisAsyncContext *connection;       /* (owned) (nullable) */
  guint connect_timeout_id;
  guint retry_id;
  guint back_off_ms;

  GQueue waiting; /* (element-type Command) (owned): to be sent in this order once connected */
  guint n_pending;
  gboolean is_started;
  gboolean is_connected;
  gboolean is_closed;
};

/* Owned by the waiting queue until it is sent, then by hiredis, which gives it back exactly once: to on_reply(). */
typedef struct
{
  GTask *task;               /* (owned) (nullable): NULL once answered, by whatever came first */
  GStrv argv;                /* (owned) */
  GRefString *script_source; /* (owned) (nullable): what to EVAL when Redis does not know the script */
  const char *name;          /* for the log: static, or argv[0] */
  gboolean is_sent;
  GSource *deadline;
  GSource *on_cancelled; /* (nullable) */
} Command;

enum
{
  PROP_CONNECTED = 1,
  N_PROPERTIES
};
static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE (SalonRedis, salon_redis, G_TYPE_OBJECT)

static void try_next_address (SalonRedis *self);
static void attempt (SalonRedis *self);
static void lose_connection (SalonRedis *self);

/* ---- commands ---- */

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
command_free (Command *command)
{
  g_assert (command->task == NULL);
  g_strfreev (command->argv);
  g_clear_pointer (&command->script_source, g_ref_string_release);
  g_free (command);
}

/* Takes the task away, after which the command is a shell that nobody waits for. The caller answers the task, as the
 * last thing it does: the callback may run at once and close us. */
static GTask *
command_settle (Command *command)
{
  GTask *task = g_steal_pointer (&command->task);
  SalonRedis *self = g_task_get_source_object (task);

  clear_source (&command->deadline);
  clear_source (&command->on_cancelled);
  self->n_pending--;
  if (!command->is_sent)
    {
      g_queue_remove (&self->waiting, command);
      command_free (command);
    }
  return task;
}

static void
return_unavailable (GTask *task, const char *message)
{
  g_task_return_new_error (task, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE, "%s", message);
}

static void
return_closed (GTask *task)
{
  g_task_return_new_error (
      task, SALON_ERROR, SALON_ERROR_SHUTTING_DOWN, "The server is stopping; try again in a moment");
}

static void on_reply (redisAsyncContext *connection, void *data, void *user_data);

/* Hands the command to hiredis, or keeps it until there is a connection. */
static void
send_or_wait (SalonRedis *self, Command *command)
{
  int argc = (int)g_strv_length (command->argv);

  command->is_sent
      = self->is_connected
        && redisAsyncCommandArgv (self->connection, on_reply, command, argc, (const char **)command->argv, NULL)
               == REDIS_OK;
  if (!command->is_sent)
    g_queue_push_tail (&self->waiting, command);
}

/* Redis was restarted, or forgot its scripts: this time with the whole text. */
static void
send_whole_script (SalonRedis *self, Command *command)
{
  g_free (command->argv[0]);
  g_free (command->argv[1]);
  command->argv[0] = g_strdup ("EVAL");
  command->argv[1] = g_strdup (command->script_source);
  g_clear_pointer (&command->script_source, g_ref_string_release);
  send_or_wait (self, command);
}

/* All of an error that is fit for the log: the rest may repeat our arguments, and some of them are secrets. */
static int
first_word_length (const redisReply *reply)
{
  return (int)strcspn (reply->str, " ");
}

/* reply: NULL when the connection is gone. */
static void
on_reply (redisAsyncContext *connection, void *data, void *user_data)
{
  const redisReply *reply = data;
  Command *command = user_data;
  g_autoptr (GTask) task = NULL;
  SalonRedis *self;

  if (command->task == NULL)
    {
      command_free (command);
      return;
    }
  self = g_task_get_source_object (command->task);
  command->is_sent = FALSE;
  if (reply == NULL && !self->is_closed)
    {
      g_queue_push_tail (&self->waiting, command);
      return;
    }
  if (reply != NULL && reply->type == REDIS_REPLY_ERROR && command->script_source != NULL
      && g_str_has_prefix (reply->str, "NOSCRIPT"))
    {
      send_whole_script (self, command);
      return;
    }
  if (reply != NULL && reply->type == REDIS_REPLY_ERROR)
    GST_WARNING_OBJECT (self, "Redis refused %s: %.*s", command->name, first_word_length (reply), reply->str);

  task = command_settle (command);
  if (reply == NULL)
    return_closed (task);
  else if (reply->type == REDIS_REPLY_ERROR)
    return_unavailable (task, "The room store refused the request; the server's log says why");
  else
    g_task_return_pointer (task, salon_redis_reply_copy_from_hiredis (reply), (GDestroyNotify)salon_redis_reply_free);
}

static gboolean
on_deadline (gpointer user_data)
{
  Command *command = user_data;
  gboolean is_sent = command->is_sent;
  g_autoptr (GTask) task = command_settle (command);
  SalonRedis *self = g_task_get_source_object (task);

  /* Sent and not answered: the other side may be gone without a word. */
  if (is_sent)
    {
      GST_WARNING_OBJECT (self, "Redis at %s does not answer", self->place);
      lose_connection (self);
    }
  return_unavailable (task, "The room store does not answer; try again in a moment");
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (GTask) task = command_settle (user_data);

  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

static void
watch (Command *command, guint deadline_ms)
{
  GCancellable *cancellable = g_task_get_cancellable (command->task);

  command->deadline = g_timeout_source_new (deadline_ms);
  g_source_set_callback (command->deadline, on_deadline, command, NULL);
  g_source_attach (command->deadline, NULL);
  if (cancellable == NULL)
    return;
  command->on_cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (command->on_cancelled, G_SOURCE_FUNC (on_cancelled), command, NULL);
  g_source_attach (command->on_cancelled, NULL);
}

/* argv: (transfer full); task: (transfer full) */
static void
submit (SalonRedis *self, GTask *task, GStrv argv, const SalonRedisScript *script)
{
  Command *command;
  gboolean is_refused = TRUE;

  g_assert (self->thread == g_thread_self ());
  g_assert (self->channel == NULL);
  if (self->is_closed)
    return_closed (task);
  else if (self->n_pending >= MAX_PENDING)
    return_unavailable (task, "The room store has too much to do; try again in a moment");
  else
    is_refused = g_task_return_error_if_cancelled (task);
  if (is_refused)
    {
      g_strfreev (argv);
      g_object_unref (task);
      return;
    }

  command = g_new0 (Command, 1);
  command->task = task;
  command->argv = argv;
  command->script_source = script != NULL ? g_ref_string_acquire (script->source) : NULL;
  command->name = script != NULL ? script->name : argv[0];
  self->n_pending++;
  watch (command, self->deadline_ms);
  send_or_wait (self, command);
}

/* ---- the connection ---- */

static void
set_connected (SalonRedis *self, gboolean is_connected)
{
  if (self->is_connected == is_connected)
    return;
  self->is_connected = is_connected;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CONNECTED]);
}

/* Commands under way return to the waiting queue, at the latest when the running hiredis callback ends. */
static void
drop_connection (SalonRedis *self)
{
  redisAsyncContext *connection = g_steal_pointer (&self->connection);

  g_clear_handle_id (&self->connect_timeout_id, g_source_remove);
  if (connection == NULL)
    return;
  connection->data = NULL;
  redisAsyncFree (connection);
}

static gboolean
on_retry (gpointer user_data)
{
  SalonRedis *self = user_data;

  self->retry_id = 0;
  attempt (self);
  return G_SOURCE_REMOVE;
}

static void
back_off (SalonRedis *self)
{
  g_clear_object (&self->addresses);
  if (self->is_closed || self->retry_id != 0)
    return;
  /* Once: an hour's outage is one line, and a Redis that is only just starting is none. */
  GST_CAT_LEVEL_LOG (GST_CAT_DEFAULT, self->back_off_ms == WORTH_A_WARNING_MS ? GST_LEVEL_WARNING : GST_LEVEL_DEBUG,
      self, "no connection to Redis at %s; trying again until there is", self->place);
  self->retry_id = g_timeout_add (self->back_off_ms, on_retry, self);
  self->back_off_ms = MIN (self->back_off_ms * 2, MAX_BACK_OFF_MS);
}

/* The connection is of no use any more, or gone: starts over. */
static void
lose_connection (SalonRedis *self)
{
  drop_connection (self);
  back_off (self);
  set_connected (self, FALSE);
}

static void
on_disconnect (const redisAsyncContext *connection, int status)
{
  SalonRedis *self = connection->data;

  if (self == NULL)
    return;
  GST_INFO_OBJECT (self, "connection lost: %s", connection->errstr != NULL ? connection->errstr : "end of stream");
  self->connection = NULL; /* hiredis frees it after this */
  lose_connection (self);
}

static void
on_ready (SalonRedis *self)
{
  GST_INFO_OBJECT (self, "connected to Redis at %s", self->place);
  g_clear_handle_id (&self->connect_timeout_id, g_source_remove);
  g_clear_object (&self->addresses);
  self->back_off_ms = MIN_BACK_OFF_MS;

  /* What waits goes first: a handler of the notification may give new commands. */
  self->is_connected = TRUE;
  for (guint n_waiting = self->waiting.length; n_waiting > 0; n_waiting--)
    send_or_wait (self, g_queue_pop_head (&self->waiting));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CONNECTED]);
}

/* The answer to SUBSCRIBE, then whatever is published. hiredis itself takes a refusal for the end of the connection. */
static void
on_channel (redisAsyncContext *connection, void *data, void *user_data)
{
  const redisReply *reply = data;
  SalonRedis *self = connection->data;
  g_autoptr (SalonRedis) alive = NULL;

  if (self == NULL || reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
    return;
  alive = g_object_ref (self);
  if (g_strcmp0 (reply->element[0]->str, "subscribe") == 0)
    on_ready (self);
  else if (g_strcmp0 (reply->element[0]->str, "message") == 0)
    self->on_message (reply->element[2]->str, self->on_message_data);
}

/* step: "AUTH", "SELECT" or "PING", the last: Redis answers it only once it has loaded its data. */
static void
on_handshake (redisAsyncContext *connection, void *data, void *step)
{
  const redisReply *reply = data;
  SalonRedis *self = connection->data;

  if (self == NULL || reply == NULL)
    return;
  if (reply->type == REDIS_REPLY_ERROR)
    {
      /* Only for the first attempts: a wrong password stays wrong. Loading is no refusal but part of starting. */
      gboolean is_news = self->back_off_ms < MAX_BACK_OFF_MS && !g_str_has_prefix (reply->str, "LOADING");

      GST_CAT_LEVEL_LOG (GST_CAT_DEFAULT, is_news ? GST_LEVEL_WARNING : GST_LEVEL_DEBUG, self,
          "Redis at %s refused %s: %.*s", self->place, (const char *)step, first_word_length (reply), reply->str);
      lose_connection (self);
      return;
    }
  if (!g_str_equal (step, "PING"))
    return;
  if (self->channel != NULL)
    redisAsyncCommand (connection, on_channel, NULL, "SUBSCRIBE %s", self->channel);
  else
    on_ready (self);
}

static void
on_connect (const redisAsyncContext *const_connection, int status)
{
  SalonRedis *self = const_connection->data;
  redisAsyncContext *connection;
  const SalonRedisUrl *url;

  if (self == NULL)
    return;
  if (status != REDIS_OK)
    {
      self->connection = NULL; /* hiredis frees it after this */
      g_clear_handle_id (&self->connect_timeout_id, g_source_remove);
      try_next_address (self);
      return;
    }

  connection = self->connection;
  url = self->url;
  /* Keeps address translators from forgetting an idle connection; for Unix sockets there is nothing to do. */
  if (url->host != NULL)
    redisEnableKeepAlive (&connection->c);
  if (url->username != NULL)
    redisAsyncCommand (connection, on_handshake, (void *)"AUTH", "AUTH %s %s", url->username, url->password);
  else if (url->password != NULL)
    redisAsyncCommand (connection, on_handshake, (void *)"AUTH", "AUTH %s", url->password);
  if (url->db != 0)
    redisAsyncCommand (connection, on_handshake, (void *)"SELECT", "SELECT %u", url->db);
  redisAsyncCommand (connection, on_handshake, (void *)"PING", "PING");
}

static gboolean
on_connect_timeout (gpointer user_data)
{
  SalonRedis *self = user_data;

  self->connect_timeout_id = 0;
  drop_connection (self);
  try_next_address (self);
  return G_SOURCE_REMOVE;
}

/* Neither call blocks: a Unix socket connects at once or not at all, and a number needs no DNS. */
static redisAsyncContext *
connect_to (GSocketAddress *address)
{
  g_autofree char *number = NULL;
  GInetSocketAddress *inet;

  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    return redisAsyncConnectUnix (g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address)));

  inet = G_INET_SOCKET_ADDRESS (address);
  number = g_inet_address_to_string (g_inet_socket_address_get_address (inet));
  return redisAsyncConnect (number, g_inet_socket_address_get_port (inet));
}

static void
open_connection (SalonRedis *self, GSocketAddress *address)
{
  redisAsyncContext *connection = connect_to (address);

  if (connection == NULL || connection->err != 0)
    {
      GST_DEBUG_OBJECT (self, "cannot connect: %s", connection != NULL ? connection->errstr : "out of memory");
      g_clear_pointer (&connection, redisAsyncFree);
      try_next_address (self);
      return;
    }
  self->connection = connection;
  connection->data = self;
  salon_redis_source_attach (connection);
  redisAsyncSetDisconnectCallback (connection, on_disconnect);
  redisAsyncSetConnectCallback (connection, on_connect);
  self->connect_timeout_id = g_timeout_add (CONNECT_TIMEOUT_MS, on_connect_timeout, self);
}

static void
on_address (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SalonRedis) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = NULL;

  address = g_socket_address_enumerator_next_finish (G_SOCKET_ADDRESS_ENUMERATOR (source), result, &error);
  if (self->is_closed)
    return;
  if (error != NULL)
    GST_DEBUG_OBJECT (self, "cannot look up %s: %s", self->place, error->message);
  if (address != NULL)
    open_connection (self, address);
  else
    back_off (self);
}

static void
try_next_address (SalonRedis *self)
{
  g_socket_address_enumerator_next_async (self->addresses, self->cancellable, on_address, g_object_ref (self));
}

static void
attempt (SalonRedis *self)
{
  g_autoptr (GSocketConnectable) connectable = salon_redis_url_get_connectable (self->url);

  self->addresses = g_socket_connectable_enumerate (connectable);
  try_next_address (self);
}

/* ---- public ---- */

SalonRedis *
salon_redis_new (const char *url, GError **error)
{
  g_autoptr (SalonRedisUrl) parsed = salon_redis_url_parse (url, error);
  SalonRedis *self;

  if (parsed == NULL)
    return NULL;
  self = g_object_new (SALON_TYPE_REDIS, NULL);
  self->place = salon_redis_url_describe (parsed);
  self->url = g_steal_pointer (&parsed);
  return self;
}

void
salon_redis_listen (SalonRedis *self, const char *channel, SalonRedisMessageFunc callback, gpointer user_data)
{
  g_return_if_fail (SALON_IS_REDIS (self) && !self->is_started && self->channel == NULL);

  self->channel = g_strdup (channel);
  self->on_message = callback;
  self->on_message_data = user_data;
}

void
salon_redis_start (SalonRedis *self)
{
  g_return_if_fail (SALON_IS_REDIS (self) && !self->is_started);

  self->is_started = TRUE;
  if (!self->is_closed)
    attempt (self);
}

gboolean
salon_redis_is_connected (SalonRedis *self)
{
  return self->is_connected;
}

void
salon_redis_set_deadline (SalonRedis *self, guint deadline_ms)
{
  self->deadline_ms = deadline_ms;
}

void
salon_redis_reconnect (SalonRedis *self)
{
  if (self->is_connected)
    lose_connection (self);
}

void
salon_redis_close (SalonRedis *self)
{
  g_autoptr (SalonRedis) alive = NULL;
  Command *command;

  if (self->is_closed)
    return;
  alive = g_object_ref (self);
  self->is_closed = TRUE;
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->retry_id, g_source_remove);
  g_clear_object (&self->addresses);
  drop_connection (self);
  while ((command = g_queue_peek_head (&self->waiting)) != NULL)
    {
      g_autoptr (GTask) task = command_settle (command);

      return_closed (task);
    }
  set_connected (self, FALSE);
}

void
salon_redis_command_async (SalonRedis *self, const char *const *argv, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, salon_redis_command_async);
  submit (self, task, g_strdupv ((char **)argv), NULL);
}

SalonRedisReply *
salon_redis_command_finish (SalonRedis *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
salon_redis_script_init (SalonRedisScript *script, const char *name, GRefString *source)
{
  script->name = name;
  script->source = source;
  script->sha1 = g_compute_checksum_for_string (G_CHECKSUM_SHA1, source, -1);
}

void
salon_redis_script_clear (SalonRedisScript *script)
{
  g_clear_pointer (&script->source, g_ref_string_release);
  g_clear_pointer (&script->sha1, g_free);
}

void
salon_redis_run_async (SalonRedis *self, const SalonRedisScript *script, const char *const *arguments,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();

  g_task_set_source_tag (task, salon_redis_run_async);
  g_strv_builder_add_many (argv, "EVALSHA", script->sha1, "0", NULL);
  g_strv_builder_addv (argv, (const char **)arguments);
  submit (self, task, g_strv_builder_end (argv), script);
}

SalonRedisReply *
salon_redis_run_finish (SalonRedis *self, GAsyncResult *result, GError **error)
{
  return salon_redis_command_finish (self, result, error);
}

/* ---- GObject ---- */

static void
salon_redis_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SalonRedis *self = SALON_REDIS (object);

  switch (id)
    {
    case PROP_CONNECTED:
      g_value_set_boolean (value, self->is_connected);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
salon_redis_dispose (GObject *object)
{
  salon_redis_close (SALON_REDIS (object));
  G_OBJECT_CLASS (salon_redis_parent_class)->dispose (object);
}

static void
salon_redis_finalize (GObject *object)
{
  SalonRedis *self = SALON_REDIS (object);

  g_clear_pointer (&self->url, salon_redis_url_free);
  g_free (self->place);
  g_free (self->channel);
  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (salon_redis_parent_class)->finalize (object);
}

static void
salon_redis_class_init (SalonRedisClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (salon_redis_debug, "salon-redis", 0, "Salon connection to Redis");

  object_class->get_property = salon_redis_get_property;
  object_class->dispose = salon_redis_dispose;
  object_class->finalize = salon_redis_finalize;

  properties[PROP_CONNECTED] = g_param_spec_boolean (
      "connected", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
salon_redis_init (SalonRedis *self)
{
  self->thread = g_thread_self ();
  self->cancellable = g_cancellable_new ();
  self->back_off_ms = MIN_BACK_OFF_MS;
  self->deadline_ms = SALON_REDIS_DEFAULT_DEADLINE_MS;
  g_queue_init (&self->waiting);
}
