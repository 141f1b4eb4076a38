/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-slug.h"

#include <string.h>

#include "salon-error.h"
#include "salon-limits.h"

/* U+200D joins emoji; U+FE0F picks their coloured form; tags spell flags such as Scotland's. */
static gboolean
is_emoji_part (gunichar c)
{
  return c == 0x200D || c == 0xFE0F || (c >= 0xE0020 && c <= 0xE007F);
}

static gboolean
is_allowed (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);

  if (is_emoji_part (c))
    return TRUE;
  return c != '/' && type != G_UNICODE_CONTROL && type != G_UNICODE_FORMAT && type != G_UNICODE_SURROGATE
         && type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR && type != G_UNICODE_UNASSIGNED;
}

char *
salon_slug_normalize (const char *text, GError **error)
{
  g_autofree char *slug = NULL;

  /* Before NFC text is at most three times as long: bound the bytes before doing any work. */
  if (strlen (text) <= SALON_LIMIT_SLUG_CHARS * 4 * 3 && g_utf8_validate (text, -1, NULL))
    slug = g_utf8_normalize (text, -1, G_NORMALIZE_NFC);

  if (slug == NULL || *slug == '\0' || g_str_equal (slug, ".") || g_str_equal (slug, "..")
      || g_utf8_strlen (slug, -1) > SALON_LIMIT_SLUG_CHARS)
    {
      g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
          "The room's slug must be UTF-8 text of 1 to %d characters, not \".\" or \"..\"", SALON_LIMIT_SLUG_CHARS);
      return NULL;
    }
  for (const char *p = slug; *p != '\0'; p = g_utf8_next_char (p))
    {
      gboolean at_edge = p == slug || *g_utf8_next_char (p) == '\0';
      gunichar c = g_utf8_get_char (p);

      if (!is_allowed (c) || (at_edge && g_unichar_isspace (c)))
        {
          g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
              "The room's slug must not have '/', control characters, or surrounding white space");
          return NULL;
        }
    }
  return g_steal_pointer (&slug);
}

gboolean
salon_slug_is_id (const char *slug)
{
  return g_uuid_string_is_valid (slug);
}
