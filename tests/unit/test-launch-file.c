/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gst/gst.h>

#include "salon-error.h"
#include "salon-launch-file.h"

/* Returns: (transfer full) */
static SalonLaunchFile *
read_text (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  SalonLaunchFile *file;
  int fd = g_file_open_tmp ("salon-XXXXXX.launch", &path, &error);

  g_assert_no_error (error);
  g_assert_true (g_close (fd, NULL));
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  file = salon_launch_file_read (path, &error);
  g_assert_no_error (error);
  g_remove (path);
  return file;
}

static void
test_empty_default (void)
{
  g_autoptr (SalonLaunchFile) file
      = read_text ("param title =  # what it is\nparam end =\nfakesrc name=\"${title}${end}\"");
  g_autofree char *text = salon_launch_file_to_text (file);
  const SalonParameter *title = g_ptr_array_index (salon_launch_file_get_parameters (file), 0);

  g_assert_cmpstr (title->default_value, ==, "");
  g_assert_cmpstr (title->help, ==, "what it is");
  g_assert_cmpint (title->type, ==, SALON_PARAMETER_TEXT);
  g_assert_cmpstr (text, ==, "fakesrc name=\"\"");
}

static void
test_types (void)
{
  g_autoptr (SalonLaunchFile) file = read_text (
      "# What it is,\n# on two lines.\n#\n# A drawing.\nparam width = 320  # in pixels\nparam speed = 0.5\nparam loud "
      "= true\n"
      "param word = a\nparam title = a\nparam both = a\nparam sink = fakesink\nparam last = fakesink\nparam caps = x\n"
      "fakesrc sizemax=${width} datarate=${speed} silent=${loud} name=${word} ! identity name=\"a ${title} b\" ! "
      "identity name=\"${both}\" ! identity name=${both} ! ${sink} fakesrc ! video/x-raw,format=\"${caps}\" !${last}");
  static const struct
  {
    const char *name;
    SalonParameterType type;
  } expected[] = {
    { "width", SALON_PARAMETER_INTEGER },
    { "speed", SALON_PARAMETER_NUMBER },
    { "loud", SALON_PARAMETER_BOOLEAN },
    { "word", SALON_PARAMETER_WORD },
    { "title", SALON_PARAMETER_TEXT },
    { "both", SALON_PARAMETER_WORD },
    { "sink", SALON_PARAMETER_ELEMENTS },
    { "last", SALON_PARAMETER_ELEMENTS },
    /* What looks like quotes there, are none. */
    { "caps", SALON_PARAMETER_WORD },
  };
  GPtrArray *parameters = salon_launch_file_get_parameters (file);

  g_assert_cmpstr (salon_launch_file_get_summary (file), ==, "What it is, on two lines.");
  g_assert_cmpuint (parameters->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < parameters->len; i++)
    {
      const SalonParameter *parameter = g_ptr_array_index (parameters, i);

      g_assert_cmpstr (parameter->name, ==, expected[i].name);
      g_assert_cmpint (parameter->type, ==, expected[i].type);
    }
  g_assert_cmpstr (((SalonParameter *)g_ptr_array_index (parameters, 0))->help, ==, "in pixels");
}

