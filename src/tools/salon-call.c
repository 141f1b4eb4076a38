/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-call.h"

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "salon-client.h"
#include "salon-json.h"
#include "salon-peer.h"
#include "salon-room-log.h"

/* From the start to the join; an encoder that has not produced anything by then never will. */
#define JOIN_TIMEOUT_S 20
/* For a file's index to be written, and for the server to answer a leave. */
#define END_TIMEOUT_S 5

#define PUBLISHER_TARGET 0
#define SUBSCRIBER_TARGET 1
#define LAST_TARGET 15
/* More than any text of the protocol. */
#define LONGEST_TEXT (256 * 1024)

typedef enum
{
  STATE_STARTING,
  STATE_JOINING,
  STATE_JOINED,
  STATE_ENDING,  /* the sinks come to their end */
  STATE_LEAVING, /* the server is told */
  STATE_LEFT,
} State;

typedef struct
{
  const SalonCallOptions *options; /* (borrowed) */
  GMainLoop *loop;
  SalonPipeline *pipeline; /* (borrowed) */
  SalonClient *client;
  GHashTable *peers;           /* (owned) (element-type uint SalonPeer): by target; 0 the publisher */
  SalonRoomLog *log;           /* (owned) */
  GPtrArray *early_candidates; /* (owned) (element-type JsonObject): the server takes them once we have joined */
  State state;
  guint timeout_id; /* of the current state */
  gboolean has_failed;
  guint signal_ids[2];
} Call;

static void
complain (Call *call, const char *message)
{
  g_printerr ("salon-launch: %s\n", message);
  call->has_failed = TRUE;
}

/* -- the end -- */

/* Replaces the time limit of the state that was left. */
static void
enter (Call *call, State state, guint limit_s, GSourceFunc on_timeout)
{
  call->state = state;
  g_clear_handle_id (&call->timeout_id, g_source_remove);
  if (limit_s > 0)
    call->timeout_id = g_timeout_add_seconds (limit_s, on_timeout, call);
}

static void
quit (Call *call)
{
  enter (call, STATE_LEFT, 0, NULL);
  g_main_loop_quit (call->loop);
}

static gboolean
on_leave_timeout (gpointer user_data)
{
  Call *call = user_data;

  call->timeout_id = 0;
  quit (call);
  return G_SOURCE_REMOVE;
}

static void
on_left (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (JsonObject) reply = salon_client_request_finish (SALON_CLIENT (source), result, NULL);
  Call *call = user_data;

  if (call->state == STATE_LEFT)
    return;
  if (reply != NULL)
    salon_room_log_print ("left %s", call->options->room);
  quit (call);
}

static void
begin_to_leave (Call *call)
{
  gboolean has_joined = call->state == STATE_JOINED || call->state == STATE_ENDING;

  enter (call, STATE_LEAVING, END_TIMEOUT_S, on_leave_timeout);
  if (has_joined)
    salon_client_request_async (call->client, "leave", json_object_new (), on_left, call);
  else
    quit (call);
}

static gboolean
on_end_timeout (gpointer user_data)
{
  Call *call = user_data;

  call->timeout_id = 0;
  complain (call, _ ("a sink did not come to its end in time; what it wrote may be cut short"));
  begin_to_leave (call);
  return G_SOURCE_REMOVE;
}

/* As asked: files are finished first. */
static void
end (Call *call)
{
  if (call->state == STATE_JOINED && salon_pipeline_needs_ending (call->pipeline))
    {
      enter (call, STATE_ENDING, END_TIMEOUT_S, on_end_timeout);
      salon_pipeline_end (call->pipeline);
    }
  else if (call->state < STATE_LEAVING)
    begin_to_leave (call);
}

static void
fail (Call *call, const char *message)
{
  if (call->state >= STATE_LEAVING)
    return;
  complain (call, message);
  begin_to_leave (call);
}

