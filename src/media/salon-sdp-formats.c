/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-sdp-formats.h"

#include <string.h>

#include "salon-codec-caps.h"
#include "salon-red.h"

/* Longer values are no parameters of ours: a parameter set of H264 has about 60 characters. */
#define MAX_VALUE_CHARS 256

/* Parameters of codecs (a=fmtp) that the answer repeats: RFC 7587, 6184, 7741, 9628 and AV1's. */
static const char *const parameters[] = { "minptime", "useinbandfec", "usedtx", "stereo", "sprop-stereo", "cbr",
  "maxplaybackrate", "sprop-maxcapturerate", "maxaveragebitrate", "max-fs", "max-fr", "profile-id", "profile",
  "level-idx", "tier", "profile-level-id", "packetization-mode", "level-asymmetry-allowed", "sprop-parameter-sets" };

static const char *const feedbacks[] = { "nack", "nack pli", "ccm fir", "transport-cc" };

/* What the attributes of an m-line say of one payload type; (borrowed) from it. */
typedef struct
{
  const char *rtpmap; /* (nullable) */
  const char *fmtp;   /* (nullable) */
  guint feedbacks;    /* bits by the index in feedbacks[] */
} Format;

/* SalonSdpNumbers.formats: a codec + 1; from here on the retransmission of the payload type that is added. */
#define RETRANSMISSION_OF 128

/* Static types are no codecs of ours, and 64 to 95 look like RTCP (RFC 5761 section 4). */
static gboolean
read_payload_type (const char *word, guint *payload_type)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (word, 10, 35, 127, &number, NULL) || (number >= 64 && number <= 95))
    return FALSE;
  *payload_type = (guint)number;
  return TRUE;
}

/* "96 nack pli" -> 96, "nack pli"; "*", for all of them, is 0. */
static gboolean
split_value (const char *value, guint *payload_type, const char **rest)
{
  const char *space = value != NULL ? strchr (value, ' ') : NULL;
  g_autofree char *word = NULL;

  if (space == NULL)
    return FALSE;
  word = g_strndup (value, space - value);
  *rest = space + 1;
  *payload_type = 0;
  return g_str_equal (word, "*") || read_payload_type (word, payload_type);
}

static guint
read_feedback (const char *text)
{
  for (guint i = 0; i < G_N_ELEMENTS (feedbacks); i++)
    {
      if (g_str_equal (text, feedbacks[i]))
        return 1u << i;
    }
  return 0;
}

/* One pass, so that the work grows with the text and not with its square. The first of several counts. */
static void
collect (const GstSDPMedia *media, Format formats[128])
{
  for (guint i = 0; i < gst_sdp_media_attributes_len (media); i++)
    {
      const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, i);
      const char *rest;
      guint payload_type;

      if (!split_value (attribute->value, &payload_type, &rest))
        continue;
      if (g_str_equal (attribute->key, "rtcp-fb"))
        formats[payload_type].feedbacks |= read_feedback (rest);
      else if (payload_type == 0)
        continue;
      else if (g_str_equal (attribute->key, "rtpmap") && formats[payload_type].rtpmap == NULL)
        formats[payload_type].rtpmap = rest;
      else if (g_str_equal (attribute->key, "fmtp") && formats[payload_type].fmtp == NULL)
        formats[payload_type].fmtp = rest;
    }
}

G_GNUC_PRINTF (3, 4)
static void
add_attribute (GstSDPMedia *media, const char *key, const char *format, ...)
{
  g_autofree char *value = NULL;
  va_list args;

  va_start (args, format);
  value = g_strdup_vprintf (format, args);
  va_end (args);
  gst_sdp_media_add_attribute (media, key, value);
}

static void
add_format (GstSDPMedia *media, guint payload_type)
{
  g_autofree char *text = g_strdup_printf ("%u", payload_type);

  gst_sdp_media_add_format (media, text);
}

/* -- one codec -- */

/* Opus always says two channels (RFC 7587 section 7), or, by GStreamer's payloader, nothing. */
#define IS_STEREO "/2"

/* Whether an rtpmap reads "VP8/90000", "opus/48000/2" or the like. */
static gboolean
read_codec (const Format *format, SalonKind kind, SalonCodec *codec)
{
  g_auto (GStrv) words = g_strsplit (format->rtpmap != NULL ? format->rtpmap : "", "/", 2);
  g_autofree char *rate = NULL;

  if (g_strv_length (words) != 2 || !salon_codec_from_encoding_name (words[0], codec)
      || salon_codec_get_info (*codec)->kind != kind)
    return FALSE;
  rate = g_strdup_printf ("%u", salon_codec_get_info (*codec)->clock_rate);
  return g_str_has_prefix (words[1], rate)
         && g_str_equal (words[1] + strlen (rate), kind == SALON_KIND_AUDIO && strchr (words[1], '/') ? IS_STEREO : "");
}

