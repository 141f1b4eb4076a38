/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-http-deed.h"

#include "salon-error.h"
#include "salon-reply.h"

void
salon_http_deed_end_answered (SalonHttpDeed *deed)
{
  salon_http_call_end (deed->call);
  g_object_unref (deed->jobs);
  g_free (deed->id);
  g_free (deed->name);
  g_free (deed->room_id);
  g_clear_pointer (&deed->body, json_node_unref);
  g_clear_pointer (&deed->room, salon_room_info_free);
  g_free (deed);
}

void
salon_http_deed_end (SalonHttpDeed *deed, guint status, JsonNode *body, const GError *error)
{
  salon_http_call_answer (deed->call, status, body, error);
  salon_http_deed_end_answered (deed);
}

/* Another room may have got a dead one's id for its slug. */
static gboolean
check_room (const SalonHttpDeed *deed, GError **error)
{
  if (deed->room_id == NULL || g_str_equal (deed->room->id, deed->room_id))
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND, "The room of this job is gone");
  return FALSE;
}

static void
on_room (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonHttpDeed *deed = user_data;
  g_autoptr (GError) error = NULL;

  deed->room = salon_rooms_get_finish (SALON_ROOMS (source), result, &error);
  if (deed->room != NULL && check_room (deed, &error))
    deed->act (deed);
  else
    salon_http_deed_end (deed, 0, NULL, error);
}

static SalonHttpDeed *
make (const SalonHttpDeeds *deeds, SoupServerMessage *message, const SalonHttpDeedInput *input, SalonHttpDeedAct act)
{
  SalonHttpDeed *deed = g_new0 (SalonHttpDeed, 1);

  *deed = (SalonHttpDeed){ .call = salon_http_call_begin (message),
    .jobs = g_object_ref (deeds->jobs),
    .id = g_strdup (input->id),
    .name = g_strdup (input->name),
    .body = input->body,
    .user_data = input->user_data,
    .act = act };
  return deed;
}

/* room: (nullable) */
static void
begin (const SalonHttpDeeds *deeds, SoupServerMessage *message, const char *room, SalonHttpDeed *deed)
{
  SalonRooms *rooms = deeds->rooms_api->rooms;
  const char *token = salon_http_api_get_bearer_token (message);
  g_autoptr (GError) error = NULL;

  deed->is_admin = salon_http_api_is_admin (deeds->rooms_api, message);
  if (deed->is_admin && room == NULL)
    deed->act (deed);
  else if (deed->is_admin)
    salon_rooms_get_async (rooms, room, deed->call->cancellable, on_room, deed);
  else if (token != NULL && room != NULL)
    salon_rooms_get_own_async (rooms, room, token, deed->call->cancellable, on_room, deed);
  else
    {
      g_set_error_literal (&error, SALON_ERROR, SALON_ERROR_UNAUTHORIZED,
          token != NULL
              ? "An owner token is good for one room: say which (\"room\"); without, this takes the "
                "administrator's token"
              : "This takes the administrator's token, or that of the room's owner (Authorization: Bearer ...)");
      salon_http_deed_end (deed, 0, NULL, error);
    }
}

void
salon_http_deed_begin (const SalonHttpDeeds *deeds, SoupServerMessage *message, const char *room,
    const SalonHttpDeedInput *input, SalonHttpDeedAct act)
{
  begin (deeds, message, room, make (deeds, message, input, act));
}

void
salon_http_deed_begin_with_job (
    const SalonHttpDeeds *deeds, SoupServerMessage *message, const SalonHttpDeedInput *input, SalonHttpDeedAct act)
{
  g_autoptr (GError) error = NULL;
  gboolean is_admin = salon_http_api_is_admin (deeds->rooms_api, message);
  SalonJob *job = salon_jobs_find (deeds->jobs, input->id, &error);
  SalonHttpDeed *deed;

  if (job != NULL)
    {
      deed = make (deeds, message, input, act);
      /* The room may be gone; the administrator need not care. */
      deed->room_id = is_admin ? NULL : g_strdup (salon_job_get_spec (job)->room);
      begin (deeds, message, deed->room_id, deed);
    }
  else
    {
      if (input->body != NULL)
        json_node_unref (input->body);
      salon_reply_error (message, error);
    }
}

void
salon_http_deed_begin_for_anybody (
    const SalonHttpDeeds *deeds, SoupServerMessage *message, const SalonHttpDeedInput *input, SalonHttpDeedAct act)
{
  act (make (deeds, message, input, act));
}

char *
salon_http_deed_get_room_of_query (SoupServerMessage *message)
{
  return salon_http_get_query_field (message, "room");
}
