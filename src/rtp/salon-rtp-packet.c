/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-rtp-packet.h"

#include "salon-bytes.h"

#define FIXED_HEADER_SIZE 12
#define EXTENSION_HEADER_SIZE 4
#define PROFILE_ONE_BYTE 0xbede
#define PROFILE_TWO_BYTE 0x1000 /* the low four bits are the application's */
#define ONE_BYTE_STOP_ID 15

gboolean
salon_rtp_packet_parse_head (SalonRtpPacket *packet, const guint8 *data, gsize data_size, gsize size)
{
  gsize offset = FIXED_HEADER_SIZE;

  g_assert (data_size <= size);
  if (data_size < FIXED_HEADER_SIZE || data[0] >> 6 != 2)
    return FALSE;

  *packet = (SalonRtpPacket){
    .data = data,
    .data_size = data_size,
    .size = size,
    .has_padding = (data[0] & 0x20) != 0,
    .has_marker = (data[1] & 0x80) != 0,
    .payload_type = data[1] & 0x7f,
    .sequence = salon_read_u16 (data + 2),
    .timestamp = salon_read_u32 (data + 4),
    .ssrc = salon_read_u32 (data + 8),
  };
  offset += 4 * (data[0] & 0x0f); /* contributing sources */
  if ((data[0] & 0x10) != 0)
    {
      if (data_size < offset + EXTENSION_HEADER_SIZE)
        return FALSE;
      packet->extension_profile = salon_read_u16 (data + offset);
      packet->extension_size = 4 * (gsize)salon_read_u16 (data + offset + 2);
      packet->extension_offset = offset + EXTENSION_HEADER_SIZE;
      offset = packet->extension_offset + packet->extension_size;
    }
  if (data_size < offset)
    return FALSE;
  packet->payload_offset = offset;
  packet->payload_size = size - offset;
  return TRUE;
}

gboolean
salon_rtp_packet_cut_padding (SalonRtpPacket *packet, guint8 last_byte)
{
  if (!packet->has_padding)
    return TRUE;
  if (last_byte == 0 || last_byte > packet->payload_size)
    return FALSE;
  packet->payload_size -= last_byte;
  packet->has_padding = FALSE;
  return TRUE;
}

gboolean
salon_rtp_packet_parse (SalonRtpPacket *packet, const guint8 *data, gsize size)
{
  return salon_rtp_packet_parse_head (packet, data, size, size)
         && salon_rtp_packet_cut_padding (packet, data[size - 1]);
}

const guint8 *
salon_rtp_packet_get_payload (const SalonRtpPacket *packet, gsize *size)
{
  *size = MIN (packet->payload_size, packet->data_size - packet->payload_offset);
  return packet->data + packet->payload_offset;
}

const guint8 *
salon_rtp_packet_find_extension (const SalonRtpPacket *packet, guint8 id, gsize *size)
{
  SalonRtpExtensionIter iter;
  SalonRtpExtension extension;

  salon_rtp_extension_iter_init (&iter, packet);
  while (salon_rtp_extension_iter_next (&iter, &extension))
    {
      if (extension.id == id)
        {
          *size = extension.size;
          return extension.data;
        }
    }
  return NULL;
}

void
salon_rtp_extension_iter_init (SalonRtpExtensionIter *iter, const SalonRtpPacket *packet)
{
  gboolean is_one_byte = packet->extension_profile == PROFILE_ONE_BYTE;

  iter->is_two_byte = (packet->extension_profile & 0xfff0) == PROFILE_TWO_BYTE;
  iter->next = packet->data + packet->extension_offset;
  iter->end = iter->next + (is_one_byte || iter->is_two_byte ? packet->extension_size : 0);
}

/* Reads the element's own header at iter->next; FALSE where the elements end. */
static gboolean
read_element_header (SalonRtpExtensionIter *iter, SalonRtpExtension *extension)
{
  guint8 first = *iter->next++;

  if (iter->is_two_byte)
    {
      if (iter->next == iter->end)
        return FALSE;
      extension->id = first;
      extension->size = *iter->next++;
      return TRUE;
    }
  extension->id = first >> 4;
  extension->size = (first & 0x0f) + 1;
  /* RFC 8285 section 4.2: 15 ends the elements; an id of 0 with a length is no padding and nothing else either. */
  return extension->id != 0 && extension->id != ONE_BYTE_STOP_ID;
}

gboolean
salon_rtp_extension_iter_next (SalonRtpExtensionIter *iter, SalonRtpExtension *extension)
{
  while (iter->next < iter->end && *iter->next == 0) /* padding, in both forms */
    iter->next++;
  if (iter->next == iter->end || !read_element_header (iter, extension) || extension->size > iter->end - iter->next)
    {
      iter->next = iter->end;
      return FALSE;
    }
  extension->data = iter->next;
  iter->next += extension->size;
  return TRUE;
}
