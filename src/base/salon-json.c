/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-json.h"

#include <string.h>

#include "salon-error.h"

/* What is longer is no word of ours. */
#define MAX_CHOICE_CHARS 64

/* json-glib 1.6 recurses without bound, and takes comments, octal numbers, single quotes, `var x =` and several roots
 * in a row. So a strict check comes first: json-glib then only ever sees RFC 8259, and of bounded depth.
 *
 * Each check_ function starts at `at`, and returns the place after what it checked, or NULL when it is not that. The
 * text is UTF-8 and `end` is exclusive. */

static const char *check_value (const char *at, const char *end, guint depth);

static const char *
skip_space (const char *at, const char *end)
{
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
    at++;
  return at;
}

/* Reads the four hexadecimal digits of \uXXXX, or -1. */
static int
read_utf16_unit (const char *at, const char *end)
{
  int unit = 0;

  if (end - at < 4)
    return -1;
  for (guint i = 0; i < 4; i++)
    {
      if (!g_ascii_isxdigit (at[i]))
        return -1;
      unit = unit * 16 + g_ascii_xdigit_value (at[i]);
    }
  return unit;
}

/* at: after "\u". Surrogates come in pairs or not at all (json-glib asserts otherwise); NUL would cut a C string. */
static const char *
check_unicode_escape (const char *at, const char *end)
{
  int unit = read_utf16_unit (at, end);

  if (unit <= 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
    return NULL;
  at += 4;
  if (unit < 0xD800 || unit > 0xDBFF)
    return at;
  if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
    return NULL;
  unit = read_utf16_unit (at + 2, end);
  return unit >= 0xDC00 && unit <= 0xDFFF ? at + 6 : NULL;
}

static const char *
check_string (const char *at, const char *end)
{
  if (at == end || *at != '"')
    return NULL;
  at++;
  while (at != NULL && at < end)
    {
      guchar c = *at++;

      if (c == '"')
        return at;
      if (c < 0x20)
        return NULL;
      if (c != '\\')
        continue;
      if (at == end)
        return NULL;
      c = *at++;
      if (c == 'u')
        at = check_unicode_escape (at, end);
      else if (c == '\0' || strchr ("\"\\/bfnrt", c) == NULL)
        return NULL;
    }
  return NULL;
}

/* At least one digit. */
static const char *
check_digits (const char *at, const char *end)
{
  const char *start = at;

  while (at < end && g_ascii_isdigit (*at))
    at++;
  return at > start ? at : NULL;
}

static const char *
check_number (const char *at, const char *end)
{
  if (at < end && *at == '-')
    at++;
  if (at < end && *at == '0')
    at++;
  else
    at = check_digits (at, end);
  if (at != NULL && at < end && *at == '.')
    at = check_digits (at + 1, end);
  if (at != NULL && at < end && (*at == 'e' || *at == 'E'))
    {
      at++;
      if (at < end && (*at == '+' || *at == '-'))
        at++;
      at = check_digits (at, end);
    }
  return at;
}

static const char *
check_word (const char *at, const char *end, const char *word)
{
  gsize length = strlen (word);

  return (gsize)(end - at) >= length && memcmp (at, word, length) == 0 ? at + length : NULL;
}

static const char *
check_member (const char *at, const char *end, guint depth)
{
  at = check_string (skip_space (at, end), end);
  if (at == NULL)
    return NULL;
  at = skip_space (at, end);
  return at < end && *at == ':' ? check_value (at + 1, end, depth) : NULL;
}

/* An object or an array; at: after the opening bracket, which is `depth` levels deep. */
static const char *
check_container (const char *at, const char *end, char close, guint depth)
{
  if (depth > SALON_JSON_MAX_DEPTH)
    return NULL;
  at = skip_space (at, end);
  if (at < end && *at == close)
    return at + 1;
  for (;;)
    {
      at = close == '}' ? check_member (at, end, depth) : check_value (at, end, depth);
      if (at == NULL || at == end)
        return NULL;
      if (*at == close)
        return at + 1;
      if (*at != ',')
        return NULL;
      at++;
    }
}

/* A value with the space around it. Recursion is bounded by check_container(). */
static const char *
check_value (const char *at, const char *end, guint depth)
{
  at = skip_space (at, end);
  if (at == end)
    return NULL;
  switch (*at)
    {
    case '{':
      at = check_container (at + 1, end, '}', depth + 1);
      break;
    case '[':
      at = check_container (at + 1, end, ']', depth + 1);
      break;
    case '"':
      at = check_string (at, end);
      break;
    case 't':
      at = check_word (at, end, "true");
      break;
    case 'f':
      at = check_word (at, end, "false");
      break;
    case 'n':
      at = check_word (at, end, "null");
      break;
    default:
      at = check_number (at, end);
      break;
    }
  return at != NULL ? skip_space (at, end) : NULL;
}

JsonNode *
salon_json_parse (const char *text, gsize size_bytes, gsize max_bytes, GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonNode *root = NULL;

  if (size_bytes > max_bytes)
    {
      g_set_error (error, SALON_ERROR, SALON_ERROR_PARSE,
          "The message is %" G_GSIZE_FORMAT " bytes long; at most %" G_GSIZE_FORMAT " are allowed", size_bytes,
          max_bytes);
      return NULL;
    }
  if (g_utf8_validate_len (text, size_bytes, NULL) && check_value (text, text + size_bytes, 0) == text + size_bytes)
    {
      parser = json_parser_new ();
      if (json_parser_load_from_data (parser, text, size_bytes, NULL))
        root = json_parser_steal_root (parser);
    }
  if (root == NULL)
    g_set_error (error, SALON_ERROR, SALON_ERROR_PARSE,
        "The message is not JSON (RFC 8259) in UTF-8, nested at most %d levels deep", SALON_JSON_MAX_DEPTH);
  return root;
}

char *
salon_json_to_text (JsonNode *node)
{
  return json_to_string (node, FALSE);
}

static gboolean G_GNUC_PRINTF (3, 4) refuse (GError **error, const char *name, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "\"%s\" %s", name, what);
  return FALSE;
}

