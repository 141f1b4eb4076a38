/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who gets what of an estimate. */
#include "network-model.h"
#include "salon-allocator.h"

#define KBPS 1000u
#define S G_TIME_SPAN_SECOND

/* Three layers, of 100, 400 and 1500 kbit/s. */
static SalonShare
make_share (SalonPriority priority)
{
  return (SalonShare){ .priority = priority,
    .step = -1,
    .n_steps = 3,
    .steps = { { 0, 3, 100 * KBPS }, { 1, 3, 400 * KBPS }, { 2, 3, 1500 * KBPS } } };
}

static SalonShare
make_audio (void)
{
  return (SalonShare){
    .is_audio = TRUE, .priority = SALON_PRIORITY_OTHER, .step = -1, .n_steps = 1, .steps = { { 0, 0, 40 * KBPS } }
  };
}

/* shares: stay in their places. */
static guint
allocate_with_sound (SalonShare *shares, guint n, SalonSoundShare *sound, const SalonEstimate *estimate, gint64 now_us)
{
  SalonShare *order[16];

  for (guint i = 0; i < n; i++)
    order[i] = &shares[i];
  return salon_allocator_run (order, n, sound, estimate, now_us);
}

/* Over a link that was never found full. */
static guint
allocate (SalonShare *shares, guint n, guint estimate_bps, gint64 now_us)
{
  SalonSoundShare sound = { 0 };
  SalonEstimate estimate = { .bps = estimate_bps, .delay_bps = estimate_bps };

  return allocate_with_sound (shares, n, &sound, &estimate, now_us);
}

static void
test_gives_all_if_all_fits (void)
{
  SalonShare shares[] = { make_share (SALON_PRIORITY_OTHER), make_audio (), make_share (SALON_PRIORITY_SPEAKER) };
  guint need_bps = allocate (shares, 3, 10000 * KBPS, S);

  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpint (shares[i].step, ==, (gint)shares[i].n_steps - 1);
      g_assert_cmpint (shares[i].reason, ==, SALON_REASON_NONE);
    }
  g_assert_cmpuint (need_bps, >=, 3040 * KBPS);
  g_assert_cmpuint (need_bps, <=, 3400 * KBPS);
}

static void
test_sound_goes_first_and_always (void)
{
  SalonShare shares[] = { make_share (SALON_PRIORITY_SPEAKER), make_audio (), make_audio () };

  allocate (shares, 3, 50 * KBPS, S);
  g_assert_cmpint (shares[0].step, ==, -1);
  g_assert_cmpint (shares[0].reason, ==, SALON_REASON_BANDWIDTH);
  g_assert_cmpint (shares[1].step, ==, 0);
  g_assert_cmpint (shares[2].step, ==, 0);
}

