/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "salon-error.h"
#include "salon-json.h"

#define MAX_BYTES 4096

static JsonNode *
parse (const char *text, GError **error)
{
  return salon_json_parse (text, strlen (text), MAX_BYTES, error);
}

static void
assert_refused (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = parse (text, &error);

  if (node != NULL)
    g_error ("taken: %s", text);
  g_assert_error (error, SALON_ERROR, SALON_ERROR_PARSE);
}

static void
assert_taken (const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = parse (text, &error);
  g_autofree char *back = NULL;

  g_assert_no_error (error);
  back = salon_json_to_text (node);
  g_assert_cmpstr (back, ==, expected);
}

static void
test_takes_json (void)
{
  assert_taken (" { \"a\" : [ 1 , -2.5e3 , true , null ] } ", "{\"a\":[1,-2500.0,true,null]}");
  assert_taken ("\"\\uD83C\\uDF89 \\\"\\u00e9\\n\"", "\"🎉 \\\"é\\n\"");
  assert_taken ("[]", "[]");
  assert_taken ("{}", "{}");
  assert_taken ("0", "0");
}

static void
test_refuses_what_is_no_json (void)
{
  static const char *const texts[] = {
    "",
    "   ",
    "{",
    "[1,]",
    "[,1]",
    "{\"a\":1,}",
    "{\"a\"}",
    "{a:1}",
    "{'a':1}",
    "{}{}",
    "{} x",
    "// hello\n{}",
    "/*\"*/{}",
    "var x = {}",
    "[01]",
    "[0x10]",
    "[1.]",
    "[.5]",
    "[+1]",
    "[-]",
    "[1e]",
    "[NaN]",
    "[tru]",
    "[truex]",
    "\"open",
    "\"\\",
    "\"\\x41\"",
    "\"\\101\"",
    "\"tab\there\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\ud800\"",
    "\"\\ud800x\"",
    "\"\\ud800\\u0041\"",
    "\"\\udc00\"",
    "\"cut\\u0000off\"",
    "\"\xff\"",
    "\"\xed\xa0\x80\"",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i]);
}

static void
test_refuses_every_cut (void)
{
  static const char text[] = "{\"m\":[1.5e-3,{\"k\":\"\\ud83c\\udf89\\\\\"},false,null],\"n\":{}}";

  for (gsize size = 0; size < sizeof text - 1; size++)
    {
      g_autofree char *cut = g_memdup2 (text, size); /* not terminated: reading on is for the sanitizer to see */
      g_autoptr (JsonNode) node = salon_json_parse (cut != NULL ? cut : "", size, MAX_BYTES, NULL);

      g_assert_null (node);
    }
}

static void
test_bounds_depth (void)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < SALON_JSON_MAX_DEPTH; i++)
    g_string_append_c (text, '[');
  for (guint i = 0; i < SALON_JSON_MAX_DEPTH; i++)
    g_string_append_c (text, ']');
  assert_taken (text->str, text->str);

  g_string_prepend_c (text, '[');
  g_string_append_c (text, ']');
  assert_refused (text->str);
}

static void
test_survives_a_depth_bomb (void)
{
  gsize size = 1024 * 1024;
  g_autofree char *brackets = g_malloc (size);
  g_autoptr (GString) objects = g_string_new (NULL);

  memset (brackets, '[', size);
  g_assert_null (salon_json_parse (brackets, size, size, NULL));
  while (objects->len < size - 8)
    g_string_append (objects, "{\"a\":");
  g_assert_null (salon_json_parse (objects->str, objects->len, size, NULL));
}

static void
test_bounds_size (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = salon_json_parse ("[1234]", 6, 6, &error);

  g_assert_no_error (error);
  g_assert_null (salon_json_parse ("[12345]", 7, 6, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_PARSE);
}

typedef struct
{
  JsonNode *root;
  JsonObject *object;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer user_data)
{
  fixture->root = parse ("{\"s\":\"žluť\",\"b\":true,\"i\":7,\"d\":7.0,\"big\":99999999999999999999,"
                         "\"o\":{},\"a\":[{},1],\"null\":null}",
      NULL);
  g_assert_nonnull (fixture->root);
  fixture->object = json_node_get_object (fixture->root);
}

static void
tear_down (Fixture *fixture, gconstpointer user_data)
{
  json_node_unref (fixture->root);
}

static void
assert_names (GError *error, const char *name)
{
  g_assert_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS);
  g_assert_nonnull (strstr (error->message, name));
  g_error_free (error);
}

static void
test_reads_members (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  const char *string = NULL;
  gboolean boolean = FALSE;
  gint64 integer = 0;
  JsonObject *object = NULL;
  JsonArray *array = NULL;

  g_assert_true (salon_json_get_string (fixture->object, "s", 4, 4, &string, &error));
  g_assert_cmpstr (string, ==, "žluť");
  g_assert_true (salon_json_get_boolean (fixture->object, "b", &boolean, &error));
  g_assert_true (boolean);
  g_assert_true (salon_json_get_int (fixture->object, "i", 7, 7, &integer, &error));
  g_assert_cmpint (integer, ==, 7);
  g_assert_true (salon_json_get_object (fixture->object, "o", &object, &error));
  g_assert_nonnull (object);
  g_assert_true (salon_json_get_array (fixture->object, "a", 2, &array, &error));
  g_assert_true (salon_json_array_get_object (array, "a", 0, &object, &error));
  g_assert_no_error (error);
}

