/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-session.h"

#include <gst/gst.h>

#include "salon-error.h"
#include "salon-json.h"
#include "salon-limits.h"
#include "salon-protocol.h"

GST_DEBUG_CATEGORY_STATIC (salon_session_debug);
#define GST_CAT_DEFAULT salon_session_debug

typedef enum
{
  STATE_NEW,
  STATE_JOINING,
  STATE_JOINED, /* the join is answered: events flow */
} State;

struct _SalonSession
{
  GObject parent_instance;

  SalonRooms *rooms;              /* (borrowed) */
  SalonSocket *socket;            /* (owned) (nullable): NULL once closed */
  const char *const *ice_servers; /* (borrowed) (nullable) */
  GCancellable *cancellable;      /* (owned): cancelled when the socket closes */
  State state;
  gboolean may_subscribe; /* as the join said */
  SalonJoinOutcome outcome;
  SalonParticipant *participant; /* (owned) (nullable): from the store's yes to the join on */
  guint n_pending;               /* requests that wait for an answer of the store or webrtcbin */
};

G_DEFINE_FINAL_TYPE (SalonSession, salon_session, G_TYPE_OBJECT)

/* A request on its way: who asked, and how to answer. */
typedef struct
{
  SalonSession *session; /* (owned) */
  JsonNode *id;          /* (owned) (nullable): NULL for a notification, which gets no answer */
  JsonObject *params;    /* (owned) */
} Request;

/* Answers at once, or takes the request and answers later through request_resolve() or request_fail(). */
typedef void (*Handler) (SalonSession *self, Request *request);

static void
request_free (Request *request)
{
  request->session->n_pending--;
  g_object_unref (request->session);
  g_clear_pointer (&request->id, json_node_unref);
  json_object_unref (request->params);
  g_free (request);
}

static void
send (SalonSession *self, JsonNode *message)
{
  if (self->socket != NULL)
    salon_socket_send (self->socket, message);
  else
    json_node_unref (message);
}

/* result: (transfer full) */
static void
request_resolve (Request *request, JsonNode *result)
{
  if (request->id != NULL)
    send (request->session, salon_protocol_result (request->id, result));
  else
    json_node_unref (result);
  request_free (request);
}

static void
request_resolve_empty (Request *request)
{
  request_resolve (request, salon_protocol_object (json_object_new ()));
}

/* error: (transfer full) */
static void
request_fail (Request *request, GError *error)
{
  GST_DEBUG ("request failed: %s", error->message);
  if (request->id != NULL)
    send (request->session, salon_protocol_failure (request->id, error));
  g_error_free (error);
  request_free (request);
}

static void
notify (SalonSession *self, const char *method, JsonNode *params)
{
  send (self, salon_protocol_notification (method, params));
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
  notify (session, "trickle", salon_protocol_candidate (target, m_line, candidate));
}

static void
on_slot (gpointer session, guint target, const char *mid, const SalonPublication *publication)
{
  JsonObject *params = json_object_new ();

  json_object_set_int_member (params, "target", target);
  json_object_set_string_member (params, "mid", mid);
  json_object_set_member (params, "track",
      publication != NULL ? salon_protocol_track (publication) : json_node_new (JSON_NODE_NULL));
  notify (session, "slot", salon_protocol_object (params));
}

/* Until the join is answered, the events of the room are in the answer: it tells the state at that moment. */
static gboolean
is_listening (gpointer session)
{
  return SALON_SESSION (session)->state == STATE_JOINED;
}

static void
on_participant (gpointer session, SalonParticipantEvent event, SalonParticipant *other)
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
  json_object_set_member (params, "participant", salon_protocol_participant (other));
  notify (session, "participant", salon_protocol_object (params));
}

static void
on_track (gpointer session, SalonTrackEvent event, const SalonPublication *publication)
{
  static const char *const names[] = {
    [SALON_TRACK_PUBLISHED] = "published",
    [SALON_TRACK_UNPUBLISHED] = "unpublished",
    [SALON_TRACK_MUTED] = "muted",
    [SALON_TRACK_UNMUTED] = "unmuted",
  };
  JsonObject *params;

  if (!is_listening (session))
    return;
  params = json_object_new ();
  json_object_set_string_member (params, "event", names[event]);
  json_object_set_member (params, "track", salon_protocol_track (publication));
  notify (session, "track", salon_protocol_object (params));
}

