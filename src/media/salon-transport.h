/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gst/webrtc/webrtc.h>

#include "salon-data-channels.h"
#include "salon-graph.h"
#include "salon-ice-peer.h"
#include "salon-media-options.h"
#include "salon-sdp.h"

/* One peer connection: a webrtcbin in the room's graph, tuned for forwarding, and what both its kinds (SalonPublisher,
 * SalonSubscriber) share: descriptions, ICE candidates, the check of the peer's certificate, the end.
 *
 * webrtcbin 1.22 does not compare the peer's DTLS certificate with the fingerprint in the description: we do, and a
 * transport is `verified` only then. Subclasses let no media pass before.
 *
 * Signals (all on the main context, none after salon_transport_close()):
 *   candidate (guint m-line, const char *candidate)   a local ICE candidate, to be told to the client; at last ""
 *   verified ()                                       connected to the right peer
 *   disturbed (gboolean)                              TRUE: the client fell silent, but may come back; FALSE: it has
 *   failed (const GError *)                           MEDIA or FINGERPRINT; the owner closes the transport
 *
 * Owned by its participant; main context. */
#define SALON_TYPE_TRANSPORT (salon_transport_get_type ())
G_DECLARE_DERIVABLE_TYPE (SalonTransport, salon_transport, SALON, TRANSPORT, GObject)

struct _SalonTransportClass
{
  GObjectClass parent_class;

  /* Called once, when the peer's certificate is the promised one. FALSE: the connection can't be used. */
  gboolean (*verified) (SalonTransport *self);
};

/* For subclasses' constructors: makes the webrtcbin. options (borrowed) must outlive the transport. FALSE when there
 * are no file descriptors for it: then it is closed, and what it is asked to do must fail. */
gboolean salon_transport_open (SalonTransport *self, SalonGraph *graph, const char *name,
    const SalonMediaOptions *options) G_GNUC_WARN_UNUSED_RESULT;
/* MEDIA: what there is to say then. */
GError *salon_transport_error_no_room (void) G_GNUC_WARN_UNUSED_RESULT;
/* Ends it; may be called from its own signals, and twice. Subclasses first detach what they linked. */
void salon_transport_close (SalonTransport *self);
gboolean salon_transport_is_closed (SalonTransport *self);
gboolean salon_transport_is_verified (SalonTransport *self);

/* For who wants data channels: events (borrowed) must outlive the transport. Before it is negotiated. */
void salon_transport_set_data_events (SalonTransport *self, const SalonDataChannelsEvents *events, gpointer user_data);
/* For subclasses: from now on, the peer may send on data channels, which it was offered; what comes too early is lost.
 */
void salon_transport_await_data (SalonTransport *self);
/* For subclasses: both sides have agreed on data channels; may be called again. */
void salon_transport_open_data (SalonTransport *self);
/* Whether anybody wants data channels. */
gboolean salon_transport_takes_data (SalonTransport *self);

/* How its packets go, and what became of them. FALSE when closed, before there is a description, and with libnice. */
gboolean salon_transport_get_ice_stats (SalonTransport *self, SalonIcePeerStats *stats) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer none) */
SalonGraph *salon_transport_get_graph (SalonTransport *self);
/* (transfer none) (nullable): NULL once closed. */
GstElement *salon_transport_get_webrtcbin (SalonTransport *self);
/* (transfer none) (nullable): the last remote description webrtcbin took. */
const SalonSdp *salon_transport_get_remote (SalonTransport *self);

/* A candidate from the client; kept until there is a remote description. An empty one ends them. m_line is not looked
 * at: all m-lines share one transport.
 * Errors: MEDIA, for too many or a malformed one. */
gboolean salon_transport_add_candidate (
    SalonTransport *self, guint m_line, const char *candidate, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* sdp: (transfer full): checked by the subclass. */
void salon_transport_set_remote_async (
    SalonTransport *self, GstWebRTCSDPType type, SalonSdp *sdp, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_transport_set_remote_finish (
    SalonTransport *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Creates our offer or answer, makes it the local description, and returns its text. */
void salon_transport_create_local_async (
    SalonTransport *self, GstWebRTCSDPType type, GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full) */
char *salon_transport_create_local_finish (
    SalonTransport *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