/* (nullable): an absent member and a null are the same to us. */
static JsonNode *
find_member (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && !JSON_NODE_HOLDS_NULL (node) ? node : NULL;
}

static gboolean
require_member (JsonObject *object, const char *name, GError **error)
{
  return find_member (object, name) != NULL || refuse (error, name, "is missing");
}

JsonObject *
salon_json_node_as_object (JsonNode *node, const char *name, GError **error)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    return json_node_get_object (node);
  refuse (error, name, "must be an object");
  return NULL;
}

gboolean
salon_json_get_optional_string (
    JsonObject *object, const char *name, guint min_chars, guint max_chars, const char **value, GError **error)
{
  JsonNode *node = find_member (object, name);
  glong n_chars;

  if (node == NULL)
    return TRUE;
  if (json_node_get_value_type (node) != G_TYPE_STRING)
    return refuse (error, name, "must be a string");
  n_chars = g_utf8_strlen (json_node_get_string (node), -1);
  if (n_chars < (glong)min_chars || n_chars > (glong)max_chars)
    return refuse (error, name, "must have %u to %u characters", min_chars, max_chars);
  *value = json_node_get_string (node);
  return TRUE;
}

gboolean
salon_json_get_string (
    JsonObject *object, const char *name, guint min_chars, guint max_chars, const char **value, GError **error)
{
  return require_member (object, name, error)
         && salon_json_get_optional_string (object, name, min_chars, max_chars, value, error);
}

