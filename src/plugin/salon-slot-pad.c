/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-slot-pad.h"

#include "salon-slot-packet.h"

G_DEFINE_FINAL_TYPE (SalonSlotPad, salon_slot_pad, GST_TYPE_PAD)

static void
salon_slot_pad_finalize (GObject *object)
{
  salon_slot_preroll_clear (&SALON_SLOT_PAD (object)->preroll);
  G_OBJECT_CLASS (salon_slot_pad_parent_class)->finalize (object);
}

static void
salon_slot_pad_class_init (SalonSlotPadClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = salon_slot_pad_finalize;
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

gboolean
salon_slot_pad_starts_keyframe (SalonSlotPad *self, GstBuffer *buffer, GstBufferList *list)
{
  if (!self->has_codec)
    return FALSE;
  if (buffer != NULL)
    return salon_slot_packet_starts_keyframe (buffer, self->codec);
  for (guint i = 0; i < gst_buffer_list_length (list); i++)
    {
      if (salon_slot_packet_starts_keyframe (gst_buffer_list_get (list, i), self->codec))
        return TRUE;
    }
  return FALSE;
}

static void
keep_one (SalonSlotPad *self, GstBuffer *buffer, gint64 now_us)
{
  salon_slot_preroll_add (&self->preroll, buffer, salon_slot_packet_starts_keyframe (buffer, self->codec), now_us);
}

gboolean
salon_slot_pad_keep (SalonSlotPad *self, GstBuffer *buffer, GstBufferList *list)
{
  gint64 now_us = g_get_monotonic_time ();

  if (!self->has_codec || salon_codec_get_info (self->codec)->kind != SALON_KIND_VIDEO)
    return FALSE;
  if (buffer != NULL)
    keep_one (self, buffer, now_us);
  for (guint i = 0; list != NULL && i < gst_buffer_list_length (list); i++)
    keep_one (self, gst_buffer_list_get (list, i), now_us);
  return salon_slot_preroll_is_ready (&self->preroll, now_us);
}

void
salon_slot_pad_begin_turn (SalonSlotPad *self, guint turn)
{
  if (self->turn == turn)
    return;
  salon_slot_preroll_clear (&self->preroll);
  self->turn = turn;
}
