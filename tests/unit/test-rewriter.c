/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "salon-rewriter.h"

#define SSRC_OUT 0xcafe0001
#define SSRC_A 0x0000000a
#define SSRC_B 0x0000000b

/* What a test says of a packet; the rest has defaults. */
typedef struct
{
  guint32 ssrc;
  guint16 sequence;
  guint32 timestamp;
  gboolean is_keyframe;
  guint16 picture; /* with its M bit when 15 bit wide; 0: no picture id */
  guint8 tl0;
  guint8 layer; /* VP8's byte of temporal layer and sync bit, see T0 to T2; 0: none */
  gint64 at_us;
} In;

/* RFC 7741 section 4.2: TID, Y; the key index is there so that it is never 0. */
#define T0 0x01
#define T1 0x41
#define T2 0x81
#define SYNC 0x20

typedef struct
{
  SalonRewriter rewriter;
  SalonRewriterResult result;
  SalonRewriterVerdict verdict;
  SalonRtpPacket out;
  guint8 bytes[2048];
  gsize size;
} Fixture;

static const SalonRewriterSource vp8_source = { .codec = SALON_CODEC_VP8, .clock_rate = 90000, .payload_type = 96 };
static const SalonRewriterSource h264_source = { .codec = SALON_CODEC_H264, .clock_rate = 90000, .payload_type = 102 };
static const SalonRewriterSource red_source
    = { .codec = SALON_CODEC_RED, .clock_rate = 48000, .payload_type = 111, .red_payload_type = 63 };
static const SalonRewriterSource opus_source = { .codec = SALON_CODEC_OPUS, .clock_rate = 48000, .payload_type = 111 };

static void
set_up (Fixture *f, gconstpointer data)
{
  salon_rewriter_init (&f->rewriter, SSRC_OUT, G_GUINT64_CONSTANT (1000) << 32 | 5000);
  salon_rewriter_switch (&f->rewriter, &vp8_source);
}

/* Takes the packet of these bytes through the rewriter and reads what comes out. */
static SalonRewriterVerdict
push_bytes (Fixture *f, const guint8 *bytes, gsize size, gint64 at_us)
{
  g_autofree guint8 *copy = g_memdup2 (bytes, size);
  SalonRtpPacket packet;

  g_assert_true (salon_rtp_packet_parse (&packet, copy, size));
  f->verdict = salon_rewriter_rewrite (&f->rewriter, &packet, at_us, &f->result);
  if (f->verdict != SALON_REWRITER_FORWARD)
    return f->verdict;

  memcpy (f->bytes, f->result.head, f->result.head_size);
  memcpy (f->bytes + f->result.head_size, copy + f->result.rest_offset, f->result.rest_size);
  f->size = f->result.head_size + f->result.rest_size;
  g_assert_true (salon_rtp_packet_parse (&f->out, f->bytes, f->size));
  g_assert_cmphex (f->out.ssrc, ==, SSRC_OUT);
  if (f->rewriter.source.red_payload_type == 0)
    g_assert_cmpuint (f->out.payload_type, ==, f->rewriter.source.payload_type);
  return f->verdict;
}

static gsize
write_header (guint8 *bytes, const In *in)
{
  const guint8 header[] = { 0x80, 100, in->sequence >> 8, in->sequence & 0xff, in->timestamp >> 24 & 0xff,
    in->timestamp >> 16 & 0xff, in->timestamp >> 8 & 0xff, in->timestamp & 0xff, 0, 0, 0, in->ssrc & 0xff };

  memcpy (bytes, header, sizeof header);
  return sizeof header;
}

static SalonRewriterVerdict
push_vp8 (Fixture *f, In in)
{
  guint8 bytes[64];
  guint8 *at = bytes + write_header (bytes, &in);

  *at++ = 0x10 | (in.picture != 0 ? 0x80 : 0);
  if (in.picture != 0)
    {
      *at++ = in.layer != 0 ? 0xe0 : 0xc0;
      if (in.picture >= 0x8000)
        *at++ = in.picture >> 8;
      *at++ = in.picture & 0xff;
      *at++ = in.tl0;
      if (in.layer != 0)
        *at++ = in.layer;
    }
  *at++ = in.is_keyframe ? 0x00 : 0x01;
  *at++ = 0xee;
  return push_bytes (f, bytes, at - bytes, in.at_us);
}

static SalonRewriterVerdict
push_payload (Fixture *f, In in, const char *payload, gsize size)
{
  guint8 bytes[64];
  gsize header_size = write_header (bytes, &in);

  memcpy (bytes + header_size, payload, size);
  return push_bytes (f, bytes, header_size + size, in.at_us);
}

#define assert_forwards(f, ...) g_assert_cmpint (push_vp8 (f, (In){ __VA_ARGS__ }), ==, SALON_REWRITER_FORWARD)
#define assert_late(f, ...) g_assert_cmpint (push_vp8 (f, (In){ __VA_ARGS__ }), ==, SALON_REWRITER_LATE)
#define assert_awaits(f, ...) g_assert_cmpint (push_vp8 (f, (In){ __VA_ARGS__ }), ==, SALON_REWRITER_AWAITING_KEYFRAME)

static void
test_starts_low (Fixture *f, gconstpointer data)
{
  for (guint64 seed = 0; seed < 64; seed++)
    {
      salon_rewriter_init (&f->rewriter, SSRC_OUT, G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) * seed);
      salon_rewriter_switch (&f->rewriter, &vp8_source);
      assert_forwards (f, .ssrc = SSRC_A, .sequence = 65000, .is_keyframe = TRUE);
      g_assert_cmpuint (f->out.sequence, <, 0x8000);
    }
}

static void
test_awaits_a_keyframe (Fixture *f, gconstpointer data)
{
  assert_awaits (f, .ssrc = SSRC_A, .sequence = 1);
  assert_awaits (f, .ssrc = SSRC_A, .sequence = 2);
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 3, .is_keyframe = TRUE);
  g_assert_true (f->result.is_switch);
  g_assert_cmpuint (f->out.sequence, ==, 1000);
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 4);
  g_assert_false (f->result.is_switch);
  g_assert_cmpuint (f->out.sequence, ==, 1001);
}

