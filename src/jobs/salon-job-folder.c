/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE /* FTW_PHYS, getsid() */
#include "salon-job-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Descriptors that a walk may have open. */
#define MAX_OPEN 8
#define LOCK_POLL_MS 20

/* nftw() has no room for a closure. Each thread of the process has its own. */
static _Thread_local gint64 measured_bytes;

static int
add_size (const char *path, const struct stat *status, int kind, struct FTW *where)
{
  if (kind == FTW_F)
    measured_bytes += status->st_size;
  return 0;
}

gint64
salon_job_folder_measure (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  measured_bytes = 0;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_str_equal (name, "output") || g_str_equal (name, "scratch") || g_str_has_prefix (name, "earlier-"))
        (void)!nftw (path, add_size, MAX_OPEN, FTW_PHYS);
    }
  return measured_bytes;
}

gboolean
salon_job_folder_is_kept (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, SALON_JOB_LOCK, NULL);
  int fd = g_open (path, O_RDWR | O_CLOEXEC, 0);
  gboolean is_free = fd < 0 || flock (fd, LOCK_EX | LOCK_NB) == 0;

  if (fd >= 0)
    close (fd);
  return !is_free;
}

gboolean
salon_job_folder_take_lock (const char *folder, guint patience_ms)
{
  g_autofree char *path = g_build_filename (folder, SALON_JOB_LOCK, NULL);
  int fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  guint waited_ms = 0;

  while (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      if (waited_ms >= patience_ms)
        {
          close (fd);
          return FALSE;
        }
      g_usleep (LOCK_POLL_MS * 1000);
      waited_ms += LOCK_POLL_MS;
    }
  return fd >= 0;
}

static int
remove_one (const char *path, const struct stat *status, int kind, struct FTW *where)
{
  return remove (path);
}

void
salon_job_folder_remove (const char *path)
{
  (void)!nftw (path, remove_one, MAX_OPEN, FTW_PHYS | FTW_DEPTH);
}

static gboolean
make_folder (const char *path, GError **error)
{
  if (g_mkdir (path, 0700) == 0 || errno == EEXIST)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "Cannot make %s: %s", path, g_strerror (errno));
  return FALSE;
}

/* Where elements look for the server of the home's owner, <state>/salon, they find that of the job: through scratch,
 * the job's folder, and that of all jobs. */
static gboolean
make_way_to_server (const char *scratch, GError **error)
{
  g_autofree char *way = g_build_filename (scratch, "salon", NULL);

  if (symlink ("../../..", way) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "Cannot make %s: %s", way, g_strerror (errno));
  return FALSE;
}

gboolean
salon_job_folder_prepare (const char *folder, GError **error)
{
  g_autofree char *output = g_build_filename (folder, "output", NULL);
  g_autofree char *scratch = g_build_filename (folder, "scratch", NULL);

  /* One that is empty, or not there, need not be kept. */
  if (g_rmdir (output) != 0 && errno != ENOENT)
    {
      for (guint i = 1;; i++)
        {
          g_autofree char *name = g_strdup_printf ("earlier-%u", i);
          g_autofree char *earlier = g_build_filename (folder, name, NULL);

          if (g_file_test (earlier, G_FILE_TEST_EXISTS))
            continue;
          if (g_rename (output, earlier) == 0)
            break;
          g_set_error (
              error, G_IO_ERROR, g_io_error_from_errno (errno), "Cannot move %s away: %s", output, g_strerror (errno));
          return FALSE;
        }
    }
  salon_job_folder_remove (scratch);
  return make_folder (output, error) && make_folder (scratch, error) && make_way_to_server (scratch, error);
}

char *
salon_job_folder_find_process (const char *jobs_folder, gint pid)
{
  pid_t leader = pid > 0 ? getsid (pid) : -1;
  g_autofree char *link = g_strdup_printf ("/proc/%d/cwd", (int)leader);
  g_autofree char *folder = leader > 0 ? g_file_read_link (link, NULL) : NULL;
  g_autofree char *parent = folder != NULL ? g_path_get_dirname (folder) : NULL;
  g_autofree char *real_folder = realpath (jobs_folder, NULL);

  return parent != NULL && g_strcmp0 (parent, real_folder) == 0 ? g_path_get_basename (folder) : NULL;
}
