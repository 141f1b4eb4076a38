/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-store-fixture.h"

#include <gst/gst.h>
#include <string.h>

#include "salon-error.h"
#include "salon-limits.h"

/* What the host may, waiting rooms, and rooms that age. The host is always on node-1, the others are on node-2. */

static SalonRoomInfo *
create_waiting (SalonStore *store, SalonLifetime lifetime, guint max_members)
{
  const SalonRoomSpec spec
      = { .slug = "owls", .lifetime = lifetime, .max_members = max_members, .has_waiting_room = TRUE };
  g_autoptr (GError) error = NULL;
  SalonRoomInfo *info = create_as (store, &spec, &error);

  g_assert_no_error (error);
  g_assert_true (info->has_waiting_room);
  return info;
}

/* line: see join_begin(). */
static void
assert_waits (SalonStore *store, const char *line)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *member = NULL;

  g_assert_null (join_as (store, line, FALSE, &member, &error));
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (strchr (line, ' ') + 1, member));
}

/* owls, with ada in it and bob before the door. */
static SalonRoomInfo *
let_bob_wait (Fixture *fixture, SalonLifetime lifetime, guint max_members)
{
  SalonRoomInfo *room = create_waiting (fixture->a.store, lifetime, max_members);

  assert_host (join (fixture->a.store, "owls", "ada", FALSE, NULL), "ada", 1);
  assert_waits (fixture->b.store, "owls bob bob/1 bob-token -");
  expect (&fixture->a, "changed %s", room->id);
  expect (&fixture->b, "changed %s", room->id);
  assert_state (fetch (fixture->a.store, room->id, NULL), "ada@node-1/ada/1", "bob@node-2/bob/1");
  return room;
}

/* ---- the waiting room ---- */

static void
test_who_is_let_in_joins (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = let_bob_wait (fixture, SALON_LIFETIME_PERMANENT, 5);
  g_autoptr (GError) error = NULL;

  salon_room_info_free (set_flag (fixture->a.store, room->id, "ada", SALON_ROOM_IS_LOCKED, TRUE, NULL));
  expect (&fixture->b, "changed %s", room->id);
  assert_state (admit (fixture->a.store, room->id, "ada", "bob", TRUE, &error), "ada@node-1/ada/1", "");
  expect (&fixture->b, "admitted bob");
  expect (&fixture->b, "changed %s", room->id);
  /* Twice is once, and too late to say no. */
  assert_state (admit (fixture->a.store, room->id, "ada", "bob", FALSE, &error), "ada@node-1/ada/1", "");
  assert_state (join_as (fixture->b.store, "owls bob bob/2 bob-token -", FALSE, NULL, &error),
      "ada@node-1/ada/1 bob@node-2/bob/2", "");
  g_assert_no_error (error);
  expect (&fixture->a, "changed %s", room->id);
  expect_nothing (&fixture->b);
  g_assert_null (admit (fixture->a.store, room->id, "ada", "bob", TRUE, &error));
  assert_refused (&error, SALON_ERROR_UNKNOWN_PARTICIPANT);
}

static void
test_who_is_sent_away_waits_no_more (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = let_bob_wait (fixture, SALON_LIFETIME_PERMANENT, 5);
  g_autoptr (GError) error = NULL;

  assert_state (admit (fixture->a.store, room->id, "ada", "bob", FALSE, &error), "ada@node-1/ada/1", "");
  expect (&fixture->b, "denied bob");
  g_assert_null (admit (fixture->a.store, room->id, "ada", "bob", TRUE, &error));
  assert_refused (&error, SALON_ERROR_UNKNOWN_PARTICIPANT);
  expect_nothing (&fixture->b);
}

static void
test_who_waits_can_give_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = let_bob_wait (fixture, SALON_LIFETIME_EPHEMERAL, 5);

  /* Not in another session. */
  assert_host (leave_as (fixture->b.store, room->id, "bob", "bob/0", NULL), "ada", 1);
  assert_state (fetch (fixture->a.store, room->id, NULL), "ada@node-1/ada/1", "bob@node-2/bob/1");
  assert_host (leave_as (fixture->b.store, room->id, "bob", "bob/1", NULL), "ada", 1);
  expect (&fixture->a, "changed %s", room->id);
  assert_state (fetch (fixture->a.store, room->id, NULL), "ada@node-1/ada/1", "");
  g_assert_null (leave (fixture->a.store, room->id, "ada", NULL));
  expect_nothing (&fixture->b);
  assert_redis_is_empty (fixture);
}