static gboolean
on_signal (gpointer user_data)
{
  Call *call = user_data;

  /* Whoever asks twice does not want to wait. */
  if (call->state >= STATE_ENDING)
    quit (call);
  else
    end (call);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_duration_over (gpointer user_data)
{
  Call *call = user_data;

  call->timeout_id = 0;
  end (call);
  return G_SOURCE_REMOVE;
}

/* -- peer connections -- */

static JsonObject *
description_to_json (const char *type, const char *sdp)
{
  JsonObject *description = json_object_new ();

  json_object_set_string_member (description, "type", type);
  json_object_set_string_member (description, "sdp", sdp);
  return description;
}

static guint
target_of (Call *call, SalonPeer *peer)
{
  GHashTableIter peers;
  gpointer target;
  gpointer other;

  g_hash_table_iter_init (&peers, call->peers);
  while (g_hash_table_iter_next (&peers, &target, &other))
    {
      if (other == peer)
        return GPOINTER_TO_UINT (target);
    }
  g_assert_not_reached ();
}

static void
on_candidate (SalonPeer *peer, guint m_line, const char *text, Call *call)
{
  JsonObject *params = json_object_new ();
  JsonObject *candidate = json_object_new ();

  json_object_set_string_member (candidate, "candidate", text);
  json_object_set_int_member (candidate, "sdpMLineIndex", m_line);
  json_object_set_int_member (params, "target", target_of (call, peer));
  json_object_set_object_member (params, "candidate", candidate);
  if (call->state < STATE_JOINED)
    g_ptr_array_add (call->early_candidates, params);
  else
    salon_client_notify (call->client, "trickle", params);
}

static void
on_connected (SalonPeer *peer, Call *call)
{
  salon_room_log_print ("connected %s", GST_OBJECT_NAME (salon_peer_get_webrtcbin (peer)));
}

static void
on_peer_failed (SalonPeer *peer, Call *call)
{
  fail (call, _ ("the media connection failed; a firewall or NAT may block UDP between you and the server"));
}

static SalonPeer *
add_peer (Call *call, guint target, GstElement *webrtcbin)
{
  SalonPeer *peer = salon_peer_new (webrtcbin);

  g_signal_connect (peer, "candidate", G_CALLBACK (on_candidate), call);
  g_signal_connect (peer, "connected", G_CALLBACK (on_connected), call);
  g_signal_connect (peer, "failed", G_CALLBACK (on_peer_failed), call);
  g_hash_table_insert (call->peers, GUINT_TO_POINTER (target), peer);
  return peer;
}

static SalonPeer *
find_peer (Call *call, guint target)
{
  return g_hash_table_lookup (call->peers, GUINT_TO_POINTER (target));
}

/* The connection of a target. In a room with more people than one connection has seats, the server offers another: it
 * must be answered, even though no line of the pipeline takes its media. */
static SalonPeer *
get_peer (Call *call, guint target)
{
  g_autofree char *name = g_strdup_printf ("subscriber-%u", target);
  g_autoptr (GstElement) webrtcbin = NULL;
  SalonPeer *peer = find_peer (call, target);

  if (peer != NULL || target == PUBLISHER_TARGET)
    return peer;
  webrtcbin = salon_pipeline_add_webrtcbin (call->pipeline, name);
  return add_peer (call, target, webrtcbin);
}

static void
on_trickle (Call *call, JsonObject *params)
{
  JsonObject *candidate;
  const char *text;
  gint64 target;
  gint64 m_line = 0;
  SalonPeer *peer;

  if (!salon_json_get_int (params, "target", 0, LAST_TARGET, &target, NULL)
      || !salon_json_get_object (params, "candidate", &candidate, NULL)
      || !salon_json_get_string (candidate, "candidate", 0, LONGEST_TEXT, &text, NULL)
      || !salon_json_get_optional_int (candidate, "sdpMLineIndex", 0, G_MAXUINT8, &m_line, NULL))
    return;
  peer = get_peer (call, target);
  if (peer != NULL)
    salon_peer_add_candidate (peer, m_line, text);
}

static void
on_answer_taken (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) reply = salon_client_request_finish (SALON_CLIENT (source), result, &error);

  if (reply == NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    fail (user_data, error->message);
}

static void
on_offer (Call *call, JsonObject *params)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *answer = NULL;
  JsonObject *reply;
  const char *sdp;
  gint64 target;

  if (!salon_json_get_int (params, "target", 1, LAST_TARGET, &target, &error)
      || !salon_json_get_string (params, "sdp", 1, LONGEST_TEXT, &sdp, &error)
      || (answer = salon_peer_answer (get_peer (call, target), sdp, &error)) == NULL)
    {
      fail (call, error->message);
      return;
    }
  reply = json_object_new ();
  json_object_set_int_member (reply, "target", target);
  json_object_set_object_member (reply, "desc", description_to_json ("answer", answer));
  salon_client_request_async (call->client, "answer", reply, on_answer_taken, call);
}

