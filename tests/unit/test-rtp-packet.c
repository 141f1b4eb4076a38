/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "salon-rtp-packet.h"

/* V=2, marker, PT 96, sequence 0x1234, timestamp 0x01020304, SSRC 0xdeadbeef. */
#define FIXED(first) (first), 0xe0, 0x12, 0x34, 0x01, 0x02, 0x03, 0x04, 0xde, 0xad, 0xbe, 0xef

/* A heap copy of exactly the bytes, so that a sanitizer sees a read past them. */
static gboolean
parse_copy (const guint8 *bytes, gsize size, SalonRtpPacket *packet)
{
  g_autofree guint8 *copy = g_memdup2 (bytes, size);

  return salon_rtp_packet_parse (packet, copy, size);
}

static void
test_reads_the_fixed_header (void)
{
  const guint8 bytes[] = { FIXED (0x80), 1, 2, 3 };
  SalonRtpPacket packet;
  const guint8 *payload;
  gsize size;

  g_assert_true (salon_rtp_packet_parse (&packet, bytes, sizeof bytes));
  g_assert_true (packet.has_marker);
  g_assert_cmpuint (packet.payload_type, ==, 96);
  g_assert_cmphex (packet.sequence, ==, 0x1234);
  g_assert_cmphex (packet.timestamp, ==, 0x01020304);
  g_assert_cmphex (packet.ssrc, ==, 0xdeadbeef);
  payload = salon_rtp_packet_get_payload (&packet, &size);
  g_assert_cmpmem (payload, size, bytes + 12, 3);
}

static void
test_skips_contributing_sources (void)
{
  const guint8 bytes[] = { FIXED (0x82), 0, 0, 0, 1, 0, 0, 0, 2, 9 };
  SalonRtpPacket packet;

  g_assert_true (salon_rtp_packet_parse (&packet, bytes, sizeof bytes));
  g_assert_cmpuint (packet.payload_offset, ==, 20);
  g_assert_cmpuint (packet.payload_size, ==, 1);
}

static void
test_cuts_padding (void)
{
  const guint8 bytes[] = { FIXED (0xa0), 7, 0, 0, 3 };
  const guint8 all_padding[] = { FIXED (0xa0), 0, 2 };
  SalonRtpPacket packet;

  g_assert_true (salon_rtp_packet_parse (&packet, bytes, sizeof bytes));
  g_assert_cmpuint (packet.payload_size, ==, 1);
  g_assert_true (salon_rtp_packet_parse (&packet, all_padding, sizeof all_padding));
  g_assert_cmpuint (packet.payload_size, ==, 0);
}

static void
test_refuses_impossible_padding (void)
{
  const guint8 too_long[] = { FIXED (0xa0), 7, 3 };
  const guint8 none[] = { FIXED (0xa0), 7, 0 };
  const guint8 no_payload[] = { FIXED (0xa0) };
  SalonRtpPacket packet;

  g_assert_false (parse_copy (too_long, sizeof too_long, &packet));
  g_assert_false (parse_copy (none, sizeof none, &packet));
  g_assert_false (parse_copy (no_payload, sizeof no_payload, &packet));
}

static void
test_finds_one_byte_extensions (void)
{
  const guint8 bytes[]
      = { FIXED (0x90), 0xbe, 0xde, 0, 3, 0x10, 0xaa, 0x00, 0x31, 0xb1, 0xb2, 0x52, 1, 2, 3, 0, 0, 42 };
  SalonRtpPacket packet;
  const guint8 *data;
  gsize size;

  g_assert_true (salon_rtp_packet_parse (&packet, bytes, sizeof bytes));
  g_assert_cmpuint (packet.payload_size, ==, 1);
  data = salon_rtp_packet_find_extension (&packet, 1, &size);
  g_assert_cmpmem (data, size, "\xaa", 1);
  data = salon_rtp_packet_find_extension (&packet, 3, &size);
  g_assert_cmpmem (data, size, "\xb1\xb2", 2);
  data = salon_rtp_packet_find_extension (&packet, 5, &size);
  g_assert_cmpmem (data, size, "\1\2\3", 3);
  g_assert_null (salon_rtp_packet_find_extension (&packet, 2, &size));
}

static void
test_finds_two_byte_extensions (void)
{
  const guint8 bytes[] = { FIXED (0x90), 0x10, 0x05, 0, 2, 0, 200, 2, 0xaa, 0xbb, 15, 0, 0 };
  SalonRtpPacket packet;
  const guint8 *data;
  gsize size;

  g_assert_true (salon_rtp_packet_parse (&packet, bytes, sizeof bytes));
  data = salon_rtp_packet_find_extension (&packet, 200, &size);
  g_assert_cmpmem (data, size, "\xaa\xbb", 2);
  g_assert_nonnull (salon_rtp_packet_find_extension (&packet, 15, &size));
  g_assert_cmpuint (size, ==, 0);
}

