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
/* Of folders in folders, while they are removed: each has a descriptor open. */
#define MAX_DEPTH 16
#define LOCK_POLL_MS 20

/* -- measuring -- */

/* nftw() has no room for a closure. Each thread of the process has its own. */
static _Thread_local struct
{
  gint64 size_bytes;
  gboolean is_all;
} measured;

/* By the job, and not because it went away meanwhile. */
static gboolean
is_closed (int code)
{
  return code == EACCES || code == ENAMETOOLONG;
}

static int
add_size (const char *path, const struct stat *status, int kind, struct FTW *where)
{
  struct stat again;

  if (kind == FTW_F)
    measured.size_bytes += status->st_size;
  else if (kind == FTW_DNR || (kind == FTW_NS && lstat (path, &again) != 0 && is_closed (errno)))
    measured.is_all = FALSE;
  return 0;
}

static void
measure_below (const char *path)
{
  if (nftw (path, add_size, MAX_OPEN, FTW_PHYS) != 0 && is_closed (errno))
    measured.is_all = FALSE;
}

gboolean
salon_job_folder_measure (const char *folder, gint64 *size_bytes)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  measured.size_bytes = 0;
  measured.is_all = TRUE;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_str_equal (name, "output") || g_str_equal (name, "scratch") || g_str_has_prefix (name, "earlier-"))
        measure_below (path);
    }
  *size_bytes = measured.size_bytes;
  return measured.is_all;
}

/* -- the lock -- */

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

DIR *
salon_job_folder_list (int fd)
{
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;

  if (dir == NULL && fd >= 0)
    close (fd);
  return dir;
}

/* -- removing -- */

typedef struct
{
  int top;            /* the folder that is removed */
  gboolean has_moved; /* something there that is still to be removed */
} Removal;

static void remove_entry (Removal *removal, int parent, const char *name, guint depth);

/* fd: (transfer full): that of a folder, or -1. */
static void
remove_all_in (Removal *removal, int fd, guint depth)
{
  DIR *dir = salon_job_folder_list (fd);
  struct dirent *item;

  if (dir == NULL)
    return;
  while ((item = readdir (dir)) != NULL)
    {
      if (!g_str_equal (item->d_name, ".") && !g_str_equal (item->d_name, ".."))
        remove_entry (removal, fd, item->d_name, depth);
    }
  closedir (dir);
}

/* Its job may have closed it. Returns: an open descriptor, or -1. */
static int
open_closed (int parent, const char *name)
{
  (void)!fchmodat (parent, name, 0700, AT_SYMLINK_NOFOLLOW);
  return openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void
remove_entry (Removal *removal, int parent, const char *name, guint depth)
{
  int fd;

  if (unlinkat (parent, name, 0) == 0 || errno != EISDIR)
    return;
  fd = open_closed (parent, name);
  if (depth < MAX_DEPTH)
    {
      remove_all_in (removal, fd, depth + 1);
      unlinkat (parent, name, AT_REMOVEDIR);
      return;
    }
  if (fd >= 0)
    {
      g_autofree char *unique = g_uuid_string_random ();

      close (fd);
      removal->has_moved |= renameat (parent, name, removal->top, unique) == 0;
    }
}

void
salon_job_folder_remove (const char *path)
{
  g_autofree char *spec = g_build_filename (path, SALON_JOB_SPEC_FILE, NULL);
  Removal removal = { .top = open_closed (AT_FDCWD, path) };

  g_unlink (spec);
  do
    {
      removal.has_moved = FALSE;
      remove_all_in (&removal, openat (removal.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
    }
  while (removal.has_moved);
  if (removal.top >= 0)
    close (removal.top);
  (void)!remove (path);
}

/* -- making room -- */

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
