/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-http-jobs.h"

#include "salon-error.h"
#include "salon-http-call.h"
#include "salon-json.h"
#include "salon-limits.h"
#include "salon-protocol.h"
#include "salon-reply.h"

#define MAX_NAME_CHARS 64

/* A request, from being let in to its answer. */
typedef struct _Deed Deed;
struct _Deed
{
  SalonHttpCall *call; /* (owned) */
  SalonJobs *jobs;     /* (owned) */
  char *id;            /* (owned) (nullable): of the job it is about */
  JsonNode *body;      /* (owned) (nullable) */
  SalonRoomInfo *room; /* (owned) (nullable): that it is about */
  gboolean is_admin;
  void (*act) (Deed *deed); /* once it is let in */
};

/* -- answers -- */

/* body: (transfer full) (nullable): NULL: the error. */
static void
deed_end (Deed *deed, guint status, JsonNode *body, const GError *error)
{
  if (salon_http_call_is_gone (deed->call))
    g_clear_pointer (&body, json_node_unref);
  else if (body != NULL)
    salon_reply_json (deed->call->message, status, body);
  else
    salon_reply_error (deed->call->message, error);
  salon_http_call_end (deed->call);
  g_object_unref (deed->jobs);
  g_free (deed->id);
  g_clear_pointer (&deed->body, json_node_unref);
  g_clear_pointer (&deed->room, salon_room_info_free);
  g_free (deed);
}

static void
deed_end_with_job (Deed *deed, guint status, SalonJob *job)
{
  deed_end (
      deed, status, salon_protocol_wrap ("job", salon_protocol_job (deed->jobs, job, deed->is_admin, TRUE)), NULL);
}

/* -- who may -- */

static void
on_room (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Deed *deed = user_data;
  g_autoptr (GError) error = NULL;

  deed->room = salon_rooms_get_finish (SALON_ROOMS (source), result, &error);
  if (deed->room != NULL)
    deed->act (deed);
  else
    deed_end (deed, 0, NULL, error);
}

/* Lets the administrator, or the room's owner, do it. room: (nullable): slug or id; NULL: no room's.
 * body: (transfer full) (nullable). */
static void
begin (const SalonHttpJobs *self, SoupServerMessage *message, const char *room, const char *id, JsonNode *body,
    void (*act) (Deed *deed))
{
  SalonRooms *rooms = self->rooms_api->rooms;
  const char *token = salon_http_api_get_bearer_token (message);
  g_autoptr (GError) error = NULL;
  Deed *deed = g_new0 (Deed, 1);

  *deed = (Deed){ .call = salon_http_call_begin (message),
    .jobs = g_object_ref (self->jobs),
    .id = g_strdup (id),
    .body = body,
    .is_admin = salon_http_api_is_admin (self->rooms_api, message),
    .act = act };
  if (deed->is_admin && room == NULL)
    act (deed);
  else if (deed->is_admin)
    salon_rooms_get_async (rooms, room, deed->call->cancellable, on_room, deed);
  else if (token != NULL && room != NULL)
    salon_rooms_get_own_async (rooms, room, token, deed->call->cancellable, on_room, deed);
  else
    {
      g_set_error_literal (&error, SALON_ERROR, SALON_ERROR_UNAUTHORIZED,
          "Jobs take the administrator's token, or those of a room its owner token (Authorization: Bearer ...)");
      deed_end (deed, 0, NULL, error);
    }
}

/* Of a job that there is, in whatever room it is. */
static void
begin_with_job (
    const SalonHttpJobs *self, SoupServerMessage *message, const char *id, JsonNode *body, void (*act) (Deed *deed))
{
  g_autoptr (GError) error = NULL;
  gboolean is_admin = salon_http_api_is_admin (self->rooms_api, message);
  SalonJob *job = salon_jobs_find (self->jobs, id, &error);

  if (job != NULL)
    /* The room may be gone; the administrator need not care. */
    begin (self, message, is_admin ? NULL : salon_job_get_spec (job)->room, id, body, act);
  else
    {
      g_clear_pointer (&body, json_node_unref);
      salon_reply_error (message, error);
    }
}