static gboolean
is_plain_value (const char *value)
{
  gsize length = strlen (value);

  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isalnum (value[i]) && strchr ("+-/=,.", value[i]) == NULL)
        return FALSE;
    }
  return length >= 1 && length <= MAX_VALUE_CHARS;
}

/* Returns: (transfer full) (nullable): the value of a parameter in "name=value;name=value". */
static char *
find_parameter (char **pairs, const char *name)
{
  for (guint i = 0; pairs[i] != NULL; i++)
    {
      const char *pair = g_strstrip (pairs[i]);
      const char *equals = strchr (pair, '=');

      if (equals != NULL && (gsize)(equals - pair) == strlen (name)
          && g_ascii_strncasecmp (pair, name, strlen (name)) == 0 && is_plain_value (equals + 1))
        return g_strdup (equals + 1);
    }
  return NULL;
}

static void
copy_parameters (GstSDPMedia *to, guint payload_type, const char *fmtp)
{
  g_auto (GStrv) pairs = g_strsplit (fmtp, ";", G_N_ELEMENTS (parameters) + 1);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (parameters); i++)
    {
      g_autofree char *value = find_parameter (pairs, parameters[i]);

      if (value != NULL)
        g_string_append_printf (text, "%s%s=%s", text->len > 0 ? ";" : "", parameters[i], value);
    }
  if (text->len > 0)
    add_attribute (to, "fmtp", "%u %s", payload_type, text->str);
}

static void
copy_codec (GstSDPMedia *to, guint payload_type, const Format *format, guint wanted_feedbacks)
{
  /* read_codec() has read every letter of the rtpmap. */
  add_format (to, payload_type);
  add_attribute (to, "rtpmap", "%u %s", payload_type, format->rtpmap);
  for (guint i = 0; i < G_N_ELEMENTS (feedbacks); i++)
    {
      if (wanted_feedbacks & 1u << i)
        add_attribute (to, "rtcp-fb", "%u %s", payload_type, feedbacks[i]);
    }
  if (format->fmtp != NULL)
    copy_parameters (to, payload_type, format->fmtp);
}

/* -- all of them -- */

static gboolean
is_rtx (const Format *format)
{
  return format->rtpmap != NULL && g_ascii_strcasecmp (format->rtpmap, "rtx/90000") == 0;
}

/* Of which payload type `format` is the retransmission; 0: of none. */
static guint
read_apt (const Format *format)
{
  g_auto (GStrv) pairs = g_strsplit (format->fmtp != NULL ? format->fmtp : "", ";", 3);
  g_autofree char *apt = find_parameter (pairs, "apt");
  guint payload_type = 0;

  return apt != NULL && read_payload_type (apt, &payload_type) ? payload_type : 0;
}

/* RFC 2198 section 5: "111/111". Of which payload type all blocks are; 0: of several, or none. */
static guint
read_red (const Format *format)
{
  g_auto (GStrv) words = g_strsplit (format->fmtp != NULL ? format->fmtp : "", "/", SALON_RED_MAX_BLOCKS + 1);
  guint first = 0;

  for (guint i = 0; words[i] != NULL; i++)
    {
      guint payload_type;

      if (!read_payload_type (words[i], &payload_type) || (i > 0 && payload_type != first))
        return 0;
      first = payload_type;
    }
  return first;
}

static gboolean
note_format (SalonSdpNumbers *numbers, guint payload_type, guint8 meaning)
{
  guint8 known = numbers->formats[payload_type];

  numbers->formats[payload_type] = meaning;
  return known == 0 || known == meaning;
}

static const char *const contradiction = "a payload type stands for two formats; in a BUNDLE group it has one meaning";

/* What is copied begins with the first Opus. */
static const char *
note_red (SalonSdpNumbers *numbers, const Format *format, guint payload_type, const GstSDPMedia *to, SalonSdpRed *red)
{
  guint opus = read_red (format);
  guint first;

  if (red->payload_type != 0 || opus == 0 || gst_sdp_media_formats_len (to) == 0
      || !read_payload_type (gst_sdp_media_get_format (to, 0), &first) || first != opus)
    return NULL;
  *red = (SalonSdpRed){ (guint8)payload_type, (guint8)opus };
  return note_format (numbers, payload_type, 1 + SALON_CODEC_RED) ? NULL : contradiction;
}

