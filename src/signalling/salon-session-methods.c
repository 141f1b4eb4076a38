/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-session-private.h"

#include "salon-error.h"
#include "salon-ion-dialect.h"
#include "salon-json.h"
#include "salon-limits.h"
#include "salon-params.h"
#include "salon-protocol.h"

gboolean
salon_session_check_joined (SalonSession *self, GError **error)
{
  if (self->state == SALON_SESSION_JOINED)
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_NOT_JOINED, "Join a room first");
  return FALSE;
}

/* -- join -- */

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
ice_servers_of (SalonSession *self)
{
  return salon_ice_servers_to_json (
      self->services->ice_servers, salon_participant_get_id (self->participant), g_get_real_time () / G_USEC_PER_SEC);
}

static JsonNode *
join_result (SalonSession *self, const char *answer)
{
  g_autoptr (GArray) everybody = salon_participant_list_people (self->participant);
  GPtrArray *waiting = salon_participant_get_waiting_list (self->participant);
  JsonObject *result = json_object_new ();
  JsonArray *participants = json_array_new ();

  for (guint i = 0; i < everybody->len; i++)
    json_array_add_element (participants, salon_protocol_person (&g_array_index (everybody, SalonPerson, i)));
  if (answer != NULL)
    {
      json_object_set_string_member (result, "type", "answer");
      json_object_set_string_member (result, "sdp", answer);
    }
  json_object_set_string_member (result, "participant", salon_participant_get_id (self->participant));
  json_object_set_member (result, "room", salon_protocol_room (salon_participant_get_room_info (self->participant)));
  json_object_set_array_member (result, "participants", participants);
  json_object_set_member (result, "waiting", salon_protocol_waiting_list (waiting));
  json_object_set_member (result, "ice_servers", ice_servers_of (self));
  json_object_set_string_member (result, "session", salon_participant_get_session_token (self->participant));
  json_object_set_boolean_member (result, "recording", salon_session_tell_recorded (self));
  json_object_set_int_member (result, "grace_s", salon_rooms_get_grace_s (self->rooms));
  json_object_set_boolean_member (result, "resumed", self->outcome.is_resumed);
  json_object_set_array_member (result, "chat", history_to_json (self));
  json_object_set_member (result, "speaking", salon_protocol_speakers (self->participant));
  json_object_set_member (
      result, "max_video", salon_protocol_limit (salon_participant_get_max_video (self->participant)));
  return salon_protocol_object (result);
}

/* One that is no good is lost, as any that no path goes through. */
static void
give_early_candidates (SalonSession *self)
{
  for (guint i = 0; i < self->early_candidates->len; i++)
    {
      g_autoptr (GError) error = NULL;
      const char *text;
      gint64 target;
      gint64 m_line;

      if (!salon_params_read_candidate (g_ptr_array_index (self->early_candidates, i), &target, &m_line, &text, &error)
          || !salon_participant_add_candidate (self->participant, (guint)target, (guint)m_line, text, &error))
        g_debug ("a candidate from before the join: %s", error->message);
    }
  g_ptr_array_set_size (self->early_candidates, 0);
}

static void
finish_join (SalonRequest *request, const char *answer)
{
  SalonSession *self = request->session;
  g_autoptr (SalonParticipant) participant = g_object_ref (self->participant);

  if (salon_participant_get_room_info (participant) == NULL)
    {
      salon_request_fail (
          request, g_error_new_literal (SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND, "The room has closed"));
      return;
    }
  self->state = SALON_SESSION_JOINED;
  salon_request_resolve (request, join_result (self, answer));
  give_early_candidates (self);
  salon_participant_tell_wanted (participant);
  if (self->outcome.is_resumed)
    salon_participant_tell_slots (participant);
  if (self->may_subscribe)
    salon_participant_subscribe (participant);
}

static void
on_join_offer_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonRequest *request = user_data;
  SalonSession *self = request->session;
  GError *error = NULL;
  g_autofree char *answer = salon_participant_offer_finish (SALON_PARTICIPANT (source), result, &error);

  /* Gone meanwhile: on_closed() has left the room. */
  if (self->participant == NULL)
    {
      g_clear_error (&error);
      salon_request_free (request);
      return;
    }
  if (answer != NULL)
    {
      finish_join (request, answer);
      return;
    }
  salon_session_leave (self);
  salon_request_fail (request, error);
}

