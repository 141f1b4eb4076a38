/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-description.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <gst/sdp/sdp.h>
#include <string.h>

#define EXT_MID "urn:ietf:params:rtp-hdrext:sdes:mid"
#define EXT_TRANSPORT_CC "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define STREAM_ID "benchmark"

/* Chromium's numbers. */
enum
{
  PT_OPUS = 111,
  PT_VP8 = 96,
  PT_RTX = 97,
  EXT_ID_TRANSPORT_CC = 3,
  EXT_ID_MID = 4,
};

static void
media_free (BenchMedia *media)
{
  g_free (media->mid);
  g_free (media);
}

void
bench_description_free (BenchDescription *self)
{
  g_free (self->ufrag);
  g_free (self->pwd);
  g_free (self->fingerprint);
  g_ptr_array_unref (self->media);
  g_ptr_array_unref (self->candidates);
  g_free (self);
}

const BenchMedia *
bench_description_get_media (const BenchDescription *self, guint index)
{
  return g_ptr_array_index (self->media, index);
}

/* -- candidates -- */

char *
bench_candidate_write (const BenchLocal *local)
{
  return g_strdup_printf ("candidate:1 1 udp 2130706431 %s %u typ host", inet_ntoa (local->address.sin_addr),
      ntohs (local->address.sin_port));
}

gboolean
bench_candidate_read (const char *candidate, struct sockaddr_in *address)
{
  g_auto (GStrv) words = g_strsplit (candidate, " ", 7);
  guint64 port;

  *address = (struct sockaddr_in){ .sin_family = AF_INET };
  if (g_strv_length (words) < 7 || !g_str_equal (words[1], "1") || g_ascii_strcasecmp (words[2], "udp") != 0
      || inet_pton (AF_INET, words[4], &address->sin_addr) != 1
      || !g_ascii_string_to_unsigned (words[5], 10, 1, G_MAXUINT16, &port, NULL))
    return FALSE;
  address->sin_port = htons (port);
  return TRUE;
}

/* -- reading -- */

/* "96 VP8/90000" -> 96, if the rest begins with `start`. 0: it doesn't. */
static guint8
match_number (const char *value, const char *start)
{
  char *rest = NULL;
  guint64 number = g_ascii_strtoull (value, &rest, 10);

  if (rest == value || *rest != ' ' || number > 255 || g_ascii_strncasecmp (rest + 1, start, strlen (start)) != 0)
    return 0;
  return (guint8)number;
}

static guint8
find_number (const GstSDPMedia *media, const char *key, const char *start)
{
  const char *value;

  for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n (media, key, i)) != NULL; i++)
    {
      guint8 number = match_number (value, start);

      if (number != 0)
        return number;
    }
  return 0;
}

static void
read_numbers (const GstSDPMedia *media, BenchMedia *out)
{
  g_autofree char *apt = NULL;

  out->payload_type = find_number (media, "rtpmap", out->is_video ? "VP8/90000" : "opus/48000");
  apt = g_strdup_printf ("apt=%u", out->payload_type);
  if (out->is_video)
    out->rtx_payload_type = find_number (media, "fmtp", apt);
  out->mid_extension = find_number (media, "extmap", EXT_MID);
  out->transport_cc_extension = find_number (media, "extmap", EXT_TRANSPORT_CC);
}

/* RFC 5576. Servers that don't say have it read from the packets. */
static void
read_ssrcs (const GstSDPMedia *media, BenchMedia *out)
{
  const char *first = gst_sdp_media_get_attribute_val (media, "ssrc");
  const char *value;

  if (first != NULL)
    out->ssrc = g_ascii_strtoull (first, NULL, 10);
  for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n (media, "ssrc-group", i)) != NULL; i++)
    {
      g_auto (GStrv) words = g_strsplit (value, " ", 3);

      if (g_strv_length (words) == 3 && g_str_equal (words[0], "FID"))
        {
          out->ssrc = g_ascii_strtoull (words[1], NULL, 10);
          out->rtx_ssrc = g_ascii_strtoull (words[2], NULL, 10);
        }
    }
}

