/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-send-stream.h"

/* Where a subscriber's packets leave the room's graph without a detour through its webrtcbin:
 *
 *   tee --> salonslot --> SalonSender --> (SRTP) --> SalonIceHub
 *
 * An element with a sink pad for each slot that ever carried something. webrtcbin does ICE and DTLS; a packet that goes
 * out it would parse, copy, count and encrypt at several times the cost.
 *
 * Owned by its subscriber. */
#define SALON_TYPE_SENDER (salon_sender_get_type ())
G_DECLARE_FINAL_TYPE (SalonSender, salon_sender, SALON, SENDER, GstElement)

/* Returns: (transfer floating) */
SalonSender *salon_sender_new (const char *name, SalonBottleneck *bottleneck) G_GNUC_WARN_UNUSED_RESULT;

/* RFC 7022: that of all its streams; tells nothing. */
const char *salon_sender_get_cname (SalonSender *self);

/* Returns: (transfer none): of all its streams. */
SalonCongestion *salon_sender_get_congestion (SalonSender *self);

/* Returns: (transfer none): the sink pad of a new stream. */
GstPad *salon_sender_add_stream (SalonSender *self, guint32 ssrc, gboolean keeps_packets);
/* See salon_send_stream_set_retransmission(). */
void salon_sender_set_retransmission (
    SalonSender *self, guint32 ssrc, guint32 rtx_ssrc, const guint8 payload_types[128]);
/* Once: packets that come before are dropped. path: (transfer full). */
void salon_sender_set_path (SalonSender *self, SalonSendPath *path);

/* What a client says of its streams; any thread. */
void salon_sender_request_keyframe (SalonSender *self, guint32 ssrc);
void salon_sender_take_block (SalonSender *self, const SalonRtcpReportBlock *block);
/* Sends packets again: what a generic NACK asks for (RFC 4585, section 6.2.1). */
void salon_sender_take_nack (SalonSender *self, guint32 ssrc, const guint8 *entries, gsize size);
void salon_sender_take_transport_feedback (SalonSender *self, const guint8 *data, gsize size);
/* Sends at least so many bytes that say nothing, on the streams that can be sent again. FALSE: none can. */
gboolean salon_sender_pad (SalonSender *self, gsize n_bytes) G_GNUC_WARN_UNUSED_RESULT;
/* Lets go of packets that nobody asks for any more: those of streams that rest. now_us: monotonic. Any thread. */
void salon_sender_trim (SalonSender *self, gint64 now_us);
/* FALSE if there is no such stream. */
gboolean salon_sender_get_stats (SalonSender *self, guint32 ssrc, SalonSendStreamStats *stats);
