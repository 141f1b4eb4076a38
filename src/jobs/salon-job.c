/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE /* O_PATH */
#include "salon-job.h"

#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "salon-error.h"
#include "salon-job-folder.h"
#include "salon-json-link.h"
#include "salon-json.h"
#include "salon-program.h"

GST_DEBUG_CATEGORY_STATIC (salon_job_debug);
#define GST_CAT_DEFAULT salon_job_debug

/* When there is no link to a keeper: one that holds its lock is about to listen, or has not noticed yet that an earlier
 * server is gone; and where there is none, somebody killed it, and may be doing so again. */
#define RETRY_MS 500
#define SET_TIMEOUT_S 5

struct _SalonJob
{
  GObject parent_instance;

  char *folder;       /* (owned): absolute */
  char *program;      /* (owned) */
  SalonJobSpec *spec; /* (owned) */
  SalonJobStatus status;
  SalonJsonLink *link;  /* (owned) (nullable): while there is a keeper */
  GHashTable *setting;  /* (owned) (element-type gint64 GTask): by the number of the question */
  gint64 last_question; /* its number */
  gboolean must_stop;   /* which the next keeper has to be told; */
  char *stop_reason;    /* (owned) (nullable): and why */
  guint retry_id;
};

G_DEFINE_FINAL_TYPE (SalonJob, salon_job, G_TYPE_OBJECT)

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* -- questions -- */

static void
fail_task (GTask *task)
{
  g_task_return_new_error (task, SALON_ERROR, SALON_ERROR_JOB_NOT_RUNNING, "The job does not run, or does not answer");
}

static void
fail_questions (SalonJob *self)
{
  g_autoptr (GHashTable) setting = g_steal_pointer (&self->setting);
  GHashTableIter iter;
  gpointer task;

  self->setting = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_object_unref);
  g_hash_table_iter_init (&iter, setting);
  while (g_hash_table_iter_next (&iter, NULL, &task))
    fail_task (task);
}

static void
take_answer (SalonJob *self, JsonObject *message)
{
  g_autoptr (GTask) task = NULL;
  g_autofree gint64 *number = NULL;
  const char *text = NULL;
  gint64 id = 0;

  if (!salon_json_get_int (message, "id", 0, G_MAXINT64, &id, NULL)
      || !g_hash_table_steal_extended (self->setting, &id, (gpointer *)&number, (gpointer *)&task))
    return;
  if (!salon_json_get_optional_string (message, "error", 0, G_MAXUINT, &text, NULL))
    text = "The pipeline refuses";
  if (text == NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "%s", text);
}

static gboolean
on_set_timeout (gpointer user_data)
{
  GTask *task = user_data;
  SalonJob *self = g_task_get_source_object (task);

  if (g_hash_table_remove (self->setting, g_task_get_task_data (task)))
    fail_task (task);
  return G_SOURCE_REMOVE;
}

/* A name that GStreamer made up may be another element's tomorrow, or a part that is nobody's business. */
static gboolean
names_element (const SalonJobSpec *spec, const char *key, gsize size_bytes)
{
  g_autofree char *name = g_strndup (key, size_bytes);
  g_autofree char *escaped = g_regex_escape_string (name, -1);
  g_autofree char *pattern = g_strdup_printf ("(?:^|\\s)name=[\"']?%s(?:[\"'\\s]|$)", escaped);

  return g_regex_match_simple (pattern, spec->launch, 0, 0);
}

static gboolean
check_names (const SalonJobSpec *spec, JsonObject *values, GError **error)
{
  g_autoptr (GList) keys = json_object_get_members (values);

  for (GList *item = keys; item != NULL; item = item->next)
    {
      const char *key = item->data;
      const char *dot = strrchr (key, '.');

      if (dot != NULL && names_element (spec, key, dot - key))
        continue;
      g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
          "\"%s\": the pipeline names no element like that; write element.property", key);
      return FALSE;
    }
  return TRUE;
}

