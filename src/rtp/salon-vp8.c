/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-vp8.h"

/*        0 1 2 3 4 5 6 7
 *       |X|R|N|S|R| PID |
 *   X:  |I|L|T|K| RSV   |
 *   I:  |M| PictureID   |   M: one more byte
 *   L:  |   TL0PICIDX   |
 *  T/K: |TID|Y| KEYIDX  |
 */
enum
{
  VP8_X = 0x80,
  VP8_S = 0x10,
  VP8_PID = 0x07,
  VP8_I = 0x80,
  VP8_L = 0x40,
  VP8_T_OR_K = 0x30,
  VP8_INTERFRAME = 0x01, /* in the first byte of the VP8 data (RFC 6386 section 9.1) */
};

gboolean
salon_vp8_parse (const guint8 *payload, gsize size, SalonVp8Descriptor *descriptor)
{
  SalonPictureIds *ids = &descriptor->ids;
  guint8 flags = 0;
  gsize offset = 1;

  *descriptor = (SalonVp8Descriptor){ 0 };
  if (size < 2)
    return FALSE;
  if ((payload[0] & VP8_X) != 0)
    flags = payload[offset++];
  if ((flags & VP8_I) != 0 && !salon_picture_ids_read_id (ids, payload, size, &offset))
    return FALSE;
  if ((flags & VP8_L) != 0)
    {
      if (offset >= size)
        return FALSE;
      ids->tl0_offset = offset;
      ids->tl0 = payload[offset++];
    }
  if ((flags & VP8_T_OR_K) != 0)
    offset++;
  if (offset >= size)
    return FALSE;

  descriptor->size = offset;
  descriptor->is_keyframe_start
      = (payload[0] & VP8_S) != 0 && (payload[0] & VP8_PID) == 0 && (payload[offset] & VP8_INTERFRAME) == 0;
  return TRUE;
}
