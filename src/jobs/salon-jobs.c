/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-jobs.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <sys/statvfs.h>

#include "salon-error.h"
#include "salon-job-folder.h"
#include "salon-limits.h"
#include "salon-log.h"

GST_DEBUG_CATEGORY_STATIC (salon_jobs_debug);
#define GST_CAT_DEFAULT salon_jobs_debug

/* A specification is told in one message, where its text may take six bytes for one. */
#define MAX_TEXT_BYTES (SALON_LIMIT_JOB_MESSAGE_BYTES / 8)
/* From being told to end at once until it has. */
#define KILL_TIMEOUT_MS 5000
#define KILL_POLL_MS 20

struct _SalonJobs
{
  GObject parent_instance;

  const SalonJobsOptions *options; /* (borrowed) */
  char *folder;                    /* (owned): absolute */
  GHashTable *jobs;                /* (owned) (element-type utf8 SalonJob): by id */
  GPtrArray *starting;             /* (owned) (element-type SalonJobSpec) (borrowed): counted, and not there yet */
  SalonUploads *uploads;           /* (owned) */
};

G_DEFINE_FINAL_TYPE (SalonJobs, salon_jobs, G_TYPE_OBJECT)

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* -- uploads -- */

/* Returns: (transfer full) */
static char *
make_upload_prefix (SalonJobs *self, const SalonJobSpec *spec)
{
  g_autoptr (GDateTime) created = g_date_time_new_from_unix_utc (spec->created_at_s);
  g_autofree char *date = g_date_time_format (created, "%Y-%m-%d");
  g_autoptr (GString) prefix = g_string_new (self->options->upload_prefix);

  g_string_replace (prefix, "${date}", date, 0);
  /* The last, as others choose its name. */
  g_string_replace (prefix, "${room}", spec->slug != NULL ? spec->slug : "no-room", 0);
  g_string_append_printf (prefix, "%s%s", prefix->len > 0 ? "/" : "", spec->id);
  return g_string_free (g_steal_pointer (&prefix), FALSE);
}

static gboolean
is_for_store (SalonJobs *self, SalonJob *job)
{
  return salon_job_get_spec (job)->is_recording && salon_job_get_status (job)->output_bytes > 0
         && salon_uploads_has_store (self->uploads);
}

static void
add_upload (SalonJobs *self, SalonJob *job)
{
  g_autofree char *prefix = make_upload_prefix (self, salon_job_get_spec (job));

  salon_uploads_add (self->uploads, salon_job_get_folder (job), prefix);
}

gboolean
salon_jobs_upload (SalonJobs *self, SalonJob *job, GError **error)
{
  if (!salon_uploads_has_store (self->uploads))
    g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
        "This server has no store: the keys in [s3] of its configuration name one");
  else if (!salon_job_is_over (job) || salon_jobs_get_kept_bytes (self, job) == 0)
    g_set_error_literal (
        error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "Only a job that has ended, and left files, can be uploaded");
  else
    {
      add_upload (self, job);
      return TRUE;
    }
  return FALSE;
}

gint64
salon_jobs_get_kept_bytes (SalonJobs *self, SalonJob *job)
{
  const SalonUploadStatus *upload = salon_uploads_find (self->uploads, salon_job_get_folder (job));

  return upload != NULL && upload->is_deleted_here ? 0 : salon_job_get_status (job)->output_bytes;
}

SalonUploads *
salon_jobs_get_uploads (SalonJobs *self)
{
  return self->uploads;
}

/* -- what happens -- */

static void
log_job (SalonJob *job, SalonLogLevel level, const char *event, const char *text)
{
  const SalonJobSpec *spec = salon_job_get_spec (job);
  gint64 age_us = salon_job_is_over (job) ? g_get_real_time () - spec->created_at_s * G_USEC_PER_SEC : 0;

  salon_log_event (level, event, (SalonLogFields){ .room = spec->room, .job = spec->id, .duration_us = age_us },
      "%s %s", spec->pipeline != NULL ? spec->pipeline : "A pipeline", text);
}

