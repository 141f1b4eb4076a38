/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-picture-ids.h"

gsize
salon_picture_ids_size (const SalonPictureIds *ids)
{
  gsize size = 0;

  if (ids->id_offset != 0)
    size = ids->id_offset + (ids->id_bits == 15 ? 2 : 1);
  if (ids->tl0_offset != 0)
    size = ids->tl0_offset + 1; /* in both formats it comes after the picture id */
  return size;
}

void
salon_picture_ids_write (const SalonPictureIds *ids, guint8 *payload)
{
  guint8 *id = payload + ids->id_offset;

  if (ids->id_offset != 0 && ids->id_bits == 15)
    {
      id[0] = 0x80 | (ids->id >> 8 & 0x7f);
      id[1] = ids->id & 0xff;
    }
  else if (ids->id_offset != 0)
    id[0] = ids->id & 0x7f;
  if (ids->tl0_offset != 0)
    payload[ids->tl0_offset] = ids->tl0;
}

gboolean
salon_picture_ids_read_id (SalonPictureIds *ids, const guint8 *payload, gsize size, gsize *offset)
{
  gsize at = *offset;

  if (at >= size)
    return FALSE;
  ids->id_offset = at;
  ids->id_bits = (payload[at] & 0x80) != 0 ? 15 : 7;
  ids->id = payload[at++] & 0x7f;
  if (ids->id_bits == 15)
    {
      if (at >= size)
        return FALSE;
      ids->id = ids->id << 8 | payload[at++];
    }
  *offset = at;
  return TRUE;
}
