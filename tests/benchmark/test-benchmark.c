/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The load generator's parts: it measures others, so it is measured first. */
#include <arpa/inet.h>
#include <gio/gio.h>
#include <math.h>
#include <string.h>

#include "bench-description.h"
#include "bench-ice.h"
#include "bench-report.h"
#include "bench-stream.h"
#include "bench-subscriber.h"
#include "bench-transport-cc.h"
#include "bench-wait.h"

#define WATCHDOG_MS (20 * 1000)
#define NS_PER_US 1000

/* -- stamps and tally -- */

static void
test_stamp_survives (void)
{
  BenchStamp written = { 63, 0xfedcba98, G_GINT64_CONSTANT (1700000000123456789) };
  guint8 data[BENCH_STAMP_BYTES];
  BenchStamp read;

  bench_stamp_write (&written, data);
  g_assert_true (bench_stamp_read (&read, data, sizeof data));
  g_assert_cmpuint (read.track, ==, written.track);
  g_assert_cmpuint (read.number, ==, written.number);
  g_assert_cmpint (read.sent_at_ns, ==, written.sent_at_ns);
}

static void
test_stamp_refuses_what_is_not_ours (void)
{
  BenchStamp written = { BENCH_MAX_TRACKS - 1, 1, 1 };
  guint8 data[BENCH_STAMP_BYTES];
  BenchStamp read;

  bench_stamp_write (&written, data);
  g_assert_false (bench_stamp_read (&read, data, sizeof data - 1));
  data[0] ^= 1;
  g_assert_false (bench_stamp_read (&read, data, sizeof data));
  written.track = BENCH_MAX_TRACKS;
  bench_stamp_write (&written, data);
  g_assert_false (bench_stamp_read (&read, data, sizeof data));
}

static void
take (BenchTally *tally, guint track, guint32 number, BenchSeen *seen, gint64 latency_us)
{
  BenchStamp stamp = { (guint16)track, number, 5000 };

  bench_tally_take (tally, &stamp, seen, FALSE, 5000 + latency_us * NS_PER_US);
}

static void
test_tally_counts_a_window (void)
{
  BenchTally *tally = bench_tally_new ();
  guint track = bench_tally_add_track (tally);
  BenchSeen one = { 0 };
  BenchSeen other = { 0 };

  g_assert_cmpuint (bench_tally_next (tally, track), ==, 0);
  bench_tally_open (tally);
  for (guint i = 1; i <= 4; i++)
    g_assert_cmpuint (bench_tally_next (tally, track), ==, i);
  bench_tally_close (tally);
  g_assert_cmpuint (bench_tally_next (tally, track), ==, 5);

  for (guint i = 0; i <= 5; i++)
    take (tally, track, i, &one, 100);
  /* Out of order, one lost, one twice. */
  take (tally, track, 4, &other, 100);
  take (tally, track, 1, &other, 100);
  take (tally, track, 2, &other, 100);
  take (tally, track, 2, &other, 100);
  g_assert_cmpuint (bench_tally_get_sent (tally), ==, 4);
  g_assert_cmpuint (bench_tally_get_received (tally), ==, 4 + 3);
  g_assert_cmpuint (bench_tally_get_duplicates (tally), ==, 1);
  bench_tally_free (tally);
}

static void
test_tally_takes_late_packets_once (void)
{
  BenchTally *tally = bench_tally_new ();
  guint track = bench_tally_add_track (tally);
  BenchSeen seen = { 0 };

  bench_tally_open (tally);
  for (guint i = 0; i < 200; i++)
    g_assert_cmpuint (bench_tally_next (tally, track), ==, i);
  take (tally, track, 0, &seen, 1);
  take (tally, track, 100, &seen, 1);
  take (tally, track, 100 - 63, &seen, 1);
  take (tally, track, 100 - 63, &seen, 1);
  g_assert_cmpuint (bench_tally_get_received (tally), ==, 3);
  /* Later than what is remembered: cannot be told from a duplicate. */
  take (tally, track, 100 - 64, &seen, 1);
  take (tally, track, 100 - 65, &seen, 1);
  g_assert_cmpuint (bench_tally_get_received (tally), ==, 3);
  bench_tally_free (tally);
}

