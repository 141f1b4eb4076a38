/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-http-files.h"

#include <string.h>
#include <unistd.h>

#include "salon-content-type.h"
#include "salon-error.h"
#include "salon-file-link.h"
#include "salon-file-reply.h"
#include "salon-job-files.h"
#include "salon-json.h"
#include "salon-limits.h"
#include "salon-protocol.h"
#include "salon-reply.h"

#define DEFAULT_LINK_S (60 * 60)

/* -- listing -- */

typedef struct
{
  GPtrArray *files; /* (owned) (element-type SalonJobFile) */
  gboolean is_cut;
} FileList;

static void
file_list_free (gpointer data)
{
  FileList *list = data;

  g_ptr_array_unref (list->files);
  g_free (list);
}

/* A thread of its own. */
static void
list_in_thread (GTask *task, gpointer source, gpointer folder, GCancellable *cancellable)
{
  FileList *list = g_new0 (FileList, 1);

  list->files = salon_job_files_list (folder, &list->is_cut);
  g_task_return_pointer (task, list, file_list_free);
}

static JsonObject *
describe_file (const SalonJobFile *file)
{
  const char *type = salon_content_type_of_media (file->name);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", file->name);
  json_object_set_int_member (object, "bytes", file->size_bytes);
  json_object_set_member (object, "modified_at", salon_protocol_timestamp (file->modified_at_s));
  json_object_set_string_member (object, "type", type != NULL ? type : "application/octet-stream");
  return object;
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonHttpDeed *deed = user_data;
  FileList *list = g_task_propagate_pointer (G_TASK (result), NULL);
  JsonArray *array = json_array_new ();
  JsonObject *body = json_object_new ();

  for (guint i = 0; i < list->files->len; i++)
    json_array_add_object_element (array, describe_file (g_ptr_array_index (list->files, i)));
  json_object_set_array_member (body, "files", array);
  json_object_set_boolean_member (body, "is_cut", list->is_cut);
  file_list_free (list);
  salon_http_deed_end (deed, SOUP_STATUS_OK, salon_protocol_object (body), NULL);
}

/* What is read on a thread: `name` of the deed's job. */
typedef struct
{
  char *folder; /* (owned) */
  char *name;   /* (owned) */
  int fd;       /* (owned): -1: it is handed over, or not open */
  struct stat status;
} Opening;

static void
opening_free (gpointer data)
{
  Opening *opening = data;

  if (opening->fd >= 0)
    close (opening->fd);
  g_free (opening->folder);
  g_free (opening->name);
  g_free (opening);
}

static void
list (SalonHttpDeed *deed)
{
  g_autoptr (GError) error = NULL;
  SalonJob *job = salon_jobs_find (deed->jobs, deed->id, &error);
  g_autoptr (GTask) task = NULL;

  if (job == NULL)
    {
      salon_http_deed_end (deed, 0, NULL, error);
      return;
    }
  task = g_task_new (NULL, NULL, on_listed, deed);
  g_task_set_task_data (task, g_strdup (salon_job_get_folder (job)), g_free);
  g_task_run_in_thread (task, list_in_thread);
}

void
salon_http_files_list (const SalonHttpFiles *self, SoupServerMessage *message, const char *id)
{
  salon_http_deed_begin_with_job (&self->deeds, message, &(SalonHttpDeedInput){ id }, list);
}

/* -- sending -- */

/* A thread of its own. */
static void
open_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Opening *opening = data;
  GError *error = NULL;

  opening->fd = salon_job_files_open (opening->folder, opening->name, &opening->status, &error);
  if (opening->fd >= 0)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonHttpDeed *deed = user_data;
  Opening *opening = g_task_get_task_data (G_TASK (result));
  SoupServerMessage *message = deed->call->message;
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      salon_http_deed_end (deed, 0, NULL, error);
      return;
    }
  if (!salon_http_call_is_gone (deed->call))
    salon_file_reply (message, g_steal_fd (&opening->fd), &opening->status, opening->name);
  salon_http_deed_end_answered (deed);
}

