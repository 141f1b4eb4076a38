/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-client.h"

#include <glib/gi18n.h>
#include <libsoup/soup.h>

#include "salon-json.h"

/* The answer to a join tells of everybody in the room: about 500 bytes for each of at most 1,000, and an SDP. */
#define MAX_MESSAGE_BYTES (1024 * 1024)
#define LONGEST_TEXT MAX_MESSAGE_BYTES

struct _SalonClient
{
  GObject parent_instance;

  SoupSession *session;            /* (owned) (nullable): from connecting on */
  SoupWebsocketConnection *socket; /* (owned) (nullable): while it is open */
  GHashTable *pending;             /* (owned) (element-type int GTask): requests by their id */
  gint last_id;
};

G_DEFINE_FINAL_TYPE (SalonClient, salon_client, G_TYPE_OBJECT)

enum
{
  SIGNAL_NOTIFICATION,
  SIGNAL_CLOSED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* -- what comes -- */

static void
handle_response (SalonClient *self, JsonObject *message, gint64 id)
{
  g_autoptr (GTask) task = NULL;
  JsonObject *failure = NULL;
  JsonObject *result = NULL;
  const char *text = _ ("The server refuses, and does not say why");
  GError *error = NULL;

  if (!g_hash_table_steal_extended (self->pending, GINT_TO_POINTER ((gint)id), NULL, (gpointer *)&task))
    return;
  if (salon_json_get_optional_object (message, "error", &failure, NULL) && failure != NULL)
    {
      if (salon_json_get_string (failure, "message", 1, LONGEST_TEXT, &text, NULL))
        g_debug ("the request failed: %s", text);
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", text);
    }
  else if (salon_json_get_object (message, "result", &result, &error))
    g_task_return_pointer (task, json_object_ref (result), (GDestroyNotify)json_object_unref);
  else
    g_task_return_error (task, error);
}

static gboolean
handle_message (SalonClient *self, GBytes *bytes, GError **error)
{
  g_autoptr (JsonNode) node = NULL;
  JsonObject *message;
  JsonObject *params;
  const char *method;
  gint64 id = -1;
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);

  node = salon_json_parse (text, size, MAX_MESSAGE_BYTES, error);
  if (node == NULL)
    return FALSE;
  message = salon_json_node_as_object (node, "message", error);
  if (message == NULL || !salon_json_get_optional_int (message, "id", 0, G_MAXINT, &id, error))
    return FALSE;
  if (id >= 0)
    {
      handle_response (self, message, id);
      return TRUE;
    }
  if (!salon_json_get_string (message, "method", 1, LONGEST_TEXT, &method, error)
      || !salon_json_get_object (message, "params", &params, error))
    return FALSE;
  g_signal_emit (self, signals[SIGNAL_NOTIFICATION], 0, method, params);
  return TRUE;
}

static void
on_message (SoupWebsocketConnection *socket, SoupWebsocketDataType type, GBytes *bytes, gpointer user_data)
{
  g_autoptr (SalonClient) self = g_object_ref (user_data);
  g_autoptr (GError) error = NULL;

  if (!handle_message (self, bytes, &error))
    g_warning ("a message of the server is not understood: %s", error->message);
}

static void
on_closed (SoupWebsocketConnection *socket, gpointer user_data)
{
  g_autoptr (SalonClient) self = g_object_ref (user_data);
  g_autoptr (GList) tasks = g_hash_table_get_values (self->pending);

  g_hash_table_steal_all (self->pending);
  for (GList *task = tasks; task != NULL; task = task->next)
    {
      g_task_return_new_error (task->data, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("the server closed the connection"));
      g_object_unref (task->data);
    }
  g_clear_object (&self->socket);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
}

/* -- connecting -- */

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SalonClient *self = g_task_get_source_object (task);
  GError *error = NULL;

  self->socket = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &error);
  if (self->socket == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  soup_websocket_connection_set_max_incoming_payload_size (self->socket, MAX_MESSAGE_BYTES);
  g_signal_connect_object (self->socket, "message", G_CALLBACK (on_message), self, 0);
  g_signal_connect_object (self->socket, "closed", G_CALLBACK (on_closed), self, 0);
  g_task_return_boolean (task, TRUE);
}

