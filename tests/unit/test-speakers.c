/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who leads, by traces of levels as microphones give them, a frame every 100 ms. */
#include "salon-speakers.h"

#include "salon-level-meter.h"

#define FRAME_US (SALON_VOICE_FRAME_MS * G_TIME_SPAN_MILLISECOND)
#define QUIET_DBOV (-70)

/* A room that time passes in. */
typedef struct
{
  SalonSpeakers *speakers;
  gint64 now_us;
  guint frame;
  guint n_changes;
  guint n_news;
  gint64 changed_us;
  gint64 news_us;
} Room;

/* Levels of each frame; a trace is called with the frame's number. */
typedef int (*Trace) (guint frame);

static int
silence (guint frame)
{
  return QUIET_DBOV;
}

/* Syllables of 200 to 300 ms, and a pause between words every 1.3 s. */
static int
talk_at (guint frame, int loudest_dbov)
{
  static const int shape[] = { -4, 0, -9, -2, -6, -1, -12, 0, -3, -8, -1, -30, QUIET_DBOV };

  return MAX (loudest_dbov + shape[frame % G_N_ELEMENTS (shape)], QUIET_DBOV);
}

static int
talk (guint frame)
{
  return talk_at (frame, -24);
}

static int
talk_loudly (guint frame)
{
  return talk_at (frame + 5, -12);
}

static int
fan (guint frame)
{
  return -22 - (int)(frame % 2);
}

/* 300 ms, louder than all that is said, every five seconds. */
static int
cough (guint frame)
{
  static const int shape[] = { -6, -3, -10 };

  return frame % 50 < G_N_ELEMENTS (shape) ? shape[frame % 50] : QUIET_DBOV;
}

/* Many others' talk: it rises and falls, but never ends, and not as much as one voice does. */
static int
cafe (guint frame)
{
  return (talk_at (frame % 11, -28) - 28) / 2 - (int)(frame % 3);
}

/* Three keys a second: each is one packet of a frame's five. */
static int
type_keys (guint frame)
{
  return frame % 3 == 0 ? (4 * QUIET_DBOV - 15) / 5 : QUIET_DBOV;
}

static void
open_room (Room *room)
{
  *room = (Room){ .speakers = salon_speakers_new (), .now_us = 1 };
}

static void
close_room (Room *room)
{
  salon_speakers_free (room->speakers);
}

static void
decide (Room *room)
{
  if (salon_speakers_end_frame (room->speakers, room->now_us))
    {
      /* Nobody takes over who has just stopped. */
      g_assert_cmpfloat (salon_voice_get_activity (&salon_speakers_get_leader (room->speakers)->voice, 3), >, 6);
      if (room->n_changes++ > 0)
        g_assert_cmpint (room->now_us - room->changed_us, >=, SALON_SPEAKERS_DWELL_US);
      room->changed_us = room->now_us;
    }
  if (salon_speakers_take_news (room->speakers, room->now_us))
    {
      if (room->n_news++ > 0)
        g_assert_cmpint (room->now_us - room->news_us, >=, SALON_SPEAKERS_NEWS_INTERVAL_US);
      room->news_us = room->now_us;
    }
}

/* Lets Ann and Bob do something for a while. */
static void
pass (Room *room, guint ms, Trace ann, Trace bob)
{
  for (guint n = ms / SALON_VOICE_FRAME_MS; n > 0; n--)
    {
      salon_speaker_hear (salon_speakers_add (room->speakers, "ann"), ann (room->frame));
      salon_speaker_hear (salon_speakers_add (room->speakers, "bob"), bob (room->frame));
      decide (room);
      room->frame++;
      room->now_us += FRAME_US;
    }
}

static const char *
get_leader (Room *room)
{
  const SalonSpeaker *leader = salon_speakers_get_leader (room->speakers);

  return leader != NULL ? leader->id : NULL;
}

