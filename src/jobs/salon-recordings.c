/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-recordings.h"

#include "salon-error.h"
#include "salon-log.h"

/* How often it looks at the disk, which a job fills at some MB a second, and at what is too old. */
#define CHECK_S 2
#define DAY_S (24 * 60 * 60)
#define GB (G_GINT64_CONSTANT (1000000000))
#define MB (G_GINT64_CONSTANT (1024) * 1024)

/* A recording of a room that is being made. */
typedef struct
{
  SalonRecordings *recordings; /* (owned) */
  char *room;                  /* (owned): its id */
  GPtrArray *tasks;            /* (owned) (element-type GTask): of all who asked for it */
  gboolean is_wanted;          /* still */
} Beginning;

struct _SalonRecordings
{
  GObject parent_instance;

  SalonJobs *jobs;                       /* (borrowed) */
  const SalonRecordingsOptions *options; /* (borrowed) */
  GHashTable *beginning;                 /* (owned) (element-type utf8 Beginning) (borrowed): by their rooms */
  gboolean is_measuring;
  guint check_id;
};

G_DEFINE_FINAL_TYPE (SalonRecordings, salon_recordings, G_TYPE_OBJECT)

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* -- asking -- */

GPtrArray *
salon_recordings_list (SalonRecordings *self, const char *room, const char *by)
{
  g_autoptr (GPtrArray) jobs = salon_jobs_list (self->jobs, room);
  GPtrArray *recordings = g_ptr_array_new ();

  for (guint i = 0; i < jobs->len; i++)
    {
      const SalonJobSpec *spec = salon_job_get_spec (g_ptr_array_index (jobs, i));

      if (spec->is_recording && (by == NULL || g_strcmp0 (spec->by, by) == 0))
        g_ptr_array_add (recordings, g_ptr_array_index (jobs, i));
    }
  return recordings;
}

SalonJob *
salon_recordings_find (SalonRecordings *self, const char *id, GError **error)
{
  SalonJob *job = salon_jobs_find (self->jobs, id, NULL);

  if (job != NULL && salon_job_get_spec (job)->is_recording)
    return job;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_JOB_NOT_FOUND, "There is no such recording");
  return NULL;
}

gboolean
salon_recordings_is_recording (SalonRecordings *self, const char *room)
{
  g_autoptr (GPtrArray) recordings = salon_recordings_list (self, room, NULL);

  for (guint i = 0; i < recordings->len; i++)
    {
      if (!salon_job_is_over (g_ptr_array_index (recordings, i)))
        return TRUE;
    }
  return g_hash_table_contains (self->beginning, room);
}

/* -- by those in the room -- */

static Beginning *
beginning_new (SalonRecordings *self, const char *room)
{
  Beginning *beginning = g_new0 (Beginning, 1);

  beginning->recordings = g_object_ref (self);
  beginning->room = g_strdup (room);
  beginning->tasks = g_ptr_array_new_with_free_func (g_object_unref);
  g_hash_table_insert (self->beginning, beginning->room, beginning);
  return beginning;
}

static void
beginning_free (Beginning *beginning)
{
  g_hash_table_remove (beginning->recordings->beginning, beginning->room);
  g_object_unref (beginning->recordings);
  g_free (beginning->room);
  g_ptr_array_unref (beginning->tasks);
  g_free (beginning);
}

static void
on_begun (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Beginning *beginning = user_data;
  g_autoptr (SalonRecordings) self = g_object_ref (beginning->recordings);
  g_autoptr (GPtrArray) tasks = g_ptr_array_ref (beginning->tasks);
  g_autofree char *room = g_strdup (beginning->room);
  g_autoptr (GError) error = NULL;
  SalonJob *job = salon_jobs_start_finish (SALON_JOBS (source), result, &error);

  if (job != NULL && !beginning->is_wanted)
    salon_job_stop (job);
  beginning_free (beginning);
  /* Who joined meanwhile was told that it is recorded. */
  if (job == NULL)
    g_signal_emit (self, signals[SIGNAL_CHANGED], 0, room);
  for (guint i = 0; i < tasks->len; i++)
    {
      if (job != NULL)
        g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
      else
        g_task_return_error (g_ptr_array_index (tasks, i), g_error_copy (error));
    }
}