static const char *
copy_format (SalonSdpNumbers *numbers, const Format formats[128], guint payload_type, SalonKind kind,
    guint8 copied[128], GstSDPMedia *to, SalonSdpRed *red)
{
  const Format *format = &formats[payload_type];
  SalonCodec codec;
  guint apt;

  if (copied[payload_type])
    return NULL;
  if (read_codec (format, kind, &codec))
    {
      if (codec == SALON_CODEC_RED)
        return note_red (numbers, format, payload_type, to, red);
      copied[payload_type] = 1 + codec;
      copy_codec (to, payload_type, format, format->feedbacks | formats[0].feedbacks);
      return note_format (numbers, payload_type, 1 + codec) ? NULL : contradiction;
    }
  apt = kind == SALON_KIND_VIDEO && is_rtx (format) ? read_apt (format) : 0;
  if (apt == 0 || copied[apt] == 0 || copied[apt] >= RETRANSMISSION_OF)
    return NULL;
  copied[payload_type] = RETRANSMISSION_OF + apt;
  add_format (to, payload_type);
  add_attribute (to, "rtpmap", "%u rtx/90000", payload_type);
  add_attribute (to, "fmtp", "%u apt=%u", payload_type, apt);
  return note_format (numbers, payload_type, RETRANSMISSION_OF + apt) ? NULL : contradiction;
}

const char *
salon_sdp_formats_copy (
    SalonSdpNumbers *numbers, const GstSDPMedia *from, SalonKind kind, GstSDPMedia *to, SalonSdpRed *red)
{
  Format formats[128] = { 0 };
  guint8 copied[128] = { 0 };
  const char *problem = NULL;

  *red = (SalonSdpRed){ 0 };
  collect (from, formats);
  /* Twice, because a retransmission, or redundancy, may be listed before its codec. */
  for (guint round = 0; round < 2; round++)
    {
      for (guint i = 0; i < gst_sdp_media_formats_len (from) && problem == NULL; i++)
        {
          guint payload_type;

          if (read_payload_type (gst_sdp_media_get_format (from, i), &payload_type))
            problem = copy_format (numbers, formats, payload_type, kind, copied, to, red);
        }
    }
  return problem;
}

/* -- header extensions -- */

guint
salon_sdp_numbers_find_extension (const SalonSdpNumbers *numbers, const char *uri)
{
  for (guint id = 0; id < G_N_ELEMENTS (numbers->extensions); id++)
    {
      if (g_strcmp0 (numbers->extensions[id], uri) == 0)
        return id;
    }
  return 0;
}

static gboolean
has_extension (const GstSDPMedia *media, const char *uri)
{
  const char *value;

  for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n (media, "extmap", i)) != NULL; i++)
    {
      if (g_str_has_suffix (value, uri))
        return TRUE;
    }
  return FALSE;
}

/* "3", "3/sendonly": one byte's worth, without 15, which ends a list (RFC 8285 sections 4.2 and 6). What the client
 * only wants to receive is not for us. */
static gboolean
read_extension_id (const char *word, guint *id)
{
  g_auto (GStrv) parts = g_strsplit (word, "/", 2);
  guint64 number;

  if (parts[0] == NULL || !g_ascii_string_to_unsigned (parts[0], 10, 1, 255, &number, NULL) || number == 15
      || (parts[1] != NULL && !g_str_equal (parts[1], "sendonly") && !g_str_equal (parts[1], "sendrecv")))
    return FALSE;
  *id = (guint)number;
  return TRUE;
}

const char *
salon_sdp_extension_copy (SalonSdpNumbers *numbers, const GstSDPAttribute *attribute, GstSDPMedia *to)
{
  gboolean has_simulcast = gst_sdp_media_get_attribute_val (to, "simulcast") != NULL;
  g_auto (GStrv) words = NULL;
  const char *uri;
  guint known_id;
  guint id;

  if (g_strcmp0 (attribute->key, "extmap") != 0 || attribute->value == NULL)
    return NULL;
  words = g_strsplit (attribute->value, " ", 3);
  uri = g_strv_length (words) >= 2 ? salon_codec_caps_find_extension (words[1], has_simulcast) : NULL;
  if (uri == NULL || !read_extension_id (words[0], &id) || has_extension (to, uri))
    return NULL;
  if (numbers->extensions[id] != NULL && numbers->extensions[id] != uri)
    return "an a=extmap id stands for two header extensions; in a BUNDLE group it has one meaning";
  /* Allowed, but nobody does it, and elsewhere we go by one id. */
  known_id = salon_sdp_numbers_find_extension (numbers, uri);
  if (known_id != 0 && known_id != id)
    return NULL;
  numbers->extensions[id] = uri;
  add_attribute (to, "extmap", "%u %s", id, uri);
  return NULL;
}
