/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-codec.h"

/* A keyframe costs a publisher ten times an ordinary picture; one that is on its way takes a round trip and an
 * encoder's time, well below this. */
#define SALON_SLOT_KEYFRAME_INTERVAL_US (500 * G_TIME_SPAN_MILLISECOND)

/* A sink pad of a slot: the slot's alone to look into. */
#define SALON_TYPE_SLOT_PAD (salon_slot_pad_get_type ())
G_DECLARE_FINAL_TYPE (SalonSlotPad, salon_slot_pad, SALON, SLOT_PAD, GstPad)

struct _SalonSlotPad
{
  GstPad parent;

  /* Under the slot's object lock. */
  gboolean is_released;
  gint64 last_request_us; /* for a keyframe */

  /* Under the pad's own stream lock. */
  GstSegment segment;
  gboolean has_new_caps;
  gboolean has_codec; /* one that Salon knows */
  SalonCodec codec;
};

/* Of a CAPS event. */
void salon_slot_pad_take_caps (SalonSlotPad *self, GstEvent *event);