static void
test_asking_again_keeps_the_place (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = let_bob_wait (fixture, SALON_LIFETIME_PERMANENT, 5);

  assert_waits (fixture->b.store, "owls eve eve/1 eve-token -");
  assert_waits (fixture->b.store, "owls bob bob/2 bob-token -");
  assert_state (fetch (fixture->a.store, room->id, NULL), "ada@node-1/ada/1", "bob@node-2/bob/2 eve@node-2/eve/1");
}

static void
test_too_many_may_not_wait (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = let_bob_wait (fixture, SALON_LIFETIME_PERMANENT, 5);
  g_autoptr (GError) error = NULL;

  for (guint i = 1; i < SALON_LIMIT_WAITING; i++)
    {
      g_autofree char *line = g_strdup_printf ("owls m%u m%u/1 t%u -", i, i, i);

      assert_waits (fixture->b.store, line);
    }
  g_assert_null (join (fixture->b.store, "owls", "eve", FALSE, &error));
  assert_refused (&error, SALON_ERROR_TOO_MANY_REQUESTS);
  assert_waits (fixture->b.store, "owls bob bob/2 bob-token -");
}

static void
test_a_full_room_ends_the_waiting (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = let_bob_wait (fixture, SALON_LIFETIME_PERMANENT, 1);
  g_autoptr (GError) error = NULL;

  salon_room_state_free (admit (fixture->a.store, room->id, "ada", "bob", TRUE, NULL));
  g_assert_null (join_as (fixture->b.store, "owls bob bob/2 bob-token -", FALSE, NULL, &error));
  assert_refused (&error, SALON_ERROR_ROOM_FULL);
  /* What the host said is forgotten. */
  assert_waits (fixture->b.store, "owls bob bob/3 bob-token -");
}

static void
test_switched_off_it_lets_all_in (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = let_bob_wait (fixture, SALON_LIFETIME_PERMANENT, 5);
  g_autoptr (SalonRoomInfo) after = NULL;

  assert_waits (fixture->b.store, "owls eve eve/1 eve-token -");
  expect (&fixture->b, "changed %s", room->id);
  after = set_flag (fixture->a.store, room->id, "ada", SALON_ROOM_HAS_WAITING_ROOM, FALSE, NULL);
  g_assert_false (after->has_waiting_room);
  expect (&fixture->b, "admitted bob");
  expect (&fixture->b, "admitted eve");
  assert_state (join_as (fixture->b.store, "owls eve eve/2 eve-token -", FALSE, NULL, NULL),
      "ada@node-1/ada/1 eve@node-2/eve/2", "");
}

static void
test_nobody_waits_for_an_empty_room (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = let_bob_wait (fixture, SALON_LIFETIME_PERMANENT, 5);

  assert_waits (fixture->b.store, "owls eve eve/1 eve-token -");
  assert_waits (fixture->b.store, "owls fay fay/1 fay-token -");
  assert_host (leave (fixture->a.store, room->id, "ada", NULL), NULL, 0);
  await_event (&fixture->b, "admitted bob");
  /* Only one: the next host looks after the others. But if that one does not come, the next. */
  assert_host (leave (fixture->b.store, room->id, "fay", NULL), NULL, 0);
  expect (&fixture->b, "changed %s", room->id);
  expect (&fixture->b, "changed %s", room->id);
  expect_nothing (&fixture->b);
  assert_host (leave (fixture->b.store, room->id, "bob", NULL), NULL, 0);
  expect (&fixture->b, "admitted eve");
  assert_state (join_as (fixture->b.store, "owls eve eve/2 eve-token -", FALSE, NULL, NULL), "eve@node-2/eve/2", "");
}

