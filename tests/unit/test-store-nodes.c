/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-store-fixture.h"

#include <gst/gst.h>
#include <string.h>

#include "salon-error.h"
#include "salon-store-private.h"

/* Two servers on one Redis that is well: who is where, races between them, and their places. */

#define N_ROUNDS 100

/* Quickly taken for dead, but not while the machine is merely slow. */
static const Times quick = { .lease_ms = 2000, .heartbeat_ms = 50, .deadline_ms = 2000 };

/* ---- presence ---- */

static void
test_tells_the_others (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = join (fixture->a.store, "owls", "ada", TRUE, NULL);
  SalonRoomState *state = join_as (fixture->b.store, "owls bob bob/1 bob-token -", FALSE, NULL, NULL);

  assert_state (state, "ada@node-1/ada/1 bob@node-2/bob/1", "");
  expect (&fixture->a, "changed %s", room->id);
  /* Neither about one's own calls, nor about rooms in which one has nobody. */
  expect_nothing (&fixture->b);
  salon_room_info_free (join (fixture->b.store, "wood", "eve", TRUE, NULL));
  salon_room_info_free (set_flag (fixture->a.store, room->id, "ada", SALON_ROOM_IS_LOCKED, TRUE, NULL));
  expect (&fixture->b, "changed %s", room->id);
  assert_host (leave (fixture->a.store, room->id, "ada", NULL), "bob", 1);
  expect (&fixture->b, "changed %s", room->id);
  salon_room_info_free (set_flag (fixture->b.store, room->id, "bob", SALON_ROOM_IS_LOCKED, FALSE, NULL));
  g_assert_null (leave (fixture->b.store, room->id, "bob", NULL));
  expect_nothing (&fixture->a);
  g_assert_null (leave (fixture->b.store, "wood", "eve", NULL));
  assert_redis_is_empty (fixture);
}

static void
test_what_has_no_room_is_not_fetched (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = join (fixture->a.store, "owls", "ada", TRUE, NULL);
  g_autoptr (GError) error = NULL;

  /* By id alone: a slug may be another room's by now. */
  g_assert_null (fetch (fixture->a.store, "owls", &error));
  assert_refused (&error, SALON_ERROR_ROOM_NOT_FOUND);
}

/* Replies and events come over two connections. Of two who join at once, the first must learn of the second: from the
 * reply, or from an event that comes after it. */
static void
test_no_event_overtakes_a_reply (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autofree char *ada = g_strdup_printf ("owls%u ada ada/1 ada-token%u -", i, i);
      g_autofree char *bob = g_strdup_printf ("owls%u bob bob/1 bob-token%u -", i, i);
      GAsyncResult *slots[2] = { NULL };
      SalonRoomState *states[2];
      Node *first;

      join_begin (fixture->a.store, ada, TRUE, &slots[0]);
      join_begin (fixture->b.store, bob, TRUE, &slots[1]);
      while (slots[0] == NULL || slots[1] == NULL)
        {
          g_main_context_iteration (NULL, TRUE);
          g_assert_true (slots[0] != NULL || fixture->a.told->len == 0);
          g_assert_true (slots[1] != NULL || fixture->b.told->len == 0);
        }
      states[0] = join_end (fixture->a.store, &slots[0], NULL, NULL);
      states[1] = join_end (fixture->b.store, &slots[1], NULL, NULL);
      first = states[0]->members->len == 1 ? &fixture->a : &fixture->b;
      g_assert_cmpuint (states[0]->members->len + states[1]->members->len, ==, 3);
      expect (first, "changed %s", states[0]->info->id);
      salon_room_state_free (states[0]);
      salon_room_state_free (states[1]);
    }
}

/* ---- coming back ---- */

