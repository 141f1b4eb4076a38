/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE /* sigabbrev_np() */
#include "salon-attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "salon-build.h"
#include "salon-program.h"

/* What is left to do after the last word: to take the pipeline down. */
#define EXIT_DEADLINE_S 3

struct _SalonAttempt
{
  GObject parent_instance;

  GSubprocess *process;   /* (owned) (nullable): while it lives */
  SalonJsonLink *link;    /* (owned) (nullable) */
  SalonJobLog *log;       /* (borrowed) */
  GCancellable *watching; /* (owned): of the wait for its end */
  gboolean is_silent;     /* nothing more comes by the link */
  gboolean has_exited;
  guint exit_deadline_id; /* once it is silent */
};

G_DEFINE_FINAL_TYPE (SalonAttempt, salon_attempt, G_TYPE_OBJECT)

enum
{
  SIGNAL_MESSAGE,
  SIGNAL_DIED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* -- its end -- */

/* Returns: (transfer full) (nullable) */
static char *
explain_end (GSubprocess *process)
{
  int signal_number;

  if (!g_subprocess_get_if_signaled (process))
    return g_subprocess_get_exit_status (process) != 0 ? g_strdup ("The pipeline's process gave up") : NULL;
  signal_number = g_subprocess_get_term_sig (process);
  if (signal_number == SIGKILL)
    return g_strdup ("The pipeline's process was killed: by somebody, or by the system for want of memory");
  return g_strdup_printf (
      "The pipeline's process crashed (SIG%s: %s)", sigabbrev_np (signal_number), g_strsignal (signal_number));
}

/* When both have happened, since what it said last comes by the link. */
static void
check_end (SalonAttempt *self)
{
  g_autofree char *reason = NULL;

  if (!self->is_silent || !self->has_exited)
    return;
  salon_job_log_drain (self->log);
  reason = explain_end (self->process);
  g_clear_object (&self->process);
  g_signal_emit (self, signals[SIGNAL_DIED], 0, reason);
}

static void
on_process_exit (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonAttempt *self = user_data;

  /* Cancelled: self is gone. */
  if (!g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL))
    return;
  self->has_exited = TRUE;
  check_end (self);
}

static gboolean
on_exit_deadline (gpointer user_data)
{
  SalonAttempt *self = user_data;

  self->exit_deadline_id = 0;
  salon_attempt_kill (self);
  return G_SOURCE_REMOVE;
}

/* It is about to exit, or broke the rules of the link. */
static void
on_closed (SalonJsonLink *link, SalonAttempt *self)
{
  self->is_silent = TRUE;
  self->exit_deadline_id = g_timeout_add_seconds (EXIT_DEADLINE_S, on_exit_deadline, self);
  check_end (self);
}

static void
on_message (SalonJsonLink *link, JsonObject *message, SalonAttempt *self)
{
  g_signal_emit (self, signals[SIGNAL_MESSAGE], 0, message);
}

/* -- its beginning -- */

/* Returns: (transfer full): where plugins are, beside the system's: Salon's own first. */
static char *
make_plugin_path (void)
{
  const char *own = salon_build_choose (SALON_BUILD_ROOT "/src/plugin", SALON_PLUGIN_DIR);
  const char *others = g_getenv ("GST_PLUGIN_PATH_1_0");

  if (others == NULL)
    others = g_getenv ("GST_PLUGIN_PATH");
  return others != NULL ? g_strconcat (own, G_SEARCHPATH_SEPARATOR_S, others, NULL) : g_strdup (own);
}

/* Nothing of the server's environment but where GStreamer and libraries are, and how people write. */
static char **
make_environment (void)
{
  static const char *const kept[] = { "PATH", "LANG", "LC_ALL", "TZ", "GST_PLUGIN_SYSTEM_PATH",
    "GST_PLUGIN_SYSTEM_PATH_1_0", "GST_PLUGIN_SCANNER", "GST_REGISTRY", "GST_DEBUG", "LD_LIBRARY_PATH" };
  g_autofree char *folder = g_get_current_dir ();
  g_autofree char *scratch = g_build_filename (folder, "scratch", NULL);
  g_autofree char *plugins = make_plugin_path ();
  const char *const own[][2] = {
    { "GST_PLUGIN_PATH_1_0", plugins },
    { "GST_DEBUG_NO_COLOR", "1" },
    /* No settings, mounts or services of a desktop. */
    { "GSETTINGS_BACKEND", "memory" },
    { "GIO_USE_VFS", "local" },
    { "HOME", scratch },
    { "TMPDIR", scratch },
    /* See salon_job_folder_prepare(). */
    { "XDG_STATE_HOME", scratch },
  };
  char **environment = g_environ_setenv (NULL, "GST_DEBUG", "*:1", TRUE);

  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      if (g_getenv (kept[i]) != NULL)
        environment = g_environ_setenv (environment, kept[i], g_getenv (kept[i]), TRUE);
    }
  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    environment = g_environ_setenv (environment, own[i][0], own[i][1], TRUE);
  return environment;
}