static void
test_audio_awaits_nothing (Fixture *f, gconstpointer data)
{
  salon_rewriter_switch (&f->rewriter, &opus_source);
  g_assert_cmpint (push_payload (f, (In){ .ssrc = SSRC_A, .sequence = 9 }, "\x78\1", 2), ==, SALON_REWRITER_FORWARD);
  salon_rewriter_switch (&f->rewriter, &opus_source);
  g_assert_cmpint (push_payload (f, (In){ .ssrc = SSRC_B, .sequence = 70 }, "\x78\1", 2), ==, SALON_REWRITER_FORWARD);
  g_assert_cmpuint (f->out.sequence, ==, 1001);
}

/* Opus has another number here, and both blocks are told so. */
static void
test_redundancy_passes (Fixture *f, gconstpointer data)
{
  static const char in[] = "\xed\x0f\0\2"
                           "\x6d"
                           "ab"
                           "cd"; /* of payload type 109 */

  salon_rewriter_switch (&f->rewriter, &red_source);
  g_assert_cmpint (push_payload (f, (In){ .ssrc = SSRC_A, .sequence = 9 }, in, 9), ==, SALON_REWRITER_FORWARD);
  g_assert_cmpuint (f->out.payload_type, ==, 63);
  g_assert_cmpmem (f->out.data + f->out.payload_offset, f->out.payload_size,
      "\xef\x0f\0\2"
      "\x6f"
      "abcd",
      9);
}

static void
test_redundancy_is_taken_off (Fixture *f, gconstpointer data)
{
  static const char in[] = "\xed\x0f\0\2"
                           "\x6d"
                           "ab"
                           "cd";
  SalonRewriterSource source = red_source;

  source.red_payload_type = 0;
  salon_rewriter_switch (&f->rewriter, &source);
  g_assert_cmpint (push_payload (f, (In){ .ssrc = SSRC_A, .sequence = 9 }, in, 9), ==, SALON_REWRITER_FORWARD);
  g_assert_cmpuint (f->out.payload_type, ==, 111);
  g_assert_cmpmem (f->out.data + f->out.payload_offset, f->out.payload_size, "cd", 2);
}

/* What nobody could read is a gap, as if it were lost. */
static void
test_malformed_redundancy_is_dropped (Fixture *f, gconstpointer data)
{
  salon_rewriter_switch (&f->rewriter, &red_source);
  g_assert_cmpint (push_payload (f, (In){ .ssrc = SSRC_A, .sequence = 8 }, "\x6fx", 2), ==, SALON_REWRITER_FORWARD);
  g_assert_cmpint (
      push_payload (f, (In){ .ssrc = SSRC_A, .sequence = 9 }, "\xef\x0f\3\xff\x6fx", 6), ==, SALON_REWRITER_MALFORMED);
  g_assert_cmpint (push_payload (f, (In){ .ssrc = SSRC_A, .sequence = 10 }, "\x6fx", 2), ==, SALON_REWRITER_FORWARD);
  g_assert_cmpuint (f->out.sequence, ==, 1002);
}

static void
test_switch_is_continuous (Fixture *f, gconstpointer data)
{
  guint32 last;

  assert_forwards (f, .ssrc = SSRC_A, .sequence = 500, .timestamp = 1000, .is_keyframe = TRUE);
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 501, .timestamp = 4000, .at_us = 33333);
  last = f->out.timestamp;

  salon_rewriter_switch (&f->rewriter, &vp8_source);
  assert_awaits (f, .ssrc = SSRC_B, .sequence = 9, .timestamp = 700000, .at_us = 40000);
  assert_forwards (f, .ssrc = SSRC_B, .sequence = 10, .timestamp = 703000, .is_keyframe = TRUE, .at_us = 133333);
  g_assert_cmpuint (f->out.sequence, ==, 1002);
  g_assert_cmpuint (f->out.timestamp, ==, last + 9000); /* 100 ms */
  assert_forwards (f, .ssrc = SSRC_B, .sequence = 11, .timestamp = 706000, .at_us = 166666);
  g_assert_cmpuint (f->out.sequence, ==, 1003);
  g_assert_cmpuint (f->out.timestamp, ==, last + 12000);
}

static void
test_switch_between_codecs (Fixture *f, gconstpointer data)
{
  const In idr = { .ssrc = SSRC_B, .sequence = 11, .timestamp = 1, .at_us = 1000 };
  const In sps = { .ssrc = SSRC_B, .sequence = 12, .timestamp = 1, .at_us = 1000 };

  assert_forwards (f, .ssrc = SSRC_A, .sequence = 500, .timestamp = 1000, .is_keyframe = TRUE);
  salon_rewriter_switch (&f->rewriter, &h264_source);
  g_assert_cmpint (push_payload (f, idr, "\x65\x88", 2), ==, SALON_REWRITER_AWAITING_KEYFRAME);
  g_assert_cmpint (push_payload (f, sps, "\x67\x42\xc0\x1f", 4), ==, SALON_REWRITER_FORWARD);
  g_assert_cmpuint (f->out.payload_type, ==, 102);
  g_assert_cmpuint (f->out.sequence, ==, 1001);
}

static void
test_time_never_stands_still (Fixture *f, gconstpointer data)
{
  guint32 last;

  assert_forwards (f, .ssrc = SSRC_A, .sequence = 1, .timestamp = 1000, .is_keyframe = TRUE, .at_us = 5000);
  last = f->out.timestamp;
  salon_rewriter_switch (&f->rewriter, &vp8_source);
  assert_forwards (f, .ssrc = SSRC_B, .sequence = 1, .timestamp = 0, .is_keyframe = TRUE, .at_us = 5000);
  g_assert_cmpuint (f->out.timestamp, ==, last + 1);
}

static void
test_numbers_wrap (Fixture *f, gconstpointer data)
{
  guint32 first;

  assert_forwards (f, .ssrc = SSRC_A, .sequence = 65534, .timestamp = G_MAXUINT32 - 10, .is_keyframe = TRUE);
  first = f->out.timestamp;
  for (guint i = 1; i < 70000; i++)
    {
      assert_forwards (f, .ssrc = SSRC_A, .sequence = 65534 + i, .timestamp = G_MAXUINT32 - 10 + i);
      g_assert_cmpuint (f->out.sequence, ==, (guint16)(1000 + i));
      g_assert_cmpuint (f->out.timestamp, ==, first + i);
    }
}

