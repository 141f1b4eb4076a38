/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A payload of RFC 2198: a piece of sound (the primary), and before it some that went before, once more. Whoever
 * misses a packet finds it in the next.
 *
 *   |1|   PT   | offset | length |1| ... |0|   PT   | earlier pieces ... | primary |
 */

/* The primary included. Browsers send one or two pieces more. */
#define SALON_RED_MAX_BLOCKS 9
/* Of all but the primary; and its own. */
#define SALON_RED_HEADER_BYTES 4
#define SALON_RED_PRIMARY_HEADER_BYTES 1
#define SALON_RED_MAX_HEADERS_BYTES                                                                                    \
  (SALON_RED_HEADER_BYTES * (SALON_RED_MAX_BLOCKS - 1) + SALON_RED_PRIMARY_HEADER_BYTES)

typedef struct
{
  gsize headers_size;   /* of all blocks, at the beginning */
  gsize primary_offset; /* it goes on to the end */
} SalonRed;

/* Reads a payload of `size` bytes, of which `data_size` are at hand. FALSE when it is malformed, has no primary or more
 * than SALON_RED_MAX_BLOCKS, or the headers are not all at hand; `red` is then undefined. */
gboolean salon_red_parse (SalonRed *red, const guint8 *data, gsize data_size, gsize size) G_GNUC_WARN_UNUSED_RESULT;

/* Writes the headers of a parsed payload, each block with this payload type. Returns where the next byte goes. */
guint8 *salon_red_write_headers (const SalonRed *red, const guint8 *data, guint8 payload_type, guint8 *at);
