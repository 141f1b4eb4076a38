/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-store-fixture.h"

#include <gio/gunixsocketaddress.h>
#include <gst/gst.h>
#include <signal.h>
#include <string.h>

#include "salon-error.h"
#include "salon-store-private.h"

/* Redis goes and comes back, with what it knew or without. */

static const Times quick = { .lease_ms = 3000, .heartbeat_ms = 50, .deadline_ms = 1000 };
static const Times impatient = { .lease_ms = WATCHDOG_S * 1000, .heartbeat_ms = 50, .deadline_ms = 1000 };

static const Times slow = { .lease_ms = WATCHDOG_S * 1000, .heartbeat_ms = 50, .deadline_ms = WATCHDOG_S * 1000 };

static const char *const ada[] = { "ada ada/1 ada-token 1", NULL };
static const char *const bob[] = { "bob bob/1 bob-token 2", NULL };
static const char *const nobody[] = { NULL };

/* owls, with ada on node-1 and bob on node-2. */
static SalonRoomInfo *
open_owls (Fixture *fixture, SalonLifetime lifetime)
{
  g_autoptr (GError) error = NULL;
  SalonRoomInfo *room = create (fixture->a.store, "owls", lifetime, 2, &error);

  g_assert_no_error (error);
  assert_host (join (fixture->a.store, "owls", "ada", FALSE, NULL), "ada", 1);
  assert_host (join (fixture->b.store, "owls", "bob", FALSE, NULL), "ada", 2);
  expect (&fixture->a, "changed %s", room->id);
  return room;
}

static void
redis_command (Fixture *fixture, const char *line)
{
  g_autoptr (GError) error = NULL;

  salon_redis_reply_free (command (fixture->redis.redis, line, &error));
  g_assert_no_error (error);
}

/* ---- Redis keeps what it knew ---- */

static void
test_tells_when_redis_is_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = open_owls (fixture, SALON_LIFETIME_EPHEMERAL);

  expect_nothing (&fixture->a);
  expect_nothing (&fixture->b);
  g_assert_cmpint (kill (redis_pid_when_written (fixture->redis.redis), SIGKILL), ==, 0);
  expect (&fixture->a, "restored");
  expect (&fixture->b, "restored");
  /* Listening again, too. */
  salon_room_info_free (set_flag (fixture->a.store, room->id, "ada", SALON_ROOM_IS_LOCKED, TRUE, NULL));
  expect (&fixture->b, "changed %s", room->id);
  /* Whoever claims what is there changes nothing. */
  assert_state (claim (fixture->b.store, room, bob, NULL), "ada@node-1/ada/1 bob@node-2/bob/1", "");
  expect_nothing (&fixture->a);
}

/* What was published in between is lost, with either connection. */
static void
test_tells_when_events_were_lost (Fixture *fixture, gconstpointer data)
{
  static const char *const kill_lines[] = { "CLIENT KILL TYPE pubsub", "CLIENT KILL TYPE normal SKIPME yes" };
  g_autoptr (SalonRoomInfo) room = open_owls (fixture, SALON_LIFETIME_EPHEMERAL);

  for (gsize i = 0; i < G_N_ELEMENTS (kill_lines); i++)
    {
      redis_command (fixture, kill_lines[i]);
      expect (&fixture->a, "restored");
      expect (&fixture->b, "restored");
    }
}

/* R15: for longer than a lease, and nobody is taken for dead. */
static void
test_nobody_is_dead_because_redis_was_away (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = open_owls (fixture, SALON_LIFETIME_EPHEMERAL);
  g_autofree char *epoch = g_strdup (fixture->b.store->epoch);
  GPid pid = redis_pid (fixture->redis.redis);

  /* So that Redis, when it goes on, can run the heartbeat that it got before: it renews the lease. */
  run_for (4 * quick.heartbeat_ms);
  node_pause (&fixture->b);
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  run_for (quick.lease_ms + 200);
  /* A heartbeat waits for the connection: it was made out when the lease had long run out. */
  while (!fixture->a.store->is_beating || g_get_monotonic_time () < fixture->a.store->may_reap_after_us)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (kill (pid, SIGCONT), ==, 0);
  expect (&fixture->a, "restored");
  run_for (4 * quick.heartbeat_ms);
  /* The last to be back; standing still, it has not even noticed. */
  node_resume (&fixture->b);
  run_for (quick.lease_ms + 4 * quick.heartbeat_ms);
  g_assert_cmpstr (fixture->b.store->epoch, ==, epoch);
  assert_members (fixture->a.store, room->id, "ada@node-1/ada/1 bob@node-2/bob/1");
  expect_nothing (&fixture->a);
  expect_nothing (&fixture->b);
}

