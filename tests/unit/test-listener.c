/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <gst/gst.h>
#include <stdio.h>
#include <sys/resource.h>

#include "salon-listener.h"

static const char *const LOCALHOST[] = { "localhost", NULL };

#define MAX_CONNECTIONS 2
#define DEADLINE_S 1

static const SalonListenerBounds BOUNDS = { .max_connections = MAX_CONNECTIONS, .deadline_s = DEADLINE_S };

typedef struct
{
  SalonListener *listener;
  GPtrArray *streams; /* what was handed over */
  guint watchdog_id;
} Fixture;

static gboolean
on_watchdog (gpointer user_data)
{
  g_error ("nothing happens any more");
  return G_SOURCE_REMOVE;
}

static void
on_connection (
    SalonListener *listener, GIOStream *stream, GSocketAddress *local, GSocketAddress *remote, Fixture *fixture)
{
  g_ptr_array_add (fixture->streams, g_object_ref (stream));
}

static void
set_up (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;

  fixture->watchdog_id = g_timeout_add_seconds (20, on_watchdog, NULL);
  fixture->streams = g_ptr_array_new_with_free_func (g_object_unref);
  fixture->listener = salon_listener_new (LOCALHOST, 0, NULL, &BOUNDS, &error);
  g_assert_no_error (error);
  g_signal_connect (fixture->listener, "connection", G_CALLBACK (on_connection), fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer user_data)
{
  salon_listener_close (fixture->listener);
  g_ptr_array_unref (fixture->streams);
  g_assert_finalize_object (fixture->listener);
  g_source_remove (fixture->watchdog_id);
}

static GSocketConnection *
dial (Fixture *fixture, const char *host)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection
      = g_socket_client_connect_to_host (client, host, salon_listener_get_port (fixture->listener), NULL, &error);

  g_assert_no_error (error);
  return connection;
}

static void
wait_for_streams (Fixture *fixture, guint n)
{
  while (fixture->streams->len < n)
    g_main_context_iteration (NULL, TRUE);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(gssize *)user_data = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);
}

/* Waits for the server to hang up. */
static void
assert_refused (GSocketConnection *connection)
{
  gssize n_read = 1;
  char byte;

  g_input_stream_read_async (
      g_io_stream_get_input_stream (G_IO_STREAM (connection)), &byte, 1, G_PRIORITY_DEFAULT, NULL, on_read, &n_read);
  while (n_read == 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (n_read, <=, 0);
}

static void
test_hands_over_streams (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GSocketConnection) first = dial (fixture, "127.0.0.1");
  g_autoptr (GSocketConnection) second = NULL;

  wait_for_streams (fixture, 1);
  second = dial (fixture, "localhost");
  wait_for_streams (fixture, 2);
}

static void
test_refuses_what_is_too_much_and_recovers (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GSocketConnection) first = dial (fixture, "127.0.0.1");
  g_autoptr (GSocketConnection) second = dial (fixture, "127.0.0.1");
  g_autoptr (GSocketConnection) third = NULL;
  g_autoptr (GSocketConnection) fourth = NULL;

  wait_for_streams (fixture, MAX_CONNECTIONS);
  third = dial (fixture, "127.0.0.1");
  assert_refused (third);
  g_assert_cmpuint (fixture->streams->len, ==, MAX_CONNECTIONS);

  g_ptr_array_set_size (fixture->streams, 1);
  fourth = dial (fixture, "127.0.0.1");
  wait_for_streams (fixture, 2);
}

static void
test_hears_again_after_running_out_of_descriptors (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GSocketConnection) waiting = dial (fixture, "127.0.0.1");
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify)(void (*) (void))fclose);
  struct rlimit before, tight;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  tight = before;
  tight.rlim_cur = 64;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &tight), ==, 0);
  for (FILE *file = fopen ("/dev/null", "r"); file != NULL; file = fopen ("/dev/null", "r"))
    g_ptr_array_add (files, file);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (fixture->streams->len, ==, 0);

  g_ptr_array_set_size (files, 0);
  wait_for_streams (fixture, 1);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
}

static void
test_names_the_taken_port (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (salon_listener_new (LOCALHOST, salon_listener_get_port (fixture->listener), NULL, &BOUNDS, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_nonnull (g_strrstr (error->message, "--port"));
}

static void
test_hangs_up_after_the_deadline (Fixture *fixture, gconstpointer user_data)
{
  gint64 before_us = g_get_monotonic_time ();
  g_autoptr (GSocketConnection) slow = dial (fixture, "127.0.0.1");

  wait_for_streams (fixture, 1);
  assert_refused (slow);
  /* Timers of whole seconds may be early. */
  g_assert_cmpint (g_get_monotonic_time () - before_us, >=, DEADLINE_S * G_USEC_PER_SEC / 4);
}

static void
test_leaves_what_is_kept (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GSocketConnection) kept = dial (fixture, "127.0.0.1");
  g_autoptr (GSocketConnection) slow = NULL;

  wait_for_streams (fixture, 1);
  salon_listener_keep (g_ptr_array_index (fixture->streams, 0));
  slow = dial (fixture, "127.0.0.1");
  assert_refused (slow);
  g_assert_cmpint (g_socket_condition_check (g_socket_connection_get_socket (kept), G_IO_IN | G_IO_HUP), ==, 0);
}

#define ADD(path, function) g_test_add ("/listener/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  ADD ("hands-over-streams", test_hands_over_streams);
  ADD ("refuses-what-is-too-much-and-recovers", test_refuses_what_is_too_much_and_recovers);
  ADD ("hears-again-after-running-out-of-descriptors", test_hears_again_after_running_out_of_descriptors);
  ADD ("names-the-taken-port", test_names_the_taken_port);
  ADD ("hangs-up-after-the-deadline", test_hangs_up_after_the_deadline);
  ADD ("leaves-what-is-kept", test_leaves_what_is_kept);
  return g_test_run ();
}
