/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-layout.h"
#include "salon-roster.h"

/* -- places -- */

static gboolean
overlap (const SalonPlace *one, const SalonPlace *other)
{
  return one->x < other->x + other->width && other->x < one->x + one->width && one->y < other->y + other->height
         && other->y < one->y + one->height;
}

static void
check_place (const SalonPlace *place, int width, int height)
{
  g_assert_cmpint (place->x, >=, 0);
  g_assert_cmpint (place->y, >=, 0);
  g_assert_cmpint (place->x + place->width, <=, width);
  g_assert_cmpint (place->y + place->height, <=, height);
  g_assert_cmpint (place->width, >, 0);
  g_assert_cmpint (place->height, >, 0);
  g_assert_cmpint ((place->x | place->y | place->width | place->height) & 1, ==, 0);
}

static void
check_layout (SalonLayout layout, int width, int height)
{
  SalonPlace places[SALON_LAYOUT_MAX_PLACES];

  for (guint n = 0; n <= salon_layout_get_capacity (layout); n++)
    {
      salon_layout_place (layout, (guint)width, (guint)height, n, places);
      for (guint i = 0; i < n; i++)
        {
          check_place (&places[i], width, height);
          for (guint j = 0; j < i; j++)
            g_assert_false (overlap (&places[i], &places[j]));
        }
    }
}

static void
test_within (void)
{
  static const int sizes[][2]
      = { { 1280, 720 }, { 64, 64 }, { 640, 480 }, { 720, 1280 }, { 1922, 1082 }, { 8192, 64 } };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      check_layout (SALON_LAYOUT_GRID, sizes[i][0], sizes[i][1]);
      check_layout (SALON_LAYOUT_SPEAKER, sizes[i][0], sizes[i][1]);
    }
}

/* Within what a gap and even numbers take. */
static void
test_shape (void)
{
  SalonPlace places[SALON_LAYOUT_MAX_PLACES];

  for (guint layout = SALON_LAYOUT_GRID; layout <= SALON_LAYOUT_SPEAKER; layout++)
    for (guint n = 1; n <= salon_layout_get_capacity (layout); n++)
      {
        salon_layout_place (layout, 1280, 720, n, places);
        for (guint i = 0; i < n; i++)
          g_assert_cmpfloat_with_epsilon ((double)places[i].width / places[i].height, 16.0 / 9, 0.06);
      }
}

static void
assert_place (const SalonPlace *place, int x, int y, int width, int height)
{
  g_assert_cmpint (place->x, ==, x);
  g_assert_cmpint (place->y, ==, y);
  g_assert_cmpint (place->width, ==, width);
  g_assert_cmpint (place->height, ==, height);
}

static void
test_grid (void)
{
  SalonPlace places[SALON_LAYOUT_MAX_PLACES];

  salon_layout_place (SALON_LAYOUT_GRID, 1280, 720, 1, places);
  assert_place (&places[0], 0, 0, 1280, 720);
  salon_layout_place (SALON_LAYOUT_GRID, 1280, 720, 2, places);
  assert_place (&places[0], 2, 182, 636, 356);
  assert_place (&places[1], 642, 182, 636, 356);
  /* The third below, in the middle. */
  salon_layout_place (SALON_LAYOUT_GRID, 1280, 720, 3, places);
  assert_place (&places[0], 2, 2, 636, 356);
  assert_place (&places[2], 322, 362, 636, 356);
}

static void
test_speaker (void)
{
  SalonPlace places[SALON_LAYOUT_MAX_PLACES];

  salon_layout_place (SALON_LAYOUT_SPEAKER, 1280, 720, 6, places);
  assert_place (&places[0], 2, 74, 1020, 572);
  assert_place (&places[1], 1026, 2, 252, 140);
  assert_place (&places[5], 1026, 578, 252, 140);
}

/* -- who has one -- */

static JsonObject *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = json_from_string (text, &error);

  g_assert_no_error (error);
  return json_node_dup_object (node);
}

static gboolean
tell (SalonRoster *roster, const char *method, const char *text)
{
  g_autoptr (JsonObject) params = parse (text);

  return salon_roster_tell (roster, method, params);
}

static void
join_person (SalonRoster *roster, const char *id, const char *const *sources)
{
  g_autofree char *person = g_strdup_printf (
      "{\"event\": \"joined\", \"participant\": {\"id\": \"%s\", \"name\": \"The %s\", \"tracks\": []}}", id, id);

  g_assert_true (tell (roster, "participant", person));
  for (; *sources != NULL; sources++)
    {
      g_autofree char *track = g_strdup_printf ("{\"event\": \"published\", \"track\": {\"id\": \"%s-%s\", "
                                                "\"participant\": \"%s\", \"source\": \"%s\", \"muted\": false}}",
          id, *sources, id, *sources);

      g_assert_true (tell (roster, "track", track));
    }
}

#define JOIN(roster, id, ...) join_person (roster, id, (const char *const[]){ __VA_ARGS__, NULL })

