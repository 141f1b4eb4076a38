/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "salon-media-options.h"
#include "salon-participant.h"
#include "salon-room-info.h"
#include "salon-transcode-end.h"

typedef struct _SalonJobs SalonJobs;
typedef struct _SalonStore SalonStore;

typedef struct
{
  guint default_max_members;
  gboolean may_create; /* joining an unknown slug makes an ephemeral room */
  gboolean is_alone;   /* the store is this server's own */
  guint grace_s;       /* how long somebody whose connection broke may come back; 0: not at all */
  SalonMediaOptions media;
} SalonRoomsOptions;

/* All rooms: the door to the room model. Rooms are in the store; a SalonRoom with its media graph lives here only
 * while somebody of this server is in it. Owned by main; main context only; salon_rooms_close_async() ends it.
 *
 * Signals:
 *   deleted (const char *id)   a room was deleted, from here
 *   deserted (const char *id)  the last who could be its host has left it, on whichever server; of a room that was open
 *                              here until then; perhaps told twice
 *   usurped   another server is registered under this one's node id, and this one must stop */
#define SALON_TYPE_ROOMS (salon_rooms_get_type ())
G_DECLARE_FINAL_TYPE (SalonRooms, salon_rooms, SALON, ROOMS, GObject)

/* options: (borrowed): must outlive it. */
SalonRooms *salon_rooms_new (SalonStore *store, const SalonRoomsOptions *options) G_GNUC_WARN_UNUSED_RESULT;

/* From here on pictures are transcoded for who can't play them: max_transcodes at once in all rooms together. */
void salon_rooms_set_jobs (SalonRooms *self, SalonJobs *jobs, guint max_transcodes);

/* Who may create is for the caller to say. wanted: its slug as the client sent it, normalised here; max_members 0: the
 * default. Errors: INVALID_PARAMS, ROOM_EXISTS, STORE_UNAVAILABLE. */
