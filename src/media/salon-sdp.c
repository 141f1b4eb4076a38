/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-sdp.h"

#include <string.h>

#include "salon-candidate.h"
#include "salon-error.h"
#include "salon-limits.h"
#include "salon-sdp-formats.h"
#include "salon-sdp-simulcast.h"

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

/* RFC 8122 section 5, without "holdconn", which ICE makes pointless (RFC 8842 section 5.1). */
static const char *const setups[] = { "actpass", "active", "passive" };

/* "Reserved" (RFC 3551 section 6), so nobody's: a client may yet come to use any other. */
#define STAND_IN_PAYLOAD_TYPE "1"

static void
media_free (SalonSdpMedia *media)
{
  g_free (media->mid);
  for (guint i = 0; i < media->n_rids; i++)
    g_free (media->rids[i]);
  g_free (media->stream);
  g_free (media->track);
  g_free (media);
}

static void
clear (SalonSdp *self)
{
  gst_sdp_message_free (self->message);
  g_ptr_array_unref (self->media);
  g_ptr_array_unref (self->candidates);
  g_hash_table_unref (self->ssrc_media);
  g_free (self->numbers);
  g_free (self->ufrag);
  g_free (self->pwd);
  g_free (self->fingerprint);
  g_free (self->data_mid);
}

SalonSdp *
salon_sdp_ref (SalonSdp *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
salon_sdp_unref (SalonSdp *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify)clear);
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

gint
salon_sdp_media_find_rid (const SalonSdpMedia *media, const char *rid, gsize size)
{
  for (guint i = 0; i < media->n_rids; i++)
    {
      if (strlen (media->rids[i]) == size && memcmp (media->rids[i], rid, size) == 0)
        return (gint)i;
    }
  return -1;
}

gboolean
salon_sdp_sends (const SalonSdp *self)
{
  for (guint i = 0; i < self->media->len; i++)
    {
      if (salon_sdp_get_media (self, i)->sends)
        return TRUE;
    }
  return FALSE;
}

gboolean
salon_sdp_has_simulcast (const SalonSdp *self)
{
  for (guint i = 0; i < self->media->len; i++)
    {
      if (salon_sdp_get_media (self, i)->n_rids > 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
takes_nack (const GstSDPMedia *media)
{
  for (guint i = 0; i < gst_sdp_media_attributes_len (media); i++)
    {
      const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, i);

      if (g_str_equal (attribute->key, "rtcp-fb") && g_str_has_suffix (attribute->value, " nack"))
        return TRUE;
    }
  return FALSE;
}

gboolean
salon_sdp_resends_video (const SalonSdp *self)
{
  for (guint i = 0; i < self->media->len; i++)
    {
      if (salon_sdp_get_media (self, i)->kind == SALON_SDP_VIDEO
          && takes_nack (gst_sdp_message_get_media (self->message, i)))
        return TRUE;
    }
  return FALSE;
}

const char *
salon_sdp_get_mid_of_ssrc (const SalonSdp *self, guint32 ssrc)
{
  guint index_plus_one = GPOINTER_TO_UINT (g_hash_table_lookup (self->ssrc_media, GUINT_TO_POINTER (ssrc)));

  return index_plus_one == 0 ? NULL : salon_sdp_get_media (self, index_plus_one - 1)->mid;
}

guint
salon_sdp_get_extension_id (const SalonSdp *self, const char *uri)
{
  return salon_sdp_numbers_find_extension (self->numbers, uri);
}

/* -- reading one m-line -- */

/* What is read goes to the SalonSdp, and is written anew to the m-line that webrtcbin will see. */
typedef struct
{
  SalonSdp *sdp;
  const GstSDPMessage *raw; /* as the client wrote it */
  const GstSDPMedia *media; /* of raw */
  guint index;              /* of the m-line, among those that webrtcbin will see */
  GstSDPMedia *out;
} Reader;

/* The m-line's value or, without one, the session's. */
static const char *
get_attribute (const Reader *reader, const char *key)
{
  const char *value = gst_sdp_media_get_attribute_val (reader->media, key);

  return value != NULL ? value : gst_sdp_message_get_attribute_val (reader->raw, key);
}

/* For what all m-lines share: the first sets it, the others must agree. */
static gboolean
agree (char **shared, const char *value)
{
  if (*shared == NULL)
    *shared = g_strdup (value);
  return g_str_equal (*shared, value);
}

static gboolean
read_kind (const Reader *reader, SalonSdpKind *kind, GError **error)
{
  const char *name = gst_sdp_media_get_media (reader->media);
  const char *proto = gst_sdp_media_get_proto (reader->media);

  if (g_strcmp0 (name, "audio") == 0)
    *kind = SALON_SDP_AUDIO;
  else if (g_strcmp0 (name, "video") == 0)
    *kind = SALON_SDP_VIDEO;
  else
    return refuse (error, "an m-line is neither audio, video nor for data channels");

  if (g_strcmp0 (proto, "UDP/TLS/RTP/SAVPF") != 0)
    return refuse (error, "an m-line's transport is not DTLS over UDP");
  if (gst_sdp_media_get_port (reader->media) == 0
      && gst_sdp_media_get_attribute_val (reader->media, "bundle-only") == NULL)
    return refuse (error, "an m-line has port 0; keep it as it was, or make it inactive");
  if (gst_sdp_media_attributes_len (reader->media) > SALON_LIMIT_SDP_ATTRIBUTES)
    return refuse (error, "an m-line has more than %d attributes", SALON_LIMIT_SDP_ATTRIBUTES);
  gst_sdp_media_set_media (reader->out, name);
  gst_sdp_media_set_proto (reader->out, proto);
  gst_sdp_media_set_port_info (reader->out, 9, 0);
  gst_sdp_media_add_connection (reader->out, "IN", "IP4", "0.0.0.0", 0, 0);
  return TRUE;
}

/* A token (RFC 8866 section 9). */
static gboolean
is_token (const char *text, gsize max_length)
{
  gsize length = strlen (text);

  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isgraph (text[i]) || strchr ("\"(),/:;<=>?@[\\]", text[i]) != NULL)
        return FALSE;
    }
  return length >= 1 && length <= max_length;
}