static void
on_room (gpointer session, const SalonRoomInfo *room)
{
  if (is_listening (session))
    notify (session, "room", salon_protocol_wrap ("room", salon_protocol_room (room)));
}

static void
on_chat (gpointer session, const SalonChatMessage *message)
{
  if (is_listening (session))
    notify (session, "chat", salon_chat_message_to_json (message));
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
on_ended (gpointer session, const char *reason, const char *message)
{
  SalonSession *self = session;

  /* It may be another session's by now. */
  g_clear_object (&self->participant);
  self->state = STATE_NEW;
  say_goodbye (self, reason, message);
}

static const SalonParticipantEvents events = {
  .offer = on_offer,
  .candidate = on_candidate,
  .slot = on_slot,
  .participant = on_participant,
  .track = on_track,
  .room = on_room,
  .chat = on_chat,
  .chat_changed = on_chat_changed,
  .ended = on_ended,
};

/* -- reading what several methods take -- */

static gboolean
read_description (JsonObject *params, const char *name, const char *type, const char **sdp, GError **error)
{
  JsonObject *description;
  const char *actual_type;

  if (!salon_json_get_object (params, name, &description, error)
      || !salon_json_get_string (description, "type", 1, 16, &actual_type, error)
      || !salon_json_get_string (description, "sdp", 1, SALON_LIMIT_SDP_BYTES, sdp, error))
    return FALSE;
  if (g_str_equal (actual_type, type))
    return TRUE;
  g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "\"%s.type\" must be \"%s\"", name, type);
  return FALSE;
}

static gboolean
read_source (JsonObject *object, SalonTrackSource *source, GError **error)
{
  const char *text;

  source->is_muted = FALSE;
  if (!salon_json_get_string (object, "mid", 1, 32, &source->mid, error)
      || !salon_json_get_string (object, "source", 1, 32, &text, error)
      || !salon_json_get_optional_boolean (object, "muted", &source->is_muted, error))
    return FALSE;
  if (salon_source_from_string (text, &source->source))
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
      "\"source\" must be camera, microphone, screen or screen_audio");
  return FALSE;
}

/* *sources: (nullable): NULL when there is no `tracks`. Its strings are borrowed from params. */
static gboolean
read_sources (JsonObject *params, GArray **sources, GError **error)
{
  JsonArray *array = NULL;
  g_autoptr (GArray) read = NULL;

  *sources = NULL;
  if (!salon_json_get_optional_array (params, "tracks", SALON_LIMIT_TRACKS, &array, error))
    return FALSE;
  if (array == NULL)
    return TRUE;
  read = g_array_new (FALSE, TRUE, sizeof (SalonTrackSource));
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonObject *object;
      SalonTrackSource source;

      if (!salon_json_array_get_object (array, "tracks", i, &object, error) || !read_source (object, &source, error))
        return FALSE;
      g_array_append_val (read, source);
    }
  *sources = g_steal_pointer (&read);
  return TRUE;
}

static gboolean
check_joined (SalonSession *self, GError **error)
{
  if (self->state == STATE_JOINED)
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_NOT_JOINED, "Join a room first");
  return FALSE;
}

/* -- join -- */

static JsonNode *
ice_servers_to_json (SalonSession *self)
{
  JsonArray *servers = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; self->ice_servers != NULL && self->ice_servers[i] != NULL; i++)
    {
      JsonObject *server = json_object_new ();
      JsonArray *urls = json_array_new ();

      json_array_add_string_element (urls, self->ice_servers[i]);
      json_object_set_array_member (server, "urls", urls);
      json_array_add_object_element (servers, server);
    }
  json_node_take_array (node, servers);
  return node;
}

/* The store's messages are JSON texts of our own making; what other hands put there and is none is left out. */
static JsonArray *
history_to_json (SalonSession *self)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < self->outcome.chat->len; i++)
    {
      JsonNode *message = json_from_string (g_ptr_array_index (self->outcome.chat, i), NULL);

      if (message != NULL)
        json_array_add_element (array, message);
    }
  return array;
}

