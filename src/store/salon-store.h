/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "salon-redis.h"
#include "salon-room-info.h"

/* The rooms and who is in them, in Redis: the truth that several servers (nodes) share and that survives them. The only
 * code that knows Redis keys.
 *
 * Every change is one Lua script (lua/), hence one atomic step, and may be run twice without harm, because SalonRedis
 * sends again what a broken connection swallowed. Each is fenced twice: by the node's epoch, which changes whenever the
 * node's members are taken from it, and by the member's session, which changes whenever somebody comes back. So one
 * who acts on an old view changes nothing.
 *
 * A node is registered from salon_store_register_async() on and keeps a lease in Redis; one whose lease runs out is
 * dead: another node takes its members out. What other nodes do is told by SalonStoreEvents, over a connection of its
 * own; a message may get lost with the connection, hence `restored`.
 *
 * All calls are asynchronous, on the main context. Each but leave ends within the connection's deadline, with
 * SALON_ERROR_STORE_UNAVAILABLE when Redis cannot be reached: the change may then have happened or not. A room is
 * named by its id or by its slug (already normalised).
 *
 * Keys: see lua/rooms.lua. */
#define SALON_TYPE_STORE (salon_store_get_type ())
G_DECLARE_FINAL_TYPE (SalonStore, salon_store, SALON, STORE, GObject)

/* How a room ended for its members. */
typedef enum
{
  SALON_ROOM_DELETED, /* by its owner or the administrator */
  SALON_ROOM_CLOSED,  /* by its host */
} SalonRoomEnd;

/* What other nodes did, told to each node that has members, or people waiting, in the room; never about one's own
 * calls, but for chat, for admitted, denied and kicked, which tell the node of the member whoever called, and for a
 * join or leave that changes only who waits, since these don't return that. In the order in which it happened, and
 * after the replies to those of our own calls that happened before. */
typedef struct
{
  /* Members, host, lock or waiting room are not what they were: fetch the room. */
  void (*changed) (const char *room_id, gpointer user_data);
  /* message: JSON as it was given to salon_store_add_message_async(). */
  void (*chat) (const char *room_id, const char *message, gpointer user_data);
  void (*chat_changed) (const char *room_id, const char *message_id, const char *text, gpointer user_data);
  /* A member of this node was thrown out: not in the store any more. */
  void (*kicked) (const char *room_id, const char *member_id, const char *session_id, gpointer user_data);
  void (*ended) (const char *room_id, SalonRoomEnd end, gpointer user_data);
  /* Somebody who waits on this node: join again (admitted: it will not wait), or give up. */
  void (*admitted) (const char *member_id, gpointer user_data);
  void (*denied) (const char *member_id, gpointer user_data);
  /* After an outage, long or short: claim every room that is open here, since messages may be lost, and Redis may have
   * lost what was last written, or have been told that we are dead. */
  void (*restored) (gpointer user_data);
  /* Another server is registered under our node id and is alive: ours must stop. */
  void (*usurped) (gpointer user_data);
} SalonStoreEvents;

/* url: see salon-redis-url.h. node_id: stable name of this server process's place in Redis. events: (borrowed).
 * Errors: INVALID_PARAMS, with a message for the administrator. Nothing is connected before
 * salon_store_register_async(). */