/* Runs between fork and exec: async-signal-safe calls only. */
static void
setup_process (gpointer keeper)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != GPOINTER_TO_INT (keeper))
    _exit (EXIT_FAILURE); /* it died before we asked */
}

static gboolean
fail_errno (GError **error)
{
  int code = errno;

  g_set_error (
      error, G_IO_ERROR, g_io_error_from_errno (code), "Cannot make the pipeline's process: %s", g_strerror (code));
  return FALSE;
}

static gboolean
spawn (SalonAttempt *self, int link_fd, int print_fd, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_auto (GStrv) environment = make_environment ();
  int second_fd = fcntl (print_fd, F_DUPFD_CLOEXEC, 0);

  g_subprocess_launcher_take_fd (launcher, link_fd, SALON_PROGRAM_LINK_FD);
  g_subprocess_launcher_take_stdout_fd (launcher, print_fd);
  g_subprocess_launcher_take_stderr_fd (launcher, second_fd);
  g_subprocess_launcher_set_environ (launcher, environment);
  g_subprocess_launcher_set_cwd (launcher, "output");
  g_subprocess_launcher_set_child_setup (launcher, setup_process, GINT_TO_POINTER (getpid ()), NULL);
  self->process = g_subprocess_launcher_spawn (launcher, error, "/proc/self/exe", SALON_PROGRAM_RUN, NULL);
  return self->process != NULL;
}

static gboolean
start (SalonAttempt *self, GError **error)
{
  int link_fds[2];
  int print_fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link_fds) != 0)
    return fail_errno (error);
  if (!g_unix_open_pipe (print_fds, FD_CLOEXEC, error))
    {
      close (link_fds[0]);
      close (link_fds[1]);
      return FALSE;
    }
  salon_job_log_read (self->log, print_fds[0]);
  self->link = salon_json_link_new_for_fd (link_fds[0], error);
  if (self->link != NULL)
    return spawn (self, link_fds[1], print_fds[1], error);
  close (link_fds[1]);
  close (print_fds[1]);
  return FALSE;
}

SalonAttempt *
salon_attempt_new (const SalonJobSpec *spec, guint n_restarts, SalonJobLog *log, GError **error)
{
  g_autoptr (SalonAttempt) self = g_object_new (SALON_TYPE_ATTEMPT, NULL);
  g_autofree char *text = salon_job_spec_make_text (spec, n_restarts);
  JsonObject *message;

  self->log = log;
  if (!start (self, error))
    return NULL;
  g_signal_connect (self->link, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->link, "closed", G_CALLBACK (on_closed), self);
  message = salon_job_spec_to_json (spec);
  json_object_set_string_member (message, "launch", text);
  salon_json_link_send (self->link, message);
  g_subprocess_wait_async (self->process, self->watching, on_process_exit, self);
  return g_steal_pointer (&self);
}

void
salon_attempt_send (SalonAttempt *self, JsonObject *message)
{
  salon_json_link_send (self->link, message);
}

void
salon_attempt_kill (SalonAttempt *self)
{
  if (self->process != NULL)
    g_subprocess_force_exit (self->process);
}

/* -- GObject -- */

static void
salon_attempt_dispose (GObject *object)
{
  SalonAttempt *self = SALON_ATTEMPT (object);

  g_cancellable_cancel (self->watching);
  g_clear_handle_id (&self->exit_deadline_id, g_source_remove);
  salon_attempt_kill (self);
  if (self->link != NULL)
    g_signal_handlers_disconnect_by_data (self->link, self);
  g_clear_object (&self->link);
  g_clear_object (&self->process);
  G_OBJECT_CLASS (salon_attempt_parent_class)->dispose (object);
}

static void
salon_attempt_finalize (GObject *object)
{
  g_object_unref (SALON_ATTEMPT (object)->watching);
  G_OBJECT_CLASS (salon_attempt_parent_class)->finalize (object);
}

static void
salon_attempt_class_init (SalonAttemptClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = salon_attempt_dispose;
  G_OBJECT_CLASS (klass)->finalize = salon_attempt_finalize;
  signals[SIGNAL_MESSAGE]
      = g_signal_new ("message", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, JSON_TYPE_OBJECT);
  signals[SIGNAL_DIED]
      = g_signal_new ("died", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
salon_attempt_init (SalonAttempt *self)
{
  self->watching = g_cancellable_new ();
}
