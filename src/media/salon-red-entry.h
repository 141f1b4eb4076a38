/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-sdp.h"

/* The sound of a publisher that may send it with redundancy (RED, RFC 2198) or without, from packet to packet, as one
 * stream: RED always, under Opus' payload type. webrtcbin knows of Opus alone: it would take redundancy off, and make
 * two streams of two payload types. What comes without becomes RED of one block.
 *
 * Counted; its probes hold it. The receiving thread works with it. */
typedef struct _SalonRedEntry SalonRedEntry;

/* For a webrtcbin that has not negotiated yet. Nothing is RED at first. */
SalonRedEntry *salon_red_entry_new (GstElement *webrtc) G_GNUC_WARN_UNUSED_RESULT;
void salon_red_entry_unref (SalonRedEntry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonRedEntry, salon_red_entry_unref)

/* To be told once, before media comes. Any thread. */
void salon_red_entry_set (SalonRedEntry *self, const SalonSdpRed *red);
