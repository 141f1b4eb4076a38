/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-error.h"
#include "salon-limits.h"
#include "salon-slug.h"

static void
assert_slug (const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *slug = salon_slug_normalize (text, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (slug, ==, expected);
}

static void
assert_refused (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *slug = salon_slug_normalize (text, &error);

  g_assert_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS);
  g_assert_null (slug);
}

static char *
repeat (const char *text, guint n)
{
  GString *all = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append (all, text);
  return g_string_free (all, FALSE);
}

static void
test_keeps_ordinary_names (void)
{
  assert_slug ("standup", "standup");
  assert_slug ("Team Blau 7", "Team Blau 7");
  assert_slug ("a", "a");
  assert_slug ("100%", "100%");
  assert_slug ("...", "...");
  assert_slug ("\xd0\x9c\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0", "\xd0\x9c\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0");
}

static void
test_keeps_emoji (void)
{
  assert_slug ("\U0001F389", "\U0001F389");
  /* A family: three people joined by ZWJ. */
  assert_slug ("\U0001F468\u200D\U0001F469\u200D\U0001F467", "\U0001F468\u200D\U0001F469\u200D\U0001F467");
  assert_slug ("\u2764\uFE0F", "\u2764\uFE0F");
  /* Scotland's flag, spelled in tags. */
  assert_slug ("\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F",
      "\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F");
}

static void
test_composes_accents (void)
{
  assert_slug ("cafe\u0301", "caf\u00E9");
  assert_slug ("caf\u00E9", "caf\u00E9");
}

static void
test_counts_characters_after_composition (void)
{
  g_autofree char *emoji = repeat ("\U0001F389", SALON_LIMIT_SLUG_CHARS);
  g_autofree char *too_many = repeat ("\U0001F389", SALON_LIMIT_SLUG_CHARS + 1);
  g_autofree char *decomposed = repeat ("e\u0301", SALON_LIMIT_SLUG_CHARS);
  g_autofree char *composed = repeat ("\u00E9", SALON_LIMIT_SLUG_CHARS);
  g_autofree char *huge = repeat ("a", 100 * 1000);

  assert_slug (emoji, emoji);
  assert_slug (decomposed, composed);
  assert_refused (too_many);
  assert_refused (huge);
}

static void
test_refuses_what_urls_and_eyes_stumble_over (void)
{
  assert_refused ("");
  assert_refused (".");
  assert_refused ("..");
  assert_refused ("a/b");
  assert_refused (" a");
  assert_refused ("a ");
  assert_refused ("a\u00A0");
  assert_refused ("\u3000a");
  assert_refused ("a\tb");
  assert_refused ("a\nb");
  assert_refused ("a\x7f");
  assert_refused ("a\xc2\x85"
                  "b");
  assert_refused ("a\u2028b");
  assert_refused ("a\u202Eb");
  assert_refused ("a\u200Bb");
  assert_refused ("a\uFEFFb");
}

static void
test_refuses_what_is_not_utf8 (void)
{
  assert_refused ("\xff");
  assert_refused ("a\xc3");
  assert_refused ("\xc0\xaf");
  assert_refused ("\xed\xa0\x80");
}

static void
test_tells_the_ids_of_rooms (void)
{
  g_autofree char *id = g_uuid_string_random ();

  assert_slug (id, id);
  g_assert_true (salon_slug_is_id (id));
  g_assert_true (salon_slug_is_id ("006886CC-4d1b-4323-97fd-0C3526BF4E18"));
  g_assert_false (salon_slug_is_id ("006886cc-4d1b-4323-97fd-0c3526bf4e1"));
  g_assert_false (salon_slug_is_id ("006886cc-4d1b-4323-97fd"));
  g_assert_false (salon_slug_is_id ("a"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/slug/keeps-ordinary-names", test_keeps_ordinary_names);
  g_test_add_func ("/slug/keeps-emoji", test_keeps_emoji);
  g_test_add_func ("/slug/composes-accents", test_composes_accents);
  g_test_add_func ("/slug/counts-characters-after-composition", test_counts_characters_after_composition);
  g_test_add_func ("/slug/refuses-what-urls-and-eyes-stumble-over", test_refuses_what_urls_and_eyes_stumble_over);
  g_test_add_func ("/slug/refuses-what-is-not-utf8", test_refuses_what_is_not_utf8);
  g_test_add_func ("/slug/tells-the-ids-of-rooms", test_tells_the_ids_of_rooms);
  return g_test_run ();
}
