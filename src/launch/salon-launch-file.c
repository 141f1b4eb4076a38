/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-launch-file.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

#include "salon-error.h"

#define NAME_PATTERN "[a-z][a-z0-9-]*"
#define SECRET "secret "
#define REFERENCE_PATTERN "\\$\\{([^}]*)\\}?"
/* A value is a title, a URL, a name. */
#define MAX_VALUE_CHARS 1000

struct _SalonLaunchFile
{
  char *path;    /* (owned) */
  char *summary; /* (owned) */
  gboolean is_recording;
  gboolean is_client;
  GPtrArray *parameters; /* (owned) (element-type SalonParameter) */
  GString *text;         /* (owned): what is left without comments and declarations */
};

static const struct
{
  const char *name;
  const char *pattern; /* of the values */
  const char *expected;
} types[] = {
  [SALON_PARAMETER_INTEGER] = { "integer", "^-?[0-9]{1,18}$", "an integer" },
  [SALON_PARAMETER_NUMBER] = { "number", "^-?[0-9]{1,18}(\\.[0-9]{1,18})?$", "a number" },
  [SALON_PARAMETER_BOOLEAN] = { "boolean", "^(true|false)$", "true or false" },
  /* Nothing that ends a value: no blanks, quotes, backslashes, '!', ';' and brackets. */
  [SALON_PARAMETER_WORD]
  = { "word", "^[A-Za-z0-9_.,:/+%@=&?~#-]+$", "one word of ASCII letters, digits and _ . , : / + % @ = & ? ~ # -" },
  [SALON_PARAMETER_TEXT]
  = { "text", "^[^\"\\\\\\p{C}]*$", "text without double quotes, backslashes and control characters" },
  [SALON_PARAMETER_ELEMENTS] = { "elements", "", "elements" },
};

const char *
salon_parameter_type_to_string (SalonParameterType type)
{
  return types[type].name;
}

static void
parameter_free (SalonParameter *parameter)
{
  g_free (parameter->name);
  g_free (parameter->default_value);
  g_free (parameter->value);
  g_free (parameter->help);
  g_free (parameter);
}

void
salon_launch_file_free (SalonLaunchFile *self)
{
  g_free (self->path);
  g_free (self->summary);
  g_ptr_array_unref (self->parameters);
  g_string_free (self->text, TRUE);
  g_free (self);
}

/* (transfer none) (nullable) */
static SalonParameter *
find (const SalonLaunchFile *self, const char *name)
{
  for (guint i = 0; i < self->parameters->len; i++)
    {
      SalonParameter *parameter = g_ptr_array_index (self->parameters, i);

      if (g_str_equal (parameter->name, name))
        return parameter;
    }
  return NULL;
}

static char *
list_parameters (const SalonLaunchFile *self)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < self->parameters->len; i++)
    {
      const SalonParameter *parameter = g_ptr_array_index (self->parameters, i);
      g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", parameter->name);
    }
  return g_string_free (g_steal_pointer (&list), FALSE);
}

/* -- reading -- */

static gboolean
declare (SalonLaunchFile *self, const char *line, guint number, GError **error)
{
  /* A value ends where a comment begins: at a # after white space. */
  g_autoptr (GRegex) pattern
      = g_regex_new ("^(?:param|secret)\\s+(" NAME_PATTERN ")\\s*=\\s*(.*?)\\s*(?:(?<=\\s)#\\s*(.*))?$", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *name = NULL;
  SalonParameter *parameter;

  if (!g_regex_match (pattern, line, 0, &match))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
          _ ("%s:%u: a parameter reads \"param name = default  # what it is\""), self->path, number);
      return FALSE;
    }
  name = g_match_info_fetch (match, 1);
  if (find (self, name) != NULL)
    {
      g_set_error (
          error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("%s:%u: \"%s\" is declared twice"), self->path, number, name);
      return FALSE;
    }
  parameter = g_new0 (SalonParameter, 1);
  parameter->name = g_steal_pointer (&name);
  parameter->is_secret = g_str_has_prefix (line, SECRET);
  parameter->default_value = g_match_info_fetch (match, 2);
  parameter->value = g_strdup (parameter->default_value);
  parameter->help = g_match_info_fetch (match, 3);
  if (parameter->help == NULL)
    parameter->help = g_strdup ("");
  g_ptr_array_add (self->parameters, parameter);
  return TRUE;
}