static void
test_comes_back_on_another_node (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = join (fixture->a.store, "owls", "ada", TRUE, NULL);
  g_autofree char *member = NULL;
  g_autoptr (GError) error = NULL;

  assert_host (join (fixture->a.store, "owls", "bob", TRUE, NULL), "ada", 2);
  assert_state (join_as (fixture->b.store, "owls ada2 ada/2 other ada-token", TRUE, &member, &error),
      "ada@node-2/ada/2 bob@node-1/bob/1", "");
  g_assert_no_error (error);
  g_assert_cmpstr (member, ==, "ada");
  expect (&fixture->a, "changed %s", room->id);
  expect_nothing (&fixture->b);
  /* The session of before is over, on whichever node. */
  assert_host (leave_as (fixture->a.store, room->id, "ada", "ada/1", NULL), "ada", 2);
  expect_nothing (&fixture->b);
  /* Once more, back to the first, with the token as ever; even where somebody was the only one on their node. */
  assert_state (join_as (fixture->a.store, "owls ada3 ada/3 other ada-token", TRUE, NULL, &error),
      "ada@node-1/ada/3 bob@node-1/bob/1", "");
  expect (&fixture->b, "changed %s", room->id);
  assert_host (leave_as (fixture->a.store, room->id, "ada", "ada/3", NULL), "bob", 1);
  expect_nothing (&fixture->b);
  g_assert_null (leave (fixture->a.store, room->id, "bob", NULL));
  assert_redis_is_empty (fixture);
}

static void
test_comes_back_in_a_full_and_locked_room (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 1, NULL);
  g_autoptr (GError) error = NULL;

  assert_host (join (fixture->a.store, "owls", "ada", FALSE, NULL), "ada", 1);
  salon_room_info_free (set_flag (fixture->a.store, room->id, "ada", SALON_ROOM_IS_LOCKED, TRUE, NULL));
  salon_room_info_free (set_flag (fixture->a.store, room->id, "ada", SALON_ROOM_HAS_WAITING_ROOM, TRUE, NULL));
  assert_state (join_as (fixture->b.store, "owls ada2 ada/2 t ada-token", FALSE, NULL, &error), "ada@node-2/ada/2", "");
  g_assert_no_error (error);
}

static void
test_the_token_of_another_room_is_none (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 1, NULL);
  g_autofree char *member = NULL;
  g_autoptr (GError) error = NULL;

  assert_host (join (fixture->a.store, "owls", "ada", FALSE, NULL), "ada", 1);
  assert_host (join (fixture->a.store, "wood", "eve", TRUE, NULL), "eve", 1);
  g_assert_null (join_as (fixture->b.store, "owls eve2 eve/2 t eve-token", FALSE, &member, &error));
  assert_refused (&error, SALON_ERROR_ROOM_FULL);
  assert_state (join_as (fixture->b.store, "wood ada2 ada/2 t ada-token", FALSE, &member, &error),
      "eve@node-1/eve/1 ada2@node-2/ada/2", "");
  g_assert_cmpstr (member, ==, "ada2");
}

/* A join that runs again, because its reply was lost, is older than what happened since. */
static void
test_an_old_join_does_not_replace_a_new_one (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = join (fixture->a.store, "owls", "ada", TRUE, NULL);
  g_autoptr (GError) error = NULL;

  salon_room_state_free (join_as (fixture->b.store, "owls ada2 ada/2 t ada-token", TRUE, NULL, &error));
  g_assert_no_error (error);
  g_assert_null (join (fixture->a.store, "owls", "ada", TRUE, &error));
  assert_refused (&error, SALON_ERROR_STORE_UNAVAILABLE);
  salon_room_state_free (join_as (fixture->a.store, "owls ada3 ada/3 t ada-token", TRUE, NULL, &error));
  g_assert_no_error (error);
  g_assert_null (join_as (fixture->b.store, "owls ada2 ada/2 t ada-token", TRUE, NULL, &error));
  assert_refused (&error, SALON_ERROR_STORE_UNAVAILABLE);
  assert_members (fixture->a.store, room->id, "ada@node-1/ada/3");
}

