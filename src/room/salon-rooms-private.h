/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-participant-private.h"
#include "salon-rate-limit.h"
#include "salon-room.h"
#include "salon-rooms.h"
#include "salon-store.h"

/* Between the files of SalonRooms: salon-rooms.c (rooms come and go, life), salon-rooms-join.c (people come and go),
 * salon-rooms-deeds.c (what a member does to the room), salon-rooms-events.c (what other servers did),
 * salon-rooms-drawing.c (rooms as they are, for developers). */

struct _SalonRooms
{
  GObject parent_instance;

  SalonStore *store;                /* (owned) */
  const SalonRoomsOptions *options; /* (borrowed) */
  GHashTable *rooms;                /* (owned): id -> SalonRoom: those with somebody of this server in them */
  GHashTable *sessions;             /* (owned): session token -> SalonParticipant (borrowed), those in a room */
  GHashTable *waiting;              /* (owned): member id -> GTask (owned) of their join: who waits to be let in */
  GHashTable *stale; /* (owned): ids of rooms that changed while they were not open, but a join was under way */
  SalonTranscodeBudget transcode_budget;
  SalonRateLimit create_limit;
  guint refresh_id; /* the source that asks for the state of every open room, or 0 */
  guint n_joining;  /* joins the store has not answered */
  guint n_leaving;  /* leaves the store has not confirmed */
  gboolean is_closed;
  GPtrArray *closing; /* (owned) (element-type SalonParticipant): still to be taken down */
  GTask *close_task;  /* (owned) (nullable) */
  guint close_deadline_id;
};

/* -- salon-rooms.c -- */

/* The open room of this id or slug. Returns: (transfer none) (nullable) */
SalonRoom *salon_rooms_find_open (SalonRooms *self, const char *name);
/* Takes over what the store says of an open room; there may be nobody of ours left in it. */
void salon_rooms_take_state (SalonRooms *self, SalonRoom *room, const SalonRoomState *state, gboolean is_claimed);
/* The same, and the room closes if nobody of ours is left in it. */
void salon_rooms_sync (SalonRooms *self, SalonRoom *room, const SalonRoomState *state, gboolean is_claimed);
/* Asks the store for the present state of an open room. */
void salon_rooms_refresh (SalonRooms *self, const char *room_id);
/* Throws everybody of ours out, who are no longer in the store. */
void salon_rooms_end_room (SalonRoom *room, SalonRoomEnd end);
/* Nobody is left, on whichever server, who could be the host of this room, open or not. */
void salon_rooms_tell_deserted (SalonRooms *self, const char *room_id);
void salon_rooms_close_room_if_empty (SalonRooms *self, SalonRoom *room);
/* Ends the closing, if nothing is left to wait for. */
void salon_rooms_finish_close_if_done (SalonRooms *self);

/* -- salon-rooms-join.c -- */

void salon_rooms_leave_store (SalonRooms *self, const char *room_id, const char *member_id, const char *session_id);
/* Somebody who waits: asks the store again, or gives up. Nothing happens if nobody of this id waits here. */
void salon_rooms_join_again (SalonRooms *self, const char *member_id);
void salon_rooms_deny (SalonRooms *self, const char *member_id);
void salon_rooms_give_up_waiting (SalonRooms *self);

/* -- salon-rooms-events.c -- */

extern const SalonStoreEvents salon_rooms_store_events;

/* Tells the store who of ours is in an open room, whatever it believed. */
void salon_rooms_claim (SalonRooms *self, SalonRoom *room);