/* Five voices on a line that was full, with room for two. */
static void
test_of_the_voices_who_leads_and_who_talks_are_heard (void)
{
  SalonShare shares[6] = { make_share (SALON_PRIORITY_SPEAKER) };
  SalonSoundShare sound = { 0 };
  SalonEstimate estimate = { .bps = 90 * KBPS, .delay_bps = 90 * KBPS, .full_us = 2 * S };
  SalonShare *cem = &shares[3], *dan = &shares[4], *leader = &shares[5];

  for (guint i = 1; i < G_N_ELEMENTS (shares); i++)
    {
      shares[i] = make_audio ();
      shares[i].silent_ms = 10000 * i;
    }
  leader->priority = SALON_PRIORITY_SPEAKER;
  leader->silent_ms = 1000;
  dan->silent_ms = 500;
  allocate_with_sound (shares, 6, &sound, &(SalonEstimate){ .bps = 5000 * KBPS, .delay_bps = 5000 * KBPS }, S);
  allocate_with_sound (shares, 6, &sound, &estimate, 3 * S);
  g_assert_cmpint (shares[0].step, ==, -1);
  g_assert_cmpuint (sound.n_sent, ==, 5); /* there was a picture until now */
  estimate.full_us = 3 * S + 1;
  allocate_with_sound (shares, 6, &sound, &estimate, 4 * S);
  for (guint i = 1; i < G_N_ELEMENTS (shares); i++)
    {
      gboolean is_sent = &shares[i] == dan || &shares[i] == leader;

      g_assert_cmpint (shares[i].step, ==, is_sent ? 0 : -1);
      g_assert_cmpint (shares[i].reason, ==, is_sent ? SALON_REASON_NONE : SALON_REASON_BANDWIDTH);
    }
  /* Who begins, waits for nobody who is silent; and only for who is not. */
  cem->silent_ms = 0;
  dan->silent_ms = 1900;
  allocate_with_sound (shares, 6, &sound, &estimate, 4 * S + 1);
  g_assert_cmpint (cem->step, ==, -1);
  dan->silent_ms = 2000;
  allocate_with_sound (shares, 6, &sound, &estimate, 4 * S + 2);
  g_assert_cmpint (cem->step, ==, 0);
  g_assert_cmpint (dan->step, ==, -1);
  cem->silent_ms = 2500;
  dan->silent_ms = 0;
  allocate_with_sound (shares, 6, &sound, &estimate, 4 * S + 3);
  g_assert_cmpint (cem->step, ==, -1);
  g_assert_cmpint (dan->step, ==, 0);
  g_assert_cmpint (leader->step, ==, 0);
  /* Nor for who led last. */
  cem->silent_ms = 0;
  leader->silent_ms = 3000;
  allocate_with_sound (shares, 6, &sound, &estimate, 4 * S + 4);
  g_assert_cmpint (cem->step, ==, 0);
  g_assert_cmpint (leader->step, ==, -1);
  g_assert_cmpint (leader->reason, ==, SALON_REASON_BANDWIDTH);
  /* Of who is muted nothing comes, so nothing rests. */
  leader->n_steps = 0;
  allocate_with_sound (shares, 6, &sound, &estimate, 4 * S + 5);
  g_assert_cmpint (leader->reason, ==, SALON_REASON_NONE);
  g_assert_cmpint (cem->step, ==, 0);
}

/* 100 for each, and then the speaker's second before the others': 400 + 100 + 100. */
static void
test_one_step_for_everybody_then_by_priority (void)
{
  SalonShare shares[]
      = { make_share (SALON_PRIORITY_OTHER), make_share (SALON_PRIORITY_SPEAKER), make_share (SALON_PRIORITY_SCREEN) };

  allocate (shares, 3, 700 * KBPS, S);
  g_assert_cmpint (shares[0].step, ==, 0);
  g_assert_cmpint (shares[1].step, ==, 1);
  g_assert_cmpint (shares[2].step, ==, 0);
  g_assert_cmpint (shares[0].reason, ==, SALON_REASON_PRIORITY);
  g_assert_cmpint (shares[1].reason, ==, SALON_REASON_BANDWIDTH);
  /* Here it would take the first from one of them. */
  for (guint i = 0; i < 3; i++)
    shares[i].step = -1;
  allocate (shares, 3, 560 * KBPS, S);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (shares[i].step, ==, 0);
}

/* Within a priority nobody gets a third step before all have their second, and the larger come first. */
static void
test_shares_evenly_within_a_priority (void)
{
  SalonShare shares[] = { make_share (SALON_PRIORITY_VISIBLE), make_share (SALON_PRIORITY_VISIBLE),
    make_share (SALON_PRIORITY_VISIBLE) };

  shares[2].area_pixels = 640 * 360;
  allocate (shares, 3, 1400 * KBPS, S);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (shares[i].step, ==, 1);
  for (guint i = 0; i < 3; i++)
    shares[i] = make_share (SALON_PRIORITY_VISIBLE);
  shares[2].area_pixels = 640 * 360;
  allocate (shares, 3, 700 * KBPS, S);
  g_assert_cmpint (shares[0].step, ==, 0);
  g_assert_cmpint (shares[1].step, ==, 0);
  g_assert_cmpint (shares[2].step, ==, 1);
}

static void
test_pauses_the_least_important (void)
{
  SalonShare shares[]
      = { make_share (SALON_PRIORITY_OTHER), make_share (SALON_PRIORITY_PINNED), make_share (SALON_PRIORITY_OTHER) };

  allocate (shares, 3, 230 * KBPS, S);
  g_assert_cmpint (shares[1].step, ==, 0);
  g_assert_cmpint (shares[0].step, ==, 0);
  g_assert_cmpint (shares[2].step, ==, -1);
}

