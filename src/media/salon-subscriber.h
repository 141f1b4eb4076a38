/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-client-offer.h"
#include "salon-reception.h"
#include "salon-shares.h"
#include "salon-track-settings.h"
#include "salon-track.h"
#include "salon-transport.h"

/* A connection a participant receives on: we offer, the client answers. It has a fixed number of seats; a seat is
 * an audio and a video slot, each a sending m-line fed by a `salonslot`, which share a media stream id, so that what
 * sits together is played in sync. Seating a track changes no SDP, unless the connection names its tracks.
 *
 * Signal, on the main context:
 *   layer-changed (guint seat)    salon_subscriber_get_layer() has changed
 *   form-changed (guint seat, SalonFormState state, gint codec, const char *refusal)
 *                                 in which form a seat's picture comes: see SalonFormState
 *   offer (const char *sdp)       another offer: of a connection that names its tracks, whose first one is answered
 *
 * Owned by its SalonSubscriptions; main context; salon_subscriber_close() ends it. */
#define SALON_TYPE_SUBSCRIBER (salon_subscriber_get_type ())
G_DECLARE_FINAL_TYPE (SalonSubscriber, salon_subscriber, SALON, SUBSCRIBER, SalonTransport)

/* How a picture comes to a client; who takes it as it is published is told nothing, unless that is news. */
typedef enum
{
  SALON_FORM_OWN,     /* as it is published */
  SALON_FORM_COMING,  /* in no codec that the client takes, but soon in this one */
  SALON_FORM_OTHER,   /* in this one */
  SALON_FORM_REFUSED, /* not at all; refusal says why: no_codec (the client takes none that it could be made to come
                       * in), or as salon_forms_refuse() was told */
} SalonFormState;

/* shares: (borrowed) (nullable): must last until it is closed; NULL if packets pass webrtcbin.
 * names_tracks: see salon_subscriptions_name_tracks(); what it would send waits until the client knows of it.
 * Returns: (nullable): NULL when there are no file descriptors for it. */
SalonSubscriber *salon_subscriber_new (SalonGraph *graph, const char *name, const SalonMediaOptions *options,
    SalonShares *shares, gboolean names_tracks) G_GNUC_WARN_UNUSED_RESULT;
void salon_subscriber_close (SalonSubscriber *self);

/* Before it offers: it offers this client what it has offered itself. It has one seat. */
void salon_subscriber_set_client_offer (SalonSubscriber *self, const SalonClientOffer *client);
/* The first one, once. Errors: MEDIA. */
void salon_subscriber_offer_async (SalonSubscriber *self, GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full): the offer. */
char *salon_subscriber_offer_finish (
    SalonSubscriber *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Once after each offer. Errors: MEDIA; the same may be answered again, unless it is a later offer of a connection that
 * names its tracks, which has failed then. */
void salon_subscriber_answer_async (
    SalonSubscriber *self, const char *sdp, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_subscriber_answer_finish (
    SalonSubscriber *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The m-line of a slot. Returns: (transfer none) (nullable): NULL before the offer is made. */
const char *salon_subscriber_get_mid (SalonSubscriber *self, guint seat, gboolean is_video);

/* How important what a seat carries is; forgotten when the track is taken off. OTHER becomes VISIBLE when the settings
 * say how large it is shown. */
void salon_subscriber_set_priority (SalonSubscriber *self, guint seat, gboolean is_video, SalonPriority priority);
/* All but the target. FALSE without a sender of its own: nobody knows. */
gboolean salon_subscriber_get_stats (SalonSubscriber *self, SalonConnectionStats *stats);
/* All but the target and the track's id. FALSE also while the slot carries nothing. */
gboolean salon_subscriber_get_slot_stats (
    SalonSubscriber *self, guint seat, gboolean is_video, SalonReceptionStats *stats);

/* Puts a track on its kind's slot of a seat, which must be free, or takes it off. */
void salon_subscriber_attach (SalonSubscriber *self, guint seat, SalonTrack *track);
void salon_subscriber_detach (SalonSubscriber *self, guint seat, gboolean is_video);
/* A paused slot sends nothing; resuming asks for a keyframe. */
void salon_subscriber_set_paused (SalonSubscriber *self, guint seat, gboolean is_video, gboolean is_paused);

/* Which layer of a seat's video goes out is the highest that arrives and is within two bounds, each forgotten when the
 * track is taken off and the highest at first: the cap, what the client has use for by its settings, and the layer,
 * what there is room for on its connection. A simulcast layer changes when the next one's keyframe comes, so that
 * nobody sees a break. If none within them arrives, the lowest that does goes out. With one of them SALON_LAYER_NONE
 * nothing does. Of audio, settings and cap tell on from off. */
void salon_subscriber_set_settings (
    SalonSubscriber *self, guint seat, gboolean is_video, const SalonTrackSettings *settings);
/* What goes out now, or waits for its first keyframe; temporal is the bound in force, since not every track has so
 * many.
 */
SalonLayer salon_subscriber_get_layer (SalonSubscriber *self, guint seat);
/* Emits form-changed again, to who may have missed it; unless the picture comes as it is published. */
void salon_subscriber_tell_form (SalonSubscriber *self, guint seat);
/* Returns: (transfer none) (nullable): what sits there. */
SalonTrack *salon_subscriber_get_track (SalonSubscriber *self, guint seat, gboolean is_video);
