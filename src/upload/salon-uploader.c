/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE /* O_NOFOLLOW */
#include "salon-uploader.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "salon-content-type.h"
#include "salon-job-files.h"
#include "salon-job-folder.h"
#include "salon-json-link.h"
#include "salon-json.h"
#include "salon-limits.h"
#include "salon-s3.h"
#include "salon-upload-status.h"

/* "." is the job's folder. */
#define FOLDER "."
/* A file that is longer goes up in parts of this size, so that little is lost when the network breaks; or, where there
 * would be too many, of larger ones. */
#define PART_BYTES ((gint64)16 * 1024 * 1024)
/* S3's bound. */
#define MAX_KEY_BYTES 1024
#define TELL_INTERVAL_US G_USEC_PER_SEC
/* A keeper has said that the job is over before its process has ended, and so has an uploader. */
#define LOCK_PATIENCE_MS 5000

typedef struct
{
  SalonJsonLink *link; /* (owned) */
  gboolean is_alone;   /* the server is gone */
  SalonUploadTarget target;
  SalonUploadStatus status;
  gboolean has_order;
  SalonS3 *s3;       /* (owned) (nullable) */
  gint64 done_bytes; /* of files and parts that have come */
  gint64 told_us;
  gboolean is_first; /* nobody has tried before */
} Uploader;

/* -- the server -- */

static void
tell (Uploader *self)
{
  JsonObject *message = json_object_new ();

  salon_upload_status_to_json (&self->status, message);
  salon_json_link_send (self->link, message);
  self->told_us = g_get_monotonic_time ();
}

static gboolean
save (Uploader *self, GError **error)
{
  return salon_upload_status_save (&self->status, FOLDER, error);
}

