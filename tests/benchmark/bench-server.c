/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-server.h"

#include <glib/gstdio.h>
#include <string.h>

#include "bench-wait.h"

/* Salon's first start may scan for GStreamer's plugins. */
#define START_MS (30 * 1000)
#define POLL_MS 20
#define LOG_TAIL_BYTES 2000

struct _BenchServer
{
  const BenchDriver *driver; /* (borrowed) */
  char *folder;              /* (owned) */
  char *log_path;            /* (owned) */
  char *url;                 /* (owned) (nullable) */
  BenchProcess *process;     /* (owned) (nullable) */
};

static const BenchDriver *const drivers[] = { &bench_salon_driver, &bench_janus_driver, &bench_janus_loops_driver };

const BenchDriver *
bench_driver_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (drivers); i++)
    {
      if (g_str_equal (drivers[i]->name, name))
        return drivers[i];
    }
  return NULL;
}

const BenchDriver *
bench_server_get_driver (const BenchServer *self)
{
  return self->driver;
}

const BenchProcess *
bench_server_get_process (const BenchServer *self)
{
  return self->process;
}

const char *
bench_server_get_folder (const BenchServer *self)
{
  return self->folder;
}

gboolean
bench_server_write_file (BenchServer *self, const char *name, const char *text, GError **error)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);

  return g_file_set_contents (path, text, -1, error);
}

char *
bench_server_read_log (const BenchServer *self)
{
  char *text = NULL;

  return g_file_get_contents (self->log_path, &text, NULL, NULL) ? text : g_strdup ("");
}

void
bench_server_set_url (BenchServer *self, const char *url)
{
  g_free (self->url);
  self->url = g_strdup (url);
}

const char *
bench_server_get_url (const BenchServer *self)
{
  return self->url;
}

/* -- starting -- */

static gboolean
is_ready_or_dead (gpointer user_data)
{
  BenchServer *self = user_data;

  return !bench_process_is_running (self->process) || self->driver->is_ready (self);
}

/* Keeps the main context turning, so that is_ready_or_dead() is asked. */
static gboolean
turn (gpointer unused)
{
  return G_SOURCE_CONTINUE;
}

static gboolean
wait_until_ready (BenchServer *self, GError **error)
{
  guint source_id = g_timeout_add (POLL_MS, turn, NULL);
  gboolean is_done = bench_wait (is_ready_or_dead, self, START_MS);
  g_autofree char *log = NULL;
  gsize length;

  g_source_remove (source_id);
  if (is_done && bench_process_is_running (self->process))
    return TRUE;
  log = bench_server_read_log (self);
  length = strlen (log);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s %s; it printed:\n%s", self->driver->name,
      bench_process_is_running (self->process) ? "does not get ready" : "ended",
      log + (length > LOG_TAIL_BYTES ? length - LOG_TAIL_BYTES : 0));
  return FALSE;
}

BenchServer *
bench_server_start (const BenchDriver *driver, GError **error)
{
  g_autoptr (BenchServer) self = g_new0 (BenchServer, 1);
  g_autoptr (GPtrArray) arguments = g_ptr_array_new_with_free_func (g_free);

  self->driver = driver;
  self->folder = g_dir_make_tmp ("salon-benchmark-XXXXXX", error);
  if (self->folder == NULL || !driver->configure (self, arguments, error))
    return NULL;
  g_ptr_array_add (arguments, NULL);
  self->log_path = g_build_filename (self->folder, "log", NULL);
  self->process = bench_process_start ((const char *const *)arguments->pdata, self->log_path, error);
  if (self->process == NULL || !wait_until_ready (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* -- stopping -- */

static void
remove_folder (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (g_file_test (child, G_FILE_TEST_IS_DIR) && !g_file_test (child, G_FILE_TEST_IS_SYMLINK))
        remove_folder (child);
      else
        g_unlink (child);
    }
  g_rmdir (path);
}

void
bench_server_stop (BenchServer *self)
{
  g_clear_pointer (&self->process, bench_process_stop);
  if (self->folder != NULL)
    remove_folder (self->folder);
  g_free (self->folder);
  g_free (self->log_path);
  g_free (self->url);
  g_free (self);
}
