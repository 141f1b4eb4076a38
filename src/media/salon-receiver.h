/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-allocator.h"
#include "salon-track-settings.h"
#include "salon-track.h"

/* What receives tracks for one participant, whichever way: SalonSubscriptions over WebRTC, SalonAttachment on this
 * machine. A view (see SalonView) says which. Main context. */
#define SALON_TYPE_RECEIVER (salon_receiver_get_type ())
G_DECLARE_INTERFACE (SalonReceiver, salon_receiver, SALON, RECEIVER, GObject)

struct _SalonReceiverInterface
{
  GTypeInterface parent_interface;

  void (*add) (SalonReceiver *self, SalonTrack *track, const char *group, gboolean is_paused);
  void (*remove) (SalonReceiver *self, SalonTrack *track);
  void (*set_paused) (SalonReceiver *self, SalonTrack *track, gboolean is_paused);
  void (*set_priority) (SalonReceiver *self, SalonTrack *track, SalonPriority priority);
  gboolean (*set_settings) (SalonReceiver *self, SalonTrack *track, const SalonTrackSettings *settings);
};

/* Tracks of one group belong together: one person's camera and microphone. */
void salon_receiver_add (SalonReceiver *self, SalonTrack *track, const char *group, gboolean is_paused);
void salon_receiver_remove (SalonReceiver *self, SalonTrack *track);
void salon_receiver_set_paused (SalonReceiver *self, SalonTrack *track, gboolean is_paused);
/* How important a picture is where there is not room for all; OTHER at first. */
void salon_receiver_set_priority (SalonReceiver *self, SalonTrack *track, SalonPriority priority);
/* What the client has use for of a track, until it is removed. Returns: whether it is among those added. */
gboolean salon_receiver_set_settings (SalonReceiver *self, SalonTrack *track, const SalonTrackSettings *settings);
