/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who is shown and who is heard, where not everybody can be. */
#include "salon-picture-choice.h"
#include "salon-sound-choice.h"

static GArray *
list_pictures (const SalonPicture *pictures, guint n)
{
  GArray *array = g_array_new (FALSE, FALSE, sizeof (SalonPicture));

  g_array_append_vals (array, pictures, n);
  return array;
}

/* The names of those shown, sorted. */
static char *
choose_pictures (const SalonPicture *pictures, guint n, guint capacity)
{
  g_autoptr (GArray) array = list_pictures (pictures, n);
  GString *shown = g_string_new (NULL);

  salon_picture_choice (array, capacity);
  for (char name = 'a'; name <= 'z'; name++)
    {
      for (guint i = 0; i < array->len; i++)
        {
          const SalonPicture *picture = &g_array_index (array, SalonPicture, i);

          if (picture->is_shown && *(const char *)picture->picture == name)
            g_string_append_c (shown, name);
        }
    }
  return g_string_free (shown, FALSE);
}

#define ASSERT_SHOWN(capacity, expected, ...)                                                                          \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    const SalonPicture pictures[] = { __VA_ARGS__ };                                                                   \
    g_autofree char *shown = choose_pictures (pictures, G_N_ELEMENTS (pictures), capacity);                            \
                                                                                                                       \
    g_assert_cmpstr (shown, ==, expected);                                                                             \
  }                                                                                                                    \
  G_STMT_END

#define PICTURE(name, ...)                                                                                             \
  {                                                                                                                    \
    .picture = (gpointer)name, __VA_ARGS__                                                                             \
  }

static void
test_pictures_all_fit (void)
{
  ASSERT_SHOWN (3, "ab", PICTURE ("a"), PICTURE ("b", .is_off = TRUE));
}

static void
test_pictures_of_nobody (void)
{
  ASSERT_SHOWN (0, "", PICTURE ("a", .is_screen = TRUE), PICTURE ("b", .turn = 1));
}

static void
test_pictures_of_who_led_last (void)
{
  ASSERT_SHOWN (2, "bd", PICTURE ("a", .turn = 1), PICTURE ("b", .turn = 4), PICTURE ("c", .turn = 2),
      PICTURE ("d", .turn = 3), PICTURE ("e", .is_shown = TRUE));
}

static void
test_pictures_of_screens_then_of_who_is_pinned (void)
{
  ASSERT_SHOWN (2, "bc", PICTURE ("a", .turn = 3), PICTURE ("b", .is_pinned = TRUE), PICTURE ("c", .is_screen = TRUE),
      PICTURE ("d", .turn = 2, .is_shown = TRUE));
  ASSERT_SHOWN (1, "c", PICTURE ("b", .is_pinned = TRUE), PICTURE ("c", .is_screen = TRUE));
}

/* Whoever turns their camera on takes nobody's place who is shown. */
static void
test_pictures_that_are_shown_stay (void)
{
  ASSERT_SHOWN (2, "bc", PICTURE ("a"), PICTURE ("b", .is_shown = TRUE), PICTURE ("c", .is_shown = TRUE));
}

static void
test_pictures_that_are_off_take_no_place (void)
{
  ASSERT_SHOWN (1, "b", PICTURE ("a", .is_off = TRUE, .is_shown = TRUE, .is_pinned = TRUE, .turn = 9), PICTURE ("b"));
  ASSERT_SHOWN (2, "bc", PICTURE ("a", .is_off = TRUE), PICTURE ("b"), PICTURE ("c", .is_off = TRUE, .is_shown = TRUE));
}

/* -- sounds -- */

static char *
choose_sounds (const SalonSound *sounds, guint n, guint capacity)
{
  g_autoptr (GArray) array = g_array_new (FALSE, FALSE, sizeof (SalonSound));
  GString *heard = g_string_new (NULL);

  g_array_append_vals (array, sounds, n);
  salon_sound_choice (array, capacity);
  for (char name = 'a'; name <= 'z'; name++)
    {
      for (guint i = 0; i < array->len; i++)
        {
          const SalonSound *sound = &g_array_index (array, SalonSound, i);

          if (sound->is_heard && *(const char *)sound->sound == name)
            g_string_append_c (heard, name);
        }
    }
  return g_string_free (heard, FALSE);
}

