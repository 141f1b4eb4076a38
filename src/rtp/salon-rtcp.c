/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-rtcp.h"

#include "salon-bytes.h"

#define HEADER_BYTES 4
#define REPORT_BLOCK_BYTES 24

gboolean
salon_rtcp_is (const guint8 *data, gsize size)
{
  return size >= 2 && data[0] >= 128 && data[0] <= 191 && data[1] >= 192 && data[1] <= 223;
}

gsize
salon_rtcp_get_least_size (guint8 type, guint count)
{
  switch (type)
    {
    case SALON_RTCP_SR:
      return 28 + REPORT_BLOCK_BYTES * count;
    case SALON_RTCP_RR:
      return 8 + REPORT_BLOCK_BYTES * count;
    case SALON_RTCP_SDES:
      return HEADER_BYTES + 8 * count;
    case SALON_RTCP_BYE:
      return count > 0 ? HEADER_BYTES + 4 * count : 0;
    case SALON_RTCP_APP:
    case SALON_RTCP_RTPFB:
    case SALON_RTCP_PSFB:
      return 12;
    case SALON_RTCP_XR: /* RFC 3611, section 2 */
      return 8;
    default:
      return 0;
    }
}

gboolean
salon_rtcp_next (const guint8 **at, gsize *size, SalonRtcpPacket *packet)
{
  const guint8 *data = *at;
  gsize length, least;

  if (*size < HEADER_BYTES)
    return FALSE;
  length = 4 * ((gsize)salon_read_u16 (data + 2) + 1);
  least = salon_rtcp_get_least_size (data[1], data[0] & 0x1f);
  if (length > *size || least == 0 || length < least)
    return FALSE;
  *packet = (SalonRtcpPacket){ .type = data[1], .count = data[0] & 0x1f, .data = data, .size = length };
  *at += length;
  *size -= length;
  return TRUE;
}

guint
salon_rtcp_get_n_blocks (const SalonRtcpPacket *packet)
{
  return packet->type == SALON_RTCP_SR || packet->type == SALON_RTCP_RR ? packet->count : 0;
}

void
salon_rtcp_get_block (const SalonRtcpPacket *packet, guint index, SalonRtcpReportBlock *block)
{
  const guint8 *at = packet->data + (packet->type == SALON_RTCP_SR ? 28 : 8) + REPORT_BLOCK_BYTES * index;

  *block = (SalonRtcpReportBlock){
    .ssrc = salon_read_u32 (at),
    .fraction_lost = at[4],
    .jitter = salon_read_u32 (at + 12),
    .last_report = salon_read_u32 (at + 16),
    .delay = salon_read_u32 (at + 20),
  };
}
