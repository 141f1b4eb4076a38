/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-publisher.h"

#include <string.h>
#include <unistd.h>

#include "bench-rtcp.h"
#include "bench-transport.h"

#define NS_PER_S G_GINT64_CONSTANT (1000000000)
#define AUDIO_INTERVAL_NS (NS_PER_S / 50)
#define AUDIO_BYTES 120 /* 48 kbit/s */
#define AUDIO_TICKS 960 /* of 48 kHz */
#define VIDEO_INTERVAL_NS (NS_PER_S / 30)
#define FRAME_BYTES (1500000 / 8 / 30)
#define KEYFRAME_BYTES (4 * FRAME_BYTES)
#define VIDEO_TICKS 3000 /* of 90 kHz */
#define MAX_PAYLOAD_BYTES 1100
#define REPORT_INTERVAL_US G_USEC_PER_SEC
/* As libwebrtc: requests in between get the keyframe that is on its way. */
#define KEYFRAME_INTERVAL_US (300 * 1000)
#define N_HISTORY 512
#define CNAME "benchmark"

/* Header, and an extension (RFC 8285) of two words: the mid, of one letter, and the transport-wide number. */
#define HEADER_BYTES (12 + 4 + 8)
#define PACKET_BYTES (HEADER_BYTES + 2 + MAX_PAYLOAD_BYTES)

/* RFC 7741 section 4.2: X; I with 15 bits, L, T; then RFC 6386 section 9.1: frame tag, start code, size. */
#define VP8_DESCRIPTOR_BYTES 6
#define VP8_HEADER_BYTES 10

/* RFC 6716 section 3.1: one CELT frame of 20 ms. */
#define OPUS_TOC 0x78

enum
{
  AUDIO,
  VIDEO,
  N_TRACKS
};

typedef struct
{
  guint8 data[PACKET_BYTES];
  gsize size; /* 0: nothing */
} Sent;

typedef struct
{
  BenchPublisher *publisher; /* (borrowed) */
  BenchMedia media;
  BenchWatch clock;
  guint id; /* in the tally */
  guint16 sequence;
  guint16 rtx_sequence;
  guint32 timestamp;
  guint32 n_packets;
  guint32 n_octets;
  Sent *history; /* (owned) (nullable): of the camera; not encrypted, by sequence number modulo N_HISTORY */
} Track;

struct _BenchPublisher
{
  BenchNetwork *network;               /* (borrowed) */
  BenchTally *tally;                   /* (borrowed) */
  const BenchConnectionEvents *events; /* (borrowed) */
  gpointer user_data;                  /* (borrowed) */
  BenchTransport *transport;           /* (owned) */
  Track tracks[N_TRACKS];
  guint16 transport_sequence;
  guint16 picture_id;
  guint8 tl0_picture;
  gboolean wants_keyframe;
  gint64 keyframe_at_us;
  gint64 report_at_us;
  gboolean is_connected;
};

/* -- packets -- */

static void
write_header (BenchPublisher *self, Track *track, guint8 *packet, guint8 payload_type, guint16 sequence,
    guint32 timestamp, guint32 ssrc, gboolean is_last)
{
  guint8 *element;

  packet[0] = 2 << 6 | 1 << 4; /* version, extension */
  packet[1] = (guint8)((is_last ? 0x80 : 0) | payload_type);
  bench_write_u16 (packet + 2, sequence);
  bench_write_u32 (packet + 4, timestamp);
  bench_write_u32 (packet + 8, ssrc);
  memset (packet + 12, 0, HEADER_BYTES - 12);
  bench_write_u16 (packet + 12, 0xbede);
  bench_write_u16 (packet + 14, 2);
  element = packet + 16;
  if (track->media.mid_extension != 0)
    {
      *element++ = (guint8)(track->media.mid_extension << 4);
      *element++ = (guint8)track->media.mid[0];
    }
  if (track->media.transport_cc_extension != 0)
    {
      *element++ = (guint8)(track->media.transport_cc_extension << 4 | 1);
      bench_write_u16 (element, self->transport_sequence++);
    }
}

