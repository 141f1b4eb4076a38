/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-participant.h"
#include "salon-room.h"

/* Between SalonRooms, SalonRoom and SalonParticipant. */

/* What SalonRooms is told of its participants. */
typedef struct
{
  void (*left) (SalonParticipant *participant, SalonRoom *room, gpointer user_data); /* once */
  void (*said) (SalonRoom *room, const SalonChatMessage *message, gpointer user_data);
} SalonParticipantOwner;

typedef struct
{
  const char *id;
  const char *name;
  const char *session_token;
  gboolean may_publish;
  guint grace_s;
} SalonParticipantDetails;

/* events and session: see salon_rooms_join_async(). owner (borrowed). */
SalonParticipant *salon_participant_new (const SalonParticipantDetails *details, SalonRoom *room,
    const SalonParticipantEvents *events, gpointer session, const SalonParticipantOwner *owner,
    gpointer owner_data) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer none) (nullable) */
SalonRoom *salon_participant_get_room (SalonParticipant *self);
/* Whether another session can go on with this one's connections. */
gboolean salon_participant_can_resume (SalonParticipant *self);
/* Another session goes on with this participant; the old one, if there still is one, is told that it is replaced. */
void salon_participant_resume (SalonParticipant *self, const SalonParticipantEvents *events, gpointer session);
/* Its place in the room is another participant's now: it goes without its owner being told that somebody left. */
void salon_participant_end_replaced (SalonParticipant *self);

/* Out of the room, by no act of the client, whose session is told why. */
void salon_participant_end (SalonParticipant *self, const char *reason, const char *message);

/* Tells the session that it is over; the participant is still in the room, silent, until it leaves. */
void salon_participant_say_goodbye (SalonParticipant *self, const char *reason, const char *message);

void salon_participant_notify_participant (
    SalonParticipant *self, SalonParticipantEvent event, SalonParticipant *other);
/* Also seats, unseats or pauses the track. */
void salon_participant_notify_track (
    SalonParticipant *self, SalonTrackEvent event, const SalonPublication *publication);
void salon_participant_notify_room (SalonParticipant *self);
void salon_participant_notify_chat_changed (SalonParticipant *self, const char *message_id, const char *text);
void salon_participant_notify_chat (SalonParticipant *self, const SalonChatMessage *message);