static gboolean
read_mid (const Reader *reader, SalonSdpMedia *out, GError **error)
{
  const char *mid = gst_sdp_media_get_attribute_val (reader->media, "mid");

  if (mid == NULL || !is_token (mid, 32))
    return refuse (error, "every m-line needs an a=mid of 1 to 32 letters, digits or the like");
  if (gst_sdp_media_get_attribute_val_n (reader->media, "mid", 1) != NULL)
    return refuse (error, "an m-line has two a=mid");
  if (salon_sdp_find_media (reader->sdp, mid) != NULL || g_strcmp0 (reader->sdp->data_mid, mid) == 0)
    return refuse (error, "two m-lines have the same a=mid");
  out->mid = g_strdup (mid);
  gst_sdp_media_add_attribute (reader->out, "mid", mid);
  return TRUE;
}

enum
{
  INACTIVE,
  RECVONLY,
  SENDONLY,
  SENDRECV,
  N_DIRECTIONS
};
static const char *const directions[] = { "inactive", "recvonly", "sendonly", "sendrecv", NULL };

static gboolean
read_direction (const Reader *reader, SalonSdpMedia *out, GError **error)
{
  guint on_media = 0;
  guint on_session = 0;
  int direction;

  for (guint i = 0; i < N_DIRECTIONS; i++)
    {
      if (gst_sdp_media_get_attribute_val (reader->media, directions[i]) != NULL)
        on_media |= 1u << i;
      if (gst_sdp_message_get_attribute_val (reader->raw, directions[i]) != NULL)
        on_session |= 1u << i;
    }
  /* The m-line's goes before the session's, and sendrecv is the default (RFC 8866 section 6.7). */
  direction = g_bit_nth_lsf (on_media != 0 ? on_media : on_session != 0 ? on_session : 1u << SENDRECV, -1);
  if (on_media > 1u << direction || (on_media == 0 && on_session > 1u << direction))
    return refuse (error, "an m-line has two directions");
  out->sends = direction == SENDONLY || direction == SENDRECV;
  out->receives = direction == RECVONLY || direction == SENDRECV;
  gst_sdp_media_add_attribute (reader->out, directions[direction], "");
  return TRUE;
}

/* Of several, the first; others are told of it. */
static void
read_msid (const Reader *reader, SalonSdpMedia *out)
{
  const char *value = gst_sdp_media_get_attribute_val (reader->media, "msid");
  g_auto (GStrv) words = g_strsplit (value != NULL ? value : "", " ", 3);
  guint n_words = g_strv_length (words);

  if (n_words >= 1 && is_token (words[0], 64) && !g_str_equal (words[0], "-"))
    out->stream = g_strdup (words[0]);
  if (n_words >= 2 && is_token (words[1], 64))
    out->track = g_strdup (words[1]);
}

