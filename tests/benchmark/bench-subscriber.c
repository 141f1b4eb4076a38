/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-subscriber.h"

#include "bench-rtcp.h"
#include "bench-stream.h"
#include "bench-transport-cc.h"
#include "bench-transport.h"

#define NS_PER_US 1000
#define REPORT_INTERVAL_US G_USEC_PER_SEC
/* libwebrtc's, of 50 to 250 ms. */
#define FEEDBACK_INTERVAL_US (100 * 1000)
/* How long a viewer waits for a keyframe before asking, and asking again. */
#define KEYFRAME_WAIT_US (500 * 1000)
#define CNAME "benchmark"

/* RFC 7741: the descriptor that the publisher wrote has six bytes; a rewriting server keeps its length. */
#define VP8_DESCRIPTOR_BYTES 6
#define VP8_HEADER_BYTES 10
#define OPUS_HEADER_BYTES 1

typedef enum
{
  UNKNOWN,
  AUDIO,
  VIDEO,
  RETRANSMISSION,
} Format;

struct _BenchSubscriber
{
  BenchTally *tally;                   /* (borrowed) */
  const BenchConnectionEvents *events; /* (borrowed) */
  gpointer user_data;                  /* (borrowed) */
  BenchTransport *transport;           /* (owned) */
  guint8 formats[128];                 /* Format, by payload type */
  guint8 transport_cc_id;
  GHashTable *rtx_media; /* (owned) (element-type guint32 guint32): SSRC -> that of its media, where described */
  GPtrArray *streams;    /* (owned) (element-type BenchStream) */
  BenchStream *last;     /* (borrowed) (nullable): of the last packet; the next is likely of the same */
  BenchSeen seen[BENCH_MAX_TRACKS];
  BenchTransportCc *transport_cc; /* (owned) */
  guint32 ssrc;                   /* ours, in RTCP */
  BenchSubscriberState state;
  gboolean is_connected;
  gint64 connected_at_us;
  gint64 report_at_us;
  gint64 feedback_at_us;
  gint64 keyframe_request_at_us;
};

/* -- receiving -- */

static BenchStream *
find_stream (BenchSubscriber *self, guint32 ssrc)
{
  if (self->last != NULL && self->last->ssrc == ssrc)
    return self->last;
  for (guint i = 0; i < self->streams->len; i++)
    {
      BenchStream *stream = g_ptr_array_index (self->streams, i);

      if (stream->ssrc == ssrc)
        return self->last = stream;
    }
  return NULL;
}

static BenchStream *
ensure_stream (BenchSubscriber *self, guint32 ssrc, gboolean is_video)
{
  BenchStream *stream = find_stream (self, ssrc);

  if (stream != NULL)
    return stream;
  stream = g_new (BenchStream, 1);
  bench_stream_init (stream, ssrc, is_video);
  g_ptr_array_add (self->streams, stream);
  return stream;
}

/* RFC 8285, both forms. Returns FALSE when the packet is malformed. */
static gboolean
read_extension (BenchSubscriber *self, const guint8 *data, gsize size, gboolean is_one_byte, gint64 arrived_at_ns)
{
  for (gsize at = 0; at < size;)
    {
      guint id = is_one_byte ? data[at] >> 4 : data[at];
      gsize header = is_one_byte ? 1 : 2;
      gsize length;

      if (id == 0)
        {
          at++;
          continue;
        }
      if (at + header > size)
        return FALSE;
      length = is_one_byte ? (data[at] & 0x0f) + 1u : data[at + 1];
      at += header;
      if (at + length > size)
        return FALSE;
      if (id == self->transport_cc_id && length == 2)
        bench_transport_cc_take (self->transport_cc, bench_read_u16 (data + at), arrived_at_ns / NS_PER_US);
      at += length;
    }
  return TRUE;
}

/* Returns: the size of the header; 0: malformed. */
static gsize
read_header (BenchSubscriber *self, const guint8 *packet, gsize size, gint64 arrived_at_ns)
{
  gsize header = 12 + 4 * (gsize)(packet[0] & 0x0f);
  gsize length;
  guint16 profile;

  if (size < 12 || size < header)
    return 0;
  if (!(packet[0] & 0x10))
    return header;
  if (size < header + 4)
    return 0;
  profile = bench_read_u16 (packet + header);
  length = 4 * (gsize)bench_read_u16 (packet + header + 2);
  header += 4;
  if (size < header + length || !read_extension (self, packet + header, length, profile == 0xbede, arrived_at_ns))
    return 0;
  return header + length;
}

/* RFC 3550 section 5.1: the last byte says how many. */
static gsize
count_padding (const guint8 *packet, gsize size, gsize header)
{
  return packet[0] & 0x20 ? MIN (packet[size - 1], size - header) : 0;
}

static void
note_arrival (BenchSubscriber *self, const BenchStamp *stamp, Format format, const guint8 *payload)
{
  gint64 now_us = g_get_monotonic_time ();

  if (self->state.first_packet_us == 0)
    self->state.first_packet_us = now_us;
  if (format == VIDEO && self->state.first_keyframe_us == 0 && payload[0] & 0x10
      && !(payload[VP8_DESCRIPTOR_BYTES] & 1))
    self->state.first_keyframe_us = now_us;
  if (self->seen[stamp->track].seen == 0)
    self->state.n_tracks++;
}

