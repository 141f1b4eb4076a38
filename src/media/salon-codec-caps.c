/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-codec-caps.h"

#include <string.h>

#include "salon-extension-map.h"

#define EXT_MID "urn:ietf:params:rtp-hdrext:sdes:mid"
#define EXT_AUDIO_LEVEL "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
#define EXT_TWCC "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define EXT_ORIENTATION "urn:3gpp:video-orientation"

/* The header extensions we use (RFC 8285): to tell m-lines apart, for speakers, congestion, and phones held upright.
 * The ids are those of our own offers; in an answer the client's ids count. */
static const struct
{
  const char *uri;
  guint offered_id; /* 0: only accepted, never offered: webrtcbin doesn't write it */
  gboolean for_audio;
  gboolean for_video;
  gboolean is_of_simulcast; /* of use there alone */
  gboolean tells_layers;    /* of use where the payload does not tell them */
} extensions[] = {
  { EXT_MID, 0, TRUE, TRUE },
  { EXT_AUDIO_LEVEL, 1, TRUE, FALSE },
  { EXT_TWCC, 3, TRUE, TRUE },
  { EXT_ORIENTATION, 4, FALSE, TRUE },
  { SALON_URI_DEPENDENCY_DESCRIPTOR, 5, FALSE, TRUE, FALSE, TRUE },
  { SALON_URI_RID, 0, FALSE, TRUE, TRUE },
  { SALON_URI_REPAIRED_RID, 0, FALSE, TRUE, TRUE },
};

/* The descriptors of VP8 and VP9 tell their layers, and a second opinion would not fit them once layers are left out.
 */
static gboolean
can_use (const SalonCodecInfo *info, const char *uri)
{
  for (guint i = 0; i < G_N_ELEMENTS (extensions); i++)
    {
      if (g_str_equal (uri, extensions[i].uri))
        return !extensions[i].tells_layers || info == salon_codec_get_info (SALON_CODEC_AV1)
               || info == salon_codec_get_info (SALON_CODEC_H264);
    }
  return TRUE;
}

const char *
salon_codec_caps_find_extension (const char *uri, gboolean has_simulcast)
{
  for (guint i = 0; i < G_N_ELEMENTS (extensions); i++)
    {
      if (g_str_equal (uri, extensions[i].uri) && (has_simulcast || !extensions[i].is_of_simulcast))
        return extensions[i].uri;
    }
  return NULL;
}

static gboolean
is_sent (const char *uri)
{
  for (guint i = 0; i < G_N_ELEMENTS (extensions); i++)
    {
      if (g_str_equal (uri, extensions[i].uri))
        return extensions[i].offered_id != 0;
    }
  return FALSE;
}

/* The description has only extensions that we use, as "3 uri" (see salon_sdp_extension_copy()). */
static void
accept_extensions (const GstSDPMedia *media, const SalonCodecInfo *info, gboolean is_sender, GstStructure *structure)
{
  const char *value;

  for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n (media, "extmap", i)) != NULL; i++)
    {
      g_auto (GStrv) words = g_strsplit (value, " ", 2);
      g_autofree char *field = g_strconcat ("extmap-", words[0], NULL);

      if (can_use (info, words[1]) && (!is_sender || is_sent (words[1])))
        gst_structure_set (structure, field, G_TYPE_STRING, words[1], NULL);
    }
}

/* As webrtcbin writes it into the answer: what is sent to us we receive. */
static void
accept_simulcast (const GstSDPMedia *media, GstStructure *structure)
{
  const char *streams = gst_sdp_media_get_attribute_val (media, "simulcast");
  g_autofree char *answer = NULL;
  const char *value;

  if (streams == NULL)
    return;
  for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n (media, "rid", i)) != NULL; i++)
    {
      g_auto (GStrv) words = g_strsplit (value, " ", 2);
      g_autofree char *field = g_strconcat ("rid-", words[0], NULL);

      gst_structure_set (structure, field, G_TYPE_STRING, "recv", NULL);
    }
  answer = g_strconcat ("recv", streams + strlen ("send"), NULL);
  gst_structure_set (structure, "a-simulcast", G_TYPE_STRING, answer, NULL);
}

