/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis-fixture.h"

#include <gst/gst.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "salon-error.h"

#define SHORT_DEADLINE_MS 300

static void
finalize (SalonRedis *redis)
{
  salon_redis_close (redis);
  run_ready ();
  g_assert_finalize_object (redis);
}

static void
begin (SalonRedis *redis, const char *line, GAsyncResult **slot)
{
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);

  salon_redis_command_async (redis, (const char *const *)argv, NULL, keep_result, slot);
}

static SalonRedisReply *
end (SalonRedis *redis, GAsyncResult **slot, GError **error)
{
  g_autoptr (GAsyncResult) result = await (slot);

  return salon_redis_command_finish (redis, result, error);
}

static void
test_answers_commands (RedisFixture *fixture, gconstpointer data)
{
  const char *const lua[] = { "EVAL", "return {1, 'a\\0b', false, {'x', {}}}", "0", NULL };
  GAsyncResult *slot = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) reply = NULL;

  salon_redis_command_async (fixture->redis, lua, NULL, keep_result, &slot);
  reply = end (fixture->redis, &slot, &error);
  g_assert_no_error (error);
  g_assert_cmpint (reply->type, ==, SALON_REDIS_ARRAY);
  g_assert_cmpuint (reply->length, ==, 4);
  g_assert_cmpint (reply->elements[0].type, ==, SALON_REDIS_INTEGER);
  g_assert_cmpint (reply->elements[0].integer, ==, 1);
  g_assert_cmpmem (reply->elements[1].string, reply->elements[1].length, "a\0b", 3);
  g_assert_cmpint (reply->elements[2].type, ==, SALON_REDIS_NIL);
  g_assert_cmpuint (reply->elements[3].length, ==, 2);
  g_assert_cmpint (reply->elements[3].elements[1].type, ==, SALON_REDIS_ARRAY);
}

static void
test_keeps_foreign_errors_to_itself (RedisFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
      g_test_trap_assert_stderr ("*Redis refused NONSENSE: ERR\n*");
      /* Redis repeats the arguments. */
      g_test_trap_assert_stderr_unmatched ("*secret*");
      return;
    }
  gst_debug_set_threshold_for_name ("salon-*", GST_LEVEL_LOG);
  g_assert_null (command (fixture->redis, "NONSENSE secret", &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE);
  g_assert_null (strstr (error->message, "NONSENSE"));
  g_assert_null (strstr (error->message, "ERR"));
  g_assert_true (salon_redis_is_connected (fixture->redis));
}

/* ---- logging in ---- */

static guint16
free_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();

  return g_socket_listener_add_any_inet_port (listener, NULL, NULL);
}

static GSubprocess *
spawn_tcp_redis (guint16 port, const char *dir)
{
  g_autofree char *port_text = g_strdup_printf ("%u", port);
  g_autoptr (GError) error = NULL;
  GSubprocess *child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, "redis-server", "--port", port_text,
      "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--requirepass", "open sesame", NULL);

  g_assert_no_error (error);
  return child;
}

static void
end_process (GSubprocess *child)
{
  g_subprocess_force_exit (child);
  g_assert_true (g_subprocess_wait (child, NULL, NULL));
  g_object_unref (child);
}

static SalonRedis *
new_started (const char *url)
{
  g_autoptr (GError) error = NULL;
  SalonRedis *redis = salon_redis_new (url, &error);

  g_assert_no_error (error);
  salon_redis_start (redis);
  return redis;
}

static void
test_logs_in_over_tcp (RedisFixture *fixture, gconstpointer data)
{
  guint16 port = free_port ();
  GSubprocess *child = spawn_tcp_redis (port, fixture->dir);
  g_autofree char *url = g_strdup_printf ("redis://:open%%20sesame@localhost:%u/3", port);
  g_autofree char *user_url = g_strdup_printf ("redis://default:open%%20sesame@127.0.0.1:%u/3", port);
  g_autofree char *zero_url = g_strdup_printf ("redis://:open%%20sesame@127.0.0.1:%u", port);
  SalonRedis *redis = new_started (url);
  SalonRedis *as_user = new_started (user_url);
  SalonRedis *in_zero = new_started (zero_url);
  g_autofree char *ok = command_string (redis, "SET key value");
  g_autofree char *value = command_string (as_user, "GET key");
  g_autofree char *nothing = command_string (in_zero, "GET key");

  g_assert_cmpstr (ok, ==, "OK");
  g_assert_cmpstr (value, ==, "value");
  g_assert_null (nothing);
  finalize (redis);
  finalize (as_user);
  finalize (in_zero);
  end_process (child);
}

