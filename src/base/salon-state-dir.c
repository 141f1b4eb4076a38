/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-state-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_NAME "server.lock"

struct _SalonStateDir
{
  char *path; /* (owned): absolute */
  int lock_fd;
};

static gboolean
set_errno_error (GError **error, const char *what, const char *path)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s %s: %s", what, path, g_strerror (code));
  return FALSE;
}

/* Whether the folder is empty, or one that we have used before. */
static gboolean
is_ours (SalonStateDir *self)
{
  g_autofree char *lock_path = g_build_filename (self->path, LOCK_NAME, NULL);
  g_autoptr (GDir) dir = g_dir_open (self->path, 0, NULL);

  return g_file_test (lock_path, G_FILE_TEST_EXISTS) || (dir != NULL && g_dir_read_name (dir) == NULL);
}

/* A folder that was there before, and that others can enter: made private if it is meant for us, or a slip of the pen
 * ("/tmp") would lock everybody out of something else. */
static gboolean
make_private (SalonStateDir *self, GError **error)
{
  GStatBuf status;

  if (g_stat (self->path, &status) != 0)
    return set_errno_error (error, "Cannot use", self->path);
  if ((status.st_mode & 0077) == 0 || (is_ours (self) && g_chmod (self->path, 0700) == 0))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
      "others may enter %s, which will hold secrets; chmod it to 700, or name another folder with --state-dir",
      self->path);
  return FALSE;
}

static gboolean
take_lock (SalonStateDir *self, GError **error)
{
  g_autofree char *lock_path = g_build_filename (self->path, LOCK_NAME, NULL);

  self->lock_fd = g_open (lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (self->lock_fd < 0)
    return set_errno_error (error, "Cannot write", lock_path);
  if (flock (self->lock_fd, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  if (errno != EWOULDBLOCK)
    return set_errno_error (error, "Cannot lock", lock_path);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
      "another salon-server is using %s; stop it, or give this one its own --state-dir", self->path);
  return FALSE;
}

SalonStateDir *
salon_state_dir_open (const char *path, GError **error)
{
  g_autoptr (SalonStateDir) self = g_new0 (SalonStateDir, 1);

  self->path = g_canonicalize_filename (path, NULL);
  self->lock_fd = -1;
  if (g_mkdir_with_parents (self->path, 0700) != 0)
    {
      set_errno_error (error, "Cannot create", self->path);
      return NULL;
    }
  if (!make_private (self, error) || !take_lock (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
salon_state_dir_free (SalonStateDir *self)
{
  if (self == NULL)
    return;
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  g_free (self->path);
  g_free (self);
}

const char *
salon_state_dir_get_path (SalonStateDir *self)
{
  return self->path;
}

char *
salon_state_dir_remember (SalonStateDir *self, const char *name, char *(*create) (void), GError **error)
{
  g_autofree char *path = g_build_filename (self->path, name, NULL);
  g_autofree char *line = NULL;
  g_autofree char *content = NULL;
  g_autoptr (GError) local_error = NULL;

  if (g_file_get_contents (path, &line, NULL, &local_error))
    {
      g_strstrip (line);
      if (*line != '\0')
        return g_steal_pointer (&line);
    }
  else if (!g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  g_free (line);
  line = create ();
  content = g_strconcat (line, "\n", NULL);
  if (!g_file_set_contents_full (path, content, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error))
    return NULL;
  return g_steal_pointer (&line);
}