static void
on_joined (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonRequest *request = user_data;
  SalonSession *self = request->session;
  g_autoptr (GArray) sources = NULL;
  GError *error = NULL;
  const char *sdp;
  gboolean is_valid;

  salon_join_outcome_clear (&self->outcome);
  self->participant = salon_rooms_join_finish (SALON_ROOMS (source), result, &self->outcome, &error);
  if (self->participant == NULL)
    {
      self->state = SALON_SESSION_NEW;
      salon_request_fail (request, error);
      return;
    }
  /* Gone, or replaced, while the store was asked. */
  if (self->socket == NULL || !salon_participant_belongs_to (self->participant, self))
    {
      salon_session_lose (self, FALSE);
      salon_request_free (request);
      return;
    }
  if (!json_object_has_member (request->params, "offer"))
    {
      finish_join (request, NULL);
      return;
    }
  /* They were read once before the join: what is wrong with them was answered then. */
  is_valid = salon_params_read_description (request->params, "offer", "offer", &sdp, NULL)
             && salon_params_read_sources (request->params, &sources, NULL);
  g_assert (is_valid);
  salon_participant_offer_async (self->participant, sdp, sources, on_join_offer_answered, request);
}

/* A job that was taken over goes no further than it was sent. */
static gboolean
check_sent (SalonSession *self, const char *room, GError **error)
{
  const char *job = self->socket != NULL ? salon_socket_get_job (self->socket) : NULL;

  return job == NULL || salon_jobs_may_enter (self->services->jobs, job, room, error);
}

static void
handle_join (SalonSession *self, SalonRequest *request)
{
  g_autoptr (GArray) sources = NULL;
  GError *error = NULL;
  SalonJoinRequest join;
  gboolean no_subscribe = FALSE;
  const char *sdp = NULL;

  if (self->state != SALON_SESSION_NEW || self->transcode_end != NULL)
    g_set_error_literal (&error, SALON_ERROR, SALON_ERROR_ALREADY_JOINED, "You are in a room already; leave it first");
  if (error != NULL || !salon_params_read_join (request->params, &join, &no_subscribe, &error)
      || !check_sent (self, join.room, &error)
      || (json_object_has_member (request->params, "offer")
          && (!salon_params_read_description (request->params, "offer", "offer", &sdp, &error)
              || !salon_params_read_sources (request->params, &sources, &error))))
    {
      salon_request_fail (request, error);
      return;
    }
  join.speaks_ion = sdp != NULL && salon_ion_dialect_is_spoken (request->params, sdp);
  join.takes_data |= join.speaks_ion;
  /* Who is the server's own user, and no job, could read the administrator's token as well. */
  join.is_trusted = self->socket != NULL && salon_socket_is_local (self->socket);
  self->state = SALON_SESSION_JOINING;
  self->may_subscribe = !no_subscribe;
  salon_rooms_join_async (self->rooms, &join, &salon_session_events, self, self->cancellable, on_joined, request);
}

/* -- offer, answer, trickle, ICE servers -- */

static void
on_offer_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonRequest *request = user_data;
  GError *error = NULL;
  g_autofree char *answer = salon_participant_offer_finish (SALON_PARTICIPANT (source), result, &error);
  JsonObject *description;

  if (answer == NULL)
    {
      salon_request_fail (request, error);
      return;
    }
  description = json_object_new ();
  json_object_set_string_member (description, "type", "answer");
  json_object_set_string_member (description, "sdp", answer);
  salon_request_resolve (request, salon_protocol_object (description));
}

static void
handle_offer (SalonSession *self, SalonRequest *request)
{
  g_autoptr (GArray) sources = NULL;
  GError *error = NULL;
  const char *sdp;

  if (!salon_session_check_joined (self, &error)
      || !salon_params_read_description (request->params, "desc", "offer", &sdp, &error)
      || !salon_params_read_sources (request->params, &sources, &error))
    {
      salon_request_fail (request, error);
      return;
    }
  salon_participant_offer_async (self->participant, sdp, sources, on_offer_answered, request);
}

static void
on_answer_applied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonRequest *request = user_data;
  GError *error = NULL;

  if (salon_participant_answer_finish (SALON_PARTICIPANT (source), result, &error))
    salon_request_resolve_empty (request);
  else
    salon_request_fail (request, error);
}

