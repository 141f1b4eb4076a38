/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE /* O_PATH */
#include "salon-redis-server.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <unistd.h>

#include "salon-error.h"
#include "salon-redis.h"

GST_DEBUG_CATEGORY_STATIC (salon_redis_server_debug);
#define GST_CAT_DEFAULT salon_redis_server_debug

/* A predecessor that was told to stop has this long to do it. */
#define LOCK_TIMEOUT_US (5 * G_USEC_PER_SEC)
#define LOCK_RETRY_MS 50
/* Loading is what takes time: Redis reads about 100 MB a second, and a room is less than a kilobyte. */
#define READY_TIMEOUT_S 60
#define STOP_TIMEOUT_MS 3000
#define MIN_BACK_OFF_MS 100
#define MAX_BACK_OFF_MS 5000
/* Redis that has lived so long was well: its next start need not wait. */
#define WELL_AFTER_US (10 * G_USEC_PER_SEC)
/* At log level "warning" a start is about 300 bytes. */
#define MAX_LOG_BYTES (1024 * 1024)
/* Where the child finds the lock; it only has to keep it open. */
#define CHILD_LOCK_FD 3

struct _SalonRedisServer
{
  GObject parent_instance;

  char *state_dir; /* (owned) */
  char *redis_dir; /* (owned) */
  char *program;   /* (owned) (nullable) */
  char *url;       /* (owned) (nullable) */
  int lock_fd;
  int dir_fd; /* only when the path is too long for a socket address */

  GTask *start;          /* (owned) (nullable): while starting */
  GSource *on_cancelled; /* (owned) (nullable): of start */
  gint64 lock_deadline_us;
  SalonRedis *probe; /* (owned) (nullable): tells when Redis answers for the first time */

  GSubprocess *child; /* (owned) (nullable): while it lives */
  gint64 child_since_us;
  GCancellable *watching; /* (owned): of the wait for the child's end */
  guint back_off_ms;
  guint timer_id; /* of the present phase: next try for the lock, start-up limit, restart, or kill */

  GSList *closers; /* (element-type GTask) (owned) */
  gboolean is_closed;
};

G_DEFINE_FINAL_TYPE (SalonRedisServer, salon_redis_server, G_TYPE_OBJECT)

static void
set_timer (SalonRedisServer *self, guint delay_ms, GSourceFunc function)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  self->timer_id = g_timeout_add (delay_ms, function, self);
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/* ---- starting: its end ---- */

/* Ends the start's own helpers. The caller answers the returned task as the last thing it does. */
static GTask *
settle_start (SalonRedisServer *self)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  if (self->on_cancelled != NULL)
    g_source_destroy (self->on_cancelled);
  g_clear_pointer (&self->on_cancelled, g_source_unref);
  if (self->probe != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->probe, self);
      salon_redis_close (self->probe);
    }
  g_clear_object (&self->probe);
  return g_steal_pointer (&self->start);
}

/* error: (transfer full) */
static void
fail_start (SalonRedisServer *self, GError *error)
{
  g_autoptr (GTask) task = settle_start (self);

  if (self->child != NULL)
    g_subprocess_force_exit (self->child);
  close_fd (&self->lock_fd);
  g_task_return_error (task, error);
}

