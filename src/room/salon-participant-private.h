/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-participant.h"
#include "salon-room.h"

/* Between SalonRooms, SalonRoom and SalonParticipant. */

typedef void (*SalonParticipantLeftFunc) (SalonParticipant *participant, SalonRoom *room, gpointer user_data);

/* on_left is called once, when the participant is out of the room. events and session: see salon_rooms_join_async(). */
SalonParticipant *salon_participant_new (const char *id, const char *name, gboolean may_publish, SalonRoom *room,
    const SalonParticipantEvents *events, gpointer session, SalonParticipantLeftFunc on_left,
    gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;

/* Out of the room, by no act of the client, whose session is told why. */
void salon_participant_end (SalonParticipant *self, const char *reason, const char *message);

void salon_participant_notify_participant (SalonParticipant *self, SalonParticipant *other, gboolean has_joined);
/* Also seats, unseats or pauses the track. */
void salon_participant_notify_track (SalonParticipant *self, SalonTrackEvent event,
    const SalonPublication *publication);
void salon_participant_notify_room (SalonParticipant *self);
void salon_participant_notify_chat (SalonParticipant *self, const SalonChatMessage *message);