static void
handle_answer (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  const char *sdp;
  gint64 target = 1;

  if (!salon_session_check_joined (self, &error)
      || !salon_params_read_description (request->params, "desc", "answer", &sdp, &error)
      || !salon_json_get_optional_int (request->params, "target", 1, SALON_LIMIT_SUBSCRIBERS, &target, &error))
    salon_request_fail (request, error);
  else
    salon_participant_answer_async (self->participant, (guint)target, sdp, on_answer_applied, request);
}

/* Clients trickle as soon as they have an offer, before the join is answered. */
static void
keep_candidate (SalonSession *self, SalonRequest *request)
{
  if (self->early_candidates->len < SALON_LIMIT_CANDIDATES)
    g_ptr_array_add (self->early_candidates, json_object_ref (request->params));
  salon_request_resolve_empty (request);
}

static void
handle_trickle (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  const char *text;
  gint64 target;
  gint64 m_line;

  if (self->state == SALON_SESSION_JOINING)
    {
      keep_candidate (self, request);
      return;
    }
  if (salon_session_check_joined (self, &error)
      && salon_params_read_candidate (request->params, &target, &m_line, &text, &error)
      && salon_participant_add_candidate (self->participant, (guint)target, (guint)m_line, text, &error))
    salon_request_resolve_empty (request);
  else
    salon_request_fail (request, error);
}

static void
handle_ice_servers (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;

  if (salon_session_check_joined (self, &error))
    salon_request_resolve (request, salon_protocol_wrap ("ice_servers", ice_servers_of (self)));
  else
    salon_request_fail (request, error);
}

/* -- attach -- */

static gboolean
check_local (SalonSession *self, GError **error)
{
  if (self->socket != NULL && salon_socket_is_local (self->socket))
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_FORBIDDEN,
      "Only programs of the server's own machine and user may attach, over the socket in its state folder");
  return FALSE;
}

static JsonNode *
attach_result (const char *path, const char *secret)
{
  JsonObject *result = json_object_new ();

  if (path != NULL)
    {
      json_object_set_string_member (result, "path", path);
      json_object_set_string_member (result, "secret", secret);
    }
  return salon_protocol_object (result);
}

static void
handle_attach (SalonSession *self, SalonRequest *request)
{
  g_autoptr (GArray) sources = NULL;
  SalonAttachRequest attach;
  GError *error = NULL;
  const char *path;
  const char *secret;

  if (!salon_session_check_joined (self, &error) || !check_local (self, &error)
      || !salon_params_read_attach (request->params, &attach, &sources, &error)
      || !salon_participant_attach (self->participant, &attach, &path, &secret, &error))
    {
      salon_request_fail (request, error);
      return;
    }
  salon_request_resolve (request, attach_result (path, secret));
}

static gboolean
check_is_nobody (SalonSession *self, GError **error)
{
  if (self->state == SALON_SESSION_NEW && self->transcode_end == NULL)
    return TRUE;
  g_set_error_literal (
      error, SALON_ERROR, SALON_ERROR_ALREADY_JOINED, "You are in a room already, or transcode; connect anew");
  return FALSE;
}

static void
handle_transcode (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  SalonTranscodeRequest wanted = { .events = &salon_session_events, .session = self };
  const char *room, *track, *path, *secret;

  if (check_is_nobody (self, &error) && check_local (self, &error)
      && salon_json_get_string (request->params, "room", 1, SALON_LIMIT_SLUG_RAW_CHARS, &room, &error)
      && check_sent (self, room, &error) && salon_json_get_string (request->params, "track", 1, 64, &track, &error)
      && salon_json_get_boolean (request->params, "receive", &wanted.receives, &error))
    self->transcode_end = salon_rooms_transcode (self->rooms, room, track, &wanted, &path, &secret, &error);
  if (self->transcode_end != NULL && error == NULL)
    salon_request_resolve (request, attach_result (path, secret));
  else
    salon_request_fail (request, error);
}

/* -- publish, unpublish, mute, pin -- */

static void
handle_publish (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  SalonTrackSource source;
  const SalonPublication *publication = NULL;

  if (salon_session_check_joined (self, &error) && salon_params_read_source (request->params, &source, &error))
    publication = salon_participant_publish (self->participant, &source, &error);
  if (publication != NULL)
    salon_request_resolve (request, salon_protocol_wrap ("track", salon_protocol_track (publication)));
  else
    salon_request_fail (request, error);
}

