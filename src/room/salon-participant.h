/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "salon-chat-message.h"
#include "salon-codec.h"
#include "salon-publication.h"
#include "salon-reception.h"
#include "salon-room-info.h"
#include "salon-track-settings.h"

/* One person in a room: what they send (a publisher connection and its publications) and receive (subscriptions).
 *
 * Made by salon_rooms_join_async(), owned by its room until salon_participant_leave(); whoever speaks for the client
 * (a session of some protocol) holds a reference and is told of events. Main context. */
#define SALON_TYPE_PARTICIPANT (salon_participant_get_type ())
G_DECLARE_FINAL_TYPE (SalonParticipant, salon_participant, SALON, PARTICIPANT, GObject)

typedef enum
{
  SALON_PARTICIPANT_JOINED,
  SALON_PARTICIPANT_LEFT,
  SALON_PARTICIPANT_UPDATED, /* came back under another name, fell silent, or is heard again */
} SalonParticipantEvent;

typedef enum
{
  SALON_TRACK_PUBLISHED,
  SALON_TRACK_UNPUBLISHED,
  SALON_TRACK_MUTED,
  SALON_TRACK_UNMUTED,
  SALON_TRACK_UPDATED, /* other layers arrive, or of another size */
} SalonTrackEvent;

/* Somebody in the room, on whichever server, as the others see them. */
typedef struct
{
  const char *id;
  const char *name;
  gboolean is_host;
  gboolean is_silent;      /* a media connection is lost, and may come back; not known of those on another server */
  gboolean is_unattended;  /* a program, with nobody there; likewise */
  GPtrArray *publications; /* (element-type SalonPublication) (nullable): NULL of those on another server */
} SalonPerson;

/* What a session is told, on the main context, from the end of the join until `ended` or its own leave. All but `ended`
 * may be NULL: it is not told that. */
typedef struct
{
  void (*offer) (gpointer session, guint target, const char *sdp);
  void (*answer) (gpointer session, const char *sdp); /* to salon_participant_subscribe_by_offer() */
  /* Of ours; an empty one ends them. */
  void (*candidate) (gpointer session, guint target, guint m_line, const char *candidate);
  void (*slot) (gpointer session, guint target, const char *mid, const SalonPublication *publication); /* (nullable) */
  /* Which layers the m-line carries now, of which publication; spatial -1: none. */
  void (*layer) (gpointer session, guint target, const char *mid, const SalonPublication *publication, gint spatial,
      gint temporal);
  /* How a picture comes to them. state: a SalonFormState; codec (nullable): its encoding name; refusal (nullable). */
  void (*form) (
      gpointer session, const SalonPublication *publication, guint state, const char *codec, const char *refusal);
  /* Nobody has use for spatial layers of one's own publication above this one; -1: for nothing of it. */
  void (*layers_wanted) (gpointer session, const SalonPublication *publication, gint highest);
  void (*participant) (gpointer session, SalonParticipantEvent event, const SalonPerson *other);
  /* by (nullable): the host, if it was done by another than its owner, who is told too */
  void (*track) (gpointer session, SalonTrackEvent event, const SalonPublication *publication, SalonParticipant *by);
  void (*speakers) (gpointer session); /* others speak or lead: see salon_participant_list_speaking() */
  void (*room) (gpointer session, const SalonRoomInfo *room);
  void (*waiting_list) (gpointer session, GPtrArray *waiting); /* (element-type SalonMember) */
  void (*chat) (gpointer session, const SalonChatMessage *message);
  /* The server closed a data channel of theirs. label (nullable); reason: those of the protocol's `data_channel`. */
  void (*data_channel_closed) (gpointer session, const char *label, const char *reason);
  void (*chat_changed) (gpointer session, const char *message_id, const char *text); /* (nullable): deleted */
  /* Before the end of the join: the host has to let them in. */
  void (*waiting) (gpointer session);
  /* Out of the room, by no act of the client. reason: those of the protocol's `bye`. */
  void (*ended) (gpointer session, const char *reason, const char *message);
} SalonParticipantEvents;

const char *salon_participant_get_id (SalonParticipant *self);
const char *salon_participant_get_name (SalonParticipant *self);
gboolean salon_participant_is_host (SalonParticipant *self);
/* Returns: (transfer none) (nullable): NULL once out of the room. */
const SalonRoomInfo *salon_participant_get_room_info (SalonParticipant *self);
/* Returns: (transfer full) (element-type SalonPerson): everybody in the room, those on this server first, each by time
 * of joining; valid until the main loop runs again. */
GArray *salon_participant_list_people (SalonParticipant *self) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: (transfer none) (nullable) (element-type SalonMember): who waits to be let in, if that is theirs to say. */
GPtrArray *salon_participant_get_waiting_list (SalonParticipant *self);

typedef struct
{
  const char *id; /* (borrowed): of a participant */
  int level_dbov;
} SalonSpeaking;

/* Returns: (transfer full) (element-type SalonSpeaking): who in the room speaks, loudest first; valid until the main
 * loop runs again. leader: (out) (transfer none) (nullable): the id of who leads, also while they are silent. */
