/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-recorder-manifest.h"

#include <gio/gio.h>

static void
add_time (JsonObject *object, gint64 began_us)
{
  g_autoptr (GDateTime) second = g_date_time_new_from_unix_utc (began_us / G_USEC_PER_SEC);
  g_autofree char *text = g_date_time_format (second, "%Y-%m-%dT%H:%M:%S");
  g_autofree char *whole = g_strdup_printf ("%s.%03dZ", text, (int)(began_us / 1000 % 1000));

  json_object_set_string_member (object, "began_at", whole);
}

static void
add_files (JsonObject *object, GPtrArray *files)
{
  JsonArray *array = json_array_new ();
  GstClockTime end = 0;
  gint64 size_bytes = 0;

  for (guint i = 0; i < files->len; i++)
    {
      SalonRecorderFile *file = g_ptr_array_index (files, i);

      if (salon_recorder_file_is_waiting (file))
        continue;
      json_array_add_object_element (array, salon_recorder_file_describe (file));
      size_bytes += salon_recorder_file_get_size (file);
      end = MAX (end, salon_recorder_file_get_end (file));
    }
  json_object_set_int_member (object, "duration_ms", (gint64)GST_TIME_AS_MSECONDS (end));
  json_object_set_int_member (object, "size_bytes", size_bytes);
  json_object_set_array_member (object, "files", array);
}

gboolean
salon_recorder_manifest_write (const SalonRecorderManifest *self, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, SALON_RECORDER_MANIFEST, NULL);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  g_autofree char *text = NULL;

  json_object_set_int_member (object, "version", 1);
  json_object_set_string_member (object, "room", self->room);
  json_object_set_string_member (object, "state", self->state);
  if (self->error != NULL)
    json_object_set_string_member (object, "error", self->error);
  add_time (object, self->began_us);
  add_files (object, self->files);
  json_node_take_object (node, object);
  text = json_to_string (node, TRUE);
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}