static void
test_gaps_stay_gaps (Fixture *f, gconstpointer data)
{
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 10, .is_keyframe = TRUE);
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 15);
  g_assert_cmpuint (f->out.sequence, ==, 1005);
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 12); /* recovered */
  g_assert_cmpuint (f->out.sequence, ==, 1002);
  salon_rewriter_switch (&f->rewriter, &vp8_source);
  assert_forwards (f, .ssrc = SSRC_B, .sequence = 300, .is_keyframe = TRUE);
  g_assert_cmpuint (f->out.sequence, ==, 1006);
}

/* SRTP refuses to encrypt the same sequence number twice. */
static void
test_drops_duplicates (Fixture *f, gconstpointer data)
{
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 10, .is_keyframe = TRUE);
  assert_late (f, .ssrc = SSRC_A, .sequence = 10, .is_keyframe = TRUE);
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 12);
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 11);
  assert_late (f, .ssrc = SSRC_A, .sequence = 11);
  assert_late (f, .ssrc = SSRC_A, .sequence = 12);
}

/* The packets before a keyframe would get the numbers of the former source's last ones. */
static void
test_never_goes_back_beyond_a_switch (Fixture *f, gconstpointer data)
{
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 10, .is_keyframe = TRUE);
  salon_rewriter_switch (&f->rewriter, &vp8_source);
  assert_forwards (f, .ssrc = SSRC_B, .sequence = 101, .is_keyframe = TRUE);
  assert_late (f, .ssrc = SSRC_B, .sequence = 100);
  assert_forwards (f, .ssrc = SSRC_B, .sequence = 104);
  assert_late (f, .ssrc = SSRC_B, .sequence = 99);
  assert_forwards (f, .ssrc = SSRC_B, .sequence = 102);
  for (guint i = 0; i < 40000; i++) /* half the number space later, the rule must not turn around */
    assert_forwards (f, .ssrc = SSRC_B, .sequence = 105 + i);
}

static void
test_drops_what_is_too_late (Fixture *f, gconstpointer data)
{
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 10, .is_keyframe = TRUE);
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 100);
  assert_late (f, .ssrc = SSRC_A, .sequence = 36);
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 37);
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 101);
}

static void
test_restarted_source_is_a_switch (Fixture *f, gconstpointer data)
{
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 10, .is_keyframe = TRUE);
  assert_late (f, .ssrc = SSRC_A, .sequence = 30000); /* junk, perhaps */
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 11);
  assert_late (f, .ssrc = SSRC_A, .sequence = 30001);
  assert_awaits (f, .ssrc = SSRC_A, .sequence = 30002);
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 30003, .is_keyframe = TRUE);
  g_assert_true (f->result.is_switch);
  g_assert_cmpuint (f->out.sequence, ==, 1002);
}

static void
test_new_ssrc_is_a_switch (Fixture *f, gconstpointer data)
{
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 10, .is_keyframe = TRUE);
  assert_awaits (f, .ssrc = SSRC_B, .sequence = 11);
  assert_forwards (f, .ssrc = SSRC_B, .sequence = 12, .is_keyframe = TRUE);
  g_assert_cmpuint (f->out.sequence, ==, 1001);
}

static guint
get_picture (Fixture *f)
{
  const guint8 *payload = f->bytes + f->out.payload_offset;

  return (payload[2] & 0x80) != 0 ? (guint)((payload[2] & 0x7f) << 8 | payload[3]) : payload[2];
}

static guint
get_tl0 (Fixture *f)
{
  const guint8 *payload = f->bytes + f->out.payload_offset;

  return (payload[2] & 0x80) != 0 ? payload[4] : payload[3];
}

static void
test_picture_ids_go_on (Fixture *f, gconstpointer data)
{
  guint picture;
  guint tl0;

  assert_forwards (f, .ssrc = SSRC_A, .sequence = 1, .is_keyframe = TRUE, .picture = 0x8000 | 300, .tl0 = 20);
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 2, .picture = 0x8000 | 302, .tl0 = 21);
  picture = get_picture (f);
  tl0 = get_tl0 (f);
  salon_rewriter_switch (&f->rewriter, &vp8_source);
  assert_forwards (f, .ssrc = SSRC_B, .sequence = 1, .is_keyframe = TRUE, .picture = 0x8000 | 7, .tl0 = 99);
  g_assert_cmpuint (get_picture (f), ==, picture + 1);
  g_assert_cmpuint (get_tl0 (f), ==, tl0 + 1);
  assert_forwards (f, .ssrc = SSRC_B, .sequence = 2, .picture = 0x8000 | 8, .tl0 = 100);
  g_assert_cmpuint (get_picture (f), ==, picture + 2);
  g_assert_cmpuint (get_tl0 (f), ==, tl0 + 2);
  g_assert_cmpuint (f->bytes[f->size - 1], ==, 0xee); /* the rest of the payload is untouched */
}

static void
test_wide_picture_ids_wrap (Fixture *f, gconstpointer data)
{
  guint picture = 0;

  for (guint i = 0; i < 0x8000 + 10; i++)
    {
      assert_forwards (
          f, .ssrc = SSRC_A, .sequence = i, .is_keyframe = i == 0, .picture = 0x8000 | ((i + 77) & 0x7fff));
      if (i > 0)
        g_assert_cmpuint (get_picture (f), ==, (picture + 1) & 0x7fff);
      picture = get_picture (f);
    }
}

static void
test_narrow_picture_ids_wrap (Fixture *f, gconstpointer data)
{
  guint picture = 0;

  for (guint i = 0; i < 300; i++)
    {
      guint16 in = i % 127 + 1; /* 0 would mean none to push_vp8 */

      if (in == 1)
        salon_rewriter_switch (&f->rewriter, &vp8_source);
      assert_forwards (f, .ssrc = SSRC_A, .sequence = i, .is_keyframe = in == 1, .picture = in);
      if (i > 0)
        g_assert_cmpuint (get_picture (f), ==, (picture + 1) & 0x7f);
      picture = get_picture (f);
      g_assert_cmpuint (f->size, ==, 12 + 6);
    }
}

/* The element with the output's id 5 came in as 3; mid never passes; the transport-wide number is a fresh placeholder.
 */
