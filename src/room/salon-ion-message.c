/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ion-message.h"

#include "salon-error.h"
#include "salon-json.h"
#include "salon-limits.h"

/* By spatial layer + 1. */
static const char *const qualities[] = { "none", "low", "medium", "high" };
/* Frames a second. ion-sfu counts temporal layers: these are what cameras' usually come to. */
static const struct
{
  const char *name;
  guint frame_rate;
} frame_rates[] = { { "low", 8 }, { "medium", 15 }, { "high", 0 } };

/* -- reading -- */

static gboolean
refuse (GError **error, const char *name)
{
  g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "\"%s\" has no such value", name);
  return FALSE;
}

static gboolean
read_quality (const char *text, gint *layer)
{
  for (guint i = 0; i < G_N_ELEMENTS (qualities); i++)
    {
      if (g_str_equal (text, qualities[i]))
        {
          *layer = (gint)i - 1;
          return TRUE;
        }
    }
  return FALSE;
}

static gboolean
read_frame_rate (JsonObject *object, guint *frame_rate, GError **error)
{
  const char *text = "high";

  if (!salon_json_get_optional_string (object, "framerate", 1, 16, &text, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (frame_rates); i++)
    {
      if (g_str_equal (text, frame_rates[i].name))
        {
          *frame_rate = frame_rates[i].frame_rate;
          return TRUE;
        }
    }
  return refuse (error, "framerate");
}

static gboolean
read_layers (JsonArray *layers, gint *highest, GError **error)
{
  for (guint i = 0; i < json_array_get_length (layers); i++)
    {
      JsonNode *node = json_array_get_element (layers, i);
      gint layer;

      if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING
          || !read_quality (json_node_get_string (node), &layer))
        return refuse (error, "layers");
      *highest = MAX (*highest, layer);
    }
  return TRUE;
}

static gboolean
read_picture (SalonIonWish *self, JsonObject *object, GError **error)
{
  const char *video = NULL;
  JsonArray *layers = NULL;

  if (!salon_json_get_optional_string (object, "video", 1, 16, &video, error)
      || !salon_json_get_optional_array (object, "layers", G_N_ELEMENTS (qualities), &layers, error)
      || !read_frame_rate (object, &self->frame_rate, error))
    return FALSE;
  self->has_video = video != NULL || layers != NULL;
  self->max_layer = -1;
  if (video != NULL && !read_quality (video, &self->max_layer))
    return refuse (error, "video");
  return video != NULL || layers == NULL || read_layers (layers, &self->max_layer, error);
}

gboolean
salon_ion_wish_read (SalonIonWish *self, const char *text, gsize size, GError **error)
{
  g_autoptr (JsonNode) node = salon_json_parse (text, size, SALON_LIMIT_DATA_REQUEST_BYTES, error);
  JsonObject *object = node != NULL ? salon_json_node_as_object (node, "The message", error) : NULL;
  const char *stream;

  *self = (SalonIonWish){ .wants_audio = TRUE };
  if (object == NULL || !salon_json_get_string (object, "streamId", 1, sizeof self->stream - 1, &stream, error)
      || !read_picture (self, object, error)
      || !salon_json_get_optional_boolean (object, "audio", &self->wants_audio, error))
    return FALSE;
  self->has_audio = json_object_has_member (object, "audio");
  /* One of other characters is nobody's. */
  g_strlcpy (self->stream, stream, sizeof self->stream);
  return TRUE;
}

/* -- writing -- */

/* params: (transfer full) */
static char *
write_message (const char *method, JsonNode *params)
{
  JsonObject *message = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_string_member (message, "method", method);
  json_object_set_member (message, "params", params);
  json_node_take_object (node, message);
  return salon_json_to_text (node);
}

char *
salon_ion_write_speakers (GPtrArray *streams)
{
  JsonArray *params = json_array_new ();
  JsonNode *node;

  for (guint i = 0; i < streams->len; i++)
    json_array_add_string_element (params, g_ptr_array_index (streams, i));
  node = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (node, params);
  return write_message ("audioLevels", node);
}

char *
salon_ion_write_layer (const char *stream, gint spatial, const SalonPublicationLayer *layers, guint n_layers)
{
  JsonObject *params = json_object_new ();
  JsonArray *available = json_array_new ();
  JsonNode *node;

  for (guint i = 0; i < n_layers; i++)
    json_array_add_string_element (available, qualities[layers[i].spatial + 1]);
  json_object_set_string_member (params, "streamId", stream);
  json_object_set_string_member (params, "activeLayer", qualities[spatial + 1]);
  json_object_set_array_member (params, "availableLayers", available);
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (node, params);
  return write_message ("activeLayer", node);
}
