/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* What comes while a slot is not open yet: from the last keyframe on, so that it can begin with that at once. It asked
 * for it before its subscriber was connected: a round trip to the publisher and one to the subscriber pass together.
 * Kept are references to packets that everybody shares, and only until the slot opens, or the pad goes.
 *
 * Plain struct, zeroed at first, without a lock: the caller serialises. Time is given to it. */
typedef struct
{
  GPtrArray *packets; /* (owned) (nullable) (element-type GstBuffer): NULL: there is no keyframe */
  gsize n_bytes;
  gint64 began_us;
} SalonSlotPreroll;

/* What is older is not shown: the picture would be late by so much, and catch up. A second is what a distant browser
 * takes to connect. */
#define SALON_SLOT_PREROLL_US G_TIME_SPAN_SECOND
/* 4 Mbit/s for so long: more is not waited for, but begun with the next keyframe. */
#define SALON_SLOT_PREROLL_BYTES (512 * 1024)
#define SALON_SLOT_PREROLL_PACKETS 1024

/* Kept if it begins a keyframe, or follows one. */
void salon_slot_preroll_add (SalonSlotPreroll *self, GstBuffer *packet, gboolean is_keyframe_start, gint64 now_us);
/* Whether it can be begun with. */
gboolean salon_slot_preroll_is_ready (const SalonSlotPreroll *self, gint64 now_us);
/* Returns: (transfer full) (element-type GstBuffer): in order; empty unless it is ready. Nothing is kept any more. */
GPtrArray *salon_slot_preroll_take (SalonSlotPreroll *self, gint64 now_us) G_GNUC_WARN_UNUSED_RESULT;
void salon_slot_preroll_clear (SalonSlotPreroll *self);