static void
test_ends_at_reserved_ids (void)
{
  const guint8 fifteen[] = { FIXED (0x90), 0xbe, 0xde, 0, 1, 0xf0, 1, 0x10, 2 };
  const guint8 zero_with_length[] = { FIXED (0x90), 0xbe, 0xde, 0, 1, 0x01, 1, 0x10, 2 };
  SalonRtpPacket packet;
  gsize size;

  g_assert_true (salon_rtp_packet_parse (&packet, fifteen, sizeof fifteen));
  g_assert_null (salon_rtp_packet_find_extension (&packet, 1, &size));
  g_assert_true (salon_rtp_packet_parse (&packet, zero_with_length, sizeof zero_with_length));
  g_assert_null (salon_rtp_packet_find_extension (&packet, 1, &size));
}

/* The element says 16 bytes, the extension has 3 more: it is not read, and neither is the payload. */
static void
test_bounds_each_element (void)
{
  const guint8 bytes[] = { FIXED (0x90), 0xbe, 0xde, 0, 1, 0x1f, 1, 2, 3, 4, 5, 6, 7 };
  const guint8 cut_two_byte[] = { FIXED (0x90), 0x10, 0x00, 0, 1, 0, 0, 0, 9, 1, 1 };
  SalonRtpPacket packet;
  gsize size;

  g_assert_true (salon_rtp_packet_parse (&packet, bytes, sizeof bytes));
  g_assert_null (salon_rtp_packet_find_extension (&packet, 1, &size));
  g_assert_true (salon_rtp_packet_parse (&packet, cut_two_byte, sizeof cut_two_byte));
  g_assert_null (salon_rtp_packet_find_extension (&packet, 9, &size));
}

static void
test_ignores_unknown_extension_profiles (void)
{
  const guint8 bytes[] = { FIXED (0x90), 0xab, 0xcd, 0, 1, 0x10, 1, 0, 0, 5 };
  SalonRtpPacket packet;
  gsize size;

  g_assert_true (salon_rtp_packet_parse (&packet, bytes, sizeof bytes));
  g_assert_cmpuint (packet.payload_size, ==, 1);
  g_assert_null (salon_rtp_packet_find_extension (&packet, 1, &size));
}

static void
test_refuses_every_cut (void)
{
  const guint8 bytes[] = { FIXED (0xb1), 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x10, 1, 0, 0, 1 };
  SalonRtpPacket packet;

  for (gsize size = 0; size < sizeof bytes; size++)
    g_assert_false (parse_copy (bytes, size, &packet));
  g_assert_true (parse_copy (bytes, sizeof bytes, &packet));
  g_assert_cmpuint (packet.payload_size, ==, 0);
}

static void
test_refuses_other_versions (void)
{
  SalonRtpPacket packet;

  for (guint version = 0; version < 4; version++)
    {
      const guint8 bytes[] = { FIXED (version << 6), 1 };

      g_assert_cmpint (parse_copy (bytes, sizeof bytes, &packet), ==, version == 2);
    }
}

static void
test_reads_a_head (void)
{
  const guint8 bytes[] = { FIXED (0xa0), 1, 2 };
  SalonRtpPacket packet;
  gsize size;

  g_assert_true (salon_rtp_packet_parse_head (&packet, bytes, sizeof bytes, 1200));
  g_assert_cmpuint (packet.payload_size, ==, 1188);
  salon_rtp_packet_get_payload (&packet, &size);
  g_assert_cmpuint (size, ==, 2);
  g_assert_true (packet.has_padding);
  g_assert_true (salon_rtp_packet_cut_padding (&packet, 88));
  g_assert_cmpuint (packet.payload_size, ==, 1100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtp-packet/reads-the-fixed-header", test_reads_the_fixed_header);
  g_test_add_func ("/rtp-packet/skips-contributing-sources", test_skips_contributing_sources);
  g_test_add_func ("/rtp-packet/cuts-padding", test_cuts_padding);
  g_test_add_func ("/rtp-packet/refuses-impossible-padding", test_refuses_impossible_padding);
  g_test_add_func ("/rtp-packet/finds-one-byte-extensions", test_finds_one_byte_extensions);
  g_test_add_func ("/rtp-packet/finds-two-byte-extensions", test_finds_two_byte_extensions);
  g_test_add_func ("/rtp-packet/ends-at-reserved-ids", test_ends_at_reserved_ids);
  g_test_add_func ("/rtp-packet/bounds-each-element", test_bounds_each_element);
  g_test_add_func ("/rtp-packet/ignores-unknown-extension-profiles", test_ignores_unknown_extension_profiles);
  g_test_add_func ("/rtp-packet/refuses-every-cut", test_refuses_every_cut);
  g_test_add_func ("/rtp-packet/refuses-other-versions", test_refuses_other_versions);
  g_test_add_func ("/rtp-packet/reads-a-head", test_reads_a_head);
  return g_test_run ();
}
