/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-client-offer.h"

#include <string.h>

#include "salon-codec-caps.h"
#include "salon-error.h"
#include "salon-extension-map.h"
#include "salon-sdp-formats.h"
#include "salon-sdp.h"

/* The m-line of what they have none for. */
#define NONE -1
#define MAX_ONE_BYTE_ID 14
/* The dynamic payload types that do not look like RTCP (RFC 5761, section 4), and that nothing else has claimed. */
#define FIRST_PAYLOAD_TYPE 96
#define LAST_PAYLOAD_TYPE 127

struct _SalonClientOffer
{
  SalonSdp *sdp; /* (owned) */
  char *text;    /* (owned): of its message */
  int lines[2];  /* of audio, video: which of the m-lines, or NONE */
};

static gboolean
is_video_line (const SalonClientOffer *self, guint index)
{
  return salon_sdp_get_media (self->sdp, index)->kind == SALON_SDP_VIDEO;
}

static const GstSDPMedia *
get_line (const SalonClientOffer *self, gboolean is_video)
{
  return gst_sdp_message_get_media (self->sdp->message, self->lines[is_video]);
}

/* -- reading it -- */

static gboolean
take_lines (SalonClientOffer *self, GError **error)
{
  for (guint i = 0; i < self->sdp->media->len; i++)
    {
      gboolean is_video = is_video_line (self, i);

      if (self->lines[is_video] != NONE || salon_sdp_get_media (self->sdp, i)->sends
          || !salon_sdp_get_media (self->sdp, i)->receives)
        {
          g_set_error_literal (error, SALON_ERROR, SALON_ERROR_MEDIA,
              "The offer must be to receive (recvonly) one audio and one video m-line at most");
          return FALSE;
        }
      self->lines[is_video] = (int)i;
      if (gst_sdp_media_formats_len (get_line (self, is_video)) == 0)
        {
          g_set_error (error, SALON_ERROR, SALON_ERROR_MEDIA, "m-line %u offers no codec that this server forwards", i);
          return FALSE;
        }
    }
  return TRUE;
}

/* The sender writes transport-wide numbers in the one-byte form alone (RFC 8285, section 4.2): who has them under a
 * higher number than that takes goes without. */
static void
drop_wide_transport_cc (const SalonSdp *sdp)
{
  guint id = salon_sdp_get_extension_id (sdp, SALON_URI_TRANSPORT_CC);
  g_autofree char *value = g_strdup_printf ("%u " SALON_URI_TRANSPORT_CC, id);

  for (guint i = 0; id > MAX_ONE_BYTE_ID && i < sdp->media->len; i++)
    {
      GstSDPMedia *line = (GstSDPMedia *)gst_sdp_message_get_media (sdp->message, i);

      for (guint k = gst_sdp_media_attributes_len (line); k-- > 0;)
        {
          if (g_strcmp0 (gst_sdp_media_get_attribute (line, k)->value, value) == 0)
            gst_sdp_media_remove_attribute (line, k);
        }
    }
}

SalonClientOffer *
salon_client_offer_parse (const char *text, GError **error)
{
  g_autoptr (SalonSdp) sdp = salon_sdp_parse (text, error);
  g_autoptr (SalonClientOffer) self = NULL;

  if (sdp == NULL || !salon_sdp_check_offer (sdp, NULL, error))
    return NULL;
  if (sdp->data_mid != NULL)
    {
      g_set_error_literal (error, SALON_ERROR, SALON_ERROR_MEDIA, "This connection takes no data channels");
      return NULL;
    }
  drop_wide_transport_cc (sdp);
  self = g_new (SalonClientOffer, 1);
  *self = (SalonClientOffer){ salon_sdp_ref (sdp), gst_sdp_message_as_text (sdp->message), { NONE, NONE } };
  return take_lines (self, error) ? g_steal_pointer (&self) : NULL;
}

void
salon_client_offer_free (SalonClientOffer *self)
{
  salon_sdp_unref (self->sdp);
  g_free (self->text);
  g_free (self);
}

gboolean
salon_client_offer_has (const SalonClientOffer *self, gboolean is_video)
{
  return self->lines[is_video] != NONE;
}

GstCaps *
salon_client_offer_make_caps (const SalonClientOffer *self, gboolean is_video, gboolean has_retransmissions)
{
  SalonKind kind = is_video ? SALON_KIND_VIDEO : SALON_KIND_AUDIO;
  guint payload_type = LAST_PAYLOAD_TYPE;

  if (self->lines[is_video] != NONE)
    return salon_codec_caps_take (get_line (self, is_video), kind, has_retransmissions);
  while (payload_type > FIRST_PAYLOAD_TYPE && self->sdp->numbers->formats[payload_type] != 0)
    payload_type--;
  return salon_codec_caps_stand_in (kind, (guint8)payload_type);
}