/* ---- races ---- */

/* R1: session 1 ends while session 2 begins, in any order. */
static void
test_a_refresh_keeps_the_member (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 1, NULL);

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      SalonStore *first = g_test_rand_bit () ? fixture->a.store : fixture->b.store;
      SalonStore *second = g_test_rand_bit () ? fixture->a.store : fixture->b.store;
      gboolean joins_first = g_test_rand_bit ();
      GAsyncResult *slots[2] = { NULL };
      g_autofree char *member = NULL;
      g_autoptr (SalonRoomState) state = NULL;
      g_autoptr (SalonRoomInfo) left = NULL;
      g_autoptr (GError) error = NULL;

      salon_room_info_free (join (first, "owls", "ada", FALSE, &error));
      g_assert_no_error (error);
      if (!joins_first)
        salon_store_leave_async (first, room->id, "ada", "ada/1", NULL, keep_result, &slots[0]);
      join_begin (second, "owls ada2 ada2/1 ada2-token ada-token", FALSE, &slots[1]);
      if (joins_first)
        salon_store_leave_async (first, room->id, "ada", "ada/1", NULL, keep_result, &slots[0]);
      /* When the leave was first, the place was free, else theirs. */
      state = join_end (second, &slots[1], &member, &error);
      g_assert_no_error (error);
      g_object_unref (await (&slots[0]));
      g_assert_cmpuint (state->members->len, ==, 1);
      g_clear_pointer (&state, salon_room_state_free);
      state = fetch (fixture->a.store, room->id, &error);
      g_assert_cmpuint (state->members->len, ==, 1);
      g_assert_cmpstr (((SalonMember *)state->members->pdata[0])->id, ==, member);
      g_assert_cmpstr (((SalonMember *)state->members->pdata[0])->session, ==, "ada2/1");
      left = leave_as (second, room->id, member, "ada2/1", &error);
      g_assert_cmpuint (left->n_members, ==, 0);
    }
}

/* R10 */
static void
test_one_of_twenty_creates (Fixture *fixture, gconstpointer data)
{
  const SalonRoomSpec spec = { .slug = "owls", .lifetime = SALON_LIFETIME_PERMANENT, .max_members = 5 };
  GAsyncResult *slots[20] = { NULL };
  guint n_made = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (slots); i++)
    salon_store_create_room_async (
        i % 2 == 0 ? fixture->a.store : fixture->b.store, &spec, "owner-hash", NULL, keep_result, &slots[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (slots); i++)
    {
      SalonStore *store = i % 2 == 0 ? fixture->a.store : fixture->b.store;
      g_autoptr (GAsyncResult) result = await (&slots[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (SalonRoomInfo) info = salon_store_create_room_finish (store, result, &error);

      if (info != NULL)
        n_made++;
      else
        g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_EXISTS);
    }
  g_assert_cmpuint (n_made, ==, 1);
}

static void
test_twenty_who_join_meet (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 1, NULL);
  GAsyncResult *slots[20] = { NULL };
  g_autofree char *met_in = NULL;
  g_autoptr (SalonRoomInfo) after = NULL;

  /* Ten of them find the room full; the others make another, together. */
  for (gsize i = 0; i < G_N_ELEMENTS (slots); i++)
    {
      g_autofree char *line = g_strdup_printf ("%s m%zu m%zu/1 t%zu -", i % 4 < 2 ? "owls" : "wood", i, i, i);

      join_begin (i % 2 == 0 ? fixture->a.store : fixture->b.store, line, TRUE, &slots[i]);
    }
  for (gsize i = 0, n_owls = 0; i < G_N_ELEMENTS (slots); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SalonRoomState) state
          = join_end (i % 2 == 0 ? fixture->a.store : fixture->b.store, &slots[i], NULL, &error);

      if (state == NULL)
        g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_FULL);
      else if (g_str_equal (state->info->slug, "owls"))
        g_assert_cmpuint (++n_owls, ==, 1);
      else if (met_in == NULL)
        met_in = g_strdup (state->info->id);
      else
        g_assert_cmpstr (state->info->id, ==, met_in);
    }
  after = get (fixture->a.store, "owls", NULL);
  g_assert_cmpuint (after->n_members, ==, 1);
}

