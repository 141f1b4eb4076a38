/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-sdp.h"

#include <string.h>

#include "salon-error.h"
#include "salon-limits.h"

/* Hashes that RFC 8122 allows and that nobody can collide; sha-1 and md5 are refused. */
static const struct
{
  const char *name;
  GChecksumType type;
} hashes[] = {
  { "sha-256", G_CHECKSUM_SHA256 },
  { "sha-384", G_CHECKSUM_SHA384 },
  { "sha-512", G_CHECKSUM_SHA512 },
};

static void
media_free (SalonSdpMedia *media)
{
  g_free (media->mid);
  g_free (media);
}

static void
clear (SalonSdp *self)
{
  gst_sdp_message_free (self->message);
  g_ptr_array_unref (self->media);
  g_ptr_array_unref (self->fingerprints);
  g_hash_table_unref (self->ssrc_media);
}

SalonSdp *
salon_sdp_ref (SalonSdp *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
salon_sdp_unref (SalonSdp *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) clear);
}

G_GNUC_PRINTF (2, 3)
static gboolean
refuse (GError **error, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, SALON_ERROR, SALON_ERROR_MEDIA, "The session description can't be used: %s", text);
  return FALSE;
}

const SalonSdpMedia *
salon_sdp_get_media (const SalonSdp *self, guint index)
{
  return g_ptr_array_index (self->media, index);
}

const SalonSdpMedia *
salon_sdp_find_media (const SalonSdp *self, const char *mid)
{
  for (guint i = 0; i < self->media->len; i++)
    {
      const SalonSdpMedia *media = salon_sdp_get_media (self, i);

      if (g_str_equal (media->mid, mid))
        return media;
    }
  return NULL;
}

const char *
salon_sdp_get_mid_of_ssrc (const SalonSdp *self, guint32 ssrc)
{
  guint index_plus_one = GPOINTER_TO_UINT (g_hash_table_lookup (self->ssrc_media, GUINT_TO_POINTER (ssrc)));

  return index_plus_one == 0 ? NULL : salon_sdp_get_media (self, index_plus_one - 1)->mid;
}

/* -- reading one m-line -- */

static const char *
get_attribute (const SalonSdp *self, const GstSDPMedia *media, const char *key)
{
  const char *value = gst_sdp_media_get_attribute_val (media, key);

  return value != NULL ? value : gst_sdp_message_get_attribute_val (self->message, key);
}

static gboolean
read_kind (const GstSDPMedia *media, SalonSdpKind *kind, GError **error)
{
  const char *name = gst_sdp_media_get_media (media);
  const char *proto = gst_sdp_media_get_proto (media);

  if (g_strcmp0 (name, "audio") == 0)
    *kind = SALON_SDP_AUDIO;
  else if (g_strcmp0 (name, "video") == 0)
    *kind = SALON_SDP_VIDEO;
  else if (g_strcmp0 (name, "application") == 0)
    *kind = SALON_SDP_APPLICATION;
  else
    return refuse (error, "an m-line is neither audio, video nor application");

  if (g_strcmp0 (proto, *kind == SALON_SDP_APPLICATION ? "UDP/DTLS/SCTP" : "UDP/TLS/RTP/SAVPF") != 0)
    return refuse (error, "an m-line's transport is not DTLS over UDP");
  if (gst_sdp_media_formats_len (media) == 0 || gst_sdp_media_formats_len (media) > 128)
    return refuse (error, "an m-line has no formats or too many");
  return TRUE;
}

static gboolean
read_mid (SalonSdp *self, const GstSDPMedia *media, SalonSdpMedia *out, GError **error)
{
  const char *mid = gst_sdp_media_get_attribute_val (media, "mid");

  if (mid == NULL || *mid == '\0' || strlen (mid) > 32 || strspn (mid, " \t") > 0)
    return refuse (error, "every m-line needs an a=mid of 1 to 32 characters");
  if (gst_sdp_media_get_attribute_val_n (media, "mid", 1) != NULL)
    return refuse (error, "an m-line has two a=mid");
  if (salon_sdp_find_media (self, mid) != NULL)
    return refuse (error, "two m-lines have the same a=mid");
  out->mid = g_strdup (mid);
  return TRUE;
}

