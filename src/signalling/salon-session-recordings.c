/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-session-private.h"

#include "salon-error.h"
#include "salon-json.h"
#include "salon-protocol.h"
#include "salon-recording-list.h"

/* -- that it is recorded -- */

/* (transfer none): the room's id. */
static const char *
get_room (SalonSession *self)
{
  return salon_participant_get_room_info (self->participant)->id;
}

gboolean
salon_session_tell_recorded (SalonSession *self)
{
  self->is_recorded = salon_recordings_is_recording (self->services->recordings, get_room (self));
  return self->is_recorded;
}

static void
on_recordings_changed (SalonRecordings *recordings, const char *room, SalonSession *self)
{
  gboolean was_recorded = self->is_recorded;
  const SalonRoomInfo *info
      = self->state == SALON_SESSION_JOINED ? salon_participant_get_room_info (self->participant) : NULL;
  JsonObject *params;

  if (info == NULL || !g_str_equal (info->id, room) || salon_session_tell_recorded (self) == was_recorded)
    return;
  params = json_object_new ();
  json_object_set_boolean_member (params, "recording", self->is_recorded);
  salon_session_send (self, salon_protocol_notification ("recording", salon_protocol_object (params)));
}

void
salon_session_follow_recordings (SalonSession *self)
{
  g_signal_connect_object (self->services->recordings, "changed", G_CALLBACK (on_recordings_changed), self, 0);
}

/* -- the host's -- */

static gboolean
check_host (SalonSession *self, GError **error)
{
  if (!salon_session_check_joined (self, error))
    return FALSE;
  if (g_strcmp0 (
          salon_participant_get_room_info (self->participant)->host, salon_participant_get_id (self->participant))
      == 0)
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_FORBIDDEN, "The host alone records the room");
  return FALSE;
}

static void
on_begun (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  if (salon_recordings_begin_finish (SALON_RECORDINGS (source), result, &error))
    salon_request_resolve_empty (user_data);
  else
    salon_request_fail (user_data, error);
}

void
salon_session_handle_record (SalonSession *self, SalonRequest *request)
{
  SalonRecordings *recordings = self->services->recordings;
  gboolean is_wanted = FALSE;
  GError *error = NULL;

  if (check_host (self, &error) && salon_json_get_boolean (request->params, "recording", &is_wanted, &error)
      && is_wanted)
    salon_recordings_begin_async (recordings, get_room (self),
        salon_participant_get_room_info (self->participant)->slug, salon_participant_get_id (self->participant),
        on_begun, request);
  else if (error == NULL && salon_recordings_stop (recordings, get_room (self), &error))
    salon_request_resolve_empty (request);
  else
    salon_request_fail (request, error);
}

/* -- whoever began them -- */

static void
on_list_made (GObject *source, GAsyncResult *result, gpointer user_data)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, salon_recording_list_make_finish (result));
  salon_request_resolve (user_data, salon_protocol_wrap ("recordings", node));
}

void
salon_session_handle_recordings (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;

  if (salon_session_check_joined (self, &error))
    salon_recording_list_make_async (salon_recordings_list (self->services->recordings, get_room (self),
                                         salon_participant_get_id (self->participant)),
        self->services->link_key, on_list_made, request);
  else
    salon_request_fail (request, error);
}

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  if (salon_recordings_delete_finish (SALON_RECORDINGS (source), result, &error))
    salon_request_resolve_empty (user_data);
  else
    salon_request_fail (user_data, error);
}

/* Others' are not there, as far as they are told. */
static gboolean
check_own (SalonSession *self, const char *id, GError **error)
{
  SalonJob *job = salon_recordings_find (self->services->recordings, id, error);
  const SalonJobSpec *spec = job != NULL ? salon_job_get_spec (job) : NULL;

  if (spec == NULL)
    return FALSE;
  if (g_strcmp0 (spec->room, get_room (self)) == 0
      && g_strcmp0 (spec->by, salon_participant_get_id (self->participant)) == 0)
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_JOB_NOT_FOUND, "There is no such recording");
  return FALSE;
}

void
salon_session_handle_recording_delete (SalonSession *self, SalonRequest *request)
{
  GError *error = NULL;
  const char *id;

  if (salon_session_check_joined (self, &error) && salon_json_get_string (request->params, "id", 1, 64, &id, &error)
      && check_own (self, id, &error))
    salon_recordings_delete_async (self->services->recordings, id, on_deleted, request);
  else
    salon_request_fail (request, error);
}
