/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-offer.h"

#include "salon-codec-caps.h"
#include "salon-limits.h"

/* What of an m-line is its transport's (RFC 8859: those of category TRANSPORT, IDENTICAL and SPECIAL that webrtcbin
 * writes). */
static const char *const transport_attributes[]
    = { "setup", "ice-ufrag", "ice-pwd", "rtcp-mux", "rtcp-rsize", "rtcp-mux-only", "fingerprint" };
static const char *const data_transport_attributes[] = { "setup", "ice-ufrag", "ice-pwd", "fingerprint" };

static void
copy_transport (const GstSDPMedia *transport, GstSDPMedia *media)
{
  for (guint i = 0; i < G_N_ELEMENTS (transport_attributes); i++)
    {
      const char *key = transport_attributes[i];
      const char *value = gst_sdp_media_get_attribute_val (transport, key);

      if (value != NULL)
        gst_sdp_media_add_attribute (media, key, value);
    }
}

static gboolean
keep_unless_extension (GQuark field, GValue *value, gpointer user_data)
{
  return !g_str_has_prefix (g_quark_to_string (field), "extmap-");
}

/* One structure at a time: GStreamer looks at the first alone. Each says the same extensions, and Firefox refuses to
 * be told twice. */
static void
write_codecs (const SalonOfferLine *line, GstSDPMedia *media)
{
  for (guint i = 0; i < gst_caps_get_size (line->caps); i++)
    {
      g_autoptr (GstCaps) format = gst_caps_copy_nth (line->caps, i);
      GstStructure *structure = gst_caps_get_structure (format, 0);

      /* Names are in capitals in caps alone, and not every client reads them so. */
      if (gst_structure_has_field (structure, "apt"))
        gst_structure_set (structure, "encoding-name", G_TYPE_STRING, "rtx", NULL);
      if (i > 0)
        gst_structure_filter_and_map_in_place (structure, keep_unless_extension, NULL);
      if (gst_sdp_media_set_media_from_caps (format, media) != GST_SDP_OK)
        g_assert_not_reached ();
    }
}

/* RFC 5576. */
static void
write_ssrc (guint32 ssrc, const SalonOfferLine *line, const char *mid, const char *cname, GstSDPMedia *media)
{
  g_autofree char *stream = g_strdup_printf ("%u msid:seat-%u %s", ssrc, line->seat, mid);
  g_autofree char *name = g_strdup_printf ("%u cname:%s", ssrc, cname);

  gst_sdp_media_add_attribute (media, "ssrc", stream);
  gst_sdp_media_add_attribute (media, "ssrc", name);
}

static void
write_ssrcs (const SalonOfferLine *line, const char *mid, const char *cname, GstSDPMedia *media)
{
  g_autofree char *group = g_strdup_printf ("FID %u %u", line->ssrc, line->rtx_ssrc);

  if (line->rtx_ssrc != 0)
    gst_sdp_media_add_attribute (media, "ssrc-group", group);
  write_ssrc (line->ssrc, line, mid, cname, media);
  if (line->rtx_ssrc != 0)
    write_ssrc (line->rtx_ssrc, line, mid, cname, media);
}

/* Returns: (transfer full) */
static GstSDPMedia *
write_line (
    const SalonOfferLine *line, const char *mid, const char *cname, const GstSDPMedia *transport, gboolean is_first)
{
  GstSDPMedia *media;

  gst_sdp_media_new (&media);
  write_codecs (line, media);
  /* RFC 9143, section 6: port 0 is what the client may only accept in the group. */
  gst_sdp_media_set_port_info (media, is_first ? gst_sdp_media_get_port (transport) : 0, 0);
  gst_sdp_media_set_proto (media, gst_sdp_media_get_proto (transport));
  gst_sdp_media_add_connection (media, "IN", "IP4", "0.0.0.0", 0, 0);
  copy_transport (transport, media);
  if (!is_first)
    gst_sdp_media_add_attribute (media, "bundle-only", "");
  gst_sdp_media_add_attribute (media, "mid", mid);
  gst_sdp_media_add_attribute (media, "sendonly", "");
  write_ssrcs (line, mid, cname, media);
  return media;
}

/* media: (transfer full) */
static void
add_media (GstSDPMessage *message, GstSDPMedia *media)
{
  gst_sdp_message_add_media (message, media); /* takes the content */
  gst_sdp_media_free (media);
}