static void
read_direction (const SalonSdp *self, const GstSDPMedia *media, SalonSdpMedia *out)
{
  /* sendrecv is the default (RFC 8866 section 6.7). */
  out->sends = get_attribute (self, media, "recvonly") == NULL && get_attribute (self, media, "inactive") == NULL;
  out->receives = get_attribute (self, media, "sendonly") == NULL && get_attribute (self, media, "inactive") == NULL;
}

static gboolean
read_ice (const SalonSdp *self, const GstSDPMedia *media, GError **error)
{
  const char *ufrag = get_attribute (self, media, "ice-ufrag");
  const char *pwd = get_attribute (self, media, "ice-pwd");

  /* RFC 8839 section 5.4 */
  if (ufrag == NULL || pwd == NULL || strlen (ufrag) < 4 || strlen (ufrag) > 256 || strlen (pwd) < 22
      || strlen (pwd) > 256)
    return refuse (error, "ICE credentials are missing or of a wrong length");
  return TRUE;
}

static void
add_fingerprint (SalonSdp *self, const char *value)
{
  g_auto (GStrv) words = g_strsplit (value, " ", 3);

  for (guint i = 0; i < G_N_ELEMENTS (hashes) && g_strv_length (words) == 2; i++)
    {
      g_autofree char *hex = NULL;
      g_autofree char *entry = NULL;

      if (g_ascii_strcasecmp (words[0], hashes[i].name) != 0)
        continue;
      hex = g_ascii_strup (words[1], -1);
      entry = g_strconcat (hashes[i].name, " ", hex, NULL);
      if (!g_ptr_array_find_with_equal_func (self->fingerprints, entry, g_str_equal, NULL))
        g_ptr_array_add (self->fingerprints, g_steal_pointer (&entry));
    }
}

static gboolean
read_fingerprint (SalonSdp *self, const GstSDPMedia *media, GError **error)
{
  const char *value = get_attribute (self, media, "fingerprint");
  guint n_before = self->fingerprints->len;

  if (value == NULL)
    return refuse (error, "an m-line has no DTLS fingerprint");
  add_fingerprint (self, value);
  /* All m-lines share one DTLS connection: they must promise one certificate. */
  if (self->fingerprints->len == 0)
    return refuse (error, "the DTLS fingerprint must be sha-256, sha-384 or sha-512");
  if (n_before > 0 && self->fingerprints->len > n_before)
    return refuse (error, "m-lines differ in their DTLS fingerprint");
  return TRUE;
}

static gboolean
read_ssrcs (SalonSdp *self, const GstSDPMedia *media, guint index, GError **error)
{
  for (guint i = 0; i < gst_sdp_media_attributes_len (media); i++)
    {
      const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, i);
      guint64 ssrc;
      guint known;

      if (g_strcmp0 (attribute->key, "ssrc") != 0)
        continue;
      ssrc = attribute->value != NULL ? g_ascii_strtoull (attribute->value, NULL, 10) : 0;
      if (ssrc == 0 || ssrc > G_MAXUINT32)
        return refuse (error, "an a=ssrc is not a number of 32 bits");
      known = GPOINTER_TO_UINT (g_hash_table_lookup (self->ssrc_media, GUINT_TO_POINTER ((guint) ssrc)));
      if (known != 0 && known != index + 1)
        return refuse (error, "two m-lines have the same a=ssrc");
      g_hash_table_insert (self->ssrc_media, GUINT_TO_POINTER ((guint) ssrc), GUINT_TO_POINTER (index + 1));
    }
  return TRUE;
}

