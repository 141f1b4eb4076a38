/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-whip-sdp.h"

#include <string.h>

#include "salon-limits.h"

#define UFRAG "a=ice-ufrag:"
#define PWD "a=ice-pwd:"
#define CANDIDATE "a=candidate:"

/* Returns: (transfer full): without line ends, of either kind. */
static char **
split_lines (const char *text)
{
  char **lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    g_strchomp (lines[i]);
  return lines;
}

/* (transfer none) (nullable): the rest of the first line that begins with a prefix. */
static const char *
find_value (char *const *lines, const char *prefix)
{
  for (; *lines != NULL; lines++)
    {
      if (g_str_has_prefix (*lines, prefix))
        return *lines + strlen (prefix);
    }
  return NULL;
}

static void
append_line (GString *text, const char *line)
{
  g_string_append_printf (text, "%s\r\n", line);
}

static void
append_candidates (GString *text, GPtrArray *candidates)
{
  for (guint i = 0; i < candidates->len; i++)
    g_string_append_printf (text, "a=%s\r\n", (const char *)g_ptr_array_index (candidates, i));
  append_line (text, "a=end-of-candidates");
}

/* -- fragments -- */

/* A letter and '='. The last line is empty, if the text ends as it should. */
static gboolean
are_sdp (char *const *lines)
{
  for (; *lines != NULL; lines++)
    {
      if (**lines != '\0' && (!g_ascii_islower (**lines) || (*lines)[1] != '='))
        return FALSE;
    }
  return TRUE;
}

/* Clients repeat a candidate for each m-line: all m-lines have one transport. */
static void
collect_candidates (SalonSdpFragment *self, char *const *lines)
{
  for (; *lines != NULL && self->candidates->len < SALON_LIMIT_CANDIDATES; lines++)
    {
      const char *candidate = *lines + strlen ("a=");

      if (g_str_has_prefix (*lines, CANDIDATE)
          && !g_ptr_array_find_with_equal_func (self->candidates, candidate, g_str_equal, NULL))
        g_ptr_array_add (self->candidates, g_strdup (candidate));
    }
}

SalonSdpFragment *
salon_sdp_fragment_parse (const char *text)
{
  g_auto (GStrv) lines = split_lines (text);
  g_autoptr (SalonSdpFragment) self = g_new0 (SalonSdpFragment, 1);

  self->candidates = g_ptr_array_new_with_free_func (g_free);
  self->ufrag = g_strdup (find_value (lines, UFRAG));
  self->pwd = g_strdup (find_value (lines, PWD));
  if (!are_sdp (lines) || (self->ufrag == NULL) != (self->pwd == NULL))
    return NULL;
  collect_candidates (self, lines);
  return g_steal_pointer (&self);
}

void
salon_sdp_fragment_free (SalonSdpFragment *self)
{
  g_free (self->ufrag);
  g_free (self->pwd);
  g_ptr_array_unref (self->candidates);
  g_free (self);
}

gboolean
salon_sdp_fragment_is_of (const SalonSdpFragment *self, const char *description)
{
  g_auto (GStrv) lines = split_lines (description);

  return self->ufrag == NULL
         || (g_strcmp0 (find_value (lines, UFRAG), self->ufrag) == 0
             && g_strcmp0 (find_value (lines, PWD), self->pwd) == 0);
}

char *
salon_whip_sdp_write_fragment (const char *answer, GPtrArray *candidates)
{
  static const char *const of_session[] = { "a=ice-lite", "a=group:" };
  static const char *const of_media[] = { "m=", "a=mid:", UFRAG, PWD };
  g_auto (GStrv) lines = split_lines (answer);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (of_session) + G_N_ELEMENTS (of_media); i++)
    {
      const char *prefix = i < G_N_ELEMENTS (of_session) ? of_session[i] : of_media[i - G_N_ELEMENTS (of_session)];
      const char *value = find_value (lines, prefix);

      if (value != NULL)
        g_string_append_printf (text, "%s%s\r\n", prefix, value);
    }
  append_candidates (text, candidates);
  return g_string_free (text, FALSE);
}

/* -- whole descriptions -- */

char *
salon_whip_sdp_restart (const char *offer, const SalonSdpFragment *fragment)
{
  g_auto (GStrv) lines = split_lines (offer);
  GString *text = g_string_new (NULL);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (g_str_has_prefix (lines[i], UFRAG))
        g_string_append_printf (text, UFRAG "%s\r\n", fragment->ufrag);
      else if (g_str_has_prefix (lines[i], PWD))
        g_string_append_printf (text, PWD "%s\r\n", fragment->pwd);
      else if (*lines[i] != '\0' && !g_str_has_prefix (lines[i], CANDIDATE))
        append_line (text, lines[i]);
    }
  return g_string_free (text, FALSE);
}

/* At the end of the first m-line's part: all others go by its transport. */
char *
salon_whip_sdp_add_candidates (const char *answer, GPtrArray *candidates)
{
  g_auto (GStrv) lines = split_lines (answer);
  GString *text = g_string_new (NULL);
  guint n_media = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (g_str_has_prefix (lines[i], "m=") && ++n_media == 2)
        append_candidates (text, candidates);
      if (*lines[i] != '\0')
        append_line (text, lines[i]);
    }
  if (n_media == 1)
    append_candidates (text, candidates);
  return g_string_free (text, FALSE);
}