/* The first payload type of a codec in an m-line, with what its rtpmap and fmtp say. */
static GstCaps *
find_codec (const GstSDPMedia *media, SalonCodec wanted)
{
  for (guint i = 0; i < gst_sdp_media_formats_len (media); i++)
    {
      int payload_type = (int)g_ascii_strtoll (gst_sdp_media_get_format (media, i), NULL, 10);
      g_autoptr (GstCaps) caps = gst_sdp_media_get_caps_from_media (media, payload_type);
      SalonCodec codec;

      if (caps != NULL && !gst_caps_is_empty (caps)
          && salon_codec_from_encoding_name (
              gst_structure_get_string (gst_caps_get_structure (caps, 0), "encoding-name"), &codec)
          && codec == wanted)
        return g_steal_pointer (&caps);
    }
  return NULL;
}

GstCaps *
salon_codec_caps_choose (const GstSDPMedia *offered, const SalonCodec *order, guint n_order)
{
  for (guint i = 0; i < n_order; i++)
    {
      const SalonCodecInfo *info = salon_codec_get_info (order[i]);
      g_autoptr (GstCaps) found = find_codec (offered, order[i]);
      GstStructure *structure;
      int payload_type;

      if (found == NULL || !gst_structure_get_int (gst_caps_get_structure (found, 0), "payload", &payload_type))
        continue;
      /* The payload type alone picks the format: its parameters are intersected with the offer's own. */
      structure = gst_structure_new ("application/x-rtp", "media", G_TYPE_STRING, salon_kind_to_string (info->kind),
          "encoding-name", G_TYPE_STRING, info->encoding_name, "clock-rate", G_TYPE_INT, (int)info->clock_rate,
          "payload", G_TYPE_INT, payload_type, NULL);
      accept_extensions (offered, info, FALSE, structure);
      accept_simulcast (offered, structure);
      return gst_caps_new_full (structure, NULL);
    }
  return NULL;
}

static GstStructure *
new_offered (const SalonCodecInfo *info)
{
  g_autofree char *text = g_strdup_printf (
      "application/x-rtp, media=%s, encoding-name=%s, clock-rate=%u, payload=%u%s%s", salon_kind_to_string (info->kind),
      info->encoding_name, info->clock_rate, info->payload_type, *info->fmtp != '\0' ? ", " : "", info->fmtp);
  GstStructure *structure = gst_structure_from_string (text, NULL);

  g_assert (structure != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (extensions); i++)
    {
      g_autofree char *field = g_strdup_printf ("extmap-%u", extensions[i].offered_id);

      if (extensions[i].offered_id != 0
          && (info->kind == SALON_KIND_VIDEO ? extensions[i].for_video : extensions[i].for_audio))
        gst_structure_set (structure, field, G_TYPE_STRING, extensions[i].uri, NULL);
    }
  if (info->kind == SALON_KIND_VIDEO)
    gst_structure_set (structure, "rtcp-fb-nack", G_TYPE_BOOLEAN, TRUE, "rtcp-fb-nack-pli", G_TYPE_BOOLEAN, TRUE,
        "rtcp-fb-ccm-fir", G_TYPE_BOOLEAN, TRUE, NULL);
  if (info != salon_codec_get_info (SALON_CODEC_RED))
    gst_structure_set (structure, "rtcp-fb-transport-cc", G_TYPE_BOOLEAN, TRUE, NULL);
  return structure;
}