static void
test_leads_within_a_second (void)
{
  Room room;

  open_room (&room);
  pass (&room, 2000, silence, silence);
  g_assert_null (get_leader (&room));
  pass (&room, 1000, silence, talk);
  g_assert_cmpstr (get_leader (&room), ==, "bob");
  close_room (&room);
}

static void
test_the_louder_of_two_leads (void)
{
  Room room;

  open_room (&room);
  pass (&room, 2000, silence, silence);
  pass (&room, 10000, talk, talk_loudly);
  g_assert_cmpstr (get_leader (&room), ==, "bob");
  g_assert_cmpuint (room.n_changes, ==, 1);
  close_room (&room);
}

static void
test_speaking_are_listed_loudest_first (void)
{
  Room room;
  g_autoptr (GPtrArray) speaking = NULL;

  open_room (&room);
  pass (&room, 2000, silence, silence);
  pass (&room, 4000, talk, talk_loudly);
  speaking = salon_speakers_list_speaking (room.speakers);
  g_assert_cmpuint (speaking->len, ==, 2);
  g_assert_cmpstr (((SalonSpeaker *)g_ptr_array_index (speaking, 0))->id, ==, "bob");
  close_room (&room);
}

static void
test_a_cough_takes_nothing_over (void)
{
  Room room;

  open_room (&room);
  pass (&room, 3000, talk, silence);
  pass (&room, 15000, talk, cough);
  g_assert_cmpstr (get_leader (&room), ==, "ann");
  g_assert_cmpuint (room.n_changes, ==, 1);
  /* Nor while everybody else is silent. */
  pass (&room, 15000, silence, cough);
  g_assert_cmpstr (get_leader (&room), ==, "ann");
  g_assert_cmpuint (room.n_changes, ==, 1);
  close_room (&room);
}

static void
test_a_keyboard_is_no_speech (void)
{
  Room room;

  open_room (&room);
  pass (&room, 20000, silence, type_keys);
  g_assert_null (get_leader (&room));
  g_assert_cmpuint (room.n_news, ==, 0);
  close_room (&room);
}

static void
test_steady_noise_is_no_speech (void)
{
  Room room;

  open_room (&room);
  pass (&room, 10000, silence, fan);
  g_assert_null (get_leader (&room));
  /* It is louder than what is said. */
  pass (&room, 5000, talk, fan);
  g_assert_cmpstr (get_leader (&room), ==, "ann");
  pass (&room, 3000, silence, silence);
  pass (&room, 20000, silence, fan);
  g_assert_cmpstr (get_leader (&room), ==, "ann");
  g_assert_cmpuint (room.n_changes, ==, 1);
  close_room (&room);
}

static void
test_others_talk_in_the_background_is_none_of_theirs (void)
{
  Room room;

  open_room (&room);
  pass (&room, 10000, silence, cafe);
  pass (&room, 4000, talk, cafe);
  g_assert_cmpstr (get_leader (&room), ==, "ann");
  pass (&room, 30000, silence, cafe);
  g_assert_cmpstr (get_leader (&room), ==, "ann");
  close_room (&room);
}

static void
test_noise_behind_somebody_does_not_silence_them (void)
{
  Room room;

  open_room (&room);
  pass (&room, 5000, fan, silence);
  pass (&room, 2000, talk_loudly, silence);
  g_assert_cmpstr (get_leader (&room), ==, "ann");
  close_room (&room);
}

static void
test_silence_keeps_the_last_speaker (void)
{
  Room room;

  open_room (&room);
  pass (&room, 3000, talk, silence);
  pass (&room, 60000, silence, silence);
  g_assert_cmpstr (get_leader (&room), ==, "ann");
  g_assert_false (salon_speakers_find (room.speakers, "ann")->is_told);
  close_room (&room);
}

static void
test_taking_turns_takes_a_second_or_two (void)
{
  Room room;

  open_room (&room);
  pass (&room, 5000, talk, silence);
  pass (&room, 700, silence, talk);
  g_assert_cmpstr (get_leader (&room), ==, "ann");
  pass (&room, 1300, silence, talk);
  g_assert_cmpstr (get_leader (&room), ==, "bob");
  close_room (&room);
}

