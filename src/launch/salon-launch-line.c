/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-launch-line.h"

#include <gst/gst.h>
#include <string.h>

#include "salon-log.h"

/* What no shell looks at, within a word. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%"

static gboolean
is_plain (const char *word)
{
  return *word != '\0' && word[strspn (word, PLAIN)] == '\0';
}

/* Each blank of the text ends an argument, and gst-launch-1.0 puts it back: so no argument has one for it to put a
 * backslash before. */
static void
add_text (GString *line, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);

  for (guint i = 0; words[i] != NULL; i++)
    {
      /* By itself the mark of a link is none of the shell's. */
      g_autofree char *word
          = is_plain (words[i]) || g_str_equal (words[i], "!") ? g_strdup (words[i]) : g_shell_quote (words[i]);

      g_string_append_printf (line, " %s", word);
    }
}

/* With a backslash before whatever gst_parse_launch() could see more in. */
static char *
escape (const char *value)
{
  GString *text = g_string_new (NULL);

  for (const char *c = value; *c != '\0'; c++)
    {
      if (strchr (" \"'\\", *c) != NULL)
        g_string_append_c (text, '\\');
      g_string_append_c (text, *c);
    }
  return g_string_free (text, FALSE);
}

/* Returns: (transfer full): what GStreamer reads as this string: mostly itself. Within quotes of GStreamer's, what has
 * such, or would read as no string at all, or ends with a backslash, which the blank that follows would be taken with.
 */
static char *
serialize (const char *text)
{
  g_auto (GValue) value = G_VALUE_INIT;

  if (g_str_equal (text, "NULL"))
    return g_strdup ("\"NULL\"");
  if (!g_str_has_suffix (text, "\\") && (text[0] != '"' || !g_str_has_suffix (text, "\"")))
    return g_strdup (text);
  g_value_init (&value, G_TYPE_STRING);
  g_value_set_string (&value, text);
  return gst_value_serialize (&value);
}

void
salon_launch_line_add_property (GString *line, const char *name, const char *value)
{
  g_autofree char *one_line = salon_log_to_line (value);
  g_autofree char *serialized = serialize (one_line);
  g_autofree char *escaped = escape (serialized);
  g_autofree char *assignment = g_strdup_printf ("%s=%s", name, escaped);
  g_autofree char *quoted = NULL;
  g_autofree char *word = NULL;

  if (is_plain (serialized) || strpbrk (serialized, "\"\\") != NULL)
    {
      add_text (line, assignment);
      return;
    }
  /* Quotes are easier to read, and gst-launch-1.0 leaves blanks within them alone. */
  quoted = g_strdup_printf ("%s=\"%s\"", name, serialized);
  word = g_shell_quote (quoted);
  g_string_append_printf (line, " %s", word);
}

char *
salon_launch_line_from_text (const char *text)
{
  GString *line = g_string_new ("gst-launch-1.0 -e");

  add_text (line, text);
  return g_string_free (line, FALSE);
}
