/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-send-stream.h"

#include <string.h>

#include "salon-bytes.h"
#include "salon-rtp-packet.h"
#include "salon-sender-report.h"

/* At 1.5 Mbit/s more than a second; divides 2^16. */
#define N_KEPT SALON_SEND_STREAM_N_KEPT
/* For so long after the last of them: a stream that rests would hold as many of the publisher's packets. Clients give
 * up earlier. */
#define KEEP_US (2 * G_TIME_SPAN_SECOND)
/* Header and payload descriptor of a packet, as a slot rewrites them: 20 to 40 bytes. */
#define KEPT_HEAD_BYTES 48
/* A client asks again after a round trip; sooner, it only doubles what is on its way. */
#define RESEND_INTERVAL_US (20 * G_TIME_SPAN_MILLISECOND)
/* Browsers wait for 200 ms or more. */
#define KEYFRAME_REQUEST_INTERVAL_US (50 * G_TIME_SPAN_MILLISECOND)
/* RFC 3550, section 6.2, lets reports come more often than every 5 s where there is room: players synchronise after the
 * first, and drift is corrected by the others. */
#define REPORT_INTERVAL_US G_USEC_PER_SEC
#define MAX_RTT_S 60
/* RFC 4588, section 4: the sequence number that the packet had. */
#define OSN_BYTES 2
/* The most that its last byte can count (RFC 3550, section 5.1); and a header with a transport-wide number. */
#define MAX_PADDING_BYTES 255
#define PADDING_PACKET_BYTES (20 + MAX_PADDING_BYTES)

/* A packet: head, then what of rest follows. A GstBuffer of its own would be six times as large, for each subscriber.
 */
typedef struct
{
  GstMemory
      *rest;      /* (owned) (nullable): the publisher's packet, that all subscribers share; NULL: there is no packet */
  guint32 offset; /* into rest */
  guint16 size;   /* of what follows head */
  guint16 sequence;
  gint64 resent_us;
  guint8 head_size;
  guint8 head[KEPT_HEAD_BYTES];
} Kept;

struct _SalonSendStream
{
  GstElement *element; /* (borrowed): whose running time counts */
  guint32 ssrc;

  GMutex lock;     /* of all that follows */
  SalonSrtp *srtp; /* (owned) (nullable): from the first packet on */

  gboolean keeps_packets;
  Kept *kept;          /* (owned) (nullable): N_KEPT, by sequence number; from the first packet on */
  guint credit;        /* how many may be sent again: one for each that is sent */
  SalonSrtp *rtx_srtp; /* (owned) (nullable) */
  guint32 rtx_ssrc;
  guint16 rtx_sequence;
  guint8 rtx_payload_types[128];
  guint16 last_sequence; /* kept */
  guint n_padded;        /* since then, as padding */
  guint32 last_timestamp;

  gint64 keyframe_asked_us;
  guint clock_rate;
  gint64 sent_us;     /* the last */
  gint64 reported_us; /* 0: never */
  guint32 n_payload_bytes;
  guint64 n_reported_packets; /* of stats.packets: those the client had told of */
  SalonSendStreamStats stats;
};

/* -- reports -- */

/* timestamp: the packet's, which is of the running time pts; the report is of now. */
static void
report (SalonSendStream *self, SalonSendPath *path, guint32 timestamp, GstClockTime pts)
{
  guint8 data[SALON_SENDER_REPORT_MAX_BYTES + SALON_SEND_PATH_OVERHEAD_BYTES];
  GstClockTime now = gst_element_get_current_running_time (self->element);
  gboolean has_age = GST_CLOCK_TIME_IS_VALID (pts) && GST_CLOCK_TIME_IS_VALID (now);
  GstClockTimeDiff age = has_age ? GST_CLOCK_DIFF (pts, now) : 0;
  SalonSenderReport sender_report = {
    .ssrc = self->ssrc,
    .time_us = g_get_real_time (),
    .rtp_timestamp = timestamp + (guint32)(age * (gint64)self->clock_rate / (gint64)GST_SECOND),
    .n_packets = (guint32)self->stats.packets,
    .n_bytes = self->n_payload_bytes,
  };
  gsize size = salon_sender_report_write (&sender_report, salon_send_path_get_cname (path), data);

  salon_send_path_send_rtcp (path, data, size);
}

static void
report_if_due (SalonSendStream *self, SalonSendPath *path, GstBuffer *buffer, guint32 timestamp)
{
  gboolean is_due = self->reported_us == 0 || self->sent_us - self->reported_us >= REPORT_INTERVAL_US
                    || GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_RESYNC);

  if (!is_due || self->clock_rate == 0)
    return;
  self->reported_us = self->sent_us;
  report (self, path, timestamp, GST_BUFFER_PTS (buffer));
}

