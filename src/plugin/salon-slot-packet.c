/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-slot-packet.h"

gboolean
salon_slot_packet_parse (GstBuffer *buffer, guint8 head[SALON_SLOT_PACKET_HEAD_BYTES], SalonRtpPacket *packet)
{
  gsize size = gst_buffer_get_size (buffer);
  gsize head_size = gst_buffer_extract (buffer, 0, head, SALON_SLOT_PACKET_HEAD_BYTES);
  guint8 last_byte = 0;

  if (!salon_rtp_packet_parse_head (packet, head, head_size, size))
    return FALSE;
  if (packet->has_padding)
    gst_buffer_extract (buffer, size - 1, &last_byte, 1);
  return salon_rtp_packet_cut_padding (packet, last_byte);
}

gboolean
salon_slot_packet_starts_keyframe (GstBuffer *buffer, SalonCodec codec)
{
  guint8 head[SALON_SLOT_PACKET_HEAD_BYTES];
  SalonRtpPacket packet;
  const guint8 *payload;
  gsize size;

  if (!salon_slot_packet_parse (buffer, head, &packet))
    return FALSE;
  payload = salon_rtp_packet_get_payload (&packet, &size);
  return salon_codec_is_keyframe_start (codec, payload, size);
}
