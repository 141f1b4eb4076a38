/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-vp9.h"

#include "salon-bytes.h"

/*        0 1 2 3 4 5 6 7
 *       |I|P|L|F|B|E|V|Z|
 *   I:  |M| PICTURE ID  |   M: one more byte
 *   L:  | TID |U| SID |D|
 *       |   TL0PICIDX   |   only when F, flexible mode, is not set
 *  PF:  |   P_DIFF    |N|   up to three, as long as N is set
 *   V:  | N_S |Y|G|-|-|-|   Y: width and height, 16 bits each, of N_S + 1 spatial layers
 */
enum
{
  VP9_I = 0x80,
  VP9_P = 0x40,
  VP9_L = 0x20,
  VP9_F = 0x10,
  VP9_B = 0x08,
  VP9_E = 0x04,
  VP9_V = 0x02,
  VP9_U = 0x10,
  VP9_N = 0x01,
  VP9_Y = 0x10,
};

#define MAX_REFERENCES 3

static gboolean
parse_layers (const guint8 *payload, gsize size, SalonFrame *frame, gsize *offset)
{
  SalonPictureIds *ids = &frame->ids;

  if ((payload[0] & VP9_L) == 0)
    return TRUE;
  if (*offset >= size)
    return FALSE;
  frame->temporal = payload[*offset] >> 5;
  frame->spatial = payload[*offset] >> 1 & 0x07;
  frame->is_switching_up = (payload[(*offset)++] & VP9_U) != 0;
  if ((payload[0] & VP9_F) != 0)
    return TRUE;
  if (*offset >= size)
    return FALSE;
  ids->tl0_offset = *offset;
  ids->tl0 = payload[(*offset)++];
  return TRUE;
}

static void
skip_references (const guint8 *payload, gsize size, gsize *offset)
{
  const guint8 predicted_flexibly = VP9_P | VP9_F;

  if ((payload[0] & predicted_flexibly) != predicted_flexibly)
    return;
  for (guint i = 0; i < MAX_REFERENCES && *offset < size; i++)
    {
      if ((payload[(*offset)++] & VP9_N) == 0)
        return;
    }
}

/* The start of the scalability structure, if it is there and at hand. */
static void
read_sizes (const guint8 *payload, gsize size, SalonFrame *frame, gsize offset)
{
  guint n_layers;

  skip_references (payload, size, &offset);
  if ((payload[0] & VP9_V) == 0 || offset >= size || (payload[offset] & VP9_Y) == 0)
    return;
  n_layers = MIN ((payload[offset] >> 5) + 1u, SALON_FRAME_MAX_SIZES);
  offset++;
  if (size - offset < 4 * n_layers)
    return;
  frame->n_sizes = n_layers;
  for (guint i = 0; i < n_layers; i++, offset += 4)
    {
      frame->sizes[i].width = salon_read_u16 (payload + offset);
      frame->sizes[i].height = salon_read_u16 (payload + offset + 2);
    }
}

gboolean
salon_vp9_parse (const guint8 *payload, gsize size, SalonFrame *frame)
{
  gsize offset = 1;

  *frame = (SalonFrame){ .has_references = TRUE, .tells_end = TRUE };
  if (size < 2)
    return FALSE;
  if ((payload[0] & VP9_I) != 0 && !salon_picture_ids_read_id (&frame->ids, payload, size, &offset))
    return FALSE;
  if (!parse_layers (payload, size, frame, &offset) || offset >= size)
    return FALSE;
  frame->is_start = (payload[0] & VP9_B) != 0;
  frame->is_end = (payload[0] & VP9_E) != 0;
  frame->is_keyframe_start = frame->is_start && (payload[0] & VP9_P) == 0 && frame->spatial == 0;
  if (frame->is_keyframe_start)
    read_sizes (payload, size, frame, offset);
  return TRUE;
}