static gboolean
on_progress (gint64 bytes, gpointer user_data)
{
  Uploader *self = user_data;

  self->status.bytes = MIN (self->done_bytes + bytes, self->status.total);
  if (g_get_monotonic_time () - self->told_us > TELL_INTERVAL_US)
    tell (self);
  /* This is all that the link ever gets to run, while there is work. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  return !self->is_alone;
}

static void
on_closed (SalonJsonLink *link, Uploader *self)
{
  self->is_alone = TRUE;
}

static void
on_message (SalonJsonLink *link, JsonObject *message, Uploader *self)
{
  JsonObject *target;
  const char *prefix;

  if (self->has_order || !salon_json_get_object (message, "target", &target, NULL)
      || !salon_json_get_string (message, "prefix", 1, MAX_KEY_BYTES, &prefix, NULL)
      || !salon_upload_target_from_json (&self->target, target, NULL))
    {
      self->is_alone = TRUE;
      return;
    }
  self->is_first = !salon_upload_status_load (&self->status, FOLDER) || self->status.total == 0;
  g_free (self->status.prefix);
  self->status.prefix = g_strdup (prefix);
  self->has_order = TRUE;
}

/* -- a file -- */

static gboolean
check_key (const char *key, GError **error)
{
  if (strlen (key) <= MAX_KEY_BYTES)
    return TRUE;
  g_set_error (error, SALON_S3_ERROR, SALON_S3_ERROR_REFUSED,
      "The store takes no name that is longer than %d bytes: choose a shorter s3-prefix", MAX_KEY_BYTES);
  return FALSE;
}

/* That the store has all of it. */
static gboolean
verify (Uploader *self, const SalonJobFile *file, const char *key, const char *etag, GError **error)
{
  g_autofree char *found = NULL;
  gint64 size_bytes = -1;

  if (!salon_s3_head (self->s3, key, &size_bytes, &found, error))
    return FALSE;
  if (size_bytes == file->size_bytes && g_strcmp0 (found, etag) == 0)
    return TRUE;
  g_set_error_literal (error, SALON_S3_ERROR, SALON_S3_ERROR_AWAY, "The store has something else than what was sent");
  return FALSE;
}

/* Whether an attempt before has brought it there. The key has the job's id: nobody else's file is meant. Of the one
 * that was put last it is known what the store has to have; those before were asked for. One behind, whose answer
 * nobody has read, is worth the question only if it is large: of that, each part has come. */
static gboolean
is_there (Uploader *self, const SalonJobFile *file, const char *key)
{
  const SalonUploadPut *put = &self->status.put;
  int order = put->file != NULL ? strcmp (file->name, put->file) : 1;
  g_autofree char *etag = NULL;
  gint64 size_bytes = -1;

  if (self->is_first || (order > 0 && file->size_bytes <= PART_BYTES)
      || !salon_s3_head (self->s3, key, &size_bytes, &etag, NULL))
    return FALSE;
  return size_bytes == file->size_bytes && (order != 0 || g_strcmp0 (etag, put->etag) == 0);
}

static gboolean
put_whole (Uploader *self, const SalonJobFile *file, const char *key, int fd, char **etag, GError **error)
{
  const SalonS3Piece all = { fd, 0, file->size_bytes };

  return salon_s3_put (self->s3, key, salon_content_type_of_media (file->name), &all, etag, error);
}

/* Those that an attempt before has begun, or new ones. */
static gboolean
begin_parts (Uploader *self, const SalonJobFile *file, const char *key, GError **error)
{
  SalonUploadParts *parts = &self->status.parts;
  gint64 least_bytes = (file->size_bytes + SALON_LIMIT_UPLOAD_PARTS - 1) / SALON_LIMIT_UPLOAD_PARTS;

  if (g_strcmp0 (parts->file, file->name) == 0)
    return TRUE;
  salon_upload_parts_clear (parts);
  parts->id = salon_s3_begin_parts (self->s3, key, salon_content_type_of_media (file->name), error);
  if (parts->id == NULL)
    return FALSE;
  parts->file = g_strdup (file->name);
  parts->part_bytes = MAX (PART_BYTES, least_bytes);
  parts->etags = g_ptr_array_new_with_free_func (g_free);
  return save (self, error);
}

static gboolean
put_parts (Uploader *self, const SalonJobFile *file, const char *key, int fd, GError **error)
{
  SalonUploadParts *parts = &self->status.parts;
  gint64 file_began_bytes = self->done_bytes;

  for (gint64 at = parts->etags->len * parts->part_bytes; at < file->size_bytes; at += parts->part_bytes)
    {
      const SalonS3Piece piece = { fd, at, MIN (parts->part_bytes, file->size_bytes - at) };
      char *etag = NULL;

      self->done_bytes = file_began_bytes + at;
      if (!salon_s3_put_part (self->s3, key, parts->id, parts->etags->len + 1, &piece, &etag, error))
        return FALSE;
      g_ptr_array_add (parts->etags, etag);
      if (!save (self, error))
        return FALSE;
    }
  self->done_bytes = file_began_bytes;
  return TRUE;
}

static gboolean
put_in_parts (Uploader *self, const SalonJobFile *file, const char *key, int fd, char **etag, GError **error)
{
  SalonUploadParts *parts = &self->status.parts;
  g_autoptr (GError) local_error = NULL;

  if (!begin_parts (self, file, key, error))
    return FALSE;
  if (put_parts (self, file, key, fd, &local_error)
      && salon_s3_complete_parts (self->s3, key, parts->id, parts->etags, etag, &local_error))
    {
      salon_upload_parts_clear (parts);
      return TRUE;
    }
  /* The store has forgotten them, as it may after some days; or this is the answer to one that was completed, and
   * killed before it knew. Either way, the next attempt knows what to do. */
  if (g_error_matches (local_error, SALON_S3_ERROR, SALON_S3_ERROR_NOT_FOUND))
    {
      salon_upload_parts_clear (parts);
      local_error->code = SALON_S3_ERROR_AWAY;
    }
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
put_file (Uploader *self, const SalonJobFile *file, const char *key, GError **error)
{
  struct stat status;
  int fd = salon_job_files_open (FOLDER, file->name, &status, error);
  g_autofree char *etag = NULL;
  gboolean is_put;

  if (fd < 0)
    return FALSE;
  is_put = file->size_bytes > PART_BYTES ? put_in_parts (self, file, key, fd, &etag, error)
                                         : put_whole (self, file, key, fd, &etag, error);
  close (fd);
  if (!is_put)
    return FALSE;
  salon_upload_status_set_put (&self->status, file->name, etag);
  return save (self, error) && verify (self, file, key, etag, error);
}

static gboolean
upload_file (Uploader *self, const SalonJobFile *file, GError **error)
{
  g_autofree char *key = g_strconcat (self->status.prefix, "/", file->name, NULL);

  if (!check_key (key, error) || (!is_there (self, file, key) && !put_file (self, file, key, error)))
    return FALSE;
  self->done_bytes += file->size_bytes;
  if (on_progress (0, self))
    return TRUE;
  g_set_error_literal (error, SALON_S3_ERROR, SALON_S3_ERROR_ABANDONED, "The server is gone");
  return FALSE;
}

/* -- all files -- */

/* An attempt before may have deleted some, once all had come. */
static void
count (Uploader *self, GPtrArray *files)
{
  gint64 total = 0;

  for (guint i = 0; i < files->len; i++)
    total += ((SalonJobFile *)g_ptr_array_index (files, i))->size_bytes;
  self->status.total = MAX (self->status.total, total);
  self->done_bytes = self->status.total - total;
}

static void
delete_files (Uploader *self, GPtrArray *files)
{
  for (guint i = 0; i < files->len; i++)
    salon_job_files_remove (FOLDER, ((SalonJobFile *)g_ptr_array_index (files, i))->name);
  self->status.is_deleted_here = TRUE;
}

static gboolean
upload (Uploader *self, GError **error)
{
  gboolean is_cut;
  g_autoptr (GPtrArray) files = salon_job_files_list (FOLDER, &is_cut);

  if (is_cut)
    {
      g_set_error (error, SALON_S3_ERROR, SALON_S3_ERROR_REFUSED,
          "There are more than %d files and folders, which are too many to upload", SALON_LIMIT_JOB_FILES);
      return FALSE;
    }
  count (self, files);
  salon_upload_status_set (&self->status, SALON_UPLOAD_RUNNING, NULL);
  if (!save (self, error))
    return FALSE;
  tell (self);
  for (guint i = 0; i < files->len; i++)
    {
      if (!upload_file (self, g_ptr_array_index (files, i), error))
        return FALSE;
    }
  if (self->target.must_delete_local)
    delete_files (self, files);
  return TRUE;
}

/* Parts that nobody will complete are paid for. */
static void
abort_parts (Uploader *self)
{
  g_autofree char *key = NULL;

  if (self->status.parts.id == NULL)
    return;
  key = g_strconcat (self->status.prefix, "/", self->status.parts.file, NULL);
  (void)!salon_s3_abort_parts (self->s3, key, self->status.parts.id, NULL);
  salon_upload_parts_clear (&self->status.parts);
}

static void
finish (Uploader *self, const GError *error)
{
  g_autoptr (GError) save_error = NULL;

  if (error == NULL)
    salon_upload_status_set (&self->status, SALON_UPLOAD_DONE, NULL);
  else if (g_error_matches (error, SALON_S3_ERROR, SALON_S3_ERROR_AWAY) || error->domain != SALON_S3_ERROR)
    salon_upload_status_set (&self->status, SALON_UPLOAD_WAITING, error->message);
  else
    {
      abort_parts (self);
      salon_upload_status_set (&self->status, SALON_UPLOAD_FAILED, error->message);
    }
  if (!save (self, &save_error) && error == NULL)
    salon_upload_status_set (&self->status, SALON_UPLOAD_WAITING, save_error->message);
  tell (self);
}

static void
uploader_clear (Uploader *self)
{
  g_clear_pointer (&self->s3, salon_s3_free);
  g_clear_object (&self->link);
  salon_upload_target_clear (&self->target);
  salon_upload_status_clear (&self->status);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Uploader, uploader_clear)

int
salon_uploader_run (int fd)
{
  g_auto (Uploader) self = { 0 };
  g_autoptr (GError) error = NULL;

  self.link = salon_json_link_new_for_fd (fd, NULL);
  if (self.link == NULL || !salon_job_folder_take_lock (FOLDER, LOCK_PATIENCE_MS))
    return EXIT_FAILURE;
  g_signal_connect (self.link, "message", G_CALLBACK (on_message), &self);
  g_signal_connect (self.link, "closed", G_CALLBACK (on_closed), &self);
  while (!self.has_order && !self.is_alone)
    g_main_context_iteration (NULL, TRUE);
  if (self.is_alone)
    return EXIT_FAILURE;
  self.s3 = salon_s3_new (&self.target, on_progress, &self);
  if (!upload (&self, &error) && g_error_matches (error, SALON_S3_ERROR, SALON_S3_ERROR_ABANDONED))
    return EXIT_FAILURE;
  finish (&self, error);
  return error == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}