static void fail_start_with (SalonRedisServer *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
fail_start_with (SalonRedisServer *self, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  fail_start (self, g_error_new_valist (SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE, format, arguments));
  va_end (arguments);
}

static void
on_probe_connected (SalonRedisServer *self)
{
  g_autoptr (GTask) task = settle_start (self);

  g_task_return_boolean (task, TRUE);
}

/* ---- the child ---- */

/* Runs between fork and exec: async-signal-safe calls only. */
static void
setup_child (gpointer parent)
{
  /* Out of the terminal's process group: Ctrl-C is for the server, which still needs Redis to leave its rooms. */
  setsid ();
  /* The server's death is ours. Not by SIGKILL: while the disk is busy Redis holds back for up to 2 s what it has
   * acknowledged, and writes it when it is asked to end. It keeps the lock until then. */
  prctl (PR_SET_PDEATHSIG, SIGTERM);
  if (getppid () != GPOINTER_TO_INT (parent))
    _exit (EXIT_FAILURE); /* it died before we asked */
}

/* Redis never rotates its log. */
static void
bound_log (SalonRedisServer *self)
{
  g_autofree char *log = g_build_filename (self->redis_dir, "redis.log", NULL);
  g_autofree char *old = g_strconcat (log, ".old", NULL);
  GStatBuf status;

  if (g_stat (log, &status) == 0 && status.st_size > MAX_LOG_BYTES)
    g_rename (log, old);
}

static void on_child_exit (GObject *source, GAsyncResult *result, gpointer user_data);

static gboolean
spawn (SalonRedisServer *self, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  int lock_fd = fcntl (self->lock_fd, F_DUPFD_CLOEXEC, CHILD_LOCK_FD + 1);

  if (lock_fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s", g_strerror (errno));
      return FALSE;
    }
  bound_log (self);
  g_subprocess_launcher_take_fd (launcher, lock_fd, CHILD_LOCK_FD);
  g_subprocess_launcher_set_child_setup (launcher, setup_child, GINT_TO_POINTER (getpid ()), NULL);
  g_subprocess_launcher_set_cwd (launcher, self->redis_dir);
  /* The socket is named relative to the working directory: a path of any length will do. */
  self->child = g_subprocess_launcher_spawn (launcher, error, self->program, "--port", "0", "--unixsocket",
      "redis.sock", "--unixsocketperm", "700", "--dir", ".", "--appendonly", "yes", "--appendfsync", "everysec",
      "--save", "", "--databases", "1", "--daemonize", "no", "--logfile", "redis.log", "--loglevel", "warning", NULL);
  if (self->child == NULL)
    return FALSE;
  self->child_since_us = g_get_monotonic_time ();
  g_subprocess_wait_async (self->child, self->watching, on_child_exit, self);
  return TRUE;
}

static gboolean restart (gpointer user_data);

static void
back_off (SalonRedisServer *self)
{
  if (g_get_monotonic_time () - self->child_since_us > WELL_AFTER_US)
    self->back_off_ms = MIN_BACK_OFF_MS;
  GST_WARNING_OBJECT (
      self, "starting redis-server again in %u ms; its log is %s/redis.log", self->back_off_ms, self->redis_dir);
  set_timer (self, self->back_off_ms, restart);
  self->back_off_ms = MIN (self->back_off_ms * 2, MAX_BACK_OFF_MS);
}

static gboolean
restart (gpointer user_data)
{
  SalonRedisServer *self = user_data;
  g_autoptr (GError) error = NULL;

  self->timer_id = 0;
  if (!spawn (self, &error))
    {
      GST_WARNING_OBJECT (self, "cannot start redis-server: %s", error->message);
      back_off (self);
    }
  return G_SOURCE_REMOVE;
}

static void
finish_close (SalonRedisServer *self)
{
  g_autoptr (SalonRedisServer) alive = g_object_ref (self);
  g_autoslist (GTask) closers = g_steal_pointer (&self->closers);

  g_clear_handle_id (&self->timer_id, g_source_remove);
  close_fd (&self->lock_fd);
  close_fd (&self->dir_fd);
  for (GSList *l = closers; l != NULL; l = l->next)
    g_task_return_boolean (l->data, TRUE);
}

static void
on_child_exit (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonRedisServer *self = user_data;
  GSubprocess *child = G_SUBPROCESS (source);

  /* Cancelled: self is gone. */
  if (!g_subprocess_wait_finish (child, result, NULL))
    return;
  GST_INFO_OBJECT (self, "redis-server ended, wait status 0x%x", g_subprocess_get_status (child));
  g_clear_object (&self->child);
  if (self->is_closed)
    finish_close (self);
  else if (self->start != NULL)
    fail_start_with (self, "redis-server ended at once; %s/redis.log says why", self->redis_dir);
  else if (self->lock_fd >= 0)
    back_off (self);
}

/* ---- starting: its steps ---- */

static gboolean
on_ready_timeout (gpointer user_data)
{
  SalonRedisServer *self = user_data;

  self->timer_id = 0;
  fail_start_with (
      self, "redis-server did not answer within %d s; %s/redis.log may say why", READY_TIMEOUT_S, self->redis_dir);
  return G_SOURCE_REMOVE;
}

static void
start_child (SalonRedisServer *self)
{
  g_autoptr (GError) error = NULL;

  if (!spawn (self, &error))
    {
      fail_start_with (self, "Cannot start %s: %s", self->program, error->message);
      return;
    }
  self->probe = salon_redis_new (self->url, &error);
  g_assert_no_error (error);
  g_signal_connect_swapped (self->probe, "notify::connected", G_CALLBACK (on_probe_connected), self);
  salon_redis_start (self->probe);
  set_timer (self, READY_TIMEOUT_S * 1000, on_ready_timeout);
}

static gboolean
try_lock (gpointer user_data)
{
  SalonRedisServer *self = user_data;

  self->timer_id = 0;
  if (flock (self->lock_fd, LOCK_EX | LOCK_NB) == 0)
    start_child (self);
  else if (errno != EWOULDBLOCK && errno != EINTR)
    fail_start_with (self, "Cannot lock %s/redis.lock: %s", self->state_dir, g_strerror (errno));
  else if (g_get_monotonic_time () < self->lock_deadline_us)
    set_timer (self, LOCK_RETRY_MS, try_lock);
  else
    fail_start_with (self,
        "Another server is using the state directory %s: stop it, or give this one a state directory of its own",
        self->state_dir);
  return G_SOURCE_REMOVE;
}

/* The directories, the lock file and the socket's name. Local files, once, before there is any client. */
static gboolean
prepare (SalonRedisServer *self, GError **error)
{
  g_autofree char *lock = g_build_filename (self->state_dir, "redis.lock", NULL);
  g_autofree char *socket = g_build_filename (self->redis_dir, "redis.sock", NULL);
  g_autofree char *escaped = NULL;

  if (g_mkdir_with_parents (self->redis_dir, 0700) < 0 || g_chmod (self->redis_dir, 0700) < 0
      || (self->lock_fd = open (lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0
      || (self->dir_fd = open (self->redis_dir, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
    {
      g_set_error (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE,
          "Cannot use the state directory %s: %s; give the server one that it may write to", self->state_dir,
          g_strerror (errno));
      return FALSE;
    }
  self->program = g_find_program_in_path ("redis-server");
  if (self->program == NULL)
    {
      g_set_error_literal (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE,
          "There is no redis-server: install the package redis-server, or set redis-url to a Redis that runs "
          "elsewhere");
      return FALSE;
    }

  /* A socket address holds 107 bytes; through an open directory, every path is short. */
  if (strlen (socket) >= sizeof ((struct sockaddr_un *)NULL)->sun_path)
    {
      g_free (socket);
      socket = g_strdup_printf ("/proc/self/fd/%d/redis.sock", self->dir_fd);
    }
  escaped = g_uri_escape_string (socket, "/", TRUE);
  self->url = g_strconcat ("unix://", escaped, NULL);
  return TRUE;
}

static gboolean
on_start_cancelled (GCancellable *cancellable, gpointer user_data)
{
  fail_start (user_data, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled"));
  return G_SOURCE_REMOVE;
}

/* ---- public ---- */

SalonRedisServer *
salon_redis_server_new (const char *state_dir)
{
  SalonRedisServer *self = g_object_new (SALON_TYPE_REDIS_SERVER, NULL);

  /* Absolute: the child gets another working directory. */
  self->state_dir = g_canonicalize_filename (state_dir, NULL);
  self->redis_dir = g_build_filename (self->state_dir, "redis", NULL);
  return self;
}

void
salon_redis_server_start_async (
    SalonRedisServer *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GError *error = NULL;

  g_return_if_fail (SALON_IS_REDIS_SERVER (self) && self->url == NULL && !self->is_closed);

  self->start = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (self->start, salon_redis_server_start_async);
  if (!prepare (self, &error))
    {
      fail_start (self, error);
      return;
    }
  if (cancellable != NULL)
    {
      self->on_cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->on_cancelled, G_SOURCE_FUNC (on_start_cancelled), self, NULL);
      g_source_attach (self->on_cancelled, NULL);
    }
  self->lock_deadline_us = g_get_monotonic_time () + LOCK_TIMEOUT_US;
  try_lock (self);
}

gboolean
salon_redis_server_start_finish (SalonRedisServer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

const char *
salon_redis_server_get_url (SalonRedisServer *self)
{
  return self->url;
}

static gboolean
on_stop_timeout (gpointer user_data)
{
  SalonRedisServer *self = user_data;

  self->timer_id = 0;
  GST_WARNING_OBJECT (self, "redis-server does not stop: killing it");
  g_subprocess_force_exit (self->child);
  return G_SOURCE_REMOVE;
}

void
salon_redis_server_close_async (SalonRedisServer *self, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, salon_redis_server_close_async);
  self->closers = g_slist_append (self->closers, task);
  if (!self->is_closed)
    {
      self->is_closed = TRUE;
      g_clear_handle_id (&self->timer_id, g_source_remove);
      if (self->start != NULL)
        fail_start (self, g_error_new_literal (SALON_ERROR, SALON_ERROR_SHUTTING_DOWN, "The server is stopping"));
      else if (self->child != NULL)
        {
          g_subprocess_send_signal (self->child, SIGTERM);
          set_timer (self, STOP_TIMEOUT_MS, on_stop_timeout);
        }
    }
  if (self->child == NULL)
    finish_close (self);
}

void
salon_redis_server_close_finish (SalonRedisServer *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_task_propagate_boolean (G_TASK (result), NULL);
}

/* ---- GObject ---- */

static void
salon_redis_server_dispose (GObject *object)
{
  SalonRedisServer *self = SALON_REDIS_SERVER (object);

  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_cancellable_cancel (self->watching);
  if (self->child != NULL)
    g_subprocess_force_exit (self->child);
  g_clear_object (&self->child);
  close_fd (&self->lock_fd);
  close_fd (&self->dir_fd);
  G_OBJECT_CLASS (salon_redis_server_parent_class)->dispose (object);
}

static void
salon_redis_server_finalize (GObject *object)
{
  SalonRedisServer *self = SALON_REDIS_SERVER (object);

  g_object_unref (self->watching);
  g_free (self->state_dir);
  g_free (self->redis_dir);
  g_free (self->program);
  g_free (self->url);
  G_OBJECT_CLASS (salon_redis_server_parent_class)->finalize (object);
}

static void
salon_redis_server_class_init (SalonRedisServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (salon_redis_server_debug, "salon-redis-server", 0, "Salon private Redis");

  object_class->dispose = salon_redis_server_dispose;
  object_class->finalize = salon_redis_server_finalize;
}

static void
salon_redis_server_init (SalonRedisServer *self)
{
  self->lock_fd = -1;
  self->dir_fd = -1;
  self->back_off_ms = MIN_BACK_OFF_MS;
  self->watching = g_cancellable_new ();
}
