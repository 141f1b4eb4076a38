/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Compound RTCP packets, read (RFC 3550, section 6.1; feedback: RFC 4585, section 6.1). Pure functions of bytes. */

enum
{
  SALON_RTCP_SR = 200,
  SALON_RTCP_RR = 201,
  SALON_RTCP_SDES = 202,
  SALON_RTCP_BYE = 203,
  SALON_RTCP_APP = 204,
  SALON_RTCP_RTPFB = 205,
  SALON_RTCP_PSFB = 206,
  SALON_RTCP_XR = 207,
};

/* Formats of feedback. */
enum
{
  SALON_RTCP_RTPFB_NACK = 1,
  SALON_RTCP_RTPFB_TRANSPORT_CC = 15,
  SALON_RTCP_PSFB_PLI = 1,
  SALON_RTCP_PSFB_FIR = 4,
};

/* Told from RTP by its type (RFC 5761, section 4), encrypted or not. size: at least 2. */
gboolean salon_rtcp_is (const guint8 *data, gsize size);

/* How long a packet of this type and count is at least, in bytes. 0: not of a type that is known, or a good-bye of
 * nobody. */
gsize salon_rtcp_get_least_size (guint8 type, guint count);

/* One packet of a compound one. */
typedef struct
{
  guint8 type;
  guint8 count;       /* or the format */
  const guint8 *data; /* with the header */
  gsize size;         /* at least salon_rtcp_get_least_size() */
} SalonRtcpPacket;

/* The next packet, and at and size past it. FALSE at the end, and where the rest is malformed: then size is not 0. */
gboolean salon_rtcp_next (const guint8 **at, gsize *size, SalonRtcpPacket *packet);

/* RFC 3550, section 6.4.1: what a receiver says of one stream. */
typedef struct
{
  guint32 ssrc;
  guint8 fraction_lost; /* since the last report, of 256 */
  guint32 jitter;       /* between arrivals, in units of the stream's clock */
  guint32 last_report;  /* the middle 32 bits of our last report's time; 0: it had none */
  guint32 delay;        /* since it had that, in 1/65536 s */
} SalonRtcpReportBlock;

/* The blocks of a sender or receiver report. Returns how many it has; block i: index < that. */
guint salon_rtcp_get_n_blocks (const SalonRtcpPacket *packet);
void salon_rtcp_get_block (const SalonRtcpPacket *packet, guint index, SalonRtcpReportBlock *block);
