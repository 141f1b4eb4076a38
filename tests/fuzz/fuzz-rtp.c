/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libFuzzer's door to everything that reads a publisher's packets, and what a subscriber says in RTCP. The input is cut
 * into packets, each after a length of two bytes, so that the rewriter's memory is exercised too; its first byte
 * chooses the codec and what happens between the packets. Whatever comes out must be a packet again, with the output's
 * numbers.
 *
 *   CC=clang meson setup build-fuzz -Db_lundef=false
 *   meson test -C build-fuzz --suite fuzz            # a bounded run
 *   build-fuzz/tests/unit/fuzz-rtp corpus/           # as long as you like */
#include <string.h>

#include "salon-dependencies.h"
#include "salon-level-meter.h"
#include "salon-red.h"
#include "salon-rewriter.h"
#include "salon-rtcp.h"
#include "salon-transport-feedback.h"

#define SSRC_OUT 0xcafe0001
#define MAX_PACKET 1600

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static SalonRewriterSource
make_source (guint8 choice)
{
  SalonRewriterSource source = { .codec = choice % SALON_N_CODECS,
    .clock_rate = 90000,
    .payload_type = 96,
    .red_payload_type = (choice & 0x20) != 0 ? 97 : 0 };

  for (guint id = 1; id < 256; id++)
    salon_extension_map_add (&source.extensions, "urn:test", id, (choice & 0x40) != 0 ? 256 - id : (id - 1) % 14 + 1);
  salon_extension_map_add (&source.extensions, SALON_URI_TRANSPORT_CC, 0, (choice & 0x80) != 0 ? 9 : 0);
  if ((choice & 0x20) != 0)
    salon_extension_map_add (&source.extensions, SALON_URI_DEPENDENCY_DESCRIPTOR, 12, 5);
  return source;
}

/* Redundancy is taken off, or stays and can be read again. */
static void
check_payload (const SalonRewriter *rewriter, const SalonRtpPacket *in, const SalonRtpPacket *out)
{
  gboolean is_red = rewriter->source.codec == SALON_CODEC_RED;
  SalonRed red;

  if (is_red && rewriter->source.red_payload_type == 0)
    {
      g_assert_cmpuint (out->payload_type, ==, 96);
      g_assert_cmpuint (out->payload_size, <, in->payload_size);
      return;
    }
  g_assert_cmpuint (out->payload_type, ==, is_red ? 97 : 96);
  g_assert_cmpuint (out->payload_size, ==, in->payload_size);
  g_assert_true (
      !is_red || salon_red_parse (&red, out->data + out->payload_offset, out->payload_size, out->payload_size));
}

/* A packet of ours: the header says so, and it is as long as its parts. */
static void
check_result (const SalonRewriter *rewriter, const SalonRtpPacket *in, const SalonRewriterResult *result)
{
  static guint8 bytes[SALON_REWRITER_HEAD_BYTES + MAX_PACKET];
  gsize size = result->head_size + result->rest_size;
  SalonRtpPacket out;
  SalonRtpExtensionIter iter;
  SalonRtpExtension extension;

  g_assert_cmpuint (result->head_size, <=, SALON_REWRITER_HEAD_BYTES);
  g_assert_cmpuint (result->rest_offset + result->rest_size, ==, in->payload_offset + in->payload_size);
  memcpy (bytes, result->head, result->head_size);
  if (result->rest_offset < in->data_size)
    memcpy (bytes + result->head_size, in->data + result->rest_offset,
        MIN (result->rest_size, in->data_size - result->rest_offset));

  g_assert_true (salon_rtp_packet_parse (&out, bytes, size));
  g_assert_cmphex (out.ssrc, ==, SSRC_OUT);
  check_payload (rewriter, in, &out);
  salon_rtp_extension_iter_init (&iter, &out);
  while (salon_rtp_extension_iter_next (&iter, &extension))
    g_assert_cmpuint (extension.id, !=, 0);
}

static void
rewrite_one (SalonRewriter *rewriter, const guint8 *data, gsize size, gsize whole_size, gint64 now_us)
{
  SalonRtpPacket packet;
  SalonRewriterResult result;

  if (!salon_rtp_packet_parse_head (&packet, data, size, whole_size)
      || !salon_rtp_packet_cut_padding (&packet, data[size - 1]))
    return;
  if (salon_rewriter_rewrite (rewriter, &packet, now_us, &result) == SALON_REWRITER_FORWARD)
    check_result (rewriter, &packet, &result);
}