static JsonNode *
join_result (SalonSession *self, const char *answer)
{
  g_autoptr (GPtrArray) everybody = salon_participant_list_all (self->participant);
  JsonObject *result = json_object_new ();
  JsonArray *participants = json_array_new ();

  for (guint i = 0; i < everybody->len; i++)
    json_array_add_element (participants, salon_protocol_participant (g_ptr_array_index (everybody, i)));
  if (answer != NULL)
    {
      json_object_set_string_member (result, "type", "answer");
      json_object_set_string_member (result, "sdp", answer);
    }
  json_object_set_string_member (result, "participant", salon_participant_get_id (self->participant));
  json_object_set_member (result, "room", salon_protocol_room (salon_participant_get_room_info (self->participant)));
  json_object_set_array_member (result, "participants", participants);
  json_object_set_member (result, "ice_servers", ice_servers_to_json (self));
  json_object_set_string_member (result, "session", salon_participant_get_session_token (self->participant));
  json_object_set_int_member (result, "grace_s", salon_rooms_get_grace_s (self->rooms));
  json_object_set_boolean_member (result, "resumed", self->outcome.is_resumed);
  json_object_set_array_member (result, "chat", history_to_json (self));
  return salon_protocol_object (result);
}

/* Into join, whose strings are borrowed from params. */
static gboolean
read_join (JsonObject *params, SalonJoinRequest *join, gboolean *no_subscribe, GError **error)
{
  JsonObject *config = NULL;
  gboolean no_publish = FALSE;

  *join = (SalonJoinRequest){ .name = "Guest" };
  if (!salon_json_get_string (params, "sid", 1, SALON_LIMIT_SLUG_CHARS, &join->room, error)
      || !salon_json_get_optional_string (params, "uid", 0, SALON_LIMIT_NAME_CHARS, &join->name, error)
      || !salon_json_get_optional_string (params, "name", 1, SALON_LIMIT_NAME_CHARS, &join->name, error)
      || !salon_json_get_optional_string (params, "session", 1, 128, &join->session_token, error)
      || !salon_json_get_optional_boolean (params, "resume", &join->is_resuming, error)
      || !salon_json_get_optional_object (params, "config", &config, error))
    return FALSE;
  if (join->is_resuming && json_object_has_member (params, "offer"))
    {
      g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
          "\"resume\" goes on with the connections there are; leave out \"offer\"");
      return FALSE;
    }
  if (*join->name == '\0')
    join->name = "Guest";
  if (config != NULL
      && (!salon_json_get_optional_boolean (config, "NoPublish", &no_publish, error)
          || !salon_json_get_optional_boolean (config, "NoSubscribe", no_subscribe, error)))
    return FALSE;
  join->may_publish = !no_publish;
  return TRUE;
}

static void
leave (SalonSession *self)
{
  g_autoptr (SalonParticipant) participant = g_steal_pointer (&self->participant);

  self->state = STATE_NEW;
  if (participant != NULL)
    salon_participant_leave (participant);
}

/* The connection broke: the participant waits for another session of the client. */
static void
lose (SalonSession *self)
{
  g_autoptr (SalonParticipant) participant = g_steal_pointer (&self->participant);

  self->state = STATE_NEW;
  if (participant != NULL)
    salon_participant_lose_session (participant);
}

static void
finish_join (Request *request, const char *answer)
{
  SalonSession *self = request->session;
  g_autoptr (SalonParticipant) participant = g_object_ref (self->participant);

  if (salon_participant_get_room_info (participant) == NULL)
    {
      request_fail (request, g_error_new_literal (SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND, "The room has closed"));
      return;
    }
  self->state = STATE_JOINED;
  request_resolve (request, join_result (self, answer));
  if (self->outcome.is_resumed)
    salon_participant_tell_slots (participant);
  if (self->may_subscribe)
    salon_participant_subscribe (participant);
}

static void
on_join_offer_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Request *request = user_data;
  SalonSession *self = request->session;
  GError *error = NULL;
  g_autofree char *answer = salon_participant_offer_finish (SALON_PARTICIPANT (source), result, &error);

  /* Gone meanwhile: on_closed() has left the room. */
  if (self->participant == NULL)
    {
      g_clear_error (&error);
      request_free (request);
      return;
    }
  if (answer != NULL)
    {
      finish_join (request, answer);
      return;
    }
  leave (self);
  request_fail (request, error);
}

