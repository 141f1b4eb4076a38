/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transport-wide feedback, and what was sent, which it is about. */
#include <string.h>

#include "network-model.h"
#include "salon-transport-feedback.h"

#define MS G_TIME_SPAN_MILLISECOND

/* After the draft's pictures: 12 packets from number 65534 on, in a run (0x2002), a vector of two bits (0xc080) and
 * one of one bit (0xa800); the arrivals in steps of 250 us: 4, 4, -40, 0, 255. */
static const guint8 by_hand[] = { 0x8f, 205, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xfe, 0, 12, 0xff, 0xff, 0xfe, 7, 0x20,
  0x02, 0xc0, 0x80, 0xa8, 0x00, 4, 4, 0xff, 0xd8, 0, 255 };
#define LOST G_MININT64
static const gint64 by_hand_us[] = { 1000, 2000, LOST, LOST, LOST, -8000, LOST, LOST, LOST, -8000, LOST, 55750 };

static void
test_reads_all_kinds_of_chunks (void)
{
  SalonTransportFeedback feedback;
  SalonPacketStatus status;
  guint n = 0;

  g_assert_true (salon_transport_feedback_parse (&feedback, by_hand, sizeof by_hand));
  g_assert_cmpuint (feedback.first, ==, 65534);
  g_assert_cmpuint (feedback.n_packets, ==, G_N_ELEMENTS (by_hand_us));
  g_assert_cmpint (feedback.reference, ==, -2);
  for (; salon_transport_feedback_next (&feedback, &status); n++)
    {
      g_assert_cmpuint (n, <, G_N_ELEMENTS (by_hand_us));
      g_assert_cmpuint (status.number, ==, (guint16)(65534 + n));
      g_assert_cmpint (status.is_received, ==, by_hand_us[n] != LOST);
      if (status.is_received)
        g_assert_cmpint (status.after_us, ==, by_hand_us[n]);
    }
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (by_hand_us));
}

/* Reads all of it, from memory of its own, so that a sanitizer sees a read past its end. Returns: how many packets it
 * tells of; -1: it is refused. */
static gint
read_all (const guint8 *bytes, gsize size)
{
  g_autofree guint8 *data = g_memdup2 (bytes, size);
  SalonTransportFeedback feedback;
  SalonPacketStatus status;
  gint n = 0;

  if (!salon_transport_feedback_parse (&feedback, data, size))
    return -1;
  while (salon_transport_feedback_next (&feedback, &status))
    n++;
  g_assert_cmpint (n, ==, feedback.n_packets);
  return n;
}

static void
test_refuses_what_is_cut_short (void)
{
  for (gsize size = 0; size < sizeof by_hand; size++)
    g_assert_cmpint (read_all (by_hand, size), ==, -1);
  g_assert_cmpint (read_all (by_hand, sizeof by_hand), ==, 12);
}

static void
test_refuses_what_means_nothing (void)
{
  guint8 data[sizeof by_hand + 4] = { 0 };

  /* A reserved symbol, whatever it would take; */
  memcpy (data, by_hand, sizeof by_hand);
  g_assert_cmpint (read_all (data, sizeof data), ==, 12);
  data[23] = 0xc0;
  g_assert_cmpint (read_all (data, sizeof data), ==, -1);
  /* an empty run, that would never end, */
  memcpy (data, by_hand, sizeof by_hand);
  data[21] = 0;
  g_assert_cmpint (read_all (data, sizeof data), ==, -1);
  /* more packets than chunks. */
  memcpy (data, by_hand, sizeof by_hand);
  data[14] = 0xff;
  g_assert_cmpint (read_all (data, sizeof data), ==, -1);
}

static void
test_survives_mutations (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  guint n_read = 0;

  for (guint i = 0; i < 100000; i++)
    {
      guint8 data[sizeof by_hand];

      memcpy (data, by_hand, sizeof data);
      for (guint k = 0; k < 3; k++)
        data[g_rand_int_range (random, 12, sizeof data)] = g_rand_int (random);
      n_read += read_all (data, g_rand_int_range (random, 0, sizeof data + 1)) >= 0;
    }
  g_assert_cmpuint (n_read, >, 1000);
}

static void
test_remembers_what_was_sent (void)
{
  g_autofree SalonSentHistory *history = g_new0 (SalonSentHistory, 1);
  gint64 now_us = G_GINT64_CONSTANT (5000000000);
  SalonSentPacket packet;

  g_assert_false (salon_sent_history_take (history, 0, TRUE, now_us, &packet));
  for (guint i = 0; i < 70000; i++)
    g_assert_cmpuint (salon_sent_history_add (history, now_us + i * MS, 100 + i % 7), ==, (guint16)i);
  now_us += 70000 * MS;
  g_assert_true (salon_sent_history_take (history, (guint16)69999, TRUE, now_us, &packet));
  g_assert_cmpuint (packet.number, ==, 69999);
  g_assert_cmpint (packet.sent_us, ==, now_us - MS);
  g_assert_cmpuint (packet.size_bytes, ==, 100 + 69999 % 7);
  /* Told again, it is no news; nor is what has not been sent, or is too long ago. */
  g_assert_false (salon_sent_history_take (history, (guint16)69999, TRUE, now_us, &packet));
  g_assert_false (salon_sent_history_take (history, (guint16)70000, TRUE, now_us, &packet));
  g_assert_false (salon_sent_history_take (history, (guint16)(69998 - SALON_SENT_HISTORY_SIZE), TRUE, now_us, &packet));
  g_assert_true (salon_sent_history_take (history, (guint16)(70000 - SALON_SENT_HISTORY_SIZE), TRUE, now_us, &packet));
}

/* It was overtaken. */
static void
test_what_is_missing_may_come_yet (void)
{
  g_autofree SalonSentHistory *history = g_new0 (SalonSentHistory, 1);
  SalonSentPacket packet;

  salon_sent_history_add (history, 0, 100);
  g_assert_true (salon_sent_history_take (history, 0, FALSE, MS, &packet));
  g_assert_false (salon_sent_history_take (history, 0, FALSE, MS, &packet));
  g_assert_true (salon_sent_history_take (history, 0, TRUE, MS, &packet));
  g_assert_false (salon_sent_history_take (history, 0, FALSE, MS, &packet));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport-feedback/reads-all-kinds-of-chunks", test_reads_all_kinds_of_chunks);
  g_test_add_func ("/transport-feedback/refuses-what-is-cut-short", test_refuses_what_is_cut_short);
  g_test_add_func ("/transport-feedback/refuses-what-means-nothing", test_refuses_what_means_nothing);
  g_test_add_func ("/transport-feedback/survives-mutations", test_survives_mutations);
  g_test_add_func ("/sent-history/remembers-what-was-sent", test_remembers_what_was_sent);
  g_test_add_func ("/sent-history/what-is-missing-may-come-yet", test_what_is_missing_may_come_yet);
  return g_test_run ();
}
