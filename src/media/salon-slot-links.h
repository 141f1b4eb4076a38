/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-track.h"

/* Which streams of a track lead into a `salonslot`: those alone that go out, or are about to, since each costs its tee
 * a push for every packet. Plain data, all zero at first; main context.
 *
 * slot: the same element, and track: the same track, from the first call to salon_slot_links_clear(). */
typedef struct
{
  struct
  {
    GstPad *tee_pad;                   /* (owned) (nullable): of the track */
    GstPad *sink_pad;                  /* (owned) (nullable): of the slot */
  } streams[SALON_MAX_SPATIAL_LAYERS]; /* by the track's streams */
} SalonSlotLinks;

/* Has the slot send of the track what arrives within the bound: at once, if it sends nothing, or else at the next
 * keyframe. spatial < 0: nothing. */
void salon_slot_links_follow (SalonSlotLinks *self, GstElement *slot, SalonTrack *track, SalonLayer bound);
/* Lets go of what does not go out any more. */
void salon_slot_links_trim (SalonSlotLinks *self, GstElement *slot, SalonTrack *track);
/* Nothing of it goes out any more. */
void salon_slot_links_clear (SalonSlotLinks *self, GstElement *slot, SalonTrack *track);
/* The stream that goes out now; -1: none. */
gint salon_slot_links_get_active (const SalonSlotLinks *self, GstElement *slot) G_GNUC_WARN_UNUSED_RESULT;
