/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/webrtc/ice.h>
#include <gst/webrtc/icestream.h>
#include <gst/webrtc/icetransport.h>

#include "salon-ice-hub.h"

/* webrtcbin's stream (an m-line, or a bundle of them) and its one transport (RTCP goes with RTP): a SalonIcePeer with
 * the elements through which its packets pass. Owned by their agent, which is webrtcbin's; closed by it. */
#define SALON_TYPE_ICE_STREAM (salon_ice_stream_get_type ())
G_DECLARE_FINAL_TYPE (SalonIceStream, salon_ice_stream, SALON, ICE_STREAM, GstWebRTCICEStream)

/* agent: (borrowed): asked to gather. */
SalonIceStream *salon_ice_stream_new (GstWebRTCICE *agent, SalonIceHub *hub, guint id) G_GNUC_WARN_UNUSED_RESULT;
/* From here on, nothing is told to webrtcbin. */
void salon_ice_stream_close (SalonIceStream *self);

/* (transfer none) */
SalonIcePeer *salon_ice_stream_get_peer (SalonIceStream *self);
void salon_ice_stream_set_local (SalonIceStream *self, const char *ufrag, const char *password);
/* TRUE if candidates are to be told: once for each ufrag of ours. */
gboolean salon_ice_stream_begin_gathering (SalonIceStream *self) G_GNUC_WARN_UNUSED_RESULT;
void salon_ice_stream_end_gathering (SalonIceStream *self);
