/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "salon-drawing.h"
#include "salon-error.h"
#include "salon-limits.h"

#define ANN "c830d6f4-3187-4736-a6bf-ee606f000001"
#define BOB "c830d6f4-3187-4736-a6bf-ee606f000002"

/* A publisher of Ann's, a tee that does not tell whose it is, and a bin of Bob's with two elements in a row. */
static GstElement *
make_room (void)
{
  g_autoptr (GError) error = NULL;
  GstElement *room = gst_parse_launch ("fakesrc name=publisher-" ANN " ! tee name=tee", &error);
  GstElement *bin = gst_parse_bin_from_description ("identity name=first ! fakesink name=last", TRUE, NULL);
  g_autoptr (GstElement) tee = gst_bin_get_by_name (GST_BIN (room), "tee");

  g_assert_no_error (error);
  gst_object_set_name (GST_OBJECT (bin), "subscriber-" BOB);
  gst_bin_add (GST_BIN (room), bin);
  g_assert_true (gst_element_link (tee, bin));
  return room;
}

/* Returns: (transfer full): of Ann's and Bob's room. */
static char *
draw (const char *title, gboolean is_full, GError **error)
{
  g_autoptr (GstElement) room = make_room ();
  g_autoptr (SalonDrawing) drawing = salon_drawing_new (title, is_full);
  GPtrArray *elements = g_ptr_array_new_with_free_func (gst_object_unref);

  for (GList *link = GST_BIN (room)->children; link != NULL; link = link->next)
    g_ptr_array_add (elements, gst_object_ref (link->data));
  salon_drawing_add_box (drawing, ANN, "Ann");
  salon_drawing_add_box (drawing, BOB, "Bob");
  salon_drawing_set_elements (drawing, elements);
  return salon_drawing_write (drawing, error);
}

/* What is between a box's label and its end. Returns: (transfer full) */
static char *
get_box (const char *text, const char *name)
{
  g_autofree char *label = g_strdup_printf ("{ label=\"%s\"", name);
  const char *start = strstr (text, label);
  const char *end = start != NULL ? strstr (start, "\n}\n") : NULL;

  g_assert_nonnull (end);
  return g_strndup (start, end - start);
}

/* Returns: (transfer full): "e3", of the one that is called so. */
static char *
find_number (const char *text, const char *name)
{
  g_autofree char *pattern = g_strdup_printf ("(e\\d+) \\[label=\"[^\"]*\\\\n%s\"", name);
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  g_assert_true (g_regex_match (regex, text, 0, &match));
  return g_match_info_fetch (match, 1);
}

static gboolean
is_linked (const char *text, const char *from, const char *to)
{
  g_autofree char *from_number = find_number (text, from);
  g_autofree char *to_number = find_number (text, to);
  g_autofree char *link = g_strdup_printf ("%s -> %s [", from_number, to_number);

  return strstr (text, link) != NULL;
}

static void
test_boxes (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = draw ("demo", FALSE, &error);
  g_autofree char *ann = NULL;
  g_autofree char *bob = NULL;

  g_assert_no_error (error);
  ann = get_box (text, "Ann");
  bob = get_box (text, "Bob");
  g_assert_nonnull (strstr (ann, "\"fakesrc\\npublisher\""));
  g_assert_nonnull (strstr (ann, "\"tee\\ntee\""));
  g_assert_nonnull (strstr (bob, "\\nsubscriber\""));
  g_assert_null (strstr (text, "identity"));
  g_assert_true (is_linked (text, "tee", "subscriber"));
}

static void
test_full (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = draw ("demo", TRUE, &error);

  g_assert_no_error (error);
  g_assert_true (is_linked (text, "tee", "first"));
  g_assert_true (is_linked (text, "first", "last"));
  g_assert_nonnull (strstr (text, "taillabel=\"src_0\", headlabel=\"sink\""));
}

static void
test_hostile (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = draw ("\"]; e1 -> e2\n \\ &lt; \xff", FALSE, &error);

  g_assert_no_error (error);
  g_assert_nonnull (strstr (text, "label=\"\\\"]; e1 -> e2  \\\\ &amp;lt; \uFFFD\""));
}

static void
test_bound (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *title = g_strnfill (SALON_LIMIT_DRAWING_BYTES, 'x');
  g_autofree char *text = draw (title, TRUE, &error);

  g_assert_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS);
  g_assert_null (text);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drawing/elements-are-in-the-box-of-whose-they-are", test_boxes);
  g_test_add_func ("/drawing/in-full-links-lead-through-bins", test_full);
  g_test_add_func ("/drawing/a-label-stays-a-label", test_hostile);
  g_test_add_func ("/drawing/is-bounded", test_bound);
  return g_test_run ();
}