/* RFC 3550, section 6.4.1. What is negative, or longer than any network's, is made up. */
static gint64
get_rtt_us (const SalonRtcpReportBlock *block)
{
  guint32 rtt = salon_sender_report_get_time (g_get_real_time ()) - block->last_report - block->delay;

  if (block->last_report == 0 || rtt > MAX_RTT_S << 16)
    return -1;
  return (gint64)rtt * G_USEC_PER_SEC >> 16;
}

guint
salon_send_stream_take_block (SalonSendStream *self, const SalonRtcpReportBlock *block)
{
  guint n_packets;

  g_mutex_lock (&self->lock);
  n_packets = (guint)(self->stats.packets - self->n_reported_packets);
  self->n_reported_packets = self->stats.packets;
  self->stats.fraction_lost = block->fraction_lost;
  self->stats.rtt_us = get_rtt_us (block);
  if (self->clock_rate > 0)
    self->stats.jitter_us = (gint64)block->jitter * G_USEC_PER_SEC / self->clock_rate;
  g_mutex_unlock (&self->lock);
  return n_packets;
}

/* -- what was sent -- */

static void
kept_set (Kept *self, GstBuffer *packet, guint16 sequence)
{
  gsize head_size = gst_memory_get_sizes (gst_buffer_peek_memory (packet, 0), NULL, NULL);
  gboolean has_head = gst_buffer_n_memory (packet) > 1 && head_size <= KEPT_HEAD_BYTES;
  GstMemory *rest = gst_buffer_get_memory_range (packet, has_head ? 1 : 0, -1);
  GstMemory *whole = rest->parent;

  self->sequence = sequence;
  self->resent_us = 0;
  self->head_size = has_head ? gst_buffer_extract (packet, 0, self->head, head_size) : 0;
  self->size = rest->size;
  self->offset = 0;
  if (self->rest != NULL)
    gst_memory_unref (self->rest);
  self->rest = rest;
  /* What is just a view of another is not needed for itself. */
  if (whole != NULL && rest->offset >= whole->offset && rest->offset + rest->size <= whole->offset + whole->size)
    {
      self->offset = rest->offset - whole->offset;
      self->rest = gst_memory_ref (whole);
      gst_memory_unref (rest);
    }
}

/* Returns the packet's size; 0: it can't be had. */
static gsize
kept_get (const Kept *self, guint8 *data)
{
  GstMapInfo map;

  memcpy (data, self->head, self->head_size);
  if (!gst_memory_map (self->rest, &map, GST_MAP_READ))
    return 0;
  memcpy (data + self->head_size, map.data + self->offset, self->size);
  gst_memory_unmap (self->rest, &map);
  return self->head_size + self->size;
}

static void
keep (SalonSendStream *self, GstBuffer *packet, guint16 sequence)
{
  if (self->kept == NULL)
    self->kept = g_new0 (Kept, N_KEPT);
  kept_set (&self->kept[sequence % N_KEPT], packet, sequence);
  self->last_sequence = sequence;
  self->n_padded = 0;
  self->credit = MIN (self->credit + 1, N_KEPT);
}

static void
free_kept (Kept *kept)
{
  for (guint i = 0; kept != NULL && i < N_KEPT; i++)
    {
      if (kept[i].rest != NULL)
        gst_memory_unref (kept[i].rest);
    }
  g_free (kept);
}

void
salon_send_stream_trim (SalonSendStream *self, gint64 now_us)
{
  Kept *kept = NULL;

  g_mutex_lock (&self->lock);
  if (now_us - self->sent_us >= KEEP_US)
    kept = g_steal_pointer (&self->kept);
  g_mutex_unlock (&self->lock);
  free_kept (kept);
}

/* -- sending -- */

/* Copies a packet to where it will be protected. Returns its size; 0 if it is none that can be sent. */
static gsize
copy_out (GstBuffer *packet, SalonRtpPacket *parsed, guint8 *data)
{
  gsize size = gst_buffer_get_size (packet);

  if (size > SALON_SEND_PATH_MAX_BYTES || gst_buffer_extract (packet, 0, data, size) != size
      || !salon_rtp_packet_parse (parsed, data, size))
    return 0;
  return size;
}

