/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-slot-caps.h"

/* extmap-3="urn:..." or extmap-3=<"direction", "urn:...", "attributes">. (transfer none) (nullable) */
static const char *
get_extmap_uri (const GValue *value)
{
  if (GST_VALUE_HOLDS_ARRAY (value) && gst_value_array_get_size (value) >= 2)
    value = gst_value_array_get_value (value, 1);
  return G_VALUE_HOLDS_STRING (value) ? g_value_get_string (value) : NULL;
}

/* The id of an extmap field, its URI in *uri; 0 for any other field. */
static guint8
parse_extmap (GQuark field, const GValue *value, const char **uri)
{
  const char *name = g_quark_to_string (field);
  guint64 id;

  if (!g_str_has_prefix (name, "extmap-") || (*uri = get_extmap_uri (value)) == NULL)
    return 0;
  if (!g_ascii_string_to_unsigned (name + strlen ("extmap-"), 10, 1, 255, &id, NULL))
    return 0;
  return id;
}

typedef struct
{
  const char *uri;
  guint8 id;
} ExtmapSearch;

static gboolean
stop_at_uri (GQuark field, const GValue *value, gpointer user_data)
{
  ExtmapSearch *search = user_data;
  const char *uri;
  guint8 id = parse_extmap (field, value, &uri);

  if (id != 0 && g_str_equal (uri, search->uri))
    search->id = id;
  return search->id == 0;
}

typedef struct
{
  const GstStructure *input;
  SalonExtensionMap *map;
} ExtmapMatch;

static gboolean
add_output_extension (GQuark field, const GValue *value, gpointer user_data)
{
  ExtmapMatch *match = user_data;
  ExtmapSearch search = { 0 };
  guint8 out_id = parse_extmap (field, value, &search.uri);

  if (out_id != 0)
    {
      gst_structure_foreach (match->input, stop_at_uri, &search);
      salon_extension_map_add (match->map, search.uri, search.id, out_id);
    }
  return TRUE;
}

/* (transfer none) (nullable) */
static const GstStructure *
find_codec (const GstCaps *caps, SalonCodec wanted)
{
  for (guint i = 0; i < gst_caps_get_size (caps); i++)
    {
      const GstStructure *structure = gst_caps_get_structure (caps, i);
      SalonCodec codec;

      if (salon_codec_from_encoding_name (gst_structure_get_string (structure, "encoding-name"), &codec)
          && codec == wanted)
        return structure;
    }
  return NULL;
}

static guint8
get_payload_type (const GstStructure *structure, SalonCodec codec)
{
  int payload_type;

  if (!gst_structure_get_int (structure, "payload", &payload_type) || payload_type < 0 || payload_type > 127)
    return salon_codec_get_info (codec)->payload_type;
  return (guint8)payload_type;
}

/* Without the numbers of the input's own stream, which the slot replaces. */
static GstCaps *
make_caps (const GstStructure *structure, guint8 payload_type, guint32 ssrc)
{
  GstStructure *copy = gst_structure_copy (structure);

  gst_structure_remove_fields (copy, "seqnum-base", "clock-base", "seqnum-offset", "timestamp-offset", NULL);
  gst_structure_set (copy, "payload", G_TYPE_INT, (int)payload_type, "ssrc", G_TYPE_UINT, ssrc, NULL);
  return gst_caps_fixate (gst_caps_new_full (copy, NULL));
}

GstCaps *
salon_slot_caps_match (const GstCaps *input, const GstCaps *output, guint32 ssrc, SalonRewriterSource *source)
{
  const GstStructure *from
      = gst_caps_is_empty (input) || gst_caps_is_any (input) ? NULL : gst_caps_get_structure (input, 0);
  const GstStructure *to = from;
  ExtmapSearch dependencies = { .uri = SALON_URI_DEPENDENCY_DESCRIPTOR };
  const GstStructure *red = NULL;
  SalonCodec codec;
  int clock_rate;

  if (from == NULL || !salon_codec_from_encoding_name (gst_structure_get_string (from, "encoding-name"), &codec))
    return NULL;
  /* As it is, there is nothing to read in it. */
  if (output == NULL && codec == SALON_CODEC_RED)
    codec = SALON_CODEC_OPUS;
  if (output != NULL && (to = find_codec (output, codec == SALON_CODEC_RED ? SALON_CODEC_OPUS : codec)) == NULL)
    return NULL;
  if (codec == SALON_CODEC_RED)
    red = find_codec (output, SALON_CODEC_RED);
  if (!gst_structure_get_int (from, "clock-rate", &clock_rate) || clock_rate <= 0)
    clock_rate = salon_codec_get_info (codec)->clock_rate;
  *source = (SalonRewriterSource){ .codec = codec,
    .clock_rate = clock_rate,
    .payload_type = get_payload_type (to, codec),
    .red_payload_type = red != NULL ? get_payload_type (red, SALON_CODEC_RED) : 0 };
  gst_structure_foreach (from, stop_at_uri, &dependencies);
  salon_extension_map_add (&source->extensions, dependencies.uri, dependencies.id, 0);
  gst_structure_foreach (to, add_output_extension, &(ExtmapMatch){ .input = from, .map = &source->extensions });
  return make_caps (to, source->payload_type, ssrc);
}

gboolean
salon_slot_caps_have_video (const GstCaps *caps)
{
  for (guint i = 0; i < gst_caps_get_size (caps); i++)
    {
      if (g_strcmp0 (gst_structure_get_string (gst_caps_get_structure (caps, i), "media"), "audio") != 0)
        return TRUE;
    }
  return FALSE;
}
