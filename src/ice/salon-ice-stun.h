/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-ice-address.h"

/* What arrives on the media port, told apart and read: RFC 7983 and STUN (RFC 8489) as far as ICE needs it (RFC 8445,
 * section 7.3, for an agent that is lite). Cryptography and attributes are those of libnice's STUN library; what it
 * does not check, and the fuzzer found, is checked here before. Pure functions of bytes; any thread. */

typedef enum
{
  SALON_ICE_PACKET_JUNK,
  SALON_ICE_PACKET_STUN,
  SALON_ICE_PACKET_MEDIA, /* DTLS, RTP, RTCP */
} SalonIcePacketKind;

/* RFC 7983, section 7. */
SalonIcePacketKind salon_ice_packet_kind (const guint8 *data, gsize size);

/* An ufrag has at least 4 characters, a password 22 (RFC 8839, section 5.4), and either at most 256. */
#define SALON_ICE_STUN_MAX_UFRAG 256
/* The largest reply or request written here: a mapped address, an echoed user name, integrity, fingerprint. */
#define SALON_ICE_STUN_MAX_BYTES 640
#define SALON_ICE_STUN_ID_BYTES 12

typedef enum
{
  SALON_ICE_STUN_IGNORED, /* malformed, forged, or nothing that calls for an answer */
  SALON_ICE_STUN_REQUEST, /* a Binding request, its integrity proven */
  SALON_ICE_STUN_REFUSED, /* one too, but refused: there is a reply */
  SALON_ICE_STUN_SUCCESS, /* the answer to a request of ours, its integrity proven */
} SalonIceStunResult;

/* The local ufrag that a request is for, which is the first half of its USERNAME: not terminated.
 * FALSE if the message is malformed or no Binding request. */
gboolean salon_ice_stun_get_ufrag (
    const guint8 *data, gsize size, const char **ufrag, gsize *ufrag_size) G_GNUC_WARN_UNUSED_RESULT;

typedef struct
{
  gboolean use_candidate;
  guint32 priority;
  gsize reply_size;
  guint8 reply[SALON_ICE_STUN_MAX_BYTES];
} SalonIceStunRequest;

/* Checks a request that get_ufrag() found well-formed against its password, and writes the reply: the source it was
 * seen from, or error 487 when the client takes itself for the controlled one (we are lite, hence always controlled;
 * RFC 8445, section 7.3.1.1), or 420 for what we don't understand. */
SalonIceStunResult salon_ice_stun_read_request (const guint8 *data, gsize size, const char *password,
    const SalonIceAddress *source, SalonIceStunRequest *request) G_GNUC_WARN_UNUSED_RESULT;

/* Writes a Binding request of ours into a buffer of SALON_ICE_STUN_MAX_BYTES, with a new transaction id: it asks for
 * consent, proves that the client is where it seems to be, and measures the way. username: "theirs:ours".
 * Returns its size; 0 if user name and password are too long. */
gsize salon_ice_stun_write_request (guint8 *buffer, const char *username, const char *password,
    guint8 id[SALON_ICE_STUN_ID_BYTES]) G_GNUC_WARN_UNUSED_RESULT;

/* TRUE, and a copy of the transaction's id, for what is well-formed and answers a Binding request. */
gboolean salon_ice_stun_get_response_id (
    const guint8 *data, gsize size, guint8 id[SALON_ICE_STUN_ID_BYTES]) G_GNUC_WARN_UNUSED_RESULT;

/* Checks an answer to a request of ours. */
SalonIceStunResult salon_ice_stun_read_response (const guint8 *data, gsize size,
    const guint8 id[SALON_ICE_STUN_ID_BYTES], const char *password) G_GNUC_WARN_UNUSED_RESULT;