static void
handle_unpublish (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  const char *track;

  if (salon_session_check_joined (self, &error)
      && salon_json_get_string (request->params, "track", 1, 64, &track, &error)
      && salon_participant_unpublish (self->participant, track, &error))
    salon_request_resolve_empty (request);
  else
    salon_request_fail (request, error);
}

static void
handle_mute (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  const char *track;
  gboolean is_muted;
  gboolean is_squelched = FALSE;

  if (salon_session_check_joined (self, &error)
      && salon_json_get_string (request->params, "track", 1, 64, &track, &error)
      && salon_json_get_boolean (request->params, "muted", &is_muted, &error)
      && salon_json_get_optional_boolean (request->params, "squelched", &is_squelched, &error)
      && salon_participant_set_muted (self->participant, track, is_muted, is_squelched, &error))
    salon_request_resolve_empty (request);
  else
    salon_request_fail (request, error);
}

static void
handle_pin (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  const char *participant;
  gboolean is_pinned;

  if (salon_session_check_joined (self, &error)
      && salon_json_get_string (request->params, "participant", 1, 64, &participant, &error)
      && salon_json_get_boolean (request->params, "pinned", &is_pinned, &error)
      && salon_participant_pin (self->participant, participant, is_pinned, &error))
    salon_request_resolve_empty (request);
  else
    salon_request_fail (request, error);
}

/* -- what is received of others -- */

static void
handle_track_settings (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  SalonTrackSettings settings;
  const char *track;

  if (salon_session_check_joined (self, &error)
      && salon_json_get_string (request->params, "track", 1, 64, &track, &error)
      && salon_params_read_track_settings (request->params, &settings, &error)
      && salon_participant_set_track_settings (self->participant, track, &settings, &error))
    salon_request_resolve_empty (request);
  else
    salon_request_fail (request, error);
}

/* -- chat -- */

static gboolean
check_chat_rate (SalonSession *self, GError **error)
{
  if (salon_rate_limit_take (
          &self->chat_limit, SALON_LIMIT_CHAT_BURST, SALON_LIMIT_CHAT_PER_S, g_get_monotonic_time ()))
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_TOO_MANY_REQUESTS, "That was a lot at once; wait a moment");
  return FALSE;
}

static void
on_said (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  const SalonChatMessage *message = salon_rooms_chat_finish (SALON_ROOMS (source), result, &error);
  JsonObject *object;

  if (message == NULL)
    {
      salon_request_fail (user_data, error);
      return;
    }
  object = json_object_new ();
  json_object_set_string_member (object, "id", message->id);
  json_object_set_string_member (object, "timestamp", message->timestamp);
  salon_request_resolve (user_data, salon_protocol_object (object));
}

static void
handle_chat (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  const char *text;
  const char *reply_to = NULL;

  if (!salon_session_check_joined (self, &error) || !check_chat_rate (self, &error)
      || !salon_json_get_string (request->params, "message", 1, SALON_LIMIT_CHAT_CHARS, &text, &error)
      || !salon_params_read_optional_id (request->params, "reply_to", &reply_to, &error))
    {
      salon_request_fail (request, error);
      return;
    }
  salon_rooms_chat_async (self->rooms, self->participant, text, reply_to, on_said, request);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  if (salon_rooms_deed_finish (SALON_ROOMS (source), result, &error))
    salon_request_resolve_empty (user_data);
  else
    salon_request_fail (user_data, error);
}

static void
handle_chat_edit (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  const char *id;
  const char *text;

  if (salon_session_check_joined (self, &error) && salon_json_get_string (request->params, "id", 1, 64, &id, &error)
      && salon_json_get_string (request->params, "message", 1, SALON_LIMIT_CHAT_CHARS, &text, &error))
    salon_rooms_change_message_async (self->rooms, self->participant, id, text, on_done, request);
  else
    salon_request_fail (request, error);
}

static void
handle_chat_delete (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  const char *id;

  if (salon_session_check_joined (self, &error) && salon_json_get_string (request->params, "id", 1, 64, &id, &error))
    salon_rooms_change_message_async (self->rooms, self->participant, id, NULL, on_done, request);
  else
    salon_request_fail (request, error);
}

/* -- what the host does -- */

static void
handle_kick (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  const char *participant;

  if (salon_session_check_joined (self, &error)
      && salon_json_get_string (request->params, "participant", 1, 64, &participant, &error))
    salon_rooms_kick_async (self->rooms, self->participant, participant, on_done, request);
  else
    salon_request_fail (request, error);
}

