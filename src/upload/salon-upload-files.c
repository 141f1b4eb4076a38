/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE /* nftw() */
#include "salon-upload-files.h"

#include <ftw.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>

#include "salon-job-folder.h"
#include "salon-limits.h"

/* Descriptors that a walk may have open. */
#define MAX_OPEN 8

/* nftw() has no room for a closure. */
static _Thread_local GPtrArray *found;

static void
file_free (SalonUploadFile *file)
{
  g_free (file->path);
  g_free (file);
}

static int
add_file (const char *path, const struct stat *status, int kind, struct FTW *where)
{
  SalonUploadFile *file;

  if (kind != FTW_F || !S_ISREG (status->st_mode))
    return 0;
  file = g_new0 (SalonUploadFile, 1);
  file->path = g_strdup (path);
  file->size_bytes = status->st_size;
  g_ptr_array_add (found, file);
  return found->len > SALON_LIMIT_UPLOAD_FILES;
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(SalonUploadFile *const *)a)->path, (*(SalonUploadFile *const *)b)->path);
}

GPtrArray *
salon_upload_files_list (GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify)file_free);
  g_autoptr (GDir) dir = g_dir_open (".", 0, error);
  const char *name;

  if (dir == NULL)
    return NULL;
  found = files;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      if (salon_job_folder_is_output (name))
        (void)!nftw (name, add_file, MAX_OPEN, FTW_PHYS);
    }
  found = NULL;
  if (files->len > SALON_LIMIT_UPLOAD_FILES)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "There are more than %d files, which are too many to upload",
          SALON_LIMIT_UPLOAD_FILES);
      return NULL;
    }
  g_ptr_array_sort (files, compare_paths);
  return g_steal_pointer (&files);
}

const char *
salon_upload_file_get_name (const SalonUploadFile *self)
{
  const char *last = SALON_JOB_OUTPUT "/";

  return g_str_has_prefix (self->path, last) ? self->path + strlen (last) : self->path;
}

char *
salon_upload_file_guess_type (const SalonUploadFile *self)
{
  g_autofree char *type = g_content_type_guess (self->path, NULL, 0, NULL);

  return g_content_type_get_mime_type (type);
}