/* ---- Redis has forgotten ---- */

static void
test_claims_bring_a_lost_room_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = open_owls (fixture, SALON_LIFETIME_PERMANENT);
  g_autoptr (SalonRoomInfo) locked = set_flag (fixture->a.store, room->id, "ada", SALON_ROOM_IS_LOCKED, TRUE, NULL);
  g_autoptr (SalonRoomInfo) back = NULL;
  g_autoptr (GError) error = NULL;

  expect (&fixture->b, "changed %s", room->id);
  redis_command (fixture, "FLUSHALL");
  expect (&fixture->a, "restored");
  expect (&fixture->b, "restored");
  /* Full or locked does not matter, nor who is first: the order is as it was. */
  assert_state (claim (fixture->b.store, locked, bob, &error), "bob@node-2/bob/1", "");
  assert_state (claim (fixture->a.store, locked, ada, &error), "ada@node-1/ada/1 bob@node-2/bob/1", "");
  g_assert_no_error (error);
  expect (&fixture->b, "changed %s", room->id);
  back = get (fixture->a.store, "owls", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (back->id, ==, room->id);
  g_assert_cmpint (back->lifetime, ==, SALON_LIFETIME_PERMANENT);
  g_assert_true (back->is_locked);
  g_assert_cmpuint (back->max_members, ==, 2);
  g_assert_cmpint (back->created_at_s, ==, room->created_at_s);
  /* And they can come back. */
  salon_room_state_free (join_as (fixture->b.store, "owls ada2 ada/2 t ada-token", FALSE, NULL, &error));
  g_assert_no_error (error);
  assert_members (fixture->a.store, room->id, "ada@node-2/ada/2 bob@node-2/bob/1");
}

/* A crash of the machine takes the last writes. */
static void
test_claims_bring_lost_writes_back (Fixture *fixture, gconstpointer data)
{
  static const char *const ada_later[] = { "ada ada/2 ada-token 1", NULL };
  g_autoptr (SalonRoomInfo) room = open_owls (fixture, SALON_LIFETIME_EPHEMERAL);
  g_autoptr (GError) error = NULL;

  /* From now on nothing is written. */
  (void)redis_pid_when_written (fixture->redis.redis);
  redis_command (fixture, "CONFIG SET appendonly no");
  assert_host (leave (fixture->b.store, room->id, "bob", NULL), "ada", 1);
  salon_room_state_free (join_as (fixture->a.store, "owls ada2 ada/2 t ada-token", FALSE, NULL, &error));
  assert_host (join (fixture->b.store, "owls", "eve", FALSE, &error), "ada", 2);
  g_assert_no_error (error);
  g_assert_cmpint (kill (redis_pid (fixture->redis.redis), SIGKILL), ==, 0);
  await_event (&fixture->a, "restored");
  await_event (&fixture->b, "restored");
  assert_members (fixture->a.store, room->id, "ada@node-1/ada/1 bob@node-2/bob/1");
  assert_state (claim (fixture->b.store, room, (const char *[]){ "eve eve/1 eve-token 0", NULL }, &error),
      "ada@node-1/ada/1 eve@node-2/eve/1", "");
  assert_state (claim (fixture->a.store, room, ada_later, &error), "ada@node-1/ada/2 eve@node-2/eve/1", "");
  g_assert_no_error (error);
  await_event (&fixture->b, "changed %s", room->id);
  await_event (&fixture->a, "changed %s", room->id);
}

/* ---- what a claim does ---- */

static void
test_who_is_not_claimed_goes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = open_owls (fixture, SALON_LIFETIME_EPHEMERAL);
  g_autoptr (GError) error = NULL;

  assert_state (claim (fixture->b.store, room, nobody, &error), "ada@node-1/ada/1", "");
  expect (&fixture->a, "changed %s", room->id);
  /* Even the last one, and with them the room. */
  g_assert_null (claim (fixture->a.store, room, nobody, &error));
  assert_refused (&error, SALON_ERROR_ROOM_NOT_FOUND);
  assert_redis_is_empty (fixture);
}