/* What is understood must mean the same once it was changed, but for what was to be changed. */
static void
read_dependencies (SalonDependencies *dependencies, const guint8 *data, gsize size)
{
  SalonDependenciesChange change = { .add_to_number = 1, .add_to_ids = 7, .has_targets = TRUE };
  SalonFrame frame = { 0 };
  SalonFrame again = { 0 };
  SalonDependencies copy;
  guint8 out[SALON_DEPENDENCIES_MAX_BYTES];
  gsize out_size;

  if (!salon_dependencies_read (dependencies, data, size, &frame))
    return;
  g_assert_cmpuint (frame.n_sizes, <=, SALON_FRAME_MAX_SIZES);
  copy = *dependencies;
  copy.first_id = (copy.first_id + change.add_to_ids) & 0x3f;
  change.targets = salon_dependencies_get_targets (dependencies, frame.spatial, frame.temporal);
  out_size = salon_dependencies_write (dependencies, data, size, &change, out);
  if (out_size == 0)
    return;
  g_assert_true (salon_dependencies_read (&copy, out, out_size, &again));
  g_assert_cmpmem (&frame, sizeof frame, &again, sizeof again);
  g_assert_cmphex (copy.active_targets, ==, change.targets);
  copy.first_id = dependencies->first_id;
  copy.active_targets = dependencies->active_targets;
  g_assert_cmpmem (&copy, sizeof copy, dependencies, sizeof copy);
}

static void
read_transport_feedback (const SalonRtcpPacket *packet)
{
  SalonTransportFeedback feedback;
  SalonPacketStatus status;
  guint n = 0;

  if (!salon_transport_feedback_parse (&feedback, packet->data, packet->size))
    return;
  while (salon_transport_feedback_next (&feedback, &status))
    n++;
  g_assert_cmpuint (n, ==, feedback.n_packets);
}

static void
read_rtcp (const guint8 *data, gsize size)
{
  const guint8 *at = data;
  SalonRtcpPacket packet;
  SalonRtcpReportBlock block;

  while (salon_rtcp_next (&at, &size, &packet))
    {
      g_assert_cmpuint (packet.size, >=, salon_rtcp_get_least_size (packet.type, packet.count));
      for (guint i = 0; i < salon_rtcp_get_n_blocks (&packet); i++)
        salon_rtcp_get_block (&packet, i, &block);
      read_transport_feedback (&packet);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  SalonRewriterSource source;
  SalonRewriter rewriter;
  SalonLevelMeter meter = { 0 };
  SalonDependencies dependencies = { 0 };
  int level_dbov;
  gint64 now_us = 0;

  if (size < 1)
    return 0;
  source = make_source (*data);
  salon_rewriter_init (&rewriter, SSRC_OUT, 0x1234567890abcdef);
  salon_rewriter_switch (&rewriter, &source);
  for (data++, size--; size >= 2;)
    {
      guint8 action = data[0];
      gsize packet_size = MIN ((gsize)(action & 0x07) << 8 | data[1], MIN (size - 2, MAX_PACKET));
      /* A copy of its own, so that a sanitizer sees a read past its end. */
      g_autofree guint8 *packet = g_memdup2 (data + 2, packet_size);

      if ((action & 0xe0) == 0xe0)
        salon_rewriter_switch (&rewriter, &source);
      else if ((action & 0xe0) == 0xc0)
        salon_rewriter_set_layers (&rewriter, (SalonRewriterLayers){ action & 0x03, action >> 2 & 0x03 });
      read_rtcp (packet, packet_size);
      read_dependencies (&dependencies, packet, packet_size);
      salon_level_meter_add (&meter, packet, packet_size, packet_size, 1 + (action & 0x0f));
      if (packet_size > 0)
        rewrite_one (&rewriter, packet, packet_size, (action & 0x10) != 0 ? MAX_PACKET : packet_size, now_us);
      now_us += action * 1000;
      data += 2 + packet_size;
      size -= 2 + packet_size;
    }
  g_assert_true (!salon_level_meter_take (&meter, &level_dbov) || (level_dbov <= 0 && level_dbov >= -127));
  return 0;
}
