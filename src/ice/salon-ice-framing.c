/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ice-framing.h"

#include <string.h>

guint8 *
salon_ice_framing_get_space (SalonIceFraming *self, gsize *space)
{
  *space = sizeof self->data - self->size;
  return self->data + self->size;
}

gboolean
salon_ice_framing_read (SalonIceFraming *self, gsize size, SalonIceFramingFunc func, gpointer user_data)
{
  gsize at = 0;

  g_assert (size <= sizeof self->data - self->size);
  self->size += size;
  while (self->size - at >= SALON_ICE_FRAME_HEADER_BYTES)
    {
      gsize length = self->data[at] << 8 | self->data[at + 1];

      if (length > SALON_LIMIT_PACKET_BYTES)
        return FALSE;
      if (self->size - at - SALON_ICE_FRAME_HEADER_BYTES < length)
        break;
      /* One of nothing is allowed, and means nothing (RFC 4571, section 2). */
      if (length > 0)
        func (self->data + at + SALON_ICE_FRAME_HEADER_BYTES, length, user_data);
      at += SALON_ICE_FRAME_HEADER_BYTES + length;
    }
  memmove (self->data, self->data + at, self->size - at);
  self->size -= at;
  return TRUE;
}