/* RFC 8839 section 5.4 allows letters, digits, '+' and '/'; not everybody keeps to that. */
static gboolean
is_credential (const char *text, gsize min_length)
{
  gsize length = strlen (text);

  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isgraph (text[i]))
        return FALSE;
    }
  return length >= min_length && length <= 256;
}

static gboolean
read_ice (const Reader *reader, GError **error)
{
  const char *ufrag = get_attribute (reader, "ice-ufrag");
  const char *pwd = get_attribute (reader, "ice-pwd");

  if (ufrag == NULL || pwd == NULL || !is_credential (ufrag, 4) || !is_credential (pwd, 22))
    return refuse (error, "ICE credentials are missing or malformed");
  if (!agree (&reader->sdp->ufrag, ufrag) || !agree (&reader->sdp->pwd, pwd))
    return refuse (error, "m-lines differ in their ICE credentials");
  gst_sdp_media_add_attribute (reader->out, "ice-ufrag", ufrag);
  gst_sdp_media_add_attribute (reader->out, "ice-pwd", pwd);
  return TRUE;
}

/* Returns: (transfer full) (nullable): as SalonSdp.fingerprint. */
static char *
read_strong_fingerprint (const char *value)
{
  g_auto (GStrv) words = g_strsplit (value, " ", 3);

  for (guint i = 0; i < G_N_ELEMENTS (hashes) && g_strv_length (words) == 2; i++)
    {
      g_autofree char *hex = g_ascii_strup (words[1], -1);

      if (g_ascii_strcasecmp (words[0], hashes[i].name) == 0
          && strlen (hex) == 3 * (gsize)g_checksum_type_get_length (hashes[i].type) - 1
          && strspn (hex, "0123456789ABCDEF:") == strlen (hex))
        return g_strconcat (hashes[i].name, " ", hex, NULL);
    }
  return NULL;
}

/* The first strong one of those that the m-line has or, when it has none, the session. */
static char *
find_fingerprint (const Reader *reader)
{
  gboolean is_on_media = gst_sdp_media_get_attribute_val (reader->media, "fingerprint") != NULL;

  for (guint i = 0; i < G_N_ELEMENTS (hashes) + 2; i++)
    {
      const char *value = is_on_media ? gst_sdp_media_get_attribute_val_n (reader->media, "fingerprint", i)
                                      : gst_sdp_message_get_attribute_val_n (reader->raw, "fingerprint", i);
      char *fingerprint = value != NULL ? read_strong_fingerprint (value) : NULL;

      if (fingerprint != NULL)
        return fingerprint;
    }
  return NULL;
}

/* All m-lines share one DTLS connection: they must promise one certificate and one role. */
static gboolean
read_dtls (const Reader *reader, GError **error)
{
  g_autofree char *fingerprint = find_fingerprint (reader);
  const char *setup = get_attribute (reader, "setup");
  SalonSdp *sdp = reader->sdp;

  if (fingerprint == NULL)
    return refuse (error, "an m-line has no DTLS fingerprint by sha-256, sha-384 or sha-512");
  if (!agree (&sdp->fingerprint, fingerprint))
    return refuse (error, "m-lines differ in their DTLS fingerprint");
  for (guint i = 0; i < G_N_ELEMENTS (setups) && sdp->setup == NULL; i++)
    {
      if (g_strcmp0 (setup, setups[i]) == 0)
        sdp->setup = setups[i];
    }
  if (setup == NULL || g_strcmp0 (sdp->setup, setup) != 0)
    return refuse (error, "every m-line needs the same a=setup: actpass, active or passive");
  gst_sdp_media_add_attribute (reader->out, "fingerprint", fingerprint);
  gst_sdp_media_add_attribute (reader->out, "setup", setup);
  return TRUE;
}

