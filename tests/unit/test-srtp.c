/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Protected packets: the known ones, byte by byte, and all others by an independent receiver and sender, GStreamer's
 * srtpdec and srtpenc. */
#include <string.h>

#include "salon-srtp.h"
#include "srtp-receiver.h"

#define HEADER_BYTES 12
#define SSRC_A 0xcafebabe
#define SSRC_B 0x5a100001

/* Master key and salt of RFC 3711, appendix B.3, and of libsrtp's own tests. */
static const guint8 key[SALON_SRTP_KEY_BYTES] = { 0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f, 0xa3,
  0x2c, 0x06, 0xde, 0x41, 0x39, 0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6 };

/* -- known packets: libsrtp's test/srtp_driver.c -- */

static void
test_known_packet (void)
{
  static const guint8 plain[] = { 0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe, 0xba, 0xbe, 0xab, 0xab,
    0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab };
  static const guint8 known[] = { 0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe, 0xba, 0xbe, 0x4e, 0x55,
    0xdc, 0x4c, 0xe7, 0x99, 0x78, 0xd8, 0x8c, 0xa4, 0xd2, 0x15, 0x94, 0x9d, 0x24, 0x02, 0xb7, 0x8d, 0x6a, 0xcc, 0x99,
    0xea, 0x17, 0x9b, 0x8d, 0xbb };
  g_autoptr (SalonSrtp) srtp = salon_srtp_new (key);
  guint8 packet[sizeof plain + SALON_SRTP_OVERHEAD_BYTES];
  gsize size;

  memcpy (packet, plain, sizeof plain);
  size = salon_srtp_protect (srtp, packet, HEADER_BYTES, sizeof plain);
  g_assert_cmpmem (packet, size, known, sizeof known);
}

/* That one is libsrtp's second: its index is 1. */
static void
test_known_rtcp_packet (void)
{
  static const guint8 plain[] = { 0x81, 0xc8, 0x00, 0x0b, 0xca, 0xfe, 0xba, 0xbe, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
    0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab };
  static const guint8 known[] = { 0x81, 0xc8, 0x00, 0x0b, 0xca, 0xfe, 0xba, 0xbe, 0x71, 0x28, 0x03, 0x5b, 0xe4, 0x87,
    0xb9, 0xbd, 0xbe, 0xf8, 0x90, 0x41, 0xf9, 0x77, 0xa5, 0xa8, 0x80, 0x00, 0x00, 0x01, 0x99, 0x3e, 0x08, 0xcd, 0x54,
    0xd6, 0xc1, 0x23, 0x07, 0x98 };
  g_autoptr (SalonSrtcp) srtcp = salon_srtcp_new (key);
  guint8 packet[sizeof plain + SALON_SRTCP_OVERHEAD_BYTES];
  gsize size = 0;

  for (guint i = 0; i < 2; i++)
    {
      memcpy (packet, plain, sizeof plain);
      size = salon_srtcp_protect (srtcp, packet, sizeof plain);
    }
  g_assert_cmpmem (packet, size, known, sizeof known);
}

/* -- an independent receiver -- */

static void
set_up (SrtpReceiver *receiver, gconstpointer data)
{
  srtp_receiver_init (receiver, key);
}

static void
tear_down (SrtpReceiver *receiver, gconstpointer data)
{
  srtp_receiver_clear (receiver);
}

static void
assert_same (GstBuffer *buffer, const guint8 *data, gsize size)
{
  GstMapInfo map;

  g_assert_nonnull (buffer);
  gst_buffer_map (buffer, &map, GST_MAP_READ);
  g_assert_cmpmem (map.data, map.size, data, size);
  gst_buffer_unmap (buffer, &map);
}

/* Sizes, contents and an extension of its own for each. Returns the size. */
static gsize
write_packet (guint8 *packet, guint32 ssrc, guint16 sequence, gsize *header_size)
{
  const guint8 header[] = { 0x90, 96, sequence >> 8, sequence & 0xff, 1, 2, 3, 4, ssrc >> 24, ssrc >> 16 & 0xff,
    ssrc >> 8 & 0xff, ssrc & 0xff, 0xbe, 0xde, 0, 1, 0x31, sequence >> 8, sequence & 0xff, 0 };
  gsize payload_size = sequence % 97;

  memcpy (packet, header, sizeof header);
  for (gsize i = 0; i < payload_size; i++)
    packet[sizeof header + i] = (sequence + i) & 0xff;
  *header_size = sizeof header;
  return sizeof header + payload_size;
}