static void
test_an_interruption_has_to_last (void)
{
  Room room;

  open_room (&room);
  pass (&room, 5000, talk, silence);
  pass (&room, 800, talk, talk_loudly);
  g_assert_cmpstr (get_leader (&room), ==, "ann");
  pass (&room, 5000, talk, talk_loudly);
  g_assert_cmpstr (get_leader (&room), ==, "bob");
  g_assert_cmpuint (room.n_changes, ==, 2);
  close_room (&room);
}

/* Each begins as soon as the other leads, who stops. */
static void
test_whoever_leads_stays_for_a_while (void)
{
  Room room;

  open_room (&room);
  pass (&room, 3000, talk, silence);
  for (guint i = 0; i < 20; i++)
    {
      guint n_before = room.n_changes;
      gboolean is_bobs = i % 2 == 0;

      while (room.n_changes == n_before)
        pass (&room, SALON_VOICE_FRAME_MS, is_bobs ? silence : talk_loudly, is_bobs ? talk_loudly : silence);
    }
  g_assert_cmpuint (room.n_changes, ==, 21);
  close_room (&room);
}

/* Whenever Bob stops. */
static void
test_who_has_stopped_takes_nothing_over (void)
{
  for (guint ms = 300; ms < 2500; ms += SALON_VOICE_FRAME_MS)
    {
      Room room;

      open_room (&room);
      pass (&room, 5000, talk, silence);
      pass (&room, ms, silence, talk);
      pass (&room, 3000, silence, silence);
      close_room (&room);
    }
}

static guint
get_turn (Room *room, const char *id)
{
  return salon_speakers_find (room->speakers, id)->turn;
}

static void
test_turns_are_in_order (void)
{
  Room room;

  open_room (&room);
  salon_speakers_add (room.speakers, "eve");
  pass (&room, 4000, talk, silence);
  pass (&room, 4000, silence, talk);
  g_assert_cmpuint (get_turn (&room, "bob"), >, get_turn (&room, "ann"));
  g_assert_cmpuint (get_turn (&room, "ann"), >, 0);
  g_assert_cmpuint (get_turn (&room, "eve"), ==, 0);
  pass (&room, 4000, talk, silence);
  g_assert_cmpuint (get_turn (&room, "ann"), >, get_turn (&room, "bob"));
  close_room (&room);
}

static void
test_nobody_leads_when_the_leader_has_gone (void)
{
  Room room;
  guint n_before;

  open_room (&room);
  pass (&room, 4000, talk, silence);
  n_before = room.n_news;
  salon_speakers_remove (room.speakers, "ann");
  g_assert_null (get_leader (&room));
  pass (&room, SALON_VOICE_FRAME_MS * 5, silence, silence);
  g_assert_cmpuint (room.n_news, ==, n_before + 1);
  close_room (&room);
}

static void
test_news_are_of_changes_alone_and_not_too_often (void)
{
  Room room;
  guint n_talking;

  open_room (&room);
  pass (&room, 10000, talk, silence);
  n_talking = room.n_news;
  g_assert_cmpuint (n_talking, ==, 2); /* speaks, and leads */
  pass (&room, 20000, talk, silence);
  g_assert_cmpuint (room.n_news, ==, n_talking);
  pass (&room, 20000, silence, silence);
  g_assert_cmpuint (room.n_news, ==, n_talking + 1);
  /* Bob begins 100 ms later. */
  pass (&room, SALON_VOICE_FRAME_MS, talk, silence);
  pass (&room, 10000, talk, talk);
  g_assert_cmpuint (room.n_news, ==, n_talking + 3);
  close_room (&room);
}

static void
test_level_is_none_above_the_loudest (void)
{
  SalonVoice voice;

  salon_voice_init (&voice);
  for (guint frame = 0; frame < 100; frame++)
    {
      salon_voice_hear (&voice, frame < 30 ? QUIET_DBOV : -3);
      g_assert_cmpint (salon_voice_get_level (&voice), <=, 0);
      g_assert_cmpint (salon_voice_get_level (&voice), >=, SALON_VOICE_SILENCE_DBOV);
    }
}

