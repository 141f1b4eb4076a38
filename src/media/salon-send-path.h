/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-congestion.h"
#include "salon-ice-hub.h"
#include "salon-srtp.h"

/* What all streams of one subscriber connection share on their way out: the keys that DTLS agreed on, the numbers of
 * transport-wide congestion control, which are noted with their times, and the hub's port.
 *
 * Any thread. webrtcbin's own sessions stand still (salon_webrtc_negotiate_transport()), so that no SSRC is sent by two
 * contexts. */
typedef struct _SalonSendPath SalonSendPath;

/* key: SALON_SRTP_KEY_BYTES. transport_cc_id: 0 if it was not negotiated (RFC 8285, 1 to 14). congestion: (borrowed):
 * must outlive it. cname: that of the description (RFC 5576, section 6.1). */
SalonSendPath *salon_send_path_new (SalonIceHub *hub, SalonIcePeer *peer, const guint8 *key, guint8 transport_cc_id,
    SalonCongestion *congestion, const char *cname) G_GNUC_WARN_UNUSED_RESULT;
void salon_send_path_free (SalonSendPath *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonSendPath, salon_send_path_free)

/* Returns: (transfer full): for one SSRC's packets. */
SalonSrtp *salon_send_path_new_srtp (SalonSendPath *self) G_GNUC_WARN_UNUSED_RESULT;

/* The largest packet that is sent, unprotected: what fits into an Ethernet frame comes from browsers. */
#define SALON_SEND_PATH_MAX_BYTES 1700
/* Room that a packet needs behind its end. */
#define SALON_SEND_PATH_OVERHEAD_BYTES SALON_SRTCP_OVERHEAD_BYTES

/* Numbers and protects a packet in place, and sends it. The caller serialises those of one srtp. FALSE if it is no RTP
 * packet that can be sent. */
gboolean salon_send_path_send_rtp (SalonSendPath *self, SalonSrtp *srtp, guint8 *packet, gsize size);
/* The same for a compound RTCP packet. */
void salon_send_path_send_rtcp (SalonSendPath *self, guint8 *packet, gsize size);
/* See salon_congestion_take_resend(). */
gboolean salon_send_path_take_resend (SalonSendPath *self, gsize size) G_GNUC_WARN_UNUSED_RESULT;
/* 0: it was not negotiated. */
guint8 salon_send_path_get_transport_cc_id (SalonSendPath *self);
const char *salon_send_path_get_cname (SalonSendPath *self);