/* Not what finishes its files. */
static gboolean
has_lasting (SalonRecordings *self, const char *room)
{
  g_autoptr (GPtrArray) recordings = salon_recordings_list (self, room, NULL);

  for (guint i = 0; i < recordings->len; i++)
    {
      SalonJob *job = g_ptr_array_index (recordings, i);

      if (!salon_job_is_over (job) && !salon_job_is_stopping (job))
        return TRUE;
    }
  return FALSE;
}

void
salon_recordings_begin_async (SalonRecordings *self, const char *room, const char *slug, const char *by,
    GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  const SalonJobRequest request = { .room = room, .slug = slug, .pipeline = self->options->pipeline, .by = by };
  Beginning *beginning = g_hash_table_lookup (self->beginning, room);
  gboolean is_first = beginning == NULL;

  if (is_first && has_lasting (self, room))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (is_first)
    beginning = beginning_new (self, room);
  beginning->is_wanted = TRUE;
  g_ptr_array_add (beginning->tasks, g_steal_pointer (&task));
  if (is_first)
    salon_jobs_start_async (self->jobs, &request, on_begun, beginning);
}

gboolean
salon_recordings_begin_finish (SalonRecordings *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Returns: how many there are that nobody in the room began. */
static guint
stop_own (SalonRecordings *self, const char *room)
{
  g_autoptr (GPtrArray) recordings = salon_recordings_list (self, room, NULL);
  Beginning *beginning = g_hash_table_lookup (self->beginning, room);
  guint n_others = 0;

  if (beginning != NULL)
    beginning->is_wanted = FALSE;
  for (guint i = 0; i < recordings->len; i++)
    {
      SalonJob *job = g_ptr_array_index (recordings, i);

      if (salon_job_is_over (job))
        continue;
      if (salon_job_get_spec (job)->by != NULL)
        salon_job_stop (job);
      else
        n_others++;
    }
  return n_others;
}

gboolean
salon_recordings_stop (SalonRecordings *self, const char *room, GError **error)
{
  if (stop_own (self, room) == 0)
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_FORBIDDEN,
      "Nobody in the room began this recording: the room's owner or the administrator stops it");
  return FALSE;
}

void
salon_recordings_leave_alone (SalonRecordings *self, const char *room)
{
  stop_own (self, room);
}

/* -- deleting -- */

static void
on_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  salon_jobs_remove_finish (SALON_JOBS (source), result);
  g_task_return_boolean (task, TRUE);
}

void
salon_recordings_delete_async (SalonRecordings *self, const char *id, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;
  SalonJob *job = salon_recordings_find (self, id, &error);

  if (job == NULL)
    g_task_return_error (task, error);
  else if (!salon_job_is_over (job))
    g_task_return_new_error (
        task, SALON_ERROR, SALON_ERROR_STILL_RECORDING, "It is still being recorded: stop it first");
  else
    salon_jobs_remove_async (self->jobs, job, on_removed, g_steal_pointer (&task));
}

gboolean
salon_recordings_delete_finish (SalonRecordings *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* -- how long they stay -- */

static void
let_go (SalonRecordings *self, SalonJob *job, const char *reason, const char *key)
{
  const SalonJobSpec *spec = salon_job_get_spec (job);

  salon_log_event (SALON_LOG_NOTICE, "recording_deleted",
      (SalonLogFields){ .room = spec->room, .job = spec->id, .reason = reason },
      "Deleting the recording %s, as %s has it", spec->id, key);
  salon_jobs_remove_async (self->jobs, job, NULL, NULL);
}

static gboolean
is_too_old (SalonRecordings *self, SalonJob *job, gint64 now_s)
{
  return self->options->keep_days != 0 && salon_job_is_over (job)
         && now_s - salon_job_get_status (job)->ended_at_s > (gint64)self->options->keep_days * DAY_S;
}

/* The newest first: what comes after they take too much goes. */
static void
let_old_ones_go (SalonRecordings *self)
{
  g_autoptr (GPtrArray) recordings = salon_recordings_list (self, NULL, NULL);
  gint64 now_s = g_get_real_time () / G_USEC_PER_SEC;
  gint64 n_bytes = 0;

  for (guint i = 0; i < recordings->len; i++)
    {
      SalonJob *job = g_ptr_array_index (recordings, i);

      n_bytes += salon_jobs_get_kept_bytes (self->jobs, job);
      /* What the store is to have, waits for it. */
      if (salon_uploads_needs (salon_jobs_get_uploads (self->jobs), salon_job_get_folder (job)))
        continue;
      if (is_too_old (self, job, now_s))
        let_go (self, job, "keep_days", "recordings-keep-days");
      else if (self->options->max_gb != 0 && n_bytes > self->options->max_gb * GB && salon_job_is_over (job))
        let_go (self, job, "max_gb", "recordings-max-gb");
    }
}

/* -- the disk -- */

static void
stop_all (SalonRecordings *self)
{
  g_autoptr (GPtrArray) recordings = salon_recordings_list (self, NULL, NULL);
  g_autofree char *why
      = g_strdup_printf ("The server's disk had less than %u MB left (recordings-min-free-mb), so it was "
                         "stopped with its files whole",
          self->options->min_free_mb);

  for (guint i = 0; i < recordings->len; i++)
    {
      SalonJob *job = g_ptr_array_index (recordings, i);
      const SalonJobSpec *spec = salon_job_get_spec (job);

      if (salon_job_is_over (job) || salon_job_is_stopping (job))
        continue;
      salon_log_event (SALON_LOG_ERROR, "recording_cut_short",
          (SalonLogFields){ .room = spec->room, .job = spec->id, .reason = "disk_full" },
          "Stopping the recording %s: less than %u MB are left on the disk of the state folder", spec->id,
          self->options->min_free_mb);
      salon_job_stop_because (job, why);
    }
}

/* A thread of its own: a disk on the network may not answer. */
static void
measure_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_int (task, salon_jobs_measure_free (data));
}