static gboolean
send_locked (SalonSendStream *self, SalonSendPath *path, GstBuffer *packet)
{
  guint8 data[SALON_SEND_PATH_MAX_BYTES + SALON_SEND_PATH_OVERHEAD_BYTES];
  SalonRtpPacket parsed;
  gsize size = copy_out (packet, &parsed, data);

  if (size == 0)
    return FALSE;
  if (self->srtp == NULL)
    self->srtp = salon_send_path_new_srtp (path);
  if (!salon_send_path_send_rtp (path, self->srtp, data, size))
    return FALSE;
  self->sent_us = g_get_monotonic_time ();
  if (self->keeps_packets)
    keep (self, packet, parsed.sequence);
  self->stats.packets++;
  self->stats.bytes += size;
  self->n_payload_bytes += (guint32)parsed.payload_size;
  self->last_timestamp = parsed.timestamp;
  report_if_due (self, path, packet, parsed.timestamp);
  return TRUE;
}

void
salon_send_stream_send (SalonSendStream *self, SalonSendPath *path, GstBuffer *packet)
{
  g_mutex_lock (&self->lock);
  if (!send_locked (self, path, packet))
    self->stats.unsent++;
  g_mutex_unlock (&self->lock);
}

/* -- sending again -- */

/* RFC 4588, section 4. Returns the new size. */
static gsize
make_retransmission (SalonSendStream *self, guint8 *data, const SalonRtpPacket *packet, gsize size)
{
  guint16 sequence = self->rtx_sequence++;

  memmove (data + packet->payload_offset + OSN_BYTES, data + packet->payload_offset, size - packet->payload_offset);
  memcpy (data + packet->payload_offset, data + 2, OSN_BYTES);
  data[1] = (data[1] & 0x80) | self->rtx_payload_types[packet->payload_type];
  data[2] = sequence >> 8;
  data[3] = sequence & 0xff;
  for (guint i = 0; i < 4; i++)
    data[8 + i] = self->rtx_ssrc >> (24 - 8 * i) & 0xff;
  return size + OSN_BYTES;
}

static gboolean
resend_kept (SalonSendStream *self, SalonSendPath *path, const Kept *kept)
{
  guint8 data[SALON_SEND_PATH_MAX_BYTES + OSN_BYTES + SALON_SEND_PATH_OVERHEAD_BYTES];
  SalonRtpPacket parsed;
  gsize size = kept_get (kept, data);

  if (!salon_rtp_packet_parse (&parsed, data, size))
    return FALSE;
  /* As it was: protected with the same keystream, but it is the same text. */
  if (self->rtx_ssrc == 0 || self->rtx_payload_types[parsed.payload_type] == 0)
    return salon_send_path_send_rtp (path, self->srtp, data, size);
  if (self->rtx_srtp == NULL)
    self->rtx_srtp = salon_send_path_new_srtp (path);
  size = make_retransmission (self, data, &parsed, size);
  return salon_send_path_send_rtp (path, self->rtx_srtp, data, size);
}

static gboolean
resend_locked (SalonSendStream *self, SalonSendPath *path, guint16 sequence)
{
  Kept *kept = self->kept != NULL ? &self->kept[sequence % N_KEPT] : NULL;
  gint64 now_us = g_get_monotonic_time ();

  if (kept == NULL || kept->rest == NULL || kept->sequence != sequence || self->credit == 0
      || now_us - kept->resent_us < RESEND_INTERVAL_US
      || !salon_send_path_take_resend (path, (gsize)kept->head_size + kept->size))
    return FALSE;
  kept->resent_us = now_us;
  self->credit--;
  return resend_kept (self, path, kept);
}

void
salon_send_stream_resend (SalonSendStream *self, SalonSendPath *path, guint16 sequence)
{
  g_mutex_lock (&self->lock);
  if (resend_locked (self, path, sequence))
    self->stats.retransmissions++;
  else
    self->stats.refused++;
  g_mutex_unlock (&self->lock);
}

/* -- padding -- */

/* Returns: (nullable): the newest, then those before it, and again. */
static const Kept *
next_to_pad (SalonSendStream *self)
{
  guint16 sequence = self->last_sequence - self->n_padded;
  const Kept *kept = &self->kept[sequence % N_KEPT];

  if (self->n_padded == N_KEPT || kept->rest == NULL || kept->sequence != sequence)
    {
      self->n_padded = 0;
      kept = &self->kept[self->last_sequence % N_KEPT];
    }
  self->n_padded++;
  return kept->rest != NULL ? kept : NULL;
}