static gboolean
read_ssrc (const Reader *reader, const char *value, GError **error)
{
  g_auto (GStrv) words = g_strsplit (value != NULL ? value : "", " ", 2);
  g_autofree char *line = NULL;
  guint64 ssrc;
  guint known;

  if (words[0] == NULL || !g_ascii_string_to_unsigned (words[0], 10, 1, G_MAXUINT32, &ssrc, NULL))
    return refuse (error, "an a=ssrc is not a number of 32 bits");
  known = GPOINTER_TO_UINT (g_hash_table_lookup (reader->sdp->ssrc_media, GUINT_TO_POINTER ((guint)ssrc)));
  if (known != 0 && known != reader->index + 1)
    return refuse (error, "two m-lines have the same a=ssrc");
  if (known != 0)
    return TRUE;
  g_hash_table_insert (reader->sdp->ssrc_media, GUINT_TO_POINTER ((guint)ssrc), GUINT_TO_POINTER (reader->index + 1));
  /* webrtcbin takes note of no other form. */
  line = g_strdup_printf ("%u cname:client", (guint)ssrc);
  gst_sdp_media_add_attribute (reader->out, "ssrc", line);
  return TRUE;
}

static gboolean
read_ssrcs (const Reader *reader, GError **error)
{
  guint n_before = g_hash_table_size (reader->sdp->ssrc_media);

  for (guint i = 0; i < gst_sdp_media_attributes_len (reader->media); i++)
    {
      const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (reader->media, i);

      if (g_strcmp0 (attribute->key, "ssrc") == 0 && !read_ssrc (reader, attribute->value, error))
        return FALSE;
    }
  if (g_hash_table_size (reader->sdp->ssrc_media) - n_before > SALON_LIMIT_SSRCS)
    return refuse (error, "an m-line has more than %d a=ssrc", SALON_LIMIT_SSRCS);
  return TRUE;
}

/* For clients that don't trickle. Malformed ones are passed over: nobody waits for an answer to each. */
static void
read_candidates (const Reader *reader)
{
  GPtrArray *candidates = reader->sdp->candidates;

  for (guint i = 0; i < gst_sdp_media_attributes_len (reader->media) && candidates->len < SALON_LIMIT_CANDIDATES; i++)
    {
      const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (reader->media, i);
      g_autofree char *text = NULL;
      char *candidate;

      if (g_strcmp0 (attribute->key, "candidate") != 0 || attribute->value == NULL)
        continue;
      text = g_strconcat ("candidate:", attribute->value, NULL);
      if (salon_candidate_read (text, &candidate, NULL) && candidate != NULL)
        g_ptr_array_add (candidates, candidate);
    }
}

static gboolean
read_formats (const Reader *reader, SalonSdpMedia *out, GError **error)
{
  SalonSdpNumbers *numbers = reader->sdp->numbers;
  const char *problem = salon_sdp_formats_copy (numbers, reader->media,
      out->kind == SALON_SDP_VIDEO ? SALON_KIND_VIDEO : SALON_KIND_AUDIO, reader->out, &out->red);

  for (guint i = 0; i < gst_sdp_media_attributes_len (reader->media) && problem == NULL; i++)
    problem = salon_sdp_extension_copy (numbers, gst_sdp_media_get_attribute (reader->media, i), reader->out);
  for (guint i = 0; i < gst_sdp_message_attributes_len (reader->raw) && problem == NULL; i++)
    problem = salon_sdp_extension_copy (numbers, gst_sdp_message_get_attribute (reader->raw, i), reader->out);
  return problem == NULL || refuse (error, "%s", problem);
}

/* Before the formats: some header extensions are of use for simulcast alone. */
static gboolean
read_simulcast (const Reader *reader, SalonSdpMedia *out, GError **error)
{
  const char *problem = NULL;

  if (out->kind == SALON_SDP_VIDEO && out->sends)
    problem = salon_sdp_simulcast_copy (reader->media, reader->out, out->rids, &out->n_rids);
  return problem == NULL || refuse (error, "%s", problem);
}

static gboolean
read_rtp (const Reader *reader, SalonSdpMedia *out, GError **error)
{
  if (gst_sdp_media_get_attribute_val (reader->media, "rtcp-mux") == NULL)
    return refuse (error, "an m-line lacks a=rtcp-mux");
  gst_sdp_media_add_attribute (reader->out, "rtcp-mux", "");
  if (gst_sdp_media_get_attribute_val (reader->media, "rtcp-rsize") != NULL)
    gst_sdp_media_add_attribute (reader->out, "rtcp-rsize", "");
  return read_formats (reader, out, error) && read_ssrcs (reader, error);
}