static const char *
get_attribute (const GstSDPMessage *message, const GstSDPMedia *media, const char *key)
{
  const char *value = gst_sdp_media_get_attribute_val (media, key);

  return value != NULL ? value : gst_sdp_message_get_attribute_val (message, key);
}

static void
read_transport (BenchDescription *self, const GstSDPMessage *message, const GstSDPMedia *media)
{
  self->ufrag = g_strdup (get_attribute (message, media, "ice-ufrag"));
  self->pwd = g_strdup (get_attribute (message, media, "ice-pwd"));
  self->fingerprint = g_strdup (get_attribute (message, media, "fingerprint"));
  self->is_lite = gst_sdp_message_get_attribute_val (message, "ice-lite") != NULL;
  self->is_passive = g_strcmp0 (get_attribute (message, media, "setup"), "active") != 0;
}

static void
read_candidates (BenchDescription *self, const GstSDPMedia *media)
{
  const char *value;

  for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n (media, "candidate", i)) != NULL; i++)
    g_ptr_array_add (self->candidates, g_strconcat ("candidate:", value, NULL));
}

static gboolean
read_media (BenchDescription *self, const GstSDPMedia *media)
{
  BenchMedia *out = g_new0 (BenchMedia, 1);

  g_ptr_array_add (self->media, out);
  out->is_video = g_strcmp0 (gst_sdp_media_get_media (media), "video") == 0;
  out->mid = g_strdup (gst_sdp_media_get_attribute_val (media, "mid"));
  read_numbers (media, out);
  read_ssrcs (media, out);
  read_candidates (self, media);
  return out->mid != NULL && out->payload_type != 0;
}

static gboolean
read_message (BenchDescription *self, const GstSDPMessage *message)
{
  guint n = gst_sdp_message_medias_len (message);

  if (n == 0)
    return FALSE;
  read_transport (self, message, gst_sdp_message_get_media (message, 0));
  for (guint i = 0; i < n; i++)
    {
      if (!read_media (self, gst_sdp_message_get_media (message, i)))
        return FALSE;
    }
  return self->ufrag != NULL && self->pwd != NULL && self->fingerprint != NULL;
}

