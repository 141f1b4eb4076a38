/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* One m-line of what a subscriber is offered, when webrtcbin doesn't write it. Plain data. */
typedef struct
{
  gboolean is_video;
  const GstCaps *caps; /* (borrowed): what it may carry */
  guint32 ssrc;
  guint32 rtx_ssrc; /* of its retransmissions (RFC 4588); for video alone */
  guint seat;       /* m-lines of a seat are one stream, so that lips stay in sync */
} SalonOfferLine;

/* Adds an m-line for data channels (RFC 8841) to an offer or an answer, which goes by the transport of its first
 * m-line. index: where, among all m-lines. Returns: (transfer full) */
char *salon_offer_add_data (
    const char *description, guint index, const char *mid, gboolean is_offer) G_GNUC_WARN_UNUSED_RESULT;

/* transport: an offer of one m-line that webrtcbin made: all the lines, the first in its place, go by its transport, as
 * one BUNDLE group (RFC 9143). cname: of all SSRCs (RFC 7022).
 * Returns: (transfer full) */
char *salon_offer_write (
    const char *transport, const SalonOfferLine *lines, guint n_lines, const char *cname) G_GNUC_WARN_UNUSED_RESULT;
