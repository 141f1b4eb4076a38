/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-recording-list.h"

#include <gio/gunixinputstream.h>

#include "salon-file-link.h"
#include "salon-job-files.h"
#include "salon-json.h"
#include "salon-limits.h"
#include "salon-protocol.h"

/* Of a link: as long as a large file may take over a slow line, begun a while later. */
#define LINK_S (6 * 60 * 60)

/* What salonrecorder writes beside its files. */
#define MANIFEST "recording.json"
#define UNKNOWN (-1)

/* -- how long it is -- */

/* Returns: (transfer full) (nullable): what a process that is not trusted has written. */
static JsonObject *
load_manifest (const char *folder)
{
  struct stat status;
  int fd = salon_job_files_open (folder, MANIFEST, &status, NULL);
  g_autoptr (GInputStream) stream = fd >= 0 ? g_unix_input_stream_new (fd, TRUE) : NULL;
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;
  gsize n_read = 0;

  if (stream == NULL || status.st_size > SALON_LIMIT_MANIFEST_BYTES)
    return NULL;
  text = g_malloc (status.st_size + 1);
  if (!g_input_stream_read_all (stream, text, status.st_size, &n_read, NULL, NULL))
    return NULL;
  node = salon_json_parse (text, n_read, SALON_LIMIT_MANIFEST_BYTES, NULL);
  object = node != NULL ? salon_json_node_as_object (node, MANIFEST, NULL) : NULL;
  return object != NULL ? json_object_ref (object) : NULL;
}

/* How long the files are by their manifest, in ms: the pipeline plays on while there is nobody to be recorded. UNKNOWN
 * where there is none, or while it is not the last. */
static gint64
read_duration (const char *folder)
{
  g_autoptr (JsonObject) manifest = load_manifest (folder);
  const char *state = NULL;
  gint64 duration_ms = UNKNOWN;

  if (manifest == NULL || !salon_json_get_string (manifest, "state", 1, 20, &state, NULL)
      || g_str_equal (state, "recording")
      || !salon_json_get_int (manifest, "duration_ms", 0, G_MAXINT32, &duration_ms, NULL))
    return UNKNOWN;
  return duration_ms;
}

/* -- what there is of one -- */

/* Of jobs' states, what those who record want to know. */
static const char *
get_state (SalonJob *job)
{
  if (!salon_job_is_over (job))
    return "recording";
  return salon_job_get_status (job)->state == SALON_JOB_FAILED ? "failed" : "finished";
}

/* files: (transfer full). duration_ms: as its manifest has it, or UNKNOWN. */
static JsonObject *
describe (SalonJob *job, const char *link_key, JsonArray *files, gint64 duration_ms)
{
  const SalonJobSpec *spec = salon_job_get_spec (job);
  const SalonJobStatus *status = salon_job_get_status (job);
  g_autofree char *link = salon_file_link_new (link_key, spec->id, g_get_real_time () / G_USEC_PER_SEC + LINK_S);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", spec->id);
  json_object_set_member (object, "room", salon_protocol_job_room (spec));
  json_object_set_string_member (object, "pipeline", spec->pipeline);
  json_object_set_string_member (object, "state", get_state (job));
  json_object_set_member (object, "began_at", salon_protocol_timestamp (spec->created_at_s));
  json_object_set_member (object, "ended_at", salon_protocol_timestamp (status->ended_at_s));
  if (duration_ms == UNKNOWN)
    duration_ms = status->position_ms;
  if (duration_ms >= 0)
    json_object_set_int_member (object, "duration_ms", duration_ms);
  else
    json_object_set_null_member (object, "duration_ms");
  json_object_set_int_member (object, "bytes", status->output_bytes);
  if (status->error != NULL)
    json_object_set_string_member (object, "error", status->error);
  else
    json_object_set_null_member (object, "error");
  json_object_set_array_member (object, "files", files);
  json_object_set_string_member (object, "link", link);
  return object;
}

/* -- the list -- */

typedef struct
{
  GPtrArray *jobs;   /* (owned) (element-type SalonJob) */
  char *link_key;    /* (owned) */
  char **folders;    /* (owned): theirs, for the thread */
  GPtrArray **files; /* (owned): of each */
  gint64 *durations; /* (owned): of each, in ms, by its manifest, or UNKNOWN */
} List;

static void
list_free (gpointer data)
{
  List *list = data;

  for (guint i = 0; i < list->jobs->len; i++)
    {
      if (list->files[i] != NULL)
        g_ptr_array_unref (list->files[i]);
    }
  g_ptr_array_unref (list->jobs);
  g_strfreev (list->folders);
  g_free (list->link_key);
  g_free (list->files);
  g_free (list->durations);
  g_free (list);
}

static void
look_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  List *list = data;
  gboolean is_cut;

  for (guint i = 0; list->folders[i] != NULL; i++)
    {
      list->files[i] = salon_job_files_list (list->folders[i], &is_cut);
      list->durations[i] = read_duration (list->folders[i]);
    }
  g_task_return_boolean (task, TRUE);
}

void
salon_recording_list_make_async (
    GPtrArray *jobs, const char *link_key, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  List *list = g_new0 (List, 1);

  list->jobs = jobs;
  list->link_key = g_strdup (link_key);
  /* From here on they may be deleted. */
  g_ptr_array_foreach (jobs, (GFunc)(void (*) (void))g_object_ref, NULL);
  g_ptr_array_set_free_func (jobs, g_object_unref);
  list->folders = g_new0 (char *, jobs->len + 1);
  list->files = g_new0 (GPtrArray *, jobs->len + 1);
  list->durations = g_new0 (gint64, jobs->len + 1);
  for (guint i = 0; i < jobs->len; i++)
    list->folders[i] = g_strdup (salon_job_get_folder (g_ptr_array_index (jobs, i)));
  g_task_set_task_data (task, list, list_free);
  g_task_run_in_thread (task, look_in_thread);
}

JsonArray *
salon_recording_list_make_finish (GAsyncResult *result)
{
  List *list = g_task_get_task_data (G_TASK (result));
  JsonArray *array = json_array_new ();

  g_task_propagate_boolean (G_TASK (result), NULL);
  for (guint i = 0; i < list->jobs->len; i++)
    {
      JsonArray *files = salon_protocol_files (list->files[i]);
      SalonJob *job = g_ptr_array_index (list->jobs, i);

      json_array_add_object_element (array, describe (job, list->link_key, files, list->durations[i]));
    }
  return array;
}