static void
stamp (BenchPublisher *self, Track *track, guint8 *payload)
{
  BenchStamp written = { (guint16)track->id, bench_tally_next (self->tally, track->id), bench_realtime_ns () };

  bench_stamp_write (&written, payload);
}

static void
send_packet (BenchPublisher *self, Track *track, guint8 *packet, gsize payload_size, gboolean is_last)
{
  gsize size = HEADER_BYTES + payload_size;

  write_header (
      self, track, packet, track->media.payload_type, track->sequence, track->timestamp, track->media.ssrc, is_last);
  if (track->history != NULL)
    {
      Sent *sent = &track->history[track->sequence % N_HISTORY];

      memcpy (sent->data, packet, size);
      sent->size = size;
    }
  track->sequence++;
  track->n_packets++;
  track->n_octets += payload_size;
  bench_transport_send_rtp (self->transport, packet, size);
}

/* RFC 4588 section 4: as it was, on another SSRC, with its own number before the payload. */
static void
send_again (BenchPublisher *self, guint16 sequence)
{
  Track *track = &self->tracks[VIDEO];
  const Sent *sent = &track->history[sequence % N_HISTORY];
  guint8 packet[PACKET_BYTES + BENCH_TRANSPORT_TRAILER_BYTES];

  if (sent->size == 0 || bench_read_u16 (sent->data + 2) != sequence)
    return;
  write_header (self, track, packet, track->media.rtx_payload_type, track->rtx_sequence++,
      bench_read_u32 (sent->data + 4), track->media.rtx_ssrc, sent->data[1] & 0x80);
  bench_write_u16 (packet + HEADER_BYTES, sequence);
  memcpy (packet + HEADER_BYTES + 2, sent->data + HEADER_BYTES, sent->size - HEADER_BYTES);
  bench_transport_send_rtp (self->transport, packet, sent->size + 2);
}

/* -- media -- */

static void
send_audio (BenchPublisher *self)
{
  Track *track = &self->tracks[AUDIO];
  guint8 packet[PACKET_BYTES + BENCH_TRANSPORT_TRAILER_BYTES] = { 0 };
  guint8 *payload = packet + HEADER_BYTES;

  payload[0] = OPUS_TOC;
  stamp (self, track, payload + 1);
  send_packet (self, track, packet, AUDIO_BYTES, FALSE);
  track->timestamp += AUDIO_TICKS;
}

static void
write_vp8 (BenchPublisher *self, guint8 *payload, gboolean is_first, gboolean is_keyframe)
{
  static const guint8 key[VP8_HEADER_BYTES] = { 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02 };
  static const guint8 delta[VP8_HEADER_BYTES] = { 0x11, 0x02, 0x00 };

  payload[0] = is_first ? 0x90 : 0x80;
  payload[1] = 0xe0;
  bench_write_u16 (payload + 2, 0x8000 | self->picture_id);
  payload[4] = self->tl0_picture;
  payload[5] = 0x20;
  memcpy (payload + VP8_DESCRIPTOR_BYTES, is_keyframe ? key : delta, VP8_HEADER_BYTES);
}

static void
send_frame (BenchPublisher *self, gboolean is_keyframe)
{
  Track *track = &self->tracks[VIDEO];
  guint8 packet[PACKET_BYTES + BENCH_TRANSPORT_TRAILER_BYTES] = { 0 };
  guint8 *payload = packet + HEADER_BYTES;
  guint n_bytes = is_keyframe ? KEYFRAME_BYTES : FRAME_BYTES;
  guint n_packets = (n_bytes + MAX_PAYLOAD_BYTES - 1) / MAX_PAYLOAD_BYTES;

  for (guint i = 0; i < n_packets; i++)
    {
      write_vp8 (self, payload, i == 0, is_keyframe);
      stamp (self, track, payload + VP8_DESCRIPTOR_BYTES + VP8_HEADER_BYTES);
      send_packet (self, track, packet, n_bytes / n_packets, i == n_packets - 1);
    }
  track->timestamp += VIDEO_TICKS;
  self->picture_id = (self->picture_id + 1) & 0x7fff;
  self->tl0_picture++;
}