/* Returns: (transfer full) (nullable): of the query. */
static char *
get_room_of_query (SoupServerMessage *message)
{
  const char *query = g_uri_get_query (soup_server_message_get_uri (message));
  g_autoptr (GHashTable) fields = query != NULL ? soup_form_decode (query) : NULL;

  return fields != NULL ? g_strdup (g_hash_table_lookup (fields, "room")) : NULL;
}

/* -- lists -- */

static void
on_pipelines (GObject *source, GAsyncResult *result, gpointer user_data)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, salon_jobs_list_pipelines_finish (SALON_JOBS (source), result));
  deed_end (user_data, SOUP_STATUS_OK, salon_protocol_wrap ("pipelines", node), NULL);
}

static void
list_pipelines (Deed *deed)
{
  salon_jobs_list_pipelines_async (deed->jobs, on_pipelines, deed);
}

void
salon_http_jobs_list_pipelines (const SalonHttpJobs *self, SoupServerMessage *message)
{
  g_autofree char *room = get_room_of_query (message);

  begin (self, message, room, NULL, NULL, list_pipelines);
}

static void
list (Deed *deed)
{
  g_autoptr (GPtrArray) jobs = salon_jobs_list (deed->jobs, deed->room != NULL ? deed->room->id : NULL);
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < jobs->len; i++)
    json_array_add_element (array, salon_protocol_job (deed->jobs, g_ptr_array_index (jobs, i), deed->is_admin, FALSE));
  json_node_take_array (node, array);
  deed_end (deed, SOUP_STATUS_OK, salon_protocol_wrap ("jobs", node), NULL);
}

void
salon_http_jobs_list (const SalonHttpJobs *self, SoupServerMessage *message)
{
  g_autofree char *room = get_room_of_query (message);

  begin (self, message, room, NULL, NULL, list);
}

/* -- starting -- */

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Deed *deed = user_data;
  g_autoptr (GError) error = NULL;
  SalonJob *job = salon_jobs_start_finish (SALON_JOBS (source), result, &error);

  if (job != NULL)
    deed_end_with_job (deed, SOUP_STATUS_CREATED, job);
  else
    deed_end (deed, 0, NULL, error);
}

static gboolean
read_start (JsonObject *object, const char **room, SalonJobRequest *request, GError **error)
{
  static const char *const known[] = { "room", "pipeline", "launch", "parameters", NULL };

  if (!salon_json_check_members (object, known, error)
      || !salon_json_get_optional_string (object, "room", 1, SALON_LIMIT_SLUG_RAW_CHARS, room, error)
      || !salon_json_get_optional_string (object, "pipeline", 1, MAX_NAME_CHARS, &request->pipeline, error)
      || !salon_json_get_optional_string (object, "launch", 1, SALON_LIMIT_HTTP_BODY_BYTES, &request->launch, error)
      || !salon_json_get_optional_object (object, "parameters", &request->parameters, error))
    return FALSE;
  if ((request->pipeline != NULL) != (request->launch != NULL)
      && (request->pipeline != NULL || request->parameters == NULL))
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
      "A job has either a \"pipeline\", which may have \"parameters\", or a \"launch\", which has none");
  return FALSE;
}

static void
start (Deed *deed)
{
  SalonJobRequest request = { .is_admin = deed->is_admin };
  g_autoptr (GError) error = NULL;
  const char *room = NULL;

  if (!read_start (json_node_get_object (deed->body), &room, &request, &error))
    g_assert_not_reached (); /* it was read before */
  if (deed->room != NULL)
    {
      request.room = deed->room->id;
      request.slug = deed->room->slug;
    }
  if (request.launch == NULL || deed->is_admin)
    {
      salon_jobs_start_async (deed->jobs, &request, on_started, deed);
      return;
    }
  g_set_error_literal (&error, SALON_ERROR, SALON_ERROR_FORBIDDEN,
      "The administrator alone runs a text of their own; a room's owner runs pipelines by name");
  deed_end (deed, 0, NULL, error);
}