void
salon_job_set_async (SalonJob *self, JsonObject *values, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;
  JsonObject *message;
  gint64 *number;

  if (self->link == NULL || salon_job_is_over (self))
    {
      fail_task (task);
      return;
    }
  if (!check_names (self->spec, values, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  number = g_new (gint64, 1);
  *number = ++self->last_question;
  g_task_set_task_data (task, g_memdup2 (number, sizeof *number), g_free);
  message = json_object_new ();
  json_object_set_object_member (message, "set", json_object_ref (values));
  json_object_set_int_member (message, "id", *number);
  g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, SET_TIMEOUT_S, on_set_timeout, g_object_ref (task), g_object_unref);
  g_hash_table_insert (self->setting, number, g_steal_pointer (&task));
  salon_json_link_send (self->link, message);
}

gboolean
salon_job_set_finish (SalonJob *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* -- the keeper -- */

static void
drop_link (SalonJob *self)
{
  if (self->link != NULL)
    g_signal_handlers_disconnect_by_data (self->link, self);
  g_clear_object (&self->link);
}

static void
on_message (SalonJsonLink *link, JsonObject *message, SalonJob *self)
{
  SalonJobState state = self->status.state;
  guint n_restarts = self->status.n_restarts;
  g_autoptr (GError) error = NULL;

  if (json_object_has_member (message, "id"))
    take_answer (self, message);
  else if (!salon_job_status_update (&self->status, message, &error))
    GST_WARNING_OBJECT (self, "what its keeper says is not understood: %s", error->message);
  else if (state != self->status.state || n_restarts != self->status.n_restarts)
    g_signal_emit (self, signals[SIGNAL_CHANGED], 0, state);
}

static void find_keeper (SalonJob *self);

static gboolean
on_retry (gpointer user_data)
{
  SalonJob *self = user_data;

  self->retry_id = 0;
  find_keeper (self);
  return G_SOURCE_REMOVE;
}

static void
retry_soon (SalonJob *self)
{
  if (self->retry_id == 0)
    self->retry_id = g_timeout_add (RETRY_MS, on_retry, self);
}

static void
on_closed (SalonJsonLink *link, SalonJob *self)
{
  drop_link (self);
  fail_questions (self);
  if (!salon_job_is_over (self))
    retry_soon (self);
}

static void
tell_keeper (SalonJob *self, const char *what)
{
  JsonObject *message;

  if (self->link == NULL)
    return;
  message = json_object_new ();
  json_object_set_boolean_member (message, what, TRUE);
  if (self->stop_reason != NULL)
    json_object_set_string_member (message, "why", self->stop_reason);
  salon_json_link_send (self->link, message);
}

/* link: (transfer full) */
static void
take_link (SalonJob *self, SalonJsonLink *link)
{
  self->link = link;
  g_signal_connect (link, "message", G_CALLBACK (on_message), self);
  g_signal_connect (link, "closed", G_CALLBACK (on_closed), self);
  if (self->must_stop)
    tell_keeper (self, "stop");
}

/* It is not ours to wait for, but to bury. */
static void
on_keeper_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  (void)!g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
}

static gboolean
spawn (SalonJob *self, int fd, GError **error)
{
  /* It says what it has to say by its link and in its files: it must not hold what the server's log goes to. */
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GSubprocess) keeper = NULL;
  g_autofree char *jobs_folder = g_path_get_dirname (self->folder);
  g_autofree char *registry = g_build_filename (jobs_folder, "registry.bin", NULL);

  g_subprocess_launcher_take_fd (launcher, fd, SALON_PROGRAM_LINK_FD);
  g_subprocess_launcher_set_cwd (launcher, self->folder);
  /* What plugins there are is found out once, and not by each pipeline. */
  g_subprocess_launcher_setenv (launcher, "GST_REGISTRY", registry, FALSE);
  keeper = g_subprocess_launcher_spawn (launcher, error, self->program, SALON_PROGRAM_KEEP, NULL);
  if (keeper != NULL)
    g_subprocess_wait_async (keeper, NULL, on_keeper_ended, NULL);
  return keeper != NULL;
}

gboolean
salon_job_start (SalonJob *self, GError **error)
{
  int fds[2];
  SalonJsonLink *link;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    {
      g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INTERNAL, "There are too many open files for another job");
      return FALSE;
    }
  link = salon_json_link_new_for_fd (fds[0], error);
  if (link == NULL)
    {
      close (fds[1]);
      return FALSE;
    }
  take_link (self, link);
  if (spawn (self, fds[1], error))
    return TRUE;
  drop_link (self);
  return FALSE;
}

