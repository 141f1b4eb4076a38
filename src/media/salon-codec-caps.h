/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/sdp/sdp.h>

#include "salon-codec.h"

/* The caps that tell webrtcbin what to negotiate. Pure functions; any thread. The m-lines are those of a SalonSdp,
 * which has nothing in it that isn't understood. */

/* Returns: (transfer none) (nullable): the same URI, static, if it names a header extension that we use on an m-line
 * with, or without, simulcast. */
const char *salon_codec_caps_find_extension (const char *uri, gboolean has_simulcast);

/* What to accept of an offered m-line: the first of `order` that it offers, with the offer's own payload type and
 * those of its header extensions that we use.
 * Returns: (transfer full) (nullable): NULL when nothing fits. */
GstCaps *salon_codec_caps_choose (
    const GstSDPMedia *offered, const SalonCodec *order, guint n_order) G_GNUC_WARN_UNUSED_RESULT;

/* What a slot offers: every codec of its kind, each followed by its retransmission (RFC 4588) when it is video.
 * has_red: and sound with redundancy (RFC 2198). Returns: (transfer full) */
GstCaps *salon_codec_caps_offer_all (gboolean is_video, gboolean has_red) G_GNUC_WARN_UNUSED_RESULT;
/* The same for webrtcbin, which adds the retransmission of the first by itself, and would take redundancy off.
 * Returns: (transfer full) */
GstCaps *salon_codec_caps_offer (gboolean is_video, guint32 ssrc) G_GNUC_WARN_UNUSED_RESULT;

/* What a slot can carry to a client that offers: every codec that we forward of those that it offers, under its
 * numbers, each followed by its retransmission if it is wanted, and offered. Returns: (transfer full) */
GstCaps *salon_codec_caps_take (
    const GstSDPMedia *offered, SalonKind kind, gboolean has_retransmissions) G_GNUC_WARN_UNUSED_RESULT;
/* Some codec under this number, and nothing else, for an m-line that is never used. Returns: (transfer full) */
GstCaps *salon_codec_caps_stand_in (SalonKind kind, guint8 payload_type) G_GNUC_WARN_UNUSED_RESULT;
/* The same caps, without retransmissions, as webrtcbin has to see them where it sends by itself.
 * Returns: (transfer full) */
GstCaps *salon_codec_caps_add_ssrc (const GstCaps *caps, guint32 ssrc) G_GNUC_WARN_UNUSED_RESULT;

/* Whether they have this codec. */
gboolean salon_codec_caps_have (const GstCaps *caps, SalonCodec codec);
/* Those of other codecs. */
GstCaps *salon_codec_caps_without (const GstCaps *caps, SalonCodec codec) G_GNUC_WARN_UNUSED_RESULT;
/* Those of a slot's caps that the answered m-line accepts. red_payload_type: see SalonSdpRed; 0: none.
 * Returns: (transfer full) */
GstCaps *salon_codec_caps_accepted (
    GstCaps *offered, const GstSDPMedia *answered, guint8 red_payload_type) G_GNUC_WARN_UNUSED_RESULT;

/* RFC 4588, section 8.6. payload_types: (out): 0, or what retransmissions of each of the payload types are sent as. */
void salon_codec_caps_get_retransmissions (const GstCaps *accepted, guint8 payload_types[128]);