static gboolean
read_parts (const Reader *reader, SalonSdpMedia *out, GError **error)
{
  if (!read_kind (reader, &out->kind, error) || !read_mid (reader, out, error) || !read_direction (reader, out, error)
      || !read_ice (reader, error) || !read_dtls (reader, error))
    return FALSE;
  read_candidates (reader);
  read_msid (reader, out);
  return read_simulcast (reader, out, error) && read_rtp (reader, out, error);
}

static gboolean
read_media (SalonSdp *self, const GstSDPMessage *raw, guint index, GError **error)
{
  Reader reader = { self, raw, gst_sdp_message_get_media (raw, index), self->media->len, NULL };
  SalonSdpMedia *media = g_new0 (SalonSdpMedia, 1);
  gboolean is_good;

  gst_sdp_media_new (&reader.out);
  is_good = read_parts (&reader, media, error);
  if (is_good)
    {
      g_ptr_array_add (self->media, media);
      gst_sdp_message_add_media (self->message, reader.out); /* takes the content */
    }
  else
    media_free (media);
  gst_sdp_media_free (reader.out);
  return is_good;
}

/* -- the m-line for data channels (RFC 8841) -- */

static gboolean
is_data_line (const GstSDPMedia *media)
{
  return g_strcmp0 (gst_sdp_media_get_media (media), "application") == 0;
}

static gboolean
check_data_line (const GstSDPMedia *media, GError **error)
{
  if (g_strcmp0 (gst_sdp_media_get_proto (media), "UDP/DTLS/SCTP") != 0 || gst_sdp_media_formats_len (media) != 1
      || !g_str_equal (gst_sdp_media_get_format (media, 0), "webrtc-datachannel")
      || g_strcmp0 (gst_sdp_media_get_attribute_val (media, "sctp-port"), "5000") != 0)
    return refuse (error, "data channels must be \"UDP/DTLS/SCTP webrtc-datachannel\" with a=sctp-port:5000");
  if (gst_sdp_media_attributes_len (media) > SALON_LIMIT_SDP_ATTRIBUTES)
    return refuse (error, "an m-line has more than %d attributes", SALON_LIMIT_SDP_ATTRIBUTES);
  return TRUE;
}

/* webrtcbin makes a connection's transport for the first m-line, and none for data channels, which are not its own.
 * Where they come first it sees one for sound instead, on which nothing ever comes: so what comes later has its place.
 * Not an inactive one, on which it begins no DTLS. */
static void
begin_stand_in (GstSDPMedia *out)
{
  gst_sdp_media_set_media (out, "audio");
  gst_sdp_media_set_port_info (out, 9, 0);
  gst_sdp_media_set_proto (out, "UDP/TLS/RTP/SAVPF");
  gst_sdp_media_add_format (out, STAND_IN_PAYLOAD_TYPE);
  gst_sdp_media_add_connection (out, "IN", "IP4", "0.0.0.0", 0, 0);
  gst_sdp_media_add_attribute (out, "rtpmap", STAND_IN_PAYLOAD_TYPE " opus/48000/2");
  gst_sdp_media_add_attribute (out, "rtcp-mux", "");
  gst_sdp_media_add_attribute (out, directions[SENDONLY], "");
}

static void
add_stand_in (SalonSdp *self, GstSDPMedia *out)
{
  SalonSdpMedia *media = g_new0 (SalonSdpMedia, 1);

  *media = (SalonSdpMedia){ .kind = SALON_SDP_AUDIO, .mid = g_strdup (self->data_mid) };
  g_ptr_array_add (self->media, media);
  gst_sdp_message_add_media (self->message, out); /* takes the content */
}

/* The transport is that of all; the rest is not webrtcbin's, and not in the message that it sees. */
static gboolean
read_data_line (SalonSdp *self, const GstSDPMessage *raw, guint index, GError **error)
{
  Reader reader = { self, raw, gst_sdp_message_get_media (raw, index), 0, NULL };
  SalonSdpMedia media = { 0 };
  gboolean is_good;

  if (self->data_mid != NULL)
    return refuse (error, "it has two m-lines for data channels");
  if (gst_sdp_media_get_port (reader.media) == 0
      && gst_sdp_media_get_attribute_val (reader.media, "bundle-only") == NULL)
    {
      self->is_data_rejected = TRUE;
      return TRUE;
    }
  gst_sdp_media_new (&reader.out);
  begin_stand_in (reader.out);
  is_good = check_data_line (reader.media, error) && read_mid (&reader, &media, error) && read_ice (&reader, error)
            && read_dtls (&reader, error);
  self->data_mid = media.mid;
  self->data_index = index;
  if (is_good)
    read_candidates (&reader);
  if (is_good && index == 0)
    add_stand_in (self, reader.out);
  gst_sdp_media_free (reader.out);
  return is_good;
}

