/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* A client that receives and offers, as players do (WHEP), where a subscriber is made to offer: our offer becomes an
 * answer to theirs, and theirs an answer to ours. That takes an offer of ours in the numbers of theirs: see
 * salon_client_offer_make_caps(). Who would have been the first to speak matters to nothing but the texts, and the role
 * in DTLS, which is always theirs.
 *
 * Immutable. */
typedef struct _SalonClientOffer SalonClientOffer;

/* Errors: MEDIA; also if it is for anything but to receive one audio and one video m-line at most. */
SalonClientOffer *salon_client_offer_parse (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void salon_client_offer_free (SalonClientOffer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonClientOffer, salon_client_offer_free)

/* Whether it has an m-line of video, or of audio. */
gboolean salon_client_offer_has (const SalonClientOffer *self, gboolean is_video);

/* What to offer on our m-line of this kind: what theirs has, with their payload types and header extensions; without
 * one, something of no meaning to them. Returns: (transfer full) */
GstCaps *salon_client_offer_make_caps (
    const SalonClientOffer *self, gboolean is_video, gboolean has_retransmissions) G_GNUC_WARN_UNUSED_RESULT;

/* ours: an offer made with these caps, one m-line of each kind. Both return (transfer full): the answer to theirs, and
 * theirs as an answer to it. */
char *salon_client_offer_write_answer (const SalonClientOffer *self, const char *ours) G_GNUC_WARN_UNUSED_RESULT;
char *salon_client_offer_write_as_answer (const SalonClientOffer *self, const char *ours) G_GNUC_WARN_UNUSED_RESULT;
