/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* Sets up a new webrtcbin, before it joins a graph, for forwarding instead of playing: what is slow or wrong in its
 * defaults, each with its reason in the code. ice_port_min and _max: 0 for any. stun_server: (nullable). */
void salon_webrtc_tune (GstElement *webrtc, guint ice_port_min, guint ice_port_max, const char *stun_server);
