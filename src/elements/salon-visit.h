/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>
#include <json-glib/json-glib.h>

#include "salon-codec.h"
#include "salon-wire.h"

/* An element's stay in a room, in a thread of its own, since an element has no main loop to count on: it connects,
 * joins, attaches a SalonWire (over a SalonBridge, if the server is elsewhere), and comes back when the connection is
 * lost.
 *
 * Owned by its element; salon_visit_free() ends it, and may not be called from its own events. */
typedef struct _SalonVisit SalonVisit;

typedef struct
{
  const char *server;       /* the path of the server's socket, or its URL */
  const char *room;         /* its slug */
  const char *token;        /* (nullable): its owner token; secret */
  const char *name;         /* what others see */
  gboolean is_receiving;    /* else it only publishes */
  SalonCodecs codecs;       /* that are received */
  gboolean has_one_picture; /* receives that of who leads */
  guint reconnect_s;        /* for how long it tries to come back; 0: it does not try */
} SalonVisitOptions;

/* All in the visit's thread. */
typedef struct
{
  /* The wire takes media: also, if it is needed to join. */
  void (*flowing) (gpointer owner);
  /* In the room, for the first time or again. result: of the join. */
  void (*joined) (gpointer owner, JsonObject *result);
  /* After that: media flows both ways. */
  void (*attached) (gpointer owner);
  /* A stream is published: its media may flow. error (nullable): it is not, and the others go on. Not over WebRTC,
   * where media flows before. */
  void (*published) (gpointer owner, guint stream, const GError *error);
  /* A notification of the server. */
  void (*told) (gpointer owner, const char *method, JsonObject *params);
  /* The connection is lost; it will be tried to come back. */
  void (*lost) (gpointer owner, const char *reason);
  /* It is over, and nothing comes after it: the server could not be reached, or has ended it. was_there: it had been
   * attached. */
  void (*ended) (gpointer owner, const GError *error, gboolean was_there);
} SalonVisitEvents;

/* wire: (borrowed): must outlive it. options are copied; events and owner borrowed. */
SalonVisit *salon_visit_new (const SalonVisitOptions *options, SalonWire *wire, const SalonVisitEvents *events,
    gpointer owner) G_GNUC_WARN_UNUSED_RESULT;
/* Leaves the room, and waits for that. No event comes after it. */
void salon_visit_free (SalonVisit *self);

/* A stream that is to be published, now and whenever it comes back; over WebRTC before it starts. source: as the
 * protocol names it; static. Any thread. */
void salon_visit_publish (SalonVisit *self, guint stream, const char *source);
/* It has ended, and is not when it comes back. Any thread. */
void salon_visit_withdraw (SalonVisit *self, guint stream);
/* Whether the server is on this machine. Any thread. */
gboolean salon_visit_is_local (SalonVisit *self);

void salon_visit_start (SalonVisit *self);

/* In the visit's thread: a request whose answer does not matter. params: (transfer full) */
void salon_visit_request (SalonVisit *self, const char *method, JsonObject *params);
/* func is called in the visit's thread, later, unless the visit ends before. notify: (nullable): frees user_data.
 * Returns: (transfer none) */
GSource *salon_visit_add_timeout (
    SalonVisit *self, guint interval_ms, GSourceFunc func, gpointer user_data, GDestroyNotify notify);

/* Returns: (transfer full) (nullable): the path of the socket of a server on this machine: of this user's, or of the
 * system's. */
char *salon_visit_find_server (void) G_GNUC_WARN_UNUSED_RESULT;