/* R2 */
static void
test_one_place_has_one_winner (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr (SalonRoomInfo) room = create (fixture->a.store, NULL, SALON_LIFETIME_PERMANENT, 1, NULL);
      GAsyncResult *slots[5] = { NULL };
      guint n_winners = 0;

      for (gsize j = 0; j < G_N_ELEMENTS (slots); j++)
        {
          g_autofree char *line = g_strdup_printf ("%s m%zu m%zu/1 t%zu -", room->id, j, j, j);

          join_begin (g_test_rand_bit () ? fixture->a.store : fixture->b.store, line, FALSE, &slots[j]);
        }
      for (gsize j = 0; j < G_N_ELEMENTS (slots); j++)
        {
          g_autoptr (GError) error = NULL;
          SalonStore *store = NULL;
          g_autoptr (GAsyncResult) result = await (&slots[j]);
          g_autofree char *member = NULL;
          g_autoptr (SalonRoomState) state = NULL;

          store = SALON_STORE (g_async_result_get_source_object (result));
          state = salon_store_join_finish (store, result, &member, &error);
          g_object_unref (store);
          if (state != NULL)
            n_winners++;
          else
            g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_FULL);
        }
      g_assert_cmpuint (n_winners, ==, 1);
    }
}

/* R13: who joins while the last one leaves ends in a room that lives. */
static void
test_joins_while_the_last_one_leaves (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      GAsyncResult *slots[2] = { NULL };
      g_autoptr (SalonRoomInfo) room = join (fixture->a.store, "owls", "ada", TRUE, NULL);
      g_autoptr (SalonRoomState) state = NULL;
      g_autofree char *id = g_strdup (room->id);

      if (g_test_rand_bit ())
        run_ready ();
      salon_store_leave_async (fixture->a.store, id, "ada", "ada/1", NULL, keep_result, &slots[0]);
      join_begin (fixture->b.store, "owls bob bob/1 bob-token -", TRUE, &slots[1]);
      state = join_end (fixture->b.store, &slots[1], NULL, NULL);
      g_object_unref (await (&slots[0]));
      assert_members (fixture->b.store, state->info->id, "bob@node-2/bob/1");
      g_assert_null (leave (fixture->b.store, state->info->id, "bob", NULL));
    }
  assert_redis_is_empty (fixture);
}

/* ---- the node's place ---- */

static void
test_a_restart_takes_the_place_over (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);
  g_autoptr (GError) error = NULL;

  assert_host (join (fixture->a.store, "owls", "ada", TRUE, NULL), "ada", 1);
  assert_host (join (fixture->b.store, "owls", "bob", TRUE, NULL), "ada", 2);
  assert_host (join (fixture->a.store, "wood", "ada2", TRUE, NULL), "ada2", 1);
  assert_host (join (fixture->b.store, "barn", "bob2", TRUE, NULL), "bob2", 1);
  node_kill (&fixture->a);
  node_open (&fixture->a, fixture, "node-1", data);
  expect (&fixture->b, "changed %s", room->id);
  expect_nothing (&fixture->b);
  expect_nothing (&fixture->a);
  assert_host (get (fixture->a.store, "owls", NULL), "bob", 1);
  assert_host (get (fixture->a.store, "barn", NULL), "bob2", 1);
  g_assert_null (get (fixture->a.store, "wood", &error));
  assert_refused (&error, SALON_ERROR_ROOM_NOT_FOUND);
}

