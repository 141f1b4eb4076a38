/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "salon-admission.h"
#include "salon-ice-servers.h"
#include "salon-rooms.h"

/* Publishing by one HTTP request, as OBS and hardware do it (WHIP, RFC 9725), and watching by one, as players do (WHEP,
 * draft-ietf-wish-whep-03):
 *
 *   POST /whip/<room>[?name=...]                    an offer -> 201, the answer, and where the session is
 *   POST /whep/<room>[?name=...][&participant=...]  the same: whom to see, by id or name, or who leads
 *   PATCH /whip/<room>/<session>                    candidates, or new ICE credentials; of /whep/ candidates alone
 *   DELETE /whip/<room>/<session>                   ends it
 *
 * Rooms ask for no secret of who joins, and so this doesn't. But with an Authorization header in the POST, a session is
 * its sender's: the others must have the same, and the next POST to publish with the same room, name and header takes
 * it over.
 *
 * Each function answers a request, pausing it while the rooms are asked; whoever asks may go meanwhile. Owned by
 * SalonHttp; main context. */
typedef struct _SalonWhip SalonWhip;

/* All (borrowed): must outlive it. */
SalonWhip *salon_whip_new (
    SalonRooms *rooms, SalonAdmission *admission, const SalonIceServers *ice_servers) G_GNUC_WARN_UNUSED_RESULT;
/* The rooms are closed: there are no sessions any more. */
void salon_whip_unref (SalonWhip *self);

typedef enum
{
  SALON_WHIP,
  SALON_WHEP,
} SalonWhipKind;

/* path: what follows "/whip/" or "/whep/", percent-decoded. */
void salon_whip_post (SalonWhip *self, SalonWhipKind kind, SoupServerMessage *message, const char *path);
void salon_whip_patch (SalonWhip *self, SalonWhipKind kind, SoupServerMessage *message, const char *path);
void salon_whip_delete (SalonWhip *self, SalonWhipKind kind, SoupServerMessage *message, const char *path);
