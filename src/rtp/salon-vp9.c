/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-vp9.h"

/*        0 1 2 3 4 5 6 7
 *       |I|P|L|F|B|E|V|Z|
 *   I:  |M| PICTURE ID  |   M: one more byte
 *   L:  | TID |U| SID |D|
 *       |   TL0PICIDX   |   only when F, flexible mode, is not set
 */
enum
{
  VP9_I = 0x80,
  VP9_P = 0x40,
  VP9_L = 0x20,
  VP9_F = 0x10,
  VP9_B = 0x08,
  VP9_SID = 0x0e,
};

gboolean
salon_vp9_parse (const guint8 *payload, gsize size, SalonVp9Descriptor *descriptor)
{
  SalonPictureIds *ids = &descriptor->ids;
  guint8 spatial_layer = 0;
  gsize offset = 1;

  *descriptor = (SalonVp9Descriptor){ 0 };
  if (size < 2)
    return FALSE;
  if ((payload[0] & VP9_I) != 0 && !salon_picture_ids_read_id (ids, payload, size, &offset))
    return FALSE;
  if ((payload[0] & VP9_L) != 0)
    {
      if (offset >= size)
        return FALSE;
      spatial_layer = payload[offset++] & VP9_SID;
      if ((payload[0] & VP9_F) == 0)
        {
          if (offset >= size)
            return FALSE;
          ids->tl0_offset = offset;
          ids->tl0 = payload[offset++];
        }
    }
  if (offset >= size)
    return FALSE;

  descriptor->is_keyframe_start = (payload[0] & (VP9_B | VP9_P)) == VP9_B && spatial_layer == 0;
  return TRUE;
}
