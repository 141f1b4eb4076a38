/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* RTCP (RFC 3550, RFC 4585, RFC 5104, and transport-wide feedback), written and read as browsers do it. */

#define BENCH_RTCP_BYTES 1200

typedef enum
{
  BENCH_RTCP_SENDER_REPORT = 200,
  BENCH_RTCP_RECEIVER_REPORT = 201,
  BENCH_RTCP_SOURCE_DESCRIPTION = 202,
  BENCH_RTCP_TRANSPORT_FEEDBACK = 205,
  BENCH_RTCP_PAYLOAD_FEEDBACK = 206,
} BenchRtcpType;

enum
{
  BENCH_RTCP_NACK = 1, /* of TRANSPORT_FEEDBACK */
  BENCH_RTCP_TRANSPORT_CC = 15,
  BENCH_RTCP_PLI = 1, /* of PAYLOAD_FEEDBACK */
  BENCH_RTCP_FIR = 4,
};

/* One packet of a compound; body: what follows the first four bytes. */
typedef struct
{
  guint8 count; /* or format */
  guint8 type;
  const guint8 *body;
  gsize size_bytes;
} BenchRtcpPacket;

/* Takes the next packet off *data; FALSE: no more, or malformed. */
gboolean bench_rtcp_next (const guint8 **data, gsize *size, BenchRtcpPacket *packet) G_GNUC_WARN_UNUSED_RESULT;

guint16 bench_read_u16 (const guint8 *data);
guint32 bench_read_u32 (const guint8 *data);
void bench_write_u16 (guint8 *data, guint16 value);
void bench_write_u32 (guint8 *data, guint32 value);

/* NTP format (RFC 3550 section 4) of a CLOCK_REALTIME. */
guint64 bench_ntp_time (gint64 realtime_ns);

/* One compound packet being written. The array has room for the SRTP trailer after BENCH_RTCP_BYTES. */
typedef struct
{
  guint8 data[BENCH_RTCP_BYTES + 64];
  gsize size;
} BenchRtcpWriter;

typedef struct
{
  guint32 ssrc;
  guint8 fraction_lost;
  gint32 n_lost;
  guint32 highest;
  guint32 jitter;
  guint32 last_report;       /* middle 32 bits of the NTP time of the last SR, or 0 */
  guint32 since_last_report; /* in 1/65536 s */
} BenchReportBlock;

#define BENCH_MAX_REPORT_BLOCKS 31

void bench_rtcp_write_sender_report (
    BenchRtcpWriter *writer, guint32 ssrc, guint64 ntp_time, guint32 rtp_time, guint32 n_packets, guint32 n_octets);
void bench_rtcp_write_receiver_report (
    BenchRtcpWriter *writer, guint32 sender, const BenchReportBlock *blocks, guint n_blocks);
void bench_rtcp_write_name (BenchRtcpWriter *writer, guint32 ssrc, const char *name);
void bench_rtcp_write_pli (BenchRtcpWriter *writer, guint32 sender, guint32 media);
/* sequences: ascending. */
void bench_rtcp_write_nack (
    BenchRtcpWriter *writer, guint32 sender, guint32 media, const guint16 *sequences, guint n_sequences);
/* body: of whole words. FALSE: it doesn't fit. */
gboolean bench_rtcp_write_raw (BenchRtcpWriter *writer, guint8 count, BenchRtcpType type, const guint8 *body,
    gsize size) G_GNUC_WARN_UNUSED_RESULT;
