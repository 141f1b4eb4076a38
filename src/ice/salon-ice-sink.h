/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-ice-hub.h"

/* Where webrtcbin's send bin hands its packets over, in the place of nicesink: from whatever thread they come, and
 * never waiting. */
#define SALON_TYPE_ICE_SINK (salon_ice_sink_get_type ())
G_DECLARE_FINAL_TYPE (SalonIceSink, salon_ice_sink, SALON, ICE_SINK, GstElement)

GstElement *salon_ice_sink_new (SalonIceHub *hub, SalonIcePeer *peer) G_GNUC_WARN_UNUSED_RESULT;