/* -- the join -- */

static void
on_joined (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) reply = salon_client_request_finish (SALON_CLIENT (source), result, &error);
  SalonPeer *publisher = find_peer (call, PUBLISHER_TARGET);
  const char *sdp = NULL;

  if (call->state != STATE_JOINING)
    return;
  if (reply == NULL
      || (publisher != NULL
          && (!salon_json_get_string (reply, "sdp", 1, LONGEST_TEXT, &sdp, &error)
              || !salon_peer_take_answer (publisher, sdp, &error))))
    {
      fail (call, error->message);
      return;
    }
  enter (call, STATE_JOINED, call->options->duration_s, on_duration_over);
  salon_room_log_print ("joined %s as %s", call->options->room, call->options->name);
  salon_room_log_join (call->log, reply);
  for (guint i = 0; i < call->early_candidates->len; i++)
    salon_client_notify (call->client, "trickle", json_object_ref (g_ptr_array_index (call->early_candidates, i)));
  g_ptr_array_set_size (call->early_candidates, 0);
}

/* sdp: (nullable): of the publisher's offer. Without `tracks`, everything in it is published, as camera and
 * microphone. */
static void
join (Call *call, const char *sdp)
{
  JsonObject *params = json_object_new ();
  JsonObject *config = json_object_new ();

  json_object_set_boolean_member (config, "NoPublish", sdp == NULL);
  json_object_set_boolean_member (config, "NoSubscribe", find_peer (call, SUBSCRIBER_TARGET) == NULL);
  json_object_set_string_member (params, "sid", call->options->room);
  json_object_set_string_member (params, "name", call->options->name);
  json_object_set_object_member (params, "config", config);
  if (sdp != NULL)
    json_object_set_object_member (params, "offer", description_to_json ("offer", sdp));
  call->state = STATE_JOINING;
  salon_client_request_async (call->client, "join", params, on_joined, call);
}

static void
on_negotiable (SalonPeer *publisher, Call *call)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *sdp = NULL;

  if (call->state != STATE_STARTING)
    return;
  sdp = salon_peer_offer (publisher, &error);
  if (sdp != NULL)
    join (call, sdp);
  else
    fail (call, error->message);
}

static gboolean
on_join_timeout (gpointer user_data)
{
  Call *call = user_data;

  call->timeout_id = 0;
  fail (call, call->state == STATE_JOINING
                  ? _ ("the server does not answer")
                  : _ ("no media came to \"publisher\": each branch into it must end in RTP, with a payload type "
                       "(rtpvp8pay pt=96); GST_DEBUG=3 shows what stops it"));
  return G_SOURCE_REMOVE;
}

static void
on_bye (Call *call, JsonObject *params)
{
  const char *message = _ ("The server ended the call");

  if (salon_json_get_string (params, "message", 1, LONGEST_TEXT, &message, NULL))
    fail (call, message);
}

/* -- the connection to the server -- */

static void
on_notification (SalonClient *client, const char *method, JsonObject *params, Call *call)
{
  if (call->state >= STATE_LEAVING)
    return;
  if (g_str_equal (method, "offer"))
    on_offer (call, params);
  else if (g_str_equal (method, "trickle"))
    on_trickle (call, params);
  else if (g_str_equal (method, "bye"))
    on_bye (call, params);
  else
    salon_room_log_notification (call->log, method, params);
}

static void
on_closed (SalonClient *client, Call *call)
{
  if (call->state == STATE_LEAVING)
    quit (call);
  else
    fail (call, _ ("the server closed the connection"));
}

