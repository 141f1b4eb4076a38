/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-http-jobs.h"

#include "salon-error.h"
#include "salon-http-call.h"
#include "salon-json.h"
#include "salon-limits.h"
#include "salon-protocol.h"
#include "salon-reply.h"

#define MAX_NAME_CHARS 64

static void
end_with_job (SalonHttpDeed *deed, guint status, SalonJob *job)
{
  salon_http_deed_end (deed, status, salon_protocol_wrap ("job", salon_protocol_job (job, deed->is_admin, TRUE)), NULL);
}

/* -- lists -- */

static void
on_pipelines (GObject *source, GAsyncResult *result, gpointer user_data)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, salon_jobs_list_pipelines_finish (SALON_JOBS (source), result));
  salon_http_deed_end (user_data, SOUP_STATUS_OK, salon_protocol_wrap ("pipelines", node), NULL);
}

static void
list_pipelines (SalonHttpDeed *deed)
{
  salon_jobs_list_pipelines_async (deed->jobs, on_pipelines, deed);
}

void
salon_http_jobs_list_pipelines (const SalonHttpDeeds *self, SoupServerMessage *message)
{
  g_autofree char *room = salon_http_deed_get_room_of_query (message);

  salon_http_deed_begin (self, message, room, &(SalonHttpDeedInput){ 0 }, list_pipelines);
}

static void
list (SalonHttpDeed *deed)
{
  g_autoptr (GPtrArray) jobs = salon_jobs_list (deed->jobs, deed->room != NULL ? deed->room->id : NULL);
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < jobs->len; i++)
    json_array_add_element (array, salon_protocol_job (g_ptr_array_index (jobs, i), deed->is_admin, FALSE));
  json_node_take_array (node, array);
  salon_http_deed_end (deed, SOUP_STATUS_OK, salon_protocol_wrap ("jobs", node), NULL);
}

void
salon_http_jobs_list (const SalonHttpDeeds *self, SoupServerMessage *message)
{
  g_autofree char *room = salon_http_deed_get_room_of_query (message);

  salon_http_deed_begin (self, message, room, &(SalonHttpDeedInput){ 0 }, list);
}

/* -- starting -- */

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonHttpDeed *deed = user_data;
  g_autoptr (GError) error = NULL;
  SalonJob *job = salon_jobs_start_finish (SALON_JOBS (source), result, &error);

  if (job != NULL)
    end_with_job (deed, SOUP_STATUS_CREATED, job);
  else
    salon_http_deed_end (deed, 0, NULL, error);
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
start (SalonHttpDeed *deed)
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
  salon_http_deed_end (deed, 0, NULL, error);
}

void
salon_http_jobs_start (const SalonHttpDeeds *self, SoupServerMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) body = salon_http_api_read_body (message, &error);
  SalonJobRequest request = { 0 };
  const char *room = NULL;

  if (body != NULL && read_start (json_node_get_object (body), &room, &request, &error))
    salon_http_deed_begin (self, message, room, &(SalonHttpDeedInput){ .body = g_steal_pointer (&body) }, start);
  else
    salon_reply_error (message, error);
}

/* -- of one -- */

static void
get (SalonHttpDeed *deed)
{
  g_autoptr (GError) error = NULL;
  SalonJob *job = salon_jobs_find (deed->jobs, deed->id, &error);

  if (job != NULL)
    end_with_job (deed, SOUP_STATUS_OK, job);
  else
    salon_http_deed_end (deed, 0, NULL, error);
}

void
salon_http_jobs_get (const SalonHttpDeeds *self, SoupServerMessage *message, const char *id)
{
  salon_http_deed_begin_with_job (self, message, &(SalonHttpDeedInput){ id }, get);
}

static void
on_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonHttpDeed *deed = user_data;
  g_autoptr (GError) error = NULL;

  if (salon_job_set_finish (SALON_JOB (source), result, &error))
    end_with_job (deed, SOUP_STATUS_OK, SALON_JOB (source));
  else
    salon_http_deed_end (deed, 0, NULL, error);
}

static gboolean
read_change (JsonObject *object, gboolean *must_stop, JsonObject **values, GError **error)
{
  static const char *const known[] = { "stop", "set", NULL };

  if (!salon_json_check_members (object, known, error)
      || !salon_json_get_optional_boolean (object, "stop", must_stop, error)
      || !salon_json_get_optional_object (object, "set", values, error))
    return FALSE;
  if (*must_stop != (*values != NULL))
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
      "A change is either {\"stop\": true} or {\"set\": {\"element.property\": value}}");
  return FALSE;
}

static void
change (SalonHttpDeed *deed)
{
  g_autoptr (GError) error = NULL;
  SalonJob *job = salon_jobs_find (deed->jobs, deed->id, &error);
  JsonObject *values = NULL;
  gboolean must_stop = FALSE;

  if (job == NULL || !read_change (json_node_get_object (deed->body), &must_stop, &values, &error))
    {
      salon_http_deed_end (deed, 0, NULL, error);
      return;
    }
  if (values != NULL)
    {
      salon_job_set_async (job, values, on_set, deed);
      return;
    }
  salon_job_stop (job);
  end_with_job (deed, SOUP_STATUS_OK, job);
}

void
salon_http_jobs_change (const SalonHttpDeeds *self, SoupServerMessage *message, const char *id)
{
  g_autoptr (GError) error = NULL;
  JsonNode *body = salon_http_api_read_body (message, &error);

  if (body != NULL)
    salon_http_deed_begin_with_job (self, message, &(SalonHttpDeedInput){ id, .body = body }, change);
  else
    salon_reply_error (message, error);
}

static void
on_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  salon_jobs_remove_finish (SALON_JOBS (source), result);
  salon_http_deed_end (user_data, SOUP_STATUS_OK, salon_protocol_object (json_object_new ()), NULL);
}

static void delete (SalonHttpDeed *deed)
{
  g_autoptr (GError) error = NULL;
  SalonJob *job = salon_jobs_find (deed->jobs, deed->id, &error);

  if (job != NULL)
    salon_jobs_remove_async (deed->jobs, job, on_removed, deed);
  else
    salon_http_deed_end (deed, 0, NULL, error);
}

void
salon_http_jobs_delete (const SalonHttpDeeds *self, SoupServerMessage *message, const char *id)
{
  salon_http_deed_begin_with_job (self, message, &(SalonHttpDeedInput){ id }, delete);
}
