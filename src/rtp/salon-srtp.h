/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* SRTP (RFC 3711): RTP sent, and RTCP both ways; in the one profile that webrtcbin's DTLS agrees on (RFC 5764,
 * section 4.1.2): SRTP_AES128_CM_HMAC_SHA1_80. Both ciphers are OpenSSL's, which uses the processor's instructions for
 * them.
 *
 * Nothing here has a lock: the caller serialises. */

/* Master key, 16 bytes, and master salt, 14, as DTLS gives them. */
#define SALON_SRTP_KEY_BYTES 30
/* What protection adds to a packet, at its end. */
#define SALON_SRTP_OVERHEAD_BYTES 10
#define SALON_SRTCP_OVERHEAD_BYTES 14

/* One SSRC's RTP packets. Its rollover counter begins at 0: the first sequence number is to be below 2^15. */
typedef struct _SalonSrtp SalonSrtp;

/* key: SALON_SRTP_KEY_BYTES. */
SalonSrtp *salon_srtp_new (const guint8 *key) G_GNUC_WARN_UNUSED_RESULT;
void salon_srtp_free (SalonSrtp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonSrtp, salon_srtp_free)
/* In place: packet has a header of header_size bytes, is of size bytes, and has room for the overhead behind them.
 * Sequence numbers may come late, by less than 2^15. Returns the new size; 0 if the packet can't be sent: it is from
 * before the first. */
gsize salon_srtp_protect (SalonSrtp *self, guint8 *packet, gsize header_size, gsize size) G_GNUC_WARN_UNUSED_RESULT;

/* The RTCP packets of any number of SSRCs, none of which another context sends. */
typedef struct _SalonSrtcp SalonSrtcp;

SalonSrtcp *salon_srtcp_new (const guint8 *key) G_GNUC_WARN_UNUSED_RESULT;
void salon_srtcp_free (SalonSrtcp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonSrtcp, salon_srtcp_free)
/* As salon_srtp_protect(); packet is a whole compound packet. */
gsize salon_srtcp_protect (SalonSrtcp *self, guint8 *packet, gsize size) G_GNUC_WARN_UNUSED_RESULT;

/* The RTCP packets that come, of a few SSRCs. */
typedef struct _SalonSrtcpReader SalonSrtcpReader;

SalonSrtcpReader *salon_srtcp_reader_new (const guint8 *key) G_GNUC_WARN_UNUSED_RESULT;
void salon_srtcp_reader_free (SalonSrtcpReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonSrtcpReader, salon_srtcp_reader_free)
/* Decrypts in place. Returns the compound packet's size; 0: it is forged, replayed, too old to tell, or of one SSRC too
 * many. */
gsize salon_srtcp_reader_unprotect (SalonSrtcpReader *self, guint8 *packet, gsize size) G_GNUC_WARN_UNUSED_RESULT;
