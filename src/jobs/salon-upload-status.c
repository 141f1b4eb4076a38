/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-upload-status.h"

#include <gio/gio.h>

#include "salon-json.h"
#include "salon-limits.h"

#define FILE_NAME "upload.json"
#define MAX_ERROR_CHARS 1000
/* Of what the store makes up, and of paths. */
#define MAX_TEXT_CHARS 2048

static const char *const state_names[] = {
  [SALON_UPLOAD_WAITING] = "waiting",
  [SALON_UPLOAD_RUNNING] = "running",
  [SALON_UPLOAD_DONE] = "done",
  [SALON_UPLOAD_FAILED] = "failed",
};

void
salon_upload_parts_clear (SalonUploadParts *self)
{
  g_clear_pointer (&self->file, g_free);
  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->etags, g_ptr_array_unref);
}

void
salon_upload_status_clear (SalonUploadStatus *self)
{
  g_clear_pointer (&self->prefix, g_free);
  g_clear_pointer (&self->error, g_free);
  salon_upload_parts_clear (&self->parts);
  salon_upload_status_set_put (self, NULL, NULL);
}

void
salon_upload_status_set (SalonUploadStatus *self, SalonUploadState state, const char *error)
{
  char *copy = g_strdup (error);

  self->state = state;
  g_free (self->error);
  self->error = copy;
}

void
salon_upload_status_set_put (SalonUploadStatus *self, const char *file, const char *etag)
{
  g_free (self->put.file);
  g_free (self->put.etag);
  self->put = (SalonUploadPut){ g_strdup (file), g_strdup (etag) };
}

/* -- what the server is told -- */

void
salon_upload_status_to_json (const SalonUploadStatus *self, JsonObject *object)
{
  json_object_set_string_member (object, "state", state_names[self->state]);
  json_object_set_int_member (object, "bytes", self->bytes);
  json_object_set_int_member (object, "total", self->total);
  json_object_set_boolean_member (object, "deleted_here", self->is_deleted_here);
  if (self->error != NULL)
    json_object_set_string_member (object, "error", self->error);
  else
    json_object_set_null_member (object, "error");
}

gboolean
salon_upload_status_update (SalonUploadStatus *self, JsonObject *object, GError **error)
{
  guint state = self->state;
  const char *text = NULL;

  if (!salon_json_get_choice (object, "state", state_names, G_N_ELEMENTS (state_names), &state, error)
      || !salon_json_get_int (object, "bytes", 0, G_MAXINT64, &self->bytes, error)
      || !salon_json_get_int (object, "total", 0, G_MAXINT64, &self->total, error)
      || !salon_json_get_boolean (object, "deleted_here", &self->is_deleted_here, error)
      || !salon_json_get_optional_string (object, "error", 0, MAX_ERROR_CHARS, &text, error))
    return FALSE;
  salon_upload_status_set (self, state, text);
  return TRUE;
}

/* -- the file -- */

static JsonObject *
parts_to_json (const SalonUploadParts *parts)
{
  JsonObject *object = json_object_new ();
  JsonArray *etags = json_array_new ();

  json_object_set_string_member (object, "file", parts->file);
  json_object_set_string_member (object, "id", parts->id);
  json_object_set_int_member (object, "part_bytes", parts->part_bytes);
  for (guint i = 0; i < parts->etags->len; i++)
    json_array_add_string_element (etags, g_ptr_array_index (parts->etags, i));
  json_object_set_array_member (object, "etags", etags);
  return object;
}

static gboolean
read_parts (SalonUploadParts *parts, JsonObject *object)
{
  g_auto (GStrv) etags = NULL;
  const char *file;
  const char *id;

  if (!salon_json_get_string (object, "file", 1, MAX_TEXT_CHARS, &file, NULL)
      || !salon_json_get_string (object, "id", 1, MAX_TEXT_CHARS, &id, NULL)
      || !salon_json_get_int (object, "part_bytes", 1, G_MAXINT64, &parts->part_bytes, NULL)
      || !salon_json_get_strings (object, "etags", SALON_LIMIT_UPLOAD_PARTS, &etags, NULL))
    return FALSE;
  parts->file = g_strdup (file);
  parts->id = g_strdup (id);
  parts->etags = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; etags[i] != NULL; i++)
    g_ptr_array_add (parts->etags, g_strdup (etags[i]));
  return TRUE;
}

static JsonObject *
put_to_json (const SalonUploadPut *put)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "file", put->file);
  json_object_set_string_member (object, "etag", put->etag);
  return object;
}

static gboolean
read_put (SalonUploadStatus *self, JsonObject *object)
{
  const char *file;
  const char *etag;

  if (!salon_json_get_string (object, "file", 1, MAX_TEXT_CHARS, &file, NULL)
      || !salon_json_get_string (object, "etag", 0, MAX_TEXT_CHARS, &etag, NULL))
    return FALSE;
  salon_upload_status_set_put (self, file, etag);
  return TRUE;
}

gboolean
salon_upload_status_save (const SalonUploadStatus *self, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, FILE_NAME, NULL);
  JsonObject *object = json_object_new ();

  salon_upload_status_to_json (self, object);
  json_object_set_string_member (object, "prefix", self->prefix);
  if (self->parts.id != NULL)
    json_object_set_object_member (object, "parts", parts_to_json (&self->parts));
  if (self->put.file != NULL)
    json_object_set_object_member (object, "put", put_to_json (&self->put));
  return salon_json_save (path, object, error);
}

static gboolean
read_file (SalonUploadStatus *self, JsonObject *object)
{
  const char *prefix;
  JsonObject *parts = NULL;
  JsonObject *put = NULL;

  if (!salon_upload_status_update (self, object, NULL)
      || !salon_json_get_string (object, "prefix", 1, MAX_TEXT_CHARS, &prefix, NULL)
      || !salon_json_get_optional_object (object, "parts", &parts, NULL)
      || !salon_json_get_optional_object (object, "put", &put, NULL)
      || (parts != NULL && !read_parts (&self->parts, parts)) || (put != NULL && !read_put (self, put)))
    return FALSE;
  g_free (self->prefix);
  self->prefix = g_strdup (prefix);
  return TRUE;
}

gboolean
salon_upload_status_load (SalonUploadStatus *self, const char *folder)
{
  g_autofree char *path = g_build_filename (folder, FILE_NAME, NULL);
  g_autoptr (JsonObject) object = salon_json_load (path, SALON_LIMIT_UPLOAD_FILE_BYTES, NULL);

  if (object != NULL && read_file (self, object))
    return TRUE;
  /* Half of one is none. */
  salon_upload_status_clear (self);
  *self = (SalonUploadStatus){ 0 };
  return FALSE;
}