static void
on_joined (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Request *request = user_data;
  SalonSession *self = request->session;
  g_autoptr (GArray) sources = NULL;
  GError *error = NULL;
  const char *sdp;
  gboolean is_valid;

  salon_join_outcome_clear (&self->outcome);
  self->participant = salon_rooms_join_finish (SALON_ROOMS (source), result, &self->outcome, &error);
  if (self->participant == NULL)
    {
      self->state = STATE_NEW;
      request_fail (request, error);
      return;
    }
  if (self->socket == NULL)
    {
      lose (self);
      request_free (request);
      return;
    }
  if (!json_object_has_member (request->params, "offer"))
    {
      finish_join (request, NULL);
      return;
    }
  /* They were read once before the join: what is wrong with them was answered then. */
  is_valid = read_description (request->params, "offer", "offer", &sdp, NULL)
             && read_sources (request->params, &sources, NULL);
  g_assert (is_valid);
  salon_participant_offer_async (self->participant, sdp, sources, on_join_offer_answered, request);
}

static void
handle_join (SalonSession *self, Request *request)
{
  g_autoptr (GArray) sources = NULL;
  GError *error = NULL;
  SalonJoinRequest join;
  gboolean no_subscribe = FALSE;
  const char *sdp;

  if (self->state != STATE_NEW)
    g_set_error_literal (&error, SALON_ERROR, SALON_ERROR_ALREADY_JOINED, "You are in a room already; leave it first");
  if (error != NULL || !read_join (request->params, &join, &no_subscribe, &error)
      || (json_object_has_member (request->params, "offer")
          && (!read_description (request->params, "offer", "offer", &sdp, &error)
              || !read_sources (request->params, &sources, &error))))
    {
      request_fail (request, error);
      return;
    }
  self->state = STATE_JOINING;
  self->may_subscribe = !no_subscribe;
  salon_rooms_join_async (self->rooms, &join, &events, self, self->cancellable, on_joined, request);
}

/* -- offer, answer, trickle -- */

static void
on_offer_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Request *request = user_data;
  GError *error = NULL;
  g_autofree char *answer = salon_participant_offer_finish (SALON_PARTICIPANT (source), result, &error);
  JsonObject *description;

  if (answer == NULL)
    {
      request_fail (request, error);
      return;
    }
  description = json_object_new ();
  json_object_set_string_member (description, "type", "answer");
  json_object_set_string_member (description, "sdp", answer);
  request_resolve (request, salon_protocol_object (description));
}

static void
handle_offer (SalonSession *self, Request *request)
{
  g_autoptr (GArray) sources = NULL;
  GError *error = NULL;
  const char *sdp;

  if (!check_joined (self, &error) || !read_description (request->params, "desc", "offer", &sdp, &error)
      || !read_sources (request->params, &sources, &error))
    {
      request_fail (request, error);
      return;
    }
  salon_participant_offer_async (self->participant, sdp, sources, on_offer_answered, request);
}

static void
on_answer_applied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Request *request = user_data;
  GError *error = NULL;

  if (salon_participant_answer_finish (SALON_PARTICIPANT (source), result, &error))
    request_resolve_empty (request);
  else
    request_fail (request, error);
}

static void
handle_answer (SalonSession *self, Request *request)
{
  GError *error = NULL;
  const char *sdp;
  gint64 target = 1;

  if (!check_joined (self, &error) || !read_description (request->params, "desc", "answer", &sdp, &error)
      || !salon_json_get_optional_int (request->params, "target", 1, SALON_LIMIT_SUBSCRIBERS, &target, &error))
    request_fail (request, error);
  else
    salon_participant_answer_async (self->participant, (guint) target, sdp, on_answer_applied, request);
}

static gboolean
read_candidate (JsonObject *params, gint64 *target, gint64 *m_line, const char **text, GError **error)
{
  JsonObject *candidate;

  *m_line = 0;
  return salon_json_get_int (params, "target", 0, SALON_LIMIT_SUBSCRIBERS, target, error)
         && salon_json_get_object (params, "candidate", &candidate, error)
         && salon_json_get_string (candidate, "candidate", 0, 1024, text, error)
         && salon_json_get_optional_int (candidate, "sdpMLineIndex", 0, 255, m_line, error);
}

