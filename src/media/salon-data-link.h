/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-data-channels.h"

/* The data channels of one webrtcbin: its DTLS carries their packets, and of what they are it knows nothing.
 *
 *   dtlssrtpdec.data_src    -> (a streaming thread) -> main context -> SalonDataChannels
 *   dtlssrtpenc.data_sink   <----------------------------------------- SalonDataChannels
 *
 * Owned by its transport; main context; salon_data_link_close() ends it. */
typedef struct _SalonDataLink SalonDataLink;

/* For a webrtcbin that has a transport, before its peer can have an answer: what comes before it is opened and started
 * is lost, and would end the connection without a link. Returns: (nullable): NULL when it can't be had. */
SalonDataLink *salon_data_link_new (GstElement *webrtc) G_GNUC_WARN_UNUSED_RESULT;
void salon_data_link_close (SalonDataLink *self);

/* Both sides have agreed on data channels. events (borrowed) must outlive it. */
void salon_data_link_open (
    SalonDataLink *self, gboolean is_dtls_client, const SalonDataChannelsEvents *events, gpointer user_data);
/* The peer is who it should be: from now on, what comes is looked at. Nothing before it is opened. */
void salon_data_link_start (SalonDataLink *self);