static void
test_who_waits_for_a_room_that_goes_joins_again (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = let_bob_wait (fixture, SALON_LIFETIME_EPHEMERAL, 5);

  assert_waits (fixture->b.store, "owls eve eve/1 eve-token -");
  expect (&fixture->b, "changed %s", room->id);
  /* Who was let in knows already. */
  salon_room_state_free (admit (fixture->a.store, room->id, "ada", "bob", TRUE, NULL));
  expect (&fixture->b, "admitted bob");
  expect (&fixture->b, "changed %s", room->id);
  g_assert_null (leave (fixture->a.store, room->id, "ada", NULL));
  assert_redis_is_empty (fixture);
  expect (&fixture->b, "admitted eve");
  expect_nothing (&fixture->b);
  assert_host (join (fixture->b.store, "owls", "bob", TRUE, NULL), "bob", 1);
}

static void
test_who_waits_on_a_node_that_ends_waits_no_more (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = let_bob_wait (fixture, SALON_LIFETIME_PERMANENT, 5);

  node_close (&fixture->b);
  expect (&fixture->a, "changed %s", room->id);
  assert_members (fixture->a.store, room->id, "ada@node-1/ada/1");
}

/* ---- kick, lock, close ---- */

static void
test_only_the_host_may (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = let_bob_wait (fixture, SALON_LIFETIME_PERMANENT, 5);
  static const struct
  {
    const char *actor;
    gboolean is_in_room;
    int code;
  } cases[] = { { "bob", TRUE, SALON_ERROR_FORBIDDEN }, { "ada", FALSE, SALON_ERROR_ROOM_NOT_FOUND } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *id = cases[i].is_in_room ? room->id : "elsewhere";
      const char *actor = cases[i].actor;
      g_autoptr (GError) error = NULL;

      g_assert_null (set_flag (fixture->a.store, id, actor, SALON_ROOM_IS_LOCKED, TRUE, &error));
      assert_refused (&error, cases[i].code);
      g_assert_null (admit (fixture->a.store, id, actor, "bob", TRUE, &error));
      assert_refused (&error, cases[i].code);
      g_assert_false (kick (fixture->a.store, id, actor, "ada", &error));
      assert_refused (&error, cases[i].code);
      g_assert_false (close_room (fixture->a.store, id, actor, &error));
      assert_refused (&error, cases[i].code);
    }
  assert_state (fetch (fixture->a.store, room->id, NULL), "ada@node-1/ada/1", "bob@node-2/bob/1");
}

static void
test_locks_and_opens (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = join (fixture->a.store, "owls", "ada", TRUE, NULL);
  g_autoptr (SalonRoomInfo) locked = NULL;
  g_autoptr (SalonRoomInfo) open = NULL;
  g_autoptr (GError) error = NULL;

  locked = set_flag (fixture->a.store, room->id, "ada", SALON_ROOM_IS_LOCKED, TRUE, &error);
  g_assert_no_error (error);
  g_assert_true (locked->is_locked);
  g_assert_null (join (fixture->b.store, "owls", "bob", TRUE, &error));
  assert_refused (&error, SALON_ERROR_ROOM_LOCKED);
  open = set_flag (fixture->a.store, room->id, "ada", SALON_ROOM_IS_LOCKED, FALSE, &error);
  g_assert_false (open->is_locked);
  assert_host (join (fixture->b.store, "owls", "bob", TRUE, &error), "ada", 2);
}

