/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-answer.h"

#include <string.h>

/* The attributes of an m-line that are about one format: "rtpmap:96 VP8/90000". */
static const char *const format_attributes[] = { "rtpmap", "fmtp", "rtcp-fb" };

static gboolean
is_of_format (const GstSDPAttribute *attribute, const char *format)
{
  gsize length = strlen (format);
  gboolean is_about_one = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (format_attributes); i++)
    is_about_one |= g_strcmp0 (attribute->key, format_attributes[i]) == 0;
  return is_about_one && attribute->value != NULL && strncmp (attribute->value, format, length) == 0
         && attribute->value[length] == ' ';
}

/* What follows the format in its `key`. Returns: (transfer none) (nullable) */
static const char *
find_value (const GstSDPMedia *media, const char *key, const char *format)
{
  for (guint i = 0; i < gst_sdp_media_attributes_len (media); i++)
    {
      const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, i);

      if (g_strcmp0 (attribute->key, key) == 0 && is_of_format (attribute, format))
        return attribute->value + strlen (format) + 1;
    }
  return NULL;
}

static gboolean
is_named (const GstSDPMedia *media, const char *format, const char *const *names)
{
  const char *rtpmap = find_value (media, "rtpmap", format);
  g_auto (GStrv) parts = g_strsplit (rtpmap != NULL ? rtpmap : "", "/", 2);

  for (guint i = 0; parts[0] != NULL && names[i] != NULL; i++)
    {
      if (g_ascii_strcasecmp (parts[0], names[i]) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_wanted (const GstSDPMedia *offered, const char *format, const char *const *names)
{
  static const char *const rtx[] = { "rtx", NULL };
  const char *fmtp = find_value (offered, "fmtp", format);

  if (is_named (offered, format, rtx) && fmtp != NULL && g_str_has_prefix (fmtp, "apt="))
    return is_named (offered, fmtp + strlen ("apt="), names);
  return is_named (offered, format, names);
}

static void
remove_formats (GstSDPMedia *media)
{
  while (gst_sdp_media_formats_len (media) > 0)
    {
      const char *format = gst_sdp_media_get_format (media, 0);

      for (guint i = gst_sdp_media_attributes_len (media); i-- > 0;)
        {
          if (is_of_format (gst_sdp_media_get_attribute (media, i), format))
            gst_sdp_media_remove_attribute (media, i);
        }
      gst_sdp_media_remove_format (media, 0);
    }
}

static void
copy_format (GstSDPMedia *media, const GstSDPMedia *offered, const char *format)
{
  gst_sdp_media_add_format (media, format);
  for (guint i = 0; i < gst_sdp_media_attributes_len (offered); i++)
    {
      const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (offered, i);

      if (is_of_format (attribute, format))
        gst_sdp_media_add_attribute (media, attribute->key, attribute->value);
    }
}

static void
accept_media (GstSDPMedia *media, const GstSDPMedia *offered, const char *const *names)
{
  g_autoptr (GPtrArray) wanted = g_ptr_array_new ();

  for (guint i = 0; i < gst_sdp_media_formats_len (offered); i++)
    {
      const char *format = gst_sdp_media_get_format (offered, i);

      if (is_wanted (offered, format, names))
        g_ptr_array_add (wanted, (gpointer)format);
    }
  if (wanted->len == 0)
    return;
  remove_formats (media);
  for (guint i = 0; i < wanted->len; i++)
    copy_format (media, offered, g_ptr_array_index (wanted, i));
}

void
salon_answer_accept (GstSDPMessage *answer, const GstSDPMessage *offer, const char *const *names)
{
  guint n_medias = MIN (gst_sdp_message_medias_len (answer), gst_sdp_message_medias_len (offer));

  for (guint i = 0; i < n_medias; i++)
    accept_media ((GstSDPMedia *)gst_sdp_message_get_media (answer, i), gst_sdp_message_get_media (offer, i), names);
}
