/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-sdp-simulcast.h"

#include <string.h>

/* Names that tell the order, the smallest first: browsers' examples and LiveKit's, ion-sfu's, and obvious ones. */
static const char *const orders[][SALON_MAX_SPATIAL_LAYERS] = {
  { "q", "h", "f" },
  { "l", "m", "h" },
  { "low", "mid", "high" },
  { "low", "medium", "high" },
};

/* RFC 8851 section 10 allows letters, digits, '-' and '_'. */
static gboolean
is_rid (const char *text)
{
  gsize length = strlen (text);

  for (gsize i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      for (gsize k = 0; k < SALON_MAX_SPATIAL_LAYERS; k++)
        {
          if (g_str_equal (orders[i][k], text))
            return TRUE;
        }
    }
  return length >= 1 && length <= 2 && g_ascii_isalnum (text[0]) && (length == 1 || g_ascii_isalnum (text[1]));
}

/* "send q;~h,h2;f recv x" -> "q;~h,h2;f" */
static char *
find_sent_list (const char *value)
{
  g_auto (GStrv) words = g_strsplit (value, " ", 5);
  guint n_words = g_strv_length (words);
  guint i = n_words > 0 && *words[0] == '\0' ? 1 : 0; /* some write a space first */

  for (; i + 1 < n_words; i += 2)
    {
      if (g_str_equal (words[i], "send"))
        return g_strdup (words[i + 1]);
    }
  return NULL;
}

/* The first alternative, be it paused at first or not. (transfer full) */
static char *
read_stream (const char *alternatives)
{
  const char *first = *alternatives == '~' ? alternatives + 1 : alternatives;

  return g_strndup (first, strcspn (first, ","));
}

static gboolean
is_announced (const GstSDPMedia *media, const char *rid)
{
  g_autofree char *start = g_strconcat (rid, " send", NULL);
  gsize length = strlen (start);
  const char *value;

  for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n (media, "rid", i)) != NULL; i++)
    {
      if (g_str_has_prefix (value, start) && (value[length] == '\0' || value[length] == ' '))
        return TRUE;
    }
  return FALSE;
}

/* The place of a name in an order; SALON_MAX_SPATIAL_LAYERS: it has none. */
static guint
get_rank (const char *const order[SALON_MAX_SPATIAL_LAYERS], const char *rid)
{
  guint rank = 0;

  while (rank < SALON_MAX_SPATIAL_LAYERS && !g_str_equal (order[rank], rid))
    rank++;
  return rank;
}

static void
sort_by (const char *const order[SALON_MAX_SPATIAL_LAYERS], char *rids[SALON_MAX_SPATIAL_LAYERS], guint n_rids)
{
  for (guint i = 1; i < n_rids; i++)
    {
      for (guint k = i; k > 0 && get_rank (order, rids[k]) < get_rank (order, rids[k - 1]); k--)
        {
          char *larger = rids[k - 1];

          rids[k - 1] = rids[k];
          rids[k] = larger;
        }
    }
}

static void
sort (char *rids[SALON_MAX_SPATIAL_LAYERS], guint n_rids)
{
  for (gsize i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      guint n_known = 0;

      while (n_known < n_rids && get_rank (orders[i], rids[n_known]) < SALON_MAX_SPATIAL_LAYERS)
        n_known++;
      if (n_known == n_rids)
        {
          sort_by (orders[i], rids, n_rids);
          return;
        }
    }
}

static const char *
read_rids (const GstSDPMedia *from, const char *list, char *rids[SALON_MAX_SPATIAL_LAYERS], guint *n_rids)
{
  g_auto (GStrv) streams = g_strsplit (list, ";", SALON_MAX_SPATIAL_LAYERS + 1);

  for (guint i = 0; streams[i] != NULL; i++)
    {
      g_autofree char *rid = read_stream (streams[i]);

      if (i == SALON_MAX_SPATIAL_LAYERS)
        return "an m-line sends more than 3 simulcast streams";
      if (!is_rid (rid))
        return "a simulcast stream's rid must be one or two letters or digits, or low, mid, medium, high";
      if (!is_announced (from, rid))
        return "a simulcast stream has no a=rid that sends";
      for (guint k = 0; k < *n_rids; k++)
        {
          if (g_str_equal (rids[k], rid))
            return "two simulcast streams have the same rid";
        }
      rids[(*n_rids)++] = g_steal_pointer (&rid);
    }
  return NULL;
}

const char *
salon_sdp_simulcast_copy (const GstSDPMedia *from, GstSDPMedia *to, char *rids[SALON_MAX_SPATIAL_LAYERS], guint *n_rids)
{
  const char *value = gst_sdp_media_get_attribute_val (from, "simulcast");
  g_autofree char *list = value != NULL ? find_sent_list (value) : NULL;
  g_autoptr (GString) copy = g_string_new ("send");
  const char *problem = list != NULL ? read_rids (from, list, rids, n_rids) : NULL;

  if (problem != NULL || *n_rids == 0)
    return problem;
  sort (rids, *n_rids);
  for (guint i = 0; i < *n_rids; i++)
    {
      g_autofree char *line = g_strconcat (rids[i], " send", NULL);

      gst_sdp_media_add_attribute (to, "rid", line);
      g_string_append_printf (copy, "%c%s", i == 0 ? ' ' : ';', rids[i]);
    }
  gst_sdp_media_add_attribute (to, "simulcast", copy->str);
  return NULL;
}
