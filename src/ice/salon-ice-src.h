/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-ice-hub.h"

/* Where a client's packets enter webrtcbin's receive bin, in the place of nicesrc. It has no thread: the hub's
 * receivers push, each packet into the bin's queue, which is kept from ever making them wait. It listens from READY to
 * PAUSED and back; leaving PAUSED removes the peer from the hub, for good. */
#define SALON_TYPE_ICE_SRC (salon_ice_src_get_type ())
G_DECLARE_FINAL_TYPE (SalonIceSrc, salon_ice_src, SALON, ICE_SRC, GstElement)

GstElement *salon_ice_src_new (SalonIceHub *hub, SalonIcePeer *peer) G_GNUC_WARN_UNUSED_RESULT;
