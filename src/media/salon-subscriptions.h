/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-client-offer.h"
#include "salon-receiver.h"
#include "salon-transport.h"

/* All that one participant receives: which track sits where, over as many subscriber connections as it takes.
 * Connection `target` 1 is opened at the start, the next when the seats run out; those in use are not renegotiated,
 * unless the client is told what it is sent by descriptions alone.
 * It is a SalonReceiver: tracks of one group get one seat. One for which there is none waits: another connection is
 * opened soon, or, beyond SALON_LIMIT_SUBSCRIBERS of them, somebody has to go first.
 *
 * Signals:
 *   offer (guint target, const char *sdp)             to be told to the client
 *   answer (const char *sdp)                          likewise, to who has offered
 *   candidate (guint target, guint m-line, const char *text)
 *   slot (guint target, const char *mid, SalonTrack *or NULL)
 *                                                     what the m-line carries from now on
 *   layer (guint target, const char *mid, SalonTrack *, gint spatial, gint temporal)
 *                                                     which of it the m-line carries now, as
 *                                                     salon_subscriber_get_layer()
 *   form (SalonTrack *, guint state, gint codec, const char *refusal)
 *                                                     how its picture comes: as a SalonSubscriber's form-changed
 *   disturbed (gboolean)                              as a SalonTransport's, of each connection
 *   failed (const GError *)                           the owner closes all
 *
 * Owned by its participant; main context; salon_subscriptions_close() ends it. */
#define SALON_TYPE_SUBSCRIPTIONS (salon_subscriptions_get_type ())
G_DECLARE_FINAL_TYPE (SalonSubscriptions, salon_subscriptions, SALON, SUBSCRIPTIONS, GObject)

/* options (borrowed) must outlive it. */
SalonSubscriptions *salon_subscriptions_new (
    SalonGraph *graph, const char *name, const SalonMediaOptions *options) G_GNUC_WARN_UNUSED_RESULT;
/* For who takes data channels, on the first connection; events (borrowed). Before it is opened. */
void salon_subscriptions_set_data_events (
    SalonSubscriptions *self, const SalonDataChannelsEvents *events, gpointer user_data);
/* For who knows of no slots, and has one connection: its m-lines name what they carry (see SalonLines), in an offer for
 * each change, and come as they are needed, SALON_LIMIT_SEATS of each kind at most, after that for data channels.
 * Before it is opened. Without effect where webrtcbin writes the offers. */
void salon_subscriptions_name_tracks (SalonSubscriptions *self);
/* Opens the first connection. */
void salon_subscriptions_start (SalonSubscriptions *self);
/* The same for a client that has offered: it is answered, and has this one connection, with one seat. client: (transfer
 * full). */
void salon_subscriptions_start_answering (SalonSubscriptions *self, SalonClientOffer *client);
void salon_subscriptions_close (SalonSubscriptions *self);

/* Whether every connection is up. */
gboolean salon_subscriptions_are_verified (SalonSubscriptions *self);
/* Emits `slot` again for every slot, also the empty ones, and with it `layer` and `form` as far as there is something
 * to tell: for a client that may have missed some. */
void salon_subscriptions_tell_slots (SalonSubscriptions *self);

/* Emits `layer` again for a picture, if it has a seat. */
void salon_subscriptions_tell_layer (SalonSubscriptions *self, SalonTrack *track);

/* Returns: (transfer full) (element-type SalonConnectionStats), and (element-type SalonReceptionStats), without the
 * tracks' ids; valid until the main loop runs again. Empty where packets pass webrtcbin. */
GArray *salon_subscriptions_list_connections (SalonSubscriptions *self) G_GNUC_WARN_UNUSED_RESULT;
GArray *salon_subscriptions_list_receptions (SalonSubscriptions *self) G_GNUC_WARN_UNUSED_RESULT;

/* From the client. Errors: MEDIA. */
void salon_subscriptions_answer_async (
    SalonSubscriptions *self, guint target, const char *sdp, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_subscriptions_answer_finish (
    SalonSubscriptions *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_subscriptions_add_candidate (SalonSubscriptions *self, guint target, guint m_line, const char *candidate,
    GError **error) G_GNUC_WARN_UNUSED_RESULT;
