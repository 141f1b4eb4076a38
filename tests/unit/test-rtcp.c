/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "salon-rtcp.h"

/* A receiver report with one block, a NACK of two entries, and a good-bye. */
static const guint8 compound[] = { 0x81, 201, 0, 7, 0, 0, 0, 1, 0x5a, 0x10, 0, 1, 25, 0, 0, 3, 0, 1, 0x12, 0x34, 0, 0,
  0, 9, 0xab, 0xcd, 0x12, 0x34, 0, 1, 0, 0, 0x81, 205, 0, 4, 0, 0, 0, 1, 0x5a, 0x10, 0, 1, 0, 7, 0, 1, 1, 2, 3, 4, 0x81,
  203, 0, 1, 0, 0, 0, 1 };

static void
test_reads_a_compound_packet (void)
{
  const guint8 *at = compound;
  gsize size = sizeof compound;
  SalonRtcpPacket packet;
  SalonRtcpReportBlock block;

  g_assert_true (salon_rtcp_is (compound, sizeof compound));
  g_assert_true (salon_rtcp_next (&at, &size, &packet));
  g_assert_cmpuint (packet.type, ==, SALON_RTCP_RR);
  g_assert_cmpuint (packet.size, ==, 32);
  g_assert_cmpuint (salon_rtcp_get_n_blocks (&packet), ==, 1);
  salon_rtcp_get_block (&packet, 0, &block);
  g_assert_cmphex (block.ssrc, ==, 0x5a100001);
  g_assert_cmpuint (block.fraction_lost, ==, 25);
  g_assert_cmpuint (block.jitter, ==, 9);
  g_assert_cmphex (block.last_report, ==, 0xabcd1234);
  g_assert_cmphex (block.delay, ==, 0x10000);

  g_assert_true (salon_rtcp_next (&at, &size, &packet));
  g_assert_cmpuint (packet.type, ==, SALON_RTCP_RTPFB);
  g_assert_cmpuint (packet.count, ==, SALON_RTCP_RTPFB_NACK);
  g_assert_cmpuint (salon_rtcp_get_n_blocks (&packet), ==, 0);
  g_assert_true (packet.data == compound + 32);
  g_assert_cmpuint (packet.size, ==, 20);

  g_assert_true (salon_rtcp_next (&at, &size, &packet));
  g_assert_cmpuint (packet.type, ==, SALON_RTCP_BYE);
  g_assert_false (salon_rtcp_next (&at, &size, &packet));
  g_assert_cmpuint (size, ==, 0);
}

/* A sender report's blocks come behind its 28 bytes. */
static void
test_reads_blocks_of_sender_reports (void)
{
  guint8 report[28 + 2 * 24] = { 0x82, 200, 0, 18 };
  const guint8 *at = report;
  gsize size = sizeof report;
  SalonRtcpPacket packet;
  SalonRtcpReportBlock block;

  report[28 + 3] = 1;
  report[52 + 3] = 2;
  report[52 + 4] = 255;
  g_assert_true (salon_rtcp_next (&at, &size, &packet));
  g_assert_cmpuint (salon_rtcp_get_n_blocks (&packet), ==, 2);
  salon_rtcp_get_block (&packet, 0, &block);
  g_assert_cmpuint (block.ssrc, ==, 1);
  salon_rtcp_get_block (&packet, 1, &block);
  g_assert_cmpuint (block.ssrc, ==, 2);
  g_assert_cmpuint (block.fraction_lost, ==, 255);
}

/* How many packets are read, each as long as it says and holds; whether all was read. data: of its own, so that a
 * sanitizer sees a read past its end. */
static guint
count_packets (const guint8 *bytes, gsize size, gboolean *is_whole)
{
  g_autofree guint8 *data = g_memdup2 (bytes, size);
  const guint8 *at = data;
  gsize left = size;
  SalonRtcpPacket packet;
  guint n = 0;

  for (; salon_rtcp_next (&at, &left, &packet); n++)
    {
      g_assert_cmpuint (packet.size, >=, salon_rtcp_get_least_size (packet.type, packet.count));
      g_assert_true (packet.data + packet.size == at && at + left == data + size);
      for (guint i = 0; i < salon_rtcp_get_n_blocks (&packet); i++)
        {
          SalonRtcpReportBlock block;

          salon_rtcp_get_block (&packet, i, &block);
        }
    }
  *is_whole = left == 0;
  return n;
}

static void
test_stops_where_it_is_cut (void)
{
  gboolean is_whole;

  for (gsize size = 0; size <= sizeof compound; size++)
    {
      guint n_expected = (size >= 32) + (size >= 52) + (size >= 60);

      g_assert_cmpuint (count_packets (compound, size, &is_whole), ==, n_expected);
      g_assert_true (is_whole == (size == 0 || size == 32 || size == 52 || size == 60));
    }
}

static void
test_refuses_what_is_shorter_than_its_kind (void)
{
  static const guint8 packets[][12] = {
    { 0x80, 200, 0, 2 }, /* a sender report without its information */
    { 0x81, 201, 0, 2 }, /* one block, in no bytes */
    { 0x9f, 201, 0, 2 }, /* 31 */
    { 0x82, 202, 0, 2 }, /* two chunks */
    { 0x80, 203, 0, 2 }, /* the good-bye of nobody */
    { 0x83, 203, 0, 2 }, /* of three, and two are there */
    { 0x81, 205, 0, 1 }, /* feedback about nothing */
    { 0x80, 199, 0, 2 }, /* no type */
    { 0x80, 208, 0, 2 },
  };
  gboolean is_whole;

  for (guint i = 0; i < G_N_ELEMENTS (packets); i++)
    {
      g_assert_cmpuint (count_packets (packets[i], sizeof packets[i], &is_whole), ==, 0);
      g_assert_false (is_whole);
    }
}

/* RFC 5761, section 4. */
static void
test_tells_it_from_rtp (void)
{
  static const guint8 vp8[] = { 0x90, 96 }, marked[] = { 0x80, 0xff }, stun[] = { 0, 1 }, report[] = { 0x80, 200 };

  g_assert_false (salon_rtcp_is (vp8, 2));
  g_assert_false (salon_rtcp_is (marked, 2));
  g_assert_false (salon_rtcp_is (stun, 2));
  g_assert_false (salon_rtcp_is (report, 1));
  g_assert_true (salon_rtcp_is (report, 2));
}

static void
test_survives_anything (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (4711);
  guint n_read = 0;

  for (guint round = 0; round < 200000; round++)
    {
      guint8 data[sizeof compound];
      gboolean is_whole;

      memcpy (data, compound, sizeof data);
      for (guint i = g_rand_int_range (random, 1, 6); i > 0; i--)
        data[g_rand_int_range (random, 0, sizeof data)] = g_rand_int_range (random, 0, 256);
      n_read += count_packets (data, g_rand_int_range (random, 0, sizeof data + 1), &is_whole);
    }
  g_assert_cmpuint (n_read, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtcp/reads-a-compound-packet", test_reads_a_compound_packet);
  g_test_add_func ("/rtcp/reads-blocks-of-sender-reports", test_reads_blocks_of_sender_reports);
  g_test_add_func ("/rtcp/stops-where-it-is-cut", test_stops_where_it_is_cut);
  g_test_add_func ("/rtcp/refuses-what-is-shorter-than-its-kind", test_refuses_what_is_shorter_than_its_kind);
  g_test_add_func ("/rtcp/tells-it-from-rtp", test_tells_it_from_rtp);
  g_test_add_func ("/rtcp/survives-anything", test_survives_anything);
  return g_test_run ();
}