/* -- reading the session -- */

#define BUNDLE "BUNDLE "

/* (transfer none) (nullable): the n-th one's mids. Others, such as LS for lip sync, say nothing of the transport. */
static const char *
find_bundle (const GstSDPMessage *raw, guint n)
{
  const char *group;

  for (guint i = 0; (group = gst_sdp_message_get_attribute_val_n (raw, "group", i)) != NULL; i++)
    {
      if (g_str_has_prefix (group, BUNDLE) && n-- == 0)
        return group + strlen (BUNDLE);
    }
  return NULL;
}

/* One transport for all is what we negotiate. */
static gboolean
check_bundle (const SalonSdp *self, const GstSDPMessage *raw, GError **error)
{
  const char *group = find_bundle (raw, 0);
  guint n_lines = self->media->len + (self->data_mid != NULL && self->data_index > 0 ? 1 : 0);
  g_auto (GStrv) mids = NULL;

  if (group == NULL)
    return refuse (error, "it has no a=group:BUNDLE (use bundlePolicy \"max-bundle\")");
  if (find_bundle (raw, 1) != NULL)
    return refuse (error, "it has more than one a=group:BUNDLE");

  mids = g_strsplit (group, " ", (int)n_lines + 1);
  if (g_strv_length (mids) > n_lines)
    return refuse (error, "a=group:BUNDLE names more m-lines than there are");
  for (guint i = 0; i < self->media->len; i++)
    {
      if (!g_strv_contains ((const char *const *)mids, salon_sdp_get_media (self, i)->mid))
        return refuse (error, "an m-line is not in a=group:BUNDLE");
    }
  if (self->data_mid != NULL && !g_strv_contains ((const char *const *)mids, self->data_mid))
    return refuse (error, "the m-line for data channels is not in a=group:BUNDLE");
  return TRUE;
}

/* webrtcbin numbers its transport by the group's first m-line: always the same one, or a later description with
 * another order would make it begin a second transport. */
static void
write_session (SalonSdp *self)
{
  g_autoptr (GString) group = g_string_new ("BUNDLE");

  for (guint i = 0; i < self->media->len; i++)
    g_string_append_printf (group, " %s", salon_sdp_get_media (self, i)->mid);
  gst_sdp_message_set_version (self->message, "0");
  gst_sdp_message_set_origin (self->message, "-", "1", "1", "IN", "IP4", "0.0.0.0");
  gst_sdp_message_set_session_name (self->message, "-");
  gst_sdp_message_add_attribute (self->message, "group", group->str);
  gst_sdp_message_add_attribute (self->message, "ice-options", "trickle");
}

static gboolean
read_session (SalonSdp *self, const char *text, GstSDPMessage *raw, GError **error)
{
  gsize size = strlen (text);
  guint n_media;

  if (size == 0 || size > SALON_LIMIT_SDP_BYTES)
    return refuse (error, "it must have 1 to %d bytes", SALON_LIMIT_SDP_BYTES);
  if (gst_sdp_message_parse_buffer ((const guint8 *)text, size, raw) != GST_SDP_OK)
    return refuse (error, "it is not SDP (RFC 8866)");
  n_media = gst_sdp_message_medias_len (raw);
  if (n_media == 0 || n_media > 2 * SALON_LIMIT_SEATS + 1)
    return refuse (error, "it has no m-lines or more than %d", 2 * SALON_LIMIT_SEATS + 1);
  if (gst_sdp_message_attributes_len (raw) > SALON_LIMIT_SDP_ATTRIBUTES)
    return refuse (error, "the session has more than %d attributes", SALON_LIMIT_SDP_ATTRIBUTES);
  for (guint i = 0; i < n_media; i++)
    {
      gboolean is_data = is_data_line (gst_sdp_message_get_media (raw, i));

      if (!(is_data ? read_data_line (self, raw, i, error) : read_media (self, raw, i, error)))
        return FALSE;
    }
  if (self->media->len == 0)
    return refuse (error, "all that it has are data channels that are rejected");
  return check_bundle (self, raw, error);
}