/* Returns: (transfer full) (nullable): NULL when this is no URL. */
static SoupMessage *
new_request (const char *server)
{
  g_autofree char *url = g_strconcat (server, g_str_has_suffix (server, "/") ? "" : "/", "ws", NULL);

  if (g_path_is_absolute (server))
    return soup_message_new (SOUP_METHOD_GET, "http://localhost/ws");
  if (g_str_has_prefix (server, "http://") || g_str_has_prefix (server, "https://"))
    return soup_message_new (SOUP_METHOD_GET, url);
  return NULL;
}

static SoupSession *
new_session (const char *server)
{
  g_autoptr (GSocketAddress) address = NULL;

  if (g_path_is_absolute (server))
    address = g_unix_socket_address_new (server);
  return g_object_new (SOUP_TYPE_SESSION, "remote-connectable", address, NULL);
}

void
salon_client_connect_async (SalonClient *self, const char *server, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_autoptr (SoupMessage) message = new_request (server);

  if (message == NULL)
    {
      g_task_return_new_error (
          task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _ ("a server's URL reads http://host:port or https://host"));
      g_object_unref (task);
      return;
    }
  self->session = new_session (server);
  soup_session_websocket_connect_async (
      self->session, message, NULL, NULL, G_PRIORITY_DEFAULT, NULL, on_connected, task);
}

gboolean
salon_client_connect_finish (SalonClient *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
salon_client_close (SalonClient *self)
{
  if (self->socket != NULL && soup_websocket_connection_get_state (self->socket) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (self->socket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
}

/* -- what goes -- */

/* id: negative for a notification. params: (transfer full) */
static void
send (SalonClient *self, gint id, const char *method, JsonObject *params)
{
  JsonObject *message = json_object_new ();
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), message);
  g_autofree char *text = NULL;

  json_object_set_string_member (message, "jsonrpc", "2.0");
  if (id >= 0)
    json_object_set_int_member (message, "id", id);
  json_object_set_string_member (message, "method", method);
  json_object_set_object_member (message, "params", params);
  json_object_unref (message);
  text = salon_json_to_text (node);
  soup_websocket_connection_send_text (self->socket, text);
}

static gboolean
is_open (SalonClient *self)
{
  return self->socket != NULL && soup_websocket_connection_get_state (self->socket) == SOUP_WEBSOCKET_STATE_OPEN;
}

void
salon_client_request_async (
    SalonClient *self, const char *method, JsonObject *params, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  if (!is_open (self))
    {
      json_object_unref (params);
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The connection to the server is closed"));
      g_object_unref (task);
      return;
    }
  g_hash_table_insert (self->pending, GINT_TO_POINTER (++self->last_id), task);
  send (self, self->last_id, method, params);
}

JsonObject *
salon_client_request_finish (SalonClient *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
salon_client_notify (SalonClient *self, const char *method, JsonObject *params)
{
  if (is_open (self))
    send (self, -1, method, params);
  else
    json_object_unref (params);
}

/* -- object -- */

static void
salon_client_dispose (GObject *object)
{
  SalonClient *self = SALON_CLIENT (object);

  salon_client_close (self);
  g_clear_object (&self->socket);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (salon_client_parent_class)->dispose (object);
}

static void
salon_client_finalize (GObject *object)
{
  /* A waiting request holds a reference: there is none. */
  g_hash_table_unref (SALON_CLIENT (object)->pending);
  G_OBJECT_CLASS (salon_client_parent_class)->finalize (object);
}

static void
salon_client_class_init (SalonClientClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = salon_client_dispose;
  G_OBJECT_CLASS (klass)->finalize = salon_client_finalize;
  signals[SIGNAL_NOTIFICATION] = g_signal_new (
      "notification", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, JSON_TYPE_OBJECT);
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
salon_client_init (SalonClient *self)
{
  self->pending = g_hash_table_new (NULL, NULL);
}

SalonClient *
salon_client_new (void)
{
  return g_object_new (SALON_TYPE_CLIENT, NULL);
}