static void
on_changed (SalonJob *job, guint before, SalonJobs *self)
{
  const SalonJobStatus *status = salon_job_get_status (job);

  GST_INFO_OBJECT (self, "job %s is %s", salon_job_get_spec (job)->id, salon_job_state_to_string (status->state));
  switch (status->state)
    {
    case SALON_JOB_RESTARTING:
      log_job (job, SALON_LOG_WARNING, "job_broke", "broke, and is started again");
      break;
    case SALON_JOB_FINISHED:
      log_job (job, SALON_LOG_INFO, "job_finished", "has come to its end");
      break;
    case SALON_JOB_STOPPED:
      log_job (job, SALON_LOG_INFO, "job_stopped", "was stopped");
      break;
    case SALON_JOB_FAILED:
      log_job (job, SALON_LOG_WARNING, "job_failed", "failed; `salonctl job show` tells why");
      break;
    default:
      break;
    }
  if (salon_job_is_over (job) && is_for_store (self, job))
    add_upload (self, job);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, job);
}

/* job: (transfer full) */
static void
add (SalonJobs *self, SalonJob *job)
{
  g_signal_connect_object (job, "changed", G_CALLBACK (on_changed), self, 0);
  g_hash_table_insert (self->jobs, salon_job_get_spec (job)->id, job);
}

/* -- bounds -- */

static gboolean
fail_full (GError **error, const char *key, guint n_jobs)
{
  g_set_error (error, SALON_ERROR, SALON_ERROR_TOO_MANY_JOBS,
      n_jobs == 0 ? "This server runs no jobs (%s is %u)" : "There are as many jobs as there may be (%s is %u)", key,
      n_jobs);
  return FALSE;
}

static gboolean
check_bounds (SalonJobs *self, const char *room, GError **error)
{
  guint n_jobs = self->starting->len;
  guint n_of_room = 0;
  GHashTableIter iter;
  gpointer job;

  for (guint i = 0; i < self->starting->len; i++)
    n_of_room += g_strcmp0 (((SalonJobSpec *)g_ptr_array_index (self->starting, i))->room, room) == 0;
  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    {
      if (salon_job_is_over (job) || salon_job_get_spec (job)->is_own)
        continue;
      n_jobs++;
      n_of_room += g_strcmp0 (salon_job_get_spec (job)->room, room) == 0;
    }
  if (n_jobs >= self->options->max_jobs)
    return fail_full (error, "max-jobs", self->options->max_jobs);
  if (room != NULL && n_of_room >= self->options->max_jobs_per_room)
    return fail_full (error, "max-jobs-per-room", self->options->max_jobs_per_room);
  return TRUE;
}

static gboolean
has_all_recordings (SalonJobs *self)
{
  GHashTableIter iter;
  gpointer job;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    n += salon_job_get_spec (job)->is_recording;
  return n >= SALON_LIMIT_RECORDINGS;
}

static int
compare_ages (gconstpointer a, gconstpointer b)
{
  const SalonJobSpec *first = salon_job_get_spec (*(SalonJob *const *)a);
  const SalonJobSpec *second = salon_job_get_spec (*(SalonJob *const *)b);

  if (first->created_at_s == second->created_at_s)
    return strcmp (first->id, second->id);
  return first->created_at_s < second->created_at_s ? 1 : -1;
}

/* When there are too many that are over, the oldest that left nothing goes. Recordings are kept by rules of their own
 * (salon-recordings.h). */
static gboolean
make_room (SalonJobs *self, GError **error)
{
  g_autoptr (GPtrArray) jobs = salon_jobs_list (self, NULL);
  SalonJob *oldest = NULL;
  guint n_over = 0;

  for (guint i = 0; i < jobs->len; i++)
    {
      SalonJob *job = g_ptr_array_index (jobs, i);

      if (!salon_job_is_over (job) || salon_job_get_spec (job)->is_recording)
        continue;
      n_over++;
      if (salon_jobs_get_kept_bytes (self, job) == 0)
        oldest = job;
    }
  if (n_over < SALON_LIMIT_ENDED_JOBS)
    return TRUE;
  if (oldest == NULL)
    {
      g_set_error (error, SALON_ERROR, SALON_ERROR_TOO_MANY_JOBS,
          "There are %d jobs that have ended and left files: delete those that are not needed", SALON_LIMIT_ENDED_JOBS);
      return FALSE;
    }
  salon_jobs_remove_async (self, oldest, NULL, NULL);
  return TRUE;
}