static gsize
protect (SalonSrtp *srtp, guint32 ssrc, guint16 sequence, guint8 *packet)
{
  gsize header_size;
  gsize size = write_packet (packet, ssrc, sequence, &header_size);

  return salon_srtp_protect (srtp, packet, header_size, size);
}

static void
assert_taken (SrtpReceiver *receiver, SalonSrtp *srtp, guint32 ssrc, guint16 sequence)
{
  guint8 plain[256], packet[256];
  gsize header_size;
  gsize plain_size = write_packet (plain, ssrc, sequence, &header_size);
  gsize size = protect (srtp, ssrc, sequence, packet);
  g_autoptr (GstBuffer) buffer = NULL;

  g_assert_cmpuint (size, ==, plain_size + SALON_SRTP_OVERHEAD_BYTES);
  buffer = srtp_receiver_take_rtp (receiver, packet, size);
  assert_same (buffer, plain, plain_size);
}

static void
test_across_the_rollover (SrtpReceiver *receiver, gconstpointer data)
{
  g_autoptr (SalonSrtp) srtp = salon_srtp_new (key);

  for (guint i = 0; i < 70000; i++)
    assert_taken (receiver, srtp, SSRC_A, 0x7ffe + i);
}

static void
test_late_around_the_wrap (SrtpReceiver *receiver, gconstpointer data)
{
  static const guint16 sequences[] = { 0x7fff, 0x9000, 0xfffa, 0xfffd, 0xfffc, 2, 0xffff, 0xfffb, 0, 0xfffe, 1, 3 };
  g_autoptr (SalonSrtp) srtp = salon_srtp_new (key);

  for (guint i = 0; i < G_N_ELEMENTS (sequences); i++)
    assert_taken (receiver, srtp, SSRC_A, sequences[i]);
}

/* Without RTX, a client gets a packet that it misses as it was. One that it has not missed, it knows. */
static void
test_the_same_packet_again (SrtpReceiver *receiver, gconstpointer data)
{
  g_autoptr (SalonSrtp) srtp = salon_srtp_new (key);
  guint8 first[256], packet[256];
  gsize size;

  assert_taken (receiver, srtp, SSRC_A, 10);
  size = protect (srtp, SSRC_A, 11, first);
  assert_taken (receiver, srtp, SSRC_A, 12);
  g_assert_cmpuint (protect (srtp, SSRC_A, 11, packet), ==, size);
  g_assert_cmpmem (packet, size, first, size);
  assert_taken (receiver, srtp, SSRC_A, 11);
  g_assert_null (srtp_receiver_take_rtp (receiver, packet, size));
}

static void
test_several_streams (SrtpReceiver *receiver, gconstpointer data)
{
  g_autoptr (SalonSrtp) a = salon_srtp_new (key);
  g_autoptr (SalonSrtp) b = salon_srtp_new (key);

  for (guint i = 0; i < 40000; i++)
    {
      assert_taken (receiver, a, SSRC_A, 0x7000 + i);
      if (i % 3 == 0)
        assert_taken (receiver, b, SSRC_B, 5 + i);
    }
}

/* The counter of rollovers cannot go below 0. */
static void
test_refuses_what_was_before_the_first (void)
{
  g_autoptr (SalonSrtp) srtp = salon_srtp_new (key);
  guint8 packet[256];

  g_assert_cmpuint (protect (srtp, SSRC_A, 3, packet), >, 0);
  g_assert_cmpuint (protect (srtp, SSRC_A, 0xffff, packet), ==, 0);
  g_assert_cmpuint (protect (srtp, SSRC_A, 0, packet), >, 0);
  g_assert_cmpuint (protect (srtp, SSRC_A, 0xfffe, packet), ==, 0);
  g_assert_cmpuint (protect (srtp, SSRC_A, 4, packet), >, 0);
}

