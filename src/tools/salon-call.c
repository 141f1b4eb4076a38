/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-call.h"

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "salon-client.h"
#include "salon-json.h"
#include "salon-negotiation.h"
#include "salon-room-log.h"

/* From the start to the join; an encoder that has not produced anything by then never will. */
#define JOIN_TIMEOUT_S 20
/* For a file's index to be written, and for the server to answer a leave. */
#define END_TIMEOUT_S 5

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
  SalonNegotiation *negotiation; /* (owned) */
  SalonRoomLog *log;             /* (owned) */
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

static GstElement *
on_new_subscriber (guint target, gpointer user_data)
{
  Call *call = user_data;
  g_autofree char *name = g_strdup_printf ("subscriber-%u", target);

  return salon_pipeline_add_webrtcbin (call->pipeline, name);
}

static void
on_connected (SalonPeer *peer, gpointer user_data)
{
  salon_room_log_print ("connected %s", GST_OBJECT_NAME (salon_peer_get_webrtcbin (peer)));
}

static void
on_negotiation_failed (const char *message, gpointer user_data)
{
  fail (user_data, message);
}

static const SalonNegotiationEvents negotiation_events
    = { .new_subscriber = on_new_subscriber, .connected = on_connected, .failed = on_negotiation_failed };

/* -- the join -- */

static void
on_joined (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) reply = salon_client_request_finish (SALON_CLIENT (source), result, &error);

  if (call->state != STATE_JOINING)
    return;
  if (reply == NULL || !salon_negotiation_take_result (call->negotiation, reply, &error))
    {
      fail (call, error->message);
      return;
    }
  enter (call, STATE_JOINED, call->options->duration_s, on_duration_over);
  salon_room_log_print ("joined %s as %s", call->options->room, call->options->name);
  salon_room_log_join (call->log, reply);
}

static void
join (Call *call)
{
  g_autoptr (JsonObject) params = json_object_new ();
  JsonObject *config = json_object_new ();
  g_autoptr (GError) error = NULL;

  json_object_set_boolean_member (
      config, "NoPublish", salon_negotiation_find (call->negotiation, SALON_NEGOTIATION_PUBLISHER) == NULL);
  json_object_set_boolean_member (
      config, "NoSubscribe", salon_negotiation_find (call->negotiation, SALON_NEGOTIATION_SUBSCRIBER) == NULL);
  json_object_set_string_member (params, "sid", call->options->room);
  json_object_set_string_member (params, "name", call->options->name);
  json_object_set_object_member (params, "config", config);
  if (!salon_negotiation_offer (call->negotiation, params, &error))
    {
      fail (call, error->message);
      return;
    }
  call->state = STATE_JOINING;
  salon_client_request_async (call->client, "join", g_steal_pointer (&params), on_joined, call);
}

static void
on_negotiable (SalonPeer *publisher, Call *call)
{
  if (call->state == STATE_STARTING)
    join (call);
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
  if (g_str_equal (method, "bye"))
    on_bye (call, params);
  else if (!salon_negotiation_take (call->negotiation, method, params))
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
  if (salon_negotiation_find (call->negotiation, SALON_NEGOTIATION_PUBLISHER) == NULL)
    join (call);
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
    g_signal_connect (salon_negotiation_add (call->negotiation, SALON_NEGOTIATION_PUBLISHER, publisher), "negotiable",
        G_CALLBACK (on_negotiable), call);
  if (subscriber != NULL)
    salon_negotiation_add (call->negotiation, SALON_NEGOTIATION_SUBSCRIBER, subscriber);
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
  call->negotiation = salon_negotiation_new (call->client, &negotiation_events, call);
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
  salon_negotiation_free (call->negotiation);
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