/* In a process of its own, whose whole log is read. */
static void
test_says_that_the_password_is_wrong (RedisFixture *fixture, gconstpointer data)
{
  if (g_test_subprocess ())
    {
      guint16 port = free_port ();
      GSubprocess *child = spawn_tcp_redis (port, fixture->dir);
      g_autofree char *url = g_strdup_printf ("redis://:guess@127.0.0.1:%u", port);
      g_autoptr (GError) error = NULL;
      SalonRedis *redis;

      gst_debug_set_threshold_for_name ("salon-*", GST_LEVEL_LOG);
      redis = new_started (url);
      g_assert_null (command (redis, "PING", &error));
      g_assert_error (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE);
      g_assert_false (salon_redis_is_connected (redis));
      finalize (redis);
      end_process (child);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*refused AUTH: WRONGPASS*");
  g_test_trap_assert_stderr_unmatched ("*guess*");
}

/* ---- outages ---- */

static void
test_waits_for_the_connection (RedisFixture *fixture, gconstpointer data)
{
  guint16 port = free_port ();
  g_autofree char *url = g_strdup_printf ("redis://:open%%20sesame@127.0.0.1:%u", port);
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) reply = NULL;
  GAsyncResult *slot = NULL;
  GSubprocess *child;
  SalonRedis *redis = new_started (url);

  begin (redis, "PING", &slot);
  run_ready ();
  child = spawn_tcp_redis (port, fixture->dir);
  reply = end (redis, &slot, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (reply->string, ==, "PONG");
  finalize (redis);
  end_process (child);
}

/* In a process of its own, whose whole log is read. */
static void
test_warns_once_of_an_outage (RedisFixture *fixture, gconstpointer data)
{
  g_autofree char *url = g_strdup_printf ("unix://%s/nothing.sock", fixture->dir);
  g_autoptr (GError) error = NULL;
  SalonRedis *redis;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
      g_test_trap_assert_stderr ("*no connection to Redis*");
      g_test_trap_assert_stderr_unmatched ("*no connection to Redis*no connection to Redis*");
      return;
    }
  gst_debug_set_threshold_for_name ("salon-*", GST_LEVEL_WARNING);
  redis = new_started (url);
  g_assert_null (command (redis, "PING", &error));
  finalize (redis);
}

