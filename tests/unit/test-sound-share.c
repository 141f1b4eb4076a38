/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many voices a line bears, and whether with redundancy. */
#include "network-model.h"
#include "salon-sound-share.h"

#define KBPS 1000u
#define S G_TIME_SPAN_SECOND
#define VOICE_BPS (40 * KBPS)
#define REDUNDANCY_BPS (30 * KBPS)

/* All of them were sent before. */
static SalonSoundShare
make_sound (guint n_voices)
{
  return (SalonSoundShare){ .n_sent = n_voices,
    .n_voices = n_voices,
    .voice_bps = VOICE_BPS,
    .redundancy_bps = n_voices * REDUNDANCY_BPS,
    .is_alone = TRUE };
}

/* The link is full all the time. */
static void
share_full (SalonSoundShare *sound, guint bps, gint64 now_us)
{
  salon_sound_share_run (sound, &(SalonEstimate){ .bps = bps, .delay_bps = bps, .full_us = now_us - 1 }, now_us);
}

static void
share_calm (SalonSoundShare *sound, guint bps, gint64 full_us, gint64 now_us)
{
  salon_sound_share_run (sound, &(SalonEstimate){ .bps = bps, .delay_bps = bps, .full_us = full_us }, now_us);
}

#define assert_sends(sound, n, redundantly)                                                                            \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_assert_cmpuint ((sound).n_sent, ==, (n));                                                                        \
    g_assert_cmpint ((sound).is_plain, ==, !(redundantly));                                                            \
  }                                                                                                                    \
  G_STMT_END

/* As that of who gives no feedback. Whoever joins, is heard; and losses are not what it is judged by. */
static void
test_all_goes_until_the_link_is_full (void)
{
  SalonSoundShare sound = make_sound (10);

  share_calm (&sound, 100 * KBPS, 0, S);
  assert_sends (sound, 10, TRUE);
  sound.n_voices = 12;
  share_calm (&sound, 100 * KBPS, S, 2 * S);
  assert_sends (sound, 12, TRUE);
  salon_sound_share_run (
      &sound, &(SalonEstimate){ .bps = 50 * KBPS, .delay_bps = 2000 * KBPS, .full_us = 3 * S }, 4 * S);
  assert_sends (sound, 12, TRUE);
  share_full (&sound, 100 * KBPS, 5 * S);
  assert_sends (sound, 2, FALSE);
}

/* Three voices: 210 kbit/s, and 120 without. */
static void
test_redundancy_takes_a_third_beside_pictures (void)
{
  SalonSoundShare sound = make_sound (3);

  sound.has_pictures = TRUE;
  sound.is_alone = FALSE;
  share_full (&sound, 700 * KBPS, 10 * S);
  assert_sends (sound, 3, TRUE);
  share_full (&sound, 560 * KBPS, 11 * S);
  assert_sends (sound, 3, TRUE);
  share_full (&sound, 500 * KBPS, 12 * S);
  assert_sends (sound, 3, FALSE);
  share_full (&sound, 2000 * KBPS, 12 * S + 1);
  assert_sends (sound, 3, FALSE);
  share_full (&sound, 680 * KBPS, 15 * S);
  assert_sends (sound, 3, FALSE);
  g_assert_cmpuint (salon_sound_share_get_need_bps (&sound), <=, 700 * KBPS);
  share_full (&sound, 700 * KBPS, 16 * S);
  assert_sends (sound, 3, TRUE);
  /* For nothing: it waits longer. */
  share_full (&sound, 500 * KBPS, 17 * S);
  share_full (&sound, 700 * KBPS, 20 * S);
  assert_sends (sound, 3, FALSE);
  share_full (&sound, 700 * KBPS, 22 * S);
  assert_sends (sound, 3, TRUE);
}

static void
test_without_pictures_redundancy_may_take_all (void)
{
  SalonSoundShare sound = make_sound (3);

  share_full (&sound, 200 * KBPS, 10 * S);
  assert_sends (sound, 3, TRUE);
  share_full (&sound, 150 * KBPS, 11 * S);
  assert_sends (sound, 3, FALSE);
}

static void
test_pictures_rest_before_voices_and_the_last_voice_stays (void)
{
  SalonSoundShare sound = make_sound (10);

  sound.has_pictures = TRUE;
  sound.is_alone = FALSE;
  share_full (&sound, 100 * KBPS, 10 * S);
  assert_sends (sound, 10, FALSE);
  /* Of that the pictures were a part. */
  sound.is_alone = TRUE;
  share_calm (&sound, 100 * KBPS, 10 * S - 1, 11 * S);
  assert_sends (sound, 10, FALSE);
  share_full (&sound, 100 * KBPS, 12 * S);
  assert_sends (sound, 2, FALSE);
  share_full (&sound, 1, 13 * S);
  assert_sends (sound, 1, FALSE);
  /* Who leaves, leaves room. */
  sound.n_voices = 0;
  share_full (&sound, 1, 14 * S);
  sound.n_voices = 1;
  share_full (&sound, 1, 15 * S);
  assert_sends (sound, 1, FALSE);
}

/* Nothing shows there that a line has become better: first a voice more is tried, then another. */
static void
test_without_pictures_more_is_tried_after_long (void)
{
  SalonSoundShare sound = make_sound (3);

  share_full (&sound, 50 * KBPS, 10 * S);
  assert_sends (sound, 1, FALSE);
  share_calm (&sound, 50 * KBPS, 10 * S, 39 * S);
  assert_sends (sound, 1, FALSE);
  share_calm (&sound, 50 * KBPS, 10 * S, 40 * S);
  assert_sends (sound, 2, FALSE);
  share_calm (&sound, 50 * KBPS, 10 * S, 70 * S);
  share_calm (&sound, 50 * KBPS, 10 * S, 100 * S);
  assert_sends (sound, 3, TRUE);
}

