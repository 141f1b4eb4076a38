/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libsoup/soup.h>
#include <string.h>

#include "bench-server.h"
#include "salon-json.h"

/* The driver for Janus: Debian's package, its VideoRoom plugin, over its WebSocket. As in janus.js, a participant has
 * one session, a handle to publish on and a handle to receive everybody on. */

#define PROGRAM "janus"
#define PLUGINS "/usr/lib/x86_64-linux-gnu/janus"
#define PLUGIN "janus.plugin.videoroom"
#define ROOM 1
#define MAX_CHARS (1024 * 1024)
#define MAX_IDS (G_GINT64_CONSTANT (1) << 53)
#define MAX_FEEDS 1000
/* Janus ends sessions after 60 s of silence. */
#define KEEPALIVE_S 25

typedef enum
{
  PUBLISHING, /* and the target of BenchParticipant */
  RECEIVING,
  N_HANDLES
} Handle;

/* Each request that is waited for is known by its transaction's name, since none is made twice at a time. */
#define CREATE "create"
#define ATTACH_PUBLISHING "attach-publishing"
#define ATTACH_RECEIVING "attach-receiving"
#define PUBLISH "publish"
#define LIST "list"
#define SUBSCRIBE "subscribe"
#define OTHER "other"

/* Counted: a connection under way has a reference. */
typedef struct
{
  SoupSession *soup;               /* (owned) */
  SoupWebsocketConnection *socket; /* (owned) (nullable): from the connection on */
  BenchParticipant *participant;   /* (borrowed) (nullable): NULL once it left */
  gint64 session;
  gint64 handles[N_HANDLES];
  gint64 feed; /* our own id as a publisher, or 0 */
  gboolean is_published;
  guint keepalive_id;
} Client;

/* -- the server -- */

/* Those of Debian's that a VideoRoom does not need. */
#define OTHER_PLUGINS                                                                                                  \
  "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,libjanus_lua.so,libjanus_nosip.so,"                \
  "libjanus_recordplay.so,libjanus_sip.so,libjanus_streaming.so,libjanus_textroom.so,libjanus_videocall.so,"           \
  "libjanus_voicemail.so"
#define OTHER_TRANSPORTS "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so"

/* A free one; somebody could take it before Janus does, and then it ends and says so. */
static guint16
find_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();

  return g_socket_listener_add_any_inet_port (listener, NULL, NULL);
}

static gboolean
write_files (BenchServer *server, guint n_event_loops, guint16 port, GError **error)
{
  const char *folder = bench_server_get_folder (server);
  g_autofree char *loops = n_event_loops > 0 ? g_strdup_printf ("event_loops = %u\n", n_event_loops) : g_strdup ("");
  g_autofree char *main_text = g_strdup_printf ("general: {\n"
                                                "configs_folder = \"%s\"\n"
                                                "plugins_folder = \"" PLUGINS "/plugins\"\n"
                                                "transports_folder = \"" PLUGINS "/transports\"\n"
                                                "%s"
                                                "}\n"
                                                "plugins: { disable = \"" OTHER_PLUGINS "\" }\n"
                                                "transports: { disable = \"" OTHER_TRANSPORTS "\" }\n",
      folder, loops);
  g_autofree char *transport_text
      = g_strdup_printf ("general: { ws = true, ws_ip = \"127.0.0.1\", ws_port = %u }\n", port);
  g_autofree char *room_text = g_strdup_printf (
      "room-%d: { publishers = %d, audiocodec = \"opus\", videocodec = \"vp8\" }\n", ROOM, MAX_FEEDS);

  return bench_server_write_file (server, "janus.jcfg", main_text, error)
         && bench_server_write_file (server, "janus.transport.websockets.jcfg", transport_text, error)
         && bench_server_write_file (server, "janus.plugin.videoroom.jcfg", room_text, error);
}

static gboolean
configure_with (BenchServer *server, guint n_event_loops, GPtrArray *arguments, GError **error)
{
  guint16 port = find_port ();
  g_autofree char *url = g_strdup_printf ("ws://127.0.0.1:%u/", port);
  g_autofree char *program = g_find_program_in_path (PROGRAM);

  if (program == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "there is no janus; apt-get install janus");
      return FALSE;
    }
  bench_server_set_url (server, url);
  g_ptr_array_add (arguments, g_strdup (program));
  g_ptr_array_add (arguments, g_strdup ("--configs-folder"));
  g_ptr_array_add (arguments, g_strdup (bench_server_get_folder (server)));
  return write_files (server, n_event_loops, port, error);
}

static gboolean
configure (BenchServer *server, GPtrArray *arguments, GError **error)
{
  return configure_with (server, 0, arguments, error);
}

static gboolean
configure_loops (BenchServer *server, GPtrArray *arguments, GError **error)
{
  return configure_with (server, g_get_num_processors (), arguments, error);
}

