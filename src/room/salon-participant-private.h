/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-attachment.h"
#include "salon-ion.h"
#include "salon-log.h"
#include "salon-participant.h"
#include "salon-publisher.h"
#include "salon-room.h"
#include "salon-subscriptions.h"
#include "salon-view.h"

/* Between SalonRooms, SalonRoom and SalonParticipant. */

/* What SalonRooms is told of its participants. */
typedef struct
{
  /* Once, one of the two. replaced: another has its place in the room. */
  void (*left) (SalonParticipant *participant, SalonRoom *room, gpointer user_data);
  void (*replaced) (SalonParticipant *participant, SalonRoom *room, gpointer user_data);
} SalonParticipantOwner;

typedef struct
{
  const char *id;
  const char *name;
  const char *session_id;    /* UUID of this stay, for the store and the log */
  const char *session_token; /* the secret with which they can come back */
  gboolean is_unattended;    /* nobody is there who could be the host */
  gboolean may_publish;
  gboolean takes_data; /* data channels that others open */
  gboolean speaks_ion; /* knows ion-sfu, and no slots */
  guint grace_s;
  guint max_video; /* cameras and screens that they are sent at once; G_MAXUINT: all */
} SalonParticipantDetails;

/* In a room: logs what has become of it. reason (nullable): one word. */
void salon_participant_log (
    SalonParticipant *self, SalonLogLevel level, const char *event, const char *reason, const char *message);

/* events and session: see salon_rooms_join_async(). owner (borrowed). */
SalonParticipant *salon_participant_new (const SalonParticipantDetails *details, SalonRoom *room,
    const SalonParticipantEvents *events, gpointer session, const SalonParticipantOwner *owner,
    gpointer owner_data) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer none) (nullable) */
SalonRoom *salon_participant_get_room (SalonParticipant *self);
gboolean salon_participant_is_unattended (SalonParticipant *self);
/* Whether nothing comes over one of its media connections, which may yet come back. */
gboolean salon_participant_is_silent (SalonParticipant *self);
/* Whether another session can go on with this one's connections. */
gboolean salon_participant_can_resume (SalonParticipant *self);
/* Another session goes on with this participant; the old one, if there still is one, is told that it is replaced. */
void salon_participant_resume (
    SalonParticipant *self, const char *session_id, const SalonParticipantEvents *events, gpointer session);
/* Its place in the room is another participant's now, here or on another server. */
void salon_participant_end_replaced (SalonParticipant *self);
/* (transfer none) */
const char *salon_participant_get_session_id (SalonParticipant *self);

/* Out of the room, by no act of the client, whose session is told why. */
void salon_participant_end (SalonParticipant *self, const char *reason, const char *message);

/* Tells the session that it is over; the participant is still in the room, silent, until it leaves. */
void salon_participant_say_goodbye (SalonParticipant *self, const char *reason, const char *message);

/* Borrow from what they are given. */
SalonPerson salon_participant_as_person (SalonParticipant *self);
SalonPerson salon_member_as_person (const SalonMember *member, const SalonRoomInfo *room);

void salon_participant_notify_person (SalonParticipant *self, SalonParticipantEvent event, const SalonPerson *person);
/* Who waits to be let in: for the host. */
void salon_participant_notify_waiting_list (SalonParticipant *self);
/* Also seats, unseats or pauses the track, if it is another's. by (nullable): see salon_room_track_changed(). */
void salon_participant_notify_track (
    SalonParticipant *self, SalonTrackEvent event, const SalonPublication *publication, SalonParticipant *by);
/* Which layers of one's own picture anybody has use for. */
void salon_participant_notify_wanted (SalonParticipant *self, const SalonPublication *publication);
void salon_participant_notify_speakers (SalonParticipant *self);
/* Another's sound is heard, or not any more: nobody is told. */
void salon_participant_update_track (SalonParticipant *self, const SalonPublication *publication);
/* Chooses anew whom they see, if they don't see all. */
void salon_participant_choose_pictures (SalonParticipant *self);
void salon_participant_notify_room (SalonParticipant *self);
void salon_participant_notify_chat_changed (SalonParticipant *self, const char *message_id, const char *text);
void salon_participant_notify_chat (SalonParticipant *self, const SalonChatMessage *message);

/* -- between the files of SalonParticipant: salon-participant.c, salon-participant-publish.c (what they publish) -- */

struct _SalonParticipant
{
  GObject parent_instance;

  char *id;   /* (owned) */
  char *name; /* (owned) */
  gboolean is_unattended;
  gboolean may_publish;
  gboolean takes_data;
  gboolean speaks_ion;
  SalonRoom *room; /* (owned) (nullable): NULL once out of it */
  gboolean is_replaced;

  const SalonParticipantEvents *events; /* (borrowed) (nullable): NULL once no event may come any more */
  gpointer session;                     /* (borrowed) */
  const SalonParticipantOwner *owner;   /* (borrowed) */
  gpointer owner_data;                  /* (borrowed) */

  char *session_id;    /* (owned) */
  char *session_token; /* (owned) */
  gint64 joined_us;
  const char *leave_reason; /* static */
  guint grace_s;
  guint grace_id; /* the source that ends the grace time, or 0 */

  SalonPublisher *publisher;         /* (owned) (nullable): from the first offer on */
  GPtrArray *publications;           /* (owned) (element-type SalonPublication) */
  SalonSubscriptions *subscriptions; /* (owned) (nullable): from salon_participant_subscribe() on */
  SalonAttachment *attachment;       /* (owned) (nullable): in the stead of both, of a program on this machine */
  SalonReceiver *receiver;           /* (borrowed) (nullable): whichever receives */
  SalonView *view;                   /* (owned): of what it receives */
  SalonDataMember *data;             /* (owned) (nullable): from the first connection that may have data channels on */
  SalonIon *ion;                     /* (owned) (nullable): with the data, of one who speaks it */
  guint n_silent;                    /* of the connections */
  gint64 silent_since_us;
};

/* Calls an event, if anybody listens to it, and still does. */
#define EMIT(self, event, ...)                                                                                         \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    if ((self)->events != NULL && (self)->events->event != NULL)                                                       \
      (self)->events->event ((self)->session, __VA_ARGS__);                                                            \
  }                                                                                                                    \
  G_STMT_END

gboolean salon_participant_check_in_room (SalonParticipant *self, GError **error);
/* error: (transfer full) */
void salon_participant_return_error (GTask *task, GError *error);
/* transport: a SalonTransport or SalonSubscriptions, whose failure ends the stay. */
void salon_participant_watch (SalonParticipant *self, GObject *transport);
/* A transport has failed: soon, the participant ends. */
void salon_participant_on_transport_failed (GObject *transport, const GError *error, gpointer participant);
/* A transport's slot carries another track, or (NULL) none. */
void salon_participant_on_slot (
    GObject *transport, guint target, const char *mid, SalonTrack *track, gpointer participant);
/* Returns: (transfer none) */
SalonDataMember *salon_participant_ensure_data (SalonParticipant *self);
/* Nobody gets this one any more. index: of the publications. */
void salon_participant_drop_publication (SalonParticipant *self, guint index);
/* Which layers nobody takes, to one who takes it that all are. */
void salon_participant_tell_unwanted (SalonParticipant *self, const SalonPublication *publication);