static void
test_histogram_has_quantiles (void)
{
  BenchHistogram *histogram = bench_histogram_new ();

  g_assert_true (isnan (bench_histogram_get_quantile_us (histogram, 0.5)));
  for (guint i = 1; i <= 100; i++)
    bench_histogram_add (histogram, i * 100);
  bench_histogram_add (histogram, 100 * G_USEC_PER_SEC);
  bench_histogram_add (histogram, -5);
  g_assert_cmpfloat_with_epsilon (bench_histogram_get_quantile_us (histogram, 0.5), 5000, 10);
  g_assert_cmpfloat_with_epsilon (bench_histogram_get_quantile_us (histogram, 0), 0, 10);
  g_assert_cmpfloat_with_epsilon (bench_histogram_get_quantile_us (histogram, 1), 1e6, 10);
  bench_histogram_free (histogram);
}

/* -- RTCP -- */

static void
test_stream_asks_for_what_is_missing (void)
{
  guint16 sequences[BENCH_STREAM_MAX_MISSING];
  BenchStream stream;

  bench_stream_init (&stream, 1, TRUE);
  bench_stream_take (&stream, 65534, 0, 0);
  bench_stream_take (&stream, 2, 0, 0);
  g_assert_cmpuint (bench_stream_collect_missing (&stream, sequences, 0), ==, 3);
  g_assert_cmpuint (sequences[0], ==, 65535);
  g_assert_cmpuint (sequences[2], ==, 1);
  /* Not again at once; and not those that came. */
  g_assert_cmpuint (bench_stream_collect_missing (&stream, sequences, 1), ==, 0);
  bench_stream_take (&stream, 65535, 0, 0);
  bench_stream_recover (&stream, 0);
  g_assert_cmpuint (bench_stream_collect_missing (&stream, sequences, G_USEC_PER_SEC), ==, 1);
  g_assert_cmpuint (sequences[0], ==, 1);
  for (guint i = 2; i < 100; i++)
    (void)!bench_stream_collect_missing (&stream, sequences, i * G_USEC_PER_SEC);
  g_assert_cmpuint (stream.n_missing, ==, 0);
}

static void
test_stream_reports_loss (void)
{
  BenchReportBlock block;
  BenchStream stream;

  bench_stream_init (&stream, 7, FALSE);
  for (guint i = 0; i < 100; i++)
    {
      if (i % 4 != 1)
        bench_stream_take (&stream, (guint16)(65500 + i), i * 960, i * G_GINT64_CONSTANT (20000000));
    }
  bench_stream_take_sender_report (&stream, 0xabcd0123, G_GINT64_CONSTANT (1000000000));
  bench_stream_report (&stream, &block, G_GINT64_CONSTANT (1500000000));
  g_assert_cmpuint (block.ssrc, ==, 7);
  g_assert_cmpint (block.n_lost, ==, 25);
  g_assert_cmpuint (block.fraction_lost, ==, 64);
  g_assert_cmpuint (block.highest, ==, 65500 + 99);
  g_assert_cmpuint (block.jitter, <=, 1);
  g_assert_cmpuint (block.last_report, ==, 0xabcd0123);
  g_assert_cmpuint (block.since_last_report, ==, 32768);
  g_assert_cmpuint (stream.n_missing, ==, 0);
}

static void
test_rtcp_is_read_as_written (void)
{
  static const guint16 sequences[] = { 10, 11, 26, 27 };
  BenchRtcpWriter writer = { .size = 0 };
  const guint8 *data = writer.data;
  BenchRtcpPacket packet;
  gsize size;

  bench_rtcp_write_receiver_report (&writer, 1, NULL, 0);
  bench_rtcp_write_name (&writer, 1, "name");
  bench_rtcp_write_nack (&writer, 1, 2, sequences, G_N_ELEMENTS (sequences));
  size = writer.size;
  g_assert_true (bench_rtcp_next (&data, &size, &packet));
  g_assert_cmpuint (packet.type, ==, BENCH_RTCP_RECEIVER_REPORT);
  g_assert_true (bench_rtcp_next (&data, &size, &packet));
  g_assert_cmpuint (packet.type, ==, BENCH_RTCP_SOURCE_DESCRIPTION);
  g_assert_cmpuint (packet.size_bytes, ==, 12);
  g_assert_true (bench_rtcp_next (&data, &size, &packet));
  g_assert_cmpuint (packet.count, ==, BENCH_RTCP_NACK);
  g_assert_cmpuint (packet.size_bytes, ==, 16);
  g_assert_cmpuint (bench_read_u16 (packet.body + 8), ==, 10);
  g_assert_cmpuint (bench_read_u16 (packet.body + 10), ==, 1 | 1 << 15);
  g_assert_cmpuint (bench_read_u16 (packet.body + 12), ==, 27);
  g_assert_false (bench_rtcp_next (&data, &size, &packet));
}