static SalonSdp *
new_empty (void)
{
  SalonSdp *self = g_atomic_rc_box_new0 (SalonSdp);

  gst_sdp_message_new (&self->message);
  self->media = g_ptr_array_new_with_free_func ((GDestroyNotify)media_free);
  self->candidates = g_ptr_array_new_with_free_func (g_free);
  self->ssrc_media = g_hash_table_new (NULL, NULL);
  self->numbers = g_new0 (SalonSdpNumbers, 1);
  return self;
}

SalonSdp *
salon_sdp_parse (const char *text, GError **error)
{
  g_autoptr (SalonSdp) self = new_empty ();
  GstSDPMessage *raw = NULL;
  gboolean is_good;

  gst_sdp_message_new (&raw);
  is_good = read_session (self, text, raw, error);
  gst_sdp_message_free (raw);
  if (!is_good)
    return NULL;
  write_session (self);
  return g_steal_pointer (&self);
}

/* Returns: (transfer full) */
static GstSDPMedia *
copy_line (const GstSDPMedia *line, const char *direction)
{
  GstSDPMedia *copy;

  gst_sdp_media_copy (line, &copy);
  for (guint i = gst_sdp_media_attributes_len (copy); i-- > 0;)
    {
      if (g_strv_contains (directions, gst_sdp_media_get_attribute (copy, i)->key))
        gst_sdp_media_remove_attribute (copy, i);
    }
  gst_sdp_media_add_attribute (copy, direction, "");
  return copy;
}

SalonSdp *
salon_sdp_copy_transport (const SalonSdp *self)
{
  const SalonSdpMedia *first = salon_sdp_get_media (self, 0);
  SalonSdp *copy = new_empty ();
  SalonSdpMedia *media = g_new0 (SalonSdpMedia, 1);
  GstSDPMedia *line = copy_line (gst_sdp_message_get_media (self->message, 0), directions[RECVONLY]);

  *media = (SalonSdpMedia){ .kind = first->kind, .mid = g_strdup (first->mid), .receives = TRUE };
  g_ptr_array_add (copy->media, media);
  gst_sdp_message_add_media (copy->message, line); /* takes the content */
  gst_sdp_media_free (line);
  for (guint i = 0; i < self->candidates->len; i++)
    g_ptr_array_add (copy->candidates, g_strdup (g_ptr_array_index (self->candidates, i)));
  *copy->numbers = *self->numbers;
  copy->ufrag = g_strdup (self->ufrag);
  copy->pwd = g_strdup (self->pwd);
  copy->fingerprint = g_strdup (self->fingerprint);
  copy->setup = self->setup;
  write_session (copy);
  return copy;
}

/* -- what may follow what -- */

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

/* It stays where it is, or comes after what was there. */
static gboolean
check_same_data (const SalonSdp *self, const SalonSdp *previous, GError **error)
{
  gboolean is_same = previous->data_mid != NULL ? g_strcmp0 (self->data_mid, previous->data_mid) == 0
                                                      && self->data_index == previous->data_index
                                                : self->data_mid == NULL || self->data_index >= previous->media->len;

  return is_same || refuse (error, "the m-line for data channels went away, moved, or pushed others aside");
}

/* What webrtcbin was told before stays with its elements. */
static gboolean
check_same_numbers (const SalonSdp *self, const SalonSdp *other, GError **error)
{
  const SalonSdpNumbers *now = self->numbers;
  const SalonSdpNumbers *then = other->numbers;

  for (guint i = 0; i < G_N_ELEMENTS (now->formats); i++)
    {
      if (now->formats[i] != 0 && then->formats[i] != 0 && now->formats[i] != then->formats[i])
        return refuse (error, "payload type %u changed its meaning", i);
    }
  for (guint i = 0; i < G_N_ELEMENTS (now->extensions); i++)
    {
      guint id = now->extensions[i] != NULL ? salon_sdp_get_extension_id (other, now->extensions[i]) : 0;

      if ((id != 0 && id != i) || (id == 0 && now->extensions[i] != NULL && then->extensions[i] != NULL))
        return refuse (error, "header extension %u changed its meaning", i);
    }
  return TRUE;
}

/* webrtcbin never forgets where an SSRC belonged. */
static gboolean
check_same_ssrcs (const SalonSdp *self, const SalonSdp *previous, GError **error)
{
  GHashTableIter iter;
  gpointer ssrc;
  gpointer now;

  g_hash_table_iter_init (&iter, self->ssrc_media);
  while (g_hash_table_iter_next (&iter, &ssrc, &now))
    {
      gpointer then = g_hash_table_lookup (previous->ssrc_media, ssrc);

      if (then != NULL && then != now)
        return refuse (error, "SSRC %u moved to another m-line", GPOINTER_TO_UINT (ssrc));
    }
  return TRUE;
}

