/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-http-api.h"
#include "salon-http-call.h"
#include "salon-jobs.h"

/* A request about jobs, from who may make it to its answer: for the administrator; and, of a room, for its owner. Made
 * by the functions that begin it, which either answer it or hand it to `act`; freed by those that end it. Main
 * context. */
typedef struct _SalonHttpDeed SalonHttpDeed;
struct _SalonHttpDeed
{
  SalonHttpCall *call; /* (owned) */
  SalonJobs *jobs;     /* (owned) */
  char *id;            /* (owned) (nullable): of the job it is about */
  char *name;          /* (owned) (nullable): of what of that job */
  char *room_id;       /* (owned) (nullable): of the one room that it may be about, whatever else has this name */
  JsonNode *body;      /* (owned) (nullable) */
  SalonRoomInfo *room; /* (owned) (nullable): that it is about */
  gboolean is_admin;
  gpointer user_data; /* (borrowed) */
  void (*act) (SalonHttpDeed *deed);
};

/* What it needs of the server; all (borrowed). */
typedef struct
{
  const SalonHttpApi *rooms_api;
  SalonJobs *jobs;
} SalonHttpDeeds;

/* What there is to say about it. */
typedef struct
{
  const char *id;
  const char *name;
  JsonNode *body;     /* (transfer full) */
  gpointer user_data; /* which must live as long as the server */
} SalonHttpDeedInput;

typedef void (*SalonHttpDeedAct) (SalonHttpDeed *deed);

/* Lets the administrator, or the room's owner, do it. room: (nullable): slug or id; NULL: no room's. */
void salon_http_deed_begin (const SalonHttpDeeds *deeds, SoupServerMessage *message, const char *room,
    const SalonHttpDeedInput *input, SalonHttpDeedAct act);

/* The same with the room of a job that there is. */
void salon_http_deed_begin_with_job (
    const SalonHttpDeeds *deeds, SoupServerMessage *message, const SalonHttpDeedInput *input, SalonHttpDeedAct act);

/* Lets whoever asks do it. */
void salon_http_deed_begin_for_anybody (
    const SalonHttpDeeds *deeds, SoupServerMessage *message, const SalonHttpDeedInput *input, SalonHttpDeedAct act);

/* Returns: (transfer full) (nullable): the room of the query. */
char *salon_http_deed_get_room_of_query (SoupServerMessage *message) G_GNUC_WARN_UNUSED_RESULT;

/* body: (transfer full) (nullable): NULL: the error. */
void salon_http_deed_end (SalonHttpDeed *deed, guint status, JsonNode *body, const GError *error);

/* After an answer that is given, or begun, on its message; to be asked for nothing when it is gone. */
void salon_http_deed_end_answered (SalonHttpDeed *deed);