static void
test_fails_at_the_deadline (RedisFixture *fixture, gconstpointer data)
{
  g_autofree char *url = g_strdup_printf ("unix://%s/nothing.sock", fixture->dir);
  g_autoptr (GError) error = NULL;
  gint64 began_us = g_get_monotonic_time ();
  SalonRedis *redis = new_started (url);

  salon_redis_set_deadline (redis, SHORT_DEADLINE_MS);
  g_assert_null (command (redis, "PING", &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE);
  g_assert_cmpint (g_get_monotonic_time () - began_us, >=, SHORT_DEADLINE_MS * 1000);
  finalize (redis);
}

static void
test_leaves_a_redis_that_hangs (RedisFixture *fixture, gconstpointer data)
{
  GPid pid = redis_pid (fixture->redis);
  g_autoptr (GError) error = NULL;
  g_autofree char *value = NULL;

  salon_redis_set_deadline (fixture->redis, SHORT_DEADLINE_MS);
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  g_assert_null (command (fixture->redis, "SET key late", &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE);
  g_assert_false (salon_redis_is_connected (fixture->redis));
  g_assert_cmpint (kill (pid, SIGCONT), ==, 0);
  await_connected (fixture->redis, TRUE);
  value = command_string (fixture->redis, "ECHO again");
  g_assert_cmpstr (value, ==, "again");
}

static void
test_sends_again_what_a_crash_swallowed (RedisFixture *fixture, gconstpointer data)
{
  GPid pid = redis_pid (fixture->redis);
  GAsyncResult *first = NULL, *second = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) ok = NULL;
  g_autoptr (SalonRedisReply) value = NULL;

  salon_redis_set_deadline (fixture->redis, 20000);
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  begin (fixture->redis, "SET key value", &first);
  begin (fixture->redis, "GET key", &second);
  run_ready ();
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  value = end (fixture->redis, &second, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (value->string, ==, "value");
  ok = end (fixture->redis, &first, &error);
  g_assert_no_error (error);
  g_assert_cmpint (redis_pid (fixture->redis), !=, pid);
}

static void
test_refuses_too_many (RedisFixture *fixture, gconstpointer data)
{
  g_autofree char *url = g_strdup_printf ("unix://%s/nothing.sock", fixture->dir);
  g_autoptr (GError) error = NULL;
  gint64 began_us = g_get_monotonic_time ();
  SalonRedis *redis = new_started (url);
  GAsyncResult *slots[5000] = { NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (slots); i++)
    begin (redis, "PING", &slots[i]);
  g_assert_null (end (redis, &slots[G_N_ELEMENTS (slots) - 1], &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE);
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, SALON_REDIS_DEFAULT_DEADLINE_MS * 1000);
  g_assert_null (slots[0]);

  salon_redis_close (redis);
  for (gsize i = 0; i < G_N_ELEMENTS (slots) - 1; i++)
    g_object_unref (await (&slots[i]));
  finalize (redis);
}

static void
test_cancels (RedisFixture *fixture, gconstpointer data)
{
  const char *const ping[] = { "PING", NULL };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GPid pid = redis_pid (fixture->redis);
  GAsyncResult *slots[2] = { NULL };
  g_autofree char *value = NULL;

  /* The first while it is under way, the second before it begins. */
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  salon_redis_command_async (fixture->redis, ping, cancellable, keep_result, &slots[0]);
  run_ready ();
  g_cancellable_cancel (cancellable);
  salon_redis_command_async (fixture->redis, ping, cancellable, keep_result, &slots[1]);
  for (gsize i = 0; i < G_N_ELEMENTS (slots); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (end (fixture->redis, &slots[i], &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  g_assert_cmpint (kill (pid, SIGCONT), ==, 0);
  value = command_string (fixture->redis, "ECHO in-step");
  g_assert_cmpstr (value, ==, "in-step");
}

/* ---- scripts ---- */

static void
test_runs_scripts (RedisFixture *fixture, gconstpointer data)
{
  const char *const arguments[] = { "a", "b", NULL };
  SalonRedisScript script;

  salon_redis_script_init (&script, "concat", g_ref_string_new ("return ARGV[1] .. ARGV[2]"));
  for (int i = 0; i < 3; i++)
    {
      GAsyncResult *slot = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (SalonRedisReply) reply = NULL;
      g_autofree char *flushed = NULL;

      salon_redis_run_async (fixture->redis, &script, arguments, NULL, keep_result, &slot);
      reply = end (fixture->redis, &slot, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (reply->string, ==, "ab");
      if (i == 1)
        flushed = command_string (fixture->redis, "SCRIPT FLUSH");
    }
  salon_redis_script_clear (&script);
}

/* ---- listening ---- */

typedef struct
{
  SalonRedis *redis;
  GPtrArray *heard; /* (element-type utf8) (owned) */
} Listener;

static void
on_heard (const char *message, gpointer user_data)
{
  Listener *listener = user_data;

  g_ptr_array_add (listener->heard, g_strdup (message));
  if (g_str_equal (message, "close"))
    salon_redis_close (listener->redis);
}

static void
listener_init (Listener *listener, RedisFixture *fixture)
{
  listener->heard = g_ptr_array_new_with_free_func (g_free);
  listener->redis = salon_redis_new (salon_redis_server_get_url (fixture->server), NULL);
  salon_redis_listen (listener->redis, "channel", on_heard, listener);
  salon_redis_start (listener->redis);
  await_connected (listener->redis, TRUE);
}

static void
listener_finalize (Listener *listener)
{
  finalize (listener->redis);
  g_ptr_array_unref (listener->heard);
}

/* What is published now is heard: who is connected listens. */
static void
publish_and_hear (RedisFixture *fixture, Listener *listener, const char *message)
{
  const char *const publish[] = { "PUBLISH", "channel", message, NULL };
  guint n_heard = listener->heard->len;
  GAsyncResult *slot = NULL;
  g_autoptr (SalonRedisReply) reply = NULL;

  salon_redis_command_async (fixture->redis, publish, NULL, keep_result, &slot);
  reply = end (fixture->redis, &slot, NULL);
  g_assert_cmpint (reply->integer, ==, 1);
  while (listener->heard->len == n_heard)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (listener->heard->pdata[n_heard], ==, message);
}

static void
test_hears_what_is_published (RedisFixture *fixture, gconstpointer data)
{
  Listener listener;

  listener_init (&listener, fixture);
  publish_and_hear (fixture, &listener, "one");
  publish_and_hear (fixture, &listener, "");
  publish_and_hear (fixture, &listener, "{\"two\": \"🦉\"}");
  g_assert_cmpuint (listener.heard->len, ==, 3);
  listener_finalize (&listener);
}

static void
test_listens_again_after_each_outage (RedisFixture *fixture, gconstpointer data)
{
  Listener listener;

  listener_init (&listener, fixture);
  g_assert_cmpint (kill (redis_pid (fixture->redis), SIGKILL), ==, 0);
  await_connected (listener.redis, FALSE);
  await_connected (listener.redis, TRUE);
  publish_and_hear (fixture, &listener, "one");
  salon_redis_reconnect (listener.redis);
  g_assert_false (salon_redis_is_connected (listener.redis));
  salon_redis_reconnect (listener.redis);
  await_connected (listener.redis, TRUE);
  publish_and_hear (fixture, &listener, "two");
  listener_finalize (&listener);
}

static void
test_closed_by_what_it_hears (RedisFixture *fixture, gconstpointer data)
{
  Listener listener;

  listener_init (&listener, fixture);
  publish_and_hear (fixture, &listener, "close");
  listener_finalize (&listener);
}

/* ---- closing ---- */

static void
test_closes_at_every_step (RedisFixture *fixture, gconstpointer data)
{
  for (int n_steps = -1; n_steps < 40; n_steps++)
    {
      g_autoptr (GError) error = NULL;
      GAsyncResult *slot = NULL;
      SalonRedis *redis = salon_redis_new (salon_redis_server_get_url (fixture->server), NULL);

      begin (redis, "PING", &slot);
      if (n_steps >= 0)
        salon_redis_start (redis);
      for (int i = 0; i < n_steps; i++)
        g_main_context_iteration (NULL, FALSE);
      salon_redis_close (redis);
      salon_redis_close (redis);
      salon_redis_reply_free (end (redis, &slot, &error));
      if (error != NULL)
        g_assert_error (error, SALON_ERROR, SALON_ERROR_SHUTTING_DOWN);
      finalize (redis);
    }
}

static void
on_pong_drop (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonRedis **redis = user_data;
  g_autoptr (SalonRedisReply) reply = salon_redis_command_finish (*redis, result, NULL);

  g_assert_nonnull (reply);
  g_clear_object (redis);
}

static void
test_dropped_inside_its_own_callback (RedisFixture *fixture, gconstpointer data)
{
  const char *const ping[] = { "PING", NULL };
  SalonRedis *redis = new_started (salon_redis_server_get_url (fixture->server));
  gpointer watched = redis;

  g_object_add_weak_pointer (G_OBJECT (redis), &watched);
  await_connected (redis, TRUE);
  salon_redis_command_async (redis, ping, NULL, on_pong_drop, &redis);
  while (watched != NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
close_when (SalonRedis *redis, GParamSpec *pspec, gpointer when)
{
  if (salon_redis_is_connected (redis) == GPOINTER_TO_INT (when))
    salon_redis_close (redis);
}

static void
test_closed_inside_its_own_signal (RedisFixture *fixture, gconstpointer data)
{
  for (int when = FALSE; when <= TRUE; when++)
    {
      SalonRedis *redis = new_started (salon_redis_server_get_url (fixture->server));
      GAsyncResult *slot = NULL;

      g_signal_connect (redis, "notify::connected", G_CALLBACK (close_when), GINT_TO_POINTER (when));
      begin (redis, "CLIENT KILL TYPE normal SKIPME no", &slot);
      g_object_unref (await (&slot));
      finalize (redis);
    }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
#define ADD(path, set_up, function)                                                                                    \
  g_test_add ("/redis/" path, RedisFixture, NULL, set_up, function, redis_fixture_tear_down)
  ADD ("answers-commands", redis_fixture_set_up, test_answers_commands);
  ADD ("keeps-foreign-errors-to-itself", redis_fixture_set_up, test_keeps_foreign_errors_to_itself);
  ADD ("logs-in-over-tcp", redis_fixture_set_up_dir, test_logs_in_over_tcp);
  ADD ("says-that-the-password-is-wrong", redis_fixture_set_up_dir, test_says_that_the_password_is_wrong);
  ADD ("waits-for-the-connection", redis_fixture_set_up_dir, test_waits_for_the_connection);
  ADD ("warns-once-of-an-outage", redis_fixture_set_up_dir, test_warns_once_of_an_outage);
  ADD ("fails-at-the-deadline", redis_fixture_set_up_dir, test_fails_at_the_deadline);
  ADD ("leaves-a-redis-that-hangs", redis_fixture_set_up, test_leaves_a_redis_that_hangs);
  ADD ("sends-again-what-a-crash-swallowed", redis_fixture_set_up, test_sends_again_what_a_crash_swallowed);
  ADD ("refuses-too-many", redis_fixture_set_up_dir, test_refuses_too_many);
  ADD ("cancels", redis_fixture_set_up, test_cancels);
  ADD ("hears-what-is-published", redis_fixture_set_up, test_hears_what_is_published);
  ADD ("listens-again-after-each-outage", redis_fixture_set_up, test_listens_again_after_each_outage);
  ADD ("closed-by-what-it-hears", redis_fixture_set_up, test_closed_by_what_it_hears);
  ADD ("runs-scripts", redis_fixture_set_up, test_runs_scripts);
  ADD ("closes-at-every-step", redis_fixture_set_up, test_closes_at_every_step);
  ADD ("dropped-inside-its-own-callback", redis_fixture_set_up, test_dropped_inside_its_own_callback);
  ADD ("closed-inside-its-own-signal", redis_fixture_set_up, test_closed_inside_its_own_signal);
#undef ADD
  return g_test_run ();
}
