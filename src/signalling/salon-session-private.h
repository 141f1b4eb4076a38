/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "salon-rate-limit.h"
#include "salon-session.h"

/* Between salon-session.c (life, events, dispatch), salon-session-methods.c (what each method does),
 * salon-session-recordings.c (who records the room), and salon-session-stats.c (how well one receives). */

typedef enum
{
  SALON_SESSION_NEW,
  SALON_SESSION_JOINING,
  SALON_SESSION_JOINED, /* the join is answered: events flow */
} SalonSessionState;

struct _SalonSession
{
  GObject parent_instance;

  SalonRooms *rooms;                    /* (borrowed) */
  const SalonSessionServices *services; /* (borrowed) */
  SalonSocket *socket;                  /* (owned) (nullable): NULL once closed */
  GCancellable *cancellable;            /* (owned): cancelled when the socket closes */
  SalonSessionState state;
  gboolean may_subscribe; /* as the join said */
  SalonJoinOutcome outcome;
  SalonParticipant *participant;    /* (owned) (nullable): from the store's yes to the join on */
  SalonTranscodeEnd *transcode_end; /* (owned) (nullable): of a program that is nobody in the room */
  GPtrArray *early_candidates;      /* (owned) (element-type JsonObject): trickled before the join was answered */
  SalonRateLimit request_limit;
  SalonRateLimit chat_limit;
  guint stats_id; /* the timer of who watches how well they receive, or 0 */
  gint64 stats_interval_us;
  GHashTable *received; /* (owned) (nullable): "target/mid" -> JsonObject: what the client last told of that */
  gint64 received_us;
  gboolean is_recorded; /* the room, as the client was told last */
  guint n_pending;      /* requests that wait for an answer of the store or webrtcbin */
};

/* What the participant tells. */
extern const SalonParticipantEvents salon_session_events;

/* Takes a message: (transfer full). */
void salon_session_send (SalonSession *self, JsonNode *message);
/* Out of the room. */
void salon_session_leave (SalonSession *self);
/* The connection broke, or (is_reload) the page went, perhaps to be loaded again: the participant waits for another
 * session of the client. */
void salon_session_lose (SalonSession *self, gboolean is_reload);

/* A request on its way: who asked, and how to answer. */
typedef struct
{
  SalonSession *session; /* (owned) */
  JsonNode *id;          /* (owned) (nullable): NULL for a notification, which gets no answer */
  JsonObject *params;    /* (owned) */
} SalonRequest;

/* result: (transfer full) */
void salon_request_resolve (SalonRequest *request, JsonNode *result);
void salon_request_resolve_empty (SalonRequest *request);
/* error: (transfer full) */
void salon_request_fail (SalonRequest *request, GError *error);
/* Without an answer: nobody is there to get it. */
void salon_request_free (SalonRequest *request);

/* Answers at once, or takes the request and answers later through salon_request_resolve() or
 * salon_request_fail(). */
typedef void (*SalonHandler) (SalonSession *self, SalonRequest *request);

/* Errors: UNKNOWN_METHOD. */
SalonHandler salon_session_find_handler (const char *method, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Errors: NOT_JOINED. */
gboolean salon_session_check_joined (SalonSession *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Once: the client is told when its room begins to be recorded, or is no more. */
void salon_session_follow_recordings (SalonSession *self);
/* Whether it is now, for the answer to a join, from which on it is told. */
gboolean salon_session_tell_recorded (SalonSession *self);
void salon_session_handle_record (SalonSession *self, SalonRequest *request);
void salon_session_handle_recordings (SalonSession *self, SalonRequest *request);
void salon_session_handle_recording_delete (SalonSession *self, SalonRequest *request);

/* From now on, tells the client how well it receives every so many seconds; 0: no more. */
void salon_session_watch_stats (SalonSession *self, guint interval_s);
/* What the client alone knows of it, to be told with the rest; of no use to who does not watch. */
gboolean salon_session_take_received (SalonSession *self, JsonObject *params, GError **error) G_GNUC_WARN_UNUSED_RESULT;
