/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "salon-limits.h"

/* Packets in a byte stream: each has its size before it, 16 bits (RFC 4571, which is what ICE-TCP speaks, RFC 6544
 * section 10.1). Plain data, no allocation: whoever reads gives the bytes that have come, and gets the packets one
 * after the other. */

#define SALON_ICE_FRAME_HEADER_BYTES 2

typedef struct
{
  guint8 data[SALON_ICE_FRAME_HEADER_BYTES + SALON_LIMIT_PACKET_BYTES];
  gsize size;
} SalonIceFraming;

/* Where the next bytes of the stream go, and how many there is room for: never none. */
guint8 *salon_ice_framing_get_space (SalonIceFraming *self, gsize *space);

typedef void (*SalonIceFramingFunc) (const guint8 *packet, gsize size, gpointer user_data);
/* That many bytes were put there: calls func for each packet that is now whole. FALSE if the stream is none of packets
 * that we take: the end of it. */
gboolean salon_ice_framing_read (
    SalonIceFraming *self, gsize size, SalonIceFramingFunc func, gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