static gboolean
is_ready (BenchServer *server)
{
  g_autoptr (GUri) url = g_uri_parse (bench_server_get_url (server), G_URI_FLAGS_NONE, NULL);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection
      = g_socket_client_connect_to_host (client, g_uri_get_host (url), g_uri_get_port (url), NULL, NULL);

  return connection != NULL;
}

/* -- what goes -- */

static void
client_clear (Client *client)
{
  g_clear_object (&client->socket);
  g_object_unref (client->soup);
}

static void
client_unref (Client *client)
{
  g_rc_box_release_full (client, (GDestroyNotify)client_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_unref)

/* error: (transfer full) (nullable) */
static void
fail (Client *client, GError *error)
{
  if (client->participant != NULL)
    bench_participant_fail (client->participant, error != NULL ? error->message : "the server is not understood");
  g_clear_error (&error);
}

/* message: (transfer full): gets session and transaction. */
static void
send_message (Client *client, const char *type, const char *transaction, JsonObject *message)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), message);
  g_autofree char *text = NULL;

  json_object_set_string_member (message, "janus", type);
  json_object_set_string_member (message, "transaction", transaction);
  if (client->session != 0)
    json_object_set_int_member (message, "session_id", client->session);
  json_object_unref (message);
  text = salon_json_to_text (node);
  if (client->socket != NULL && soup_websocket_connection_get_state (client->socket) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_send_text (client->socket, text);
}

/* body: (transfer full); type and sdp: (nullable): of the description that goes with it. */
static void
send_to_plugin (
    Client *client, Handle handle, const char *transaction, JsonObject *body, const char *type, const char *sdp)
{
  JsonObject *message = json_object_new ();

  json_object_set_int_member (message, "handle_id", client->handles[handle]);
  json_object_set_object_member (message, "body", body);
  if (sdp != NULL)
    {
      JsonObject *jsep = json_object_new ();

      json_object_set_string_member (jsep, "type", type);
      json_object_set_string_member (jsep, "sdp", sdp);
      json_object_set_object_member (message, "jsep", jsep);
    }
  send_message (client, "message", transaction, message);
}

static JsonObject *
new_body (const char *request)
{
  JsonObject *body = json_object_new ();

  json_object_set_string_member (body, "request", request);
  json_object_set_int_member (body, "room", ROOM);
  return body;
}

static void
send_attach (Client *client, const char *transaction)
{
  JsonObject *message = json_object_new ();

  json_object_set_string_member (message, "plugin", PLUGIN);
  send_message (client, "attach", transaction, message);
}

static void
send_publish (Client *client)
{
  JsonObject *body = new_body ("joinandconfigure");
  g_autofree char *offer = bench_participant_offer (client->participant);

  json_object_set_string_member (body, "ptype", "publisher");
  json_object_set_boolean_member (body, "audio", TRUE);
  json_object_set_boolean_member (body, "video", TRUE);
  send_to_plugin (client, PUBLISHING, PUBLISH, body, "offer", offer);
}

/* The description has the candidates, and they are all. */
static void
send_completed (Client *client, Handle handle)
{
  JsonObject *message = json_object_new ();
  JsonObject *candidate = json_object_new ();

  json_object_set_boolean_member (candidate, "completed", TRUE);
  json_object_set_object_member (message, "candidate", candidate);
  json_object_set_int_member (message, "handle_id", client->handles[handle]);
  send_message (client, "trickle", OTHER, message);
}

/* -- what comes -- */

static gboolean
take_session (Client *client, JsonObject *message, GError **error)
{
  JsonObject *data;

  if (!salon_json_get_object (message, "data", &data, error)
      || !salon_json_get_int (data, "id", 1, MAX_IDS, &client->session, error))
    return FALSE;
  send_attach (client, bench_participant_sends (client->participant) ? ATTACH_PUBLISHING : ATTACH_RECEIVING);
  return TRUE;
}

static gboolean
take_handle (Client *client, Handle handle, JsonObject *message, GError **error)
{
  JsonObject *data;

  if (!salon_json_get_object (message, "data", &data, error)
      || !salon_json_get_int (data, "id", 1, MAX_IDS, &client->handles[handle], error))
    return FALSE;
  if (handle == PUBLISHING)
    send_publish (client);
  else
    send_to_plugin (client, RECEIVING, LIST, new_body ("listparticipants"), NULL, NULL);
  return TRUE;
}