static void
test_kicks (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = join (fixture->a.store, "owls", "ada", TRUE, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *member = NULL;

  assert_host (join (fixture->b.store, "owls", "bob", FALSE, NULL), "ada", 2);
  assert_host (join (fixture->a.store, "owls", "eve", FALSE, NULL), "ada", 3);
  await_event (&fixture->b, "changed %s", room->id);
  g_assert_true (kick (fixture->a.store, room->id, "ada", "bob", &error));
  g_assert_no_error (error);
  expect (&fixture->b, "kicked %s bob bob/1", room->id);
  /* The caller's own too. */
  g_assert_true (kick (fixture->a.store, room->id, "ada", "eve", &error));
  await_event (&fixture->a, "kicked %s eve eve/1", room->id);
  g_assert_false (kick (fixture->a.store, room->id, "ada", "eve", &error));
  assert_refused (&error, SALON_ERROR_UNKNOWN_PARTICIPANT);
  assert_members (fixture->a.store, room->id, "ada@node-1/ada/1");

  /* The token opens nothing any more: with it one is a newcomer. */
  salon_room_info_free (set_flag (fixture->a.store, room->id, "ada", SALON_ROOM_IS_LOCKED, TRUE, NULL));
  g_assert_null (join_as (fixture->b.store, "owls bob2 bob/2 t bob-token", FALSE, &member, &error));
  assert_refused (&error, SALON_ERROR_ROOM_LOCKED);
}

static void
test_closing_takes_everybody_out (Fixture *fixture, gconstpointer data)
{
  static const SalonLifetime lifetimes[] = { SALON_LIFETIME_EPHEMERAL, SALON_LIFETIME_PERMANENT };

  for (gsize i = 0; i < G_N_ELEMENTS (lifetimes); i++)
    {
      g_autoptr (SalonRoomInfo) room = let_bob_wait (fixture, lifetimes[i], 5);
      g_autoptr (GError) error = NULL;

      salon_room_state_free (admit (fixture->a.store, room->id, "ada", "bob", TRUE, NULL));
      assert_host (join (fixture->b.store, "owls", "bob", FALSE, NULL), "ada", 2);
      assert_waits (fixture->b.store, "owls eve eve/1 eve-token -");
      await_event (&fixture->b, "admitted bob");
      expect (&fixture->b, "changed %s", room->id);
      expect (&fixture->b, "changed %s", room->id);
      g_assert_true (close_room (fixture->a.store, room->id, "ada", &error));
      g_assert_no_error (error);
      expect (&fixture->b, "closed %s", room->id);
      expect (&fixture->b, "denied eve");
      expect_nothing (&fixture->b);
      await_event (&fixture->a, "changed %s", room->id); /* bob */
      await_event (&fixture->a, "changed %s", room->id); /* eve */
      expect_nothing (&fixture->a);
    }
  /* The second is still there, and empty. */
  assert_host (join (fixture->b.store, "owls", "eve", FALSE, NULL), "eve", 1);
  assert_host (leave (fixture->b.store, "owls", "eve", NULL), NULL, 0);
  salon_room_info_free (delete_room (fixture->b.store, "owls", NULL, NULL));
  assert_redis_is_empty (fixture);
}

static void
test_deleting_tells_all (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = let_bob_wait (fixture, SALON_LIFETIME_PERMANENT, 5);
  g_autoptr (GError) error = NULL;

  assert_host (delete_room (fixture->a.store, "owls", "owner-hash", &error), "ada", 1);
  expect (&fixture->b, "deleted %s", room->id);
  expect (&fixture->b, "denied bob");
  expect_nothing (&fixture->a);
  assert_redis_is_empty (fixture);
}

/* ---- chat ---- */

static void
test_a_message_is_its_authors_and_the_hosts_to_delete (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = join (fixture->a.store, "owls", "ada", TRUE, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) messages = NULL;

  assert_host (join (fixture->b.store, "owls", "bob", FALSE, NULL), "ada", 2);
  expect (&fixture->a, "changed %s", room->id);
  say (fixture->a.store, room->id, "ada", "m1", NULL);
  say (fixture->b.store, room->id, "bob", "m2", NULL);
  say (fixture->b.store, room->id, "bob", "m3", NULL);

  g_assert_false (change_message (fixture->b.store, room->id, "m1", "bob", NULL, &error));
  assert_refused (&error, SALON_ERROR_FORBIDDEN);
  g_assert_false (change_message (fixture->a.store, room->id, "m2", "ada", "Boo!", &error));
  assert_refused (&error, SALON_ERROR_FORBIDDEN);
  g_assert_false (change_message (fixture->a.store, room->id, "m4", "ada", NULL, &error));
  assert_refused (&error, SALON_ERROR_UNKNOWN_MESSAGE);
  g_assert_true (change_message (fixture->b.store, room->id, "m2", "bob", "Boo! \"🦉\"", &error));
  g_assert_true (change_message (fixture->a.store, room->id, "m3", "ada", NULL, &error));
  g_assert_no_error (error);
  await_event (&fixture->a, "chat-changed %s m2 Boo! \"🦉\"", room->id);
  await_event (&fixture->b, "chat-changed %s m3 -", room->id);
  messages = read_chat (fixture->a.store, room->id, NULL);
  g_assert_cmpuint (messages->len, ==, 2);
  g_assert_nonnull (strstr (messages->pdata[1], "Boo!"));
}

static void
test_chat_reaches_all_nodes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = join (fixture->a.store, "owls", "ada", TRUE, NULL);
  g_autoptr (GPtrArray) messages = NULL;

  assert_host (join (fixture->b.store, "owls", "bob", FALSE, NULL), "ada", 2);
  expect (&fixture->a, "changed %s", room->id);
  say (fixture->b.store, room->id, "bob", "m1", NULL);
  messages = read_chat (fixture->a.store, room->id, NULL);
  g_assert_cmpuint (messages->len, ==, 1);
  expect (&fixture->a, "chat %s %s", room->id, (const char *)messages->pdata[0]);
  expect (&fixture->b, "chat %s %s", room->id, (const char *)messages->pdata[0]);
}

