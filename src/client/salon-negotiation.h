/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-client.h"
#include "salon-peer.h"

/* The peer connections of one client, by target (0 publishes, the others receive): their offers, answers and candidates
 * on their way between SalonPeers and the server.
 *
 * The context of its client. */
typedef struct _SalonNegotiation SalonNegotiation;

#define SALON_NEGOTIATION_PUBLISHER 0
#define SALON_NEGOTIATION_SUBSCRIBER 1

typedef struct
{
  /* The server offers a connection that there is no peer for: more people are here than one has seats for. Returns:
   * (transfer full): a webrtcbin in a pipeline, playing. */
  GstElement *(*new_subscriber) (guint target, gpointer user_data);
  void (*connected) (SalonPeer *peer, gpointer user_data);
  /* message: for a person. */
  void (*failed) (const char *message, gpointer user_data);
} SalonNegotiationEvents;

/* client: (borrowed): must outlive it. events: (borrowed). */
SalonNegotiation *salon_negotiation_new (
    SalonClient *client, const SalonNegotiationEvents *events, gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
void salon_negotiation_free (SalonNegotiation *self);

/* names: (transfer full): see salon_peer_set_formats(): of all peers to come. */
void salon_negotiation_set_formats (SalonNegotiation *self, char **names);

/* Returns: (transfer none): the peer made of a webrtcbin that does not play yet. */
SalonPeer *salon_negotiation_add (SalonNegotiation *self, guint target, GstElement *webrtcbin);
/* Returns: (transfer none) (nullable) */
SalonPeer *salon_negotiation_find (SalonNegotiation *self, guint target);

/* Puts the publisher's offer, if there is one, into the params of a join. Without `tracks`, everything in it is
 * published, as camera and microphone. */
gboolean salon_negotiation_offer (
    SalonNegotiation *self, JsonObject *join_params, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What the server answers to that join. */
gboolean salon_negotiation_take_result (
    SalonNegotiation *self, JsonObject *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether a notification was one of ours. */
gboolean salon_negotiation_take (SalonNegotiation *self, const char *method, JsonObject *params);
