/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The two counters that VP8's and VP9's payload descriptors may carry, and where. Offsets count from the start of the
 * payload; 0 means absent, for the first byte is never a counter. */
typedef struct
{
  guint8 id_offset;
  guint8 id_bits; /* 7 or 15: the two wrap differently */
  guint16 id;
  guint8 tl0_offset;
  guint8 tl0; /* the running index of base layer pictures */
} SalonPictureIds;

/* An upper bound of salon_picture_ids_size(). */
#define SALON_PICTURE_IDS_MAX_BYTES 8

/* How many bytes of the payload's start hold all counters; 0 when there are none. */
gsize salon_picture_ids_size (const SalonPictureIds *ids);

/* Writes ids->id and ids->tl0 into a payload of the layout that `ids` was parsed from; the widths stay. `payload` has
 * salon_picture_ids_size() bytes at least. */
void salon_picture_ids_write (const SalonPictureIds *ids, guint8 *payload);

/* For the parsers: reads a 7 or 15 bit picture id (RFC 7741 section 4.2, RFC 9628 section 4.2) at *offset and moves
 * *offset behind it. FALSE when the payload is too short. */
gboolean salon_picture_ids_read_id (
    SalonPictureIds *ids, const guint8 *payload, gsize size, gsize *offset) G_GNUC_WARN_UNUSED_RESULT;