static void
take_payload (
    BenchSubscriber *self, Format format, const guint8 *payload, gsize size, gboolean is_again, gint64 arrived_at_ns)
{
  gsize header = format == VIDEO ? VP8_DESCRIPTOR_BYTES + VP8_HEADER_BYTES : OPUS_HEADER_BYTES;
  BenchStamp stamp;

  if (size < header || !bench_stamp_read (&stamp, payload + header, size - header))
    {
      self->state.n_refused++;
      return;
    }
  if (self->state.first_keyframe_us == 0 || self->seen[stamp.track].seen == 0)
    note_arrival (self, &stamp, format, payload);
  bench_tally_take (self->tally, &stamp, &self->seen[stamp.track], is_again, arrived_at_ns);
}

/* RFC 4588 section 4. */
static void
take_retransmission (
    BenchSubscriber *self, const guint8 *packet, const guint8 *payload, gsize size, gint64 arrived_at_ns)
{
  gpointer ssrc = g_hash_table_lookup (self->rtx_media, GUINT_TO_POINTER (bench_read_u32 (packet + 8)));
  BenchStream *stream = find_stream (self, GPOINTER_TO_UINT (ssrc));

  /* Without a payload it is padding, which probes for bandwidth. */
  if (size <= 2)
    return;
  if (stream != NULL)
    bench_stream_recover (stream, bench_read_u16 (payload));
  take_payload (self, VIDEO, payload + 2, size - 2, TRUE, arrived_at_ns);
}

static void
on_rtp (guint8 *packet, gsize size, gint64 arrived_at_ns, gpointer user_data)
{
  BenchSubscriber *self = user_data;
  Format format = size >= 12 ? self->formats[packet[1] & 0x7f] : UNKNOWN;
  gsize header = format != UNKNOWN ? read_header (self, packet, size, arrived_at_ns) : 0;
  BenchStream *stream;

  if (header == 0)
    {
      self->state.n_refused++;
      return;
    }
  size -= count_padding (packet, size, header);
  if (format == RETRANSMISSION)
    {
      take_retransmission (self, packet, packet + header, size - header, arrived_at_ns);
      return;
    }
  stream = ensure_stream (self, bench_read_u32 (packet + 8), format == VIDEO);
  bench_stream_take (stream, bench_read_u16 (packet + 2), bench_read_u32 (packet + 4), arrived_at_ns);
  take_payload (self, format, packet + header, size - header, FALSE, arrived_at_ns);
}

static void
on_rtcp (const guint8 *data, gsize size, gint64 arrived_at_ns, gpointer user_data)
{
  BenchSubscriber *self = user_data;
  BenchRtcpPacket packet;

  while (bench_rtcp_next (&data, &size, &packet))
    {
      BenchStream *stream;

      if (packet.type != BENCH_RTCP_SENDER_REPORT || packet.size_bytes < 24)
        continue;
      stream = find_stream (self, bench_read_u32 (packet.body));
      if (stream != NULL)
        bench_stream_take_sender_report (stream, bench_read_u32 (packet.body + 6), arrived_at_ns);
    }
}

/* -- reporting -- */

static void
send_rtcp (BenchSubscriber *self, BenchRtcpWriter *writer)
{
  if (writer->size > 0)
    bench_transport_send_rtcp (self->transport, writer->data, writer->size);
}

static void
send_report (BenchSubscriber *self)
{
  BenchReportBlock blocks[BENCH_MAX_REPORT_BLOCKS];
  BenchRtcpWriter writer = { .size = 0 };
  guint n_blocks = 0;

  for (guint i = 0; i < self->streams->len && n_blocks < BENCH_MAX_REPORT_BLOCKS; i++)
    {
      BenchStream *stream = g_ptr_array_index (self->streams, i);

      if (stream->has_begun)
        bench_stream_report (stream, &blocks[n_blocks++], bench_realtime_ns ());
    }
  bench_rtcp_write_receiver_report (&writer, self->ssrc, blocks, n_blocks);
  bench_rtcp_write_name (&writer, self->ssrc, CNAME);
  send_rtcp (self, &writer);
}

static void
send_feedback (BenchSubscriber *self)
{
  guint32 media = self->last != NULL ? self->last->ssrc : 0;

  for (;;)
    {
      BenchRtcpWriter writer = { .size = 0 };

      if (!bench_transport_cc_write (self->transport_cc, &writer, self->ssrc, media))
        return;
      send_rtcp (self, &writer);
    }
}

static void
request_missing (BenchSubscriber *self, BenchStream *stream, gint64 now_us)
{
  guint16 sequences[BENCH_STREAM_MAX_MISSING];
  guint n = stream->n_missing > 0 ? bench_stream_collect_missing (stream, sequences, now_us) : 0;
  BenchRtcpWriter writer = { .size = 0 };

  if (n == 0)
    return;
  bench_rtcp_write_nack (&writer, self->ssrc, stream->ssrc, sequences, n);
  send_rtcp (self, &writer);
}

