/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-level-meter.h"

#include "salon-rtp-packet.h"

#define COUNT_SHIFT 32

void
salon_level_meter_add (SalonLevelMeter *self, const guint8 *head, gsize head_size, gsize size, guint8 extension_id)
{
  SalonRtpPacket packet;
  const guint8 *data;
  gsize data_size;

  if (!salon_rtp_packet_parse_head (&packet, head, head_size, size))
    return;
  data = salon_rtp_packet_find_extension (&packet, extension_id, &data_size);
  if (data == NULL || data_size == 0)
    return;
  /* RFC 6464, section 3: the voice activity flag, then 7 bits of level. */
  atomic_fetch_add_explicit (
      &self->heard, G_GUINT64_CONSTANT (1) << COUNT_SHIFT | (data[0] & 0x7f), memory_order_relaxed);
}

gboolean
salon_level_meter_take (SalonLevelMeter *self, int *level_dbov)
{
  guint64 heard = atomic_exchange_explicit (&self->heard, 0, memory_order_relaxed);
  guint32 n_packets = (guint32)(heard >> COUNT_SHIFT);
  guint32 sum = (guint32)heard;

  if (n_packets == 0)
    return FALSE;
  *level_dbov = -(int)(sum / n_packets);
  return TRUE;
}