void
salon_http_jobs_start (const SalonHttpJobs *self, SoupServerMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) body = salon_http_api_read_body (message, &error);
  SalonJobRequest request = { 0 };
  const char *room = NULL;

  if (body != NULL && read_start (json_node_get_object (body), &room, &request, &error))
    begin (self, message, room, NULL, g_steal_pointer (&body), start);
  else
    salon_reply_error (message, error);
}

/* -- of one -- */

static void
get (Deed *deed)
{
  g_autoptr (GError) error = NULL;
  SalonJob *job = salon_jobs_find (deed->jobs, deed->id, &error);

  if (job != NULL)
    deed_end_with_job (deed, SOUP_STATUS_OK, job);
  else
    deed_end (deed, 0, NULL, error);
}

void
salon_http_jobs_get (const SalonHttpJobs *self, SoupServerMessage *message, const char *id)
{
  begin_with_job (self, message, id, NULL, get);
}

static void
on_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Deed *deed = user_data;
  g_autoptr (GError) error = NULL;

  if (salon_job_set_finish (SALON_JOB (source), result, &error))
    deed_end_with_job (deed, SOUP_STATUS_OK, SALON_JOB (source));
  else
    deed_end (deed, 0, NULL, error);
}

/* What is to become of a job: one of these. */
typedef struct
{
  gboolean must_stop;
  gboolean must_upload;
  JsonObject *values; /* (borrowed) (nullable): to be set */
} Change;

static gboolean
read_change (JsonObject *object, Change *change, GError **error)
{
  static const char *const known[] = { "stop", "upload", "set", NULL };

  if (!salon_json_check_members (object, known, error)
      || !salon_json_get_optional_boolean (object, "stop", &change->must_stop, error)
      || !salon_json_get_optional_boolean (object, "upload", &change->must_upload, error)
      || !salon_json_get_optional_object (object, "set", &change->values, error))
    return FALSE;
  if (change->must_stop + change->must_upload + (change->values != NULL) == 1)
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
      "A change is either {\"stop\": true}, {\"upload\": true} or {\"set\": {\"element.property\": value}}");
  return FALSE;
}

static void
change (Deed *deed)
{
  g_autoptr (GError) error = NULL;
  SalonJob *job = salon_jobs_find (deed->jobs, deed->id, &error);
  Change wish = { 0 };

  if (job == NULL || !read_change (json_node_get_object (deed->body), &wish, &error)
      || (wish.must_upload && !salon_jobs_upload (deed->jobs, job, &error)))
    {
      deed_end (deed, 0, NULL, error);
      return;
    }
  if (wish.values != NULL)
    {
      salon_job_set_async (job, wish.values, on_set, deed);
      return;
    }
  if (wish.must_stop)
    salon_job_stop (job);
  deed_end_with_job (deed, SOUP_STATUS_OK, job);
}

void
salon_http_jobs_change (const SalonHttpJobs *self, SoupServerMessage *message, const char *id)
{
  g_autoptr (GError) error = NULL;
  JsonNode *body = salon_http_api_read_body (message, &error);

  if (body != NULL)
    begin_with_job (self, message, id, body, change);
  else
    salon_reply_error (message, error);
}

static void
on_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  salon_jobs_remove_finish (SALON_JOBS (source), result);
  deed_end (user_data, SOUP_STATUS_OK, salon_protocol_object (json_object_new ()), NULL);
}

static void delete (Deed *deed)
{
  g_autoptr (GError) error = NULL;
  SalonJob *job = salon_jobs_find (deed->jobs, deed->id, &error);

  if (job != NULL)
    salon_jobs_remove_async (deed->jobs, job, on_removed, deed);
  else
    deed_end (deed, 0, NULL, error);
}

void
salon_http_jobs_delete (const SalonHttpJobs *self, SoupServerMessage *message, const char *id)
{
  begin_with_job (self, message, id, NULL, delete);
}