static void
test_what_is_no_message_is_no_disaster (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = join (fixture->a.store, "owls", "ada", TRUE, NULL);
  static const char *const bad[] = { "{", "7", "[]", "{\"id\":7}", "null" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) messages = NULL;

  say (fixture->a.store, room->id, "ada", "m1", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *line = g_strdup_printf ("RPUSH salon:room:%s:chat %s", room->id, bad[i]);
      g_autofree char *event = g_strdup_printf ("PUBLISH salon:node:node-1:events %s", bad[i]);

      salon_redis_reply_free (command (fixture->redis.redis, line, NULL));
      salon_redis_reply_free (command (fixture->redis.redis, event, NULL));
    }
  messages = read_chat (fixture->a.store, room->id, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (messages->len, ==, 1);
  expect (&fixture->a, "chat %s %s", room->id, (const char *)messages->pdata[0]);
  g_assert_true (change_message (fixture->a.store, room->id, "m1", "ada", "Boo!", &error));
  expect_nothing (&fixture->a);
}

/* ---- timed rooms ---- */

static SalonRoomInfo *
create_timed (SalonStore *store, const char *slug, guint max_age_s, double block_factor)
{
  const SalonRoomSpec spec = { .slug = slug,
    .lifetime = SALON_LIFETIME_TIMED,
    .max_members = 5,
    .max_age_s = max_age_s,
    .block_factor = block_factor };
  g_autoptr (GError) error = NULL;
  SalonRoomInfo *info = create_as (store, &spec, &error);

  g_assert_no_error (error);
  g_assert_cmpint (info->lifetime, ==, SALON_LIFETIME_TIMED);
  g_assert_cmpint (info->expires_at_s, ==, info->created_at_s + max_age_s);
  return info;
}

static void
await_time (gint64 unix_s)
{
  while (g_get_real_time () < unix_s * G_USEC_PER_SEC)
    run_for (10);
}

static void
test_a_timed_room_expires_and_blocks_its_name (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = create_timed (fixture->a.store, "owls", 2, 1.5);
  g_autoptr (SalonRoomInfo) again = NULL;
  g_autoptr (GPtrArray) rooms = NULL;
  g_autoptr (GError) error = NULL;
  static const char *const claims[] = { "ada ada/1 ada-token 1", NULL };

  assert_host (join (fixture->a.store, "owls", "ada", FALSE, NULL), "ada", 1);
  assert_host (join (fixture->b.store, "owls", "bob", FALSE, NULL), "ada", 2);
  expect (&fixture->a, "changed %s", room->id);
  await_time (room->expires_at_s);
  /* Expired: nobody new, and nobody comes back. */
  g_assert_null (join (fixture->a.store, "owls", "eve", TRUE, &error));
  assert_refused (&error, SALON_ERROR_ROOM_EXPIRED);
  g_assert_null (join_as (fixture->a.store, "owls ada2 ada/2 t ada-token", TRUE, NULL, &error));
  assert_refused (&error, SALON_ERROR_ROOM_EXPIRED);
  g_assert_null (create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 5, &error));
  assert_refused (&error, SALON_ERROR_ROOM_EXISTS);
  g_assert_null (claim (fixture->a.store, room, claims, &error));
  assert_refused (&error, SALON_ERROR_ROOM_NOT_FOUND);
  again = get (fixture->a.store, "owls", &error);
  g_assert_no_error (error);
  g_assert_cmpint (again->expires_at_s, ==, room->expires_at_s);
  /* Its members go one by one. */
  assert_host (leave (fixture->a.store, room->id, "ada", NULL), "bob", 1);
  expect (&fixture->b, "changed %s", room->id);
  rooms = list (fixture->a.store, &error);
  g_assert_cmpuint (rooms->len, ==, 1);

  await_time (room->expires_at_s + 3);
  /* Free again: and who did not go is told. */
  assert_host (create (fixture->a.store, "owls", SALON_LIFETIME_EPHEMERAL, 5, &error), NULL, 0);
  g_assert_no_error (error);
  expect (&fixture->b, "changed %s", room->id);
  g_assert_null (fetch (fixture->b.store, room->id, &error));
  assert_refused (&error, SALON_ERROR_ROOM_NOT_FOUND);
  g_assert_null (claim (fixture->a.store, room, claims, &error));
  assert_refused (&error, SALON_ERROR_ROOM_NOT_FOUND);
  salon_room_info_free (delete_room (fixture->a.store, "owls", NULL, NULL));
  assert_redis_is_empty (fixture);
}