/* The track has a stream for each. */
static gboolean
has_same_rids (const SalonSdpMedia *now, const SalonSdpMedia *then)
{
  gboolean is_same = now->n_rids == then->n_rids;

  for (guint i = 0; i < now->n_rids && is_same; i++)
    is_same = g_str_equal (now->rids[i], then->rids[i]);
  return is_same;
}

static gboolean
check_offered_lines (const SalonSdp *self, GError **error)
{
  if (self->media->len > SALON_LIMIT_MEDIA_LINES)
    return refuse (error, "an offer may have %d m-lines", SALON_LIMIT_MEDIA_LINES);
  /* Its role in DTLS must not change later, and with "actpass" it is always ours to choose (RFC 8842 section 5.2). */
  if (!g_str_equal (self->setup, "actpass"))
    return refuse (error, "an offer's a=setup must be actpass");
  if (self->is_data_rejected)
    return refuse (error, "an m-line has port 0; keep it as it was, or leave it out");
  return TRUE;
}

gboolean
salon_sdp_check_offer (const SalonSdp *self, const SalonSdp *previous, GError **error)
{
  if (!check_offered_lines (self, error))
    return FALSE;
  if (previous == NULL)
    return TRUE;
  if (!g_str_equal (self->fingerprint, previous->fingerprint))
    return refuse (error, "the DTLS fingerprint changed; make a new connection for a new certificate");
  if (!check_same_lines (self, previous, error) || !check_same_numbers (self, previous, error)
      || !check_same_ssrcs (self, previous, error) || !check_same_data (self, previous, error))
    return FALSE;
  for (guint i = 0; i < previous->media->len; i++)
    {
      if (salon_sdp_get_media (self, i)->sends
          && !has_same_rids (salon_sdp_get_media (self, i), salon_sdp_get_media (previous, i)))
        return refuse (error, "m-line %u changed its simulcast streams; add a new one", i);
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
  if (g_str_equal (self->setup, "actpass"))
    return refuse (error, "an answer's a=setup must be active or passive");
  if (!check_same_lines (self, offer, error) || !check_same_numbers (self, offer, error))
    return FALSE;
  if (self->data_mid != NULL && offer->data_mid == NULL)
    return refuse (error, "the answer has data channels, and the offer has none");
  if (self->data_mid != NULL && !check_same_data (self, offer, error))
    return FALSE;
  for (guint i = 0; i < self->media->len; i++)
    {
      if (salon_sdp_get_media (self, i)->sends)
        return refuse (error, "m-line %u must be recvonly or inactive on this connection", i);
      if (gst_sdp_media_formats_len (gst_sdp_message_get_media (self->message, i)) == 0)
        return refuse (error, "m-line %u accepts none of the codecs offered", i);
    }
  return TRUE;
}

gboolean
salon_sdp_check_transport (const SalonSdp *self, const SalonSdp *previous, GError **error)
{
  if (previous == NULL
      || (g_str_equal (self->ufrag, previous->ufrag) && g_str_equal (self->pwd, previous->pwd)
          && g_str_equal (self->fingerprint, previous->fingerprint) && g_str_equal (self->setup, previous->setup)))
    return TRUE;
  return refuse (error, "the transport changed, which only a new offer can do");
}

gboolean
salon_sdp_matches_certificate (const SalonSdp *self, const guint8 *der, gsize der_size)
{
  for (guint i = 0; i < G_N_ELEMENTS (hashes); i++)
    {
      g_autofree char *digest = NULL;
      g_autoptr (GString) entry = g_string_new (hashes[i].name);

      if (!g_str_has_prefix (self->fingerprint, hashes[i].name))
        continue;
      digest = g_compute_checksum_for_data (hashes[i].type, der, der_size);
      for (gsize k = 0; digest[k] != '\0'; k += 2)
        g_string_append_printf (
            entry, "%c%c%c", k == 0 ? ' ' : ':', g_ascii_toupper (digest[k]), g_ascii_toupper (digest[k + 1]));
      return g_str_equal (entry->str, self->fingerprint);
    }
  return FALSE;
}
