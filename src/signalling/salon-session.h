/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-ice-servers.h"
#include "salon-rooms.h"
#include "salon-socket.h"

/* One client's WebSocket speaking JSON-RPC as data/protocol.schema.json says: requests become calls on a participant,
 * the participant's events become notifications.
 *
 * It keeps itself alive from salon_session_start() until its socket is closed and every answer is settled; nobody else
 * need hold it. Main context. */
#define SALON_TYPE_SESSION (salon_session_get_type ())
G_DECLARE_FINAL_TYPE (SalonSession, salon_session, SALON, SESSION, GObject)

/* rooms: (borrowed): must outlive all sessions. ice_servers: (borrowed): for the client's connections. */
void salon_session_start (SalonRooms *rooms, SalonSocket *socket, const SalonIceServers *ice_servers);
