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
  VP8_T = 0x20,
  VP8_K = 0x10,
  VP8_Y = 0x20,
  VP8_INTERFRAME = 0x01, /* in the first byte of the VP8 data (RFC 6386 section 9.1) */
};

/* Reads the descriptor up to *offset, where the VP8 data begins. */
static gboolean
parse_descriptor (const guint8 *payload, gsize size, SalonFrame *frame, gsize *offset)
{
  SalonPictureIds *ids = &frame->ids;
  guint8 flags = 0;

  if (size < 2)
    return FALSE;
  *offset = 1;
  if ((payload[0] & VP8_X) != 0)
    flags = payload[(*offset)++];
  if ((flags & VP8_I) != 0 && !salon_picture_ids_read_id (ids, payload, size, offset))
    return FALSE;
  if ((flags & VP8_L) != 0)
    {
      if (*offset >= size)
        return FALSE;
      ids->tl0_offset = *offset;
      ids->tl0 = payload[(*offset)++];
    }
  if ((flags & (VP8_T | VP8_K)) != 0)
    {
      if (*offset >= size)
        return FALSE;
      if ((flags & VP8_T) != 0)
        {
          frame->temporal = payload[*offset] >> 6;
          frame->needs_base_only = (payload[*offset] & VP8_Y) != 0;
        }
      (*offset)++;
    }
  return *offset < size;
}

/* RFC 6386 section 9.1: a tag of 3 bytes, the start code, 14 bits each of width and height, little end first. */
static void
read_size (const guint8 *data, gsize size, SalonFrame *frame)
{
  if (size < 10 || data[3] != 0x9d || data[4] != 0x01 || data[5] != 0x2a)
    return;
  frame->n_sizes = 1;
  frame->sizes[0].width = (data[6] | data[7] << 8) & 0x3fff;
  frame->sizes[0].height = (data[8] | data[9] << 8) & 0x3fff;
}

gboolean
salon_vp8_parse (const guint8 *payload, gsize size, SalonFrame *frame)
{
  gsize offset;

  *frame = (SalonFrame){ 0 };
  if (!parse_descriptor (payload, size, frame, &offset))
    return FALSE;
  frame->is_start = (payload[0] & VP8_S) != 0 && (payload[0] & VP8_PID) == 0;
  frame->is_keyframe_start = frame->is_start && (payload[offset] & VP8_INTERFRAME) == 0;
  if (frame->is_keyframe_start)
    read_size (payload + offset, size - offset, frame);
  return TRUE;
}