static void
handle_trickle (SalonSession *self, Request *request)
{
  GError *error = NULL;
  const char *text;
  gint64 target;
  gint64 m_line;

  if (check_joined (self, &error) && read_candidate (request->params, &target, &m_line, &text, &error)
      && salon_participant_add_candidate (self->participant, (guint) target, (guint) m_line, text, &error))
    request_resolve_empty (request);
  else
    request_fail (request, error);
}

/* -- publish, unpublish, mute -- */

static void
handle_publish (SalonSession *self, Request *request)
{
  GError *error = NULL;
  SalonTrackSource source;
  const SalonPublication *publication = NULL;

  if (check_joined (self, &error) && read_source (request->params, &source, &error))
    publication = salon_participant_publish (self->participant, &source, &error);
  if (publication != NULL)
    request_resolve (request, salon_protocol_wrap ("track", salon_protocol_track (publication)));
  else
    request_fail (request, error);
}

static void
handle_unpublish (SalonSession *self, Request *request)
{
  GError *error = NULL;
  const char *track;

  if (check_joined (self, &error) && salon_json_get_string (request->params, "track", 1, 64, &track, &error)
      && salon_participant_unpublish (self->participant, track, &error))
    request_resolve_empty (request);
  else
    request_fail (request, error);
}

static void
handle_mute (SalonSession *self, Request *request)
{
  GError *error = NULL;
  const char *track;
  gboolean is_muted;

  if (check_joined (self, &error) && salon_json_get_string (request->params, "track", 1, 64, &track, &error)
      && salon_json_get_boolean (request->params, "muted", &is_muted, &error)
      && salon_participant_set_muted (self->participant, track, is_muted, &error))
    request_resolve_empty (request);
  else
    request_fail (request, error);
}

/* -- chat -- */

/* Ids are UUIDs: what is none would be told to others. */
static gboolean
read_optional_id (JsonObject *params, const char *name, const char **id, GError **error)
{
  if (!salon_json_get_optional_string (params, name, 1, 64, id, error))
    return FALSE;
  if (*id == NULL || g_uuid_string_is_valid (*id))
    return TRUE;
  g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "\"%s\" must be the id of a message", name);
  return FALSE;
}

static void
handle_chat (SalonSession *self, Request *request)
{
  GError *error = NULL;
  const char *text;
  const char *reply_to = NULL;
  g_autoptr (SalonChatMessage) message = NULL;
  JsonObject *result;

  if (!check_joined (self, &error)
      || !salon_json_get_string (request->params, "message", 1, SALON_LIMIT_CHAT_CHARS, &text, &error)
      || !read_optional_id (request->params, "reply_to", &reply_to, &error))
    {
      request_fail (request, error);
      return;
    }
  message = salon_participant_chat (self->participant, text, reply_to);
  result = json_object_new ();
  json_object_set_string_member (result, "id", message->id);
  json_object_set_string_member (result, "timestamp", message->timestamp);
  request_resolve (request, salon_protocol_object (result));
}

static void
on_message_changed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  if (salon_rooms_change_message_finish (SALON_ROOMS (source), result, &error))
    request_resolve_empty (user_data);
  else
    request_fail (user_data, error);
}

static void
handle_chat_edit (SalonSession *self, Request *request)
{
  GError *error = NULL;
  const char *id;
  const char *text;

  if (check_joined (self, &error) && salon_json_get_string (request->params, "id", 1, 64, &id, &error)
      && salon_json_get_string (request->params, "message", 1, SALON_LIMIT_CHAT_CHARS, &text, &error))
    salon_rooms_change_message_async (self->rooms, self->participant, id, text, on_message_changed, request);
  else
    request_fail (request, error);
}

static void
handle_chat_delete (SalonSession *self, Request *request)
{
  GError *error = NULL;
  const char *id;

  if (check_joined (self, &error) && salon_json_get_string (request->params, "id", 1, 64, &id, &error))
    salon_rooms_change_message_async (self->rooms, self->participant, id, NULL, on_message_changed, request);
  else
    request_fail (request, error);
}

/* -- what the host does -- */

static void
handle_kick (SalonSession *self, Request *request)
{
  GError *error = NULL;
  const char *participant;

  if (check_joined (self, &error)
      && salon_json_get_string (request->params, "participant", 1, 64, &participant, &error)
      && salon_participant_kick (self->participant, participant, &error))
    request_resolve_empty (request);
  else
    request_fail (request, error);
}