BenchDescription *
bench_description_parse (const char *sdp, GError **error)
{
  g_autoptr (BenchDescription) self = g_new0 (BenchDescription, 1);
  GstSDPMessage *message = NULL;
  gboolean is_good;

  self->media = g_ptr_array_new_with_free_func ((GDestroyNotify)media_free);
  self->candidates = g_ptr_array_new_with_free_func (g_free);
  gst_sdp_message_new (&message);
  is_good = *sdp != '\0' && gst_sdp_message_parse_buffer ((const guint8 *)sdp, strlen (sdp), message) == GST_SDP_OK
            && read_message (self, message);
  gst_sdp_message_free (message);
  if (is_good)
    return g_steal_pointer (&self);
  g_set_error_literal (
      error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the server's description lacks a codec, mid, or credential");
  return NULL;
}

/* -- writing -- */

static void append (GString *text, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
append (GString *text, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_string_append_vprintf (text, format, args);
  va_end (args);
  g_string_append (text, "\r\n");
}

static void
append_codec (GString *text, const BenchMedia *media)
{
  guint type = media->payload_type;

  if (!media->is_video)
    {
      append (text, "a=rtpmap:%u opus/48000/2", type);
      append (text, "a=rtcp-fb:%u transport-cc", type);
      append (text, "a=fmtp:%u minptime=10;useinbandfec=1", type);
      return;
    }
  append (text, "a=rtpmap:%u VP8/90000", type);
  append (text, "a=rtcp-fb:%u transport-cc", type);
  append (text, "a=rtcp-fb:%u ccm fir", type);
  append (text, "a=rtcp-fb:%u nack", type);
  append (text, "a=rtcp-fb:%u nack pli", type);
  if (media->rtx_payload_type == 0)
    return;
  append (text, "a=rtpmap:%u rtx/90000", media->rtx_payload_type);
  append (text, "a=fmtp:%u apt=%u", media->rtx_payload_type, type);
}

static void
append_transport (GString *text, const BenchLocal *local)
{
  g_autofree char *candidate = bench_candidate_write (local);

  append (text, "c=IN IP4 0.0.0.0");
  append (text, "a=rtcp:9 IN IP4 0.0.0.0");
  append (text, "a=ice-ufrag:%s", local->ufrag);
  append (text, "a=ice-pwd:%s", local->pwd);
  append (text, "a=ice-options:trickle");
  append (text, "a=fingerprint:%s", local->fingerprint);
  append (text, "a=setup:%s", local->setup);
  append (text, "a=rtcp-mux");
  append (text, "a=rtcp-rsize");
  append (text, "a=%s", candidate);
  append (text, "a=end-of-candidates");
}

static void
append_media (GString *text, const BenchLocal *local, const BenchMedia *media, const char *direction)
{
  g_string_append_printf (
      text, "m=%s 9 UDP/TLS/RTP/SAVPF %u", media->is_video ? "video" : "audio", media->payload_type);
  if (media->rtx_payload_type != 0)
    g_string_append_printf (text, " %u", media->rtx_payload_type);
  append (text, "%s", "");
  append_transport (text, local);
  append (text, "a=mid:%s", media->mid);
  append (text, "a=%s", direction);
  if (media->mid_extension != 0)
    append (text, "a=extmap:%u " EXT_MID, media->mid_extension);
  if (media->transport_cc_extension != 0)
    append (text, "a=extmap:%u " EXT_TRANSPORT_CC, media->transport_cc_extension);
  append_codec (text, media);
}

static void
append_ssrcs (GString *text, const BenchMedia *media)
{
  const char *name = media->is_video ? "camera" : "microphone";

  append (text, "a=msid:" STREAM_ID " %s", name);
  if (media->rtx_ssrc != 0)
    append (text, "a=ssrc-group:FID %u %u", media->ssrc, media->rtx_ssrc);
  append (text, "a=ssrc:%u cname:" STREAM_ID, media->ssrc);
  if (media->rtx_ssrc != 0)
    append (text, "a=ssrc:%u cname:" STREAM_ID, media->rtx_ssrc);
}

static GString *
begin_session (void)
{
  GString *text = g_string_new (NULL);

  append (text, "v=0");
  append (text, "o=- %u 1 IN IP4 127.0.0.1", g_random_int ());
  append (text, "s=-");
  append (text, "t=0 0");
  g_string_append (text, "a=group:BUNDLE");
  return text;
}

char *
bench_description_write_offer (const BenchLocal *local, BenchMedia *media, guint n_media)
{
  GString *text = begin_session ();

  for (guint i = 0; i < n_media; i++)
    g_string_append_printf (text, " %s", media[i].mid);
  append (text, "%s", "");
  for (guint i = 0; i < n_media; i++)
    {
      media[i].payload_type = media[i].is_video ? PT_VP8 : PT_OPUS;
      media[i].rtx_payload_type = media[i].is_video ? PT_RTX : 0;
      media[i].mid_extension = EXT_ID_MID;
      media[i].transport_cc_extension = EXT_ID_TRANSPORT_CC;
      append_media (text, local, &media[i], "sendonly");
      append_ssrcs (text, &media[i]);
    }
  return g_string_free (text, FALSE);
}

char *
bench_description_write_answer (const BenchLocal *local, const BenchDescription *offer)
{
  GString *text = begin_session ();

  for (guint i = 0; i < offer->media->len; i++)
    g_string_append_printf (text, " %s", bench_description_get_media (offer, i)->mid);
  append (text, "%s", "");
  for (guint i = 0; i < offer->media->len; i++)
    append_media (text, local, bench_description_get_media (offer, i), "recvonly");
  return g_string_free (text, FALSE);
}