/* -- adopting -- */

/* Returns: (transfer full) (nullable) */
static SalonJsonLink *
connect_keeper (SalonJob *self)
{
  /* A socket address holds 107 bytes; through an open folder, every path is short. */
  int folder_fd = g_open (self->folder, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d/" SALON_JOB_CONTROL, folder_fd);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);
  /* A Unix socket is connected to at once, or not at all. */
  gboolean is_connected = socket != NULL && g_socket_connect (socket, address, NULL, NULL);

  if (folder_fd >= 0)
    close (folder_fd);
  return is_connected ? salon_json_link_new (socket) : NULL;
}

/* The one that there is, or else a new one. */
static void
find_keeper (SalonJob *self)
{
  g_autoptr (GError) error = NULL;
  SalonJsonLink *link;

  if (!salon_job_folder_is_kept (self->folder))
    {
      if (salon_job_start (self, &error))
        return;
      GST_ERROR_OBJECT (self, "nobody looks after %s: %s", self->spec->id, error->message);
      retry_soon (self);
      return;
    }
  link = connect_keeper (self);
  if (link != NULL)
    take_link (self, link);
  else
    retry_soon (self);
}

void
salon_job_adopt (SalonJob *self)
{
  (void)!salon_job_status_load (&self->status, self->folder);
  if (!salon_job_is_over (self))
    find_keeper (self);
}

void
salon_job_close (SalonJob *self)
{
  g_clear_handle_id (&self->retry_id, g_source_remove);
  drop_link (self);
  fail_questions (self);
}

/* -- public -- */

const SalonJobSpec *
salon_job_get_spec (SalonJob *self)
{
  return self->spec;
}

const SalonJobStatus *
salon_job_get_status (SalonJob *self)
{
  return &self->status;
}

const char *
salon_job_get_folder (SalonJob *self)
{
  return self->folder;
}

gboolean
salon_job_is_over (SalonJob *self)
{
  return salon_job_state_is_end (self->status.state);
}

void
salon_job_stop (SalonJob *self)
{
  self->must_stop = TRUE;
  tell_keeper (self, "stop");
}

gboolean
salon_job_is_stopping (SalonJob *self)
{
  return self->must_stop || self->status.state == SALON_JOB_STOPPING;
}

void
salon_job_stop_because (SalonJob *self, const char *why)
{
  /* What is on its way to its end has its reason. */
  if (salon_job_is_stopping (self))
    return;
  self->stop_reason = g_strdup (why);
  salon_job_stop (self);
}

void
salon_job_kill (SalonJob *self)
{
  tell_keeper (self, "kill");
  salon_job_close (self);
}

/* -- GObject -- */

static void
salon_job_dispose (GObject *object)
{
  salon_job_close (SALON_JOB (object));
  G_OBJECT_CLASS (salon_job_parent_class)->dispose (object);
}

static void
salon_job_finalize (GObject *object)
{
  SalonJob *self = SALON_JOB (object);

  g_free (self->folder);
  g_free (self->program);
  g_free (self->stop_reason);
  g_clear_pointer (&self->spec, salon_job_spec_free);
  salon_job_status_clear (&self->status);
  g_hash_table_unref (self->setting);
  G_OBJECT_CLASS (salon_job_parent_class)->finalize (object);
}

static void
salon_job_class_init (SalonJobClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_job_debug, "salon-job", 0, "Salon: jobs");
  G_OBJECT_CLASS (klass)->dispose = salon_job_dispose;
  G_OBJECT_CLASS (klass)->finalize = salon_job_finalize;
  signals[SIGNAL_CHANGED]
      = g_signal_new ("changed", SALON_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
salon_job_init (SalonJob *self)
{
  self->status.position_ms = -1;
  self->setting = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_object_unref);
}

SalonJob *
salon_job_new (const char *folder, const char *program, SalonJobSpec *spec)
{
  SalonJob *self = g_object_new (SALON_TYPE_JOB, NULL);

  self->folder = g_strdup (folder);
  self->program = g_strdup (program);
  self->spec = spec;
  return self;
}