static void
test_elements_are_the_administrators (void)
{
  g_autoptr (SalonLaunchFile) file = read_text ("param sink = fakesink\nfakesrc ! ${sink}");
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_assert_false (salon_launch_file_set (file, "sink", "identity ! fakesink", FALSE, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_FORBIDDEN);
  g_clear_error (&error);
  g_assert_true (salon_launch_file_set (file, "sink", "identity ! fakesink", TRUE, &error));
  g_assert_no_error (error);
  text = salon_launch_file_to_text (file);
  g_assert_cmpstr (text, ==, "fakesrc ! identity ! fakesink");
}

/* A pipeline with the value in all three kinds of places, as far as it is taken there. */
static void
assert_stays (const char *value)
{
  g_autoptr (SalonLaunchFile) file = read_text (
      "param word = a\nparam title = b\nparam caps = I420\n"
      "fakesrc ! video/x-raw,format=${caps},width=1 ! identity name=\"${title}\" silent=true ! fakesink name=w${word}");
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstElement) titled = NULL;
  g_autoptr (GstElement) worded = NULL;
  g_autofree char *text = NULL;
  g_autofree char *name = NULL;
  gboolean is_text = salon_launch_file_set (file, "title", value, FALSE, NULL);
  gboolean is_word = salon_launch_file_set (file, "word", value, FALSE, NULL);
  gboolean has_caps = salon_launch_file_set (file, "caps", value, FALSE, NULL);

  g_assert_cmpint (is_word, ==, has_caps);
  text = salon_launch_file_to_text (file);
  pipeline = gst_parse_launch_full (text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, NULL);
  /* Caps may make no sense. */
  if (pipeline == NULL && has_caps)
    return;
  g_assert_nonnull (pipeline);
  g_assert_cmpint (GST_BIN_NUMCHILDREN (pipeline), ==, 4);
  titled = gst_bin_get_by_name (GST_BIN (pipeline), is_text ? value : "b");
  g_assert_nonnull (titled);
  name = g_strconcat ("w", is_word ? value : "a", NULL);
  worded = gst_bin_get_by_name (GST_BIN (pipeline), name);
  g_assert_nonnull (worded);
}

static void
test_values_stay_in_their_place (void)
{
  static const char *const nasty[] = { "a ! fdsink", "a\" ! fdsink name=\"", "a\\", "a\\\" ! fdsink", "' ! fdsink '",
    "a' ! fdsink", "a;b", "( fdsink )", "I420!queue!video/x-raw", "a,b=c", "a.sink", "file:///etc/passwd", "@ x",
    "a\n! fdsink", "  a", "${word}" };
  /* All that can be printed; of letters and digits, what stands for the others. */
  static const char letters[] = " !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`anrtxz{|}~";

  for (guint i = 0; i < G_N_ELEMENTS (nasty); i++)
    assert_stays (nasty[i]);
  for (const char *first = letters; *first != '\0'; first++)
    {
      for (const char *second = letters; *second != '\0'; second++)
        {
          const char value[] = { 'v', *first, *second, 'w', '\0' };

          assert_stays (value);
        }
    }
}

static void
test_kinds (void)
{
  g_autoptr (SalonLaunchFile) plain = read_text ("fakesrc ! fakesink");
  g_autoptr (SalonLaunchFile) recording = read_text ("# Records.\nkind recording\nparam n = 1\nfakesrc ! fakesink");
  g_autoptr (SalonLaunchFile) client = read_text ("kind client\nwebrtcbin name=subscriber");
  g_autofree char *text = salon_launch_file_to_text (recording);
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "salon-kind-XXXXXX.launch", NULL);
  g_autoptr (GError) error = NULL;
  int fd = g_mkstemp (path);

  g_assert_false (salon_launch_file_is_recording (plain));
  g_assert_true (salon_launch_file_is_recording (recording));
  g_assert_false (salon_launch_file_is_client (recording));
  g_assert_true (salon_launch_file_is_client (client));
  g_assert_false (salon_launch_file_is_recording (client));
  g_assert_cmpstr (text, ==, "fakesrc ! fakesink");
  g_assert_true (g_close (fd, NULL));
  g_assert_true (g_file_set_contents (path, "kind play\nfakesrc ! fakesink", -1, NULL));
  g_assert_null (salon_launch_file_read (path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, ".launch:1: the kind"));
  g_remove (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_test_add_func ("/launch-file/a-default-may-be-empty", test_empty_default);
  g_test_add_func ("/launch-file/types-follow-from-default-and-place", test_types);
  g_test_add_func ("/launch-file/elements-are-the-administrators", test_elements_are_the_administrators);
  g_test_add_func ("/launch-file/kinds-are-recording-client-or-none", test_kinds);
  g_test_add_func ("/launch-file/values-stay-in-their-place", test_values_stay_in_their_place);
  return g_test_run ();
}