static void
on_measured (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonRecordings *self = SALON_RECORDINGS (source);
  gint64 free_bytes = g_task_propagate_int (G_TASK (result), NULL);

  self->is_measuring = FALSE;
  if (free_bytes >= 0 && free_bytes < self->options->min_free_mb * MB)
    stop_all (self);
}

static void
look_at_disk (SalonRecordings *self)
{
  g_autoptr (GTask) task = NULL;

  if (self->is_measuring)
    return;
  self->is_measuring = TRUE;
  task = g_task_new (self, NULL, on_measured, NULL);
  g_task_set_task_data (task, g_object_ref (self->jobs), g_object_unref);
  g_task_run_in_thread (task, measure_in_thread);
}

static gboolean
on_check (gpointer user_data)
{
  SalonRecordings *self = user_data;
  g_autoptr (GPtrArray) recordings = salon_recordings_list (self, NULL, NULL);
  gboolean is_recording = FALSE;

  for (guint i = 0; i < recordings->len; i++)
    is_recording |= !salon_job_is_over (g_ptr_array_index (recordings, i));
  if (is_recording)
    look_at_disk (self);
  let_old_ones_go (self);
  return G_SOURCE_CONTINUE;
}

/* -- GObject -- */

static void
on_job_changed (SalonJobs *jobs, SalonJob *job, SalonRecordings *self)
{
  const SalonJobSpec *spec = salon_job_get_spec (job);

  if (spec->is_recording && spec->room != NULL)
    g_signal_emit (self, signals[SIGNAL_CHANGED], 0, spec->room);
}

static void
salon_recordings_dispose (GObject *object)
{
  SalonRecordings *self = SALON_RECORDINGS (object);

  g_clear_handle_id (&self->check_id, g_source_remove);
  G_OBJECT_CLASS (salon_recordings_parent_class)->dispose (object);
}

static void
salon_recordings_finalize (GObject *object)
{
  g_hash_table_unref (SALON_RECORDINGS (object)->beginning);
  G_OBJECT_CLASS (salon_recordings_parent_class)->finalize (object);
}

static void
salon_recordings_class_init (SalonRecordingsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = salon_recordings_dispose;
  G_OBJECT_CLASS (klass)->finalize = salon_recordings_finalize;
  signals[SIGNAL_CHANGED] = g_signal_new (
      "changed", SALON_TYPE_RECORDINGS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
salon_recordings_init (SalonRecordings *self)
{
  self->beginning = g_hash_table_new (g_str_hash, g_str_equal);
}

SalonRecordings *
salon_recordings_new (SalonJobs *jobs, const SalonRecordingsOptions *options)
{
  SalonRecordings *self = g_object_new (SALON_TYPE_RECORDINGS, NULL);

  self->jobs = jobs;
  self->options = options;
  self->check_id = g_timeout_add_seconds (CHECK_S, on_check, self);
  g_signal_connect_object (jobs, "changed", G_CALLBACK (on_job_changed), self, 0);
  return self;
}
