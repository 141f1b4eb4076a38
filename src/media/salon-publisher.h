/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-track.h"
#include "salon-transport.h"

/* The connection a participant sends on: the client offers, we answer. Each m-line on which the client sends has a
 * SalonTrack from the first answer that has it until the publisher is closed.
 * Owned by its participant; main context; salon_transport_close() through salon_publisher_close() ends it. */
#define SALON_TYPE_PUBLISHER (salon_publisher_get_type ())
G_DECLARE_FINAL_TYPE (SalonPublisher, salon_publisher, SALON, PUBLISHER, SalonTransport)

/* When there are no file descriptors for it, its offers fail. */
SalonPublisher *salon_publisher_new (
    SalonGraph *graph, const char *name, const SalonMediaOptions *options) G_GNUC_WARN_UNUSED_RESULT;
void salon_publisher_close (SalonPublisher *self);
/* FALSE: only data channels may come. Before the first offer. */
void salon_publisher_set_takes_media (SalonPublisher *self, gboolean takes_media);

/* Answers an offer, the first or a later one; one at a time. Errors: MEDIA; the connection stays as it was. */
void salon_publisher_offer_async (
    SalonPublisher *self, const char *sdp, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_publisher_is_negotiating (SalonPublisher *self);
/* Returns: (transfer full): the answer. */
char *salon_publisher_offer_finish (
    SalonPublisher *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer none) (nullable): the track of an m-line on which the client may send. */
SalonTrack *salon_publisher_get_track (SalonPublisher *self, const char *mid);
/* Returns: (transfer none) (element-type SalonTrack): in m-line order. */
GPtrArray *salon_publisher_get_tracks (SalonPublisher *self);