SalonStore *salon_store_new (const char *url, const char *node_id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* events: (borrowed); before salon_store_register_async(). */
void salon_store_set_events (SalonStore *self, const SalonStoreEvents *events, gpointer user_data);

/* Connects, takes out every member this node left behind when it last died, and begins to keep the lease. Once, before
 * the first join. Waits for Redis for deadline_ms. */
void salon_store_register_async (
    SalonStore *self, guint deadline_ms, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_store_register_finish (SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives the node's place in Redis back (its members should have left), and closes the connections: what is pending then
 * fails with SHUTTING_DOWN. Ends within a second, whatever Redis does. May be called without having registered. */
void salon_store_close_async (SalonStore *self, GAsyncReadyCallback callback, gpointer user_data);
void salon_store_close_finish (SalonStore *self, GAsyncResult *result);

/* Whether the last command was answered: a guess about the next one. */
gboolean salon_store_is_available (SalonStore *self);

/* (transfer none) */
const char *salon_store_get_node_id (SalonStore *self);

/* ---- rooms ---- */

/* owner_hash: SHA-256 of the owner token. Errors: ROOM_EXISTS (also for a slug that is another room's id, or blocked by
 * a timed room that was), TOO_MANY_REQUESTS (there are SALON_LIMIT_ROOMS). */
void salon_store_create_room_async (SalonStore *self, const SalonRoomSpec *spec, const char *owner_hash,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
SalonRoomInfo *salon_store_create_room_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Errors: ROOM_NOT_FOUND. */
void salon_store_get_room_async (
    SalonStore *self, const char *room, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
SalonRoomInfo *salon_store_get_room_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, for the owner alone. Errors: also UNAUTHORIZED (the hash is not the owner's). */
void salon_store_get_own_room_async (SalonStore *self, const char *room, const char *owner_hash,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);

/* Returns: (transfer container) (element-type SalonRoomInfo): owned elements, by slug. */
void salon_store_list_rooms_async (
    SalonStore *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *salon_store_list_rooms_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Deletes a room and its members; who waited is sent away. owner_hash NULL: no questions asked (the administrator).
 * Returns the room as it was; of one whose record is damaged only the id. Errors: ROOM_NOT_FOUND, UNAUTHORIZED (the
 * hash is not the owner's). */
void salon_store_delete_room_async (SalonStore *self, const char *room, const char *owner_hash,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
SalonRoomInfo *salon_store_delete_room_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- members ---- */

typedef struct
{
  const char *room;       /* id or slug */
  const char *member_id;  /* never used before (a UUID), but for one who was let in: the same again */
  const char *session_id; /* never used before (a UUID) */
  const char *name;
  const char *token_hash;     /* SHA-256 of the secret with which the member can come back */
  const char *old_token_hash; /* (nullable): of an earlier join: that member comes back, if still there */
  gboolean is_here;           /* that member is this node's now: when it fails, nothing is undone */
  const char *owner_hash;     /* (nullable): with the room's they come in past lock and waiting room */
  gboolean is_trusted;        /* likewise, whatever they have */
  gboolean is_unattended;     /* nobody is there who could be the host */
  gboolean may_create;        /* a slug nobody has becomes an ephemeral room with max_members */
  guint max_members;
} SalonStoreJoin;

/* Adds a member, or lets one come back: the same member id and token, from now on in this session, at no place and past
 * lock and waiting room; a node that had them is told `changed`. Returns the room with the member in it; NULL without
 * error: they wait to be let in (see `admitted`; to give up, leave). Into a room without a host nobody waits.
 * member_id: (out) (transfer full): theirs, in case they came back.
 * Errors: ROOM_NOT_FOUND, ROOM_FULL, ROOM_LOCKED, ROOM_EXPIRED, UNAUTHORIZED (owner_hash is not the room's),
 * TOO_MANY_REQUESTS (too many wait).
 * When it fails or is cancelled, this session is not in the room: the store sees to that itself. */
void salon_store_join_async (SalonStore *self, const SalonStoreJoin *join, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data);
SalonRoomState *salon_store_join_finish (
    SalonStore *self, GAsyncResult *result, char **member_id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes a member, or somebody who waits, if they are still in this session; an ephemeral room goes with its last
 * member, and whoever waited for it joins again. Removing who is not there is no error.
 * Returns the room after it (host is the new host), or NULL without error when the room is gone.
 * The one call without a deadline: an outage of Redis only delays it, and cancelling does not call it off. It is tried
 * until it has happened, or, with SHUTTING_DOWN, until salon_store_close_async() is done. */
void salon_store_leave_async (SalonStore *self, const char *room_id, const char *member_id, const char *session_id,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
SalonRoomInfo *salon_store_leave_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Errors: ROOM_NOT_FOUND. */
void salon_store_fetch_async (
    SalonStore *self, const char *room_id, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
SalonRoomState *salon_store_fetch_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct
{
  const char *member_id;
  const char *session_id;
  const char *name;
  const char *token_hash;
  guint place; /* among all members of the room, as last known, from 1: a room that Redis lost gets its host back;
                  0: not known, the last */
  gboolean is_unattended;
} SalonStoreClaim;

/* After an outage: these, and no others, are this node's members of a room. Who is missing in the store is put back,
 * the room with them if Redis lost it (full, locked or not); who is another node's by now is left there, one who is
 * ours in another session is from now on in the claimed one, and who is not claimed is taken out; joins under way
 * are left alone, and who was thrown out meanwhile is not put back. Returns the room after it: a claimed member who is
 * not in it in the claimed session is no longer this node's. claims: (element-type SalonStoreClaim). Errors:
 * ROOM_NOT_FOUND (it was deleted, closed or has expired meanwhile), ROOM_EXISTS (its slug is another room's now). */
void salon_store_claim_async (SalonStore *self, const SalonRoomInfo *room, GArray *claims, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data);
SalonRoomState *salon_store_claim_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- what only the host may: each errs with ROOM_NOT_FOUND, and with FORBIDDEN when host_id isn't the host ---- */

/* SALON_ROOM_HAS_WAITING_ROOM switched off: all who wait are let in. Returns the room after it. */
void salon_store_set_flag_async (SalonStore *self, const char *room_id, const char *host_id, SalonRoomFlag flag,
    gboolean is_set, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
SalonRoomInfo *salon_store_set_flag_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes a member out, and their token with them. Errors: also UNKNOWN_PARTICIPANT. */
void salon_store_kick_async (SalonStore *self, const char *room_id, const char *host_id, const char *member_id,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_store_kick_finish (SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Lets somebody in who waits, or sends them away. Returns the room after it. Errors: also UNKNOWN_PARTICIPANT. */
void salon_store_admit_async (SalonStore *self, const char *room_id, const char *host_id, const char *member_id,
    gboolean is_admitted, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
SalonRoomState *salon_store_admit_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes everybody out; an ephemeral room is gone, others are empty. Who waited is sent away. */
void salon_store_close_room_async (SalonStore *self, const char *room_id, const char *host_id,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_store_close_room_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- chat ---- */

/* The room's chat, oldest first: the last SALON_LIMIT_CHAT_HISTORY messages, and of an ephemeral or timed room those of
 * the last SALON_LIMIT_CHAT_AGE_S. A message is JSON with at least id, from (a member id) and timestamp (RFC 3339,
 * UTC). Errors: ROOM_NOT_FOUND. */
void salon_store_add_message_async (SalonStore *self, const char *room_id, const char *message,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_store_add_message_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: (transfer container) (element-type utf8): owned elements. */
void salon_store_list_messages_async (
    SalonStore *self, const char *room_id, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *salon_store_list_messages_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Edits a message, or deletes it (text NULL). actor: a member id: a message of theirs, or, to delete, any if they are
 * the host. Errors: ROOM_NOT_FOUND, UNKNOWN_MESSAGE, FORBIDDEN. */
void salon_store_change_message_async (SalonStore *self, const char *room_id, const char *message_id, const char *actor,
    const char *text, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_store_change_message_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