static void
test_goes_down_at_once_and_up_with_a_margin_after_a_while (void)
{
  SalonShare share = make_share (SALON_PRIORITY_OTHER);

  allocate (&share, 1, 2000 * KBPS, 100 * S);
  g_assert_cmpint (share.step, ==, 2);
  allocate (&share, 1, 1260 * KBPS, 115 * S);
  g_assert_cmpint (share.step, ==, 1);
  allocate (&share, 1, 2000 * KBPS, 115 * S + 1);
  g_assert_cmpint (share.step, ==, 1);
  allocate (&share, 1, 1600 * KBPS, 140 * S);
  g_assert_cmpint (share.step, ==, 1);
  allocate (&share, 1, 1660 * KBPS, 140 * S + 1);
  g_assert_cmpint (share.step, ==, 2);
  /* What it has, it keeps while the estimate is not much below. */
  allocate (&share, 1, 1290 * KBPS, 140 * S + 2);
  g_assert_cmpint (share.step, ==, 2);
}

/* A link that is good for a moment every few seconds: up more and more seldom. */
static void
test_waits_longer_when_it_was_for_nothing (void)
{
  SalonShare share = make_share (SALON_PRIORITY_OTHER);
  guint n_changes[2] = { 0, 0 };
  gint last = -1;

  for (guint i = 0; i < 600; i++)
    {
      allocate (&share, 1, i % 20 < 15 ? 1200 * KBPS : 2000 * KBPS, S + i * S / 5);
      n_changes[i < 300 ? 0 : 1] += share.step != last;
      last = share.step;
    }
  g_assert_cmpuint (n_changes[0], >=, 4);
  g_assert_cmpuint (n_changes[0], <=, 14);
  g_assert_cmpuint (n_changes[1], <=, 6);
}

/* Whoever has to dwell, keeps what it will get. */
static void
test_does_not_lend_to_others (void)
{
  SalonShare shares[] = { make_share (SALON_PRIORITY_SPEAKER), make_share (SALON_PRIORITY_OTHER) };

  allocate (shares, 2, 2200 * KBPS, S);
  g_assert_cmpint (shares[0].step, ==, 2);
  g_assert_cmpint (shares[1].step, ==, 1);
  allocate (shares, 2, 520 * KBPS, 20 * S);
  g_assert_cmpint (shares[0].step, ==, 1);
  g_assert_cmpint (shares[1].step, ==, 0);
  /* The other need not wait. */
  shares[1].hysteresis = (SalonHysteresis){ 0 };
  allocate (shares, 2, 1800 * KBPS, 20 * S + 1);
  g_assert_cmpint (shares[0].step, ==, 1);
  g_assert_cmpint (shares[1].step, ==, 0);
}

static void
test_says_what_it_is_not_to_blame_for (void)
{
  SalonShare shares[]
      = { make_share (SALON_PRIORITY_OTHER), make_share (SALON_PRIORITY_OTHER), make_share (SALON_PRIORITY_OTHER) };

  shares[0].n_steps = 1;
  shares[0].cap = SALON_REASON_SIZE;
  shares[1].n_steps = 2;
  shares[1].cap = SALON_REASON_PUBLISHER;
  shares[2].n_steps = 0;
  shares[2].cap = SALON_REASON_PUBLISHER;
  allocate (shares, 3, 5000 * KBPS, S);
  g_assert_cmpint (shares[0].reason, ==, SALON_REASON_SIZE);
  g_assert_cmpint (shares[1].reason, ==, SALON_REASON_PUBLISHER);
  g_assert_cmpint (shares[2].step, ==, -1);
  g_assert_cmpint (shares[2].reason, ==, SALON_REASON_PUBLISHER);
  /* As soon as there is more, it gets it. */
  shares[2].n_steps = 3;
  shares[0].n_steps = 3;
  allocate (shares, 3, 5000 * KBPS, S + 1);
  g_assert_cmpint (shares[0].step, ==, 2);
  g_assert_cmpint (shares[2].step, ==, 2);
}

/* A layer that is no longer sent: what is left below it. */
static void
test_follows_its_layer_when_others_vanish (void)
{
  SalonShare share = make_share (SALON_PRIORITY_OTHER);

  allocate (&share, 1, 450 * KBPS, S);
  g_assert_cmpint (share.step, ==, 1);
  share.n_steps = 2;
  share.steps[0] = share.steps[1];
  share.steps[1] = share.steps[2];
  allocate (&share, 1, 450 * KBPS, S + 1);
  g_assert_cmpint (share.step, ==, 0);
  g_assert_cmpint (share.layer.spatial, ==, 1);
}

/* -- with an estimator, over a link -- */