static gboolean
read_media (SalonSdp *self, guint index, GError **error)
{
  const GstSDPMedia *media = gst_sdp_message_get_media (self->message, index);
  SalonSdpMedia *out = g_new0 (SalonSdpMedia, 1);

  /* In the array at once, so that it is freed with it; read_mid() compares with those before only (mid unset). */
  out->rejected = gst_sdp_media_get_port (media) == 0 && gst_sdp_media_get_attribute_val (media, "bundle-only") == NULL;
  if (!read_kind (media, &out->kind, error) || !read_mid (self, media, out, error))
    {
      media_free (out);
      return FALSE;
    }
  read_direction (self, media, out);
  g_ptr_array_add (self->media, out);

  if (out->rejected)
    return TRUE;
  if (out->kind != SALON_SDP_APPLICATION && gst_sdp_media_get_attribute_val (media, "rtcp-mux") == NULL)
    return refuse (error, "an m-line lacks a=rtcp-mux");
  if (get_attribute (self, media, "setup") == NULL)
    return refuse (error, "an m-line lacks a=setup");
  return read_ice (self, media, error) && read_fingerprint (self, media, error)
         && read_ssrcs (self, media, index, error);
}

/* webrtcbin looks the first mid of the group up among the m-lines; and one transport for all is what we negotiate. */
static gboolean
check_bundle (const SalonSdp *self, GError **error)
{
  const char *group = gst_sdp_message_get_attribute_val (self->message, "group");
  g_auto (GStrv) mids = NULL;

  if (group == NULL || !g_str_has_prefix (group, "BUNDLE "))
    return refuse (error, "it has no a=group:BUNDLE (use bundlePolicy \"max-bundle\")");
  if (gst_sdp_message_get_attribute_val_n (self->message, "group", 1) != NULL)
    return refuse (error, "it has more than one a=group");

  mids = g_strsplit (group + strlen ("BUNDLE "), " ", -1);
  for (guint i = 0; i < self->media->len; i++)
    {
      const SalonSdpMedia *media = salon_sdp_get_media (self, i);

      if (!media->rejected && !g_strv_contains ((const char *const *) mids, media->mid))
        return refuse (error, "an m-line is not in a=group:BUNDLE");
    }
  for (guint i = 0; mids[i] != NULL; i++)
    {
      if (salon_sdp_find_media (self, mids[i]) == NULL)
        return refuse (error, "a=group:BUNDLE names an m-line that isn't there");
    }
  return TRUE;
}

