/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A subscriber's sender, on a real media port; the client is a socket, and libsrtp. */
#include <gst/check/gsttestclock.h>
#include <gst/rtp/rtp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "network-model.h"
#include "salon-bytes.h"
#include "salon-rtp-packet.h"
#include "salon-sender-report.h"
#include "salon-sender.h"
#include "srtp-receiver.h"

#define SSRC_VIDEO 0x5a100001
#define SSRC_RTX 0x12345678
#define SSRC_AUDIO 0x5a100000
#define TYPE_VIDEO 96
#define TYPE_RTX 97
#define NUMBER_ID 3
#define HEADER_BYTES 20
#define PATIENCE_S 10

static const SalonBandwidthBounds bounds = { .min_bps = 50000, .start_bps = 1000000, .max_bps = 20000000 };
static const guint8 key[SALON_SRTP_KEY_BYTES] = "a key of thirty bytes, no less";

typedef struct
{
  SalonIceHub *hub;
  SalonIcePeer *peer;
  int fd;                      /* the client's */
  SalonBottleneck *bottleneck; /* (owned) */
  SalonSender *sender;
  GstPad *video, *audio;
  GstClock *clock;
  SrtpReceiver receiver;
  guint n_freed;     /* of the packets that are counted */
  guint8 data[2048]; /* the packet that came last */
  gsize size;
} Fixture;

/* -- the client -- */

static void
on_state (SalonIceState state, gpointer user_data)
{
}