#define N_PEOPLE 3

/* Three people whose pictures somebody sees, over two connections; unless it is said otherwise, all over the first. */
typedef struct
{
  SalonShare shares[N_PEOPLE];
  guint connections[N_PEOPLE];
  NetworkLink link;
  SalonEstimator estimator;
  NetworkFlow *flows[2];
  gint64 now_us;
  guint n_changes;
  gint64 max_queued_us;
} Room;

static void
room_init (Room *room, guint link_bps)
{
  static const SalonBandwidthBounds bounds = { 50 * KBPS, 500 * KBPS, 20000 * KBPS };

  *room = (Room){ 0 };
  for (guint i = 0; i < N_PEOPLE; i++)
    {
      room->shares[i] = make_share (SALON_PRIORITY_OTHER);
      room->shares[i].steps[0].rate_bps = 120 * KBPS;
      room->shares[i].steps[1].rate_bps = 400 * KBPS;
      room->shares[i].steps[2].rate_bps = 800 * KBPS;
    }
  network_link_init (&room->link, link_bps, 1);
  salon_estimator_init (&room->estimator, &bounds);
  for (guint i = 0; i < G_N_ELEMENTS (room->flows); i++)
    {
      room->flows[i] = network_flow_new (&room->link, &room->estimator, 0);
      /* What is sent, is what the layers have: an estimate changes nothing of it by itself. */
      room->flows[i]->is_open_loop = TRUE;
    }
}

static void
room_clear (Room *room)
{
  for (guint i = 0; i < G_N_ELEMENTS (room->flows); i++)
    network_flow_free (room->flows[i]);
  network_link_clear (&room->link);
}

static guint
get_share_bps (const SalonShare *share)
{
  return share->step >= 0 ? share->steps[share->step].rate_bps : 0;
}

static guint
get_total_bps (const Room *room)
{
  guint total_bps = 0;

  for (guint i = 0; i < N_PEOPLE; i++)
    total_bps += get_share_bps (&room->shares[i]);
  return total_bps;
}

static void
room_allocate (Room *room)
{
  gint before[N_PEOPLE];

  for (guint i = 0; i < N_PEOPLE; i++)
    before[i] = room->shares[i].step;
  room->flows[0]->need_bps
      = allocate (room->shares, N_PEOPLE, salon_estimator_get_bps (&room->estimator), room->now_us);
  room->flows[0]->media_bps = room->flows[1]->media_bps = 0;
  for (guint i = 0; i < N_PEOPLE; i++)
    {
      room->n_changes += before[i] != room->shares[i].step;
      room->flows[room->connections[i]]->media_bps += get_share_bps (&room->shares[i]);
    }
}

/* Returns: how many changes there were. */
static guint
room_run (Room *room, gint64 until_us)
{
  room->n_changes = 0;
  room->max_queued_us = 0;
  for (; room->now_us < until_us; room->now_us += NETWORK_STEP_US)
    {
      for (guint i = 0; i < G_N_ELEMENTS (room->flows); i++)
        {
          network_flow_step (room->flows[i], room->now_us);
          room->max_queued_us = MAX (room->max_queued_us, room->flows[i]->queued_us);
        }
      if (room->now_us % network_get_interval_us (room->now_us) == 0)
        room_allocate (room);
    }
  g_test_message ("until %.1f s: %u kbit/s of %u, %u changes, %d ms in the queue at most", until_us / (double)S,
      get_total_bps (room) / KBPS, salon_estimator_get_bps (&room->estimator) / KBPS, room->n_changes,
      (int)(room->max_queued_us / G_TIME_SPAN_MILLISECOND));
  return room->n_changes;
}

/* 2.4 Mbit/s in all. */
static void
test_follows_a_link_without_flapping (void)
{
  Room room;

  room_init (&room, 3000 * KBPS);
  room_run (&room, 4 * S);
  g_assert_cmpuint (get_total_bps (&room), ==, 2400 * KBPS);
  g_assert_cmpuint (room_run (&room, 30 * S), ==, 0);

  room.link.rate_bps = 500 * KBPS;
  room_run (&room, 33 * S);
  g_assert_cmpuint (get_total_bps (&room), <=, 500 * KBPS);
  g_assert_cmpuint (room_run (&room, 90 * S), <=, 8);
  g_assert_cmpuint (get_total_bps (&room), >=, 240 * KBPS);

  room.link.rate_bps = 3000 * KBPS;
  room_run (&room, 105 * S);
  g_assert_cmpuint (get_total_bps (&room), ==, 2400 * KBPS);
  g_assert_cmpuint (room_run (&room, 150 * S), ==, 0);
  room_clear (&room);
}