static void
test_rtcp (SrtpReceiver *receiver, gconstpointer data)
{
  static const guint32 ssrcs[] = { SSRC_A, SSRC_B, 1, 0xffffffff };
  g_autoptr (SalonSrtcp) srtcp = salon_srtcp_new (key);

  for (guint i = 0; i < 5000; i++)
    {
      guint32 ssrc = ssrcs[i % G_N_ELEMENTS (ssrcs)];
      const guint8 plain[] = { 0x80, 200, 0, 6, ssrc >> 24, ssrc >> 16 & 0xff, ssrc >> 8 & 0xff, ssrc & 0xff, 1, 2, 3,
        4, 5, 6, 7, 8, i >> 24, i >> 16 & 0xff, i >> 8 & 0xff, i & 0xff, 0, 0, 0, 1, 0, 0, 0, 2 };
      guint8 packet[sizeof plain + SALON_SRTCP_OVERHEAD_BYTES];
      g_autoptr (GstBuffer) buffer = NULL;
      gsize size;

      memcpy (packet, plain, sizeof plain);
      size = salon_srtcp_protect (srtcp, packet, sizeof plain);
      g_assert_cmpuint (size, ==, sizeof packet);
      buffer = srtp_receiver_take_rtcp (receiver, packet, size);
      assert_same (buffer, plain, sizeof plain);
    }
}

/* So that the tests above say something: the receiver does check. */
static void
test_receiver_refuses_what_was_altered (SrtpReceiver *receiver, gconstpointer data)
{
  g_autoptr (SalonSrtp) srtp = salon_srtp_new (key);
  guint8 packet[256];
  gsize size = protect (srtp, SSRC_A, 40, packet);

  packet[30] ^= 1;
  g_assert_null (srtp_receiver_take_rtp (receiver, packet, size));
}

/* -- RTCP that comes -- */

#define RR_BYTES 8

/* An empty receiver report. */
static GstBuffer *
new_report (guint32 ssrc)
{
  const guint8 report[RR_BYTES] = { 0x80, 201, 0, 1, ssrc >> 24, ssrc >> 16 & 0xff, ssrc >> 8 & 0xff, ssrc & 0xff };

  return gst_buffer_new_memdup (report, sizeof report);
}

static gsize
write_report (SalonSrtcp *srtcp, guint32 ssrc, guint8 *packet)
{
  g_autoptr (GstBuffer) report = new_report (ssrc);

  gst_buffer_extract (report, 0, packet, RR_BYTES);
  return salon_srtcp_protect (srtcp, packet, RR_BYTES);
}

static gboolean
reads (SalonSrtcpReader *reader, const guint8 *packet, gsize size)
{
  g_autofree guint8 *copy = g_memdup2 (packet, size);

  return salon_srtcp_reader_unprotect (reader, copy, size) > 0;
}

/* Feedback with 0 to 7 words. */
static void
test_reads_a_senders (void)
{
  GstElement *encoder = gst_object_ref_sink (gst_element_factory_make ("srtpenc", NULL));
  g_autoptr (GstBuffer) key_buffer = gst_buffer_new_memdup (key, sizeof key);
  g_autoptr (SalonSrtcpReader) reader = salon_srtcp_reader_new (key);
  GstHarness *harness;

  g_object_set (encoder, "key", key_buffer, NULL);
  harness = gst_harness_new_with_element (encoder, "rtcp_sink_0", "rtcp_src_0");
  gst_harness_set_src_caps (harness, gst_caps_from_string ("application/x-rtcp"));
  for (guint i = 0; i < 5000; i++)
    {
      guint8 plain[RR_BYTES + 28] = { 0x80, 206, 0, 1 + i % 8, 0, 0, 0, 1 + i % 3, i >> 8 & 0xff, i & 0xff };
      guint8 packet[sizeof plain + SALON_SRTCP_OVERHEAD_BYTES];
      gsize plain_size = RR_BYTES + 4 * (i % 8);
      g_autoptr (GstBuffer) buffer = NULL;
      gsize size;

      gst_harness_push (harness, gst_buffer_new_memdup (plain, plain_size));
      buffer = gst_harness_pull (harness);
      size = gst_buffer_extract (buffer, 0, packet, sizeof packet);
      g_assert_cmpuint (size, ==, plain_size + SALON_SRTCP_OVERHEAD_BYTES);
      size = salon_srtcp_reader_unprotect (reader, packet, size);
      g_assert_cmpmem (packet, size, plain, plain_size);
    }
  gst_harness_teardown (harness);
  gst_object_unref (encoder);
}

