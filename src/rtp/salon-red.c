/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-red.h"

#include "salon-bytes.h"

/* In a block's first byte: another header follows. */
#define MORE 0x80

gboolean
salon_red_parse (SalonRed *red, const guint8 *data, gsize data_size, gsize size)
{
  gsize at = 0;
  gsize earlier_size = 0;

  for (guint n = 1; at < data_size && (data[at] & MORE) != 0; n++)
    {
      if (n == SALON_RED_MAX_BLOCKS || data_size - at < SALON_RED_HEADER_BYTES)
        return FALSE;
      earlier_size += salon_read_u16 (data + at + 2) & 0x3ff;
      at += SALON_RED_HEADER_BYTES;
    }
  if (at >= data_size)
    return FALSE;
  red->headers_size = at + SALON_RED_PRIMARY_HEADER_BYTES;
  red->primary_offset = red->headers_size + earlier_size;
  return red->primary_offset < size;
}

guint8 *
salon_red_write_headers (const SalonRed *red, const guint8 *data, guint8 payload_type, guint8 *at)
{
  for (gsize i = 0; i < red->headers_size; i++)
    at[i] = i % SALON_RED_HEADER_BYTES == 0 ? (data[i] & MORE) | payload_type : data[i];
  return at + red->headers_size;
}