/* The server's own are refused by neither bound; but those that failed are kept, too, for as long as there is room. */
static gboolean
check_may_start (SalonJobs *self, const SalonJobRequest *request, GError **error)
{
  if (!request->is_own)
    return check_bounds (self, request->room, error) && make_room (self, error);
  (void)make_room (self, NULL);
  return TRUE;
}

/* -- starting -- */

typedef struct
{
  SalonJobSpec *spec; /* (owned) (nullable): handed over to the job; its text is made in the thread */
  gboolean has_file;
  gboolean is_admin;
  gboolean is_one_too_many; /* if it is a recording */
  char *folder;             /* (owned): the job's */
} Start;

static void
start_free (Start *start)
{
  g_clear_pointer (&start->spec, salon_job_spec_free);
  g_free (start->folder);
  g_free (start);
}

/* Foreign error text does not go to the network. */
static gboolean
write_folder (const Start *start, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (g_mkdir (start->folder, 0700) == 0 && salon_job_spec_save (start->spec, start->folder, &local_error))
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INTERNAL,
      "The job cannot be written down: is the disk of the state folder full?");
  return FALSE;
}

/* From here on the specification tells no secrets but in its text. */
static void
fill_in (const char *folder, SalonJobSpec *spec, gboolean is_admin, GError **error)
{
  g_autoptr (JsonObject) given = g_steal_pointer (&spec->parameters);
  const SalonPipelineRequest request = { spec->pipeline, given, spec->room, is_admin };

  spec->launch
      = salon_pipelines_fill_in (folder, &request, &spec->parameters, &spec->secrets, &spec->is_recording, error);
}

static gboolean
check_recording (SalonJobs *self, const Start *start, GError **error)
{
  guint min_free_mb = self->options->min_free_mb;
  gint64 free_bytes = salon_jobs_measure_free (self);

  if (start->is_one_too_many)
    {
      g_set_error (error, SALON_ERROR, SALON_ERROR_TOO_MANY_JOBS,
          "There are %d recordings: delete those that are not needed (see recordings-keep-days)",
          SALON_LIMIT_RECORDINGS);
      return FALSE;
    }
  if (free_bytes < 0 || free_bytes >= (gint64)min_free_mb * 1024 * 1024)
    return TRUE;
  g_set_error (error, SALON_ERROR, SALON_ERROR_DISK_FULL,
      "The server's disk has less than %u MB left (recordings-min-free-mb): delete what is not needed", min_free_mb);
  return FALSE;
}

/* A thread of its own. */
static void
prepare_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  SalonJobs *self = SALON_JOBS (source);
  Start *start = data;
  SalonJobSpec *spec = start->spec;
  GError *error = NULL;

  if (start->has_file)
    fill_in (self->options->pipelines_folder, spec, start->is_admin, &error);
  if (error == NULL && strlen (spec->launch) > MAX_TEXT_BYTES)
    g_set_error (
        &error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "The pipeline is longer than %d bytes", MAX_TEXT_BYTES);
  if (error == NULL && (!spec->is_recording || check_recording (self, start, &error)) && write_folder (start, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_prepared (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SalonJobs *self = SALON_JOBS (source);
  Start *start = g_task_get_task_data (G_TASK (result));
  g_autoptr (SalonJob) job = NULL;
  GError *error = NULL;

  (void)g_ptr_array_remove_fast (self->starting, start->spec);
  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_error (task, error);
      return;
    }
  job = salon_job_new (start->folder, self->options->program, g_steal_pointer (&start->spec));
  if (!salon_job_start (job, &error))
    {
      GST_ERROR_OBJECT (self, "cannot start %s: %s", self->options->program, error->message);
      g_clear_error (&error);
      /* Or the next server would take it on. */
      salon_job_folder_remove (start->folder);
      g_task_return_new_error (
          task, SALON_ERROR, SALON_ERROR_INTERNAL, "The job's process cannot be started; the server's log says why");
      return;
    }
  add (self, g_object_ref (job));
  log_job (job, SALON_LOG_INFO, "job_started", "is started");
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, job);
  g_task_return_pointer (task, job, NULL);
}

