/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-server.h"
#include "salon-client.h"
#include "salon-json.h"

/* The driver for Salon: JSON-RPC on the WebSocket, as data/protocol.schema.json describes it. */

#define ROOM "benchmark"
#define MAX_CHARS (1024 * 1024)

/* Counted: each answer that is waited for has a reference. */
typedef struct
{
  SalonClient *rpc;              /* (owned) */
  BenchParticipant *participant; /* (borrowed) (nullable): NULL once it left */
} Client;

/* -- the server -- */

static gboolean
configure (BenchServer *server, GPtrArray *arguments, GError **error)
{
  const char *program = g_getenv ("SALON_SERVER");
  const char *folder = bench_server_get_folder (server);
  g_autofree char *text = g_strdup_printf ("[server]\n"
                                           "listen=127.0.0.1\n"
                                           "port=0\n"
                                           "state-dir=%s/state\n"
                                           "[media]\n"
                                           "ice-port=0\n"
                                           "ice-tcp-port=0\n"
                                           "ice-addresses=127.0.0.1\n"
                                           "max-audio=0\n" /* as the others: everybody hears all */
                                           "[rooms]\n"
                                           "default-max-members=1000\n",
      folder);

  if (!bench_server_write_file (server, "salon.conf", text, error))
    return FALSE;
  g_ptr_array_add (arguments, g_strdup (program != NULL ? program : SALON_SERVER_PATH));
  g_ptr_array_add (arguments, g_strdup ("--config"));
  g_ptr_array_add (arguments, g_build_filename (folder, "salon.conf", NULL));
  return TRUE;
}

/* It prints its URL, in whatever language, once it takes clients. */
static gboolean
is_ready (BenchServer *server)
{
  g_autofree char *log = bench_server_read_log (server);
  g_autoptr (GRegex) pattern = g_regex_new ("http://[^\\s/]+:\\d+/", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *url = NULL;

  if (!g_regex_match (pattern, log, 0, &match))
    return FALSE;
  url = g_match_info_fetch (match, 0);
  bench_server_set_url (server, url);
  return TRUE;
}

/* -- a client -- */

static void
client_clear (Client *client)
{
  g_object_unref (client->rpc);
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

static JsonObject *
new_desc (const char *type, const char *sdp)
{
  JsonObject *desc = json_object_new ();

  json_object_set_string_member (desc, "type", type);
  json_object_set_string_member (desc, "sdp", sdp);
  return desc;
}

static void
on_answer_taken (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Client) client = user_data;
  GError *error = NULL;
  g_autoptr (JsonObject) reply = salon_client_request_finish (client->rpc, result, &error);

  if (reply == NULL)
    fail (client, error);
}

static void
take_offer (Client *client, JsonObject *params)
{
  JsonObject *answer = json_object_new ();
  g_autofree char *sdp = NULL;
  const char *offer;
  gint64 target;
  GError *error = NULL;

  if (salon_json_get_int (params, "target", 1, 15, &target, &error)
      && salon_json_get_string (params, "sdp", 1, MAX_CHARS, &offer, &error))
    sdp = bench_participant_answer (client->participant, target, offer, &error);
  if (sdp == NULL)
    {
      json_object_unref (answer);
      fail (client, error);
      return;
    }
  json_object_set_object_member (answer, "desc", new_desc ("answer", sdp));
  json_object_set_int_member (answer, "target", target);
  salon_client_request_async (client->rpc, "answer", answer, on_answer_taken, g_rc_box_acquire (client));
}

static void
take_candidate (Client *client, JsonObject *params)
{
  JsonObject *candidate;
  const char *text;
  gint64 target;
  GError *error = NULL;

  if (salon_json_get_int (params, "target", 0, 15, &target, &error)
      && salon_json_get_object (params, "candidate", &candidate, &error)
      && salon_json_get_string (candidate, "candidate", 0, MAX_CHARS, &text, &error))
    bench_participant_add_candidate (client->participant, target, text);
  else
    fail (client, error);
}

static void
on_notification (SalonClient *rpc, const char *method, JsonObject *params, gpointer user_data)
{
  Client *client = user_data;

  if (g_str_equal (method, "offer"))
    take_offer (client, params);
  else if (g_str_equal (method, "trickle"))
    take_candidate (client, params);
  else if (g_str_equal (method, "bye"))
    fail (client, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "the server says bye"));
}

static void
on_closed (SalonClient *rpc, gpointer user_data)
{
  fail (user_data, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "the server closed the WebSocket"));
}

static void
on_joined (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Client) client = user_data;
  GError *error = NULL;
  g_autoptr (JsonObject) reply = salon_client_request_finish (client->rpc, result, &error);
  const char *answer;

  if (reply == NULL)
    fail (client, error);
  else if (client->participant != NULL && bench_participant_sends (client->participant)
           && (!salon_json_get_string (reply, "sdp", 1, MAX_CHARS, &answer, &error)
               || !bench_participant_take_answer (client->participant, answer, &error)))
    fail (client, error);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Client) client = user_data;
  BenchParticipant *participant = client->participant;
  JsonObject *params;
  JsonObject *config;
  GError *error = NULL;

  if (!salon_client_connect_finish (client->rpc, result, &error) || participant == NULL)
    {
      fail (client, error);
      return;
    }
  params = json_object_new ();
  config = json_object_new ();
  json_object_set_string_member (params, "sid", ROOM);
  json_object_set_boolean_member (config, "NoPublish", !bench_participant_sends (participant));
  json_object_set_boolean_member (config, "NoSubscribe", !bench_participant_receives (participant));
  json_object_set_object_member (params, "config", config);
  if (bench_participant_sends (participant))
    {
      g_autofree char *offer = bench_participant_offer (participant);

      json_object_set_object_member (params, "offer", new_desc ("offer", offer));
    }
  salon_client_request_async (client->rpc, "join", params, on_joined, g_rc_box_acquire (client));
}

static BenchClient
join (BenchServer *server, BenchParticipant *participant)
{
  Client *client = g_rc_box_new0 (Client);

  client->participant = participant;
  client->rpc = salon_client_new ();
  g_signal_connect (client->rpc, "notification", G_CALLBACK (on_notification), client);
  g_signal_connect (client->rpc, "closed", G_CALLBACK (on_closed), client);
  salon_client_connect_async (client->rpc, bench_server_get_url (server), on_connected, g_rc_box_acquire (client));
  return client;
}

static void
leave (BenchClient left)
{
  Client *client = left;

  client->participant = NULL;
  g_signal_handlers_disconnect_by_data (client->rpc, client);
  salon_client_close (client->rpc);
  client_unref (client);
}

const BenchDriver bench_salon_driver = {
  .name = "salon",
  .configure = configure,
  .is_ready = is_ready,
  .join = join,
  .leave = leave,
};