static void
send_video (BenchPublisher *self)
{
  gint64 now_us = g_get_monotonic_time ();
  gboolean is_keyframe = self->wants_keyframe && now_us - self->keyframe_at_us >= KEYFRAME_INTERVAL_US;

  if (is_keyframe)
    {
      self->wants_keyframe = FALSE;
      self->keyframe_at_us = now_us;
    }
  send_frame (self, is_keyframe);
}

static void
on_clock (gpointer user_data)
{
  Track *track = user_data;
  guint64 n_times = 0;

  /* What was missed is made up for: a camera does not slow down. */
  if (read (track->clock.fd, &n_times, sizeof n_times) != sizeof n_times)
    return;
  for (; n_times > 0; n_times--)
    {
      if (track->media.is_video)
        send_video (track->publisher);
      else
        send_audio (track->publisher);
    }
}

/* -- feedback -- */

static void
take_nack (BenchPublisher *self, const BenchRtcpPacket *packet)
{
  if (packet->size_bytes < 8 || bench_read_u32 (packet->body + 4) != self->tracks[VIDEO].media.ssrc)
    return;
  for (gsize at = 8; at + 4 <= packet->size_bytes; at += 4)
    {
      guint16 first = bench_read_u16 (packet->body + at);
      guint16 bits = bench_read_u16 (packet->body + at + 2);

      send_again (self, first);
      for (guint i = 0; i < 16; i++)
        {
          if (bits & 1u << i)
            send_again (self, (guint16)(first + i + 1));
        }
    }
}

static void
on_rtcp (const guint8 *data, gsize size, gint64 arrived_at_ns, gpointer user_data)
{
  BenchPublisher *self = user_data;
  BenchRtcpPacket packet;

  while (bench_rtcp_next (&data, &size, &packet))
    {
      if (packet.type == BENCH_RTCP_TRANSPORT_FEEDBACK && packet.count == BENCH_RTCP_NACK)
        take_nack (self, &packet);
      else if (packet.type == BENCH_RTCP_PAYLOAD_FEEDBACK
               && (packet.count == BENCH_RTCP_PLI || packet.count == BENCH_RTCP_FIR))
        self->wants_keyframe = TRUE;
    }
}

static void
send_report (BenchPublisher *self, Track *track)
{
  BenchRtcpWriter writer = { .size = 0 };

  bench_rtcp_write_sender_report (&writer, track->media.ssrc, bench_ntp_time (bench_realtime_ns ()), track->timestamp,
      track->n_packets, track->n_octets);
  bench_rtcp_write_name (&writer, track->media.ssrc, CNAME);
  bench_transport_send_rtcp (self->transport, writer.data, writer.size);
}

void
bench_publisher_tick (BenchPublisher *self, gint64 now_us)
{
  bench_transport_tick (self->transport, now_us);
  if (!self->is_connected || now_us < self->report_at_us)
    return;
  self->report_at_us = now_us + REPORT_INTERVAL_US;
  for (guint i = 0; i < N_TRACKS; i++)
    send_report (self, &self->tracks[i]);
}

/* -- connecting -- */

/* Several publishers' clocks must not strike together. */
static gint64
choose_start (gint64 period_ns)
{
  return bench_monotonic_ns () + (gint64)(g_random_double () * (double)period_ns) + 1;
}