static void
mute (SalonRoster *roster, const char *id, const char *source, const char *event, gboolean is_muted)
{
  g_autofree char *text = g_strdup_printf ("{\"event\": \"%s\", \"track\": {\"id\": \"%s-%s\", "
                                           "\"participant\": \"%s\", \"source\": \"%s\", \"muted\": %s}}",
      event, id, source, id, source, is_muted ? "true" : "false");

  tell (roster, "track", text);
}

static gboolean
lead (SalonRoster *roster, const char *id)
{
  g_autofree char *text = g_strdup_printf ("{\"leader\": \"%s\", \"speakers\": []}", id);

  return tell (roster, "speakers", text);
}

/* expected: ids, with a "-" after that of a picture that is off, and a "+" after that of a screen. */
static void
assert_shown (SalonRoster *roster, SalonLayout layout, const char *expected)
{
  g_autoptr (GArray) sights = salon_roster_choose (roster, layout);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < sights->len; i++)
    {
      const SalonSight *sight = &g_array_index (sights, SalonSight, i);

      g_string_append_printf (text, "%s%s%s", i > 0 ? " " : "", sight->participant,
          sight->is_screen ? "+"
          : sight->is_on   ? ""
                           : "-");
    }
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_who_is_shown (void)
{
  g_autoptr (SalonRoster) roster = salon_roster_new ();

  assert_shown (roster, SALON_LAYOUT_GRID, "");
  JOIN (roster, "ann", "microphone", "camera");
  JOIN (roster, "bob", "microphone");
  JOIN (roster, "watcher", NULL);
  assert_shown (roster, SALON_LAYOUT_GRID, "ann bob-");
  mute (roster, "ann", "camera", "muted", TRUE);
  assert_shown (roster, SALON_LAYOUT_GRID, "ann- bob-");
  mute (roster, "ann", "camera", "unmuted", FALSE);
  mute (roster, "bob", "screen", "published", FALSE);
  assert_shown (roster, SALON_LAYOUT_GRID, "bob+ ann bob-");
  mute (roster, "bob", "screen", "unpublished", FALSE);
  tell (roster, "participant", "{\"event\": \"left\", \"participant\": {\"id\": \"ann\"}}");
  mute (roster, "ann", "camera", "unpublished", FALSE);
  assert_shown (roster, SALON_LAYOUT_GRID, "bob-");
}

static void
test_speaker_first (void)
{
  g_autoptr (SalonRoster) roster = salon_roster_new ();

  JOIN (roster, "ann", "camera");
  JOIN (roster, "bob", "camera");
  JOIN (roster, "eve", "microphone");
  assert_shown (roster, SALON_LAYOUT_SPEAKER, "ann bob eve-");
  g_assert_true (lead (roster, "bob"));
  g_assert_false (lead (roster, "bob"));
  assert_shown (roster, SALON_LAYOUT_SPEAKER, "bob ann eve-");
  lead (roster, "eve");
  assert_shown (roster, SALON_LAYOUT_SPEAKER, "eve- ann bob");
  mute (roster, "ann", "screen", "published", FALSE);
  assert_shown (roster, SALON_LAYOUT_SPEAKER, "ann+ ann bob eve-");
  /* In the grid nobody moves. */
  assert_shown (roster, SALON_LAYOUT_GRID, "ann+ ann bob eve-");
}

static void
test_too_many (void)
{
  g_autoptr (SalonRoster) roster = salon_roster_new ();

  for (guint i = 0; i < 40; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%02u", i);

      JOIN (roster, id, "camera");
    }
  lead (roster, "p30");
  lead (roster, "p35");
  assert_shown (roster, SALON_LAYOUT_SPEAKER, "p35 p00 p01 p02 p03 p30");
  assert_shown (roster, SALON_LAYOUT_GRID,
      "p00 p01 p02 p03 p04 p05 p06 p07 p08 p09 p10 p11 p12 p13 p14 p15 p16 p17 p18 p19 p20 p21 p22 p30 p35");
}

static void
test_join_anew (void)
{
  g_autoptr (SalonRoster) roster = salon_roster_new ();
  g_autoptr (JsonObject) result = parse (
      "{\"participants\": [{\"id\": \"bob\", \"name\": \"Bob\", \"tracks\": [{\"id\": \"c\", \"participant\": \"bob\", "
      "\"source\": \"camera\", \"muted\": true}]}, {\"id\": \"broken\"}], \"speaking\": {\"leader\": \"bob\"}}");

  JOIN (roster, "ann", "camera");
  salon_roster_join (roster, result);
  assert_shown (roster, SALON_LAYOUT_SPEAKER, "bob-");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/layout/places-are-within-and-apart", test_within);
  g_test_add_func ("/layout/places-have-the-shape-of-the-whole", test_shape);
  g_test_add_func ("/layout/grid", test_grid);
  g_test_add_func ("/layout/speaker", test_speaker);
  g_test_add_func ("/roster/who-publishes-is-shown", test_who_is_shown);
  g_test_add_func ("/roster/who-leads-is-first", test_speaker_first);
  g_test_add_func ("/roster/of-too-many-those-who-led", test_too_many);
  g_test_add_func ("/roster/joining-anew-forgets", test_join_anew);
  return g_test_run ();
}