static void
test_an_old_room_leaves_the_list (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = create_timed (fixture->a.store, "owls", 1, 0);
  g_autoptr (SalonRoomInfo) other = create (fixture->a.store, "wood", SALON_LIFETIME_PERMANENT, 5, NULL);
  g_autoptr (GPtrArray) rooms = NULL;

  await_time (room->expires_at_s);
  rooms = list (fixture->a.store, NULL);
  g_assert_cmpuint (rooms->len, ==, 1);
  g_assert_cmpstr (((SalonRoomInfo *)rooms->pdata[0])->id, ==, other->id);
  salon_room_info_free (delete_room (fixture->a.store, "wood", NULL, NULL));
  assert_redis_is_empty (fixture);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
#define ADD(path, function) g_test_add ("/store-host/" path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
  ADD ("who-is-let-in-joins", test_who_is_let_in_joins);
  ADD ("who-is-sent-away-waits-no-more", test_who_is_sent_away_waits_no_more);
  ADD ("who-waits-can-give-up", test_who_waits_can_give_up);
  ADD ("asking-again-keeps-the-place", test_asking_again_keeps_the_place);
  ADD ("too-many-may-not-wait", test_too_many_may_not_wait);
  ADD ("a-full-room-ends-the-waiting", test_a_full_room_ends_the_waiting);
  ADD ("switched-off-it-lets-all-in", test_switched_off_it_lets_all_in);
  ADD ("nobody-waits-for-an-empty-room", test_nobody_waits_for_an_empty_room);
  ADD ("who-waits-for-a-room-that-goes-joins-again", test_who_waits_for_a_room_that_goes_joins_again);
  ADD ("who-waits-on-a-node-that-ends-waits-no-more", test_who_waits_on_a_node_that_ends_waits_no_more);
  ADD ("only-the-host-may", test_only_the_host_may);
  ADD ("locks-and-opens", test_locks_and_opens);
  ADD ("kicks", test_kicks);
  ADD ("closing-takes-everybody-out", test_closing_takes_everybody_out);
  ADD ("deleting-tells-all", test_deleting_tells_all);
  ADD ("a-message-is-its-authors-and-the-hosts-to-delete", test_a_message_is_its_authors_and_the_hosts_to_delete);
  ADD ("chat-reaches-all-nodes", test_chat_reaches_all_nodes);
  ADD ("what-is-no-message-is-no-disaster", test_what_is_no_message_is_no_disaster);
  ADD ("a-timed-room-expires-and-blocks-its-name", test_a_timed_room_expires_and_blocks_its_name);
  ADD ("an-old-room-leaves-the-list", test_an_old_room_leaves_the_list);
#undef ADD
  return g_test_run ();
}
