/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-participant.h"

/* One end of a program on this machine that makes a picture come in another codec, for those who can't play the one in
 * which it is published: it takes the picture, or gives the form that it makes of it (see SalonForms). It is nobody in
 * the room, and hears of nothing else.
 *
 * A picture of several sizes is taken in the largest that somebody has use for, and has 720 lines at most.
 *
 * Made by salon_rooms_transcode(), owned by the session of the program; main context. */
typedef struct _SalonTranscodeEnd SalonTranscodeEnd;

void salon_transcode_end_free (SalonTranscodeEnd *self);

/* -- between this and SalonTranscoder -- */

typedef struct _SalonRoom SalonRoom;

/* It is over: called once, also from salon_transcode_end_free(). */
typedef void (*SalonTranscodeEndFunc) (SalonTranscodeEnd *self, gpointer user_data);

/* What a session asks for. */
typedef struct
{
  gboolean receives;                    /* it takes the picture; else it gives a form of it */
  const SalonParticipantEvents *events; /* (borrowed): `slot`, to who takes, and `ended` are called */
  gpointer session;                     /* (borrowed) */
} SalonTranscodeRequest;

/* publication: (borrowed), until it is over. path, secret: as of salon_participant_attach(). Errors: MEDIA,
 * TOO_MANY_REQUESTS. */
SalonTranscodeEnd *salon_transcode_end_new (SalonRoom *room, const SalonPublication *publication,
    const SalonTranscodeRequest *request, SalonTranscodeEndFunc func, gpointer user_data, const char **path,
    const char **secret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* (nullable): NULL when it is over. */
const SalonPublication *salon_transcode_end_get_publication (SalonTranscodeEnd *self);
/* The publication was muted or unmuted. */
void salon_transcode_end_follow (SalonTranscodeEnd *self);
/* It is over; the session is told, and frees it. */
void salon_transcode_end_close (SalonTranscodeEnd *self, const char *reason, const char *message);
