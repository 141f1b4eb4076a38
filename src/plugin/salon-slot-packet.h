/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-codec.h"
#include "salon-rtp-packet.h"

/* RTP packets in buffers, which may lie in several memories. Pure functions. */

/* What is read of each: the header and the extensions must fit, and as much of the payload as tells a keyframe. */
#define SALON_SLOT_PACKET_HEAD_BYTES 512

/* packet: points into head. */
gboolean salon_slot_packet_parse (
    GstBuffer *buffer, guint8 head[SALON_SLOT_PACKET_HEAD_BYTES], SalonRtpPacket *packet) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_slot_packet_starts_keyframe (GstBuffer *buffer, SalonCodec codec);
