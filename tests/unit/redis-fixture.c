/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE
#include "redis-fixture.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **slot = user_data;

  g_assert_null (*slot);
  *slot = g_object_ref (result);
}

GAsyncResult *
await (GAsyncResult **slot)
{
  while (*slot == NULL)
    g_main_context_iteration (NULL, TRUE);
  return g_steal_pointer (slot);
}

void
await_connected (SalonRedis *redis, gboolean is_connected)
{
  while (salon_redis_is_connected (redis) != is_connected)
    g_main_context_iteration (NULL, TRUE);
}

void
run_ready (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

gboolean
start_server (SalonRedisServer *server, GError **error)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  salon_redis_server_start_async (server, NULL, keep_result, &slot);
  result = await (&slot);
  return salon_redis_server_start_finish (server, result, error);
}

void
close_server (SalonRedisServer *server)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  salon_redis_server_close_async (server, keep_result, &slot);
  result = await (&slot);
  salon_redis_server_close_finish (server, result);
}

SalonRedisReply *
command (SalonRedis *redis, const char *line, GError **error)
{
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  salon_redis_command_async (redis, (const char *const *)argv, NULL, keep_result, &slot);
  result = await (&slot);
  return salon_redis_command_finish (redis, result, error);
}

char *
command_string (SalonRedis *redis, const char *line)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) reply = command (redis, line, &error);

  g_assert_no_error (error);
  return g_strdup (reply->string);
}

GPid
redis_pid (SalonRedis *redis)
{
  g_autofree char *info = command_string (redis, "INFO server");
  const char *pid = strstr (info, "process_id:");

  g_assert_nonnull (pid);
  return atoi (pid + strlen ("process_id:"));
}

GPid
redis_pid_when_written (SalonRedis *redis)
{
  gboolean is_written = FALSE;

  while (!is_written)
    {
      g_autofree char *info = command_string (redis, "INFO persistence");

      g_assert_nonnull (strstr (info, "aof_buffer_length:"));
      is_written = strstr (info, "aof_buffer_length:0\r") != NULL;
    }
  return redis_pid (redis);
}

void
await_gone (GPid pid)
{
  struct pollfd poll_fd = { .events = POLLIN };

  poll_fd.fd = (int)syscall (SYS_pidfd_open, pid, 0);
  if (poll_fd.fd < 0)
    {
      g_assert_cmpint (errno, ==, ESRCH);
      return;
    }
  while (poll (&poll_fd, 1, -1) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  close (poll_fd.fd);
}

void
redis_fixture_set_up_dir (RedisFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  alarm (WATCHDOG_S);
  fixture->dir = g_dir_make_tmp ("salon-store-test-XXXXXX", &error);
  g_assert_no_error (error);
}

void
redis_fixture_set_up (RedisFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  redis_fixture_set_up_dir (fixture, data);
  fixture->server = salon_redis_server_new (fixture->dir);
  g_assert_true (start_server (fixture->server, &error));
  g_assert_no_error (error);
  fixture->redis = salon_redis_new (salon_redis_server_get_url (fixture->server), &error);
  g_assert_no_error (error);
  salon_redis_start (fixture->redis);
  await_connected (fixture->redis, TRUE);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_assert_cmpint (g_remove (path), ==, 0);
}

void
redis_fixture_tear_down (RedisFixture *fixture, gconstpointer data)
{
  if (fixture->redis != NULL)
    {
      salon_redis_close (fixture->redis);
      run_ready ();
      g_assert_finalize_object (fixture->redis);
    }
  if (fixture->server != NULL)
    {
      close_server (fixture->server);
      run_ready ();
      g_assert_finalize_object (fixture->server);
    }
  remove_tree (fixture->dir);
  g_free (fixture->dir);
  alarm (0);
}