static void
test_reads_nothing_forged (void)
{
  g_autoptr (SalonSrtcp) srtcp = salon_srtcp_new (key);
  g_autoptr (SalonSrtcpReader) reader = salon_srtcp_reader_new (key);
  guint8 packet[RR_BYTES + SALON_SRTCP_OVERHEAD_BYTES];
  gsize size = write_report (srtcp, SSRC_A, packet);

  for (gsize i = 0; i < 8 * size; i++)
    {
      packet[i / 8] ^= 1 << i % 8;
      g_assert_false (reads (reader, packet, size));
      packet[i / 8] ^= 1 << i % 8;
    }
  for (gsize cut = 0; cut < size; cut++)
    g_assert_false (reads (reader, packet, cut));
  /* And forged ones leave nothing behind. */
  g_assert_true (reads (reader, packet, size));
}

static void
test_reads_nothing_twice (void)
{
  g_autoptr (SalonSrtcp) srtcp = salon_srtcp_new (key);
  g_autoptr (SalonSrtcpReader) reader = salon_srtcp_reader_new (key);
  guint8 packets[200][RR_BYTES + SALON_SRTCP_OVERHEAD_BYTES];
  gsize size = 0;

  for (guint i = 0; i < G_N_ELEMENTS (packets); i++)
    size = write_report (srtcp, i % 2 == 0 ? SSRC_A : SSRC_B, packets[i]);
  /* Two at a time in the wrong order. */
  for (guint i = 0; i < 100; i++)
    {
      g_assert_true (reads (reader, packets[i ^ 2], size));
      g_assert_false (reads (reader, packets[i ^ 2], size));
    }
  for (guint i = 0; i < 100; i++)
    g_assert_false (reads (reader, packets[i], size));
  /* Late is well, by less than what is remembered; then it can't be told. */
  g_assert_true (reads (reader, packets[198], size));
  g_assert_true (reads (reader, packets[140], size));
  g_assert_false (reads (reader, packets[140], size));
  g_assert_false (reads (reader, packets[100], size));
  /* The other stream is another matter. */
  g_assert_true (reads (reader, packets[101], size));
}

/* A client may have many, but not as many as it likes. */
static void
test_reads_a_few_streams (void)
{
  g_autoptr (SalonSrtcp) srtcp = salon_srtcp_new (key);
  g_autoptr (SalonSrtcpReader) reader = salon_srtcp_reader_new (key);
  guint8 packet[RR_BYTES + SALON_SRTCP_OVERHEAD_BYTES];
  guint n_read = 0;

  for (guint32 ssrc = 1; ssrc <= 1000; ssrc++)
    n_read += reads (reader, packet, write_report (srtcp, ssrc, packet));
  g_assert_cmpuint (n_read, >=, 100);
  g_assert_cmpuint (n_read, <, 1000);
  g_assert_true (reads (reader, packet, write_report (srtcp, 1, packet)));
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/srtp/makes-the-known-packet", test_known_packet);
  g_test_add_func ("/srtp/makes-the-known-rtcp-packet", test_known_rtcp_packet);
  g_test_add_func ("/srtp/refuses-what-was-before-the-first", test_refuses_what_was_before_the_first);
#define ADD(name, func) g_test_add ("/srtp/receiver-" name, SrtpReceiver, NULL, set_up, func, tear_down)
  ADD ("takes-all-across-the-rollover", test_across_the_rollover);
  ADD ("takes-late-packets-around-the-wrap", test_late_around_the_wrap);
  ADD ("takes-the-same-packet-again", test_the_same_packet_again);
  ADD ("takes-several-streams", test_several_streams);
  ADD ("takes-rtcp", test_rtcp);
  ADD ("refuses-what-was-altered", test_receiver_refuses_what_was_altered);
  g_test_add_func ("/srtp/reads-a-senders-rtcp", test_reads_a_senders);
  g_test_add_func ("/srtp/reads-nothing-forged", test_reads_nothing_forged);
  g_test_add_func ("/srtp/reads-nothing-twice", test_reads_nothing_twice);
  g_test_add_func ("/srtp/reads-a-few-streams", test_reads_a_few_streams);
  return g_test_run ();
}