static void
test_who_came_back_elsewhere_is_left_there (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = open_owls (fixture, SALON_LIFETIME_EPHEMERAL);
  g_autoptr (GError) error = NULL;

  salon_room_state_free (join_as (fixture->b.store, "owls ada2 ada/2 t ada-token", FALSE, NULL, &error));
  assert_state (claim (fixture->a.store, room, ada, &error), "ada@node-2/ada/2 bob@node-2/bob/1", "");
  g_assert_no_error (error);
  expect_nothing (&fixture->b);
}

/* The claim was made out before the replies to the joins came. */
static void
test_a_claim_spares_joins_under_way (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 5, NULL);
  GAsyncResult *slots[2] = { NULL };
  g_autoptr (GError) error = NULL;

  assert_host (join (fixture->a.store, "owls", "ada", FALSE, NULL), "ada", 1);
  join_begin (fixture->a.store, "owls eve eve/1 eve-token -", FALSE, &slots[0]);
  join_begin (fixture->a.store, "owls ada2 ada/2 t ada-token", FALSE, &slots[1]);
  assert_state (claim (fixture->a.store, room, ada, &error), "ada@node-1/ada/2 eve@node-1/eve/1", "");
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (slots); i++)
    salon_room_state_free (join_end (fixture->a.store, &slots[i], NULL, &error));
  /* The same after them. */
  assert_state (claim (fixture->a.store, room, ada, &error), "ada@node-1/ada/1", "");
}

static void
test_who_was_thrown_out_is_not_put_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = open_owls (fixture, SALON_LIFETIME_PERMANENT);
  g_autoptr (GError) error = NULL;

  g_assert_true (kick (fixture->a.store, room->id, "ada", "bob", NULL));
  assert_state (claim (fixture->b.store, room, bob, &error), "ada@node-1/ada/1", "");
  g_assert_no_error (error);
  g_assert_true (close_room (fixture->a.store, room->id, "ada", NULL));
  assert_state (claim (fixture->a.store, room, ada, &error), "", "");
  g_assert_no_error (error);
}

static void
test_a_room_that_is_gone_is_not_claimed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) deleted = open_owls (fixture, SALON_LIFETIME_PERMANENT);
  g_autoptr (SalonRoomInfo) closed = NULL;
  g_autoptr (SalonRoomInfo) expired = NULL;
  g_autoptr (GError) error = NULL;

  salon_room_info_free (delete_room (fixture->b.store, "owls", NULL, NULL));
  expect (&fixture->a, "deleted %s", deleted->id);
  g_assert_null (claim (fixture->a.store, deleted, ada, &error));
  assert_refused (&error, SALON_ERROR_ROOM_NOT_FOUND);

  closed = open_owls (fixture, SALON_LIFETIME_EPHEMERAL);
  g_assert_true (close_room (fixture->a.store, closed->id, "ada", NULL));
  g_assert_null (claim (fixture->b.store, closed, bob, &error));
  assert_refused (&error, SALON_ERROR_ROOM_NOT_FOUND);

  expired = salon_room_info_copy (closed);
  g_free (expired->id);
  expired->id = g_uuid_string_random ();
  expired->expires_at_s = g_get_real_time () / G_USEC_PER_SEC;
  g_assert_null (claim (fixture->b.store, expired, bob, &error));
  assert_refused (&error, SALON_ERROR_ROOM_NOT_FOUND);
  expired->expires_at_s = 0;
  assert_state (claim (fixture->b.store, expired, bob, &error), "bob@node-2/bob/1", "");
  g_assert_null (leave (fixture->b.store, expired->id, "bob", NULL));
  assert_redis_is_empty (fixture);
}

/* The room went with its last member, as far as Redis knew, and others took its name, or its id for a name. */
static void
test_a_name_that_is_taken_is_not_claimed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = join (fixture->a.store, "owls", "ada", TRUE, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (leave (fixture->a.store, room->id, "ada", NULL));
  assert_host (join (fixture->b.store, "owls", "bob", TRUE, NULL), "bob", 1);
  g_assert_null (claim (fixture->a.store, room, ada, &error));
  assert_refused (&error, SALON_ERROR_ROOM_EXISTS);
  g_assert_null (leave (fixture->b.store, "owls", "bob", NULL));
  assert_host (join (fixture->b.store, room->id, "bob", TRUE, NULL), "bob", 1);
  g_assert_null (claim (fixture->a.store, room, ada, &error));
  assert_refused (&error, SALON_ERROR_ROOM_EXISTS);
}