/* -- over a link -- */

#define N_VOICES 10

typedef struct
{
  SalonSoundShare sound;
  NetworkLink link;
  SalonEstimator estimator;
  NetworkFlow *flow;
  gint64 now_us;
  guint n_changes;
  guint sent_bps;
} Room;

static void
room_init (Room *room, guint link_bps)
{
  static const SalonBandwidthBounds bounds = { 50 * KBPS, 500 * KBPS, 20000 * KBPS };

  *room = (Room){ .sound = make_sound (N_VOICES) };
  network_link_init (&room->link, link_bps, 1);
  salon_estimator_init (&room->estimator, &bounds);
  room->flow = network_flow_new (&room->link, &room->estimator, 0);
  room->flow->is_open_loop = TRUE;
}

static void
room_clear (Room *room)
{
  network_flow_free (room->flow);
  network_link_clear (&room->link);
}

/* Returns: the longest that a packet waited. */
static gint64
room_run (Room *room, gint64 until_us)
{
  gint64 max_queued_us = 0;

  room->n_changes = 0;
  for (; room->now_us < until_us; room->now_us += NETWORK_STEP_US)
    {
      network_flow_step (room->flow, room->now_us);
      max_queued_us = MAX (max_queued_us, room->flow->queued_us);
      if (room->now_us % network_get_interval_us (room->now_us) == 0)
        {
          SalonEstimate estimate = salon_estimator_get (&room->estimator);
          guint before_bps = room->sent_bps;

          room->sent_bps = salon_sound_share_run (&room->sound, &estimate, room->now_us);
          room->n_changes += room->sent_bps != before_bps;
          room->flow->media_bps = room->sent_bps;
        }
    }
  g_test_message ("until %.1f s: %u voices%s, estimate %u kbit/s, %u changes, %d ms in the queue at most",
      until_us / (double)S, room->sound.n_sent, room->sound.is_plain ? "" : " with redundancy",
      salon_estimator_get_bps (&room->estimator) / KBPS, room->n_changes,
      (int)(max_queued_us / G_TIME_SPAN_MILLISECOND));
  return max_queued_us;
}

/* 700 kbit/s of sound: on a line of 300 none of it could be heard well. */
static void
test_fits_a_line_and_comes_back (void)
{
  Room room;

  room_init (&room, 2000 * KBPS);
  room_run (&room, 20 * S);
  assert_sends (room.sound, N_VOICES, TRUE);
  room.link.rate_bps = 500 * KBPS;
  room_run (&room, 25 * S);
  assert_sends (room.sound, N_VOICES, FALSE);
  room.link.rate_bps = 300 * KBPS;
  room_run (&room, 35 * S);
  g_assert_cmpint (room_run (&room, 55 * S), <=, 300 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (room.n_changes, <=, 4);
  g_assert_cmpuint (room.sent_bps, <=, 300 * KBPS);
  g_assert_cmpuint (room.sound.n_sent, >=, 4);
  room.link.rate_bps = 2000 * KBPS;
  room_run (&room, 90 * S);
  assert_sends (room.sound, N_VOICES, FALSE);
  room_run (&room, 550 * S);
  assert_sends (room.sound, N_VOICES, TRUE);
  room_run (&room, 600 * S);
  g_assert_cmpuint (room.n_changes, ==, 0);
  room_clear (&room);
}

/* Of a line that loses a tenth and is wide, nothing is taken: there it is that redundancy is of use. */
static void
test_losses_alone_take_nothing (void)
{
  Room room;

  room_init (&room, 2000 * KBPS);
  room.link.loss = 0.15;
  room_run (&room, 60 * S);
  assert_sends (room.sound, N_VOICES, TRUE);
  room_clear (&room);
}

static void
test_who_gives_no_feedback_is_sent_all (void)
{
  Room room;

  room_init (&room, 300 * KBPS);
  room.flow->gives_feedback = FALSE;
  room_run (&room, 60 * S);
  assert_sends (room.sound, N_VOICES, TRUE);
  room_clear (&room);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sound-share/all-goes-until-the-link-is-full", test_all_goes_until_the_link_is_full);
  g_test_add_func (
      "/sound-share/redundancy-takes-a-third-beside-pictures", test_redundancy_takes_a_third_beside_pictures);
  g_test_add_func (
      "/sound-share/without-pictures-redundancy-may-take-all", test_without_pictures_redundancy_may_take_all);
  g_test_add_func ("/sound-share/pictures-rest-before-voices-and-the-last-voice-stays",
      test_pictures_rest_before_voices_and_the_last_voice_stays);
  g_test_add_func (
      "/sound-share/without-pictures-more-is-tried-after-long", test_without_pictures_more_is_tried_after_long);
  g_test_add_func ("/sound-share/fits-a-line-and-comes-back", test_fits_a_line_and_comes_back);
  g_test_add_func ("/sound-share/losses-alone-take-nothing", test_losses_alone_take_nothing);
  g_test_add_func ("/sound-share/who-gives-no-feedback-is-sent-all", test_who_gives_no_feedback_is_sent_all);
  return g_test_run ();
}
