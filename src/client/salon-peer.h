/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* A webrtcbin of a pipeline as one of a Salon client's peer connections. It offers what is linked to its sink pads
 * (the publisher), or answers and gives what comes at its src pads (a subscriber): src_N is the offer's m-line N, and
 * appears with its first packet. One that nothing in the pipeline waits for is drained, because an unlinked pad would
 * stop the others.
 *
 * Signals, all in the context that was the thread's default when it was made:
 *   negotiable ()                                      once: every sink pad has caps, an offer can be made
 *   candidate (guint m-line, const char *candidate)    a local ICE candidate, for the server; none before a description
 *   connected ()
 *   failed ()                                          the connection is lost
 *
 * That context. The functions wait for webrtcbin's own thread, a few milliseconds; it never waits for us. */
#define SALON_TYPE_PEER (salon_peer_get_type ())
G_DECLARE_FINAL_TYPE (SalonPeer, salon_peer, SALON, PEER, GObject)

/* webrtcbin: in a pipeline, not playing yet. */
SalonPeer *salon_peer_new (GstElement *webrtcbin) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer none) */
GstElement *salon_peer_get_webrtcbin (SalonPeer *self);

/* Returns: (transfer full) (nullable): the SDP of the offer. Once, when negotiable. */
char *salon_peer_offer (SalonPeer *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_peer_take_answer (SalonPeer *self, const char *sdp, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* names: (nullable): the encodings to accept in answers, "VP8", "H264", with their retransmissions, of each kind of
 * which the server offers one; NULL: the first that is offered, as webrtcbin does. */
void salon_peer_set_formats (SalonPeer *self, const char *const *names);
/* Returns: (transfer full) (nullable): the SDP of the answer. */
char *salon_peer_answer (SalonPeer *self, const char *offer_sdp, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The server's; may come before the description. An empty one is ignored. */
void salon_peer_add_candidate (SalonPeer *self, guint m_line, const char *candidate);
