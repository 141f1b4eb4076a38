/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <gst/gst.h>
#include <string.h>
#include <sys/socket.h>

#include "salon-json.h"
#include "salon-limits.h"
#include "salon-socket.h"

#define PING_INTERVAL_S 1
#define PING_TIMEOUT_S 2
#define MAX_BACKLOG_BYTES (2 * SALON_LIMIT_SEND_QUEUE_BYTES)

/* Both ends of a connection. The client is libsoup's where it behaves, and a bare stream where it does not. */
typedef struct
{
  SalonSocket *socket; /* NULL once given up */
  GIOStream *client_stream;
  SoupWebsocketConnection *client; /* NULL unless asked for */
  SalonBacklog *backlog;
  guint watchdog_id;

  /* What the owner of the socket saw: */
  GString *log; /* one word per signal */
  void (*on_event) (gpointer fixture);

  /* What the client saw: */
  GString *received; /* messages, one a line */
  gboolean client_closed;
} Fixture;

static gboolean
on_watchdog (gpointer user_data)
{
  g_error ("nothing happens any more; so far: %s", ((Fixture *)user_data)->log->str);
  return G_SOURCE_REMOVE;
}

static void
note (Fixture *fixture, const char *word)
{
  g_string_append_printf (fixture->log, "%s ", word);
  if (fixture->on_event != NULL)
    fixture->on_event (fixture);
}

static void
on_message (SalonSocket *socket, JsonNode *message, Fixture *fixture)
{
  g_autofree char *text = salon_json_to_text (message);

  note (fixture, text);
}

static void
on_bad_message (SalonSocket *socket, GError *error, Fixture *fixture)
{
  note (fixture, "bad-message");
}

static void
on_closed (SalonSocket *socket, Fixture *fixture)
{
  note (fixture, "closed");
}

static void
on_client_message (SoupWebsocketConnection *client, SoupWebsocketDataType type, GBytes *bytes, Fixture *fixture)
{
  g_string_append_printf (fixture->received, "%s\n", (const char *)g_bytes_get_data (bytes, NULL));
}

static void
on_client_closed (SoupWebsocketConnection *client, Fixture *fixture)
{
  fixture->client_closed = TRUE;
}

static GIOStream *
stream_of (int fd)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, NULL);

  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static void
set_up (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GUri) uri = g_uri_parse ("ws://localhost/ws", SOUP_HTTP_URI_FLAGS, NULL);
  g_autoptr (GIOStream) stream = NULL;
  SalonSocketOptions options = { .ping_interval_s = PING_INTERVAL_S, .ping_timeout_s = PING_TIMEOUT_S };
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  stream = stream_of (fds[0]);
  fixture->client_stream = stream_of (fds[1]);
  fixture->backlog = salon_backlog_new (MAX_BACKLOG_BYTES);
  options.backlog = fixture->backlog;
  fixture->socket = salon_socket_new (stream, uri, &options);
  fixture->log = g_string_new (NULL);
  fixture->received = g_string_new (NULL);
  fixture->watchdog_id = g_timeout_add_seconds (10, on_watchdog, fixture);
  g_signal_connect (fixture->socket, "message", G_CALLBACK (on_message), fixture);
  g_signal_connect (fixture->socket, "bad-message", G_CALLBACK (on_bad_message), fixture);
  g_signal_connect (fixture->socket, "closed", G_CALLBACK (on_closed), fixture);
}

static void
use_libsoup (Fixture *fixture)
{
  g_autoptr (GUri) uri = g_uri_parse ("ws://localhost/ws", SOUP_HTTP_URI_FLAGS, NULL);

  fixture->client
      = soup_websocket_connection_new (fixture->client_stream, uri, SOUP_WEBSOCKET_CONNECTION_CLIENT, NULL, NULL, NULL);
  soup_websocket_connection_set_max_incoming_payload_size (fixture->client, 0);
  g_signal_connect (fixture->client, "message", G_CALLBACK (on_client_message), fixture);
  g_signal_connect (fixture->client, "closed", G_CALLBACK (on_client_closed), fixture);
}

