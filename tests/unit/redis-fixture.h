/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-redis-server.h"
#include "salon-redis.h"

/* A private Redis in a temporary directory and a connection to it, for the tests of src/store. */
typedef struct
{
  char *dir;
  SalonRedisServer *server; /* (nullable) */
  SalonRedis *redis;        /* (nullable) */
} RedisFixture;

/* One test may take this long: the whole process ends when one hangs. */
#define WATCHDOG_S 60

/* Only makes the directory. */
void redis_fixture_set_up_dir (RedisFixture *fixture, gconstpointer data);
/* Starts the server and waits for the connection. */
void redis_fixture_set_up (RedisFixture *fixture, gconstpointer data);
/* Closes what there is, asserts that nothing is left of it, and removes the directory. */
void redis_fixture_tear_down (RedisFixture *fixture, gconstpointer data);

/* A callback for any _async function; user_data is a GAsyncResult **, NULL at first. */
void keep_result (GObject *source, GAsyncResult *result, gpointer user_data);
/* Runs the main context until keep_result() was called. Returns: (transfer full) */
GAsyncResult *await (GAsyncResult **slot) G_GNUC_WARN_UNUSED_RESULT;
void await_connected (SalonRedis *redis, gboolean is_connected);
/* Runs what is ready, and what that makes ready. */
void run_ready (void);

/* Blocking versions. */
gboolean start_server (SalonRedisServer *server, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void close_server (SalonRedisServer *server);
/* Arguments are separated by single spaces. */
SalonRedisReply *command (SalonRedis *redis, const char *line, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* For commands that cannot fail. Returns: (transfer full) (nullable): the string. */
char *command_string (SalonRedis *redis, const char *line) G_GNUC_WARN_UNUSED_RESULT;

GPid redis_pid (SalonRedis *redis);
/* Waits until what Redis has said yes to is in its file: on a busy disk it holds writes back for up to two seconds, and
 * SIGKILL would take them. Returns: its process. */
GPid redis_pid_when_written (SalonRedis *redis);
/* Waits for a process, be it ours or not, to be gone. */
void await_gone (GPid pid);
