/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis-fixture.h"

#include <glib/gstdio.h>
#include <gst/gst.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "salon-error.h"

static char *this_program;

static void
assert_mode (const char *dir, const char *name, mode_t mode)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  GStatBuf status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, mode);
}

static void
test_is_for_this_user_alone (RedisFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) port = command (fixture->redis, "CONFIG GET port", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (port->elements[1].string, ==, "0");
  assert_mode (fixture->dir, "redis", 0700);
  assert_mode (fixture->dir, "redis/redis.sock", 0700);
  assert_mode (fixture->dir, "redis.lock", 0600);
}

/* In a process of its own, whose whole log is read. */
static void
test_an_ordinary_start_warns_of_nothing (RedisFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
      g_test_trap_assert_stderr_unmatched ("*WARN*");
      return;
    }
  gst_debug_set_threshold_for_name ("salon-*", GST_LEVEL_WARNING);
  fixture->server = salon_redis_server_new (fixture->dir);
  g_assert_true (start_server (fixture->server, &error));
  g_assert_no_error (error);
}

static void
connect_again (RedisFixture *fixture)
{
  g_clear_object (&fixture->redis);
  fixture->redis = salon_redis_new (salon_redis_server_get_url (fixture->server), NULL);
  salon_redis_start (fixture->redis);
  await_connected (fixture->redis, TRUE);
}

static void
test_restarts_with_its_data (RedisFixture *fixture, gconstpointer data)
{
  g_autofree char *ok = command_string (fixture->redis, "SET key value");

  for (int i = 0; i < 2; i++)
    {
      GPid pid = redis_pid (fixture->redis);
      g_autofree char *value = NULL;

      g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
      await_connected (fixture->redis, FALSE);
      await_connected (fixture->redis, TRUE);
      value = command_string (fixture->redis, "GET key");
      g_assert_cmpstr (value, ==, "value");
    }
}

static void
test_next_server_finds_the_data (RedisFixture *fixture, gconstpointer data)
{
  g_autofree char *ok = command_string (fixture->redis, "SET key value");
  GPid pid = redis_pid (fixture->redis);
  SalonRedisServer *next = salon_redis_server_new (fixture->dir);
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *value = NULL;

  /* It comes while the first still runs, and waits. */
  salon_redis_server_start_async (next, NULL, keep_result, &slot);
  run_ready ();
  g_assert_null (slot);
  close_server (fixture->server);
  await_gone (pid);
  g_object_unref (fixture->server);
  fixture->server = next;
  result = await (&slot);
  g_assert_true (salon_redis_server_start_finish (next, result, &error));
  g_assert_no_error (error);
  connect_again (fixture);
  value = command_string (fixture->redis, "GET key");
  g_assert_cmpstr (value, ==, "value");
}

static void
test_never_two_on_one_directory (RedisFixture *fixture, gconstpointer data)
{
  SalonRedisServer *second = salon_redis_server_new (fixture->dir);
  g_autoptr (GError) error = NULL;
  g_autofree char *value = NULL;

  g_assert_false (start_server (second, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, fixture->dir));
  close_server (second);
  run_ready ();
  g_assert_finalize_object (second);
  value = command_string (fixture->redis, "ECHO unharmed");
  g_assert_cmpstr (value, ==, "unharmed");
}

static void
test_takes_a_long_path (RedisFixture *fixture, gconstpointer data)
{
  g_autofree char *name = g_strnfill (200, 'x');
  g_autofree char *state_dir = g_build_filename (fixture->dir, name, "a b%20", NULL);
  g_autoptr (GError) error = NULL;

  fixture->server = salon_redis_server_new (state_dir);
  g_assert_true (start_server (fixture->server, &error));
  g_assert_no_error (error);
  connect_again (fixture);
}

static void
assert_fails (RedisFixture *fixture, const char *state_dir, const char *text)
{
  SalonRedisServer *server = salon_redis_server_new (state_dir);
  g_autoptr (GError) error = NULL;

  g_assert_false (start_server (server, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, text));
  close_server (server);
  run_ready ();
  g_assert_finalize_object (server);
}

static void
test_names_the_missing_package (RedisFixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_strdup (g_getenv ("PATH"));

  g_setenv ("PATH", fixture->dir, TRUE);
  assert_fails (fixture, fixture->dir, "install the package redis-server");
  g_setenv ("PATH", path, TRUE);
}

static void
test_names_the_directory_it_cannot_use (RedisFixture *fixture, gconstpointer data)
{
  assert_fails (fixture, "/dev/null/state", "/dev/null/state");
}

static void
test_names_the_log_when_the_data_is_damaged (RedisFixture *fixture, gconstpointer data)
{
  g_autofree char *manifest
      = g_build_filename (fixture->dir, "redis", "appendonlydir", "appendonly.aof.manifest", NULL);
  g_autofree char *dir = g_path_get_dirname (manifest);

  g_assert_cmpint (g_mkdir_with_parents (dir, 0700), ==, 0);
  g_assert_true (g_file_set_contents (manifest, "nonsense\n", -1, NULL));
  assert_fails (fixture, fixture->dir, "redis.log");
}

