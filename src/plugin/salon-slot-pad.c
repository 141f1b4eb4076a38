/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-slot-pad.h"

G_DEFINE_FINAL_TYPE (SalonSlotPad, salon_slot_pad, GST_TYPE_PAD)

static void
salon_slot_pad_class_init (SalonSlotPadClass *klass)
{
}

static void
salon_slot_pad_init (SalonSlotPad *self)
{
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  self->last_request_us = -SALON_SLOT_KEYFRAME_INTERVAL_US;
}

void
salon_slot_pad_take_caps (SalonSlotPad *self, GstEvent *event)
{
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  self->has_new_caps = TRUE;
  self->has_codec = gst_caps_get_size (caps) > 0
                    && salon_codec_from_encoding_name (
                        gst_structure_get_string (gst_caps_get_structure (caps, 0), "encoding-name"), &self->codec);
}