/* ---- a connection that is dead without a word ---- */

/* Passes on what it gets, both ways, until it is told to keep what Redis says to itself. */
typedef struct
{
  GSocketService *service;
  char *path;           /* of Redis' socket */
  GCancellable *muting; /* of the connections there are */
} Proxy;

static void
on_spliced (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GSocketConnection) other = user_data;

  /* Over: for good, unless it was muted. */
  if (g_output_stream_splice_finish (G_OUTPUT_STREAM (source), result, NULL) >= 0)
    g_io_stream_close (G_IO_STREAM (other), NULL, NULL);
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *incoming, GObject *source, gpointer user_data)
{
  Proxy *proxy = user_data;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (proxy->path);
  g_autoptr (GSocketConnection) redis = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);

  g_assert_nonnull (redis);
  g_output_stream_splice_async (g_io_stream_get_output_stream (G_IO_STREAM (redis)),
      g_io_stream_get_input_stream (G_IO_STREAM (incoming)), G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT, NULL,
      on_spliced, g_object_ref (redis));
  g_output_stream_splice_async (g_io_stream_get_output_stream (G_IO_STREAM (incoming)),
      g_io_stream_get_input_stream (G_IO_STREAM (redis)), G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT,
      proxy->muting, on_spliced, g_object_ref (incoming));
  return TRUE;
}

static char *
proxy_open (Proxy *proxy, Fixture *fixture)
{
  guint16 port;

  proxy->service = g_socket_service_new ();
  proxy->path = g_build_filename (fixture->redis.dir, "redis", "redis.sock", NULL);
  proxy->muting = g_cancellable_new ();
  port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (proxy->service), NULL, NULL);
  g_assert_cmpuint (port, !=, 0);
  g_signal_connect (proxy->service, "incoming", G_CALLBACK (on_incoming), proxy);
  return g_strdup_printf ("redis://127.0.0.1:%u", port);
}

static void
proxy_mute (Proxy *proxy)
{
  g_cancellable_cancel (proxy->muting);
  g_object_unref (proxy->muting);
  proxy->muting = g_cancellable_new ();
}

static void
proxy_close (Proxy *proxy)
{
  g_socket_service_stop (proxy->service);
  g_socket_listener_close (G_SOCKET_LISTENER (proxy->service));
  g_object_unref (proxy->service);
  g_object_unref (proxy->muting);
  g_free (proxy->path);
  run_ready ();
}

static void
test_notices_that_it_hears_nothing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = open_owls (fixture, SALON_LIFETIME_PERMANENT);
  g_autoptr (GError) error = NULL;
  g_autofree char *url = NULL;
  gboolean is_registered;
  Proxy proxy;
  Node third;

  assert_host (leave (fixture->b.store, room->id, "bob", NULL), "ada", 1);
  expect (&fixture->a, "changed %s", room->id);
  url = proxy_open (&proxy, fixture);
  node_init (&third, url, "node-3", &impatient);
  is_registered = register_store (third.store, WATCHDOG_S * 1000, &error);
  g_assert_no_error (error);
  g_assert_true (is_registered);
  assert_host (join (third.store, "owls", "eve", FALSE, NULL), "ada", 2);
  proxy_mute (&proxy);
  /* That no command is answered is noticed first; then that nothing is heard. */
  expect (&third, "restored");
  salon_room_info_free (set_flag (fixture->a.store, room->id, "ada", SALON_ROOM_IS_LOCKED, TRUE, NULL));
  expect (&third, "restored");
  salon_room_info_free (set_flag (fixture->a.store, room->id, "ada", SALON_ROOM_IS_LOCKED, FALSE, NULL));
  expect (&third, "changed %s", room->id);
  node_close (&third);
  proxy_close (&proxy);
}

/* ---- beginning and end ---- */

static void
test_registers_in_time_or_not (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = g_strdup_printf ("unix://%s/nothing.sock", fixture->redis.dir);
  g_autoptr (GError) error = NULL;
  Node third;

  node_init (&third, url, "node-3", NULL);
  g_assert_false (register_store (third.store, 200, &error));
  assert_refused (&error, SALON_ERROR_STORE_UNAVAILABLE);
  node_close (&third);
}