SalonSdp *
salon_sdp_parse (const char *text, GError **error)
{
  g_autoptr (SalonSdp) self = g_atomic_rc_box_new0 (SalonSdp);
  gsize size = strlen (text);

  gst_sdp_message_new (&self->message);
  self->media = g_ptr_array_new_with_free_func ((GDestroyNotify) media_free);
  self->fingerprints = g_ptr_array_new_with_free_func (g_free);
  self->ssrc_media = g_hash_table_new (NULL, NULL);

  if (size == 0 || size > SALON_LIMIT_SDP_BYTES)
    {
      refuse (error, "it must have 1 to %d bytes", SALON_LIMIT_SDP_BYTES);
      return NULL;
    }
  if (gst_sdp_message_parse_buffer ((const guint8 *) text, size, self->message) != GST_SDP_OK)
    {
      refuse (error, "it is not SDP (RFC 8866)");
      return NULL;
    }
  if (gst_sdp_message_medias_len (self->message) == 0
      || gst_sdp_message_medias_len (self->message) > 2 * SALON_LIMIT_SEATS)
    {
      refuse (error, "it has no m-lines or more than %d", 2 * SALON_LIMIT_SEATS);
      return NULL;
    }
  for (guint i = 0; i < gst_sdp_message_medias_len (self->message); i++)
    {
      if (!read_media (self, i, error))
        return NULL;
    }
  if (!check_bundle (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* -- what may follow what -- */

static gboolean
check_same_fingerprints (const SalonSdp *self, const SalonSdp *previous, GError **error)
{
  for (guint i = 0; i < self->fingerprints->len; i++)
    {
      if (!g_ptr_array_find_with_equal_func (previous->fingerprints, g_ptr_array_index (self->fingerprints, i),
              g_str_equal, NULL))
        return refuse (error, "the DTLS fingerprint changed; make a new connection for a new certificate");
    }
  return TRUE;
}

static gboolean
check_same_lines (const SalonSdp *self, const SalonSdp *other, GError **error)
{
  if (self->media->len < other->media->len)
    return refuse (error, "m-lines went away; they may only be added");
  for (guint i = 0; i < other->media->len; i++)
    {
      const SalonSdpMedia *now = salon_sdp_get_media (self, i);
      const SalonSdpMedia *then = salon_sdp_get_media (other, i);

      if (now->kind != then->kind || !g_str_equal (now->mid, then->mid))
        return refuse (error, "m-line %u changed its kind or mid; m-lines must keep their order", i);
    }
  return TRUE;
}

static gboolean
check_offered_line (const SalonSdp *self, guint index, GError **error)
{
  const SalonSdpMedia *media = salon_sdp_get_media (self, index);

  if (media->rejected)
    return refuse (error, "m-line %u has port 0; keep it as it was, or make it inactive", index);
  /* webrtcbin 1.22 maps an unannounced SSRC to the first m-line's transceiver, and dies if that has none. */
  if (media->kind == SALON_SDP_APPLICATION && index == 0)
    return refuse (error, "the first m-line must be audio or video, not application");
  return TRUE;
}

gboolean
salon_sdp_check_offer (const SalonSdp *self, const SalonSdp *previous, GError **error)
{
  if (self->media->len > SALON_LIMIT_MEDIA_LINES)
    return refuse (error, "an offer may have %d m-lines", SALON_LIMIT_MEDIA_LINES);
  for (guint i = 0; i < self->media->len; i++)
    {
      if (!check_offered_line (self, i, error))
        return FALSE;
    }
  if (previous == NULL)
    return TRUE;
  if (!check_same_lines (self, previous, error) || !check_same_fingerprints (self, previous, error))
    return FALSE;
  for (guint i = 0; i < previous->media->len; i++)
    {
      /* On 1.22 a revived m-line makes every later negotiation of the connection fail. */
      if (salon_sdp_get_media (self, i)->sends && !salon_sdp_get_media (previous, i)->sends)
        return refuse (error, "m-line %u was inactive and can't be revived; add a new one", i);
    }
  return TRUE;
}

gboolean
salon_sdp_check_answer (const SalonSdp *self, const SalonSdp *offer, GError **error)
{
  if (self->media->len != offer->media->len)
    return refuse (error, "the answer must have as many m-lines as the offer");
  if (!check_same_lines (self, offer, error))
    return FALSE;
  for (guint i = 0; i < self->media->len; i++)
    {
      const SalonSdpMedia *media = salon_sdp_get_media (self, i);

      if (media->rejected)
        return refuse (error, "the answer must accept every m-line; m-line %u has port 0", i);
      if (media->sends)
        return refuse (error, "m-line %u must be recvonly or inactive on this connection", i);
    }
  return TRUE;
}

gboolean
salon_sdp_matches_certificate (const SalonSdp *self, const guint8 *der, gsize der_size)
{
  for (guint i = 0; i < G_N_ELEMENTS (hashes); i++)
    {
      g_autofree char *digest = g_compute_checksum_for_data (hashes[i].type, der, der_size);
      g_autoptr (GString) entry = g_string_new (hashes[i].name);

      for (gsize k = 0; digest[k] != '\0'; k += 2)
        g_string_append_printf (entry, "%c%c%c", k == 0 ? ' ' : ':', g_ascii_toupper (digest[k]),
            g_ascii_toupper (digest[k + 1]));
      if (g_ptr_array_find_with_equal_func (self->fingerprints, entry->str, g_str_equal, NULL))
        return TRUE;
    }
  return FALSE;
}