static GstStructure *
new_offered_rtx (const SalonCodecInfo *info)
{
  g_autofree char *apt = g_strdup_printf ("%u", info->payload_type);

  return gst_structure_new ("application/x-rtp", "media", G_TYPE_STRING, salon_kind_to_string (info->kind),
      "encoding-name", G_TYPE_STRING, "RTX", "clock-rate", G_TYPE_INT, (int)info->clock_rate, "payload", G_TYPE_INT,
      (int)info->rtx_payload_type, "apt", G_TYPE_STRING, apt, NULL);
}

GstCaps *
salon_codec_caps_offer_all (gboolean is_video, gboolean has_red)
{
  GstCaps *caps = gst_caps_new_empty ();

  for (guint codec = 0; codec < SALON_N_CODECS; codec++)
    {
      const SalonCodecInfo *info = salon_codec_get_info (codec);

      if ((info->kind == SALON_KIND_VIDEO) != is_video || (codec == SALON_CODEC_RED && !has_red))
        continue;
      gst_caps_append_structure (caps, new_offered (info));
      if (info->rtx_payload_type != 0)
        gst_caps_append_structure (caps, new_offered_rtx (info));
    }
  return caps;
}

GstCaps *
salon_codec_caps_offer (gboolean is_video, guint32 ssrc)
{
  GstCaps *caps = salon_codec_caps_offer_all (is_video, FALSE);

  /* The first structure is special: webrtcbin writes an SSRC's lines once for each structure that has it, and adds the
   * retransmission of the first codec by itself. */
  gst_structure_set (gst_caps_get_structure (caps, 0), "ssrc", G_TYPE_UINT, ssrc, NULL);
  if (is_video)
    gst_caps_remove_structure (caps, 1);
  return caps;
}

/* The retransmission of a payload type; -1: it has none. */
static int
find_retransmission (const GstSDPMedia *media, int payload_type)
{
  g_autofree char *wanted = g_strdup_printf ("apt=%d", payload_type);
  const char *fmtp;

  /* As salon_sdp_formats_copy() writes it: "97 apt=96". */
  for (guint i = 0; (fmtp = gst_sdp_media_get_attribute_val_n (media, "fmtp", i)) != NULL; i++)
    {
      const char *space = strchr (fmtp, ' ');

      if (space != NULL && g_str_equal (space + 1, wanted))
        return (int)g_ascii_strtoll (fmtp, NULL, 10);
    }
  return -1;
}

static void
append_retransmission (GstCaps *caps, const GstSDPMedia *offered, const SalonCodecInfo *info, int payload_type)
{
  int retransmission = find_retransmission (offered, payload_type);
  g_autofree char *apt = g_strdup_printf ("%d", payload_type);

  if (retransmission >= 0)
    gst_caps_append_structure (
        caps, gst_structure_new ("application/x-rtp", "media", G_TYPE_STRING, salon_kind_to_string (info->kind),
                  "encoding-name", G_TYPE_STRING, "RTX", "clock-rate", G_TYPE_INT, (int)info->clock_rate, "payload",
                  G_TYPE_INT, retransmission, "apt", G_TYPE_STRING, apt, NULL));
}

GstCaps *
salon_codec_caps_take (const GstSDPMedia *offered, SalonKind kind, gboolean has_retransmissions)
{
  GstCaps *caps = gst_caps_new_empty ();

  for (guint codec = 0; codec < SALON_N_CODECS; codec++)
    {
      const SalonCodecInfo *info = salon_codec_get_info (codec);
      gboolean is_wanted = info->kind == kind && codec != SALON_CODEC_RED;
      g_autoptr (GstCaps) found = is_wanted ? find_codec (offered, codec) : NULL;
      GstStructure *structure;
      int payload_type;

      if (found == NULL || !gst_structure_get_int (gst_caps_get_structure (found, 0), "payload", &payload_type))
        continue;
      structure = gst_structure_copy (gst_caps_get_structure (found, 0));
      gst_structure_set_name (structure, "application/x-rtp");
      accept_extensions (offered, info, TRUE, structure);
      /* Sound is not sent again. */
      if (kind == SALON_KIND_AUDIO)
        gst_structure_remove_field (structure, "rtcp-fb-nack");
      gst_caps_append_structure (caps, structure);
      if (has_retransmissions)
        append_retransmission (caps, offered, info, payload_type);
    }
  return caps;
}

