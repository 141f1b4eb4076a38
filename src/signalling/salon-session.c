/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-session-private.h"

#include <gst/gst.h>

#include "salon-error.h"
#include "salon-json.h"
#include "salon-limits.h"
#include "salon-protocol.h"

GST_DEBUG_CATEGORY_STATIC (salon_session_debug);
#define GST_CAT_DEFAULT salon_session_debug

G_DEFINE_FINAL_TYPE (SalonSession, salon_session, G_TYPE_OBJECT)

/* -- requests -- */

void
salon_request_free (SalonRequest *request)
{
  request->session->n_pending--;
  g_object_unref (request->session);
  g_clear_pointer (&request->id, json_node_unref);
  json_object_unref (request->params);
  g_free (request);
}

void
salon_session_send (SalonSession *self, JsonNode *message)
{
  if (self->socket != NULL)
    salon_socket_send (self->socket, message);
  else
    json_node_unref (message);
}

void
salon_request_resolve (SalonRequest *request, JsonNode *result)
{
  if (request->id != NULL)
    salon_session_send (request->session, salon_protocol_result (request->id, result));
  else
    json_node_unref (result);
  salon_request_free (request);
}

void
salon_request_resolve_empty (SalonRequest *request)
{
  salon_request_resolve (request, salon_protocol_object (json_object_new ()));
}

void
salon_request_fail (SalonRequest *request, GError *error)
{
  GST_DEBUG ("request failed: %s", error->message);
  if (request->id != NULL)
    salon_session_send (request->session, salon_protocol_failure (request->id, error));
  g_error_free (error);
  salon_request_free (request);
}

/* Returns: (transfer full) (nullable): NULL also when a newer session has taken it over. */
static SalonParticipant *
let_go_of_participant (SalonSession *self)
{
  g_autoptr (SalonParticipant) participant = g_steal_pointer (&self->participant);

  self->state = SALON_SESSION_NEW;
  salon_session_watch_stats (self, 0);
  if (participant == NULL || !salon_participant_belongs_to (participant, self))
    return NULL;
  return g_steal_pointer (&participant);
}

void
salon_session_leave (SalonSession *self)
{
  g_autoptr (SalonParticipant) participant = let_go_of_participant (self);

  if (participant != NULL)
    salon_participant_leave (participant);
}

void
salon_session_lose (SalonSession *self, gboolean is_reload)
{
  g_autoptr (SalonParticipant) participant = let_go_of_participant (self);

  if (participant != NULL)
    salon_participant_lose_session (participant, is_reload);
}

static void
notify (SalonSession *self, const char *method, JsonNode *params)
{
  salon_session_send (self, salon_protocol_notification (method, params));
}

static void
say_goodbye (SalonSession *self, const char *reason, const char *message)
{
  JsonObject *params = json_object_new ();

  json_object_set_string_member (params, "reason", reason);
  json_object_set_string_member (params, "message", message);
  notify (self, "bye", salon_protocol_object (params));
  if (self->socket != NULL)
    salon_socket_close (self->socket, SOUP_WEBSOCKET_CLOSE_NORMAL, reason);
}

/* -- events of the room -- */

static void
on_offer (gpointer session, guint target, const char *sdp)
{
  JsonObject *params = json_object_new ();

  json_object_set_string_member (params, "type", "offer");
  json_object_set_string_member (params, "sdp", sdp);
  json_object_set_int_member (params, "target", target);
  notify (session, "offer", salon_protocol_object (params));
}

static void
on_candidate (gpointer session, guint target, guint m_line, const char *candidate)
{
  /* Clients wait for no end. */
  if (*candidate == '\0')
    return;
  notify (session, "trickle", salon_protocol_candidate (target, m_line, candidate));
}