static void
test_closes_at_every_step (RedisFixture *fixture, gconstpointer data)
{
  for (int n_steps = -1; n_steps < 12; n_steps++)
    {
      SalonRedisServer *server = salon_redis_server_new (fixture->dir);
      GAsyncResult *slot = NULL, *close_slot = NULL;
      g_autoptr (GError) error = NULL;

      if (n_steps >= 0)
        salon_redis_server_start_async (server, NULL, keep_result, &slot);
      for (int i = 0; i < n_steps && slot == NULL; i++)
        g_main_context_iteration (NULL, i >= 2);
      salon_redis_server_close_async (server, keep_result, &close_slot);
      close_server (server);
      g_object_unref (await (&close_slot));
      if (n_steps >= 0)
        {
          g_autoptr (GAsyncResult) result = await (&slot);

          if (!salon_redis_server_start_finish (server, result, &error))
            g_assert_error (error, SALON_ERROR, SALON_ERROR_SHUTTING_DOWN);
        }
      run_ready ();
      g_assert_finalize_object (server);
    }
}

static void
test_start_can_be_cancelled (RedisFixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  fixture->server = salon_redis_server_new (fixture->dir);
  salon_redis_server_start_async (fixture->server, cancellable, keep_result, &slot);
  run_ready ();
  g_cancellable_cancel (cancellable);
  result = await (&slot);
  g_assert_false (salon_redis_server_start_finish (fixture->server, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_dropping_it_kills_redis (RedisFixture *fixture, gconstpointer data)
{
  GPid pid = redis_pid (fixture->redis);

  g_clear_object (&fixture->redis);
  g_assert_finalize_object (g_steal_pointer (&fixture->server));
  await_gone (pid);
}

static void
test_redis_that_will_not_stop_is_killed (RedisFixture *fixture, gconstpointer data)
{
  GPid pid = redis_pid (fixture->redis);

  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  close_server (fixture->server);
  await_gone (pid);
}

/* A server process that only runs Redis and says its pid. */
static void G_GNUC_NORETURN
hold (const char *dir)
{
  RedisFixture fixture = { .server = salon_redis_server_new (dir) };
  g_autoptr (GError) error = NULL;

  g_assert_true (start_server (fixture.server, &error));
  connect_again (&fixture);
  g_print ("%d\n", redis_pid (fixture.redis));
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_redis_dies_with_a_killed_server (RedisFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) holder
      = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, this_program, "--hold", fixture->dir, NULL);
  g_autoptr (GDataInputStream) output = NULL;
  g_autofree char *line = NULL;

  g_assert_no_error (error);
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (holder));
  line = g_data_input_stream_read_line (output, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (line);
  g_subprocess_force_exit (holder);
  await_gone (atoi (line));

  fixture->server = salon_redis_server_new (fixture->dir);
  g_assert_true (start_server (fixture->server, &error));
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  if (argc == 3 && g_str_equal (argv[1], "--hold"))
    hold (argv[2]);

  this_program = argv[0];
  g_test_init (&argc, &argv, NULL);
#define ADD(path, set_up, function)                                                                                    \
  g_test_add ("/redis-server/" path, RedisFixture, NULL, set_up, function, redis_fixture_tear_down)
  ADD ("is-for-this-user-alone", redis_fixture_set_up, test_is_for_this_user_alone);
  ADD ("an-ordinary-start-warns-of-nothing", redis_fixture_set_up_dir, test_an_ordinary_start_warns_of_nothing);
  ADD ("restarts-with-its-data", redis_fixture_set_up, test_restarts_with_its_data);
  ADD ("next-server-finds-the-data", redis_fixture_set_up, test_next_server_finds_the_data);
  ADD ("never-two-on-one-directory", redis_fixture_set_up, test_never_two_on_one_directory);
  ADD ("takes-a-long-path", redis_fixture_set_up_dir, test_takes_a_long_path);
  ADD ("names-the-missing-package", redis_fixture_set_up_dir, test_names_the_missing_package);
  ADD ("names-the-directory-it-cannot-use", redis_fixture_set_up_dir, test_names_the_directory_it_cannot_use);
  ADD ("names-the-log-when-the-data-is-damaged", redis_fixture_set_up_dir, test_names_the_log_when_the_data_is_damaged);
  ADD ("closes-at-every-step", redis_fixture_set_up_dir, test_closes_at_every_step);
  ADD ("start-can-be-cancelled", redis_fixture_set_up_dir, test_start_can_be_cancelled);
  ADD ("dropping-it-kills-redis", redis_fixture_set_up, test_dropping_it_kills_redis);
  ADD ("redis-that-will-not-stop-is-killed", redis_fixture_set_up, test_redis_that_will_not_stop_is_killed);
  ADD ("redis-dies-with-a-killed-server", redis_fixture_set_up_dir, test_redis_dies_with_a_killed_server);
#undef ADD
  return g_test_run ();
}
