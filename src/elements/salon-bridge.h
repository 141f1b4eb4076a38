/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-codec.h"
#include "salon-negotiation.h"

/* Takes the place of the server's end of a SalonWire for elements on other machines: what comes over the wire goes out
 * by WebRTC, and the other way round. To an element both are the same.
 *
 *   element's SalonWire --> SalonWire --> queue --> webrtcbin "publisher"
 *                       <-- SalonWire <-- tee <---- webrtcbin "subscriber"
 *
 * A slot of a subscriber connection carries one track after the other; over the wire each is a stream of its own.
 *
 * Owned by its SalonVisit, and for one connection; the visit's thread. */
typedef struct _SalonBridge SalonBridge;

typedef struct
{
  /* All that is published has begun to come: an offer can be made. */
  void (*negotiable) (gpointer user_data);
  /* All its connections are up; not before the answer to the join was taken. */
  void (*connected) (gpointer user_data);
  /* message: for a person. */
  void (*failed) (const char *message, gpointer user_data);
} SalonBridgeEvents;

/* client: (borrowed): must outlive it. n_streams: that are published, of the numbers in streams. codecs: that are
 * received; of a kind without any, whatever comes is. 0: nothing is. events: (borrowed). */
SalonBridge *salon_bridge_new (SalonClient *client, const guint *streams, guint n_streams, SalonCodecs codecs,
    const SalonBridgeEvents *events, gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
void salon_bridge_free (SalonBridge *self);

/* Returns: (transfer full) (nullable): for the element's wire. Once. */
GSocket *salon_bridge_connect (SalonBridge *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer none) */
SalonNegotiation *salon_bridge_get_negotiation (SalonBridge *self);

/* A slot carries another track, or none. Returns: (transfer full) (nullable): the params of the same notification, as
 * one who is attached gets them; NULL when there is nothing to tell. */
JsonObject *salon_bridge_take_slot (SalonBridge *self, JsonObject *params) G_GNUC_WARN_UNUSED_RESULT;