static void
on_connected (gpointer user_data)
{
  BenchPublisher *self = user_data;
  g_autoptr (GError) error = NULL;

  self->is_connected = TRUE;
  if (!bench_network_watch_clock (
          self->network, &self->tracks[AUDIO].clock, choose_start (AUDIO_INTERVAL_NS), AUDIO_INTERVAL_NS, &error)
      || !bench_network_watch_clock (
          self->network, &self->tracks[VIDEO].clock, choose_start (VIDEO_INTERVAL_NS), VIDEO_INTERVAL_NS, &error))
    self->events->failed (error->message, self->user_data);
  else
    self->events->connected (self->user_data);
}

static void
on_failed (const char *why, gpointer user_data)
{
  BenchPublisher *self = user_data;

  self->events->failed (why, self->user_data);
}

static void
on_rtp (guint8 *packet, gsize size, gint64 arrived_at_ns, gpointer user_data)
{
  /* Nobody sends media to a publisher; probes of bandwidth would come here. */
}

static const BenchTransportEvents transport_events = { on_connected, on_failed, on_rtp, on_rtcp };

char *
bench_publisher_offer (BenchPublisher *self)
{
  BenchMedia media[N_TRACKS];
  BenchLocal local;
  char *sdp;

  bench_transport_describe (self->transport, TRUE, &local);
  for (guint i = 0; i < N_TRACKS; i++)
    media[i] = self->tracks[i].media;
  sdp = bench_description_write_offer (&local, media, N_TRACKS);
  for (guint i = 0; i < N_TRACKS; i++)
    self->tracks[i].media = media[i];
  return sdp;
}

gboolean
bench_publisher_take_answer (BenchPublisher *self, const char *sdp, GError **error)
{
  g_autoptr (BenchDescription) answer = bench_description_parse (sdp, error);

  if (answer == NULL)
    return FALSE;
  for (guint i = 0; i < MIN (N_TRACKS, answer->media->len); i++)
    {
      self->tracks[i].media.mid_extension = bench_description_get_media (answer, i)->mid_extension;
      self->tracks[i].media.transport_cc_extension = bench_description_get_media (answer, i)->transport_cc_extension;
    }
  return bench_transport_start (self->transport, answer, TRUE, error);
}

void
bench_publisher_add_candidate (BenchPublisher *self, const char *candidate)
{
  bench_transport_add_candidate (self->transport, candidate);
}

/* -- life -- */

static void
prepare_track (BenchPublisher *self, guint index)
{
  Track *track = &self->tracks[index];

  *track = (Track){
    .publisher = self,
    .media = { .is_video = index == VIDEO, .mid = g_strdup_printf ("%u", index), .ssrc = g_random_int () | 1 },
    .clock = { -1, on_clock, track },
    .id = bench_tally_add_track (self->tally),
    .sequence = (guint16)g_random_int (),
    .rtx_sequence = (guint16)g_random_int (),
    .timestamp = g_random_int (),
  };
  if (index == VIDEO)
    {
      track->media.rtx_ssrc = g_random_int () | 1;
      track->history = g_new0 (Sent, N_HISTORY);
    }
}

BenchPublisher *
bench_publisher_new (
    BenchNetwork *network, BenchTally *tally, const BenchConnectionEvents *events, gpointer user_data, GError **error)
{
  BenchPublisher *self = g_new0 (BenchPublisher, 1);

  self->network = network;
  self->tally = tally;
  self->events = events;
  self->user_data = user_data;
  self->wants_keyframe = TRUE;
  self->picture_id = (guint16)g_random_int_range (0, 0x8000);
  for (guint i = 0; i < N_TRACKS; i++)
    prepare_track (self, i);
  self->transport = bench_transport_new (network, &transport_events, self, error);
  if (self->transport != NULL)
    return self;
  bench_publisher_free (self);
  return NULL;
}

void
bench_publisher_free (BenchPublisher *self)
{
  for (guint i = 0; i < N_TRACKS; i++)
    {
      bench_network_close (self->network, &self->tracks[i].clock);
      g_free (self->tracks[i].media.mid);
      g_free (self->tracks[i].history);
    }
  bench_transport_free (self->transport);
  g_free (self);
}