static void
test_closing_gives_the_place_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = join (fixture->a.store, "owls", "ada", TRUE, NULL);
  g_autofree char *epoch = NULL;
  g_autofree char *lease = NULL;
  g_autoptr (SalonRedisReply) is_known = NULL;

  assert_host (join (fixture->b.store, "owls", "bob", TRUE, NULL), "ada", 2);
  expect (&fixture->a, "changed %s", room->id);
  /* Members who did not leave are taken out with it. Twice at once is once. */
  salon_store_close_async (fixture->b.store, NULL, NULL);
  node_close (&fixture->b);
  expect (&fixture->a, "changed %s", room->id);
  assert_members (fixture->a.store, room->id, "ada@node-1/ada/1");
  epoch = command_string (fixture->redis.redis, "GET salon:node:node-2");
  g_assert_null (epoch);
  lease = command_string (fixture->redis.redis, "GET salon:node:node-2:lease");
  g_assert_null (lease);
  is_known = command (fixture->redis.redis, "SISMEMBER salon:nodes node-2", NULL);
  g_assert_cmpint (is_known->integer, ==, 0);
}

static void
test_a_second_server_of_the_same_name_is_told_to_the_first (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Node second;

  node_open (&second, fixture, "node-1", data);
  expect (&fixture->a, "usurped");
  g_assert_null (join (fixture->a.store, "owls", "ada", TRUE, &error));
  assert_refused (&error, SALON_ERROR_STORE_UNAVAILABLE);
  assert_host (join (second.store, "owls", "eve", TRUE, &error), "eve", 1);
  g_assert_no_error (error);
  /* Its end is not the end of the second. */
  node_close (&fixture->a);
  assert_host (join (second.store, "owls", "bob", TRUE, &error), "eve", 2);
  expect_nothing (&second);
  node_close (&second);
}

/* What a crash of Redis may bring back: the place as it was before we took it. */
static void
test_ones_own_past_is_no_rival (Fixture *fixture, gconstpointer data)
{
  salon_redis_reply_free (command (fixture->redis.redis, "SET salon:node:node-1 before", NULL));
  salon_redis_reply_free (command (fixture->redis.redis, "SET salon:node:node-1:lease before PX 1000", NULL));
  expect (&fixture->a, "restored");
  assert_host (join (fixture->a.store, "owls", "ada", TRUE, NULL), "ada", 1);
}

static void
test_each_change_is_fenced (Fixture *fixture, gconstpointer data)
{
  static const char *const arguments[]
      = { "owls", "ada", "ada/1", "1", "1", "1", "1", "1", "1", "1", "1", "1", "1", "1", NULL };
  static const SalonScriptId not_fenced[] = { SALON_SCRIPT_REGISTER, SALON_SCRIPT_HEARTBEAT, SALON_SCRIPT_GET_ROOM,
    SALON_SCRIPT_LIST_ROOMS, SALON_SCRIPT_FETCH, SALON_SCRIPT_CHAT_LIST };
  gboolean is_fenced[SALON_N_SCRIPTS];

  for (gsize i = 0; i < G_N_ELEMENTS (is_fenced); i++)
    is_fenced[i] = TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (not_fenced); i++)
    is_fenced[not_fenced[i]] = FALSE;
  node_pause (&fixture->a);
  salon_redis_reply_free (command (fixture->redis.redis, "SET salon:node:node-1 another", NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (is_fenced); i++)
    {
      GAsyncResult *slot = NULL;
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;

      if (!is_fenced[i])
        continue;
      salon_store_run_async (fixture->a.store, i, arguments, NULL, keep_result, &slot);
      result = await (&slot);
      g_assert_null (salon_store_run_finish (fixture->a.store, result, &error));
      assert_refused (&error, SALON_ERROR_STORE_UNAVAILABLE);
      g_assert_false (salon_store_is_available (fixture->a.store));
    }
  assert_redis_is_empty (fixture);
}

/* ---- dead nodes ---- */

static void
run_until_reaping_is_allowed (Node *node)
{
  while (g_get_monotonic_time () < node->store->may_reap_after_us)
    run_for (10);
}