static SalonJobSpec *
make_spec (SalonJobs *self, const SalonJobRequest *request)
{
  SalonJobSpec *spec = g_new0 (SalonJobSpec, 1);

  spec->id = g_uuid_string_random ();
  spec->room = g_strdup (request->room);
  spec->slug = g_strdup (request->slug);
  spec->pipeline = g_strdup (request->pipeline);
  spec->launch = g_strdup (request->launch);
  spec->parameters = request->parameters != NULL ? json_object_ref (request->parameters) : json_object_new ();
  spec->is_own = request->is_own;
  spec->by = g_strdup (request->by);
  spec->created_at_s = g_get_real_time () / G_USEC_PER_SEC;
  salon_job_limits_copy (&self->options->limits, &spec->limits);
  return spec;
}

void
salon_jobs_start_async (
    SalonJobs *self, const SalonJobRequest *request, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  g_autoptr (GTask) preparing = NULL;
  GError *error = NULL;
  Start *start;

  if (!check_may_start (self, request, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  start = g_new0 (Start, 1);
  start->spec = make_spec (self, request);
  start->has_file = request->pipeline != NULL;
  start->is_admin = request->is_admin;
  start->is_one_too_many = has_all_recordings (self);
  start->folder = g_build_filename (self->folder, start->spec->id, NULL);
  if (!request->is_own)
    g_ptr_array_add (self->starting, start->spec);
  preparing = g_task_new (self, NULL, on_prepared, g_steal_pointer (&task));
  g_task_set_task_data (preparing, start, (GDestroyNotify)start_free);
  g_task_run_in_thread (preparing, prepare_in_thread);
}

SalonJob *
salon_jobs_start_finish (SalonJobs *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* -- asking -- */

SalonJob *
salon_jobs_find (SalonJobs *self, const char *id, GError **error)
{
  SalonJob *job = g_hash_table_lookup (self->jobs, id);

  if (job == NULL)
    g_set_error_literal (error, SALON_ERROR, SALON_ERROR_JOB_NOT_FOUND, "There is no such job");
  return job;
}

char *
salon_jobs_find_process (SalonJobs *self, gint pid)
{
  return salon_job_folder_find_process (self->folder, pid);
}

gboolean
salon_jobs_may_enter (SalonJobs *self, const char *id, const char *room, GError **error)
{
  SalonJob *job = g_hash_table_lookup (self->jobs, id);

  if (job != NULL && salon_job_spec_names_room (salon_job_get_spec (job), room))
    return TRUE;
  g_set_error_literal (
      error, SALON_ERROR, SALON_ERROR_FORBIDDEN, "A job may come into its own room, and those that its text names");
  return FALSE;
}

GPtrArray *
salon_jobs_list (SalonJobs *self, const char *room)
{
  GPtrArray *jobs = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer job;

  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    {
      if (room == NULL || g_strcmp0 (salon_job_get_spec (job)->room, room) == 0)
        g_ptr_array_add (jobs, job);
    }
  g_ptr_array_sort (jobs, compare_ages);
  return jobs;
}

gint64
salon_jobs_measure_free (SalonJobs *self)
{
  struct statvfs disk;

  /* What is left for us, and not for root. */
  return statvfs (self->folder, &disk) == 0 ? (gint64)disk.f_bavail * (gint64)disk.f_frsize : -1;
}

void
salon_jobs_stop_room (SalonJobs *self, const char *room)
{
  g_autoptr (GPtrArray) jobs = salon_jobs_list (self, room);

  for (guint i = 0; i < jobs->len; i++)
    salon_job_stop (g_ptr_array_index (jobs, i));
}

/* A thread of its own. */
static void
list_pipelines_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_pointer (
      task, salon_pipelines_list (SALON_JOBS (source)->options->pipelines_folder), (GDestroyNotify)json_array_unref);
}

void
salon_jobs_list_pipelines_async (SalonJobs *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_run_in_thread (task, list_pipelines_in_thread);
}

JsonArray *
salon_jobs_list_pipelines_finish (SalonJobs *self, GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}

/* -- removing -- */

/* A thread of its own. A keeper that does not end finds that its folder is gone. */
static void
remove_in_thread (GTask *task, gpointer source, gpointer folder, GCancellable *cancellable)
{
  for (guint i = 0; i < KILL_TIMEOUT_MS / KILL_POLL_MS && salon_job_folder_is_kept (folder); i++)
    g_usleep (KILL_POLL_MS * 1000);
  salon_job_folder_remove (folder);
  g_task_return_boolean (task, TRUE);
}

void
salon_jobs_remove_async (SalonJobs *self, SalonJob *job, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_task_data (task, g_strdup (salon_job_get_folder (job)), g_free);
  if (!salon_job_is_over (job))
    log_job (job, SALON_LOG_INFO, "job_stopped", "was deleted while it ran");
  salon_job_kill (job);
  salon_uploads_remove (self->uploads, salon_job_get_folder (job));
  g_hash_table_steal (self->jobs, salon_job_get_spec (job)->id);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, job);
  g_object_unref (job);
  g_task_run_in_thread (task, remove_in_thread);
}

void
salon_jobs_remove_finish (SalonJobs *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

/* -- start-up -- */

/* To adopt it would make a keeper, in a folder that goes. */
static void
remove_unkept (SalonJobs *self, const char *folder)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, NULL, NULL);

  g_task_set_task_data (task, g_strdup (folder), g_free);
  g_task_run_in_thread (task, remove_in_thread);
}