static gboolean
read_kind (SalonLaunchFile *self, const char *line, guint number, GError **error)
{
  self->is_recording = g_str_equal (line, "kind recording");
  self->is_client = g_str_equal (line, "kind client");
  if (self->is_recording || self->is_client)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
      _ ("%s:%u: the kind of a pipeline is \"recording\" or \"client\", or none"), self->path, number);
  return FALSE;
}

static gboolean
read_line (SalonLaunchFile *self, const char *line, guint number, GError **error)
{
  if (g_str_has_prefix (line, "param ") || g_str_has_prefix (line, SECRET))
    return declare (self, line, number, error);
  if (g_str_has_prefix (line, "kind "))
    return read_kind (self, line, number, error);
  g_string_append_printf (self->text, "%s%s", self->text->len > 0 ? " " : "", line);
  return TRUE;
}

static gboolean
read_lines (SalonLaunchFile *self, char **lines, GError **error)
{
  g_autoptr (GString) summary = g_string_new (NULL);
  gboolean is_summary = TRUE;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *line = g_strstrip (lines[i]);
      gboolean is_comment = *line == '#';
      const char *comment = is_comment ? line + 1 + strspn (line + 1, " ") : "";

      is_summary = is_summary && *comment != '\0';
      if (is_summary)
        g_string_append_printf (summary, "%s%s", summary->len > 0 ? " " : "", comment);
      if (*line != '\0' && !is_comment && !read_line (self, line, i + 1, error))
        return FALSE;
    }
  self->summary = g_utf8_make_valid (summary->str, -1);
  return TRUE;
}

/* -- types -- */

typedef enum
{
  PLACE_BY_ITSELF, /* where elements stand */
  PLACE_IN_WORD,
  PLACE_IN_QUOTES,
} Place;

/* Of what stands at this offset: as gst-launch-1.0's grammar reads it, in which quotes are quotes around the value of a
 * property alone (in caps a '!' among them would end the caps). What can't be told counts as standing by itself. */
static Place
find_place (const char *text, gsize offset)
{
  g_autoptr (GRegex) property = g_regex_new ("^[A-Za-z0-9_][A-Za-z0-9_%:-]*=$", 0, 0, NULL);
  gsize word = 0;
  gboolean is_quoted = FALSE;

  for (gsize i = 0; i < offset; i++)
    {
      g_autofree char *before = NULL;

      if (is_quoted)
        is_quoted = text[i] != '"';
      else if (strchr (" \t!;()", text[i]) != NULL)
        word = i + 1;
      else if (text[i] == '"')
        {
          before = g_strndup (text + word, i - word);
          is_quoted = g_regex_match (property, before, 0, NULL);
        }
    }
  if (is_quoted)
    return PLACE_IN_QUOTES;
  return word == offset ? PLACE_BY_ITSELF : PLACE_IN_WORD;
}

static gboolean
fits (const char *value, SalonParameterType type)
{
  return g_regex_match_simple (types[type].pattern, value, G_REGEX_DOLLAR_ENDONLY, 0);
}

static SalonParameterType
type_of_default (const char *value)
{
  for (SalonParameterType type = SALON_PARAMETER_INTEGER; type <= SALON_PARAMETER_BOOLEAN; type++)
    {
      if (fits (value, type))
        return type;
    }
  return SALON_PARAMETER_TEXT;
}

/* Of all the places of a parameter, the one that bears least says what it may be. */
static gboolean
find_types (SalonLaunchFile *self, GError **error)
{
  g_autoptr (GRegex) pattern = g_regex_new (REFERENCE_PATTERN, 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  for (guint i = 0; i < self->parameters->len; i++)
    {
      SalonParameter *parameter = g_ptr_array_index (self->parameters, i);
      parameter->type = type_of_default (parameter->default_value);
    }
  for (g_regex_match (pattern, self->text->str, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL))
    {
      g_autofree char *name = g_match_info_fetch (match, 1);
      SalonParameter *parameter = find (self, name);
      int offset = 0;

      if (parameter == NULL)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
              _ ("%s: no line declares ${%s}; write \"param %s = default\" above the pipeline"), self->path, name,
              name);
          return FALSE;
        }
      g_match_info_fetch_pos (match, 0, &offset, NULL);
      if (parameter->type < SALON_PARAMETER_WORD)
        continue;
      switch (find_place (self->text->str, offset))
        {
        case PLACE_BY_ITSELF:
          parameter->type = SALON_PARAMETER_ELEMENTS;
          break;
        case PLACE_IN_WORD:
          parameter->type = parameter->type == SALON_PARAMETER_ELEMENTS ? parameter->type : SALON_PARAMETER_WORD;
          break;
        case PLACE_IN_QUOTES:
          break;
        }
    }
  return TRUE;
}