static void
on_slot (gpointer session, guint target, const char *mid, const SalonPublication *publication)
{
  JsonObject *params = json_object_new ();

  json_object_set_int_member (params, "target", target);
  json_object_set_string_member (params, "mid", mid);
  json_object_set_member (
      params, "track", publication != NULL ? salon_protocol_track (publication) : json_node_new (JSON_NODE_NULL));
  notify (session, "slot", salon_protocol_object (params));
}

static void
on_layer (
    gpointer session, guint target, const char *mid, const SalonPublication *publication, gint spatial, gint temporal)
{
  JsonObject *params = json_object_new ();

  json_object_set_int_member (params, "target", target);
  json_object_set_string_member (params, "mid", mid);
  json_object_set_string_member (params, "track", publication->id);
  json_object_set_member (params, "layer", salon_protocol_layer (spatial, temporal));
  notify (session, "layer", salon_protocol_object (params));
}

/* Until the join is answered, the events of the room are in the answer: it tells the state at that moment. */
static gboolean
is_listening (gpointer session)
{
  return SALON_SESSION (session)->state == SALON_SESSION_JOINED;
}

static void
on_layers_wanted (gpointer session, const SalonPublication *publication, gint highest)
{
  JsonObject *params;
  JsonArray *layers;

  if (!is_listening (session))
    return;
  params = json_object_new ();
  layers = json_array_new ();
  for (gint i = 0; i <= highest; i++)
    json_array_add_int_element (layers, i);
  json_object_set_string_member (params, "track", publication->id);
  json_object_set_string_member (params, "mid", publication->mid);
  json_object_set_array_member (params, "layers", layers);
  notify (session, "layers_wanted", salon_protocol_object (params));
}

static void
on_participant (gpointer session, SalonParticipantEvent event, const SalonPerson *other)
{
  static const char *const names[] = {
    [SALON_PARTICIPANT_JOINED] = "joined",
    [SALON_PARTICIPANT_LEFT] = "left",
    [SALON_PARTICIPANT_UPDATED] = "updated",
  };
  JsonObject *params;

  if (!is_listening (session))
    return;
  params = json_object_new ();
  json_object_set_string_member (params, "event", names[event]);
  json_object_set_member (params, "participant", salon_protocol_person (other));
  notify (session, "participant", salon_protocol_object (params));
}

static void
on_track (gpointer session, SalonTrackEvent event, const SalonPublication *publication, SalonParticipant *by)
{
  static const char *const names[] = {
    [SALON_TRACK_PUBLISHED] = "published",
    [SALON_TRACK_UNPUBLISHED] = "unpublished",
    [SALON_TRACK_MUTED] = "muted",
    [SALON_TRACK_UNMUTED] = "unmuted",
    [SALON_TRACK_UPDATED] = "updated",
  };
  JsonObject *params;

  if (!is_listening (session))
    return;
  params = json_object_new ();
  json_object_set_string_member (params, "event", names[event]);
  json_object_set_member (params, "track", salon_protocol_track (publication));
  if (by != NULL)
    json_object_set_string_member (params, "by", salon_participant_get_id (by));
  notify (session, "track", salon_protocol_object (params));
}

static void
on_speakers (gpointer session)
{
  if (is_listening (session))
    notify (session, "speakers", salon_protocol_speakers (SALON_SESSION (session)->participant));
}

static void
on_room (gpointer session, const SalonRoomInfo *room)
{
  if (is_listening (session))
    notify (session, "room", salon_protocol_wrap ("room", salon_protocol_room (room)));
}

static void
on_waiting_list (gpointer session, GPtrArray *waiting)
{
  if (is_listening (session))
    notify (session, "waiting_list", salon_protocol_wrap ("waiting", salon_protocol_waiting_list (waiting)));
}

static void
on_waiting (gpointer session)
{
  notify (session, "waiting", salon_protocol_object (json_object_new ()));
}

