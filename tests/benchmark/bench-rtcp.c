/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-rtcp.h"

#include <string.h>

#define NTP_EPOCH_S G_GUINT64_CONSTANT (2208988800)
#define NS_PER_S 1000000000
#define SDES_CNAME 1

guint16
bench_read_u16 (const guint8 *data)
{
  return (guint16)(data[0] << 8 | data[1]);
}

guint32
bench_read_u32 (const guint8 *data)
{
  return (guint32)bench_read_u16 (data) << 16 | bench_read_u16 (data + 2);
}

void
bench_write_u16 (guint8 *data, guint16 value)
{
  data[0] = (guint8)(value >> 8);
  data[1] = (guint8)value;
}

void
bench_write_u32 (guint8 *data, guint32 value)
{
  bench_write_u16 (data, (guint16)(value >> 16));
  bench_write_u16 (data + 2, (guint16)value);
}

guint64
bench_ntp_time (gint64 realtime_ns)
{
  guint64 seconds = (guint64)realtime_ns / NS_PER_S + NTP_EPOCH_S;
  guint64 rest_ns = (guint64)realtime_ns % NS_PER_S;

  return seconds << 32 | (rest_ns << 32) / NS_PER_S;
}

gboolean
bench_rtcp_next (const guint8 **data, gsize *size, BenchRtcpPacket *packet)
{
  gsize length;

  if (*size < 4 || (*data)[0] >> 6 != 2)
    return FALSE;
  length = 4 * ((gsize)bench_read_u16 (*data + 2) + 1);
  if (length > *size)
    return FALSE;
  *packet = (BenchRtcpPacket){ (*data)[0] & 0x1f, (*data)[1], *data + 4, length - 4 };
  *data += length;
  *size -= length;
  return TRUE;
}

/* -- writing -- */

/* Returns: where the body goes, zeroed. */
static guint8 *
begin (BenchRtcpWriter *writer, guint8 count, guint8 type, gsize body_size)
{
  guint8 *header = writer->data + writer->size;

  g_assert (writer->size + 4 + body_size <= BENCH_RTCP_BYTES && body_size % 4 == 0);
  header[0] = 2 << 6 | count;
  header[1] = type;
  bench_write_u16 (header + 2, (guint16)(body_size / 4));
  memset (header + 4, 0, body_size);
  writer->size += 4 + body_size;
  return header + 4;
}

void
bench_rtcp_write_sender_report (
    BenchRtcpWriter *writer, guint32 ssrc, guint64 ntp_time, guint32 rtp_time, guint32 n_packets, guint32 n_octets)
{
  guint8 *body = begin (writer, 0, BENCH_RTCP_SENDER_REPORT, 24);

  bench_write_u32 (body, ssrc);
  bench_write_u32 (body + 4, (guint32)(ntp_time >> 32));
  bench_write_u32 (body + 8, (guint32)ntp_time);
  bench_write_u32 (body + 12, rtp_time);
  bench_write_u32 (body + 16, n_packets);
  bench_write_u32 (body + 20, n_octets);
}

void
bench_rtcp_write_receiver_report (
    BenchRtcpWriter *writer, guint32 sender, const BenchReportBlock *blocks, guint n_blocks)
{
  guint8 *body = begin (writer, (guint8)n_blocks, BENCH_RTCP_RECEIVER_REPORT, 4 + 24 * n_blocks);

  bench_write_u32 (body, sender);
  for (guint i = 0; i < n_blocks; i++)
    {
      guint8 *block = body + 4 + 24 * i;

      bench_write_u32 (block, blocks[i].ssrc);
      bench_write_u32 (block + 4, (guint32)blocks[i].fraction_lost << 24 | ((guint32)blocks[i].n_lost & 0xffffff));
      bench_write_u32 (block + 8, blocks[i].highest);
      bench_write_u32 (block + 12, blocks[i].jitter);
      bench_write_u32 (block + 16, blocks[i].last_report);
      bench_write_u32 (block + 20, blocks[i].since_last_report);
    }
}

void
bench_rtcp_write_name (BenchRtcpWriter *writer, guint32 ssrc, const char *name)
{
  gsize length = strlen (name);
  /* SSRC, type, length, text, and at least one zero to end the list. */
  guint8 *body = begin (writer, 1, BENCH_RTCP_SOURCE_DESCRIPTION, (4 + 2 + length + 1 + 3) / 4 * 4);

  bench_write_u32 (body, ssrc);
  body[4] = SDES_CNAME;
  body[5] = (guint8)length;
  memcpy (body + 6, name, length);
}

void
bench_rtcp_write_pli (BenchRtcpWriter *writer, guint32 sender, guint32 media)
{
  guint8 *body = begin (writer, BENCH_RTCP_PLI, BENCH_RTCP_PAYLOAD_FEEDBACK, 8);

  bench_write_u32 (body, sender);
  bench_write_u32 (body + 4, media);
}

void
bench_rtcp_write_nack (
    BenchRtcpWriter *writer, guint32 sender, guint32 media, const guint16 *sequences, guint n_sequences)
{
  guint8 items[BENCH_RTCP_BYTES / 2];
  gsize size = 0;
  guint8 *body;

  /* RFC 4585 section 6.2.1: a number, and a bit for each of the 16 that follow it. */
  for (guint i = 0; i < n_sequences && size + 4 <= sizeof items;)
    {
      guint16 first = sequences[i++];
      guint16 bits = 0;

      for (; i < n_sequences && (guint16)(sequences[i] - first) <= 16; i++)
        bits |= (guint16)(1u << (sequences[i] - first - 1));
      bench_write_u16 (items + size, first);
      bench_write_u16 (items + size + 2, bits);
      size += 4;
    }
  body = begin (writer, BENCH_RTCP_NACK, BENCH_RTCP_TRANSPORT_FEEDBACK, 8 + size);
  bench_write_u32 (body, sender);
  bench_write_u32 (body + 4, media);
  memcpy (body + 8, items, size);
}

gboolean
bench_rtcp_write_raw (BenchRtcpWriter *writer, guint8 count, BenchRtcpType type, const guint8 *body, gsize size)
{
  if (writer->size + 4 + size > BENCH_RTCP_BYTES)
    return FALSE;
  memcpy (begin (writer, count, type, size), body, size);
  return TRUE;
}