static void
test_rtcp_that_is_cut_is_refused (void)
{
  BenchRtcpWriter writer = { .size = 0 };

  bench_rtcp_write_pli (&writer, 1, 2);
  for (gsize cut = 0; cut < writer.size; cut++)
    {
      const guint8 *data = writer.data;
      gsize size = cut;
      BenchRtcpPacket packet;

      g_assert_false (bench_rtcp_next (&data, &size, &packet));
    }
}

/* Reads feedback as a sender does. Returns how many packets arrived; times[i]: of number base + i, or -1. */
static guint
read_feedback (const guint8 *body, gint64 times[], guint *base, guint *n_numbers)
{
  gint64 time_us = (gint64)(bench_read_u32 (body + 12) >> 8) * 64000;
  const guint8 *chunks = body + 16;
  const guint8 *deltas;
  guint n_arrived = 0;

  *base = bench_read_u16 (body + 8);
  *n_numbers = bench_read_u16 (body + 10);
  deltas = chunks + 2 * ((*n_numbers + 6) / 7);
  for (guint i = 0; i < *n_numbers; i++)
    {
      guint symbol = bench_read_u16 (chunks + 2 * (i / 7)) >> (2 * (6 - i % 7)) & 3;

      times[i] = -1;
      if (symbol == 0)
        continue;
      time_us += 250 * (symbol == 1 ? *deltas : (gint16)bench_read_u16 (deltas));
      deltas += symbol;
      times[i] = time_us;
      n_arrived++;
    }
  return n_arrived;
}

static void
test_transport_cc_tells_what_came_when (void)
{
  g_autofree BenchTransportCc *receiver = g_new0 (BenchTransportCc, 1);
  BenchRtcpWriter writer = { .size = 0 };
  gint64 times[16];
  guint base;
  guint n_numbers;

  bench_transport_cc_take (receiver, 65533, 6400000);
  bench_transport_cc_take (receiver, 65534, 6400500);
  bench_transport_cc_take (receiver, 1, 6500000); /* 65535 and 0 are lost; the delta is a large one */
  bench_transport_cc_take (receiver, 3, 6501000);
  bench_transport_cc_take (receiver, 2, 6502000); /* late: a negative delta follows */
  g_assert_true (bench_transport_cc_write (receiver, &writer, 1, 2));
  g_assert_cmpuint (read_feedback (writer.data + 4, times, &base, &n_numbers), ==, 5);
  g_assert_cmpuint (base, ==, 65533);
  g_assert_cmpuint (n_numbers, ==, 7);
  g_assert_cmpint (times[0], ==, 6400000);
  g_assert_cmpint (times[1], ==, 6400500);
  g_assert_cmpint (times[2], ==, -1);
  g_assert_cmpint (times[4], ==, 6500000);
  g_assert_cmpint (times[5], ==, 6502000);
  g_assert_cmpint (times[6], ==, 6501000);
  /* Each packet once, and nothing without a packet. */
  writer.size = 0;
  g_assert_false (bench_transport_cc_write (receiver, &writer, 1, 2));
  bench_transport_cc_take (receiver, 0, 6600000); /* it was reported lost */
  bench_transport_cc_take (receiver, 4, 6600000);
  g_assert_true (bench_transport_cc_write (receiver, &writer, 1, 2));
  g_assert_cmpuint (read_feedback (writer.data + 4, times, &base, &n_numbers), ==, 1);
  g_assert_cmpuint (base, ==, 4);
}

/* -- descriptions -- */