gboolean
salon_json_get_optional_boolean (JsonObject *object, const char *name, gboolean *value, GError **error)
{
  JsonNode *node = find_member (object, name);

  if (node == NULL)
    return TRUE;
  if (json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    return refuse (error, name, "must be true or false");
  *value = json_node_get_boolean (node);
  return TRUE;
}

gboolean
salon_json_get_boolean (JsonObject *object, const char *name, gboolean *value, GError **error)
{
  return require_member (object, name, error) && salon_json_get_optional_boolean (object, name, value, error);
}

gboolean
salon_json_get_optional_int (
    JsonObject *object, const char *name, gint64 min, gint64 max, gint64 *value, GError **error)
{
  JsonNode *node = find_member (object, name);
  gint64 number;

  if (node == NULL)
    return TRUE;
  number = json_node_get_value_type (node) == G_TYPE_INT64 ? json_node_get_int (node) : G_MININT64;
  if (json_node_get_value_type (node) != G_TYPE_INT64 || number < min || number > max)
    return refuse (error, name, "must be an integer from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
  *value = number;
  return TRUE;
}

gboolean
salon_json_get_optional_double (
    JsonObject *object, const char *name, double min, double max, double *value, GError **error)
{
  JsonNode *node = find_member (object, name);
  GType type = node != NULL ? json_node_get_value_type (node) : G_TYPE_INVALID;

  if (node == NULL)
    return TRUE;
  if ((type != G_TYPE_INT64 && type != G_TYPE_DOUBLE) || json_node_get_double (node) < min
      || json_node_get_double (node) > max)
    return refuse (error, name, "must be a number from %g to %g", min, max);
  *value = json_node_get_double (node);
  return TRUE;
}

gboolean
salon_json_get_int (JsonObject *object, const char *name, gint64 min, gint64 max, gint64 *value, GError **error)
{
  return require_member (object, name, error) && salon_json_get_optional_int (object, name, min, max, value, error);
}

gboolean
salon_json_get_optional_object (JsonObject *object, const char *name, JsonObject **value, GError **error)
{
  JsonNode *node = find_member (object, name);
  JsonObject *found;

  if (node == NULL)
    return TRUE;
  found = salon_json_node_as_object (node, name, error);
  if (found == NULL)
    return FALSE;
  *value = found;
  return TRUE;
}

gboolean
salon_json_get_object (JsonObject *object, const char *name, JsonObject **value, GError **error)
{
  return require_member (object, name, error) && salon_json_get_optional_object (object, name, value, error);
}

gboolean
salon_json_get_optional_array (JsonObject *object, const char *name, guint max_items, JsonArray **value, GError **error)
{
  JsonNode *node = find_member (object, name);

  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_ARRAY (node) || json_array_get_length (json_node_get_array (node)) > max_items)
    return refuse (error, name, "must be an array of at most %u items", max_items);
  *value = json_node_get_array (node);
  return TRUE;
}

gboolean
salon_json_get_array (JsonObject *object, const char *name, guint max_items, JsonArray **value, GError **error)
{
  return require_member (object, name, error) && salon_json_get_optional_array (object, name, max_items, value, error);
}

gboolean
salon_json_get_optional_strings (JsonObject *object, const char *name, guint max_items, char ***value, GError **error)
{
  g_autoptr (GStrvBuilder) builder = NULL;
  JsonArray *array = NULL;

  if (!salon_json_get_optional_array (object, name, max_items, &array, error))
    return FALSE;
  if (array == NULL)
    return TRUE;
  builder = g_strv_builder_new ();
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);

      if (json_node_get_value_type (node) != G_TYPE_STRING)
        return refuse (error, name, "must have strings alone");
      g_strv_builder_add (builder, json_node_get_string (node));
    }
  *value = g_strv_builder_end (builder);
  return TRUE;
}

gboolean
salon_json_get_strings (JsonObject *object, const char *name, guint max_items, char ***value, GError **error)
{
  return require_member (object, name, error)
         && salon_json_get_optional_strings (object, name, max_items, value, error);
}

gboolean
salon_json_get_optional_choice (
    JsonObject *object, const char *name, const char *const *choices, guint n_choices, guint *value, GError **error)
{
  const char *text = NULL;

  if (!salon_json_get_optional_string (object, name, 1, MAX_CHOICE_CHARS, &text, error))
    return FALSE;
  for (guint i = 0; text != NULL && i < n_choices; i++)
    {
      if (g_str_equal (choices[i], text))
        {
          *value = i;
          return TRUE;
        }
    }
  return text == NULL || refuse (error, name, "is a word that is not known here");
}

gboolean
salon_json_get_choice (
    JsonObject *object, const char *name, const char *const *choices, guint n_choices, guint *value, GError **error)
{
  return require_member (object, name, error)
         && salon_json_get_optional_choice (object, name, choices, n_choices, value, error);
}

gboolean
salon_json_array_get_object (JsonArray *array, const char *name, guint index, JsonObject **value, GError **error)
{
  g_autofree char *item_name = g_strdup_printf ("%s[%u]", name, index);
  JsonObject *found = salon_json_node_as_object (json_array_get_element (array, index), item_name, error);

  if (found == NULL)
    return FALSE;
  *value = found;
  return TRUE;
}

gboolean
salon_json_check_members (JsonObject *object, const char *const *known, GError **error)
{
  JsonObjectIter iter;
  const char *name;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, NULL))
    {
      g_autofree char *list = NULL;
      g_autofree char *shown = NULL;

      if (g_strv_contains (known, name))
        continue;
      list = g_strjoinv (", ", (char **)known);
      shown = g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), 40));
      return refuse (error, shown, "is not known here; known are: %s", list);
    }
  return TRUE;
}

/* -- files -- */

gboolean
salon_json_save (const char *path, JsonObject *object, GError **error)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);
  g_autofree char *text = salon_json_to_text (node);

  json_object_unref (object);
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

JsonObject *
salon_json_load (const char *path, gsize max_bytes, GError **error)
{
  g_autofree char *text = NULL;
  gsize size_bytes = 0;
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;

  if (!g_file_get_contents (path, &text, &size_bytes, error))
    return NULL;
  node = salon_json_parse (text, size_bytes, max_bytes, error);
  object = node != NULL ? salon_json_node_as_object (node, path, error) : NULL;
  return object != NULL ? json_object_ref (object) : NULL;
}