/* plugindata: { plugin, data }; a plugin's error comes as data, too. */
static gboolean
get_plugin_data (JsonObject *message, JsonObject **data, GError **error)
{
  JsonObject *wrapper;
  const char *problem = NULL;

  if (!salon_json_get_object (message, "plugindata", &wrapper, error)
      || !salon_json_get_object (wrapper, "data", data, error)
      || !salon_json_get_optional_string (*data, "error", 0, MAX_CHARS, &problem, error))
    return FALSE;
  if (problem != NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Janus refuses: %s", problem);
  return problem == NULL;
}

static gboolean
get_sdp (JsonObject *message, const char **sdp, GError **error)
{
  JsonObject *jsep;

  return salon_json_get_object (message, "jsep", &jsep, error)
         && salon_json_get_string (jsep, "sdp", 1, MAX_CHARS, sdp, error);
}

static gboolean
take_published (Client *client, JsonObject *message, GError **error)
{
  JsonObject *data;
  const char *sdp;

  if (!get_plugin_data (message, &data, error) || !salon_json_get_int (data, "id", 1, MAX_IDS, &client->feed, error)
      || !get_sdp (message, &sdp, error) || !bench_participant_take_answer (client->participant, sdp, error))
    return FALSE;
  send_completed (client, PUBLISHING);
  return TRUE;
}

/* Returns: (transfer full) (nullable): those who publish, but ourselves. */
static JsonArray *
list_streams (Client *client, JsonArray *participants, GError **error)
{
  g_autoptr (JsonArray) streams = json_array_new ();

  for (guint i = 0; i < json_array_get_length (participants); i++)
    {
      JsonObject *participant;
      JsonObject *stream;
      gboolean publishes;
      gint64 id;

      if (!salon_json_array_get_object (participants, "participants", i, &participant, error)
          || !salon_json_get_boolean (participant, "publisher", &publishes, error)
          || !salon_json_get_int (participant, "id", 1, MAX_IDS, &id, error))
        return NULL;
      if (!publishes || id == client->feed)
        continue;
      stream = json_object_new ();
      json_object_set_int_member (stream, "feed", id);
      json_array_add_object_element (streams, stream);
    }
  return g_steal_pointer (&streams);
}

static gboolean
take_list (Client *client, JsonObject *message, GError **error)
{
  JsonObject *data;
  JsonObject *body;
  JsonArray *participants;
  JsonArray *streams;

  if (!get_plugin_data (message, &data, error)
      || !salon_json_get_array (data, "participants", MAX_FEEDS, &participants, error))
    return FALSE;
  streams = list_streams (client, participants, error);
  if (streams == NULL)
    return FALSE;
  body = new_body ("join");
  json_object_set_string_member (body, "ptype", "subscriber");
  json_object_set_array_member (body, "streams", streams);
  send_to_plugin (client, RECEIVING, SUBSCRIBE, body, NULL, NULL);
  return TRUE;
}

static gboolean
take_offer (Client *client, JsonObject *message, GError **error)
{
  JsonObject *data;
  const char *offer;
  g_autofree char *answer = NULL;

  if (!get_plugin_data (message, &data, error) || !get_sdp (message, &offer, error))
    return FALSE;
  answer = bench_participant_answer (client->participant, RECEIVING, offer, error);
  if (answer == NULL)
    return FALSE;
  send_to_plugin (client, RECEIVING, OTHER, new_body ("start"), "answer", answer);
  send_completed (client, RECEIVING);
  return TRUE;
}

static gboolean
take_candidate (Client *client, JsonObject *message, GError **error)
{
  JsonObject *candidate;
  const char *text = NULL;
  gint64 sender;

  if (!salon_json_get_object (message, "candidate", &candidate, error)
      || !salon_json_get_int (message, "sender", 1, MAX_IDS, &sender, error)
      || !salon_json_get_optional_string (candidate, "candidate", 0, MAX_CHARS, &text, error))
    return FALSE;
  if (text != NULL)
    bench_participant_add_candidate (
        client->participant, sender == client->handles[RECEIVING] ? RECEIVING : PUBLISHING, text);
  return TRUE;
}

static gboolean
take_reply (Client *client, const char *transaction, JsonObject *message, GError **error)
{
  if (g_str_equal (transaction, CREATE))
    return take_session (client, message, error);
  if (g_str_equal (transaction, ATTACH_PUBLISHING))
    return take_handle (client, PUBLISHING, message, error);
  if (g_str_equal (transaction, ATTACH_RECEIVING))
    return take_handle (client, RECEIVING, message, error);
  if (g_str_equal (transaction, PUBLISH))
    return take_published (client, message, error);
  if (g_str_equal (transaction, LIST))
    return take_list (client, message, error);
  if (g_str_equal (transaction, SUBSCRIBE))
    return take_offer (client, message, error);
  return TRUE;
}

static gboolean
take_problem (JsonObject *message, GError **error)
{
  JsonObject *problem;
  const char *reason;

  if (salon_json_get_object (message, "error", &problem, error)
      && salon_json_get_string (problem, "reason", 0, MAX_CHARS, &reason, error))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Janus refuses: %s", reason);
  return FALSE;
}

/* The room's list has a publisher only from here on. */
static gboolean
take_up (Client *client, JsonObject *message, GError **error)
{
  gint64 sender;

  if (!salon_json_get_int (message, "sender", 1, MAX_IDS, &sender, error))
    return FALSE;
  client->is_published |= sender == client->handles[PUBLISHING];
  return TRUE;
}

static gboolean
take_message (Client *client, JsonObject *message, GError **error)
{
  const char *transaction = OTHER;
  const char *type;

  if (!salon_json_get_string (message, "janus", 1, MAX_CHARS, &type, error)
      || !salon_json_get_optional_string (message, "transaction", 0, MAX_CHARS, &transaction, error))
    return FALSE;
  if (g_str_equal (type, "error"))
    return take_problem (message, error);
  if (g_str_equal (type, "trickle"))
    return take_candidate (client, message, error);
  if (g_str_equal (type, "success") || g_str_equal (type, "event"))
    return take_reply (client, transaction, message, error);
  if (g_str_equal (type, "webrtcup"))
    return take_up (client, message, error);
  if (!g_str_equal (type, "hangup") && !g_str_equal (type, "timeout"))
    return TRUE; /* ack, media, slowlink */
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "Janus says %s", type);
  return FALSE;
}