static const guint8 with_extensions[] = { 0x90, 100, 0, 1, 0, 0, 0, 1, 0, 0, 0, SSRC_A, 0xbe, 0xde, 0, 3, 0x30, 0xaa,
  0x40, '1', 0x61, 0x12, 0x34, 0x71, 0xab, 0xcd, 0, 0, 0x10, 0x00, 0xee };

static void
map_extensions (Fixture *f, guint8 out_id)
{
  SalonRewriterSource source = vp8_source;

  salon_extension_map_add (&source.extensions, SALON_URI_AUDIO_LEVEL, 3, out_id);
  salon_extension_map_add (&source.extensions, SALON_URI_MID, 4, 4);
  salon_extension_map_add (&source.extensions, SALON_URI_TRANSPORT_CC, 6, 2);
  salon_extension_map_add (&source.extensions, SALON_URI_ABS_SEND_TIME, 7, 7);
  salon_rewriter_switch (&f->rewriter, &source);
}

static void
test_extensions_are_renumbered (Fixture *f, gconstpointer data)
{
  const guint8 expected[] = { 0xbe, 0xde, 0, 2, 0x50, 0xaa, 0x21, 0, 0, 0, 0, 0, 0x10, 0x00, 0xee };

  map_extensions (f, 5);
  g_assert_cmpint (push_bytes (f, with_extensions, sizeof with_extensions, 0), ==, SALON_REWRITER_FORWARD);
  g_assert_cmpmem (f->bytes + 12, f->size - 12, expected, sizeof expected);
}

static void
test_high_ids_take_the_two_byte_form (Fixture *f, gconstpointer data)
{
  const guint8 expected[] = { 0x10, 0x00, 0, 1, 20, 1, 0xaa, 0, 0x10, 0x00, 0xee };

  map_extensions (f, 20);
  g_assert_cmpint (push_bytes (f, with_extensions, sizeof with_extensions, 0), ==, SALON_REWRITER_FORWARD);
  g_assert_cmpmem (f->bytes + 12, f->size - 12, expected, sizeof expected);
}

static void
test_placeholder_is_added (Fixture *f, gconstpointer data)
{
  const guint8 expected[] = { 0xbe, 0xde, 0, 1, 0x21, 0, 0, 0 };

  map_extensions (f, 5);
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 1, .is_keyframe = TRUE);
  g_assert_cmpmem (f->bytes + 12, sizeof expected, expected, sizeof expected);
}

static void
test_no_extensions_without_a_map (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (push_bytes (f, with_extensions, sizeof with_extensions, 0), ==, SALON_REWRITER_FORWARD);
  g_assert_cmphex (f->bytes[0], ==, 0x80);
  g_assert_cmpuint (f->size, ==, 12 + 3);
}

static void
test_update_keeps_the_flow (Fixture *f, gconstpointer data)
{
  SalonRewriterSource source = vp8_source;

  assert_forwards (f, .ssrc = SSRC_A, .sequence = 1, .is_keyframe = TRUE);
  source.payload_type = 120;
  salon_rewriter_update (&f->rewriter, &source);
  assert_forwards (f, .ssrc = SSRC_A, .sequence = 2);
  g_assert_cmpuint (f->out.payload_type, ==, 120);
  g_assert_cmpuint (f->out.sequence, ==, 1001);
}

static void
test_padding_only_packets_keep_their_number (Fixture *f, gconstpointer data)
{
  const guint8 padding[] = { 0xa0, 100, 0, 2, 0, 0, 0, 1, 0, 0, 0, SSRC_A, 0, 0, 3 };

  assert_forwards (f, .ssrc = SSRC_A, .sequence = 1, .is_keyframe = TRUE);
  g_assert_cmpint (push_bytes (f, padding, sizeof padding, 0), ==, SALON_REWRITER_FORWARD);
  g_assert_cmpuint (f->out.sequence, ==, 1001);
  g_assert_cmpuint (f->size, ==, 12);
}

/* -- layers -- */

#define assert_unwanted(f, ...) g_assert_cmpint (push_vp8 (f, (In){ __VA_ARGS__ }), ==, SALON_REWRITER_UNWANTED)

/* A packet of a picture of a layer; and that of a stream of one packet a picture. */
#define PART(number, picture_number, of_layer)                                                                         \
  .ssrc = SSRC_A, .sequence = 100 + (number), .timestamp = 3000 * (picture_number),                                    \
  .picture = 0x8000 | ((500 + (picture_number)) & 0x7fff), .tl0 = (picture_number) / 4, .layer = (of_layer)
#define PICTURE(number, of_layer) PART (number, number, of_layer)
#define KEYFRAME(number) PICTURE (number, T0), .is_keyframe = TRUE

static void
assert_out (Fixture *f, guint sequence, guint picture, guint8 tl0)
{
  const guint8 *payload = f->bytes + f->out.payload_offset;

  g_assert_cmpuint (f->out.sequence, ==, sequence);
  g_assert_cmpuint ((payload[2] & 0x7f) << 8 | payload[3], ==, picture);
  g_assert_cmpuint (payload[4], ==, tl0);
}

static void
want_temporal (Fixture *f, guint8 temporal)
{
  salon_rewriter_set_layers (&f->rewriter, (SalonRewriterLayers){ 0, temporal });
}

/* T0 T2 T1 T2, without T2, then without T1. */
static void
test_left_out_layers_leave_no_gap (Fixture *f, gconstpointer data)
{
  want_temporal (f, 1);
  assert_forwards (f, KEYFRAME (0));
  assert_out (f, 1000, 1, 1);
  assert_unwanted (f, PICTURE (1, T2 | SYNC));
  assert_forwards (f, PICTURE (2, T1 | SYNC));
  assert_out (f, 1001, 2, 1);
  assert_unwanted (f, PICTURE (3, T2));
  assert_forwards (f, PICTURE (4, T0));
  assert_out (f, 1002, 3, 2);
  want_temporal (f, 0);
  assert_unwanted (f, PICTURE (5, T2));
  assert_unwanted (f, PICTURE (6, T1));
  assert_unwanted (f, PICTURE (7, T2));
  assert_forwards (f, PICTURE (8, T0));
  assert_out (f, 1003, 4, 3);
}