void salon_rooms_create_async (SalonRooms *self, const SalonRoomSpec *wanted, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data);
/* owner_token: (out) (transfer full): the secret that lets its holder delete the room; only its hash is stored. */
SalonRoomInfo *salon_rooms_create_finish (
    SalonRooms *self, GAsyncResult *result, char **owner_token, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* room: slug or id as the client sent it. Errors: INVALID_PARAMS, ROOM_NOT_FOUND, STORE_UNAVAILABLE. */
void salon_rooms_get_async (
    SalonRooms *self, const char *room, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/* The same, for the owner alone. Errors: also UNAUTHORIZED. */
void salon_rooms_get_own_async (SalonRooms *self, const char *room, const char *owner_token, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data);
SalonRoomInfo *salon_rooms_get_finish (
    SalonRooms *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Draws what this server runs of a room, for Graphviz: see salon-drawing.h. Errors: TOO_MANY_REQUESTS, INVALID_PARAMS:
 * it is too large. */
void salon_rooms_draw_async (
    SalonRooms *self, const SalonRoomInfo *room, gboolean is_full, GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full) */
char *salon_rooms_draw_finish (SalonRooms *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full) (element-type SalonPerson): those in a room who are on this server, by time of joining;
 * valid until the main loop runs again. room: id. */
GArray *salon_rooms_list_people (SalonRooms *self, const char *room) G_GNUC_WARN_UNUSED_RESULT;

/* Whether a room is open here, and somebody is its host, on whichever server. room: id. */
gboolean salon_rooms_has_host (SalonRooms *self, const char *room);

/* Returns: (transfer container) (element-type SalonRoomInfo) */
void salon_rooms_list_async (
    SalonRooms *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *salon_rooms_list_finish (SalonRooms *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Deletes a room; those in it get `bye`. owner_token NULL: the caller has checked that this is the administrator.
 * Errors: ROOM_NOT_FOUND, UNAUTHORIZED, STORE_UNAVAILABLE. */
void salon_rooms_delete_async (SalonRooms *self, const char *room, const char *owner_token, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_rooms_delete_finish (SalonRooms *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct
{
  const char *room; /* slug or id as the client sent it */
  const char *name;
  const char *owner_token; /* (nullable): the room's owner is let in, past lock and waiting room */
  gboolean is_trusted;     /* and so is who is the administrator in all but name */
  gboolean is_unattended;  /* nobody is there who could be the host */
  gboolean may_publish;
  gboolean takes_data;       /* data channels that others open */
  gboolean speaks_ion;       /* ion-sfu's dialect: knows of no slots, and hears of tracks by descriptions alone */
  const char *session_token; /* (nullable): of an earlier join to this room */
  gboolean is_token_own;     /* it is the client's own secret: theirs from the first join on */
  guint max_video;           /* cameras and screens to be sent at once, if it is fewer than the server sends */
  gboolean is_resuming;      /* with a token: the client still has its connections */
} SalonJoinRequest;

guint salon_rooms_get_grace_s (SalonRooms *self);

/* A program of this machine transcodes a picture that is published in an open room. room: slug or id, and track: its
 * id, as the client sent them. path, secret: (out) (transfer none): see salon_participant_attach(). Errors:
 * INVALID_PARAMS, UNKNOWN_TRACK, MEDIA, TOO_MANY_REQUESTS. */
SalonTranscodeEnd *salon_rooms_transcode (SalonRooms *self, const char *room, const char *track,
    const SalonTranscodeRequest *request, const char **path, const char **secret,
    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How a join went. */
typedef struct
{
  gboolean is_resumed; /* the participant and their connections are those of before */
  GPtrArray *chat;     /* (owned) (element-type utf8): the history, JSON, oldest first */
} SalonJoinOutcome;

void salon_join_outcome_clear (SalonJoinOutcome *outcome);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SalonJoinOutcome, salon_join_outcome_clear)

/* Enters a room, made if need be; with a waiting room, not before the host says so (see SalonParticipantEvents). With a
 * known session token the same member comes back, from whichever server: no place is taken, nobody is told that
 * somebody left, and an older session of theirs is told that it is replaced. While the store is away, that is possible
 * only on the server they were on, and new people get into rooms that are open here only if the store is our own.
 * events (borrowed) must outlive the participant; session is handed to them. cancellable: not NULL; if it is cancelled
 * meanwhile, nobody is in the room who was not there. Errors: INVALID_PARAMS, ROOM_NOT_FOUND, ROOM_FULL, ROOM_LOCKED,
 * ROOM_EXPIRED, NOT_ADMITTED, UNAUTHORIZED (the owner token is not the room's), TOO_MANY_REQUESTS, STORE_UNAVAILABLE,
 * SHUTTING_DOWN. */
void salon_rooms_join_async (SalonRooms *self, const SalonJoinRequest *request, const SalonParticipantEvents *events,
    gpointer session, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full) */
SalonParticipant *salon_rooms_join_finish (
    SalonRooms *self, GAsyncResult *result, SalonJoinOutcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a member does: all but chat end with salon_rooms_deed_finish(). Errors: NOT_JOINED, FORBIDDEN,
 * STORE_UNAVAILABLE. */

void salon_rooms_set_flag_async (SalonRooms *self, SalonParticipant *host, SalonRoomFlag flag, gboolean is_set,
    GAsyncReadyCallback callback, gpointer user_data);
/* Throws somebody out, on whichever server. Errors: also UNKNOWN_PARTICIPANT. */
void salon_rooms_kick_async (SalonRooms *self, SalonParticipant *host, const char *participant_id,
    GAsyncReadyCallback callback, gpointer user_data);
/* Lets somebody in who waits, or sends them away. Errors: also UNKNOWN_PARTICIPANT. */
void salon_rooms_admit_async (SalonRooms *self, SalonParticipant *host, const char *member_id, gboolean is_admitted,
    GAsyncReadyCallback callback, gpointer user_data);
/* Throws everybody out; an ephemeral room is gone. */
void salon_rooms_close_room_async (
    SalonRooms *self, SalonParticipant *host, GAsyncReadyCallback callback, gpointer user_data);
/* Says something to everybody else. */
void salon_rooms_chat_async (SalonRooms *self, SalonParticipant *participant, const char *text, const char *reply_to,
    GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer none): the message as it was sent, the result's. */
const SalonChatMessage *salon_rooms_chat_finish (
    SalonRooms *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Edits a message of one's own, or deletes it (text NULL; the host, anybody's), and tells everybody else.
 * Errors: also UNKNOWN_MESSAGE. */
void salon_rooms_change_message_async (SalonRooms *self, SalonParticipant *participant, const char *message_id,
    const char *text, GAsyncReadyCallback callback, gpointer user_data);

gboolean salon_rooms_deed_finish (SalonRooms *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Throws everybody out ("shutting_down"): all are told and leave the store at once; their media is taken down one by
 * one, at some ten milliseconds a connection, until deadline_ms is over. */
void salon_rooms_close_async (SalonRooms *self, guint deadline_ms, GAsyncReadyCallback callback, gpointer user_data);
/* FALSE when the deadline came first: then the process must end without freeing this. */
gboolean salon_rooms_close_finish (SalonRooms *self, GAsyncResult *result) G_GNUC_WARN_UNUSED_RESULT;
