/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-rtcp.h"
#include "salon-send-path.h"

/* One outgoing RTP stream: sends each packet, keeps the last ones to send again (RFC 4588, or as they were where the
 * client knows no such thing), and tells the client what time they are of (RFC 3550, section 6.4.1).
 *
 * Any thread: a publisher's brings packets, and that of a subscriber's RTCP asks for old ones. */
typedef struct _SalonSendStream SalonSendStream;

/* element: (borrowed): whose running time the packets' is. keeps_packets: whether some may be asked for again. */
SalonSendStream *salon_send_stream_new (
    GstElement *element, guint32 ssrc, gboolean keeps_packets) G_GNUC_WARN_UNUSED_RESULT;
void salon_send_stream_free (SalonSendStream *self);

guint32 salon_send_stream_get_ssrc (SalonSendStream *self);

/* Packets of payload type i go again as payload_types[i] of this SSRC. */
void salon_send_stream_set_retransmission (SalonSendStream *self, guint32 ssrc, const guint8 payload_types[128]);
void salon_send_stream_set_clock_rate (SalonSendStream *self, guint clock_rate);

/* packet: (transfer none): its PTS is its running time. */
void salon_send_stream_send (SalonSendStream *self, SalonSendPath *path, GstBuffer *packet);
void salon_send_stream_resend (SalonSendStream *self, SalonSendPath *path, guint16 sequence);
/* Sends a packet that says nothing new: one of those that were kept, once more, or one that is empty. Returns: its
 * size; 0: a stream without retransmissions has none. */
gsize salon_send_stream_pad (SalonSendStream *self, SalonSendPath *path);
/* How many packets are kept at most: more need not be asked for at once. */
#define SALON_SEND_STREAM_N_KEPT 256
/* Forgets what was sent, if that is so long ago that nobody asks for it any more. now_us: monotonic. */
void salon_send_stream_trim (SalonSendStream *self, gint64 now_us);

/* Whether the client may ask for a keyframe now: a flood of requests should not keep the thread that reads them. */
gboolean salon_send_stream_may_ask_keyframe (SalonSendStream *self) G_GNUC_WARN_UNUSED_RESULT;
/* What the client reports of it. Returns: how many packets were sent since it did last. */
guint salon_send_stream_take_block (SalonSendStream *self, const SalonRtcpReportBlock *block);

typedef struct
{
  guint64 packets, bytes;  /* sent, without retransmissions; bytes of whole packets before protection */
  guint64 retransmissions; /* packets sent again */
  guint64 padding;         /* packets that say nothing new */
  guint64 refused;         /* asked for, and not sent: not kept any more, or asked for too often */
  guint64 unsent;          /* not RTP, too large, or too late */
  guint8 fraction_lost;    /* by the last report, of 256 */
  gint64 rtt_us;           /* likewise; -1: not known */
  gint64 jitter_us;        /* likewise */
} SalonSendStreamStats;
void salon_send_stream_get_stats (SalonSendStream *self, SalonSendStreamStats *stats);
