/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "salon-redis.h"
#include "salon-room-info.h"

/* The rooms and who is in them, in Redis: the truth that survives the server. The only code that knows Redis keys.
 *
 * Every change is one Lua script (lua/), hence one atomic step, and may be run twice without harm, because SalonRedis
 * sends again what a broken connection swallowed. All calls are asynchronous, on the main context. Each but leave ends
 * within the connection's deadline, with SALON_ERROR_STORE_UNAVAILABLE when Redis cannot be reached: the change may
 * then have happened or not. A room is named by its id or by its slug (already normalised).
 *
 * Keys (all under the prefix "salon:"; one Redis, not a cluster of them):
 *   room:<id>           hash   slug lifetime max_members created_at (Unix seconds) locked owner (SHA-256 of the owner
 * token; empty: nobody's) n_joins (how many there have been) room:<id>:members   hash   member id -> JSON {name, node}
 *   room:<id>:chat      list   messages, oldest first
 *   room:<id>:order     zset   member id by n_joins when it joined: the host is the first
 *   slug:<slug>         string room id
 *   rooms               set    room ids
 *   node:<node>:members set    "<room id> <member id>": what a node must take back when it starts again */
#define SALON_TYPE_STORE (salon_store_get_type ())
G_DECLARE_FINAL_TYPE (SalonStore, salon_store, SALON, STORE, GObject)

/* redis: kept; started and closed by the caller. node_id: stable name of this server process's place in Redis. */
SalonStore *salon_store_new (SalonRedis *redis, const char *node_id) G_GNUC_WARN_UNUSED_RESULT;

/* Creates a room. slug NULL: the id is the slug. owner_hash: see keys. Errors: ROOM_EXISTS (also for a slug that is
 * another room's id). */
void salon_store_create_room_async (SalonStore *self, const char *slug, SalonLifetime lifetime, guint max_members,
    const char *owner_hash, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
SalonRoomInfo *salon_store_create_room_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Errors: ROOM_NOT_FOUND. */
void salon_store_get_room_async (
    SalonStore *self, const char *room, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
SalonRoomInfo *salon_store_get_room_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer container) (element-type SalonRoomInfo): owned elements, by slug. */
void salon_store_list_rooms_async (
    SalonStore *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *salon_store_list_rooms_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Deletes a room and its members. owner_hash NULL: no questions asked (the administrator).
 * Returns the room as it was; of one whose record is damaged only the id. Errors: ROOM_NOT_FOUND, UNAUTHORIZED (the
 * hash is not the owner's). */
void salon_store_delete_room_async (SalonStore *self, const char *room, const char *owner_hash,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
SalonRoomInfo *salon_store_delete_room_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds a member. member_id: never used before (a UUID). may_create: a slug nobody has becomes an ephemeral room with
 * max_members. Returns the room with this member in it. Errors: ROOM_NOT_FOUND, ROOM_FULL.
 * When it fails or is cancelled, nobody is left in the room: the store sees to that itself. */
void salon_store_join_async (SalonStore *self, const char *room, const char *member_id, const char *name,
    gboolean may_create, guint max_members, GCancellable *cancellable, GAsyncReadyCallback callback,
    gpointer user_data);
SalonRoomInfo *salon_store_join_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes a member; an ephemeral room goes with its last one. Removing who is not there is no error.
 * Returns the room after it (host is the new host), or NULL without error when the room is gone.
 * The one call without a deadline: an outage of Redis only delays it, and cancelling does not call it off. It is tried
 * until it has happened, or, with SHUTTING_DOWN, until a second after salon_redis_close(). */
void salon_store_leave_async (SalonStore *self, const char *room_id, const char *member_id, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data);
SalonRoomInfo *salon_store_leave_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The room's chat, oldest first: the last SALON_LIMIT_CHAT_HISTORY messages, and of an ephemeral room those of the last
 * SALON_LIMIT_CHAT_AGE_S. A message is JSON with at least id and timestamp (RFC 3339, UTC). Errors: ROOM_NOT_FOUND. */
void salon_store_add_message_async (SalonStore *self, const char *room_id, const char *message,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_store_add_message_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: (transfer container) (element-type utf8): owned elements. */
void salon_store_list_messages_async (
    SalonStore *self, const char *room_id, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *salon_store_list_messages_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Edits a message, or deletes it (text NULL). author NULL: whoever wrote it. Errors: ROOM_NOT_FOUND, UNKNOWN_MESSAGE,
 * FORBIDDEN (it is not the author's). */
void salon_store_change_message_async (SalonStore *self, const char *room_id, const char *message_id,
    const char *author, const char *text, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_store_change_message_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* While a room is locked, nobody new joins it. Returns the room after it. Errors: ROOM_NOT_FOUND. */
void salon_store_lock_async (SalonStore *self, const char *room_id, gboolean is_locked, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data);
SalonRoomInfo *salon_store_lock_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes every member this node left behind when it last died. Run once, before the first join. */
void salon_store_reset_node_async (
    SalonStore *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_store_reset_node_finish (
    SalonStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