static void
test_goes_up_where_layers_begin_anew (Fixture *f, gconstpointer data)
{
  want_temporal (f, 0);
  assert_forwards (f, KEYFRAME (0));
  want_temporal (f, 2);
  assert_unwanted (f, PICTURE (1, T2)); /* perhaps by what was left out */
  assert_unwanted (f, PICTURE (2, T1));
  assert_forwards (f, PICTURE (3, T0));
  assert_forwards (f, PICTURE (4, T1 | SYNC));
  assert_out (f, 1002, 3, 2);
  assert_unwanted (f, PICTURE (5, T2));
  assert_forwards (f, PICTURE (6, T2 | SYNC));
  assert_forwards (f, PICTURE (7, T2));
  assert_out (f, 1004, 5, 2);
}

static void
test_a_keyframe_brings_all_layers (Fixture *f, gconstpointer data)
{
  want_temporal (f, 0);
  assert_forwards (f, KEYFRAME (0));
  want_temporal (f, 2);
  assert_unwanted (f, PICTURE (1, T2));
  assert_forwards (f, KEYFRAME (2));
  assert_forwards (f, PICTURE (3, T2));
}

/* A picture goes out whole or not at all. */
static void
test_goes_down_between_pictures (Fixture *f, gconstpointer data)
{
  assert_forwards (f, KEYFRAME (0));
  assert_forwards (f, PICTURE (1, T2));
  want_temporal (f, 0);
  assert_forwards (f, PART (2, 1, T2));
  assert_unwanted (f, PICTURE (3, T2));
}

/* What was lost between forwarded packets stays to be asked for; within a picture that is left out nobody wants it. */
static void
test_only_needed_gaps_stay (Fixture *f, gconstpointer data)
{
  want_temporal (f, 0);
  assert_forwards (f, KEYFRAME (0));
  assert_forwards (f, PICTURE (2, T0));
  assert_out (f, 1002, 3, 1);
  assert_unwanted (f, PICTURE (3, T2));
  assert_unwanted (f, PART (6, 3, T2)); /* 4 and 5 are lost */
  assert_forwards (f, PART (7, 4, T0));
  assert_out (f, 1003, 4, 2);
  assert_unwanted (f, PART (8, 5, T2));
  assert_forwards (f, PART (10, 7, T0)); /* 9 is lost: whose, nobody knows */
  assert_out (f, 1005, 6, 2);
}

static void
test_late_packets_find_their_number (Fixture *f, gconstpointer data)
{
  want_temporal (f, 1);
  assert_forwards (f, KEYFRAME (0));
  assert_unwanted (f, PICTURE (2, T2)); /* 1 comes later */
  assert_forwards (f, PICTURE (3, T1));
  assert_out (f, 1002, 3, 1);
  assert_unwanted (f, PICTURE (5, T2));
  assert_forwards (f, PICTURE (6, T0));
  assert_out (f, 1004, 5, 2);
  assert_forwards (f, PICTURE (1, T1));
  assert_out (f, 1001, 2, 1);
  assert_unwanted (f, PICTURE (4, T2));
  want_temporal (f, 2);
  assert_forwards (f, KEYFRAME (9));
  assert_unwanted (f, PICTURE (8, T2)); /* from before T2 began */
  assert_forwards (f, PICTURE (7, T1));
  assert_out (f, 1005, 6, 2);
}

static void
test_leaving_out_wraps (Fixture *f, gconstpointer data)
{
  guint sequence;

  want_temporal (f, 0);
  assert_forwards (f, KEYFRAME (0));
  sequence = f->out.sequence;
  for (guint i = 1; i < 70000; i++)
    {
      if (i % 2 != 0)
        assert_unwanted (f, PICTURE (i, T2));
      else
        {
          assert_forwards (f, PICTURE (i, T0));
          assert_out (f, ++sequence & 0xffff, (1 + i / 2) & 0x7fff, (1 + i / 4) & 0xff);
        }
    }
}

/* -- AV1's dependency descriptor -- */

static SalonRewriterVerdict
push_av1 (Fixture *f, guint32 ssrc, guint16 sequence, guint16 frame, gboolean is_keyframe)
{
  guint8 bytes[64];
  In in = { .ssrc = ssrc, .sequence = sequence };
  gsize size = write_header (bytes, &in);
  const guint8 rest[]
      = { 0xbe, 0xde, 0, 1, 0xc2, 0x85, frame >> 8, frame & 0xff, is_keyframe ? 0x18 : 0x10, 0x32, 0x0b };

  bytes[0] |= 0x10;
  memcpy (bytes + size, rest, sizeof rest);
  return push_bytes (f, bytes, size + sizeof rest, 0);
}

static void
assert_frame (Fixture *f, guint16 frame)
{
  const guint8 expected[] = { 0x85, frame >> 8, frame & 0xff };
  const guint8 *descriptor;
  gsize size;

  g_assert_cmpint (f->verdict, ==, SALON_REWRITER_FORWARD);
  descriptor = salon_rtp_packet_find_extension (&f->out, 5, &size);
  g_assert_cmpmem (descriptor, size, expected, sizeof expected);
}

/* Over a switch; and gaps stay, since frames name each other by their distance. */
static void
test_frame_numbers_go_on (Fixture *f, gconstpointer data)
{
  SalonRewriterSource source = { .codec = SALON_CODEC_AV1, .clock_rate = 90000, .payload_type = 45 };

  salon_extension_map_add (&source.extensions, SALON_URI_DEPENDENCY_DESCRIPTOR, 12, 5);
  salon_rewriter_switch (&f->rewriter, &source);
  push_av1 (f, SSRC_A, 1, 65535, TRUE);
  assert_frame (f, 1);
  push_av1 (f, SSRC_A, 3, 1, FALSE);
  assert_frame (f, 3);
  push_av1 (f, SSRC_A, 2, 0, FALSE);
  assert_frame (f, 2);
  salon_rewriter_switch (&f->rewriter, &source);
  push_av1 (f, SSRC_B, 500, 7000, TRUE);
  assert_frame (f, 4);
  push_av1 (f, SSRC_B, 501, 7001, FALSE);
  assert_frame (f, 5);
}