GstCaps *
salon_codec_caps_stand_in (SalonKind kind, guint8 payload_type)
{
  const SalonCodecInfo *info = salon_codec_get_info (kind == SALON_KIND_VIDEO ? SALON_CODEC_VP8 : SALON_CODEC_OPUS);

  return gst_caps_new_simple ("application/x-rtp", "media", G_TYPE_STRING, salon_kind_to_string (kind), "encoding-name",
      G_TYPE_STRING, info->encoding_name, "clock-rate", G_TYPE_INT, (int)info->clock_rate, "payload", G_TYPE_INT,
      (int)payload_type, NULL);
}

GstCaps *
salon_codec_caps_add_ssrc (const GstCaps *caps, guint32 ssrc)
{
  GstCaps *copy = gst_caps_copy (caps);

  gst_structure_set (gst_caps_get_structure (copy, 0), "ssrc", G_TYPE_UINT, ssrc, NULL);
  return copy;
}

static gboolean
has_format (const GstSDPMedia *media, int payload_type)
{
  for (guint i = 0; i < gst_sdp_media_formats_len (media); i++)
    {
      if (g_ascii_strtoll (gst_sdp_media_get_format (media, i), NULL, 10) == payload_type)
        return TRUE;
    }
  return FALSE;
}

GstCaps *
salon_codec_caps_accepted (GstCaps *offered, const GstSDPMedia *answered, guint8 red_payload_type)
{
  GstCaps *accepted = gst_caps_new_empty ();

  for (guint i = 0; i < gst_caps_get_size (offered); i++)
    {
      const GstStructure *structure = gst_caps_get_structure (offered, i);
      int payload_type;

      if (gst_structure_get_int (structure, "payload", &payload_type)
          && (has_format (answered, payload_type) || payload_type == red_payload_type))
        gst_caps_append_structure (accepted, gst_structure_copy (structure));
    }
  return accepted;
}

gboolean
salon_codec_caps_have (const GstCaps *caps, SalonCodec codec)
{
  gboolean is_there = FALSE;

  for (guint i = 0; i < gst_caps_get_size (caps) && !is_there; i++)
    {
      SalonCodec found;

      is_there = salon_codec_from_encoding_name (
                     gst_structure_get_string (gst_caps_get_structure (caps, i), "encoding-name"), &found)
                 && found == codec;
    }
  return is_there;
}

GstCaps *
salon_codec_caps_without (const GstCaps *caps, SalonCodec codec)
{
  GstCaps *others = gst_caps_new_empty ();

  for (guint i = 0; i < gst_caps_get_size (caps); i++)
    {
      const GstStructure *structure = gst_caps_get_structure (caps, i);
      SalonCodec found;

      if (!salon_codec_from_encoding_name (gst_structure_get_string (structure, "encoding-name"), &found)
          || found != codec)
        gst_caps_append_structure (others, gst_structure_copy (structure));
    }
  return others;
}

void
salon_codec_caps_get_retransmissions (const GstCaps *accepted, guint8 payload_types[128])
{
  memset (payload_types, 0, 128);
  for (guint i = 0; i < gst_caps_get_size (accepted); i++)
    {
      const GstStructure *structure = gst_caps_get_structure (accepted, i);
      const char *apt = gst_structure_get_string (structure, "apt");
      int payload_type;
      guint64 original;

      if (apt != NULL && g_ascii_string_to_unsigned (apt, 10, 0, 127, &original, NULL)
          && gst_structure_get_int (structure, "payload", &payload_type))
        payload_types[original] = (guint8)payload_type;
    }
}
