/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-graph.h"
#include "salon-participant.h"
#include "salon-rooms.h"

/* One room while somebody is in it: its live graph and its participants. Not seen outside this folder.
 * Owned by SalonRooms; main context; ends when its last participant is removed. */
#define SALON_TYPE_ROOM (salon_room_get_type ())
G_DECLARE_FINAL_TYPE (SalonRoom, salon_room, SALON, ROOM, GObject)

/* media (borrowed) must outlive it. */
SalonRoom *salon_room_new (const SalonRoomInfo *info, const SalonMediaOptions *media) G_GNUC_WARN_UNUSED_RESULT;
void salon_room_close (SalonRoom *self);

const SalonRoomInfo *salon_room_get_info (SalonRoom *self);
/* Takes over what the store says; tells everybody if it is news. */
void salon_room_set_info (SalonRoom *self, const SalonRoomInfo *info);
SalonGraph *salon_room_get_graph (SalonRoom *self);
const SalonMediaOptions *salon_room_get_media_options (SalonRoom *self);
/* Returns: (transfer none) (element-type SalonParticipant) */
GPtrArray *salon_room_get_participants (SalonRoom *self);
/* Returns: (transfer none) (nullable) */
SalonParticipant *salon_room_find_participant (SalonRoom *self, const char *id);

void salon_room_add_participant (SalonRoom *self, SalonParticipant *participant);
void salon_room_remove_participant (SalonRoom *self, SalonParticipant *participant);
/* The same person in a new session: others are told only of a new name. */
void salon_room_replace_participant (SalonRoom *self, SalonParticipant *old, SalonParticipant *participant);

/* What one participant did, for all others: told to their sessions, and done to their subscriptions. */
void salon_room_track_changed (SalonRoom *self, SalonTrackEvent event, const SalonPublication *publication);
void salon_room_chat (SalonRoom *self, SalonParticipant *from, const SalonChatMessage *message);
/* text (nullable): NULL when it was deleted. */
void salon_room_chat_changed (SalonRoom *self, SalonParticipant *from, const char *message_id, const char *text);
/* Throws everybody out. */
void salon_room_end (SalonRoom *self, const char *reason, const char *message);
