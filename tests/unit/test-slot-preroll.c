/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-slot-preroll.h"

#define MS G_TIME_SPAN_MILLISECOND

static void
add (SalonSlotPreroll *self, gsize size, gboolean is_keyframe_start, gint64 now_us)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, size, NULL);

  salon_slot_preroll_add (self, buffer, is_keyframe_start, now_us);
}

static void
check (SalonSlotPreroll *self, guint n, gint64 now_us)
{
  g_autoptr (GPtrArray) packets = salon_slot_preroll_take (self, now_us);

  g_assert_cmpuint (packets->len, ==, n);
  g_assert_false (salon_slot_preroll_is_ready (self, now_us));
  g_assert_cmpuint (self->n_bytes, ==, 0);
}

static void
test_begins_with_the_last_keyframe (void)
{
  SalonSlotPreroll preroll = { 0 };

  add (&preroll, 10, FALSE, 0);
  check (&preroll, 0, 0);
  add (&preroll, 10, TRUE, 1 * MS);
  add (&preroll, 10, FALSE, 2 * MS);
  add (&preroll, 10, TRUE, 3 * MS);
  add (&preroll, 10, FALSE, 4 * MS);
  add (&preroll, 10, FALSE, 5 * MS);
  check (&preroll, 3, 6 * MS);
}

static void
test_is_never_old (void)
{
  SalonSlotPreroll preroll = { 0 };

  add (&preroll, 10, TRUE, 0);
  add (&preroll, 10, FALSE, SALON_SLOT_PREROLL_US);
  g_assert_true (salon_slot_preroll_is_ready (&preroll, SALON_SLOT_PREROLL_US));
  check (&preroll, 0, SALON_SLOT_PREROLL_US + 1);
  add (&preroll, 10, TRUE, 0);
  add (&preroll, 10, FALSE, SALON_SLOT_PREROLL_US + 1);
  g_assert_null (preroll.packets); /* nothing is held for it */
}

/* What does not fit is no beginning: there would be a gap. */
static void
test_is_bounded (void)
{
  SalonSlotPreroll preroll = { 0 };

  add (&preroll, SALON_SLOT_PREROLL_BYTES, TRUE, 0);
  add (&preroll, 1, FALSE, 0);
  g_assert_null (preroll.packets);
  add (&preroll, 1, TRUE, 0);
  for (guint i = 1; i < SALON_SLOT_PREROLL_PACKETS; i++)
    add (&preroll, 1, FALSE, 0);
  g_assert_true (salon_slot_preroll_is_ready (&preroll, 0));
  add (&preroll, 1, FALSE, 0);
  check (&preroll, 0, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/slot-preroll/begins-with-the-last-keyframe", test_begins_with_the_last_keyframe);
  g_test_add_func ("/slot-preroll/is-never-old", test_is_never_old);
  g_test_add_func ("/slot-preroll/is-bounded", test_is_bounded);
  return g_test_run ();
}