static void
wait_for_log (Fixture *fixture, const char *text)
{
  while (strstr (fixture->log->str, text) == NULL)
    g_main_context_iteration (NULL, TRUE);
}

/* Whatever is still on its way. */
static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static gboolean
on_time_over (gpointer user_data)
{
  *(gboolean *)user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
run_for (guint duration_ms)
{
  gboolean is_over = FALSE;

  g_timeout_add (duration_ms, on_time_over, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
}

static void
tear_down (Fixture *fixture, gconstpointer user_data)
{
  if (fixture->client != NULL)
    g_signal_handlers_disconnect_by_data (fixture->client, fixture);
  g_clear_object (&fixture->client);
  g_clear_object (&fixture->client_stream);
  settle ();
  if (fixture->socket != NULL)
    g_assert_finalize_object (fixture->socket);
  settle ();
  salon_backlog_unref (fixture->backlog);
  g_source_remove (fixture->watchdog_id);
  g_string_free (fixture->log, TRUE);
  g_string_free (fixture->received, TRUE);
}

/* A client's frame (RFC 6455 section 5.2), masked with zeros; size up to 65535. */
static void
write_frame (Fixture *fixture, guint8 first_byte, gconstpointer payload, gsize size)
{
  const guint8 mask[4] = { 0 };
  g_autoptr (GByteArray) frame = g_byte_array_new ();
  const guint8 short_header[] = { first_byte, 0x80 | size };
  const guint8 long_header[] = { first_byte, 0x80 | 126, size >> 8, size & 0xff };

  if (size < 126)
    g_byte_array_append (frame, short_header, sizeof short_header);
  else
    g_byte_array_append (frame, long_header, sizeof long_header);
  g_byte_array_append (frame, mask, sizeof mask);
  if (size > 0)
    g_byte_array_append (frame, payload, size);
  g_assert_true (g_output_stream_write_all (
      g_io_stream_get_output_stream (fixture->client_stream), frame->data, frame->len, NULL, NULL, NULL));
}

static void
send_number (Fixture *fixture, int number)
{
  salon_socket_send (fixture->socket, json_node_init_int (json_node_alloc (), number));
}

static void
test_carries_json_both_ways (Fixture *fixture, gconstpointer user_data)
{
  use_libsoup (fixture);
  soup_websocket_connection_send_text (fixture->client, " {\"a\" : 1}");
  soup_websocket_connection_send_text (fixture->client, "[]");
  wait_for_log (fixture, "{\"a\":1} [] ");
  send_number (fixture, 1);
  send_number (fixture, 2);
  while (!g_str_equal (fixture->received->str, "1\n2\n"))
    g_main_context_iteration (NULL, TRUE);
}

static void
test_reports_bad_json_and_goes_on (Fixture *fixture, gconstpointer user_data)
{
  use_libsoup (fixture);
  soup_websocket_connection_send_text (fixture->client, "{");
  soup_websocket_connection_send_text (fixture->client, "2");
  wait_for_log (fixture, "bad-message 2 ");
}

static void
test_refuses_binary (Fixture *fixture, gconstpointer user_data)
{
  use_libsoup (fixture);
  soup_websocket_connection_send_binary (fixture->client, "{}", 2);
  wait_for_log (fixture, "closed");
  while (!fixture->client_closed)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (
      soup_websocket_connection_get_close_code (fixture->client), ==, SOUP_WEBSOCKET_CLOSE_UNSUPPORTED_DATA);
  g_assert_cmpstr (fixture->log->str, ==, "closed ");
}

static void
test_refuses_a_long_message (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *text = g_strnfill (SALON_LIMIT_MESSAGE_BYTES + 1, ' ');

  use_libsoup (fixture);
  soup_websocket_connection_send_text (fixture->client, text);
  wait_for_log (fixture, "closed");
  g_assert_cmpstr (fixture->log->str, ==, "closed ");
}

static void
test_takes_fragments (Fixture *fixture, gconstpointer user_data)
{
  write_frame (fixture, 0x01, "{\"a\"", 4);
  write_frame (fixture, 0x00, ":", 1);
  write_frame (fixture, 0x80, "1}", 2);
  wait_for_log (fixture, "{\"a\":1} ");
}

static void
test_refuses_endless_fragments (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *payload = g_strnfill (32 * 1024, ' ');
  gsize sent = 0;

  for (guint8 first = 0x01; strlen (fixture->log->str) == 0; first = 0x00)
    {
      g_assert_cmpuint (sent, <=, SALON_LIMIT_MESSAGE_BYTES + 64 * 1024);
      write_frame (fixture, first, payload, 32 * 1024);
      sent += 32 * 1024;
      settle ();
    }
  g_assert_cmpstr (fixture->log->str, ==, "closed ");
}

static void
test_bounds_each_message_alone (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *payload = g_strnfill (32 * 1024, ' ');

  payload[0] = '7';
  for (guint i = 0; i < 2 * SALON_LIMIT_MESSAGE_BYTES / (32 * 1024); i++)
    {
      g_string_truncate (fixture->log, 0);
      write_frame (fixture, 0x81, payload, 32 * 1024);
      wait_for_log (fixture, "7 ");
    }
}

static void
test_survives_garbage (Fixture *fixture, gconstpointer user_data)
{
  static const char garbage[] = "GET / HTTP/1.1\r\n\r\n";
  GOutputStream *output = g_io_stream_get_output_stream (fixture->client_stream);

  g_assert_true (g_output_stream_write_all (output, garbage, sizeof garbage, NULL, NULL, NULL));
  wait_for_log (fixture, "closed");
  g_assert_cmpstr (fixture->log->str, ==, "closed ");
}

static void
test_cuts_off_who_does_not_read (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *text = g_strnfill (64 * 1024, 'x');
  gsize sent = 0;

  while (strlen (fixture->log->str) == 0)
    {
      g_assert_cmpuint (sent, <=, SALON_LIMIT_SEND_QUEUE_BYTES + 1024 * 1024);
      salon_socket_send (fixture->socket, json_node_init_string (json_node_alloc (), text));
      sent += strlen (text);
      settle ();
    }
  g_assert_cmpuint (sent, >, SALON_LIMIT_SEND_QUEUE_BYTES);
  g_assert_cmpstr (fixture->log->str, ==, "closed ");
  send_number (fixture, 1);
}

static void
test_has_to_go_for_the_backlog_of_all (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *text = g_strnfill (64 * 1024, 'x');
  gpointer largest = NULL;

  for (guint i = 0; i < 12; i++)
    salon_socket_send (fixture->socket, json_node_init_string (json_node_alloc (), text));
  g_assert_cmpstr (fixture->log->str, ==, "");
  /* Others, who each keep less than this one, and together all that there is. */
  for (guint i = 1; i <= 8; i++)
    largest = salon_backlog_set (fixture->backlog, GUINT_TO_POINTER (i), MAX_BACKLOG_BYTES / 8);
  g_assert_true (largest == fixture->socket);
  send_number (fixture, 1);
  settle ();
  g_assert_cmpstr (fixture->log->str, ==, "closed ");
  g_assert_cmpint (salon_socket_get_end (fixture->socket), ==, SALON_SOCKET_BROKEN);
}

static void
test_refuses_a_message_that_never_ends (Fixture *fixture, gconstpointer user_data)
{
  gint64 before_us = g_get_monotonic_time ();

  write_frame (fixture, 0x01, "[", 1);
  while (strlen (fixture->log->str) == 0)
    {
      write_frame (fixture, 0x8a, NULL, 0); /* pongs do not help */
      write_frame (fixture, 0x00, "1,", 2);
      run_for (100);
    }
  g_assert_cmpint (g_get_monotonic_time () - before_us, <, 2 * PING_TIMEOUT_S * G_USEC_PER_SEC);
}

static void
test_sends_all_before_it_closes (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *text = g_strnfill (64 * 1024, 'x');

  for (guint i = 0; i < 12; i++)
    salon_socket_send (fixture->socket, json_node_init_string (json_node_alloc (), text));
  send_number (fixture, 42);
  salon_socket_close (fixture->socket, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, "bye");
  salon_socket_close (fixture->socket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
  g_assert_false (salon_socket_is_open (fixture->socket));
  g_clear_object (&fixture->socket); /* lives on by itself */
  use_libsoup (fixture);
  wait_for_log (fixture, "closed");
  while (!fixture->client_closed)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_str_has_suffix (fixture->received->str, "\n42\n"));
  g_assert_cmpint (soup_websocket_connection_get_close_code (fixture->client), ==, SOUP_WEBSOCKET_CLOSE_GOING_AWAY);
  g_assert_cmpstr (fixture->log->str, ==, "closed ");
}

static void
test_sends_nothing_to_who_is_closing (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *text = g_strnfill (64 * 1024, 'x');

  /* More than the stream takes at once: some of it still waits when the client's close frame arrives. */
  for (guint i = 0; i < 12; i++)
    salon_socket_send (fixture->socket, json_node_init_string (json_node_alloc (), text));
  write_frame (fixture, 0x88, "\x03\xe8", 2);
  while (salon_socket_is_open (fixture->socket))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (fixture->log->str, ==, "");
  send_number (fixture, 1);
  salon_socket_close (fixture->socket, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, "bye");
  g_io_stream_close (fixture->client_stream, NULL, NULL);
  wait_for_log (fixture, "closed");
  g_assert_cmpstr (fixture->log->str, ==, "closed ");
}

static void
test_notices_a_vanished_client (Fixture *fixture, gconstpointer user_data)
{
  g_io_stream_close (fixture->client_stream, NULL, NULL);
  wait_for_log (fixture, "closed");
  send_number (fixture, 1);
  salon_socket_close (fixture->socket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
  settle ();
  g_assert_cmpstr (fixture->log->str, ==, "closed ");
}

static void
close_in_signal (gpointer user_data)
{
  Fixture *fixture = user_data;

  salon_socket_close (fixture->socket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
}

static void
test_can_be_closed_in_its_signals (Fixture *fixture, gconstpointer user_data)
{
  fixture->on_event = close_in_signal;
  use_libsoup (fixture);
  soup_websocket_connection_send_text (fixture->client, "1");
  soup_websocket_connection_send_text (fixture->client, "2");
  wait_for_log (fixture, "closed");
  g_assert_cmpstr (fixture->log->str, ==, "1 closed ");
}

static void
drop_in_signal (gpointer user_data)
{
  Fixture *fixture = user_data;

  g_clear_object (&fixture->socket);
}

static void
test_can_be_dropped_in_its_signals (Fixture *fixture, gconstpointer user_data)
{
  fixture->on_event = drop_in_signal;
  use_libsoup (fixture);
  soup_websocket_connection_send_text (fixture->client, "1");
  soup_websocket_connection_send_text (fixture->client, "2");
  while (!fixture->client_closed)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (fixture->log->str, ==, "1 ");
}

static void
test_can_be_dropped_when_closed (Fixture *fixture, gconstpointer user_data)
{
  fixture->on_event = drop_in_signal;
  g_io_stream_close (fixture->client_stream, NULL, NULL);
  wait_for_log (fixture, "closed");
  g_assert_null (fixture->socket);
}

static void
test_cuts_off_who_is_silent (Fixture *fixture, gconstpointer user_data)
{
  gint64 before_us = g_get_monotonic_time ();

  /* The bare stream answers no ping. */
  wait_for_log (fixture, "closed");
  g_assert_cmpint (g_get_monotonic_time () - before_us, >=, PING_TIMEOUT_S * G_USEC_PER_SEC);
  g_assert_cmpint (g_get_monotonic_time () - before_us, <, 2 * PING_TIMEOUT_S * G_USEC_PER_SEC);
  g_assert_cmpint (salon_socket_get_end (fixture->socket), ==, SALON_SOCKET_BROKEN);
  g_assert_cmpstr (fixture->log->str, ==, "closed ");
}

static void
test_keeps_who_answers_pings (Fixture *fixture, gconstpointer user_data)
{
  use_libsoup (fixture);
  run_for (2 * PING_TIMEOUT_S * 1000);
  g_assert_cmpstr (fixture->log->str, ==, "");
  g_assert_true (salon_socket_is_open (fixture->socket));
}

/* A server that was stopped, or starved, cannot tell who was silent meanwhile. */
static void
test_keeps_clients_over_a_stop_of_its_own (Fixture *fixture, gconstpointer user_data)
{
  write_frame (fixture, 0x8a, NULL, 0);
  run_for (PING_TIMEOUT_S * 375); /* the pong is a quarter old */
  g_usleep (2 * PING_TIMEOUT_S * G_USEC_PER_SEC);
  run_for (PING_TIMEOUT_S * 500);
  g_assert_cmpstr (fixture->log->str, ==, "");
  wait_for_log (fixture, "closed");
}

static void
test_refuses_a_flood_of_pings (Fixture *fixture, gconstpointer user_data)
{
  for (guint i = 0; i < SALON_LIMIT_PINGS_BURST; i++)
    write_frame (fixture, 0x89, "hello", 5);
  settle ();
  g_assert_cmpstr (fixture->log->str, ==, "");
  for (guint i = 0; i < SALON_LIMIT_PINGS_BURST; i++)
    write_frame (fixture, 0x89, "hello", 5);
  settle ();
  g_assert_cmpstr (fixture->log->str, ==, "closed ");
}

#define ADD(path, function) g_test_add ("/socket/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  ADD ("carries-json-both-ways", test_carries_json_both_ways);
  ADD ("reports-bad-json-and-goes-on", test_reports_bad_json_and_goes_on);
  ADD ("refuses-binary", test_refuses_binary);
  ADD ("refuses-a-long-message", test_refuses_a_long_message);
  ADD ("takes-fragments", test_takes_fragments);
  ADD ("refuses-endless-fragments", test_refuses_endless_fragments);
  ADD ("bounds-each-message-alone", test_bounds_each_message_alone);
  ADD ("survives-garbage", test_survives_garbage);
  ADD ("cuts-off-who-does-not-read", test_cuts_off_who_does_not_read);
  ADD ("has-to-go-for-the-backlog-of-all", test_has_to_go_for_the_backlog_of_all);
  ADD ("refuses-a-message-that-never-ends", test_refuses_a_message_that_never_ends);
  ADD ("sends-all-before-it-closes", test_sends_all_before_it_closes);
  ADD ("sends-nothing-to-who-is-closing", test_sends_nothing_to_who_is_closing);
  ADD ("notices-a-vanished-client", test_notices_a_vanished_client);
  ADD ("can-be-closed-in-its-signals", test_can_be_closed_in_its_signals);
  ADD ("can-be-dropped-in-its-signals", test_can_be_dropped_in_its_signals);
  ADD ("can-be-dropped-when-closed", test_can_be_dropped_when_closed);
  ADD ("cuts-off-who-is-silent", test_cuts_off_who_is_silent);
  ADD ("keeps-who-answers-pings", test_keeps_who_answers_pings);
  ADD ("keeps-clients-over-a-stop-of-its-own", test_keeps_clients_over_a_stop_of_its_own);
  ADD ("refuses-a-flood-of-pings", test_refuses_a_flood_of_pings);
  return g_test_run ();
}
