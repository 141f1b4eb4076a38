/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-receiver.h"

G_DEFINE_INTERFACE (SalonReceiver, salon_receiver, G_TYPE_OBJECT)

static void
salon_receiver_default_init (SalonReceiverInterface *interface)
{
}

void
salon_receiver_add (SalonReceiver *self, SalonTrack *track, const char *group, gboolean is_paused)
{
  SALON_RECEIVER_GET_IFACE (self)->add (self, track, group, is_paused);
}

void
salon_receiver_remove (SalonReceiver *self, SalonTrack *track)
{
  SALON_RECEIVER_GET_IFACE (self)->remove (self, track);
}

void
salon_receiver_set_paused (SalonReceiver *self, SalonTrack *track, gboolean is_paused)
{
  SALON_RECEIVER_GET_IFACE (self)->set_paused (self, track, is_paused);
}

void
salon_receiver_set_priority (SalonReceiver *self, SalonTrack *track, SalonPriority priority)
{
  SALON_RECEIVER_GET_IFACE (self)->set_priority (self, track, priority);
}

gboolean
salon_receiver_set_settings (SalonReceiver *self, SalonTrack *track, const SalonTrackSettings *settings)
{
  return SALON_RECEIVER_GET_IFACE (self)->set_settings (self, track, settings);
}