/* message: (transfer full) */
static void
add_to_history (SalonSession *self, JsonNode *message)
{
  GPtrArray *history = self->outcome.chat;

  if (history != NULL && history->len >= SALON_LIMIT_CHAT_HISTORY)
    g_ptr_array_remove_index (history, 0);
  if (history != NULL)
    g_ptr_array_add (history, json_to_string (message, FALSE));
  json_node_unref (message);
}

/* What is said after the history was read, and before the join is answered, belongs to the history. */
static void
on_chat (gpointer session, const SalonChatMessage *message)
{
  JsonNode *json = salon_chat_message_to_json (message);

  if (is_listening (session))
    notify (session, "chat", json);
  else
    add_to_history (session, json);
}

static void
on_chat_changed (gpointer session, const char *message_id, const char *text)
{
  JsonObject *params;

  if (!is_listening (session))
    return;
  params = json_object_new ();
  json_object_set_string_member (params, "id", message_id);
  if (text != NULL)
    json_object_set_string_member (params, "message", text);
  else
    json_object_set_null_member (params, "message");
  notify (session, "chat_changed", salon_protocol_object (params));
}

static void
on_data_channel_closed (gpointer session, const char *label, const char *reason)
{
  JsonObject *params;

  if (!is_listening (session))
    return;
  params = json_object_new ();
  if (label != NULL)
    json_object_set_string_member (params, "label", label);
  else
    json_object_set_null_member (params, "label");
  json_object_set_string_member (params, "reason", reason);
  notify (session, "data_channel", salon_protocol_object (params));
}

static void
on_ended (gpointer session, const char *reason, const char *message)
{
  SalonSession *self = session;

  /* It may be another session's by now. */
  g_clear_object (&self->participant);
  self->state = SALON_SESSION_NEW;
  salon_session_watch_stats (self, 0);
  say_goodbye (self, reason, message);
}

const SalonParticipantEvents salon_session_events = {
  .offer = on_offer,
  .candidate = on_candidate,
  .slot = on_slot,
  .layer = on_layer,
  .layers_wanted = on_layers_wanted,
  .participant = on_participant,
  .track = on_track,
  .speakers = on_speakers,
  .room = on_room,
  .waiting_list = on_waiting_list,
  .chat = on_chat,
  .chat_changed = on_chat_changed,
  .data_channel_closed = on_data_channel_closed,
  .waiting = on_waiting,
  .ended = on_ended,
};

/* -- dispatch -- */

static gboolean
is_valid_id (JsonNode *id)
{
  if (!JSON_NODE_HOLDS_VALUE (id))
    return FALSE;
  if (json_node_get_value_type (id) == G_TYPE_INT64)
    return json_node_get_int (id) >= 0 && json_node_get_int (id) <= G_GINT64_CONSTANT (9007199254740991);
  return json_node_get_value_type (id) == G_TYPE_STRING && *json_node_get_string (id) != '\0'
         && g_utf8_strlen (json_node_get_string (id), -1) <= 64;
}

static gboolean
read_envelope (JsonObject *object, const char **method, JsonObject **params, GError **error)
{
  static const char *const protocol = "2.0";
  const char *version = protocol;

  *params = NULL;
  if (salon_json_get_optional_string (object, "jsonrpc", 0, 8, &version, NULL) && g_str_equal (version, protocol)
      && salon_json_get_string (object, "method", 1, 64, method, NULL)
      && salon_json_get_optional_object (object, "params", params, NULL))
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INVALID_REQUEST,
      "A request is an object with a \"method\" and, mostly, \"params\" and an \"id\" (JSON-RPC 2.0)");
  return FALSE;
}

static gboolean
check_rate (SalonSession *self, GError **error)
{
  if (self->n_pending >= SALON_LIMIT_PENDING_REQUESTS)
    g_set_error (error, SALON_ERROR, SALON_ERROR_TOO_MANY_REQUESTS,
        "%d requests wait for their answers; wait for some of them", SALON_LIMIT_PENDING_REQUESTS);
  else if (!salon_rate_limit_take (
               &self->request_limit, SALON_LIMIT_REQUESTS_BURST, SALON_LIMIT_REQUESTS_PER_S, g_get_monotonic_time ()))
    g_set_error (error, SALON_ERROR, SALON_ERROR_TOO_MANY_REQUESTS, "More than %d requests a second; slow down",
        SALON_LIMIT_REQUESTS_PER_S);
  else
    return TRUE;
  return FALSE;
}

