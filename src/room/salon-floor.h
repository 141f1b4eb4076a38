/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-publication.h"
#include "salon-speakers.h"

/* Who has the floor in a room: it listens to the levels of all microphones while one is on, tells everybody who speaks
 * and who leads, and in a room with more sounds than everybody is to be sent, says which these are: SalonPublication's
 * is_heard.
 *
 * Owned by its room; main context; salon_floor_close() ends it. */
typedef struct _SalonFloor SalonFloor;
typedef struct _SalonRoom SalonRoom;

/* What the room is told. */
typedef struct
{
  void (*news) (SalonRoom *room);           /* of who speaks, or leads: see salon_floor_list_speaking() */
  void (*leader_changed) (SalonRoom *room); /* at once; the news may come a little later */
  void (*heard_changed) (SalonRoom *room, SalonPublication *sound);
} SalonFloorEvents;

/* room, events: (borrowed): must outlive it. */
SalonFloor *salon_floor_new (
    SalonRoom *room, const SalonFloorEvents *events, guint max_heard) G_GNUC_WARN_UNUSED_RESULT;
/* No event comes any more. */
void salon_floor_close (SalonFloor *self);
void salon_floor_free (SalonFloor *self);

/* Somebody is in the room, until they have left it; who comes back is still the same. */
void salon_floor_add_person (SalonFloor *self, const char *id);
void salon_floor_remove_person (SalonFloor *self, const char *id);

/* sound: (borrowed): until it is removed. It is heard at once if there is room for it. No event comes from within. */
void salon_floor_add_sound (SalonFloor *self, SalonPublication *sound);
void salon_floor_remove_sound (SalonFloor *self, SalonPublication *sound);
/* One was muted or unmuted. */
void salon_floor_listen (SalonFloor *self);

/* How recently they led: see SalonSpeaker. */
guint salon_floor_get_turn (SalonFloor *self, const char *id);
/* Returns: (transfer none) (nullable): the id of who leads, also while they are silent. */
const char *salon_floor_get_leader (SalonFloor *self);
/* Returns: (transfer container) (element-type SalonSpeaker): who speaks, as the last news said, loudest first. */
GPtrArray *salon_floor_list_speaking (SalonFloor *self) G_GNUC_WARN_UNUSED_RESULT;