/* What is said of the session, which holds for all lines, in another group. Returns: (transfer full) */
static GstSDPMessage *
write_session (const GstSDPMessage *transport, const char *group)
{
  const GstSDPOrigin *origin = gst_sdp_message_get_origin (transport);
  GstSDPMessage *out;

  gst_sdp_message_new (&out);
  gst_sdp_message_set_version (out, gst_sdp_message_get_version (transport));
  gst_sdp_message_set_origin (
      out, origin->username, origin->sess_id, origin->sess_version, origin->nettype, origin->addrtype, origin->addr);
  gst_sdp_message_set_session_name (out, gst_sdp_message_get_session_name (transport));
  gst_sdp_message_add_time (out, "0", "0", NULL);
  for (guint i = 0; i < gst_sdp_message_attributes_len (transport); i++)
    {
      const GstSDPAttribute *attribute = gst_sdp_message_get_attribute (transport, i);

      if (!g_str_equal (attribute->key, "group"))
        gst_sdp_message_add_attribute (out, attribute->key, attribute->value);
    }
  gst_sdp_message_add_attribute (out, "group", group);
  return out;
}

/* webrtcbin knows the first line by its own name. */
static char *
make_mid (const SalonOfferLine *line, const GstSDPMedia *transport, guint index)
{
  if (index == 0)
    return g_strdup (gst_sdp_media_get_attribute_val (transport, "mid"));
  return g_strdup_printf ("%s%u", line->is_video ? "video" : "audio", index);
}

static char *
make_group (char *const *mids)
{
  g_autofree char *joined = g_strjoinv (" ", (char **)mids);

  return g_strconcat ("BUNDLE ", joined, NULL);
}

char *
salon_offer_write (const char *transport, const SalonOfferLine *lines, guint n_lines, const char *cname)
{
  g_auto (GStrv) mids = g_new0 (char *, n_lines + 1);
  g_autofree char *group = NULL;
  GstSDPMessage *from, *out;
  const GstSDPMedia *first;
  char *text;

  gst_sdp_message_new_from_text (transport, &from);
  first = gst_sdp_message_get_media (from, 0);
  for (guint i = 0; i < n_lines; i++)
    mids[i] = make_mid (&lines[i], first, i);
  group = make_group (mids);
  out = write_session (from, group);
  /* RFC 8285 section 6: a keyframe's dependency descriptor does not fit into the one-byte form. */
  gst_sdp_message_add_attribute (out, "extmap-allow-mixed", "");
  for (guint i = 0; i < n_lines; i++)
    add_media (out, write_line (&lines[i], mids[i], cname, first, i == 0));
  text = gst_sdp_message_as_text (out);
  gst_sdp_message_free (from);
  gst_sdp_message_free (out);
  return text;
}

/* -- data channels -- */

/* Returns: (transfer full) */
static GstSDPMedia *
write_data_line (const GstSDPMedia *transport, const char *mid, gboolean is_offer)
{
  g_autofree char *size = g_strdup_printf ("%d", SALON_LIMIT_DATA_MESSAGE_BYTES);
  GstSDPMedia *media;

  gst_sdp_media_new (&media);
  gst_sdp_media_set_media (media, "application");
  gst_sdp_media_set_port_info (media, is_offer ? 0 : gst_sdp_media_get_port (transport), 0);
  gst_sdp_media_set_proto (media, "UDP/DTLS/SCTP");
  gst_sdp_media_add_format (media, "webrtc-datachannel");
  gst_sdp_media_add_connection (media, "IN", "IP4", "0.0.0.0", 0, 0);
  for (guint i = 0; i < G_N_ELEMENTS (data_transport_attributes); i++)
    gst_sdp_media_add_attribute (
        media, data_transport_attributes[i], gst_sdp_media_get_attribute_val (transport, data_transport_attributes[i]));
  if (is_offer)
    gst_sdp_media_add_attribute (media, "bundle-only", "");
  gst_sdp_media_add_attribute (media, "mid", mid);
  gst_sdp_media_add_attribute (media, "sctp-port", "5000");
  gst_sdp_media_add_attribute (media, "max-message-size", size);
  return media;
}

char *
salon_offer_add_data (const char *description, guint index, const char *mid, gboolean is_offer)
{
  g_autofree char *group = NULL;
  GstSDPMessage *from, *out;
  guint n_lines;
  char *text;

  gst_sdp_message_new_from_text (description, &from);
  n_lines = gst_sdp_message_medias_len (from);
  group = g_strdup_printf ("%s %s", gst_sdp_message_get_attribute_val (from, "group"), mid);
  out = write_session (from, group);
  for (guint i = 0; i <= n_lines; i++)
    {
      GstSDPMedia *media;

      if (i == MIN (index, n_lines))
        add_media (out, write_data_line (gst_sdp_message_get_media (from, 0), mid, is_offer));
      if (i == n_lines)
        break;
      gst_sdp_media_copy (gst_sdp_message_get_media (from, i), &media);
      add_media (out, media);
    }
  text = gst_sdp_message_as_text (out);
  gst_sdp_message_free (from);
  gst_sdp_message_free (out);
  return text;
}