static void
on_message (SoupWebsocketConnection *socket, SoupWebsocketDataType type, GBytes *bytes, gpointer user_data)
{
  Client *client = user_data;
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);
  GError *error = NULL;
  g_autoptr (JsonNode) node = salon_json_parse (text, size, MAX_CHARS, &error);
  JsonObject *message = node != NULL ? salon_json_node_as_object (node, "message", &error) : NULL;

  if (message == NULL || !take_message (client, message, &error))
    fail (client, error);
}

/* -- joining and leaving -- */

static void
on_closed (SoupWebsocketConnection *socket, gpointer user_data)
{
  fail (user_data, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "the server closed the WebSocket"));
}

static gboolean
on_keepalive (gpointer user_data)
{
  Client *client = user_data;

  if (client->session != 0)
    send_message (client, "keepalive", OTHER, json_object_new ());
  return G_SOURCE_CONTINUE;
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Client) client = user_data;
  GError *error = NULL;

  client->socket = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &error);
  if (client->socket == NULL || client->participant == NULL)
    {
      fail (client, error);
      return;
    }
  soup_websocket_connection_set_max_incoming_payload_size (client->socket, MAX_CHARS);
  g_signal_connect (client->socket, "message", G_CALLBACK (on_message), client);
  g_signal_connect (client->socket, "closed", G_CALLBACK (on_closed), client);
  send_message (client, "create", CREATE, json_object_new ());
}

static BenchClient
join (BenchServer *server, BenchParticipant *participant)
{
  static const char *protocols[] = { "janus-protocol", NULL };
  Client *client = g_rc_box_new0 (Client);
  g_autoptr (SoupMessage) message = soup_message_new (SOUP_METHOD_GET, bench_server_get_url (server));

  client->participant = participant;
  client->soup = soup_session_new ();
  client->keepalive_id = g_timeout_add_seconds (KEEPALIVE_S, on_keepalive, client);
  soup_session_websocket_connect_async (client->soup, message, NULL, (char **)protocols, G_PRIORITY_DEFAULT, NULL,
      on_connected, g_rc_box_acquire (client));
  return client;
}

static gboolean
is_published (BenchClient client)
{
  return ((Client *)client)->is_published;
}

/* One who only receives has done so in joining. */
static void
everybody_is_here (BenchClient here)
{
  Client *client = here;

  if (bench_participant_sends (client->participant) && bench_participant_receives (client->participant))
    send_attach (client, ATTACH_RECEIVING);
}

static void
leave (BenchClient left)
{
  Client *client = left;

  client->participant = NULL;
  g_clear_handle_id (&client->keepalive_id, g_source_remove);
  if (client->socket != NULL)
    {
      g_signal_handlers_disconnect_by_data (client->socket, client);
      send_message (client, "destroy", OTHER, json_object_new ());
      if (soup_websocket_connection_get_state (client->socket) == SOUP_WEBSOCKET_STATE_OPEN)
        soup_websocket_connection_close (client->socket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
    }
  client_unref (client);
}

const BenchDriver bench_janus_driver = {
  .name = "janus",
  .configure = configure,
  .is_ready = is_ready,
  .join = join,
  .is_published = is_published,
  .everybody_is_here = everybody_is_here,
  .leave = leave,
};

const BenchDriver bench_janus_loops_driver = {
  .name = "janus-loops",
  .configure = configure_loops,
  .is_ready = is_ready,
  .join = join,
  .is_published = is_published,
  .everybody_is_here = everybody_is_here,
  .leave = leave,
};