#define ASSERT_HEARD(capacity, expected, ...)                                                                          \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    const SalonSound sounds[] = { __VA_ARGS__ };                                                                       \
    g_autofree char *heard = choose_sounds (sounds, G_N_ELEMENTS (sounds), capacity);                                  \
                                                                                                                       \
    g_assert_cmpstr (heard, ==, expected);                                                                             \
  }                                                                                                                    \
  G_STMT_END

#define SOUND(name, inactive, ...)                                                                                     \
  {                                                                                                                    \
    .sound = (gpointer)name, .has_levels = TRUE, .n_inactive = inactive, __VA_ARGS__                                   \
  }

static void
test_sounds_of_who_begins_to_talk (void)
{
  /* At once, and in place of who was silent the longest. */
  ASSERT_HEARD (2, "ac", SOUND ("a", 50, .is_heard = TRUE), SOUND ("b", 99, .is_heard = TRUE), SOUND ("c", 0));
}

static void
test_sounds_of_who_talks_are_not_cut_off (void)
{
  ASSERT_HEARD (2, "ab", SOUND ("a", 0, .is_heard = TRUE), SOUND ("b", 10, .is_heard = TRUE), SOUND ("c", 0));
  ASSERT_HEARD (2, "ac", SOUND ("a", 0, .is_heard = TRUE), SOUND ("b", 20, .is_heard = TRUE), SOUND ("c", 0));
  /* But for who leads. */
  ASSERT_HEARD (
      2, "ac", SOUND ("a", 0, .is_heard = TRUE), SOUND ("b", 10, .is_heard = TRUE), SOUND ("c", 0, .is_leader = TRUE));
}

static void
test_sounds_do_not_change_in_silence (void)
{
  ASSERT_HEARD (
      2, "bc", SOUND ("a", 100), SOUND ("b", G_MAXUINT, .is_heard = TRUE), SOUND ("c", G_MAXUINT, .is_heard = TRUE));
}

static void
test_sounds_of_screens_are_heard (void)
{
  ASSERT_HEARD (1, "b", SOUND ("a", 0, .is_heard = TRUE, .is_leader = TRUE), SOUND ("b", G_MAXUINT, .is_screen = TRUE));
}

static void
test_sounds_that_are_muted_take_no_place (void)
{
  ASSERT_HEARD (1, "b", SOUND ("a", 0, .is_muted = TRUE, .is_heard = TRUE, .is_leader = TRUE), SOUND ("b", G_MAXUINT));
}

/* Who tells no levels may be talking. */
static void
test_sounds_without_levels_count_as_talk (void)
{
  ASSERT_HEARD (1, "a", { .sound = (gpointer) "a", .n_inactive = G_MAXUINT }, SOUND ("b", 30, .is_heard = TRUE));
  ASSERT_HEARD (1, "a", { .sound = (gpointer) "a", .n_inactive = G_MAXUINT, .is_heard = TRUE }, SOUND ("b", 0));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pictures/all-fit", test_pictures_all_fit);
  g_test_add_func ("/pictures/of-nobody", test_pictures_of_nobody);
  g_test_add_func ("/pictures/of-who-led-last", test_pictures_of_who_led_last);
  g_test_add_func ("/pictures/of-screens-then-of-who-is-pinned", test_pictures_of_screens_then_of_who_is_pinned);
  g_test_add_func ("/pictures/that-are-shown-stay", test_pictures_that_are_shown_stay);
  g_test_add_func ("/pictures/that-are-off-take-no-place", test_pictures_that_are_off_take_no_place);
  g_test_add_func ("/sounds/of-who-begins-to-talk", test_sounds_of_who_begins_to_talk);
  g_test_add_func ("/sounds/of-who-talks-are-not-cut-off", test_sounds_of_who_talks_are_not_cut_off);
  g_test_add_func ("/sounds/do-not-change-in-silence", test_sounds_do_not_change_in_silence);
  g_test_add_func ("/sounds/of-screens-are-heard", test_sounds_of_screens_are_heard);
  g_test_add_func ("/sounds/that-are-muted-take-no-place", test_sounds_that_are_muted_take_no_place);
  g_test_add_func ("/sounds/without-levels-count-as-talk", test_sounds_without_levels_count_as_talk);
  return g_test_run ();
}
