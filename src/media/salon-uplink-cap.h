/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-track.h"

/* Who publishes is told which layers anybody has use for, and rests the others. Whoever goes on sending them, as
 * clients do that don't listen, is held back by RTCP: a bound on all that the connection sends (REMB,
 * draft-alvestrand-rmcat-remb-03), which browsers keep beside what they estimate themselves. It is as much as what
 * is wanted takes, or may take, and never so little that a picture begins poorly once it is wanted; and lifted as soon
 * as more of a picture is wanted, since what that takes is not known.
 *
 *   SalonTrack (wanted, layers) --> SalonUplinkCap --> RTCP of the publisher's webrtcbin
 *
 * Owned by the publisher; main context, but for the RTCP. */
typedef struct _SalonUplinkCap SalonUplinkCap;

/* What is still sent so long after it should rest, won't. */
#define SALON_UPLINK_CAP_PATIENCE_S 3

SalonUplinkCap *salon_uplink_cap_new (GstElement *webrtc) G_GNUC_WARN_UNUSED_RESULT;
/* Before the connection and the tracks are closed. */
void salon_uplink_cap_free (SalonUplinkCap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonUplinkCap, salon_uplink_cap_free)

/* track: (borrowed): until the end. */
void salon_uplink_cap_add (SalonUplinkCap *self, SalonTrack *track);
