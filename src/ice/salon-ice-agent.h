/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>
#include <gst/webrtc/ice.h>

#include "salon-ice-hub.h"

/* webrtcbin's ICE agent (its `ice-agent`), lite (RFC 8445, section 2.5), above the hub that all of them share: what
 * webrtcbin asks of libnice, said to one SalonIcePeer for each of its transports. With RTP and RTCP on one component,
 * and one bundle, that is one for each webrtcbin.
 *
 * Owned by its webrtcbin. */
#define SALON_TYPE_ICE_AGENT (salon_ice_agent_get_type ())
G_DECLARE_FINAL_TYPE (SalonIceAgent, salon_ice_agent, SALON, ICE_AGENT, GstWebRTCICE)

/* Returns: (transfer floating): a new webrtcbin on the hub's ports. Its descriptions must say `a=ice-lite`. */
GstElement *salon_ice_make_webrtcbin (SalonIceHub *hub, const char *name) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full) (nullable): the connection of a webrtcbin that was made so; NULL before it has a local
 * description. Any thread. */
SalonIcePeer *salon_ice_agent_dup_peer (SalonIceAgent *self) G_GNUC_WARN_UNUSED_RESULT;
/* The figures of a webrtcbin that was made so; FALSE before it has a local description. Any thread. */
gboolean salon_ice_agent_get_stats (SalonIceAgent *self, SalonIcePeerStats *stats) G_GNUC_WARN_UNUSED_RESULT;