/* The speaker's picture goes over the second; the padding over the first. */
static void
test_connections_of_one_share_a_link (void)
{
  Room room;

  room_init (&room, 4000 * KBPS);
  room.connections[2] = 1;
  room.shares[2].priority = SALON_PRIORITY_SPEAKER;
  room_run (&room, 4 * S);
  g_assert_cmpuint (get_total_bps (&room), ==, 2400 * KBPS);
  g_assert_cmpuint (room_run (&room, 30 * S), ==, 0);

  room.link.rate_bps = 1000 * KBPS;
  room_run (&room, 45 * S);
  for (gint64 until_us = 50 * S; until_us <= 90 * S; until_us += 5 * S)
    {
      room_run (&room, until_us);
      g_assert_cmpuint (get_total_bps (&room), <=, 1000 * KBPS);
      g_assert_cmpint (room.shares[2].step, >=, MAX (room.shares[0].step, room.shares[1].step));
    }
  g_assert_cmpuint (room_run (&room, 120 * S), <=, 6);

  room.link.rate_bps = 4000 * KBPS;
  room_run (&room, 160 * S);
  g_assert_cmpuint (get_total_bps (&room), ==, 2400 * KBPS);
  room_clear (&room);
}

/* What fits is all sent soon; and where little does, there is no jam to begin with. */
static void
test_begins_without_a_jam (void)
{
  static const guint good[] = { 3000 * KBPS, 10000 * KBPS }, narrow[] = { 200 * KBPS, 300 * KBPS, 1000 * KBPS };
  Room room;

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      room_init (&room, good[i]);
      room_run (&room, S);
      g_assert_cmpuint (get_total_bps (&room), ==, 2400 * KBPS);
      g_assert_cmpint (room.max_queued_us, <=, 50 * G_TIME_SPAN_MILLISECOND);
      room_clear (&room);
    }
  for (guint i = 0; i < G_N_ELEMENTS (narrow); i++)
    {
      room_init (&room, narrow[i]);
      room_run (&room, 3 * S / 2);
      g_assert_cmpuint (get_total_bps (&room), <=, narrow[i]);
      room_run (&room, 5 * S);
      g_assert_cmpint (room.max_queued_us, <=, 150 * G_TIME_SPAN_MILLISECOND);
      g_assert_cmpuint (room.flows[0]->n_overflowed, <=, 10);
      room_clear (&room);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/allocator/gives-all-if-all-fits", test_gives_all_if_all_fits);
  g_test_add_func ("/allocator/sound-goes-first-and-always", test_sound_goes_first_and_always);
  g_test_add_func ("/allocator/of-the-voices-who-leads-and-who-talks-are-heard",
      test_of_the_voices_who_leads_and_who_talks_are_heard);
  g_test_add_func ("/allocator/one-step-for-everybody-then-by-priority", test_one_step_for_everybody_then_by_priority);
  g_test_add_func ("/allocator/shares-evenly-within-a-priority", test_shares_evenly_within_a_priority);
  g_test_add_func ("/allocator/pauses-the-least-important", test_pauses_the_least_important);
  g_test_add_func ("/allocator/goes-down-at-once-and-up-with-a-margin-after-a-while",
      test_goes_down_at_once_and_up_with_a_margin_after_a_while);
  g_test_add_func ("/allocator/waits-longer-when-it-was-for-nothing", test_waits_longer_when_it_was_for_nothing);
  g_test_add_func ("/allocator/does-not-lend-to-others", test_does_not_lend_to_others);
  g_test_add_func ("/allocator/says-what-it-is-not-to-blame-for", test_says_what_it_is_not_to_blame_for);
  g_test_add_func ("/allocator/follows-its-layer-when-others-vanish", test_follows_its_layer_when_others_vanish);
  g_test_add_func ("/allocator/follows-a-link-without-flapping", test_follows_a_link_without_flapping);
  g_test_add_func ("/allocator/connections-of-one-share-a-link", test_connections_of_one_share_a_link);
  g_test_add_func ("/allocator/begins-without-a-jam", test_begins_without_a_jam);
  return g_test_run ();
}
