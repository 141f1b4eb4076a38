/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-src-messages.h"

#include "salon-json.h"

JsonObject *
salon_src_messages_new_settings (const char *track_id, const SalonWish *wish)
{
  JsonObject *params = json_object_new ();
  gboolean is_off = wish == NULL || wish->is_paused;

  json_object_set_string_member (params, "track", track_id);
  json_object_set_string_member (params, "quality", is_off ? "off" : "high");
  if (!is_off && wish->width > 0)
    json_object_set_int_member (params, "width", wish->width);
  if (!is_off && wish->height > 0)
    json_object_set_int_member (params, "height", wish->height);
  return params;
}

GstStructure *
salon_src_messages_read_speakers (JsonObject *params)
{
  const char *leader = "";
  JsonArray *speakers = NULL;
  GstStructure *structure;
  GValue ids = G_VALUE_INIT;

  if (!salon_json_get_optional_string (params, "leader", 0, G_MAXUINT, &leader, NULL)
      || !salon_json_get_optional_array (params, "speakers", G_MAXUINT, &speakers, NULL))
    return NULL;
  gst_value_list_init (&ids, speakers != NULL ? json_array_get_length (speakers) : 0);
  for (guint i = 0; speakers != NULL && i < json_array_get_length (speakers); i++)
    {
      GValue id = G_VALUE_INIT;
      JsonObject *speaker;
      const char *text;

      if (!salon_json_array_get_object (speakers, "speakers", i, &speaker, NULL)
          || !salon_json_get_string (speaker, "participant", 1, G_MAXUINT, &text, NULL))
        continue;
      g_value_init (&id, G_TYPE_STRING);
      g_value_set_string (&id, text);
      gst_value_list_append_and_take_value (&ids, &id);
    }
  structure = gst_structure_new ("salon-speakers", "leader", G_TYPE_STRING, leader, NULL);
  gst_structure_take_value (structure, "speakers", &ids);
  return structure;
}