/* -- writing: what is read here was written by us -- */

/* The session's lines, and those of each m-line. */
typedef struct
{
  char **session;  /* (owned) */
  char **lines[2]; /* (owned): of audio, video; (nullable): there is none */
} Parts;

static void
parts_clear (Parts *parts)
{
  g_strfreev (parts->session);
  g_strfreev (parts->lines[FALSE]);
  g_strfreev (parts->lines[TRUE]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parts, parts_clear)

static Parts
split (const char *text)
{
  g_auto (GStrv) sections = g_strsplit (text, "\r\nm=", 3);
  Parts parts = { .session = g_strsplit (sections[0], "\r\n", -1) };

  for (guint i = 1; sections[i] != NULL; i++)
    {
      gboolean is_video = g_str_has_prefix (sections[i], "video");

      parts.lines[is_video] = g_strsplit (g_strchomp (sections[i]), "\r\n", -1);
    }
  return parts;
}

/* (transfer none): of a line that is there. */
static const char *
find_value (char *const *lines, const char *prefix)
{
  while (!g_str_has_prefix (*lines, prefix))
    lines++;
  return *lines + strlen (prefix);
}

/* What a copy says otherwise: instead of lines that begin so, this; value NULL: nothing. */
typedef struct
{
  const char *prefix; /* NULL ends the list */
  const char *value;
} Change;

static void
append_lines (GString *text, char *const *lines, const Change *changes)
{
  for (; *lines != NULL; lines++)
    {
      const Change *change = changes;

      while (change->prefix != NULL && !g_str_has_prefix (*lines, change->prefix))
        change++;
      if (change->prefix == NULL)
        g_string_append_printf (text, "%s\r\n", *lines);
      else if (change->value != NULL)
        g_string_append_printf (text, "%s%s\r\n", change->prefix, change->value);
    }
}

/* In an offer port 0 is what may only be accepted in the group; in an answer it would be a refusal. */
static void
append_media (GString *text, char *const *lines, const Change *changes)
{
  g_auto (GStrv) words = g_strsplit (lines[0], " ", 3); /* "video", the port, and the rest */

  g_string_append_printf (text, "m=%s 9 %s\r\n", words[0], words[2]);
  append_lines (text, lines + 1, changes);
}

static void
append_session (GString *text, char *const *lines, const char *mids)
{
  append_lines (text, lines, (const Change[]){ { "a=group:BUNDLE", mids }, { NULL } });
}

char *
salon_client_offer_write_answer (const SalonClientOffer *self, const char *ours)
{
  g_auto (Parts) parts = split (ours);
  g_autoptr (GString) mids = g_string_new (NULL);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->sdp->media->len; i++)
    g_string_append_printf (mids, " %s", salon_sdp_get_media (self->sdp, i)->mid);
  append_session (text, parts.session, mids->str);
  for (guint i = 0; i < self->sdp->media->len; i++)
    append_media (text, parts.lines[is_video_line (self, i)],
        (const Change[]){
            { "a=mid:", salon_sdp_get_media (self->sdp, i)->mid },
            { "a=setup:", "passive" },
            { "a=bundle-only", NULL },
            { NULL },
        });
  return g_string_free (text, FALSE);
}

/* An m-line of ours that they don't have. */
static void
append_refusal (GString *text, char *const *ours, const SalonSdp *theirs)
{
  append_media (text, ours,
      (const Change[]){
          { "a=setup:", "active" },
          { "a=ice-ufrag:", theirs->ufrag },
          { "a=ice-pwd:", theirs->pwd },
          { "a=fingerprint:", theirs->fingerprint },
          { "a=sendonly", NULL },
          { "a=ssrc", NULL },
          { "a=bundle-only", NULL },
          { NULL },
      });
  g_string_append (text, "a=inactive\r\n");
}

char *
salon_client_offer_write_as_answer (const SalonClientOffer *self, const char *ours)
{
  g_auto (Parts) our_parts = split (ours);
  g_auto (Parts) their_parts = split (self->text);
  GString *text = g_string_new (NULL);

  append_session (text, their_parts.session, find_value (our_parts.session, "a=group:BUNDLE"));
  for (guint is_video = 0; is_video < G_N_ELEMENTS (self->lines); is_video++)
    {
      char *const *our_lines = our_parts.lines[is_video];
      const Change changes[] = { { "a=mid:", find_value (our_lines, "a=mid:") }, { "a=setup:", "active" }, { NULL } };

      if (self->lines[is_video] != NONE)
        append_media (text, their_parts.lines[is_video], changes);
      else
        append_refusal (text, our_lines, self->sdp);
    }
  for (guint i = 0; i < self->sdp->candidates->len; i++)
    g_string_append_printf (text, "a=%s\r\n", (const char *)g_ptr_array_index (self->sdp->candidates, i));
  return g_string_free (text, FALSE);
}