static void
set_flag (SalonSession *self, SalonRequest *request, const char *name, SalonRoomFlag flag)
{
  GError *error = NULL;
  gboolean is_set;

  if (salon_session_check_joined (self, &error) && salon_json_get_boolean (request->params, name, &is_set, &error))
    salon_rooms_set_flag_async (self->rooms, self->participant, flag, is_set, on_done, request);
  else
    salon_request_fail (request, error);
}

static void
handle_lock (SalonSession *self, SalonRequest *request)
{
  set_flag (self, request, "locked", SALON_ROOM_IS_LOCKED);
}

static void
handle_set_waiting_room (SalonSession *self, SalonRequest *request)
{
  set_flag (self, request, "enabled", SALON_ROOM_HAS_WAITING_ROOM);
}

static void
handle_admit (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  const char *id;
  gboolean is_admitted;

  if (salon_session_check_joined (self, &error) && salon_json_get_string (request->params, "id", 1, 64, &id, &error)
      && salon_json_get_boolean (request->params, "admitted", &is_admitted, &error))
    salon_rooms_admit_async (self->rooms, self->participant, id, is_admitted, on_done, request);
  else
    salon_request_fail (request, error);
}

static void
handle_close (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;

  if (salon_session_check_joined (self, &error))
    salon_rooms_close_room_async (self->rooms, self->participant, on_done, request);
  else
    salon_request_fail (request, error);
}

/* -- stats -- */

static void
handle_watch_stats (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  gint64 interval_s;

  if (!salon_session_check_joined (self, &error)
      || !salon_json_get_int (request->params, "interval_s", 0, SALON_LIMIT_STATS_INTERVAL_S, &interval_s, &error))
    {
      salon_request_fail (request, error);
      return;
    }
  salon_session_watch_stats (self, (guint)interval_s);
  salon_request_resolve_empty (request);
}

static void
handle_reception (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;

  if (salon_session_check_joined (self, &error) && salon_session_take_received (self, request->params, &error))
    salon_request_resolve_empty (request);
  else
    salon_request_fail (request, error);
}

static void
handle_limited (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  const char *track;
  SalonTrackLimit limit;

  if (salon_session_check_joined (self, &error)
      && salon_json_get_string (request->params, "track", 1, 64, &track, &error)
      && salon_params_read_limit (request->params, &limit, &error)
      && salon_participant_set_limit (self->participant, track, limit, &error))
    salon_request_resolve_empty (request);
  else
    salon_request_fail (request, error);
}

/* -- leave, ping -- */

static void
handle_leave (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;

  if (!salon_session_check_joined (self, &error))
    {
      salon_request_fail (request, error);
      return;
    }
  salon_session_leave (self);
  salon_request_resolve_empty (request);
}

static void
handle_ping (SalonSession *self, SalonRequest *request)
{
  salon_request_resolve (request, json_node_init_string (json_node_alloc (), "pong"));
}

/* -- the list of them -- */

static const struct
{
  const char *method;
  SalonHandler handler;
} handlers[] = {
  { "join", handle_join },
  { "offer", handle_offer },
  { "answer", handle_answer },
  { "trickle", handle_trickle },
  { "attach", handle_attach },
  { "transcode", handle_transcode },
  { "ice_servers", handle_ice_servers },
  { "publish", handle_publish },
  { "unpublish", handle_unpublish },
  { "mute", handle_mute },
  { "track_settings", handle_track_settings },
  { "pin", handle_pin },
  { "chat", handle_chat },
  { "chat_edit", handle_chat_edit },
  { "chat_delete", handle_chat_delete },
  { "kick", handle_kick },
  { "lock", handle_lock },
  { "set_waiting_room", handle_set_waiting_room },
  { "admit", handle_admit },
  { "close", handle_close },
  { "watch_stats", handle_watch_stats },
  { "reception", handle_reception },
  { "limited", handle_limited },
  { "record", salon_session_handle_record },
  { "recordings", salon_session_handle_recordings },
  { "recording_delete", salon_session_handle_recording_delete },
  { "leave", handle_leave },
  { "ping", handle_ping },
};

SalonHandler
salon_session_find_handler (const char *method, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++)
    {
      if (g_str_equal (method, handlers[i].method))
        return handlers[i].handler;
    }
  g_set_error_literal (
      error, SALON_ERROR, SALON_ERROR_UNKNOWN_METHOD, "There is no such method; the protocol's description lists them");
  return NULL;
}