/* R8: by one survivor, once. */
static void
test_one_survivor_takes_the_dead_out (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);
  g_autofree char *epoch = NULL;
  g_autoptr (SalonRedisReply) is_known = NULL;
  Node third;

  node_open (&third, fixture, "node-3", data);
  assert_host (join (third.store, "owls", "eve", TRUE, NULL), "eve", 1);
  assert_host (join (third.store, "wood", "eve2", TRUE, NULL), "eve2", 1);
  assert_host (join (fixture->a.store, "owls", "ada", TRUE, NULL), "eve", 2);
  assert_host (join (fixture->b.store, "owls", "bob", TRUE, NULL), "eve", 3);
  expect (&fixture->a, "changed %s", room->id);
  run_until_reaping_is_allowed (&third);
  node_kill (&third);
  expect (&fixture->a, "changed %s", room->id);
  expect (&fixture->b, "changed %s", room->id);
  assert_members (fixture->a.store, room->id, "ada@node-1/ada/1 bob@node-2/bob/1");
  g_assert_null (get (fixture->a.store, "wood", NULL));
  epoch = command_string (fixture->redis.redis, "GET salon:node:node-3");
  g_assert_null (epoch);
  is_known = command (fixture->redis.redis, "SISMEMBER salon:nodes node-3", NULL);
  g_assert_cmpint (is_known->integer, ==, 0);
  run_for (4 * quick.heartbeat_ms);
  expect_nothing (&fixture->a);
  expect_nothing (&fixture->b);
}

/* R9: a node that stood still was taken for dead. */
static void
test_who_was_taken_for_dead_starts_anew (Fixture *fixture, gconstpointer data)
{
  static const char *const claims[] = { "ada ada/1 ada-token 1", NULL };
  g_autoptr (SalonRoomInfo) room = create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);
  g_autoptr (GError) error = NULL;

  assert_host (join (fixture->a.store, "owls", "ada", TRUE, NULL), "ada", 1);
  assert_host (join (fixture->b.store, "owls", "bob", TRUE, NULL), "ada", 2);
  await_event (&fixture->a, "changed %s", room->id);
  node_pause (&fixture->a);
  expect (&fixture->b, "changed %s", room->id);
  assert_members (fixture->b.store, room->id, "bob@node-2/bob/1");
  /* It acts on its old view. */
  g_assert_null (set_flag (fixture->a.store, room->id, "ada", SALON_ROOM_IS_LOCKED, TRUE, &error));
  assert_refused (&error, SALON_ERROR_STORE_UNAVAILABLE);
  g_assert_null (join (fixture->a.store, "owls", "eve", TRUE, &error));
  assert_refused (&error, SALON_ERROR_STORE_UNAVAILABLE);
  assert_members (fixture->b.store, room->id, "bob@node-2/bob/1");
  node_resume (&fixture->a);
  expect (&fixture->a, "restored");
  assert_state (claim (fixture->a.store, room, claims, &error), "bob@node-2/bob/1 ada@node-1/ada/1", "");
  g_assert_no_error (error);
  expect (&fixture->b, "changed %s", room->id);
  expect_nothing (&fixture->a);
}

static void
await_lease_gone (Fixture *fixture, const char *node)
{
  g_autofree char *line = g_strdup_printf ("EXISTS salon:node:%s:lease", node);
  gint64 is_there = 1;

  while (is_there > 0)
    {
      g_autoptr (SalonRedisReply) reply = command (fixture->redis.redis, line, NULL);

      is_there = reply->integer;
    }
}

/* The whole machine, or Redis, stood still: nobody is dead, whosever heartbeat comes first, and even if its own lease
 * has just not run out. */
