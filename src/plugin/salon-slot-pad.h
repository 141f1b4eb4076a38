/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-codec.h"
#include "salon-slot-preroll.h"

/* A keyframe costs a publisher ten times an ordinary picture; one that is on its way takes a round trip and an
 * encoder's time, well below this. */
#define SALON_SLOT_KEYFRAME_INTERVAL_US (500 * G_TIME_SPAN_MILLISECOND)

/* A sink pad of a slot: the slot's alone to look into. What it keeps while the slot is not open, goes with it. */
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

  /* Under the stream lock of the slot's src pad, until the pad is finalized. */
  SalonSlotPreroll preroll;
  guint turn; /* of the slot's, the one in which that was kept */
};

/* Of a CAPS event. */
void salon_slot_pad_take_caps (SalonSlotPad *self, GstEvent *event);

/* Of the next two, one of buffer and list is NULL. */
gboolean salon_slot_pad_starts_keyframe (SalonSlotPad *self, GstBuffer *buffer, GstBufferList *list);
/* Keeps them in the preroll if they are of a picture. Returns: whether it can be begun with what is kept. */
gboolean salon_slot_pad_keep (SalonSlotPad *self, GstBuffer *buffer, GstBufferList *list);
/* It is active in this turn: what it kept in an earlier one has a hole since, and goes. */
void salon_slot_pad_begin_turn (SalonSlotPad *self, guint turn);
