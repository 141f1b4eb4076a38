/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-upload-target.h"

#include <string.h>

#include "salon-json.h"

#define MAX_CHARS 2048

void
salon_upload_target_clear (SalonUploadTarget *self)
{
  g_clear_pointer (&self->endpoint, g_free);
  g_clear_pointer (&self->bucket, g_free);
  g_clear_pointer (&self->region, g_free);
  g_clear_pointer (&self->access_key, g_free);
  g_clear_pointer (&self->secret_key, g_free);
}

char *
salon_upload_target_get_url (const SalonUploadTarget *self, const char *key)
{
  /* What Amazon's signature, version 4, takes as it is: RFC 3986's unreserved characters, and slashes. */
  g_autofree char *path = g_uri_escape_string (key, "/", FALSE);
  const char *host = strstr (self->endpoint, "://") + strlen ("://");

  if (!self->is_virtual_host)
    return g_strdup_printf ("%s/%s/%s", self->endpoint, self->bucket, path);
  return g_strdup_printf ("%.*s%s.%s/%s", (int)(host - self->endpoint), self->endpoint, self->bucket, host, path);
}

JsonObject *
salon_upload_target_to_json (const SalonUploadTarget *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "endpoint", self->endpoint);
  json_object_set_string_member (object, "bucket", self->bucket);
  json_object_set_string_member (object, "region", self->region);
  json_object_set_string_member (object, "access_key", self->access_key);
  json_object_set_string_member (object, "secret_key", self->secret_key);
  json_object_set_boolean_member (object, "virtual_host", self->is_virtual_host);
  json_object_set_int_member (object, "bandwidth_kbps", self->bandwidth_kbps);
  json_object_set_boolean_member (object, "delete_local", self->must_delete_local);
  return object;
}

static gboolean
read_text (JsonObject *object, const char *name, char **text, GError **error)
{
  const char *value;

  if (!salon_json_get_string (object, name, 1, MAX_CHARS, &value, error))
    return FALSE;
  *text = g_strdup (value);
  return TRUE;
}

gboolean
salon_upload_target_from_json (SalonUploadTarget *self, JsonObject *object, GError **error)
{
  gint64 bandwidth_kbps;

  if (!read_text (object, "endpoint", &self->endpoint, error) || !read_text (object, "bucket", &self->bucket, error)
      || !read_text (object, "region", &self->region, error)
      || !read_text (object, "access_key", &self->access_key, error)
      || !read_text (object, "secret_key", &self->secret_key, error)
      || !salon_json_get_boolean (object, "virtual_host", &self->is_virtual_host, error)
      || !salon_json_get_int (object, "bandwidth_kbps", 0, G_MAXUINT32, &bandwidth_kbps, error)
      || !salon_json_get_boolean (object, "delete_local", &self->must_delete_local, error))
    return FALSE;
  self->bandwidth_kbps = (guint)bandwidth_kbps;
  return strstr (self->endpoint, "://") != NULL;
}