SalonLaunchFile *
salon_launch_file_read (const char *path, GError **error)
{
  g_autoptr (SalonLaunchFile) self = g_new0 (SalonLaunchFile, 1);
  g_autofree char *content = NULL;
  g_auto (GStrv) lines = NULL;

  self->path = g_strdup (path);
  self->parameters = g_ptr_array_new_with_free_func ((GDestroyNotify)parameter_free);
  self->text = g_string_new (NULL);
  if (!g_file_get_contents (path, &content, NULL, error))
    return NULL;
  lines = g_strsplit (content, "\n", -1);
  if (!read_lines (self, lines, error) || !find_types (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

const char *
salon_launch_file_get_summary (SalonLaunchFile *self)
{
  return self->summary;
}

gboolean
salon_launch_file_is_recording (SalonLaunchFile *self)
{
  return self->is_recording;
}

gboolean
salon_launch_file_is_client (SalonLaunchFile *self)
{
  return self->is_client;
}

GPtrArray *
salon_launch_file_get_parameters (SalonLaunchFile *self)
{
  return self->parameters;
}

/* -- values -- */

static void
set_value (SalonParameter *parameter, const char *value)
{
  g_free (parameter->value);
  parameter->value = g_strdup (value);
}

gboolean
salon_launch_file_assign (SalonLaunchFile *self, const char *assignment, GError **error)
{
  const char *equals = strchr (assignment, '=');
  g_autofree char *name = equals != NULL ? g_strndup (assignment, equals - assignment) : g_strdup (assignment);
  SalonParameter *parameter = find (self, name);
  g_autofree char *known = NULL;

  if (equals != NULL && parameter != NULL)
    {
      set_value (parameter, equals + 1);
      return TRUE;
    }
  known = list_parameters (self);
  if (equals == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        _ ("\"%s\": after the file come parameters as KEY=VALUE"), assignment);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _ ("%s has no parameter \"%s\"; it has: %s"),
        self->path, name,
        /* Translators: in place of a list of parameters. */
        *known != '\0' ? known : _ ("none"));
  return FALSE;
}

void
salon_launch_file_leave_open (SalonLaunchFile *self, const char *name)
{
  SalonParameter *parameter = find (self, name);
  g_autofree char *reference = g_strdup_printf ("${%s}", name);

  if (parameter != NULL)
    set_value (parameter, reference);
}

gboolean
salon_launch_file_set (
    SalonLaunchFile *self, const char *name, const char *value, gboolean may_be_elements, GError **error)
{
  SalonParameter *parameter = find (self, name);
  g_autofree char *known = NULL;

  if (parameter == NULL)
    {
      known = list_parameters (self);
      g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
          "\"parameters\": the pipeline has no \"%s\"; it has: %s", name, *known != '\0' ? known : "none");
      return FALSE;
    }
  if (parameter->type == SALON_PARAMETER_ELEMENTS && !may_be_elements)
    {
      g_set_error (error, SALON_ERROR, SALON_ERROR_FORBIDDEN,
          "\"%s\" stands for elements, which the administrator alone may set", name);
      return FALSE;
    }
  if (!fits (value, parameter->type) || g_utf8_strlen (value, -1) > MAX_VALUE_CHARS)
    {
      g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "\"%s\" must be %s, of %d characters at most", name,
          types[parameter->type].expected, MAX_VALUE_CHARS);
      return FALSE;
    }
  set_value (parameter, value);
  return TRUE;
}

static gboolean
append_value (const GMatchInfo *match, GString *text, gpointer user_data)
{
  g_autofree char *name = g_match_info_fetch (match, 1);

  g_string_append (text, find (user_data, name)->value);
  return FALSE;
}

char *
salon_launch_file_to_text (SalonLaunchFile *self)
{
  g_autoptr (GRegex) pattern = g_regex_new (REFERENCE_PATTERN, 0, 0, NULL);

  /* All of them are declared, as reading has found. */
  return g_regex_replace_eval (pattern, self->text->str, -1, 0, 0, append_value, self, NULL);
}