static void
test_who_was_late_itself_takes_nobody_for_dead (Fixture *fixture, gconstpointer data)
{
  static const char *const last[] = { "node-2", "node-1" };
  g_autofree char *epoch = g_strdup (fixture->b.store->epoch);

  for (gsize i = 0; i < G_N_ELEMENTS (last); i++)
    {
      run_until_reaping_is_allowed (&fixture->a);
      node_pause (&fixture->b);
      run_for (quick.lease_ms / 4);
      node_pause (&fixture->a);
      await_lease_gone (fixture, last[i]);
      node_resume (&fixture->a);
      run_for (4 * quick.heartbeat_ms);
      node_resume (&fixture->b);
      run_for (2 * quick.heartbeat_ms);
      g_assert_cmpstr (fixture->b.store->epoch, ==, epoch);
    }
  expect_nothing (&fixture->b);
}

/* Redis may have been away for the others as well. */
static void
test_who_has_just_connected_takes_nobody_for_dead (Fixture *fixture, gconstpointer data)
{
  g_autofree char *epoch = g_strdup (fixture->b.store->epoch);

  run_until_reaping_is_allowed (&fixture->a);
  node_pause (&fixture->b);
  run_for (quick.lease_ms / 2);
  salon_redis_reconnect (fixture->a.store->redis);
  expect (&fixture->a, "restored");
  await_lease_gone (fixture, "node-2");
  run_for (2 * quick.heartbeat_ms);
  node_resume (&fixture->b);
  run_for (2 * quick.heartbeat_ms);
  g_assert_cmpstr (fixture->b.store->epoch, ==, epoch);
  expect_nothing (&fixture->b);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
#define ADD(path, times, function)                                                                                     \
  g_test_add ("/store-nodes/" path, Fixture, times, fixture_set_up, function, fixture_tear_down)
  ADD ("tells-the-others", NULL, test_tells_the_others);
  ADD ("what-has-no-room-is-not-fetched", NULL, test_what_has_no_room_is_not_fetched);
  ADD ("no-event-overtakes-a-reply", NULL, test_no_event_overtakes_a_reply);
  ADD ("comes-back-on-another-node", NULL, test_comes_back_on_another_node);
  ADD ("comes-back-in-a-full-and-locked-room", NULL, test_comes_back_in_a_full_and_locked_room);
  ADD ("the-token-of-another-room-is-none", NULL, test_the_token_of_another_room_is_none);
  ADD ("an-old-join-does-not-replace-a-new-one", NULL, test_an_old_join_does_not_replace_a_new_one);
  ADD ("a-refresh-keeps-the-member", NULL, test_a_refresh_keeps_the_member);
  ADD ("one-of-twenty-creates", NULL, test_one_of_twenty_creates);
  ADD ("twenty-who-join-meet", NULL, test_twenty_who_join_meet);
  ADD ("one-place-has-one-winner", NULL, test_one_place_has_one_winner);
  ADD ("joins-while-the-last-one-leaves", NULL, test_joins_while_the_last_one_leaves);
  ADD ("a-restart-takes-the-place-over", NULL, test_a_restart_takes_the_place_over);
  ADD ("closing-gives-the-place-back", NULL, test_closing_gives_the_place_back);
  ADD ("a-second-server-of-the-same-name-is-told-to-the-first", NULL,
      test_a_second_server_of_the_same_name_is_told_to_the_first);
  ADD ("ones-own-past-is-no-rival", NULL, test_ones_own_past_is_no_rival);
  ADD ("each-change-is-fenced", NULL, test_each_change_is_fenced);
  ADD ("one-survivor-takes-the-dead-out", &quick, test_one_survivor_takes_the_dead_out);
  ADD ("who-was-taken-for-dead-starts-anew", &quick, test_who_was_taken_for_dead_starts_anew);
  ADD ("who-was-late-itself-takes-nobody-for-dead", &quick, test_who_was_late_itself_takes_nobody_for_dead);
  ADD ("who-has-just-connected-takes-nobody-for-dead", &quick, test_who_has_just_connected_takes_nobody_for_dead);
#undef ADD
  return g_test_run ();
}
