/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "salon-redis-reply.h"

/* One connection to a Redis, kept up: names are resolved and connections made asynchronously, and a lost one is made
 * again after 100 ms, 200 ms ... 2 s. Main context only.
 *
 * Commands are sent in the order they were given. Each has a deadline. Without a connection it waits for one; if
 * the connection breaks before the reply came, the command is sent again on the next one. So a command runs at least
 * once when it succeeds, and may have run when it fails: give commands that may be run twice.
 *
 * salon_redis_close() ends it; dropping the last reference does too (each pending command holds one). */
#define SALON_TYPE_REDIS (salon_redis_get_type ())
G_DECLARE_FINAL_TYPE (SalonRedis, salon_redis, SALON, REDIS, GObject)

#define SALON_REDIS_DEFAULT_DEADLINE_MS 2000

/* url: see salon-redis-url.h. Errors: INVALID_PARAMS, with a message for the administrator. */
SalonRedis *salon_redis_new (const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes this a connection that listens to a channel and does nothing else: give it no commands. "connected" then means
 * subscribed. Before start. message: as it was published, but for what follows a NUL. */
typedef void (*SalonRedisMessageFunc) (const char *message, gpointer user_data);
void salon_redis_listen (SalonRedis *self, const char *channel, SalonRedisMessageFunc callback, gpointer user_data);

/* Connects, now and whenever the connection is lost. "notify::connected" tells about it. */
void salon_redis_start (SalonRedis *self);

/* Whether Redis has answered on the present connection. */
gboolean salon_redis_is_connected (SalonRedis *self);

/* For the commands that follow. */
void salon_redis_set_deadline (SalonRedis *self, guint deadline_ms);

/* For who knows that the present connection is dead: makes another. */
void salon_redis_reconnect (SalonRedis *self);

/* Pending commands fail with SHUTTING_DOWN, as do those given afterwards. May be called twice. */
void salon_redis_close (SalonRedis *self);

/* argv: NULL-terminated, the command and its arguments; copied.
 * Errors: STORE_UNAVAILABLE (not in time, too many pending, or Redis answered with an error: the log says which),
 * SHUTTING_DOWN, G_IO_ERROR_CANCELLED. */
void salon_redis_command_async (SalonRedis *self, const char *const *argv, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data);
SalonRedisReply *salon_redis_command_finish (
    SalonRedis *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A Lua script; Redis keeps its text, until it forgets it (EVALSHA). */
typedef struct
{
  const char *name;   /* (borrowed): for the log */
  GRefString *source; /* (owned) */
  char *sha1;         /* (owned): hexadecimal */
} SalonRedisScript;

/* source: (transfer full) */
void salon_redis_script_init (SalonRedisScript *script, const char *name, GRefString *source);
void salon_redis_script_clear (SalonRedisScript *script);

/* arguments: NULL-terminated, the script's ARGV; copied. Else as a command. */
void salon_redis_run_async (SalonRedis *self, const SalonRedisScript *script, const char *const *arguments,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
SalonRedisReply *salon_redis_run_finish (
    SalonRedis *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