static void
on_locked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  if (salon_rooms_lock_finish (SALON_ROOMS (source), result, &error))
    request_resolve_empty (user_data);
  else
    request_fail (user_data, error);
}

static void
handle_lock (SalonSession *self, Request *request)
{
  GError *error = NULL;
  gboolean is_locked;

  if (check_joined (self, &error) && salon_json_get_boolean (request->params, "locked", &is_locked, &error))
    salon_rooms_lock_async (self->rooms, self->participant, is_locked, on_locked, request);
  else
    request_fail (request, error);
}

/* -- leave, ping -- */

static void
handle_leave (SalonSession *self, Request *request)
{
  GError *error = NULL;

  if (!check_joined (self, &error))
    {
      request_fail (request, error);
      return;
    }
  leave (self);
  request_resolve_empty (request);
}

static void
handle_ping (SalonSession *self, Request *request)
{
  request_resolve (request, json_node_init_string (json_node_alloc (), "pong"));
}

/* -- dispatch -- */

static const struct
{
  const char *method;
  Handler handler;
} handlers[] = {
  { "join", handle_join },
  { "offer", handle_offer },
  { "answer", handle_answer },
  { "trickle", handle_trickle },
  { "publish", handle_publish },
  { "unpublish", handle_unpublish },
  { "mute", handle_mute },
  { "chat", handle_chat },
  { "chat_edit", handle_chat_edit },
  { "chat_delete", handle_chat_delete },
  { "kick", handle_kick },
  { "lock", handle_lock },
  { "leave", handle_leave },
  { "ping", handle_ping },
};

static Handler
find_handler (const char *method, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++)
    {
      if (g_str_equal (method, handlers[i].method))
        return handlers[i].handler;
    }
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_UNKNOWN_METHOD,
      "There is no such method; the protocol's description lists them");
  return NULL;
}

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

static void
dispatch (SalonSession *self, JsonObject *object, JsonNode *id)
{
  GError *error = NULL;
  const char *method;
  JsonObject *params;
  Handler handler = NULL;
  Request *request = g_new (Request, 1);

  if (read_envelope (object, &method, &params, &error))
    handler = find_handler (method, &error);
  if (handler != NULL && self->n_pending >= SALON_LIMIT_PENDING_REQUESTS)
    {
      handler = NULL;
      g_set_error (&error, SALON_ERROR, SALON_ERROR_TOO_MANY_REQUESTS,
          "%d requests wait for their answers; wait for some of them", SALON_LIMIT_PENDING_REQUESTS);
    }
  request->session = g_object_ref (self);
  request->id = id != NULL ? json_node_copy (id) : NULL;
  request->params = params != NULL ? json_object_ref (params) : json_object_new ();
  self->n_pending++;
  if (handler != NULL)
    handler (self, request);
  else
    request_fail (request, error);
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
  send (self, salon_protocol_failure (NULL, error));
}

static void
on_bad_message (SalonSocket *socket, const GError *error, gpointer user_data)
{
  send (user_data, salon_protocol_failure (NULL, error));
}

/* -- life -- */

static void
on_closed (SalonSocket *socket, gpointer user_data)
{
  g_autoptr (SalonSession) self = user_data; /* the reference of salon_session_start() */

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->socket);
  if (salon_socket_is_goodbye (socket))
    leave (self);
  else
    lose (self);
}

void
salon_session_start (SalonRooms *rooms, SalonSocket *socket, const char *const *ice_servers)
{
  SalonSession *self = g_object_new (SALON_TYPE_SESSION, NULL);

  self->rooms = rooms;
  self->socket = g_object_ref (socket);
  self->ice_servers = ice_servers;
  g_signal_connect_object (socket, "message", G_CALLBACK (on_message), self, 0);
  g_signal_connect_object (socket, "bad-message", G_CALLBACK (on_bad_message), self, 0);
  g_signal_connect (socket, "closed", G_CALLBACK (on_closed), self);
}

static void
salon_session_finalize (GObject *object)
{
  SalonSession *self = SALON_SESSION (object);

  g_assert (self->participant == NULL);
  salon_join_outcome_clear (&self->outcome);
  g_clear_object (&self->socket);
  g_clear_object (&self->cancellable);
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
}