/* Only the first is one that was renumbered; of the memory behind it nothing may go out. */
static void
test_second_descriptor_is_left_out (Fixture *f, gconstpointer data)
{
  static const guint8 rest[] = { 0xbe, 0xde, 0, 6, 0xc2, 0x85, 0, 7, 0xcf, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
    14, 15, 16, 0, 0, 0, 0x18, 0x32, 0x0b };
  SalonRewriterSource source = { .codec = SALON_CODEC_AV1, .clock_rate = 90000, .payload_type = 45 };
  guint8 bytes[64];
  In in = { .ssrc = SSRC_A, .sequence = 1 };
  gsize size = write_header (bytes, &in);
  SalonRtpExtensionIter iter;
  SalonRtpExtension extension;
  guint n = 0;

  salon_extension_map_add (&source.extensions, SALON_URI_DEPENDENCY_DESCRIPTOR, 12, 5);
  salon_rewriter_switch (&f->rewriter, &source);
  bytes[0] |= 0x10;
  memcpy (bytes + size, rest, sizeof rest);
  push_bytes (f, bytes, size + sizeof rest, 0);
  assert_frame (f, 1);
  salon_rtp_extension_iter_init (&iter, &f->out);
  while (salon_rtp_extension_iter_next (&iter, &extension))
    n++;
  g_assert_cmpuint (n, ==, 1);
}

/* -- layers by dependency descriptor, see test-dependencies.c for where they come from -- */

static const char l1t3_templates[] = "800214eaa860414d1410208426";
static const char l3t3_templates[]
    = "80081485214eafffaaaa863cf0430c10c302afc0aaa0063c00430010c002a000a80006000040001d954926e082b04a0941b820ac12825031"
      "57f974000ca864330e222222eca8655304224230eca8775300ef008601df010d03bf021b";
/* Of three temporal layers, and of three spatial ones: the templates' places. */
enum
{
  L1T3_T0 = 1,
  L1T3_T1,
  L1T3_T2,
  L3T3_S0T0 = 1,
  L3T3_S0T1,
  L3T3_S0T2,
  L3T3_S1T0 = 6,
  L3T3_S2T0 = 11,
};

static gsize
read_hex (const char *hex, guint8 *bytes)
{
  gsize size = strlen (hex) / 2;

  for (gsize i = 0; i < size; i++)
    bytes[i] = g_ascii_xdigit_value (hex[2 * i]) << 4 | g_ascii_xdigit_value (hex[2 * i + 1]);
  return size;
}

/* Takes the packet with the two-byte form of extensions: templates are longer than the other one can say. */
static SalonRewriterVerdict
push_described (Fixture *f, In in, guint8 template, const char *templates)
{
  const guint8 mandatory[] = { 0xc0 | template, in.sequence >> 8, in.sequence & 0xff };
  guint8 bytes[256] = { 0 };
  gsize size = write_header (bytes, &in);
  guint8 *extension = bytes + size;
  gsize descriptor_size = sizeof mandatory;

  memcpy (extension + 6, mandatory, sizeof mandatory);
  if (templates != NULL)
    descriptor_size += read_hex (templates, extension + 6 + sizeof mandatory);
  bytes[0] |= 0x10;
  extension[0] = 0x10;
  extension[3] = (2 + descriptor_size + 3) / 4;
  extension[4] = 12;
  extension[5] = descriptor_size;
  size += 4 + 4 * extension[3];
  memcpy (bytes + size, templates != NULL ? "\x18\x32" : "\x10\x32", 2);
  return push_bytes (f, bytes, size + 2, 0);
}