static void
test_description_is_read_as_written (void)
{
  BenchLocal local = { "ufrag", "a-long-password-of-ice", "sha-256 AA:BB", "actpass", { .sin_family = AF_INET } };
  BenchMedia media[]
      = { { .mid = (char *)"0", .ssrc = 11 }, { .is_video = TRUE, .mid = (char *)"1", .ssrc = 22, .rtx_ssrc = 33 } };
  g_autofree char *sdp = NULL;
  g_autofree char *answer_sdp = NULL;
  g_autoptr (BenchDescription) offer = NULL;
  g_autoptr (BenchDescription) answer = NULL;
  g_autoptr (GError) error = NULL;
  const BenchMedia *video;

  local.address.sin_addr.s_addr = inet_addr ("192.0.2.9");
  local.address.sin_port = htons (5004);
  sdp = bench_description_write_offer (&local, media, G_N_ELEMENTS (media));
  offer = bench_description_parse (sdp, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (offer->ufrag, ==, local.ufrag);
  g_assert_cmpstr (offer->pwd, ==, local.pwd);
  g_assert_cmpstr (offer->fingerprint, ==, local.fingerprint);
  g_assert_true (offer->is_passive);
  g_assert_false (offer->is_lite);
  g_assert_cmpuint (offer->media->len, ==, 2);
  video = bench_description_get_media (offer, 1);
  g_assert_true (video->is_video);
  g_assert_cmpuint (video->ssrc, ==, 22);
  g_assert_cmpuint (video->rtx_ssrc, ==, 33);
  g_assert_cmpuint (video->payload_type, ==, media[1].payload_type);
  g_assert_cmpuint (video->rtx_payload_type, ==, media[1].rtx_payload_type);
  g_assert_cmpuint (video->transport_cc_extension, ==, media[1].transport_cc_extension);

  local.setup = "active";
  answer_sdp = bench_description_write_answer (&local, offer);
  answer = bench_description_parse (answer_sdp, &error);
  g_assert_no_error (error);
  g_assert_false (answer->is_passive);
  g_assert_cmpstr (bench_description_get_media (answer, 1)->mid, ==, "1");
}

static void
test_description_refuses_what_lacks_something (void)
{
  static const char *const texts[] = { "", "v=0", "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n",
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 AA\r\n"
    "a=rtpmap:96 H264/90000\r\n" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (bench_description_parse (texts[i], &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    }
}

static void
test_candidates_of_other_kinds_are_passed_over (void)
{
  struct sockaddr_in address;

  g_assert_true (bench_candidate_read ("candidate:1 1 UDP 2015363327 192.0.2.2 42431 typ host", &address));
  g_assert_cmpuint (ntohs (address.sin_port), ==, 42431);
  g_assert_false (bench_candidate_read ("candidate:1 1 TCP 1 192.0.2.2 9 typ host tcptype active", &address));
  g_assert_false (bench_candidate_read ("candidate:1 1 UDP 1 fd00::2 9 typ host", &address));
  g_assert_false (bench_candidate_read ("candidate:1 2 UDP 1 192.0.2.2 9 typ host", &address));
  g_assert_false (bench_candidate_read ("", &address));
}

/* -- ICE: two agents, and a network of their own -- */

typedef struct _IceEnd IceEnd;
struct _IceEnd
{
  BenchIce *ice;
  struct sockaddr_in address;
  IceEnd *other;
  GQueue *inbox; /* of GBytes */
  gboolean is_selected;
  gboolean has_failed;
};

static void
ice_send (const guint8 *data, gsize size, const struct sockaddr_in *to, gpointer user_data)
{
  IceEnd *end = user_data;

  if (to->sin_port == end->other->address.sin_port)
    g_queue_push_tail (end->other->inbox, g_bytes_new (data, size));
}

static void
ice_selected (const struct sockaddr_in *address, gpointer user_data)
{
  IceEnd *end = user_data;

  g_assert_false (end->is_selected);
  g_assert_cmpuint (address->sin_port, ==, end->other->address.sin_port);
  end->is_selected = TRUE;
}

static void
ice_failed (const char *why, gpointer user_data)
{
  ((IceEnd *)user_data)->has_failed = TRUE;
}

static const BenchIceEvents ice_events = { ice_send, ice_selected, ice_failed };

static void
ice_open (IceEnd *end, IceEnd *other, guint16 port)
{
  *end = (IceEnd){ bench_ice_new (&ice_events, end), { .sin_family = AF_INET, .sin_port = htons (port) }, other,
    g_queue_new (), FALSE, FALSE };
}

static void
ice_close (IceEnd *end)
{
  bench_ice_free (end->ice);
  g_queue_free_full (end->inbox, (GDestroyNotify)g_bytes_unref);
}

static gboolean
ice_deliver (IceEnd *end, gint64 now_us)
{
  g_autoptr (GBytes) message = g_queue_pop_head (end->inbox);
  gsize size;
  const guint8 *data = message != NULL ? g_bytes_get_data (message, &size) : NULL;

  if (data != NULL)
    bench_ice_take (end->ice, data, size, &end->other->address, now_us);
  return data != NULL;
}

/* Lets `seconds` pass, in steps of 10 ms. */
static void
ice_run (IceEnd ends[2], guint seconds, gint64 *now_us)
{
  for (guint i = 0; i < seconds * 100; i++)
    {
      while (ice_deliver (&ends[0], *now_us) | ice_deliver (&ends[1], *now_us))
        continue;
      *now_us += 10 * 1000;
      bench_ice_tick (ends[0].ice, *now_us);
      bench_ice_tick (ends[1].ice, *now_us);
    }
}

static void
ice_start (IceEnd *end, gboolean is_controlling, const char *ufrag, const char *pwd, gint64 now_us)
{
  bench_ice_add_candidate (end->ice, &end->other->address);
  bench_ice_start (end->ice, ufrag, pwd, is_controlling, now_us);
}

static void
test_ice_connects (gconstpointer role_of_second)
{
  gint64 now_us = G_USEC_PER_SEC;
  IceEnd ends[2];

  ice_open (&ends[0], &ends[1], 1000);
  ice_open (&ends[1], &ends[0], 2000);
  ice_start (&ends[0], TRUE, bench_ice_get_ufrag (ends[1].ice), bench_ice_get_pwd (ends[1].ice), now_us);
  /* The second's description is on its way: it is asked and nominated before it knows whom to ask. */
  ice_run (ends, 1, &now_us);
  g_assert_false (ends[1].is_selected);
  ice_start (&ends[1], GPOINTER_TO_INT (role_of_second), bench_ice_get_ufrag (ends[0].ice),
      bench_ice_get_pwd (ends[0].ice), now_us);
  ice_run (ends, 2, &now_us);
  g_assert_true (ends[0].is_selected && ends[1].is_selected);
  /* Consent is renewed. */
  ice_run (ends, 60, &now_us);
  g_assert_false (ends[0].has_failed || ends[1].has_failed);
  ice_close (&ends[0]);
  ice_close (&ends[1]);
}

/* Neither the password nor the name can be left out. */
static void
test_ice_needs_credentials (gconstpointer has_password)
{
  gint64 now_us = G_USEC_PER_SEC;
  IceEnd ends[2];

  ice_open (&ends[0], &ends[1], 1000);
  ice_open (&ends[1], &ends[0], 2000);
  for (guint i = 0; i < 2; i++)
    {
      BenchIce *other = ends[1 - i].ice;

      if (GPOINTER_TO_INT (has_password))
        ice_start (&ends[i], i == 0, "not-name", bench_ice_get_pwd (other), now_us);
      else
        ice_start (&ends[i], i == 0, bench_ice_get_ufrag (other), "not-the-password-of-it", now_us);
    }
  ice_run (ends, 20, &now_us);
  g_assert_false (ends[0].is_selected || ends[1].is_selected);
  g_assert_true (ends[0].has_failed && ends[1].has_failed);
  ice_close (&ends[0]);
  ice_close (&ends[1]);
}

/* -- a publisher and a subscriber, without a server between them -- */

typedef struct
{
  BenchNetwork *network;
  BenchTally *tally;
  BenchPublisher *publisher;
  BenchSubscriber *subscriber;
  guint n_connected;
  const char *failure; /* (nullable) */
  guint tick_id;
} Pair;

static void
pair_connected (gpointer user_data)
{
  ((Pair *)user_data)->n_connected++;
}

static void
pair_failed (const char *why, gpointer user_data)
{
  ((Pair *)user_data)->failure = why;
}

static const BenchConnectionEvents pair_events = { pair_connected, pair_failed };

static gboolean
pair_tick (gpointer user_data)
{
  Pair *pair = user_data;

  bench_publisher_tick (pair->publisher, g_get_monotonic_time ());
  bench_subscriber_tick (pair->subscriber, g_get_monotonic_time ());
  return G_SOURCE_CONTINUE;
}

static void
pair_open (Pair *pair)
{
  g_autoptr (GError) error = NULL;

  *pair = (Pair){ .network = bench_network_new (&error), .tally = bench_tally_new () };
  g_assert_no_error (error);
  pair->publisher = bench_publisher_new (pair->network, pair->tally, &pair_events, pair, &error);
  pair->subscriber = bench_subscriber_new (pair->network, pair->tally, &pair_events, pair, &error);
  g_assert_no_error (error);
  pair->tick_id = g_timeout_add (10, pair_tick, pair);
}

/* edit: (nullable): what happens to the answer on its way. */
static void
pair_connect (Pair *pair, const char *from, const char *to)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *offer = bench_publisher_offer (pair->publisher);
  g_autofree char *answer = bench_subscriber_answer (pair->subscriber, offer, &error);
  g_autoptr (GString) changed = g_string_new (answer);

  g_assert_no_error (error);
  if (from != NULL)
    g_string_replace (changed, from, to, 0);
  g_assert_true (bench_publisher_take_answer (pair->publisher, changed->str, &error));
}

static void
pair_close (Pair *pair)
{
  g_source_remove (pair->tick_id);
  bench_publisher_free (pair->publisher);
  bench_subscriber_free (pair->subscriber);
  bench_tally_free (pair->tally);
  bench_network_free (pair->network);
}

static gboolean
pair_has_picture (gpointer user_data)
{
  Pair *pair = user_data;
  BenchSubscriberState state = bench_subscriber_get_state (pair->subscriber);

  return pair->failure != NULL || (state.n_tracks == 2 && state.first_keyframe_us != 0);
}

static gboolean
pair_has_failed (gpointer user_data)
{
  return ((Pair *)user_data)->failure != NULL;
}

static gboolean
pair_has_received_all (gpointer user_data)
{
  Pair *pair = user_data;

  return bench_tally_get_received (pair->tally) == bench_tally_get_sent (pair->tally);
}

static void
test_pair_receives_all_that_is_sent (void)
{
  const BenchHistogram *latencies;
  BenchSubscriberState state;
  Pair pair;

  pair_open (&pair);
  pair_connect (&pair, NULL, NULL);
  g_assert_true (bench_wait (pair_has_picture, &pair, WATCHDOG_MS));
  g_assert_cmpstr (pair.failure, ==, NULL);
  g_assert_cmpuint (pair.n_connected, ==, 2);
  bench_tally_open (pair.tally);
  g_assert_true (bench_wait_ms (1000));
  bench_tally_close (pair.tally);
  g_assert_true (bench_wait (pair_has_received_all, &pair, WATCHDOG_MS));

  /* 50 of audio and 180 of video a second, but for one that was due just at the edge. */
  g_assert_cmpuint (bench_tally_get_sent (pair.tally), >=, 200);
  g_assert_cmpuint (bench_tally_get_duplicates (pair.tally), ==, 0);
  latencies = bench_tally_get_latencies (pair.tally);
  g_assert_cmpuint (bench_histogram_get_count (latencies), ==, bench_tally_get_sent (pair.tally));
  g_assert_cmpfloat (bench_histogram_get_quantile_us (latencies, 0.5), <, 5000);
  state = bench_subscriber_get_state (pair.subscriber);
  g_assert_cmpuint (state.n_refused, ==, 0);
  g_assert_cmpstr (state.profile, ==, "SRTP_AEAD_AES_128_GCM");
  pair_close (&pair);
}

static void
test_pair_needs_the_promised_certificate (void)
{
  g_autofree char *fingerprint = NULL;
  Pair pair;

  pair_open (&pair);
  fingerprint = g_strdup (bench_network_get_fingerprint (pair.network));
  fingerprint[strlen (fingerprint) - 1] ^= 1;
  pair_connect (&pair, bench_network_get_fingerprint (pair.network), fingerprint);
  g_assert_true (bench_wait (pair_has_failed, &pair, WATCHDOG_MS));
  g_assert_nonnull (strstr (pair.failure, "certificate"));
  g_assert_cmpuint (bench_subscriber_get_state (pair.subscriber).n_tracks, ==, 0);
  pair_close (&pair);
}

/* -- the report -- */

static void
add_result (BenchReport *report, const BenchDriver *driver, double cpu_us, const char *failure)
{
  static const BenchCase one = { BENCH_FAN_OUT, 10 };
  BenchResult *result = g_new0 (BenchResult, 1);

  for (guint i = 0; i < BENCH_N_FIGURES; i++)
    result->figures[i] = NAN;
  result->figures[BENCH_CPU_US_PER_PACKET] = cpu_us;
  result->failure = g_strdup (failure);
  bench_report_add (report, &one, driver, result);
}

static void
test_report_tells_medians_relations_and_failures (void)
{
  g_autoptr (GPtrArray) drivers = g_ptr_array_new ();
  GArray *floors = g_array_new (FALSE, FALSE, sizeof (BenchFloor));
  g_autoptr (BenchReport) report = bench_report_new (drivers, floors);
  g_autofree char *table = NULL;
  const BenchRow *salon;

  g_ptr_array_add (drivers, (gpointer)&bench_salon_driver);
  g_ptr_array_add (drivers, (gpointer)&bench_janus_driver);
  add_result (report, &bench_salon_driver, 30, NULL);
  add_result (report, &bench_salon_driver, 5, NULL);
  add_result (report, &bench_salon_driver, 10, NULL);
  add_result (report, &bench_janus_driver, 15, NULL);
  add_result (report, &bench_janus_driver, 25, NULL);
  g_assert_true (bench_report_is_good (report));
  salon = g_ptr_array_index (bench_report_get_rows (report), 0);
  g_assert_cmpfloat_with_epsilon (bench_row_get_figure (salon, BENCH_CPU_US_PER_PACKET), 10, 1e-9);
  g_assert_true (isnan (bench_row_get_figure (salon, BENCH_LATENCY_P99_US)));
  table = bench_report_to_table (report);
  g_assert_nonnull (strstr (table, "10.00  0.50x"));

  /* A round that failed is not hidden, and not counted either. */
  add_result (report, &bench_salon_driver, 0, "it fell over");
  g_assert_false (bench_report_is_good (report));
  g_assert_cmpfloat_with_epsilon (bench_row_get_figure (salon, BENCH_CPU_US_PER_PACKET), 10, 1e-9);
  g_free (table);
  table = bench_report_to_table (report);
  g_assert_nonnull (strstr (table, "round 4 FAILED: it fell over"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/benchmark/stamp/survives", test_stamp_survives);
  g_test_add_func ("/benchmark/stamp/refuses-what-is-not-ours", test_stamp_refuses_what_is_not_ours);
  g_test_add_func ("/benchmark/tally/counts-a-window", test_tally_counts_a_window);
  g_test_add_func ("/benchmark/tally/takes-late-packets-once", test_tally_takes_late_packets_once);
  g_test_add_func ("/benchmark/histogram/has-quantiles", test_histogram_has_quantiles);
  g_test_add_func ("/benchmark/stream/asks-for-what-is-missing", test_stream_asks_for_what_is_missing);
  g_test_add_func ("/benchmark/stream/reports-loss", test_stream_reports_loss);
  g_test_add_func ("/benchmark/rtcp/is-read-as-written", test_rtcp_is_read_as_written);
  g_test_add_func ("/benchmark/rtcp/that-is-cut-is-refused", test_rtcp_that_is_cut_is_refused);
  g_test_add_func ("/benchmark/transport-cc/tells-what-came-when", test_transport_cc_tells_what_came_when);
  g_test_add_func ("/benchmark/description/is-read-as-written", test_description_is_read_as_written);
  g_test_add_func (
      "/benchmark/description/refuses-what-lacks-something", test_description_refuses_what_lacks_something);
  g_test_add_func (
      "/benchmark/candidates/of-other-kinds-are-passed-over", test_candidates_of_other_kinds_are_passed_over);
  g_test_add_data_func ("/benchmark/ice/connects", GINT_TO_POINTER (FALSE), test_ice_connects);
  g_test_add_data_func ("/benchmark/ice/settles-a-conflict-of-roles", GINT_TO_POINTER (TRUE), test_ice_connects);
  g_test_add_data_func ("/benchmark/ice/needs-the-password", GINT_TO_POINTER (FALSE), test_ice_needs_credentials);
  g_test_add_data_func ("/benchmark/ice/needs-the-name", GINT_TO_POINTER (TRUE), test_ice_needs_credentials);
  g_test_add_func ("/benchmark/pair/receives-all-that-is-sent", test_pair_receives_all_that_is_sent);
  g_test_add_func ("/benchmark/pair/needs-the-promised-certificate", test_pair_needs_the_promised_certificate);
  g_test_add_func (
      "/benchmark/report/tells-medians-relations-and-failures", test_report_tells_medians_relations_and_failures);
  return g_test_run ();
}
