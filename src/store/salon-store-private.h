/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-store.h"

/* What the files of SalonStore share:
 *
 *   salon-store.c          the object, its scripts, and running them
 *   salon-store-node.c     the node's place in Redis: registration, lease, connections, closing
 *   salon-store-events.c   what other nodes did
 *   salon-store-rooms.c    calls about rooms, the host's among them
 *   salon-store-members.c  join, leave, fetch, claim
 *   salon-store-chat.c     calls about the chat
 *   salon-store-reply.c    what Redis answered, as plain data */

GST_DEBUG_CATEGORY_EXTERN (salon_store_debug);

/* Each is a file in lua/; salon-store.c says which, and what comes of its reply. */
typedef enum
{
  SALON_SCRIPT_REGISTER,
  SALON_SCRIPT_HEARTBEAT,
  SALON_SCRIPT_DEREGISTER,
  SALON_SCRIPT_CREATE_ROOM,
  SALON_SCRIPT_GET_ROOM,
  SALON_SCRIPT_LIST_ROOMS,
  SALON_SCRIPT_DELETE_ROOM,
  SALON_SCRIPT_CLOSE_ROOM,
  SALON_SCRIPT_SET_FLAG,
  SALON_SCRIPT_JOIN,
  SALON_SCRIPT_LEAVE,
  SALON_SCRIPT_FETCH,
  SALON_SCRIPT_CLAIM,
  SALON_SCRIPT_KICK,
  SALON_SCRIPT_ADMIT,
  SALON_SCRIPT_CHAT_ADD,
  SALON_SCRIPT_CHAT_LIST,
  SALON_SCRIPT_CHAT_CHANGE,
  SALON_N_SCRIPTS
} SalonScriptId;

struct _SalonStore
{
  GObject parent_instance;

  char *node_id;      /* (owned) */
  SalonRedis *redis;  /* (owned): for commands */
  SalonRedis *events; /* (owned): listens to the node's channel */
  SalonRedisScript scripts[SALON_N_SCRIPTS];
  guint deadline_ms; /* of a command */
  gboolean is_closing;
  gboolean is_closed;

  /* salon-store-node.c */
  char *epoch;      /* (owned): the present one; empty before there is a place */
  char *next_epoch; /* (owned): for when the present one is over */
  guint lease_ms;
  guint heartbeat_ms;
  GTask *registering;            /* (owned) (nullable) */
  GSource *registering_deadline; /* (owned) (nullable) */
  gboolean has_place;            /* the register script has run */
  gboolean is_registered;        /* and we can hear */
  guint heartbeat_id;
  gboolean is_beating;      /* a heartbeat is under way */
  gboolean must_beat_again; /* after that */
  gboolean is_fenced;       /* a script said so, and no heartbeat was accepted since */
  gboolean is_torn;         /* something may have been missed: `restored` is due */
  gint64 torn_us;           /* since when */
  gint64 may_reap_after_us; /* monotonic */
  gint64 rival_until_us;    /* monotonic; until when who has our place had it when first seen; 0: nobody has it */
  guint n_unheard;          /* heartbeats accepted since we last heard anything */
  guint closing_deadline_id;
  GSList *closers; /* (element-type GTask) (owned) */

  /* salon-store-events.c */
  const SalonStoreEvents *handlers; /* (borrowed) (nullable) */
  gpointer handlers_data;
  GQueue heard;       /* (element-type utf8) (owned): events not yet told */
  gboolean is_asking; /* Redis, before the first n_asked of them are told */
  guint n_asked;

  /* salon-store-members.c */
  GQueue joining; /* (element-type Stay) (borrowed): joins under way */
  /* (element-type Leave) (owned): leaves that found no Redis, to be tried again, so that an outage keeps nobody in a
   * room for ever. Bounded by the members this node had. */
  GQueue leaving;
  guint retry_id;
};

/* Shorter than they should be, for tests. */
void salon_store_set_times (SalonStore *self, guint lease_ms, guint heartbeat_ms, guint deadline_ms);

/* Runs a script as this node. arguments: what follows node and epoch. callback: its source object is the connection. */
void salon_store_run_async (SalonStore *self, SalonScriptId script, const char *const *arguments,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
SalonRedisReply *salon_store_run_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs a script, as which the task returns. */
void salon_store_call_async (SalonStore *self, SalonScriptId script, const char *const *arguments,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gpointer salon_store_call_finish (SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Inside an _async function, whose parameters it uses: runs a script with these arguments, and returns what it returns.
 */
#define CALL(script, ...)                                                                                              \
  salon_store_call_async (                                                                                             \
      self, SALON_SCRIPT_##script, (const char *[]){ __VA_ARGS__, NULL }, cancellable, callback, user_data)

/* Whether a change that failed so may have happened, or may not. */
gboolean salon_store_is_unsure (const GError *error);

/* Sends a heartbeat, now or after the one under way. */
void salon_store_beat (SalonStore *self);
void salon_store_node_init (SalonStore *self);
void salon_store_node_dispose (SalonStore *self);

/* message: as it was published on the node's channel. */
void salon_store_hear (const char *message, gpointer store);

/* The leaves that wait for Redis wait no more. */
void salon_store_give_up_leaving (SalonStore *self);
