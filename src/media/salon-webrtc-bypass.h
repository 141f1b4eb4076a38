/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-sender.h"

/* For a webrtcbin that was just made: it will negotiate a transport and nothing else, by one audio m-line that stands
 * for all (salon_offer_write(), salon_sdp_copy_transport()). An m-line costs webrtcbin some 30 kB. */
void salon_webrtc_negotiate_transport (GstElement *webrtc);

/* Returns: (transfer full) (nullable): the one that a webrtcbin with a transport has: all is one BUNDLE group. */
GstElement *salon_webrtc_find_element (GstElement *webrtc, const char *factory_name) G_GNUC_WARN_UNUSED_RESULT;

/* From here on, what a sender is given goes out with the keys of a webrtcbin's DTLS and on its path, and the RTCP that
 * comes goes to the sender. webrtc: connected, its certificate verified, on this hub's ports
 * (salon_ice_make_webrtcbin). transport_cc_id: 0 if it was not negotiated. FALSE if DTLS agreed on no keys that we
 * know. */
gboolean salon_webrtc_bypass (
    GstElement *webrtc, SalonIceHub *hub, SalonSender *sender, guint8 transport_cc_id) G_GNUC_WARN_UNUSED_RESULT;
