/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* What a peer can do to GStreamer by its packets alone, bounded. GStreamer 1.22 remembers every SSRC it sees, at 6 kB
 * each, and a client could name millions; it aborts the process when it can't fit the transport-wide numbers that
 * arrived within an interval into one report; it works for 100 ms on 30 bytes that report about 65,535 packets. So:
 *   - RTP has at most SALON_LIMIT_PACKET_SSRCS SSRCs, and no CSRCs; from who only receives, none passes;
 *   - RTCP has as many senders, and none that is malformed, large, reports about thousands of packets, or would add to
 *     a session with SALON_LIMIT_RTP_SOURCES sources;
 *   - transport-wide numbers beyond what a report holds are hidden from it: to the sender those packets look lost;
 *   - who doesn't report about our numbers is hardly sent any: each is remembered until he does.
 * Counted; its probes hold it. The receiving thread works with it. */
typedef struct _SalonPacketGuard SalonPacketGuard;

typedef enum
{
  SALON_ADMITS_NOTHING, /* of RTP and RTCP */
  SALON_ADMITS_RTCP,
  SALON_ADMITS_MEDIA, /* with its RTCP */
} SalonAdmits;

/* For a webrtcbin that has not negotiated yet. */
SalonPacketGuard *salon_packet_guard_new (GstElement *webrtc, SalonAdmits admits) G_GNUC_WARN_UNUSED_RESULT;
void salon_packet_guard_unref (SalonPacketGuard *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonPacketGuard, salon_packet_guard_unref)

/* Which header extension has the transport-wide numbers (0: none); to be told before media comes. Any thread. */
void salon_packet_guard_set_transport_cc_id (SalonPacketGuard *self, guint8 id);