static void
get (SalonHttpDeed *deed)
{
  const SalonHttpFiles *self = deed->user_data;
  g_autoptr (GError) error = NULL;
  SalonJob *job = salon_jobs_find (deed->jobs, deed->id, &error);
  g_autoptr (GTask) task = NULL;
  Opening *opening;

  if (job == NULL)
    {
      salon_http_deed_end (deed, 0, NULL, error);
      return;
    }
  if (!salon_admission_admit_download (self->admission, deed->call->message))
    {
      salon_http_deed_end_answered (deed);
      return;
    }
  opening = g_new0 (Opening, 1);
  *opening = (Opening){ .folder = g_strdup (salon_job_get_folder (job)), .name = g_strdup (deed->name), .fd = -1 };
  task = g_task_new (NULL, NULL, on_opened, deed);
  g_task_set_task_data (task, opening, opening_free);
  g_task_run_in_thread (task, open_in_thread);
}

void
salon_http_files_get (const SalonHttpFiles *self, SoupServerMessage *message, const char *id, const char *name)
{
  salon_http_deed_begin_with_job (
      &self->deeds, message, &(SalonHttpDeedInput){ id, name, .user_data = (gpointer)self }, get);
}

/* -- links -- */

char *
salon_http_files_make_url (const SalonHttpFiles *self, const char *base_url, const char *job, gint64 until_s)
{
  g_autofree char *link = salon_file_link_new (self->link_key, job, until_s);

  return g_strconcat (base_url, SALON_HTTP_FILES_PREFIX, link, "/", NULL);
}

static gboolean
read_link_request (JsonObject *object, gint64 *ttl_s, GError **error)
{
  static const char *const known[] = { "ttl_s", NULL };

  return salon_json_check_members (object, known, error)
         && salon_json_get_optional_int (object, "ttl_s", 1, SALON_LIMIT_LINK_S, ttl_s, error);
}

static void
make_link (SalonHttpDeed *deed)
{
  const SalonHttpFiles *self = deed->user_data;
  g_autofree char *base_url = salon_http_api_make_base_url (self->deeds.rooms_api, deed->call->message);
  g_autofree char *url = NULL;
  g_autoptr (GError) error = NULL;
  gint64 ttl_s = DEFAULT_LINK_S;
  gint64 until_s = g_get_real_time () / G_USEC_PER_SEC;
  JsonObject *body;

  if (!read_link_request (json_node_get_object (deed->body), &ttl_s, &error))
    {
      salon_http_deed_end (deed, 0, NULL, error);
      return;
    }
  until_s += ttl_s;
  url = salon_http_files_make_url (self, base_url, deed->id, until_s);
  body = json_object_new ();
  json_object_set_string_member (body, "url", url);
  json_object_set_member (body, "expires_at", salon_protocol_timestamp (until_s));
  salon_http_deed_end (deed, SOUP_STATUS_CREATED, salon_protocol_object (body), NULL);
}

void
salon_http_files_make_link (const SalonHttpFiles *self, SoupServerMessage *message, const char *id)
{
  g_autoptr (GError) error = NULL;
  JsonNode *body = salon_http_api_read_body (message, &error);

  if (body != NULL)
    salon_http_deed_begin_with_job (
        &self->deeds, message, &(SalonHttpDeedInput){ id, .body = body, .user_data = (gpointer)self }, make_link);
  else
    salon_reply_error (message, error);
}

/* Whoever has the link may be anywhere: there is nothing else that a page could get by asking. */
void
salon_http_files_allow_any_page (SoupServerMessage *message)
{
  salon_http_set_header (message, "Access-Control-Allow-Origin", "*");
  salon_http_set_header (message, "Access-Control-Expose-Headers",
      "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag");
}

void
salon_http_files_get_by_link (const SalonHttpFiles *self, SoupServerMessage *message, const char *rest)
{
  const char *slash = strchr (rest, '/');
  g_autofree char *link = slash != NULL ? g_strndup (rest, slash - rest) : g_strdup (rest);
  g_autofree char *job = salon_file_link_read (self->link_key, link, g_get_real_time () / G_USEC_PER_SEC);
  const SalonHttpDeedInput input = { job, slash != NULL ? slash + 1 : "", .user_data = (gpointer)self };

  if (job == NULL)
    salon_reply_refusal (message, SOUP_STATUS_FORBIDDEN, SALON_ERROR_UNAUTHORIZED,
        "This link is good no more; ask for another with POST /jobs/{id}/link");
  else
    salon_http_deed_begin_for_anybody (&self->deeds, message, &input, *input.name != '\0' ? get : list);
}