GArray *salon_participant_list_speaking (SalonParticipant *self, const char **leader) G_GNUC_WARN_UNUSED_RESULT;
/* How many cameras and screens they are sent at once; G_MAXUINT: all. */
guint salon_participant_get_max_video (SalonParticipant *self);
/* Wants to see somebody, whoever speaks, or no more. Errors: UNKNOWN_PARTICIPANT, NOT_JOINED. */
gboolean salon_participant_pin (
    SalonParticipant *self, const char *participant_id, gboolean is_pinned, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether it is a client of ion-sfu's dialect: see SalonJoinRequest. */
gboolean salon_participant_speaks_ion (SalonParticipant *self);
/* Begins to receive: the connection is offered, and everything published in the room is seated. Once. */
void salon_participant_subscribe (SalonParticipant *self);

/* The same for a client that offers to receive, as players do (WHEP): one audio and one video m-line at most, on target
 * 1. It hears and sees one person: whom it follows (nullable), by id or name, now and whenever they come; or whoever
 * leads. Once. Errors: MEDIA, NOT_JOINED. */
gboolean salon_participant_subscribe_by_offer (
    SalonParticipant *self, const char *sdp, const char *followed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct
{
  const char *mid;
  SalonSource source;
  gboolean is_muted;
} SalonTrackSource;

typedef struct
{
  GArray
      *sources; /* (nullable) (element-type SalonTrackSource): published; the mid of each is the number of a stream */
  gboolean receives;
  SalonCodecs codecs; /* that it can take */
} SalonAttachRequest;

/* Sends and receives over a SalonWire, in the stead of connections, as a program on this machine can. Again, for more
 * sources. path, secret: (out) (transfer none): where it is to connect, and what to say there; NULL again. Errors:
 * MEDIA, INVALID_PARAMS, TOO_MANY_TRACKS, TOO_MANY_REQUESTS, NOT_JOINED. */
gboolean salon_participant_attach (SalonParticipant *self, const SalonAttachRequest *request, const char **path,
    const char **secret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Answers an offer of the publisher connection, made at the first one. sources (nullable) (element-type
 * SalonTrackSource): the m-lines to publish at once; NULL: every one that sends. Nothing is published unless all of it
 * can be. Errors: MEDIA, UNKNOWN_MID, INVALID_PARAMS, TOO_MANY_TRACKS, NOT_JOINED. */
void salon_participant_offer_async (
    SalonParticipant *self, const char *sdp, GArray *sources, GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full): the answer. */
char *salon_participant_offer_finish (
    SalonParticipant *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Answers a subscriber connection. Errors: MEDIA, NOT_JOINED. */
void salon_participant_answer_async (
    SalonParticipant *self, guint target, const char *sdp, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_participant_answer_finish (
    SalonParticipant *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* target 0 is the publisher. Errors: MEDIA. */
gboolean salon_participant_add_candidate (SalonParticipant *self, guint target, guint m_line, const char *candidate,
    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer none) (nullable). Errors: UNKNOWN_MID, ALREADY_PUBLISHED, INVALID_PARAMS, TOO_MANY_TRACKS. */
const SalonPublication *salon_participant_publish (
    SalonParticipant *self, const SalonTrackSource *source, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Errors: UNKNOWN_TRACK. */
gboolean salon_participant_unpublish (
    SalonParticipant *self, const char *publication_id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One's own track or, by the host, anybody's on this server, whom they can't unmute. is_squelched: by the host: its
 * owner can't unmute this source until the host lifts it, by the same with is_squelched FALSE.
 * Errors: UNKNOWN_TRACK, FORBIDDEN. */
gboolean salon_participant_set_muted (SalonParticipant *self, const char *publication_id, gboolean is_muted,
    gboolean is_squelched, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What the client has use for of somebody else's track. Errors: UNKNOWN_TRACK, also of one that it is not sent. */
gboolean salon_participant_set_track_settings (SalonParticipant *self, const char *publication_id,
    const SalonTrackSettings *settings, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Why one sends less of one's own track than was to be sent. */
gboolean salon_participant_set_limit (SalonParticipant *self, const char *publication_id, SalonTrackLimit limit,
    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How well they receive: (transfer full) (element-type SalonConnectionStats), and (element-type SalonReceptionStats);
 * valid until the main loop runs again. Empty while they do not. */
GArray *salon_participant_list_connections (SalonParticipant *self) G_GNUC_WARN_UNUSED_RESULT;
GArray *salon_participant_list_receptions (SalonParticipant *self) G_GNUC_WARN_UNUSED_RESULT;

/* The client's connection broke: no event comes any more, but room and media stay as they are until the grace time is
 * over, or somebody joins with the session token. is_reload: a page went, and if it is being loaded again, it is back
 * soon; if it was closed, the others should not look at its last picture for long. */
void salon_participant_lose_session (SalonParticipant *self, gboolean is_reload);
/* Whether this session still speaks for it, and no newer one does. */
gboolean salon_participant_belongs_to (SalonParticipant *self, gconstpointer session);
/* The secret with which the client can come back: (transfer none). */
const char *salon_participant_get_session_token (SalonParticipant *self);
/* Tells a client that has just joined, or come back, which of its layers nobody has use for. */
void salon_participant_tell_wanted (SalonParticipant *self);
/* Tells a client that came back what its slots carry. */
void salon_participant_tell_slots (SalonParticipant *self);

/* Leaves the room: no event comes any more. May be called twice, and from an event. */
void salon_participant_leave (SalonParticipant *self);
