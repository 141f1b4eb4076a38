/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-data-fan.h"
#include "salon-floor.h"
#include "salon-graph.h"
#include "salon-participant.h"
#include "salon-rooms.h"
#include "salon-transcoder.h"

/* One room while somebody of this server is in it: its live graph, its participants, and what the store says of those
 * on other servers. Not seen outside this folder.
 * Owned by SalonRooms; main context; ends when its last participant is removed. */
#define SALON_TYPE_ROOM (salon_room_get_type ())
G_DECLARE_FINAL_TYPE (SalonRoom, salon_room, SALON, ROOM, GObject)

#define SALON_ROOM_AWAIT_MS (10 * 1000)

/* node_id: of this server; media, budget: (borrowed): all must outlive it. */
SalonRoom *salon_room_new (const SalonRoomInfo *info, const char *node_id, const SalonMediaOptions *media,
    SalonTranscodeBudget *budget) G_GNUC_WARN_UNUSED_RESULT;
void salon_room_close (SalonRoom *self);

const SalonRoomInfo *salon_room_get_info (SalonRoom *self);
/* Takes over what the store says; tells everybody if it is news. */
void salon_room_set_info (SalonRoom *self, const SalonRoomInfo *info);
/* The same for the people on other servers: tells everybody who joined, left, or has another name, and the host who
 * waits. Participants of ours who have come back elsewhere end as replaced; there may be none left after it.
 * is_claimed: state answers a claim: one of ours who is missing in it isn't in the room at all; if the store had lost
 * the room, those of other servers are seen for SALON_ROOM_AWAIT_MS more, until these have claimed them. */
void salon_room_sync (SalonRoom *self, const SalonRoomState *state, gboolean is_claimed);
/* Among all members, as the store had it last, from 1; 0: not known. */
guint salon_room_get_place (SalonRoom *self, const char *id);
/* Whether the store lacks somebody who is here. */
gboolean salon_room_is_missed_by (SalonRoom *self, const SalonRoomState *state);

SalonGraph *salon_room_get_graph (SalonRoom *self);
SalonDataFan *salon_room_get_data_fan (SalonRoom *self);
const SalonMediaOptions *salon_room_get_media_options (SalonRoom *self);
/* Returns: (transfer none) (element-type SalonParticipant) */
GPtrArray *salon_room_get_participants (SalonRoom *self);
/* Returns: (transfer none) (nullable) */
SalonParticipant *salon_room_find_participant (SalonRoom *self, const char *id);
/* Returns: (transfer none) (element-type SalonMember): who is on another server, or just leaving. */
GPtrArray *salon_room_get_remotes (SalonRoom *self);
/* Returns: (transfer none) (element-type SalonMember) */
GPtrArray *salon_room_get_waiting (SalonRoom *self);

/* (transfer none) */
SalonTranscoder *salon_room_get_transcoder (SalonRoom *self);
/* Returns: (transfer none) (nullable): of somebody on this server. */
SalonPublication *salon_room_find_publication (SalonRoom *self, const char *id);

/* (transfer none) */
SalonFloor *salon_room_get_floor (SalonRoom *self);

/* Somebody who comes from another server is no newcomer. */
void salon_room_add_participant (SalonRoom *self, SalonParticipant *participant);
/* Others are told that somebody left once the store says so (see sync), since they may have come back on another server
 * meanwhile; or in a second, if it says nothing. At once if is_sure, and of somebody silent, so that
 * nobody elsewhere passes for silent. */
void salon_room_remove_participant (SalonRoom *self, SalonParticipant *participant, gboolean is_sure);
/* The same person in a new session: others are told only of a new name, and of a lost connection that is back. */
void salon_room_replace_participant (SalonRoom *self, SalonParticipant *old, SalonParticipant *participant);

/* Others are told what they see of a participant anew. */
void salon_room_participant_updated (SalonRoom *self, SalonParticipant *participant);

/* What was done to one participant's track, for all others: told to their sessions, and done to their views.
 * by (nullable): the host, if it was done by another than its owner, who is told too. */
void salon_room_track_changed (
    SalonRoom *self, SalonTrackEvent event, SalonPublication *publication, SalonParticipant *by);
/* What the host does to somebody else's track: see salon_participant_set_muted(). */
gboolean salon_room_mute (SalonRoom *self, SalonParticipant *by, const char *publication_id, gboolean is_muted,
    gboolean is_squelched, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether what they publish of this source is to stay muted. */
gboolean salon_room_is_squelched (SalonRoom *self, const char *participant_id, SalonSource source);
void salon_room_chat (SalonRoom *self, const SalonChatMessage *message);
/* The same while the store is away: if it tells later all the same, nobody hears it twice. */
void salon_room_chat_unkept (SalonRoom *self, const SalonChatMessage *message);
/* from (nullable): somebody on another server; text (nullable): NULL when it was deleted. */
void salon_room_chat_changed (SalonRoom *self, SalonParticipant *from, const char *message_id, const char *text);
/* Throws everybody out. */
void salon_room_end (SalonRoom *self, const char *reason, const char *message);