/* What was lost may be among it. Returns: its size; 0: none is kept. */
static gsize
pad_with_kept (SalonSendStream *self, SalonSendPath *path)
{
  const Kept *kept = self->kept != NULL ? next_to_pad (self) : NULL;

  if (kept == NULL || !resend_kept (self, path, kept))
    return 0;
  return (gsize)kept->head_size + kept->size + OSN_BYTES;
}

static guint8
find_rtx_payload_type (const SalonSendStream *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->rtx_payload_types); i++)
    {
      if (self->rtx_payload_types[i] != 0)
        return self->rtx_payload_types[i];
    }
  return 0;
}

/* RFC 3550, section 5.1; the extension as RFC 8285, section 4.2. Returns: its size. */
static gsize
make_padding (SalonSendStream *self, SalonSendPath *path, guint8 *data)
{
  guint8 *at = data;

  memset (data, 0, PADDING_PACKET_BYTES);
  *at++ = 0xb0; /* version 2, padding, extension */
  *at++ = find_rtx_payload_type (self);
  at = salon_write_u16 (at, self->rtx_sequence++);
  at = salon_write_u32 (at, self->last_timestamp);
  at = salon_write_u32 (at, self->rtx_ssrc);
  at = salon_write_u16 (at, 0xbede);
  at = salon_write_u16 (at, 1);
  *at = salon_send_path_get_transport_cc_id (path) << 4 | 1;
  data[PADDING_PACKET_BYTES - 1] = MAX_PADDING_BYTES;
  return PADDING_PACKET_BYTES;
}

static gsize
pad_with_nothing (SalonSendStream *self, SalonSendPath *path)
{
  guint8 data[PADDING_PACKET_BYTES + SALON_SEND_PATH_OVERHEAD_BYTES];
  gsize size = make_padding (self, path, data);

  if (self->rtx_srtp == NULL)
    self->rtx_srtp = salon_send_path_new_srtp (path);
  return salon_send_path_send_rtp (path, self->rtx_srtp, data, size) ? size : 0;
}

gsize
salon_send_stream_pad (SalonSendStream *self, SalonSendPath *path)
{
  gsize size = 0;

  g_mutex_lock (&self->lock);
  if (self->rtx_ssrc != 0 && find_rtx_payload_type (self) != 0)
    {
      size = pad_with_kept (self, path);
      if (size == 0)
        size = pad_with_nothing (self, path);
      self->stats.padding += size > 0;
    }
  g_mutex_unlock (&self->lock);
  return size;
}

/* -- settings and figures -- */

gboolean
salon_send_stream_may_ask_keyframe (SalonSendStream *self)
{
  gint64 now_us = g_get_monotonic_time ();
  gboolean may_ask;

  g_mutex_lock (&self->lock);
  may_ask = now_us - self->keyframe_asked_us >= KEYFRAME_REQUEST_INTERVAL_US;
  if (may_ask)
    self->keyframe_asked_us = now_us;
  g_mutex_unlock (&self->lock);
  return may_ask;
}

guint32
salon_send_stream_get_ssrc (SalonSendStream *self)
{
  return self->ssrc;
}

void
salon_send_stream_set_retransmission (SalonSendStream *self, guint32 ssrc, const guint8 payload_types[128])
{
  g_mutex_lock (&self->lock);
  self->rtx_ssrc = ssrc;
  memcpy (self->rtx_payload_types, payload_types, sizeof self->rtx_payload_types);
  g_mutex_unlock (&self->lock);
}

void
salon_send_stream_set_clock_rate (SalonSendStream *self, guint clock_rate)
{
  g_mutex_lock (&self->lock);
  self->clock_rate = clock_rate;
  g_mutex_unlock (&self->lock);
}

void
salon_send_stream_get_stats (SalonSendStream *self, SalonSendStreamStats *stats)
{
  g_mutex_lock (&self->lock);
  *stats = self->stats;
  g_mutex_unlock (&self->lock);
}

/* -- life -- */

SalonSendStream *
salon_send_stream_new (GstElement *element, guint32 ssrc, gboolean keeps_packets)
{
  SalonSendStream *self = g_new0 (SalonSendStream, 1);

  g_mutex_init (&self->lock);
  self->stats.rtt_us = -1;
  self->element = element;
  self->ssrc = ssrc;
  self->keeps_packets = keeps_packets;
  self->rtx_sequence = g_random_int () & 0x7fff;
  return self;
}

void
salon_send_stream_free (SalonSendStream *self)
{
  free_kept (self->kept);
  g_clear_pointer (&self->srtp, salon_srtp_free);
  g_clear_pointer (&self->rtx_srtp, salon_srtp_free);
  g_mutex_clear (&self->lock);
  g_free (self);
}
