/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE /* O_PATH */
#include "salon-job-files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "salon-error.h"
#include "salon-job-folder.h"
#include "salon-limits.h"

#define OUTPUT "output"
#define EARLIER "earlier-"
/* Of folders in folders: each has a descriptor open. */
#define MAX_DEPTH 8
/* With folders, links and what else takes its time to be looked at. */
#define MAX_ENTRIES (2 * SALON_LIMIT_JOB_FILES)
#define FOLDER_FLAGS (O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* O_NONBLOCK: to open what turns out to be a pipe does not wait for who writes to it. */
#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

static gboolean
is_earlier (const char *name)
{
  const char *number = name + strlen (EARLIER);

  return g_str_has_prefix (name, EARLIER) && *number != '\0' && number[strspn (number, "0123456789")] == '\0';
}

/* -- listing -- */

typedef struct
{
  GPtrArray *files; /* (element-type SalonJobFile) */
  guint n_entries;
  gboolean is_cut;
} List;

static void
file_free (gpointer data)
{
  SalonJobFile *file = data;

  g_free (file->name);
  g_free (file);
}

static void
add_file (List *list, const char *name, const struct stat *status)
{
  SalonJobFile *file;

  if (list->files->len >= SALON_LIMIT_JOB_FILES)
    {
      list->is_cut = TRUE;
      return;
    }
  file = g_new (SalonJobFile, 1);
  *file = (SalonJobFile){ g_strdup (name), status->st_size, status->st_mtim.tv_sec };
  g_ptr_array_add (list->files, file);
}

static void list_folder (List *list, int parent, const char *entry, const char *prefix, guint depth);

static void
list_entry (List *list, int folder, const char *entry, const char *prefix, guint depth)
{
  g_autofree char *name = g_strconcat (prefix, entry, NULL);
  g_autofree char *inner_prefix = NULL;
  struct stat status;

  if (g_str_equal (entry, ".") || g_str_equal (entry, ".."))
    return;
  list->is_cut = ++list->n_entries > MAX_ENTRIES;
  /* A name that is no UTF-8 could be neither told nor asked for. */
  if (list->is_cut || !g_utf8_validate (entry, -1, NULL) || fstatat (folder, entry, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return;
  if (S_ISREG (status.st_mode))
    add_file (list, name, &status);
  if (!S_ISDIR (status.st_mode) || depth == MAX_DEPTH)
    return;
  inner_prefix = g_strconcat (name, "/", NULL);
  list_folder (list, folder, entry, inner_prefix, depth + 1);
}

/* prefix: of the names of what is in it. */
static void
list_folder (List *list, int parent, const char *entry, const char *prefix, guint depth)
{
  int fd = openat (parent, entry, O_RDONLY | FOLDER_FLAGS);
  DIR *dir = salon_job_folder_list (fd);
  struct dirent *item;

  if (dir == NULL)
    return;
  while (!list->is_cut && (item = readdir (dir)) != NULL)
    list_entry (list, fd, item->d_name, prefix, depth);
  closedir (dir);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(SalonJobFile *const *)a)->name, (*(SalonJobFile *const *)b)->name);
}

GPtrArray *
salon_job_files_list (const char *folder, gboolean *is_cut)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  List list = { g_ptr_array_new_with_free_func (file_free), 0, FALSE };
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *prefix = g_str_equal (name, OUTPUT) ? g_strdup ("") : g_strconcat (name, "/", NULL);

      if (g_str_equal (name, OUTPUT) || is_earlier (name))
        list_folder (&list, AT_FDCWD, path, prefix, 0);
    }
  g_ptr_array_sort (list.files, compare_names);
  *is_cut = list.is_cut;
  return list.files;
}

/* -- opening -- */

/* One step, and down. */
static gboolean
is_name (const char *entry)
{
  return *entry != '\0' && strchr (entry, '/') == NULL && !g_str_equal (entry, ".") && !g_str_equal (entry, "..");
}

/* fd: (transfer full). Returns: what is in that folder, or -1. */
static int
step_into (int fd, const char *entry, int flags)
{
  int next = fd >= 0 && is_name (entry) ? openat (fd, entry, flags) : -1;
  int saved_errno = is_name (entry) ? errno : ENOENT;

  if (fd >= 0)
    close (fd);
  errno = saved_errno;
  return next;
}

/* The folder that an entry is in, step by step, since a folder on the way may become a link at any moment; none of
 * which goes up. entry: (out) (transfer full): may be no name, as what is left of one that is too deep. Returns: that
 * folder, or -1. */
static int
open_parent (const char *folder, const char *name, char **entry)
{
  g_auto (GStrv) entries = g_strsplit (name, "/", MAX_DEPTH + 3);
  guint n_entries = g_strv_length (entries);
  int fd = open (folder, O_PATH | FOLDER_FLAGS);

  if (n_entries > 0 && !is_earlier (entries[0]))
    fd = step_into (fd, OUTPUT, O_PATH | FOLDER_FLAGS);
  for (guint i = 0; i + 1 < n_entries; i++)
    fd = step_into (fd, entries[i], O_PATH | FOLDER_FLAGS);
  *entry = g_strdup (n_entries > 0 ? entries[n_entries - 1] : "");
  return fd;
}

int
salon_job_files_open (const char *folder, const char *name, struct stat *status, GError **error)
{
  g_autofree char *entry = NULL;
  int parent = open_parent (folder, name, &entry);
  int fd = step_into (parent, entry, FILE_FLAGS);

  if (fd < 0 && (errno == EMFILE || errno == ENFILE))
    {
      g_set_error_literal (
          error, SALON_ERROR, SALON_ERROR_INTERNAL, "There are too many open files for another; try again in a moment");
      return -1;
    }
  if (fd >= 0 && fstat (fd, status) == 0 && S_ISREG (status->st_mode))
    return fd;
  if (fd >= 0)
    close (fd);
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_FILE_NOT_FOUND, "The job has no such file");
  return -1;
}

/* -- deleting -- */

gboolean
salon_job_files_remove (const char *folder, const char *name)
{
  g_autofree char *entry = NULL;
  int fd = open_parent (folder, name, &entry);
  gboolean is_removed = fd >= 0 && is_name (entry) && unlinkat (fd, entry, 0) == 0;

  if (fd >= 0)
    close (fd);
  return is_removed;
}
