/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-job-secrets.h"

#include <gio/gio.h>
#include <string.h>

/* What is shorter is no secret, and would be found everywhere. */
#define MIN_PART_CHARS 4

/* As it is written, and as it is meant. */
static void
add_part (GPtrArray *list, const char *part)
{
  g_autofree char *plain = g_uri_unescape_string (part, NULL);

  if (strlen (part) >= MIN_PART_CHARS)
    g_ptr_array_add (list, g_strdup (part));
  if (plain != NULL && strlen (plain) >= MIN_PART_CHARS && !g_str_equal (plain, part))
    g_ptr_array_add (list, g_steal_pointer (&plain));
}

static void
add_query (GPtrArray *list, const char *query)
{
  g_auto (GStrv) fields = g_strsplit (query, "&", -1);

  for (guint i = 0; fields[i] != NULL; i++)
    {
      const char *equals = strchr (fields[i], '=');

      if (equals != NULL)
        add_part (list, equals + 1);
    }
}

static void
add_path (GPtrArray *list, const char *path)
{
  const char *slash = strrchr (path, '/');

  if (slash != NULL)
    add_part (list, slash + 1);
}

void
salon_job_secrets_add (GPtrArray *list, const char *value)
{
  g_autofree char *password = NULL;
  g_autofree char *path = NULL;
  g_autofree char *query = NULL;

  if (*value == '\0')
    return;
  g_ptr_array_add (list, g_strdup (value));
  if (!g_uri_split_with_user (value, G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_PARSE_RELAXED, NULL,
          NULL, &password, NULL, NULL, NULL, &path, &query, NULL, NULL))
    return;
  if (password != NULL)
    add_part (list, password);
  if (query != NULL)
    add_query (list, query);
  add_path (list, path);
}

static int
compare_lengths (gconstpointer a, gconstpointer b)
{
  gsize first = strlen (*(const char *const *)a);
  gsize second = strlen (*(const char *const *)b);

  return first == second ? 0 : first < second ? 1 : -1;
}

char **
salon_job_secrets_sort (GPtrArray *list)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_ptr_array_sort (list, compare_lengths);
  for (guint i = 0; i < list->len; i++)
    g_strv_builder_add (builder, g_ptr_array_index (list, i));
  return g_strv_builder_end (builder);
}

/* A part of a word is left alone: "live" in "delivered". */
static gboolean
is_whole (const char *text, const char *found, gsize length)
{
  return (found == text || !g_ascii_isalnum (found[-1]) || !g_ascii_isalnum (*found))
         && (!g_ascii_isalnum (found[length]) || !g_ascii_isalnum (found[length - 1]));
}

/* text: (transfer full) */
static char *
hide_one (char *text, const char *secret)
{
  g_autofree char *before = text;
  g_autoptr (GString) after = g_string_new (NULL);
  gsize length = strlen (secret);
  const char *from = text;

  for (const char *found = strstr (text, secret); found != NULL; found = strstr (found + 1, secret))
    {
      if (found < from || !is_whole (text, found, length))
        continue;
      g_string_append_len (after, from, found - from);
      g_string_append (after, SALON_JOB_SECRET_MASK);
      from = found + length;
    }
  g_string_append (after, from);
  return g_string_free (g_steal_pointer (&after), FALSE);
}

char *
salon_job_secrets_hide (char **secrets, const char *text)
{
  char *hidden = g_strdup (text);

  for (guint i = 0; secrets != NULL && secrets[i] != NULL; i++)
    hidden = hide_one (hidden, secrets[i]);
  return hidden;
}

/* Returns: how many bytes at the end of the text may be the beginning of the secret; few of them tell nothing. */
static gsize
measure_start (const char *text, const char *secret)
{
  gsize length = strlen (text);
  gsize n = MIN (length, strlen (secret));

  while (n > 0 && memcmp (text + length - n, secret, n) != 0)
    n--;
  return n < MIN_PART_CHARS ? 0 : n;
}

char *
salon_job_secrets_hide_in_cut (char **secrets, const char *text)
{
  g_autofree char *hidden = salon_job_secrets_hide (secrets, text);
  gsize most = 0;

  for (guint i = 0; secrets != NULL && secrets[i] != NULL; i++)
    most = MAX (most, measure_start (hidden, secrets[i]));
  if (most == 0)
    return g_steal_pointer (&hidden);
  hidden[strlen (hidden) - most] = '\0';
  return g_strconcat (hidden, SALON_JOB_SECRET_MASK, NULL);
}