/* As if it had sent a check. */
static void
connect_client (Fixture *f)
{
  struct timeval patience = { .tv_sec = PATIENCE_S };
  int room = 1024 * 1024;
  SalonIcePath path = { .connection = NULL };
  SalonIcePath evicted;
  SalonIceProbe probe;
  socklen_t length = sizeof path.remote;
  gboolean is_new;

  g_assert_true (salon_ice_address_parse ("127.0.0.1", 0, &path.local));
  f->fd = socket (AF_INET, SOCK_DGRAM, 0);
  setsockopt (f->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt (f->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  g_assert_cmpint (bind (f->fd, &path.local.any, salon_ice_address_length (&path.local)), ==, 0);
  g_assert_cmpint (getsockname (f->fd, &path.remote.any, &length), ==, 0);
  salon_ice_peer_take_check (f->peer, &path, TRUE, g_get_monotonic_time (), &probe, &is_new, &evicted);
}

/* The next datagram, without those of ICE. */
static gssize
receive (Fixture *f, guint8 *data, gsize size)
{
  for (;;)
    {
      gssize n = recv (f->fd, data, size, 0);

      if (n < 0 || data[0] >= 0x80)
        return n;
    }
}

/* The next packet, decrypted: into f->data. */
static void
receive_packet (Fixture *f, gboolean is_rtcp)
{
  g_autoptr (GstBuffer) buffer = NULL;
  gssize n = receive (f, f->data, sizeof f->data);

  g_assert_cmpint (n, >, 0);
  g_assert_true (is_rtcp == (f->data[1] >= 192 && f->data[1] <= 223));
  buffer = is_rtcp ? srtp_receiver_take_rtcp (&f->receiver, f->data, n)
                   : srtp_receiver_take_rtp (&f->receiver, f->data, n);
  g_assert_nonnull (buffer);
  f->size = gst_buffer_extract (buffer, 0, f->data, sizeof f->data);
}

typedef struct
{
  guint32 ssrc, rtp_timestamp, n_packets, n_bytes;
} Report;

static Report
receive_report (Fixture *f)
{
  g_autoptr (GstBuffer) buffer = NULL;
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  GstRTCPPacket packet;
  Report report;

  receive_packet (f, TRUE);
  buffer = gst_buffer_new_memdup (f->data, f->size);
  g_assert_true (gst_rtcp_buffer_map (buffer, GST_MAP_READ, &rtcp));
  g_assert_true (gst_rtcp_buffer_get_first_packet (&rtcp, &packet));
  gst_rtcp_packet_sr_get_sender_info (
      &packet, &report.ssrc, NULL, &report.rtp_timestamp, &report.n_packets, &report.n_bytes);
  gst_rtcp_buffer_unmap (&rtcp);
  return report;
}

/* -- what is sent -- */

/* With a transport-wide number to be filled in, and a letter for each byte of the payload. */
static GstBuffer *
new_packet (guint32 ssrc, guint16 sequence, guint32 timestamp, gsize payload_size)
{
  guint8 header[HEADER_BYTES] = { 0x90, 0x80 | TYPE_VIDEO };
  guint8 *at = salon_write_u32 (salon_write_u32 (salon_write_u16 (header + 2, sequence), timestamp), ssrc);
  GstBuffer *packet;

  salon_write_u32 (salon_write_u32 (at, 0xbede0001), (NUMBER_ID << 4 | 1) << 24);
  packet = gst_buffer_new_memdup (header, sizeof header);
  if (payload_size > 0)
    gst_buffer_append (packet, gst_buffer_new_allocate (NULL, payload_size, NULL));
  gst_buffer_memset (packet, sizeof header, 'a' + sequence % 26, payload_size);
  return packet;
}

static void
push (GstPad *pad, GstBuffer *packet)
{
  g_assert_cmpint (gst_pad_chain (pad, packet), ==, GST_FLOW_OK);
}

static void
push_plain (Fixture *f, guint16 sequence)
{
  push (f->video, new_packet (SSRC_VIDEO, sequence, 1000, 50));
}

static void
nack (Fixture *f, guint16 sequence, guint16 following)
{
  guint8 entry[4];

  salon_write_u16 (salon_write_u16 (entry, sequence), following);
  salon_sender_take_nack (f->sender, SSRC_VIDEO, entry, sizeof entry);
}

static SalonSendStreamStats
get_stats (Fixture *f)
{
  SalonSendStreamStats stats;

  g_assert_true (salon_sender_get_stats (f->sender, SSRC_VIDEO, &stats));
  return stats;
}

static void
set_caps (GstPad *pad, guint clock_rate)
{
  g_autoptr (GstCaps) caps = gst_caps_new_simple ("application/x-rtp", "clock-rate", G_TYPE_INT, (int)clock_rate, NULL);

  g_assert_true (gst_pad_send_event (pad, gst_event_new_caps (caps)));
}

/* A stream to the sender; after set_path() its packets go out. */
static GstPad *
add_stream (Fixture *f, guint32 ssrc, gboolean is_video)
{
  GstPad *pad = salon_sender_add_stream (f->sender, ssrc, is_video);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (pad, gst_event_new_stream_start ("test"));
  set_caps (pad, is_video ? 90000 : 48000);
  gst_pad_send_event (pad, gst_event_new_segment (&segment));
  return pad;
}

static void
set_path (Fixture *f)
{
  salon_sender_set_path (f->sender,
      salon_send_path_new (f->hub, f->peer, key, NUMBER_ID, salon_sender_get_congestion (f->sender), "a name"));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const SalonIceHubOptions options = { .has_udp = TRUE, .n_threads = 1, .lost_ms = 600000 };
  g_autoptr (GError) error = NULL;

  f->hub = salon_ice_hub_new (&options, &error);
  g_assert_no_error (error);
  f->peer = salon_ice_hub_add_peer (f->hub, on_state, NULL);
  salon_ice_hub_set_local (f->hub, f->peer, "ours", "0123456789012345678901");
  connect_client (f);
  srtp_receiver_init (&f->receiver, key);
  f->bottleneck = salon_bottleneck_new (&bounds);
  f->sender = gst_object_ref_sink (salon_sender_new ("sender", f->bottleneck));
  f->clock = gst_test_clock_new ();
  gst_test_clock_set_time (GST_TEST_CLOCK (f->clock), GST_SECOND);
  gst_element_set_base_time (GST_ELEMENT (f->sender), 0);
  gst_element_set_clock (GST_ELEMENT (f->sender), f->clock);
  f->video = add_stream (f, SSRC_VIDEO, TRUE);
  f->audio = add_stream (f, SSRC_AUDIO, FALSE);
}

static void
set_up_rtx (Fixture *f, gconstpointer data)
{
  const guint8 payload_types[128] = { [TYPE_VIDEO] = TYPE_RTX };

  set_up (f, data);
  salon_sender_set_retransmission (f->sender, SSRC_VIDEO, SSRC_RTX, payload_types);
  set_path (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_finalize_object (f->sender);
  salon_bottleneck_unref (f->bottleneck);
  salon_ice_hub_remove_peer (f->hub, f->peer);
  salon_ice_peer_unref (f->peer);
  salon_ice_hub_close (f->hub);
  salon_ice_hub_unref (f->hub);
  srtp_receiver_clear (&f->receiver);
  gst_object_unref (f->clock);
  close (f->fd);
}

/* f->data is this packet, whose transport-wide number is `number`. */
static void
assert_is (Fixture *f, GstBuffer *packet, guint16 number)
{
  guint8 expected[2048];
  gsize size = gst_buffer_extract (packet, 0, expected, sizeof expected);

  salon_write_u16 (expected + 17, number);
  g_assert_cmpmem (f->data, f->size, expected, size);
}

/* -- tests: packets and reports -- */

static void
test_sends_once_there_is_a_path (Fixture *f, gconstpointer data)
{
  g_autoptr (GstBuffer) video = new_packet (SSRC_VIDEO, 7, 1000, 100);
  g_autoptr (GstBuffer) audio = new_packet (SSRC_AUDIO, 4000, 50, 0);

  push_plain (f, 6);
  nack (f, 6, 0);
  set_path (f);
  push (f->video, gst_buffer_ref (video));
  receive_packet (f, FALSE);
  assert_is (f, video, 0);
  g_assert_cmphex (receive_report (f).ssrc, ==, SSRC_VIDEO);
  /* Numbers run on over all streams. */
  push (f->audio, gst_buffer_ref (audio));
  receive_packet (f, FALSE);
  assert_is (f, audio, 1);
  g_assert_cmphex (receive_report (f).ssrc, ==, SSRC_AUDIO);
  g_assert_cmpuint (get_stats (f).packets, ==, 1);
  g_assert_cmpuint (get_stats (f).unsent, ==, 0);
}

static Report
push_and_receive_report (Fixture *f, guint32 timestamp, GstClockTime pts, guint16 sequence)
{
  GstBuffer *packet = new_packet (SSRC_VIDEO, sequence, timestamp, 100 + sequence);

  GST_BUFFER_PTS (packet) = pts;
  GST_BUFFER_FLAG_SET (packet, GST_BUFFER_FLAG_RESYNC);
  push (f->video, packet);
  receive_packet (f, FALSE);
  return receive_report (f);
}

/* A report is of now, which is 1 s. */
static void
test_reports_of_now (Fixture *f, gconstpointer data)
{
  const GstClockTime ms = GST_MSECOND;

  set_path (f);
  g_assert_cmpuint (push_and_receive_report (f, 5000, 1000 * ms, 1).rtp_timestamp, ==, 5000);
  /* It waited, to be put in order. */
  g_assert_cmpuint (push_and_receive_report (f, 5000, 900 * ms, 2).rtp_timestamp, ==, 5000 + 9000);
  g_assert_cmpuint (push_and_receive_report (f, 0xffffff00, 900 * ms, 3).rtp_timestamp, ==, 9000 - 0x100);
  /* The jitter buffer's clock is ahead. */
  g_assert_cmpuint (push_and_receive_report (f, 5000, 1100 * ms, 4).rtp_timestamp, ==, 5000u - 9000u);
  g_assert_cmpuint (push_and_receive_report (f, 5000, GST_CLOCK_TIME_NONE, 5).rtp_timestamp, ==, 5000);
  /* A source with another clock. */
  set_caps (f->video, 48000);
  g_assert_cmpuint (push_and_receive_report (f, 5000, 900 * ms, 6).rtp_timestamp, ==, 5000 + 4800);
}

static void
test_reports_count (Fixture *f, gconstpointer data)
{
  Report report;

  set_path (f);
  push_and_receive_report (f, 0, 0, 1);
  push_plain (f, 2);
  receive_packet (f, FALSE);
  /* Again, as it was: that counts for nothing, also with the client. */
  nack (f, 2, 0);
  g_assert_cmpint (receive (f, f->data, sizeof f->data), >, 0);
  report = push_and_receive_report (f, 0, 0, 3);
  g_assert_cmpuint (report.n_packets, ==, 3);
  g_assert_cmpuint (report.n_bytes, ==, 101 + 50 + 103);
  g_assert_cmpuint (get_stats (f).bytes, ==, 101 + 50 + 103 + 3 * HEADER_BYTES);
}

/* Not after each packet. */
static void
test_reports_now_and_then (Fixture *f, gconstpointer data)
{
  guint n_reports = 0;

  set_path (f);
  for (guint16 sequence = 0; sequence < 100; sequence++)
    push_plain (f, sequence);
  for (guint16 sequence = 0; sequence < 100;)
    {
      g_assert_cmpint (receive (f, f->data, sizeof f->data), >, 0);
      if (f->data[1] == 200)
        n_reports++;
      else
        g_assert_cmpuint (salon_read_u16 (f->data + 2), ==, sequence++);
    }
  /* Should this machine take a second for it, there are two. */
  g_assert_cmpuint (n_reports, >=, 1);
  g_assert_cmpuint (n_reports, <=, 10);
}

static void
test_leaves_out_what_cannot_be_sent (Fixture *f, gconstpointer data)
{
  set_path (f);
  push (f->video, gst_buffer_new_memdup ("no RTP", 6));
  push (f->video, new_packet (SSRC_VIDEO, 1, 0, SALON_SEND_PATH_MAX_BYTES + 1 - HEADER_BYTES));
  g_assert_cmpuint (get_stats (f).unsent, ==, 2);
  push (f->video, new_packet (SSRC_VIDEO, 2, 0, SALON_SEND_PATH_MAX_BYTES - HEADER_BYTES));
  receive_packet (f, FALSE);
  g_assert_cmpuint (f->size, ==, SALON_SEND_PATH_MAX_BYTES);
  receive_report (f);
  nack (f, 1, 0);
  g_assert_cmpuint (get_stats (f).refused, ==, 1);
}

/* -- tests: what the client reports -- */

/* The round trip by a report of ours that was sent `sent_ms` ago, and that the client had for `delay_ms`. */
static gint64
report_rtt (Fixture *f, gint64 sent_ms, gint64 delay_ms)
{
  SalonRtcpReportBlock block = { .ssrc = SSRC_VIDEO,
    .fraction_lost = 25,
    .last_report = salon_sender_report_get_time (g_get_real_time () - sent_ms * G_TIME_SPAN_MILLISECOND),
    .delay = (guint32)(delay_ms * 65536 / 1000) };

  salon_sender_take_block (f->sender, &block);
  return get_stats (f).rtt_us;
}

static void
test_learns_round_trips (Fixture *f, gconstpointer data)
{
  SalonRtcpReportBlock strangers = { .ssrc = 4711, .fraction_lost = 255 };
  SalonRtcpReportBlock first = { .ssrc = SSRC_VIDEO };

  g_assert_cmpint (get_stats (f).rtt_us, ==, -1);
  g_assert_cmpint (report_rtt (f, 700, 500), >=, 200000 - 100);
  g_assert_cmpint (report_rtt (f, 700, 500), <, 2000000);
  g_assert_cmpuint (get_stats (f).fraction_lost, ==, 25);
  /* It knows none of ours yet, or makes it up. */
  g_assert_cmpint (report_rtt (f, 500, 700), ==, -1);
  g_assert_cmpint (report_rtt (f, 3600000, 0), ==, -1);
  report_rtt (f, 700, 500);
  salon_sender_take_block (f->sender, &first);
  g_assert_cmpint (get_stats (f).rtt_us, ==, -1);
  salon_sender_take_block (f->sender, &strangers);
  g_assert_cmpuint (get_stats (f).fraction_lost, ==, 0);
}

/* -- tests: packets again -- */

/* f->data is an RTX packet of `packet`. Returns its own sequence number. */
static guint16
assert_is_rtx (Fixture *f, GstBuffer *packet, guint16 sequence, guint16 number)
{
  guint8 original[2048];
  gsize size = gst_buffer_extract (packet, 0, original, sizeof original);
  SalonRtpPacket parsed;
  const guint8 *number_at;
  gsize number_size;

  g_assert_true (salon_rtp_packet_parse (&parsed, f->data, f->size));
  g_assert_cmphex (parsed.ssrc, ==, SSRC_RTX);
  g_assert_cmpuint (parsed.payload_type, ==, TYPE_RTX);
  g_assert_true (parsed.has_marker);
  g_assert_cmpuint (parsed.timestamp, ==, 1000);
  g_assert_cmpuint (parsed.payload_offset, ==, HEADER_BYTES);
  g_assert_cmpuint (salon_read_u16 (f->data + HEADER_BYTES), ==, sequence);
  g_assert_cmpmem (
      f->data + HEADER_BYTES + 2, f->size - HEADER_BYTES - 2, original + HEADER_BYTES, size - HEADER_BYTES);
  number_at = salon_rtp_packet_find_extension (&parsed, NUMBER_ID, &number_size);
  g_assert_cmpuint (salon_read_u16 (number_at), ==, number);
  return parsed.sequence;
}

static void
test_sends_again_by_rtx (Fixture *f, gconstpointer data)
{
  g_autoptr (GstBuffer) first = new_packet (SSRC_VIDEO, 0xfffe, 1000, 100);
  g_autoptr (GstBuffer) empty = new_packet (SSRC_VIDEO, 0, 1000, 0);
  g_autoptr (GstBuffer) largest = new_packet (SSRC_VIDEO, 1, 1000, SALON_SEND_PATH_MAX_BYTES - HEADER_BYTES);
  guint16 sequence;

  push_plain (f, 0x7fff);
  receive_packet (f, FALSE);
  receive_report (f);
  push_plain (f, 0xbfff);
  receive_packet (f, FALSE);
  push (f->video, gst_buffer_ref (first));
  push (f->video, gst_buffer_ref (empty));
  push (f->video, gst_buffer_ref (largest));
  for (guint i = 0; i < 3; i++)
    receive_packet (f, FALSE);
  /* By number and bits, over the wrap; there is no 0xffff. */
  nack (f, 0xfffe, 7);
  receive_packet (f, FALSE);
  sequence = assert_is_rtx (f, first, 0xfffe, 5);
  g_assert_cmpuint (sequence, <, 0x8000);
  receive_packet (f, FALSE);
  g_assert_cmpuint (assert_is_rtx (f, empty, 0, 6), ==, sequence + 1);
  receive_packet (f, FALSE);
  g_assert_cmpuint (assert_is_rtx (f, largest, 1, 7), ==, sequence + 2);
  g_assert_cmpuint (get_stats (f).retransmissions, ==, 3);
  g_assert_cmpuint (get_stats (f).refused, ==, 1);
}

/* -- tests: padding -- */

/* The newest first: if it was lost, it is of use. */
static void
test_pads_with_what_it_sent (Fixture *f, gconstpointer data)
{
  g_autoptr (GstBuffer) older = new_packet (SSRC_VIDEO, 0xffff, 1000, 300);
  g_autoptr (GstBuffer) newer = new_packet (SSRC_VIDEO, 0, 1000, 400);

  push (f->video, gst_buffer_ref (older));
  receive_packet (f, FALSE);
  receive_report (f);
  push (f->video, gst_buffer_ref (newer));
  receive_packet (f, FALSE);
  g_assert_true (salon_sender_pad (f->sender, 500));
  receive_packet (f, FALSE);
  assert_is_rtx (f, newer, 0, 2);
  receive_packet (f, FALSE);
  assert_is_rtx (f, older, 0xffff, 3);
  g_assert_true (salon_sender_pad (f->sender, 1));
  receive_packet (f, FALSE);
  assert_is_rtx (f, newer, 0, 4);
  g_assert_cmpuint (get_stats (f).padding, ==, 3);
  g_assert_cmpuint (get_stats (f).retransmissions, ==, 0);
}

/* What rests, has nothing else. */
static void
test_pads_with_nothing (Fixture *f, gconstpointer data)
{
  SalonRtpPacket parsed;

  g_assert_true (salon_sender_pad (f->sender, 300));
  for (guint i = 0; i < 2; i++)
    {
      receive_packet (f, FALSE);
      g_assert_cmpuint (f->size, >=, 250);
      g_assert_true (salon_rtp_packet_parse (&parsed, f->data, f->size));
      g_assert_cmphex (parsed.ssrc, ==, SSRC_RTX);
      g_assert_cmpuint (parsed.payload_type, ==, TYPE_RTX);
      g_assert_cmpuint (parsed.payload_size, ==, 0);
      g_assert_cmpuint (salon_read_u16 (f->data + 17), ==, i);
    }
}

/* Of a client that misses everything, half of the estimate goes again, and what half a second of that adds up to. */
static void
test_resends_are_part_of_the_estimate (Fixture *f, gconstpointer data)
{
  const gsize payload_size = 1000, budget = bounds.start_bps / 8 / 2 / 2;
  const guint n = 100;
  guint n_resent;

  for (guint i = 0; i < n; i++)
    push (f->video, new_packet (SSRC_VIDEO, i, 1000, payload_size));
  for (guint i = 0; i < n; i++)
    nack (f, i, 0);
  n_resent = get_stats (f).retransmissions;
  g_assert_cmpuint (n_resent, >=, budget / (HEADER_BYTES + payload_size));
  /* However slow this machine is: some time passes between the first and the last. */
  g_assert_cmpuint (n_resent, <, n / 2 + n / 4);
  g_assert_cmpuint (get_stats (f).refused, ==, n - n_resent);
}

static void
test_pads_only_where_it_is_thrown_away (Fixture *f, gconstpointer data)
{
  g_assert_false (salon_sender_pad (f->sender, 300));
  set_path (f);
  push_plain (f, 1);
  receive_packet (f, FALSE);
  receive_report (f);
  g_assert_false (salon_sender_pad (f->sender, 300));
  push_plain (f, 2);
  receive_packet (f, FALSE);
  g_assert_cmpuint (salon_read_u16 (f->data + 2), ==, 2);
}

/* Of the five packets that go, the client has some; RTX counts as any. */
static void
test_knows_what_came (Fixture *f, gconstpointer data)
{
  static const gint64 received_us[] = { 1000, -1, 2000, -1, 3000 };
  guint8 feedback[NETWORK_FEEDBACK_MAX_BYTES];
  gsize size = network_write_feedback (feedback, 0, received_us, G_N_ELEMENTS (received_us), 0);
  SalonConnectionStats stats;

  salon_sender_take_transport_feedback (f->sender, feedback, size);
  salon_congestion_get_stats (salon_sender_get_congestion (f->sender), &stats);
  g_assert_cmpuint (stats.n_told, ==, 0);
  g_assert_cmpint (stats.rtt_us, ==, -1);
  for (guint16 i = 0; i < 4; i++)
    push_plain (f, i);
  nack (f, 1, 0);
  salon_sender_take_transport_feedback (f->sender, feedback, size);
  salon_congestion_get_stats (salon_sender_get_congestion (f->sender), &stats);
  g_assert_cmpuint (stats.n_told, ==, 5);
  g_assert_cmpuint (stats.n_lost, ==, 2);
  g_assert_cmpint (stats.rtt_us, >=, 0);
  g_assert_cmpuint (stats.n_bytes, ==, 5 * (HEADER_BYTES + 50) + 2);
  g_assert_cmpuint (stats.estimate_bps, ==, bounds.start_bps);
}

static void
test_sends_again_as_it_was (Fixture *f, gconstpointer data)
{
  g_autoptr (GstBuffer) packet = new_packet (SSRC_VIDEO, 2, 1000, 100);

  set_path (f);
  push_plain (f, 1);
  receive_packet (f, FALSE);
  receive_report (f);
  push (f->video, gst_buffer_ref (packet));
  /* The client misses this one: it would not take it twice. */
  g_assert_cmpint (receive (f, f->data, sizeof f->data), >, 0);
  push_plain (f, 3);
  receive_packet (f, FALSE);
  nack (f, 2, 0);
  receive_packet (f, FALSE);
  assert_is (f, packet, 3);
}

static void
count_freed (gpointer n_freed, GstMiniObject *payload)
{
  ++*(guint *)n_freed;
}

static void
push_counted (Fixture *f, GstPad *pad, guint16 first, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      GstBuffer *packet = new_packet (pad == f->video ? SSRC_VIDEO : SSRC_AUDIO, first + i, 1000, 50);

      GstMemory *payload = gst_buffer_peek_memory (packet, gst_buffer_n_memory (packet) - 1);

      gst_mini_object_weak_ref (GST_MINI_OBJECT (payload), count_freed, &f->n_freed);
      push (pad, packet);
    }
}

/* Of each packet, the publisher's memory is held with it. */
static void
test_forgets_when_at_rest (Fixture *f, gconstpointer data)
{
  gint64 now_us = g_get_monotonic_time ();

  push_counted (f, f->video, 0, 300);
  g_assert_cmpuint (f->n_freed, ==, 300 - 256);
  salon_sender_trim (f->sender, now_us + G_USEC_PER_SEC);
  g_assert_cmpuint (f->n_freed, ==, 300 - 256);
  salon_sender_trim (f->sender, g_get_monotonic_time () + 60 * G_USEC_PER_SEC);
  g_assert_cmpuint (f->n_freed, ==, 300);
  nack (f, 299, 0);
  g_assert_cmpuint (get_stats (f).retransmissions, ==, 0);
  /* And goes on. */
  push_counted (f, f->video, 300, 1);
  nack (f, 300, 0);
  g_assert_cmpuint (get_stats (f).retransmissions, ==, 1);
  g_assert_cmpuint (get_stats (f).unsent, ==, 0);
}

static void
test_keeps_nothing_that_is_not_asked_for (Fixture *f, gconstpointer data)
{
  push_counted (f, f->audio, 0, 10);
  g_assert_cmpuint (f->n_freed, ==, 10);
}

/* -- tests: threads -- */

#define N_ENOUGH 2000

typedef struct
{
  Fixture *fixture;
  GstPad *pad;
  guint32 ssrc;
  gint n_pushed; /* atomic */
  gint *is_over; /* atomic */
} Job;

static gpointer
push_many (gpointer data)
{
  Job *job = data;

  while (!g_atomic_int_get (job->is_over))
    {
      gint n = g_atomic_int_add (&job->n_pushed, 1);
      GstBuffer *packet = new_packet (job->ssrc, n, n * 3000, 100);

      if (n % 100 == 0)
        GST_BUFFER_FLAG_SET (packet, GST_BUFFER_FLAG_RESYNC);
      push (job->pad, packet);
    }
  return NULL;
}

/* What a client says of a stream while its packets go out. */
static gpointer
say_many_things (gpointer data)
{
  Job *job = data;
  SalonRtcpReportBlock block = { .ssrc = job->ssrc };
  const gint64 received_us[] = { 1000, -1, 2000 };
  guint8 feedback[NETWORK_FEEDBACK_MAX_BYTES];

  while (!g_atomic_int_get (job->is_over))
    {
      gint n = g_atomic_int_get (&job->n_pushed);
      gsize size = network_write_feedback (feedback, n, received_us, G_N_ELEMENTS (received_us), 0);

      nack (job->fixture, n - 17, 0xffff);
      salon_sender_take_transport_feedback (job->fixture->sender, feedback, size);
      salon_sender_take_block (job->fixture->sender, &block);
      salon_sender_request_keyframe (job->fixture->sender, job->ssrc);
    }
  return NULL;
}

/* Publishers' threads, the media port's, and the main thread. */
static void
test_threads (Fixture *f, gconstpointer data)
{
  gint is_over = FALSE;
  Job video = { .fixture = f, .pad = f->video, .ssrc = SSRC_VIDEO, .is_over = &is_over };
  Job audio = { .fixture = f, .pad = f->audio, .ssrc = SSRC_AUDIO, .is_over = &is_over };
  GThread *threads[] = { g_thread_new ("video", push_many, &video), g_thread_new ("audio", push_many, &audio),
    g_thread_new ("client", say_many_things, &video) };
  guint8 payload_types[128] = { [TYPE_VIDEO] = TYPE_RTX };
  SalonSendStreamStats stats;

  salon_sender_set_retransmission (f->sender, SSRC_VIDEO, SSRC_RTX, payload_types);
  set_path (f);
  do
    {
      salon_sender_trim (f->sender, g_get_monotonic_time () + 60 * G_USEC_PER_SEC);
      (void)!salon_sender_pad (f->sender, 300);
      (void)salon_bottleneck_get_estimate (f->bottleneck);
      stats = get_stats (f);
    }
  while (stats.packets < N_ENOUGH || stats.retransmissions < N_ENOUGH / 10);
  g_atomic_int_set (&is_over, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);

  stats = get_stats (f);
  g_assert_cmpuint (stats.packets, <=, video.n_pushed);
  g_assert_cmpuint (stats.retransmissions, <=, stats.packets);
  g_assert_cmpuint (stats.unsent, ==, 0);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
#define ADD(name, set_up, func) g_test_add ("/sender/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("sends-once-there-is-a-path", set_up, test_sends_once_there_is_a_path);
  ADD ("reports-of-now", set_up, test_reports_of_now);
  ADD ("reports-count", set_up, test_reports_count);
  ADD ("reports-now-and-then", set_up, test_reports_now_and_then);
  ADD ("leaves-out-what-cannot-be-sent", set_up, test_leaves_out_what_cannot_be_sent);
  ADD ("learns-round-trips", set_up, test_learns_round_trips);
  ADD ("sends-again-by-rtx", set_up_rtx, test_sends_again_by_rtx);
  ADD ("sends-again-as-it-was", set_up, test_sends_again_as_it_was);
  ADD ("pads-with-what-it-sent", set_up_rtx, test_pads_with_what_it_sent);
  ADD ("pads-with-nothing", set_up_rtx, test_pads_with_nothing);
  ADD ("resends-are-part-of-the-estimate", set_up_rtx, test_resends_are_part_of_the_estimate);
  ADD ("pads-only-where-it-is-thrown-away", set_up, test_pads_only_where_it_is_thrown_away);
  ADD ("knows-what-came", set_up_rtx, test_knows_what_came);
  ADD ("forgets-when-at-rest", set_up_rtx, test_forgets_when_at_rest);
  ADD ("keeps-nothing-that-is-not-asked-for", set_up_rtx, test_keeps_nothing_that_is_not_asked_for);
  ADD ("threads", set_up, test_threads);
  return g_test_run ();
}
