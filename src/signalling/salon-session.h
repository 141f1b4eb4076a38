/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-ice-servers.h"
#include "salon-recordings.h"
#include "salon-rooms.h"
#include "salon-socket.h"

/* One client's WebSocket speaking JSON-RPC as data/protocol.schema.json says: requests become calls on a participant,
 * the participant's events become notifications.
 *
 * It keeps itself alive from salon_session_start() until its socket is closed and every answer is settled; nobody else
 * need hold it. Main context. */
#define SALON_TYPE_SESSION (salon_session_get_type ())
G_DECLARE_FINAL_TYPE (SalonSession, salon_session, SALON, SESSION, GObject)

/* What sessions are about. All (borrowed), and must outlive them. */
typedef struct
{
  SalonRooms *rooms;
  SalonJobs *jobs;
  SalonRecordings *recordings;
  const SalonIceServers *ice_servers; /* for the clients' connections */
  const char *link_key;               /* of links to files (salon-file-link.h) */
} SalonSessionServices;

/* services: (borrowed). */
void salon_session_start (const SalonSessionServices *services, SalonSocket *socket);