/* Who cannot hear cannot serve. */
static void
test_does_not_register_deaf (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = g_strdup_printf ("unix://deaf:secret@%s/redis/redis.sock", fixture->redis.dir);
  g_autoptr (GError) error = NULL;
  Node third;

  redis_command (fixture, "ACL SETUSER deaf on >secret ~* +@all resetchannels");
  node_init (&third, url, "node-3", NULL);
  g_assert_false (register_store (third.store, 500, &error));
  assert_refused (&error, SALON_ERROR_STORE_UNAVAILABLE);
  node_close (&third);
}

static void
test_registering_can_be_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = g_strdup_printf ("unix://%s/nothing.sock", fixture->redis.dir);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *slot = NULL;
  Node third;

  node_init (&third, url, "node-3", NULL);
  salon_store_register_async (third.store, WATCHDOG_S * 1000, cancellable, keep_result, &slot);
  run_ready ();
  g_assert_null (slot);
  g_cancellable_cancel (cancellable);
  result = await (&slot);
  g_assert_false (salon_store_register_finish (third.store, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&result);
  node_close (&third);
}

static void
test_closes_at_every_step (Fixture *fixture, gconstpointer data)
{
  for (int n_steps = -1; n_steps < 60; n_steps++)
    {
      g_autoptr (GError) error = NULL;
      GAsyncResult *slot = NULL;
      Node third;

      node_init (&third, salon_redis_server_get_url (fixture->redis.server), "node-3", NULL);
      if (n_steps >= 0)
        salon_store_register_async (third.store, WATCHDOG_S * 1000, NULL, keep_result, &slot);
      for (int i = 0; i < n_steps; i++)
        g_main_context_iteration (NULL, FALSE);
      close_store (third.store);
      close_store (third.store);
      if (n_steps >= 0)
        {
          g_autoptr (GAsyncResult) result = await (&slot);

          if (!salon_store_register_finish (third.store, result, &error))
            g_assert_error (error, SALON_ERROR, SALON_ERROR_SHUTTING_DOWN);
        }
      g_clear_error (&error);
      g_assert_null (get (third.store, "owls", &error));
      g_assert_error (error, SALON_ERROR, SALON_ERROR_SHUTTING_DOWN);
      node_close (&third);
    }
  assert_redis_is_empty (fixture);
}

static void
test_closes_without_redis (Fixture *fixture, gconstpointer data)
{
  gint64 began_us;
  GPid pid = redis_pid (fixture->redis.redis);

  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  began_us = g_get_monotonic_time ();
  node_close (&fixture->a);
  /* A second, and what a slow machine adds. */
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, 3 * G_USEC_PER_SEC);
  g_assert_cmpint (kill (pid, SIGCONT), ==, 0);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
#define ADD(path, times, function)                                                                                     \
  g_test_add ("/store-outages/" path, Fixture, times, fixture_set_up, function, fixture_tear_down)
  ADD ("tells-when-redis-is-back", NULL, test_tells_when_redis_is_back);
  ADD ("tells-when-events-were-lost", NULL, test_tells_when_events_were_lost);
  ADD ("nobody-is-dead-because-redis-was-away", &quick, test_nobody_is_dead_because_redis_was_away);
  ADD ("claims-bring-a-lost-room-back", NULL, test_claims_bring_a_lost_room_back);
  ADD ("claims-bring-lost-writes-back", NULL, test_claims_bring_lost_writes_back);
  ADD ("who-is-not-claimed-goes", NULL, test_who_is_not_claimed_goes);
  ADD ("who-came-back-elsewhere-is-left-there", NULL, test_who_came_back_elsewhere_is_left_there);
  ADD ("a-claim-spares-joins-under-way", NULL, test_a_claim_spares_joins_under_way);
  ADD ("who-was-thrown-out-is-not-put-back", NULL, test_who_was_thrown_out_is_not_put_back);
  ADD ("a-room-that-is-gone-is-not-claimed", NULL, test_a_room_that_is_gone_is_not_claimed);
  ADD ("a-name-that-is-taken-is-not-claimed", NULL, test_a_name_that_is_taken_is_not_claimed);
  ADD ("notices-that-it-hears-nothing", NULL, test_notices_that_it_hears_nothing);
  ADD ("registers-in-time-or-not", NULL, test_registers_in_time_or_not);
  ADD ("does-not-register-deaf", NULL, test_does_not_register_deaf);
  ADD ("registering-can-be-cancelled", NULL, test_registering_can_be_cancelled);
  ADD ("closes-at-every-step", NULL, test_closes_at_every_step);
  ADD ("closes-without-redis", &slow, test_closes_without_redis);
#undef ADD
  return g_test_run ();
}
