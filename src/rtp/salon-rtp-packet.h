/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* An RTP packet read in place (RFC 3550 section 5.1): a view of bytes that somebody else owns and that must outlive it.
 * `data` may be only the start of the packet, as long as it holds the header and the extensions whole. */
typedef struct
{
  const guint8 *data; /* (borrowed) */
  gsize data_size;    /* readable bytes at data */
  gsize size;         /* of the whole packet */
  gboolean has_marker;
  gboolean has_padding; /* and it is still counted in payload_size */
  guint8 payload_type;
  guint16 sequence;
  guint32 timestamp;
  guint32 ssrc;
  guint16 extension_profile; /* 0: no extensions */
  gsize extension_offset;
  gsize extension_size;
  gsize payload_offset;
  gsize payload_size;
} SalonRtpPacket;

/* A header extension element (RFC 8285), in the one-byte or the two-byte form. */
typedef struct
{
  guint8 id;
  guint8 size;
  const guint8 *data; /* (borrowed) */
} SalonRtpExtension;

typedef struct
{
  const guint8 *next;
  const guint8 *end;
  gboolean is_two_byte;
} SalonRtpExtensionIter;

/* Reads a whole packet; padding is cut off the payload. FALSE when it is malformed; `packet` is then undefined. */
gboolean salon_rtp_packet_parse (SalonRtpPacket *packet, const guint8 *data, gsize size) G_GNUC_WARN_UNUSED_RESULT;

/* Reads the start of a packet of `size` bytes, of which `data_size` are at hand; FALSE also when the header does not
 * fit into these. Padding, told by the packet's last byte, is left for the caller to cut. */
gboolean salon_rtp_packet_parse_head (
    SalonRtpPacket *packet, const guint8 *data, gsize data_size, gsize size) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_rtp_packet_cut_padding (SalonRtpPacket *packet, guint8 last_byte) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer none): the readable part of the payload, *size bytes of it; less than payload_size after parse_head only.
 */
const guint8 *salon_rtp_packet_get_payload (const SalonRtpPacket *packet, gsize *size);

/* (transfer none) (nullable): the first extension element with this id, *size bytes of it (0 is possible). */
const guint8 *salon_rtp_packet_find_extension (const SalonRtpPacket *packet, guint8 id, gsize *size);

void salon_rtp_extension_iter_init (SalonRtpExtensionIter *iter, const SalonRtpPacket *packet);
/* FALSE at the end, or where the elements stop making sense. */
gboolean salon_rtp_extension_iter_next (SalonRtpExtensionIter *iter, SalonRtpExtension *extension);
