/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* RTCP that a sender tells of its stream (RFC 3550, sections 6.4.1 and 6.5). */
typedef struct
{
  guint32 ssrc;
  gint64 time_us;        /* since 1970 */
  guint32 rtp_timestamp; /* of that same moment */
  guint32 n_packets;     /* sent since the stream began; both wrap */
  guint32 n_bytes;       /* their payloads' */
} SalonSenderReport;

/* cname: at most 255 bytes. */
#define SALON_SENDER_REPORT_MAX_BYTES (28 + 8 + 2 + 255 + 4)

/* Writes a compound packet: the report, and the name that ties the streams of one connection together. data: room for
 * SALON_SENDER_REPORT_MAX_BYTES. Returns the size. */
gsize salon_sender_report_write (const SalonSenderReport *self, const char *cname, guint8 *data);

/* What a receiver calls the report of this moment: the middle 32 bits of its time, in 1/65536 s. */
guint32 salon_sender_report_get_time (gint64 time_us);