/* A packet a frame, whose number is its sequence number too. */
#define FRAME(number, picture) .ssrc = SSRC_A, .sequence = (number), .timestamp = 3000 * (picture)
#define assert_described(verdict, f, template, templates, ...)                                                         \
  g_assert_cmpint (push_described (f, (In){ __VA_ARGS__ }, template, templates), ==, SALON_REWRITER_##verdict)

static void
set_up_described (Fixture *f, SalonRewriterLayers layers)
{
  SalonRewriterSource source = { .codec = SALON_CODEC_AV1, .clock_rate = 90000, .payload_type = 45 };

  salon_extension_map_add (&source.extensions, SALON_URI_DEPENDENCY_DESCRIPTOR, 12, 5);
  salon_rewriter_switch (&f->rewriter, &source);
  salon_rewriter_set_layers (&f->rewriter, layers);
}

static void
assert_descriptor (Fixture *f, const char *hex)
{
  guint8 expected[255];
  const guint8 *descriptor;
  gsize size;

  descriptor = salon_rtp_packet_find_extension (&f->out, 5, &size);
  g_assert_cmpmem (descriptor, size, expected, read_hex (hex, expected));
}

/* Frame numbers keep their gaps; the targets of what is left out are not active, until all are once more. */
static void
test_described_temporal_layers (Fixture *f, gconstpointer data)
{
  set_up_described (f, (SalonRewriterLayers){ 7, 0 });
  assert_described (FORWARD, f, L1T3_T0, l1t3_templates, FRAME (10, 0));
  assert_described (UNWANTED, f, L1T3_T2, NULL, FRAME (11, 1));
  assert_described (UNWANTED, f, L1T3_T1, NULL, FRAME (12, 2));
  assert_described (UNWANTED, f, L1T3_T2, NULL, FRAME (13, 3));
  assert_described (FORWARD, f, L1T3_T0, NULL, FRAME (14, 4));
  g_assert_cmpuint (f->out.sequence, ==, 1001);
  assert_descriptor (f, "c1000541");
  salon_rewriter_set_layers (&f->rewriter, (SalonRewriterLayers){ 7, 1 });
  assert_described (UNWANTED, f, L1T3_T1, NULL, FRAME (16, 6)); /* perhaps by what was left out */
  assert_described (FORWARD, f, L1T3_T0, NULL, FRAME (18, 8));
  assert_described (UNWANTED, f, L1T3_T2, NULL, FRAME (19, 9));
  assert_described (FORWARD, f, L1T3_T1, NULL, FRAME (20, 10));
  assert_descriptor (f, "c2000b43");
  salon_rewriter_set_layers (&f->rewriter, SALON_REWRITER_ALL_LAYERS);
  assert_described (UNWANTED, f, L1T3_T2, NULL, FRAME (21, 11));
  assert_described (FORWARD, f, L1T3_T1, NULL, FRAME (22, 12));
  assert_described (FORWARD, f, L1T3_T2, NULL, FRAME (23, 13));
  assert_descriptor (f, "c3000e47");
  assert_described (FORWARD, f, L1T3_T0, l1t3_templates, FRAME (24, 14));
  assert_described (FORWARD, f, L1T3_T2, NULL, FRAME (25, 15));
  assert_descriptor (f, "c30010");
}

static void
test_described_spatial_layers (Fixture *f, gconstpointer data)
{
  set_up_described (f, (SalonRewriterLayers){ 1, 7 });
  assert_described (FORWARD, f, L3T3_S0T0, l3t3_templates, FRAME (1, 0));
  g_assert_false (f->out.has_marker);
  assert_described (FORWARD, f, L3T3_S1T0, NULL, FRAME (2, 0));
  g_assert_true (f->out.has_marker && f->result.has_marker);
  assert_descriptor (f, "c6000240fc");
  assert_described (UNWANTED, f, L3T3_S2T0, NULL, FRAME (3, 0));
  salon_rewriter_set_layers (&f->rewriter, SALON_REWRITER_ALL_LAYERS);
  assert_described (FORWARD, f, L3T3_S0T0, NULL, FRAME (4, 1));
  assert_described (FORWARD, f, L3T3_S1T0, NULL, FRAME (5, 1));
  assert_described (AWAITING_LAYER, f, L3T3_S2T0, NULL, FRAME (6, 1));
  assert_described (FORWARD, f, L3T3_S0T0, l3t3_templates, FRAME (7, 2));
  g_assert_cmpuint (f->out.sequence, ==, 1004);
  assert_described (FORWARD, f, L3T3_S1T0, NULL, FRAME (8, 2));
  g_assert_false (f->out.has_marker);
  assert_described (FORWARD, f, L3T3_S2T0, NULL, FRAME (9, 2));
  assert_descriptor (f, "cb0009");
  salon_rewriter_set_layers (&f->rewriter, (SalonRewriterLayers){ 0, 7 });
  assert_described (FORWARD, f, L3T3_S0T0, NULL, FRAME (10, 3));
  g_assert_true (f->out.has_marker);
  assert_described (UNWANTED, f, L3T3_S1T0, NULL, FRAME (11, 3));
}

/* Those of the second source must not be taken for the first one's, nor the other way round. */
static void
test_templates_are_numbered_on (Fixture *f, gconstpointer data)
{
  set_up_described (f, SALON_REWRITER_ALL_LAYERS);
  assert_described (FORWARD, f, L3T3_S0T0, l3t3_templates, FRAME (1, 0));
  assert_described (FORWARD, f, L3T3_S0T2, NULL, FRAME (2, 1));
  assert_descriptor (f, "c30002");
  set_up_described (f, SALON_REWRITER_ALL_LAYERS);
  assert_described (AWAITING_KEYFRAME, f, L1T3_T2, NULL, .ssrc = SSRC_B, .sequence = 700);
  assert_described (FORWARD, f, L1T3_T0, l1t3_templates, .ssrc = SSRC_B, .sequence = 701);
  assert_descriptor (f, "d0000381e214eaa860414d1410208426"); /* from 15 on */
  assert_described (FORWARD, f, L1T3_T2, NULL, .ssrc = SSRC_B, .sequence = 702);
  assert_descriptor (f, "d20004");
}

/* Nothing is known of its frame: it goes out, and the receiver may make of it what it can. */
static void
test_unknown_descriptors_pass (Fixture *f, gconstpointer data)
{
  set_up_described (f, (SalonRewriterLayers){ 0, 0 });
  assert_described (FORWARD, f, L1T3_T0, l1t3_templates, FRAME (1, 0));
  assert_described (FORWARD, f, 9, NULL, FRAME (2, 1));
  assert_descriptor (f, "c90002");
}

/* -- VP9's layers: one packet a spatial layer, three to a picture -- */

static SalonRewriterVerdict
push_vp9 (Fixture *f, guint picture, guint8 spatial, guint8 temporal, gboolean is_keyframe, gboolean is_switching_up)
{
  const guint8 payload[] = { 0xac | (is_keyframe || spatial > 0 ? 0 : 0x40), 0x80 | picture >> 8, picture & 0xff,
    temporal << 5 | (is_switching_up ? 0x10 : 0) | spatial << 1, picture / 4, 0x82 };
  In in = { .ssrc = SSRC_A, .sequence = 3 * picture + spatial, .timestamp = 3000 * picture };

  return push_payload (f, in, (const char *)payload, sizeof payload);
}

#define assert_vp9(verdict, f, ...) g_assert_cmpint (push_vp9 (f, __VA_ARGS__), ==, SALON_REWRITER_##verdict)

static guint
get_vp9_picture (Fixture *f)
{
  const guint8 *payload = f->bytes + f->out.payload_offset;

  return (payload[1] & 0x7f) << 8 | payload[2];
}

static void
set_up_vp9 (Fixture *f, SalonRewriterLayers layers)
{
  static const SalonRewriterSource source = { .codec = SALON_CODEC_VP9, .clock_rate = 90000, .payload_type = 98 };

  salon_rewriter_switch (&f->rewriter, &source);
  salon_rewriter_set_layers (&f->rewriter, layers);
}

/* The last packet of what is left of a picture gets the marker that the last of all had. */
static void
test_spatial_layers_begin_with_a_keyframe (Fixture *f, gconstpointer data)
{
  set_up_vp9 (f, (SalonRewriterLayers){ 1, 7 });
  assert_vp9 (AWAITING_KEYFRAME, f, 9, 1, 0, TRUE, FALSE);
  assert_vp9 (FORWARD, f, 10, 0, 0, TRUE, FALSE);
  g_assert_false (f->out.has_marker);
  assert_vp9 (FORWARD, f, 10, 1, 0, TRUE, FALSE);
  g_assert_true (f->out.has_marker && f->result.has_marker);
  g_assert_cmpuint (f->out.sequence, ==, 1001);
  assert_vp9 (UNWANTED, f, 10, 2, 0, TRUE, FALSE);
  salon_rewriter_set_layers (&f->rewriter, (SalonRewriterLayers){ 2, 7 });
  assert_vp9 (FORWARD, f, 11, 0, 0, FALSE, FALSE);
  g_assert_cmpuint (f->out.sequence, ==, 1002);
  assert_vp9 (FORWARD, f, 11, 1, 0, FALSE, FALSE);
  assert_vp9 (AWAITING_LAYER, f, 11, 2, 0, FALSE, FALSE);
  assert_vp9 (FORWARD, f, 12, 0, 0, TRUE, FALSE);
  assert_vp9 (FORWARD, f, 12, 1, 0, TRUE, FALSE);
  g_assert_false (f->out.has_marker);
  assert_vp9 (FORWARD, f, 12, 2, 0, TRUE, FALSE);
  g_assert_cmpuint (f->out.sequence, ==, 1006);
}

static void
test_spatial_layers_end_with_a_picture (Fixture *f, gconstpointer data)
{
  set_up_vp9 (f, SALON_REWRITER_ALL_LAYERS);
  assert_vp9 (FORWARD, f, 10, 0, 0, TRUE, FALSE);
  salon_rewriter_set_layers (&f->rewriter, (SalonRewriterLayers){ 0, 7 });
  assert_vp9 (FORWARD, f, 10, 1, 0, TRUE, FALSE);
  assert_vp9 (FORWARD, f, 10, 2, 0, TRUE, FALSE);
  assert_vp9 (FORWARD, f, 11, 0, 0, FALSE, FALSE);
  g_assert_true (f->out.has_marker);
  assert_vp9 (UNWANTED, f, 11, 1, 0, FALSE, FALSE);
  assert_vp9 (UNWANTED, f, 11, 2, 0, FALSE, FALSE);
}

/* They name each other by the distance of their ids. */
static void
test_vp9_picture_ids_keep_their_gaps (Fixture *f, gconstpointer data)
{
  guint first;

  set_up_vp9 (f, (SalonRewriterLayers){ 7, 0 });
  assert_vp9 (FORWARD, f, 10, 0, 0, TRUE, FALSE);
  first = get_vp9_picture (f);
  assert_vp9 (UNWANTED, f, 11, 0, 1, FALSE, TRUE);
  assert_vp9 (FORWARD, f, 12, 0, 0, FALSE, FALSE);
  g_assert_cmpuint (get_vp9_picture (f), ==, first + 2);
  /* The three of picture 11 close up but for the two that did not come. */
  salon_rewriter_set_layers (&f->rewriter, SALON_REWRITER_ALL_LAYERS);
  assert_vp9 (UNWANTED, f, 13, 0, 1, FALSE, TRUE);
  assert_vp9 (FORWARD, f, 14, 0, 0, FALSE, TRUE);
  assert_vp9 (FORWARD, f, 15, 0, 1, FALSE, FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/rewriter/" name, Fixture, NULL, set_up, func, NULL)
  ADD ("starts-low", test_starts_low);
  ADD ("awaits-a-keyframe", test_awaits_a_keyframe);
  ADD ("audio-awaits-nothing", test_audio_awaits_nothing);
  ADD ("redundancy-passes", test_redundancy_passes);
  ADD ("redundancy-is-taken-off", test_redundancy_is_taken_off);
  ADD ("malformed-redundancy-is-dropped", test_malformed_redundancy_is_dropped);
  ADD ("switch-is-continuous", test_switch_is_continuous);
  ADD ("switch-between-codecs", test_switch_between_codecs);
  ADD ("time-never-stands-still", test_time_never_stands_still);
  ADD ("numbers-wrap", test_numbers_wrap);
  ADD ("gaps-stay-gaps", test_gaps_stay_gaps);
  ADD ("drops-duplicates", test_drops_duplicates);
  ADD ("never-goes-back-beyond-a-switch", test_never_goes_back_beyond_a_switch);
  ADD ("drops-what-is-too-late", test_drops_what_is_too_late);
  ADD ("restarted-source-is-a-switch", test_restarted_source_is_a_switch);
  ADD ("new-ssrc-is-a-switch", test_new_ssrc_is_a_switch);
  ADD ("picture-ids-go-on", test_picture_ids_go_on);
  ADD ("wide-picture-ids-wrap", test_wide_picture_ids_wrap);
  ADD ("narrow-picture-ids-wrap", test_narrow_picture_ids_wrap);
  ADD ("extensions-are-renumbered", test_extensions_are_renumbered);
  ADD ("high-ids-take-the-two-byte-form", test_high_ids_take_the_two_byte_form);
  ADD ("placeholder-is-added", test_placeholder_is_added);
  ADD ("no-extensions-without-a-map", test_no_extensions_without_a_map);
  ADD ("update-keeps-the-flow", test_update_keeps_the_flow);
  ADD ("padding-only-packets-keep-their-number", test_padding_only_packets_keep_their_number);
  ADD ("left-out-layers-leave-no-gap", test_left_out_layers_leave_no_gap);
  ADD ("goes-up-where-layers-begin-anew", test_goes_up_where_layers_begin_anew);
  ADD ("a-keyframe-brings-all-layers", test_a_keyframe_brings_all_layers);
  ADD ("goes-down-between-pictures", test_goes_down_between_pictures);
  ADD ("only-needed-gaps-stay", test_only_needed_gaps_stay);
  ADD ("late-packets-find-their-number", test_late_packets_find_their_number);
  ADD ("leaving-out-wraps", test_leaving_out_wraps);
  ADD ("frame-numbers-go-on", test_frame_numbers_go_on);
  ADD ("described-temporal-layers", test_described_temporal_layers);
  ADD ("described-spatial-layers", test_described_spatial_layers);
  ADD ("templates-are-numbered-on", test_templates_are_numbered_on);
  ADD ("unknown-descriptors-pass", test_unknown_descriptors_pass);
  ADD ("a-second-descriptor-is-left-out", test_second_descriptor_is_left_out);
  ADD ("spatial-layers-begin-with-a-keyframe", test_spatial_layers_begin_with_a_keyframe);
  ADD ("spatial-layers-end-with-a-picture", test_spatial_layers_end_with_a_picture);
  ADD ("vp9-picture-ids-keep-their-gaps", test_vp9_picture_ids_keep_their_gaps);
  return g_test_run ();
}
