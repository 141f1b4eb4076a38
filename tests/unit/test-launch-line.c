/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/gst.h>

#include "salon-launch-line.h"

/* What a shell and gst-launch-1.0 make of a line. */
static GstElement *
paste (const char *line)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) arguments = NULL;
  GstElement *pipeline;

  g_assert_true (g_shell_parse_argv (line, NULL, &arguments, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (arguments[0], ==, "gst-launch-1.0");
  pipeline = gst_parse_launchv ((const char **)arguments + (g_strcmp0 (arguments[1], "-e") == 0 ? 2 : 1), &error);
  g_assert_no_error (error);
  return pipeline;
}

static void
check_location (GstElement *pipeline, const char *name, const char *expected)
{
  g_autoptr (GstElement) element = gst_bin_get_by_name (GST_BIN (pipeline), name);
  g_autofree char *location = NULL;

  g_assert_nonnull (element);
  g_object_get (element, "location", &location, NULL);
  g_assert_cmpstr (location, ==, expected);
}

static void
test_values (void)
{
  static const char *const values[] = { "", "Ann", "Ann Lee", " Ann  Lee ", "Ann \"the\" Lee", "\"", "\"\"", "\" \"",
    "\"Ann Lee\"", "'", "' '", "it's", "\\", "\\\\", "a\\ b", "\\\"", "\"\\", "NULL", "\"NULL\"", "$(reboot)",
    "`reboot`", "${HOME}", "!", "a ! fakesink", "a;b|c&d>e<f(g)h", "--help", "-", "#", "~", "*", "x=y z=\"w\"", "室 🎥",
    "\xc2\xa0", ".", "a.", "(string)a", "a\\ \"b\\ c\" 'd\\ e'", "<>", "%s%n" };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    for (guint j = 0; j < G_N_ELEMENTS (values); j++)
      {
        g_autoptr (GString) line = g_string_new ("gst-launch-1.0 filesrc name=one");
        g_autoptr (GstElement) pipeline = NULL;

        salon_launch_line_add_property (line, "location", values[i]);
        g_string_append (line, " ! filesink name=two");
        salon_launch_line_add_property (line, "location", values[j]);
        g_string_append (line, " async=false");
        pipeline = paste (line->str);
        check_location (pipeline, "one", values[i]);
        check_location (pipeline, "two", values[j]);
      }
}

static void
test_control_characters (void)
{
  g_autoptr (GString) line = g_string_new ("gst-launch-1.0 filesrc name=one");
  g_autoptr (GstElement) pipeline = NULL;

  salon_launch_line_add_property (line, "location", "a\nreboot\t\x1b[2Jb");
  g_assert_null (strchr (line->str, '\n'));
  g_string_append (line, " ! fakesink");
  pipeline = paste (line->str);
  check_location (pipeline, "one", "a reboot  [2Jb");
}

static void
test_texts (void)
{
  static const struct
  {
    const char *text;
    const char *location;
  } texts[] = {
    { "filesrc name=one location=a ! fakesink", "a" },
    { "filesrc name=one location=\"a  b 'c' $(reboot)\" ! fakesink", "a  b 'c' $(reboot)" },
    { "filesrc name=one location=\"a \\\" b\" ! fakesink", "a \" b" },
    { "filesrc  name=one   location=a\\ b ! video/x-raw, format=(string) \"I420\" ! fakesink", "a b" },
    { "filesrc name=one\n\tlocation=a\n! fakesink", "a" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GstElement) direct = gst_parse_launch (texts[i].text, &error);
      g_autofree char *line = salon_launch_line_from_text (texts[i].text);
      g_autoptr (GstElement) pasted = paste (line);

      g_assert_no_error (error);
      check_location (direct, "one", texts[i].location);
      check_location (pasted, "one", texts[i].location);
    }
}

static void
test_reads_well (void)
{
  g_autoptr (GString) line = g_string_new ("gst-launch-1.0 salonsrc");
  g_autofree char *text = salon_launch_line_from_text ("videotestsrc ! video/x-raw,width=160 ! vp8enc ! fakesink");

  salon_launch_line_add_property (line, "room", "demo");
  salon_launch_line_add_property (line, "display-name", "Ann Lee");
  g_assert_cmpstr (line->str, ==, "gst-launch-1.0 salonsrc room=demo 'display-name=\"Ann Lee\"'");
  g_assert_cmpstr (text, ==, "gst-launch-1.0 -e videotestsrc ! video/x-raw,width=160 ! vp8enc ! fakesink");
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/launch-line/a-property-gets-any-value-to-the-letter", test_values);
  g_test_add_func ("/launch-line/no-control-character-comes-through", test_control_characters);
  g_test_add_func ("/launch-line/a-text-comes-through-as-it-is", test_texts);
  g_test_add_func ("/launch-line/reads-well", test_reads_well);
  return g_test_run ();
}
