/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-launch-file.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

#define NAME_PATTERN "[a-z][a-z0-9-]*"

typedef struct
{
  const char *path;
  GHashTable *values; /* (owned) (element-type utf8 utf8): of the declared parameters */
  GString *text;      /* (owned): what is left without comments and declarations */
} LaunchFile;

static void
launch_file_clear (LaunchFile *file)
{
  g_hash_table_unref (file->values);
  g_string_free (file->text, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LaunchFile, launch_file_clear)

static char *
list_parameters (const LaunchFile *file)
{
  g_autoptr (GList) names = g_list_sort (g_hash_table_get_keys (file->values), (GCompareFunc)strcmp);
  g_autoptr (GString) list = g_string_new (NULL);

  for (GList *name = names; name != NULL; name = name->next)
    g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", (const char *)name->data);
  return g_string_free (g_steal_pointer (&list), FALSE);
}

static gboolean
declare (LaunchFile *file, const char *line, guint number, GError **error)
{
  /* A value ends where a comment begins: at a # after white space. */
  g_autoptr (GRegex) pattern = g_regex_new ("^param\\s+(" NAME_PATTERN ")\\s*=\\s*(.*?)\\s*(?:\\s#.*)?$", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *name = NULL;

  if (!g_regex_match (pattern, line, 0, &match))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
          _ ("%s:%u: a parameter reads \"param name = default  # what it is\""), file->path, number);
      return FALSE;
    }
  name = g_match_info_fetch (match, 1);
  if (g_hash_table_contains (file->values, name))
    {
      g_set_error (
          error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("%s:%u: \"%s\" is declared twice"), file->path, number, name);
      return FALSE;
    }
  g_hash_table_insert (file->values, g_steal_pointer (&name), g_match_info_fetch (match, 2));
  return TRUE;
}

static gboolean
read_lines (LaunchFile *file, GError **error)
{
  g_autofree char *content = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (file->path, &content, NULL, error))
    return FALSE;
  lines = g_strsplit (content, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *line = g_strstrip (lines[i]);

      if (*line == '\0' || *line == '#')
        continue;
      if (g_str_has_prefix (line, "param "))
        {
          if (!declare (file, line, i + 1, error))
            return FALSE;
          continue;
        }
      g_string_append_printf (file->text, "%s%s", file->text->len > 0 ? " " : "", line);
    }
  return TRUE;
}

static gboolean
assign (LaunchFile *file, const char *assignment, GError **error)
{
  const char *equals = strchr (assignment, '=');
  g_autofree char *name = equals != NULL ? g_strndup (assignment, equals - assignment) : g_strdup (assignment);
  g_autofree char *parameters = NULL;

  if (equals != NULL && g_hash_table_contains (file->values, name))
    {
      g_hash_table_insert (file->values, g_steal_pointer (&name), g_strdup (equals + 1));
      return TRUE;
    }
  parameters = list_parameters (file);
  if (equals == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        _ ("\"%s\": after the file come parameters as KEY=VALUE"), assignment);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _ ("%s has no parameter \"%s\"; it has: %s"),
        file->path, name,
        /* Translators: in place of a list of parameters. */
        *parameters != '\0' ? parameters : _ ("none"));
  return FALSE;
}

static gboolean
append_value (const GMatchInfo *match, GString *text, gpointer user_data)
{
  LaunchFile *file = user_data;
  g_autofree char *name = g_match_info_fetch (match, 1);

  g_string_append (text, g_hash_table_lookup (file->values, name));
  return FALSE;
}

/* The text with every ${name} replaced. */
static char *
fill_in (LaunchFile *file, GError **error)
{
  g_autoptr (GRegex) pattern = g_regex_new ("\\$\\{([^}]*)\\}?", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  for (g_regex_match (pattern, file->text->str, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL))
    {
      g_autofree char *name = g_match_info_fetch (match, 1);

      if (g_hash_table_contains (file->values, name))
        continue;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
          _ ("%s: no line declares ${%s}; write \"param %s = default\" above the pipeline"), file->path, name, name);
      return NULL;
    }
  return g_regex_replace_eval (pattern, file->text->str, -1, 0, 0, append_value, file, error);
}

char *
salon_launch_file_load (const char *path, const char *const *assignments, GError **error)
{
  g_auto (LaunchFile) file = {
    .path = path, .values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free), .text = g_string_new (NULL)
  };

  if (!read_lines (&file, error))
    return NULL;
  for (guint i = 0; assignments != NULL && assignments[i] != NULL; i++)
    {
      if (!assign (&file, assignments[i], error))
        return NULL;
    }
  return fill_in (&file, error);
}
