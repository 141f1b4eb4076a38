/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-sender.h"

/* From here on, what a sender is given goes out with the keys of a webrtcbin's DTLS and on its path, and the RTCP that
 * comes goes to the sender. webrtc: connected, its certificate verified, on this hub's ports
 * (salon_ice_make_webrtcbin). transport_cc_id: 0 if it was not negotiated. FALSE if DTLS agreed on no keys that we
 * know. */
gboolean salon_webrtc_bypass (
    GstElement *webrtc, SalonIceHub *hub, SalonSender *sender, guint8 transport_cc_id) G_GNUC_WARN_UNUSED_RESULT;
