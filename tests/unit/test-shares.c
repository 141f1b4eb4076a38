/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When it is shared anew, and what the slots are told of it. */
#include "salon-shares.h"

#define N_SLOTS 50

typedef struct
{
  SalonGraph *graph;
  SalonTrack *track;
  SalonSender *sender;
  SalonShares *shares;
  const SalonShare *slots[N_SLOTS];
  SalonLayer layers[N_SLOTS];
  guint n_wishes;
  guint n_told;
} Fixture;

static SalonShareWish
get_wish (gpointer owner, guint slot)
{
  Fixture *f = owner;

  f->n_wishes++;
  return (SalonShareWish){ .track = f->track, .cap = SALON_LAYER_HIGHEST, .layer = f->layers[slot] };
}

static void
set_layer (gpointer owner, guint slot, SalonLayer layer)
{
  Fixture *f = owner;

  f->n_told++;
  f->layers[slot] = layer;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  static const SalonBandwidthBounds bounds = { 30000, 500000, 10000000 };
  static const SalonSharesOwner owner = { .get_wish = get_wish, .set_layer = set_layer };
  g_autoptr (SalonBottleneck) bottleneck = salon_bottleneck_new (&bounds);

  f->graph = salon_graph_new ("test");
  f->track = salon_track_new (f->graph, "0", TRUE, 1);
  f->sender = gst_object_ref_sink (salon_sender_new ("sender", bottleneck));
  f->shares = salon_shares_new (bottleneck);
  for (guint i = 0; i < N_SLOTS; i++)
    {
      f->layers[i] = SALON_LAYER_NONE;
      f->slots[i] = salon_shares_add (f->shares, f->sender, i, &owner, f);
    }
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  salon_shares_free (f->shares);
  gst_object_unref (f->sender);
  salon_track_close (f->track);
  g_object_unref (f->track);
  salon_graph_close (f->graph);
  g_object_unref (f->graph);
}

static void
test_many_changes_are_one_run (Fixture *f, gconstpointer data)
{
  g_assert_cmpuint (f->n_wishes, ==, N_SLOTS); /* what each is */
  g_assert_cmpuint (f->n_told, ==, 0);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (f->n_wishes, ==, 2 * N_SLOTS);
  g_assert_cmpuint (f->n_told, ==, N_SLOTS);
  for (guint i = 0; i < 10; i++)
    salon_shares_run_soon (f->shares);
  for (guint i = 1; i < N_SLOTS; i++)
    salon_shares_remove (f->shares, f->slots[i]);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (f->n_wishes, ==, 2 * N_SLOTS + 1);
}

static gboolean
note_turn (gpointer user_data)
{
  *(guint *)user_data = 1;
  return G_SOURCE_REMOVE;
}

/* Whoever then looks at the slots, sees what they have. */
static void
test_comes_before_what_is_due (Fixture *f, gconstpointer data)
{
  guint n_turns = 0;

  g_main_context_iteration (NULL, FALSE);
  f->layers[7] = SALON_LAYER_NONE; /* as of one that was paused, and comes back */
  g_idle_add_full (G_PRIORITY_DEFAULT, note_turn, &n_turns, NULL);
  salon_shares_run_soon (f->shares);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (n_turns, ==, 0);
  g_assert_cmpuint (f->n_told, ==, N_SLOTS + 1);
  g_assert_cmpint (f->layers[7].spatial, ==, SALON_LAYER_HIGHEST.spatial);
  while (n_turns == 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_stopped_it_says_nothing (Fixture *f, gconstpointer data)
{
  salon_shares_stop (f->shares);
  salon_shares_remove (f->shares, f->slots[0]);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (f->n_told, ==, 0);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/shares/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("many-changes-are-one-run", test_many_changes_are_one_run);
  ADD ("comes-before-what-is-due", test_comes_before_what_is_due);
  ADD ("stopped-it-says-nothing", test_stopped_it_says_nothing);
  return g_test_run ();
}