/* -- the meter -- */

static void
add_packet (SalonLevelMeter *meter, guint8 level, gboolean has_extension)
{
  const guint8 packet[]
      = { has_extension ? 0x90 : 0x80, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0xbe, 0xde, 0, 1, 0x10, level, 0, 0, 1, 2 };

  salon_level_meter_add (meter, packet, sizeof packet, sizeof packet, 1);
}

static void
test_meter_takes_the_mean (void)
{
  SalonLevelMeter meter = { 0 };
  int level_dbov;

  g_assert_false (salon_level_meter_take (&meter, &level_dbov));
  add_packet (&meter, 0x80 | 30, TRUE);
  add_packet (&meter, 50, TRUE);
  add_packet (&meter, 99, FALSE);
  g_assert_true (salon_level_meter_take (&meter, &level_dbov));
  g_assert_cmpint (level_dbov, ==, -40);
  g_assert_false (salon_level_meter_take (&meter, &level_dbov));
}

static void
test_meter_reads_no_broken_packet (void)
{
  const guint8 cut[] = { 0x90, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0xbe, 0xde, 0, 9, 0x10 };
  SalonLevelMeter meter = { 0 };
  int level_dbov;

  for (gsize size = 0; size <= sizeof cut; size++)
    {
      g_autofree guint8 *copy = g_memdup2 (cut, size);

      salon_level_meter_add (&meter, copy, size, size, 1);
    }
  g_assert_false (salon_level_meter_take (&meter, &level_dbov));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/speakers/leads-within-a-second", test_leads_within_a_second);
  g_test_add_func ("/speakers/the-louder-of-two-leads", test_the_louder_of_two_leads);
  g_test_add_func ("/speakers/speaking-are-listed-loudest-first", test_speaking_are_listed_loudest_first);
  g_test_add_func ("/speakers/a-cough-takes-nothing-over", test_a_cough_takes_nothing_over);
  g_test_add_func ("/speakers/a-keyboard-is-no-speech", test_a_keyboard_is_no_speech);
  g_test_add_func ("/speakers/steady-noise-is-no-speech", test_steady_noise_is_no_speech);
  g_test_add_func (
      "/speakers/noise-behind-somebody-does-not-silence-them", test_noise_behind_somebody_does_not_silence_them);
  g_test_add_func ("/speakers/others-talk-in-the-background-is-none-of-theirs",
      test_others_talk_in_the_background_is_none_of_theirs);
  g_test_add_func ("/speakers/who-has-stopped-takes-nothing-over", test_who_has_stopped_takes_nothing_over);
  g_test_add_func ("/speakers/silence-keeps-the-last-speaker", test_silence_keeps_the_last_speaker);
  g_test_add_func ("/speakers/taking-turns-takes-a-second-or-two", test_taking_turns_takes_a_second_or_two);
  g_test_add_func ("/speakers/an-interruption-has-to-last", test_an_interruption_has_to_last);
  g_test_add_func ("/speakers/whoever-leads-stays-for-a-while", test_whoever_leads_stays_for_a_while);
  g_test_add_func ("/speakers/turns-are-in-order", test_turns_are_in_order);
  g_test_add_func ("/speakers/nobody-leads-when-the-leader-has-gone", test_nobody_leads_when_the_leader_has_gone);
  g_test_add_func (
      "/speakers/news-are-of-changes-alone-and-not-too-often", test_news_are_of_changes_alone_and_not_too_often);
  g_test_add_func ("/speakers/level-is-none-above-the-loudest", test_level_is_none_above_the_loudest);
  g_test_add_func ("/level-meter/takes-the-mean", test_meter_takes_the_mean);
  g_test_add_func ("/level-meter/reads-no-broken-packet", test_meter_reads_no_broken_packet);
  return g_test_run ();
}
