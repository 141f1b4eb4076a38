/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-ice-hub.h"
#include "salon-sender.h"
#include "salon-srtp.h"

/* Takes a subscriber's RTCP before webrtcbin does, whose session has sent nothing that it could be about, and would
 * spend two threads' wake-ups and a slow decryption on it: keyframe requests, NACKs, reports, transport-wide feedback.
 * All other packets go on
 * to webrtcbin.
 *
 *   SalonIceHub --> SalonFeedback --+--> SalonSender --> salonslot
 *                                   +--> salonicesrc (webrtcbin)      DTLS
 *
 * Owned by the peer whose listener it is; works on the hub's receiver threads. */
#define SALON_TYPE_FEEDBACK (salon_feedback_get_type ())
G_DECLARE_FINAL_TYPE (SalonFeedback, salon_feedback, SALON, FEEDBACK, GObject)

/* next: what took all packets so far. key: SALON_SRTP_KEY_BYTES, what DTLS gave the client to send with. */
SalonFeedback *salon_feedback_new (
    SalonSender *sender, SalonIceListener *next, const guint8 *key) G_GNUC_WARN_UNUSED_RESULT;
