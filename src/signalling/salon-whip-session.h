/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-rooms.h"
#include "salon-whip-sdp.h"

/* Somebody in a room who has no WebSocket: they came by an HTTP request with a session description, and were answered
 * with one. They publish (WHIP, RFC 9725) or watch (WHEP). A participant like any other to the others.
 *
 * Signal:
 *   ended ()   out of the room, by no act of the client
 *
 * Owned by SalonWhip; main context; salon_whip_session_close() ends it. */
#define SALON_TYPE_WHIP_SESSION (salon_whip_session_get_type ())
G_DECLARE_FINAL_TYPE (SalonWhipSession, salon_whip_session, SALON, WHIP_SESSION, GObject)

/* rooms: (borrowed): must outlive it. */
SalonWhipSession *salon_whip_session_new (SalonRooms *rooms) G_GNUC_WARN_UNUSED_RESULT;

typedef struct
{
  SalonJoinRequest join; /* who may not publish watches */
  const char *followed;  /* (nullable): by who watches: see salon_participant_subscribe_by_offer() */
  const char *offer;
} SalonWhipRequest;

/* Joins, offers, and waits until all candidates of ours are known. Once. If it fails, or is cancelled, nobody is in the
 * room. Errors: as of salon_rooms_join_async(), salon_participant_offer_async() and
 * salon_participant_subscribe_by_offer(). */
void salon_whip_session_open_async (SalonWhipSession *self, const SalonWhipRequest *request, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full): the answer. */
char *salon_whip_session_open_finish (
    SalonWhipSession *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Out of the room; nothing is told any more. May be called twice. */
void salon_whip_session_close (SalonWhipSession *self);

/* (transfer none): of the participant; once it is open. */
const char *salon_whip_session_get_id (SalonWhipSession *self);

/* Whether a fragment is about the ICE session there is, and not about a new one. */
gboolean salon_whip_session_has_ice (SalonWhipSession *self, const SalonSdpFragment *fragment);
/* Those that are no good are lost, as any that no path goes through. */
void salon_whip_session_add_candidates (SalonWhipSession *self, const SalonSdpFragment *fragment);

/* Whether it can begin a new ICE session: a connection that we send on is made anew instead. */
gboolean salon_whip_session_can_restart (SalonWhipSession *self);
/* Begins a new ICE session with the credentials of the fragment (transfer full). Errors: MEDIA; NOT_JOINED, also while
 * another is begun. */
void salon_whip_session_restart_async (
    SalonWhipSession *self, SalonSdpFragment *fragment, GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full): our side of it, as a fragment. */
char *salon_whip_session_restart_finish (
    SalonWhipSession *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* How often that was done. */
guint salon_whip_session_get_n_restarts (SalonWhipSession *self);
