/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-lines.h"

static void
answer (SalonLines *lines)
{
  g_assert_false (salon_lines_need_offer (lines));
  salon_lines_take_answer (lines);
}

static void
test_names (void)
{
  g_autoptr (SalonLines) lines = salon_lines_new (6, 2);

  g_assert_false (salon_lines_need_offer (lines));
  g_assert_cmpuint (salon_lines_begin_offer (lines), ==, 2);
  answer (lines);
  salon_lines_set (lines, 3, "ann camera");
  g_assert_true (salon_lines_need_offer (lines));
  g_assert_false (salon_lines_is_agreed (lines, 3));
  g_assert_cmpuint (salon_lines_begin_offer (lines), ==, 4);
  g_assert_cmpstr (salon_lines_get_offered (lines, 3), ==, "ann camera");
  g_assert_null (salon_lines_get_offered (lines, 2));
  g_assert_false (salon_lines_is_agreed (lines, 3));
  answer (lines);
  g_assert_true (salon_lines_is_agreed (lines, 3));
  g_assert_false (salon_lines_need_offer (lines));
}

/* One offer at a time, and what changes meanwhile is in the next. */
static void
test_waits_for_answer (void)
{
  g_autoptr (SalonLines) lines = salon_lines_new (6, 2);

  salon_lines_set (lines, 0, "ann voice");
  g_assert_cmpuint (salon_lines_begin_offer (lines), ==, 2);
  salon_lines_set (lines, 1, "ann camera");
  salon_lines_set (lines, 5, "bob camera");
  g_assert_false (salon_lines_need_offer (lines));
  answer (lines);
  g_assert_true (salon_lines_is_agreed (lines, 0));
  g_assert_false (salon_lines_is_agreed (lines, 1));
  g_assert_true (salon_lines_need_offer (lines));
  g_assert_cmpuint (salon_lines_begin_offer (lines), ==, 6);
  /* What does not change goes on. */
  g_assert_true (salon_lines_is_agreed (lines, 0));
  answer (lines);
  g_assert_true (salon_lines_is_agreed (lines, 1) && salon_lines_is_agreed (lines, 5));
}

static void
test_rests_between (void)
{
  g_autoptr (SalonLines) lines = salon_lines_new (2, 2);

  salon_lines_set (lines, 0, "ann voice");
  (void)!salon_lines_begin_offer (lines);
  answer (lines);
  salon_lines_set (lines, 0, "bob voice");
  g_assert_false (salon_lines_is_agreed (lines, 0));
  g_assert_cmpuint (salon_lines_begin_offer (lines), ==, 2);
  g_assert_null (salon_lines_get_offered (lines, 0));
  answer (lines);
  g_assert_false (salon_lines_is_agreed (lines, 0));
  g_assert_true (salon_lines_need_offer (lines));
  (void)!salon_lines_begin_offer (lines);
  g_assert_cmpstr (salon_lines_get_offered (lines, 0), ==, "bob voice");
  answer (lines);
  g_assert_true (salon_lines_is_agreed (lines, 0));
}

/* It came back while the offer was out that it had gone: what the client answers then is not what it is to hear. */
static void
test_changes_while_waiting (void)
{
  g_autoptr (SalonLines) lines = salon_lines_new (2, 2);

  salon_lines_set (lines, 1, "ann camera");
  (void)!salon_lines_begin_offer (lines);
  answer (lines);
  salon_lines_set (lines, 1, NULL);
  g_assert_false (salon_lines_is_agreed (lines, 1));
  (void)!salon_lines_begin_offer (lines);
  salon_lines_set (lines, 1, "ann camera");
  g_assert_false (salon_lines_is_agreed (lines, 1));
  answer (lines);
  g_assert_false (salon_lines_is_agreed (lines, 1));
  g_assert_true (salon_lines_need_offer (lines));
  (void)!salon_lines_begin_offer (lines);
  answer (lines);
  g_assert_true (salon_lines_is_agreed (lines, 1));
  salon_lines_set (lines, 1, NULL);
  salon_lines_set (lines, 1, "ann camera");
  g_assert_false (salon_lines_need_offer (lines));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lines/an-offer-names-what-they-carry", test_names);
  g_test_add_func ("/lines/there-is-one-offer-at-a-time", test_waits_for_answer);
  g_test_add_func ("/lines/a-line-rests-between-two-tracks", test_rests_between);
  g_test_add_func ("/lines/what-changes-during-an-offer-is-in-the-next", test_changes_while_waiting);
  return g_test_run ();
}