static void
test_leaves_defaults (Fixture *fixture, gconstpointer user_data)
{
  static const char *const absent[] = { "none", "null" };

  for (guint i = 0; i < G_N_ELEMENTS (absent); i++)
    {
      g_autoptr (GError) error = NULL;
      const char *string = "default";
      gboolean boolean = TRUE;
      gint64 integer = 42;
      JsonArray *array = NULL;

      g_assert_true (salon_json_get_optional_string (fixture->object, absent[i], 1, 9, &string, &error));
      g_assert_true (salon_json_get_optional_boolean (fixture->object, absent[i], &boolean, &error));
      g_assert_true (salon_json_get_optional_int (fixture->object, absent[i], 0, 9, &integer, &error));
      g_assert_true (salon_json_get_optional_array (fixture->object, absent[i], 9, &array, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (string, ==, "default");
      g_assert_true (boolean);
      g_assert_cmpint (integer, ==, 42);
      g_assert_null (array);
    }
}

static void
test_names_what_is_wrong (Fixture *fixture, gconstpointer user_data)
{
  GError *error = NULL;
  const char *string = NULL;
  gboolean boolean = FALSE;
  gint64 integer = 0;
  JsonObject *object = NULL;
  JsonArray *array = NULL;

  g_assert_false (salon_json_get_string (fixture->object, "none", 0, 9, &string, &error));
  assert_names (g_steal_pointer (&error), "\"none\" is missing");
  g_assert_false (salon_json_get_string (fixture->object, "null", 0, 9, &string, &error));
  assert_names (g_steal_pointer (&error), "\"null\" is missing");
  g_assert_false (salon_json_get_string (fixture->object, "i", 0, 9, &string, &error));
  assert_names (g_steal_pointer (&error), "\"i\"");
  g_assert_false (salon_json_get_string (fixture->object, "s", 5, 9, &string, &error));
  assert_names (g_steal_pointer (&error), "5 to 9");
  g_assert_false (salon_json_get_string (fixture->object, "s", 0, 3, &string, &error));
  assert_names (g_steal_pointer (&error), "\"s\"");
  g_assert_false (salon_json_get_boolean (fixture->object, "s", &boolean, &error));
  assert_names (g_steal_pointer (&error), "\"s\"");
  g_assert_false (salon_json_get_int (fixture->object, "i", 8, 9, &integer, &error));
  assert_names (g_steal_pointer (&error), "8 to 9");
  g_assert_false (salon_json_get_int (fixture->object, "d", 0, 9, &integer, &error));
  assert_names (g_steal_pointer (&error), "\"d\"");
  g_assert_false (salon_json_get_int (fixture->object, "big", 0, G_MAXINT32, &integer, &error));
  assert_names (g_steal_pointer (&error), "\"big\"");
  g_assert_false (salon_json_get_object (fixture->object, "a", &object, &error));
  assert_names (g_steal_pointer (&error), "\"a\"");
  g_assert_false (salon_json_get_array (fixture->object, "a", 1, &array, &error));
  assert_names (g_steal_pointer (&error), "at most 1");
  g_assert_true (salon_json_get_array (fixture->object, "a", 2, &array, &error));
  g_assert_false (salon_json_array_get_object (array, "a", 1, &object, &error));
  assert_names (g_steal_pointer (&error), "\"a[1]\"");
}

static void
test_refuses_unknown_members (Fixture *fixture, gconstpointer user_data)
{
  static const char *const all[] = { "s", "b", "i", "d", "big", "o", "a", "null", NULL };
  static const char *const some[] = { "s", "b", "i", "d", "big", "o", "a", NULL };
  GError *error = NULL;

  g_assert_true (salon_json_check_members (fixture->object, all, &error));
  g_assert_no_error (error);
  g_assert_false (salon_json_check_members (fixture->object, some, &error));
  assert_names (error, "\"null\" is not known");
}

#define ADD(path, function) g_test_add ("/json/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/takes-json", test_takes_json);
  g_test_add_func ("/json/refuses-what-is-no-json", test_refuses_what_is_no_json);
  g_test_add_func ("/json/refuses-every-cut", test_refuses_every_cut);
  g_test_add_func ("/json/bounds-depth", test_bounds_depth);
  g_test_add_func ("/json/survives-a-depth-bomb", test_survives_a_depth_bomb);
  g_test_add_func ("/json/bounds-size", test_bounds_size);
  ADD ("reads-members", test_reads_members);
  ADD ("leaves-defaults", test_leaves_defaults);
  ADD ("names-what-is-wrong", test_names_what_is_wrong);
  ADD ("refuses-unknown-members", test_refuses_unknown_members);
  return g_test_run ();
}
