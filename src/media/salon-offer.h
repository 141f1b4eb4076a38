/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-sdp.h"

/* One m-line of what a subscriber is offered, when webrtcbin doesn't write it. Plain data. */
typedef struct
{
  gboolean is_data; /* for data channels: the rest is not looked at */
  gboolean is_video;
  gboolean is_inactive;
  const char *msid;    /* (nullable): what it carries, as SalonLines has it; NULL: whatever sits in its seat */
  const GstCaps *caps; /* (borrowed): what it may carry */
  guint32 ssrc;
  guint32 rtx_ssrc; /* of its retransmissions (RFC 4588); for video alone */
  guint seat;       /* m-lines of a seat are one stream, so that lips stay in sync */
} SalonOfferLine;

/* Adds an m-line for data channels (RFC 8841) to an offer or an answer, which goes by the transport of its first
 * m-line. index: where, among all m-lines; 0: in the place of that which stood in for it (see SalonSdp).
 * Returns: (transfer full) */
char *salon_offer_add_data (
    const char *description, guint index, const char *mid, gboolean is_offer) G_GNUC_WARN_UNUSED_RESULT;

/* Adds sound with redundancy (RFC 2198), as what we want most, to the lines of webrtcbin's answer whose offer has it
 * so. Returns: (transfer full) */
char *salon_offer_add_red (const char *answer, const SalonSdp *offer, const SalonSdpRed *red) G_GNUC_WARN_UNUSED_RESULT;

/* transport: an offer of one m-line that webrtcbin made: all the lines, the first in its place, go by its transport, as
 * one BUNDLE group (RFC 9143). cname: of all SSRCs (RFC 7022). n_before: how many of the connection's offers went
 * before. Returns: (transfer full) */
char *salon_offer_write (const char *transport, const SalonOfferLine *lines, guint n_lines, const char *cname,
    guint n_before) G_GNUC_WARN_UNUSED_RESULT;