static void
request_keyframes (BenchSubscriber *self, gint64 now_us)
{
  self->keyframe_request_at_us = now_us + KEYFRAME_WAIT_US;
  for (guint i = 0; i < self->streams->len; i++)
    {
      BenchStream *stream = g_ptr_array_index (self->streams, i);
      BenchRtcpWriter writer = { .size = 0 };

      if (!stream->is_video)
        continue;
      bench_rtcp_write_pli (&writer, self->ssrc, stream->ssrc);
      send_rtcp (self, &writer);
    }
}

void
bench_subscriber_tick (BenchSubscriber *self, gint64 now_us)
{
  bench_transport_tick (self->transport, now_us);
  if (!self->is_connected)
    return;
  for (guint i = 0; i < self->streams->len; i++)
    request_missing (self, g_ptr_array_index (self->streams, i), now_us);
  if (self->state.first_keyframe_us == 0 && now_us >= self->keyframe_request_at_us)
    request_keyframes (self, now_us);
  if (now_us >= self->feedback_at_us)
    {
      self->feedback_at_us = now_us + FEEDBACK_INTERVAL_US;
      send_feedback (self);
    }
  if (now_us >= self->report_at_us)
    {
      self->report_at_us = now_us + REPORT_INTERVAL_US;
      send_report (self);
    }
}

/* -- connecting -- */

static void
on_connected (gpointer user_data)
{
  BenchSubscriber *self = user_data;
  gint64 now_us = g_get_monotonic_time ();

  self->is_connected = TRUE;
  self->keyframe_request_at_us = now_us + KEYFRAME_WAIT_US;
  /* Not all subscribers at once. */
  self->feedback_at_us = now_us + g_random_int_range (0, FEEDBACK_INTERVAL_US);
  self->report_at_us = now_us + g_random_int_range (0, REPORT_INTERVAL_US);
  self->events->connected (self->user_data);
}

static void
on_failed (const char *why, gpointer user_data)
{
  BenchSubscriber *self = user_data;

  self->events->failed (why, self->user_data);
}

static const BenchTransportEvents transport_events = { on_connected, on_failed, on_rtp, on_rtcp };

static void
note_media (BenchSubscriber *self, const BenchMedia *media)
{
  self->formats[media->payload_type & 0x7f] = media->is_video ? VIDEO : AUDIO;
  if (media->rtx_payload_type != 0)
    self->formats[media->rtx_payload_type & 0x7f] = RETRANSMISSION;
  if (media->transport_cc_extension != 0)
    self->transport_cc_id = media->transport_cc_extension;
  if (media->rtx_ssrc != 0)
    g_hash_table_insert (self->rtx_media, GUINT_TO_POINTER (media->rtx_ssrc), GUINT_TO_POINTER (media->ssrc));
}

char *
bench_subscriber_answer (BenchSubscriber *self, const char *offer_sdp, GError **error)
{
  g_autoptr (BenchDescription) offer = bench_description_parse (offer_sdp, error);
  BenchLocal local;

  if (offer == NULL)
    return NULL;
  for (guint i = 0; i < offer->media->len; i++)
    note_media (self, bench_description_get_media (offer, i));
  bench_transport_describe (self->transport, FALSE, &local);
  if (!bench_transport_start (self->transport, offer, FALSE, error))
    return NULL;
  return bench_description_write_answer (&local, offer);
}

void
bench_subscriber_add_candidate (BenchSubscriber *self, const char *candidate)
{
  bench_transport_add_candidate (self->transport, candidate);
}

BenchSubscriberState
bench_subscriber_get_state (const BenchSubscriber *self)
{
  BenchSubscriberState state = self->state;
  BenchTransportLosses losses = bench_transport_get_losses (self->transport);

  state.n_overflowed += losses.n_overflowed;
  state.n_refused += losses.n_refused;
  state.profile = bench_transport_get_profile (self->transport);
  return state;
}

/* -- life -- */

BenchSubscriber *
bench_subscriber_new (
    BenchNetwork *network, BenchTally *tally, const BenchConnectionEvents *events, gpointer user_data, GError **error)
{
  BenchSubscriber *self = g_new0 (BenchSubscriber, 1);

  self->tally = tally;
  self->events = events;
  self->user_data = user_data;
  self->ssrc = g_random_int () | 1;
  self->rtx_media = g_hash_table_new (NULL, NULL);
  self->streams = g_ptr_array_new_with_free_func (g_free);
  self->transport_cc = g_new0 (BenchTransportCc, 1);
  self->transport = bench_transport_new (network, &transport_events, self, error);
  if (self->transport != NULL)
    return self;
  bench_subscriber_free (self);
  return NULL;
}

void
bench_subscriber_free (BenchSubscriber *self)
{
  bench_transport_free (self->transport);
  g_hash_table_unref (self->rtx_media);
  g_ptr_array_unref (self->streams);
  g_free (self->transport_cc);
  g_free (self);
}