static void
on_server_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *message = NULL;

  if (!salon_client_connect_finish (SALON_CLIENT (source), result, &error))
    {
      message = g_strdup_printf (
          _ ("there is no Salon at %s (%s); start it, or say --server=URL"), call->options->server, error->message);
      fail (call, message);
      return;
    }
  if (call->state != STATE_STARTING)
    return;
  salon_pipeline_play (call->pipeline);
  if (find_peer (call, PUBLISHER_TARGET) == NULL)
    join (call, NULL);
}

/* -- set-up -- */

static void
on_pipeline_failed (SalonPipeline *pipeline, const char *message, Call *call)
{
  fail (call, message);
}

static void
on_pipeline_ended (SalonPipeline *pipeline, Call *call)
{
  if (call->state == STATE_JOINED)
    salon_room_log_print ("the pipeline has ended");
  if (call->state < STATE_LEAVING)
    begin_to_leave (call);
}

static gboolean
find_webrtcbins (Call *call, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GstElement) publisher = salon_pipeline_find_webrtcbin (call->pipeline, "publisher", &local_error);
  g_autoptr (GstElement) subscriber = NULL;

  if (local_error == NULL)
    subscriber = salon_pipeline_find_webrtcbin (call->pipeline, "subscriber", &local_error);
  if (local_error == NULL && publisher == NULL && subscriber == NULL)
    g_set_error_literal (&local_error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        _ ("there is neither \"webrtcbin name=publisher\" nor \"webrtcbin name=subscriber\" in it; for a pipeline "
           "without a room, give what --print prints to gst-launch-1.0"));
  if (local_error == NULL && publisher != NULL && publisher->numsinkpads == 0)
    g_set_error_literal (&local_error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        _ ("nothing is linked to \"publisher\"; end a branch in \"! publisher.\""));
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (publisher != NULL)
    g_signal_connect (add_peer (call, PUBLISHER_TARGET, publisher), "negotiable", G_CALLBACK (on_negotiable), call);
  if (subscriber != NULL)
    add_peer (call, SUBSCRIBER_TARGET, subscriber);
  return TRUE;
}

static void
call_init (Call *call, const SalonCallOptions *options, SalonPipeline *pipeline)
{
  call->options = options;
  call->pipeline = pipeline;
  call->loop = g_main_loop_new (NULL, FALSE);
  call->client = salon_client_new ();
  call->log = salon_room_log_new ();
  call->peers = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
  call->early_candidates = g_ptr_array_new_with_free_func ((GDestroyNotify)json_object_unref);
  g_signal_connect (call->client, "notification", G_CALLBACK (on_notification), call);
  g_signal_connect (call->client, "closed", G_CALLBACK (on_closed), call);
  g_signal_connect (pipeline, "failed", G_CALLBACK (on_pipeline_failed), call);
  g_signal_connect (pipeline, "ended", G_CALLBACK (on_pipeline_ended), call);
  call->signal_ids[0] = g_unix_signal_add (SIGINT, on_signal, call);
  call->signal_ids[1] = g_unix_signal_add (SIGTERM, on_signal, call);
}

static void
call_clear (Call *call)
{
  salon_pipeline_stop (call->pipeline);
  g_signal_handlers_disconnect_by_data (call->pipeline, call);
  g_signal_handlers_disconnect_by_data (call->client, call);
  salon_client_close (call->client);
  g_clear_handle_id (&call->timeout_id, g_source_remove);
  for (guint i = 0; i < G_N_ELEMENTS (call->signal_ids); i++)
    g_source_remove (call->signal_ids[i]);
  g_hash_table_unref (call->peers);
  g_ptr_array_unref (call->early_candidates);
  salon_room_log_free (call->log);
  g_object_unref (call->client);
  g_main_loop_unref (call->loop);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Call, call_clear)

gboolean
salon_call_run (const SalonCallOptions *options, SalonPipeline *pipeline, GError **error)
{
  g_auto (Call) call = { 0 };

  call_init (&call, options, pipeline);
  if (!find_webrtcbins (&call, error))
    return FALSE;
  enter (&call, STATE_STARTING, JOIN_TIMEOUT_S, on_join_timeout);
  salon_client_connect_async (call.client, options->server, on_server_found, &call);
  g_main_loop_run (call.loop);
  return !call.has_failed;
}