static void
dispatch (SalonSession *self, JsonObject *object, JsonNode *id)
{
  GError *error = NULL;
  const char *method;
  JsonObject *params;
  SalonHandler handler = NULL;
  SalonRequest *request = g_new (SalonRequest, 1);

  if (read_envelope (object, &method, &params, &error))
    handler = salon_session_find_handler (method, &error);
  if (handler != NULL && !check_rate (self, &error))
    handler = NULL;
  request->session = g_object_ref (self);
  request->id = id != NULL ? json_node_copy (id) : NULL;
  request->params = params != NULL ? json_object_ref (params) : json_object_new ();
  self->n_pending++;
  if (handler != NULL)
    handler (self, request);
  else
    salon_request_fail (request, error);
}

static void
on_message (SalonSocket *socket, JsonNode *message, gpointer user_data)
{
  SalonSession *self = user_data;
  JsonNode *id = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) failure = NULL;

  if (JSON_NODE_HOLDS_OBJECT (message))
    {
      id = json_object_get_member (json_node_get_object (message), "id");
      if (id == NULL || is_valid_id (id))
        {
          dispatch (self, json_node_get_object (message), id);
          return;
        }
    }
  error = g_error_new_literal (SALON_ERROR, SALON_ERROR_INVALID_REQUEST,
      "A message is an object; its \"id\" a string of 1 to 64 characters or an integer from 0");
  salon_session_send (self, salon_protocol_failure (NULL, error));
}

static void
on_bad_message (SalonSocket *socket, const GError *error, gpointer user_data)
{
  salon_session_send (user_data, salon_protocol_failure (NULL, error));
}

/* -- life -- */

static void
on_closed (SalonSocket *socket, gpointer user_data)
{
  g_autoptr (SalonSession) self = user_data; /* the reference of salon_session_start() */
  SalonSocketEnd end = salon_socket_get_end (socket);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->socket);
  if (end == SALON_SOCKET_GOODBYE)
    salon_session_leave (self);
  else
    salon_session_lose (self, end == SALON_SOCKET_AWAY);
}

void
salon_session_start (const SalonSessionServices *services, SalonSocket *socket)
{
  SalonSession *self = g_object_new (SALON_TYPE_SESSION, NULL);

  self->rooms = services->rooms;
  self->services = services;
  self->socket = g_object_ref (socket);
  g_signal_connect_object (socket, "message", G_CALLBACK (on_message), self, 0);
  g_signal_connect_object (socket, "bad-message", G_CALLBACK (on_bad_message), self, 0);
  g_signal_connect (socket, "closed", G_CALLBACK (on_closed), self);
  salon_session_follow_recordings (self);
}

static void
salon_session_finalize (GObject *object)
{
  SalonSession *self = SALON_SESSION (object);

  g_assert (self->participant == NULL);
  salon_join_outcome_clear (&self->outcome);
  g_clear_object (&self->socket);
  g_clear_object (&self->cancellable);
  g_ptr_array_unref (self->early_candidates);
  G_OBJECT_CLASS (salon_session_parent_class)->finalize (object);
}

static void
salon_session_class_init (SalonSessionClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_session_debug, "salon-session", 0, "Salon JSON-RPC session");
  G_OBJECT_CLASS (klass)->finalize = salon_session_finalize;
}

static void
salon_session_init (SalonSession *self)
{
  self->cancellable = g_cancellable_new ();
  self->early_candidates = g_ptr_array_new_with_free_func ((GDestroyNotify)json_object_unref);
}
