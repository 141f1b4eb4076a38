/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* A private redis-server, for those who configured none: a child process that keeps its data in <state dir>/redis and
 * listens on a Unix socket there and nowhere else. Main context and main thread only.
 *
 * It is started again when it dies, and dies with this process, even when this is killed. Every write is in its file
 * before it is acknowledged, and on the disk a second later, so rooms survive the death of either.
 *
 * <state dir>/redis.lock is held as long as this process or the child lives: never do two of them write to the same
 * file. */
#define SALON_TYPE_REDIS_SERVER (salon_redis_server_get_type ())
G_DECLARE_FINAL_TYPE (SalonRedisServer, salon_redis_server, SALON, REDIS_SERVER, GObject)

/* state_dir: made when it isn't there, for this user alone. */
SalonRedisServer *salon_redis_server_new (const char *state_dir) G_GNUC_WARN_UNUSED_RESULT;

/* Waits up to 5 s for a predecessor to let go of the state directory, starts redis-server, and is done when that
 * answers. Once. Errors: STORE_UNAVAILABLE, with a message for the administrator. */
void salon_redis_server_start_async (
    SalonRedisServer *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_redis_server_start_finish (
    SalonRedisServer *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer none): for salon_redis_new(); after start. */
const char *salon_redis_server_get_url (SalonRedisServer *self);

/* Asks redis-server to end, kills it after 3 s, and frees the state directory. At any time; cannot fail. Dropping the
 * last reference without it kills redis-server at once. */
void salon_redis_server_close_async (SalonRedisServer *self, GAsyncReadyCallback callback, gpointer user_data);
void salon_redis_server_close_finish (SalonRedisServer *self, GAsyncResult *result);