static void
adopt (SalonJobs *self, const char *folder)
{
  g_autoptr (GError) error = NULL;
  SalonJobSpec *spec = salon_job_spec_load (folder, &error);
  SalonJob *job;

  if (spec == NULL)
    {
      GST_WARNING_OBJECT (self, "%s is no job: %s", folder, error->message);
      return;
    }
  if (spec->is_own && !salon_job_folder_is_kept (folder))
    {
      salon_job_spec_free (spec);
      remove_unkept (self, folder);
      return;
    }
  job = salon_job_new (folder, self->options->program, spec);
  add (self, job);
  salon_job_adopt (job);
  if (spec->is_own)
    salon_jobs_remove_async (self, job, NULL, NULL);
  else if (!salon_job_is_over (job))
    log_job (job, SALON_LOG_NOTICE, "job_adopted", "of an earlier run is looked after again");
  /* It may have ended while there was no server, or no store. */
  else if (!salon_uploads_adopt (self->uploads, folder) && is_for_store (self, job))
    add_upload (self, job);
}

SalonJobs *
salon_jobs_new (const SalonJobsOptions *options, GError **error)
{
  g_autoptr (SalonJobs) self = g_object_new (SALON_TYPE_JOBS, NULL);
  g_autoptr (GDir) dir = NULL;
  const char *name;

  self->options = options;
  self->folder = g_build_filename (options->state_dir, "jobs", NULL);
  self->uploads = salon_uploads_new (&options->uploads);
  if (g_mkdir (self->folder, 0700) != 0 && errno != EEXIST)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", self->folder, g_strerror (errno));
      return NULL;
    }
  dir = g_dir_open (self->folder, 0, error);
  if (dir == NULL)
    return NULL;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *folder = g_build_filename (self->folder, name, NULL);

      if (g_file_test (folder, G_FILE_TEST_IS_DIR))
        adopt (self, folder);
    }
  return g_steal_pointer (&self);
}

/* -- GObject -- */

static void
salon_jobs_dispose (GObject *object)
{
  GHashTableIter iter;
  gpointer job;

  g_hash_table_iter_init (&iter, SALON_JOBS (object)->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    salon_job_close (job);
  g_clear_object (&SALON_JOBS (object)->uploads);
  G_OBJECT_CLASS (salon_jobs_parent_class)->dispose (object);
}

static void
salon_jobs_finalize (GObject *object)
{
  SalonJobs *self = SALON_JOBS (object);

  g_clear_pointer (&self->jobs, g_hash_table_unref);
  g_ptr_array_unref (self->starting);
  g_free (self->folder);
  G_OBJECT_CLASS (salon_jobs_parent_class)->finalize (object);
}

static void
salon_jobs_class_init (SalonJobsClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_jobs_debug, "salon-jobs", 0, "Salon: all jobs");
  G_OBJECT_CLASS (klass)->dispose = salon_jobs_dispose;
  G_OBJECT_CLASS (klass)->finalize = salon_jobs_finalize;
  signals[SIGNAL_CHANGED] = g_signal_new (
      "changed", SALON_TYPE_JOBS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, SALON_TYPE_JOB);
}

static void
salon_jobs_init (SalonJobs *self)
{
  self->jobs = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  self->starting = g_ptr_array_new ();
}
