/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-store-fixture.h"

#include <gst/gst.h>
#include <signal.h>
#include <string.h>

#include "salon-error.h"

/* One server; with several, see test-store-nodes.c. */

/* For outages, which a slow machine is not. */
static const Times impatient = { .lease_ms = WATCHDOG_S * 1000, .heartbeat_ms = 100, .deadline_ms = 1000 };

/* ---- rooms ---- */

static void
test_creates_and_gets (Fixture *fixture, gconstpointer data)
{
  gint64 now_s = g_get_real_time () / G_USEC_PER_SEC;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRoomInfo) made = create (fixture->a.store, "🦉 des lumières", SALON_LIFETIME_PERMANENT, 7, &error);
  g_autoptr (SalonRoomInfo) by_slug = NULL;
  g_autoptr (SalonRoomInfo) by_id = NULL;

  g_assert_no_error (error);
  g_assert_true (g_uuid_string_is_valid (made->id));
  by_slug = get (fixture->a.store, "🦉 des lumières", &error);
  g_assert_no_error (error);
  by_id = get (fixture->a.store, made->id, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (by_slug->id, ==, made->id);
  g_assert_cmpstr (by_id->slug, ==, "🦉 des lumières");
  g_assert_cmpint (by_id->lifetime, ==, SALON_LIFETIME_PERMANENT);
  g_assert_cmpuint (by_id->max_members, ==, 7);
  g_assert_cmpuint (by_id->n_members, ==, 0);
  g_assert_null (by_id->host);
  g_assert_cmpint (by_id->created_at_s, >=, now_s);
  g_assert_cmpint (by_id->created_at_s, <=, now_s + WATCHDOG_S);
}

static void
test_without_a_slug_the_id_serves (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) made = create (fixture->a.store, NULL, SALON_LIFETIME_EPHEMERAL, 2, NULL);

  g_assert_cmpstr (made->slug, ==, made->id);
  assert_host (get (fixture->a.store, made->id, NULL), NULL, 0);
}

static void
test_refuses_a_taken_name (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) made = create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 7, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_EXISTS);
  g_clear_error (&error);
  /* Another room's id is its name too. */
  g_assert_null (create (fixture->a.store, made->id, SALON_LIFETIME_PERMANENT, 7, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_EXISTS);
}

static void
test_finds_no_room_in_other_keys (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) made = join (fixture->a.store, "owls", "ada", TRUE, NULL);
  g_autofree char *members = g_strconcat (made->id, ":members", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (get (fixture->a.store, members, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND);
  assert_host (join (fixture->a.store, members, "bob", TRUE, NULL), "bob", 1);
  assert_host (get (fixture->a.store, "owls", NULL), "ada", 1);
}

static void
test_lists_by_slug (Fixture *fixture, gconstpointer data)
{
  const char *const slugs[] = { "b", "🦉", "a" };
  const char *const sorted[] = { "a", "b", "🦉" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) none = list (fixture->a.store, &error);
  g_autoptr (GPtrArray) rooms = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (slugs); i++)
    salon_room_info_free (create (fixture->a.store, slugs[i], SALON_LIFETIME_PERMANENT, 5, NULL));
  rooms = list (fixture->a.store, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rooms->len, ==, G_N_ELEMENTS (sorted));
  for (guint i = 0; i < rooms->len; i++)
    g_assert_cmpstr (((SalonRoomInfo *)rooms->pdata[i])->slug, ==, sorted[i]);
}

static void
test_only_the_owner_deletes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) made = create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);
  g_autoptr (SalonRoomInfo) unowned = join (fixture->a.store, "wood", "eve", TRUE, NULL);
  const char *const wrong[][2] = { { "owls", "other" }, { "owls", "" }, { "wood", "" }, { "wood", "owner-hash" } };
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_assert_null (delete_room (fixture->a.store, wrong[i][0], wrong[i][1], &error));
      g_assert_error (error, SALON_ERROR, SALON_ERROR_UNAUTHORIZED);
      g_clear_error (&error);
    }
  salon_room_info_free (join (fixture->a.store, "owls", "ada", FALSE, NULL));
  assert_host (delete_room (fixture->a.store, "owls", "owner-hash", &error), "ada", 1);
  g_assert_no_error (error);
  assert_host (delete_room (fixture->a.store, unowned->id, NULL, &error), "eve", 1);
  g_assert_no_error (error);
  g_assert_null (delete_room (fixture->a.store, "owls", NULL, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND);
  assert_redis_is_empty (fixture);
}

/* ---- members ---- */

static void
test_joining_creates_when_allowed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRoomInfo) info = NULL;

  g_assert_null (join (fixture->a.store, "owls", "ada", FALSE, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND);
  g_clear_error (&error);
  info = join (fixture->a.store, "owls", "ada", TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (info->slug, ==, "owls");
  g_assert_cmpint (info->lifetime, ==, SALON_LIFETIME_EPHEMERAL);
  g_assert_cmpuint (info->max_members, ==, 10);
  assert_host (join (fixture->a.store, "owls", "bob", FALSE, NULL), "ada", 2);
}

static void
test_joining_twice_is_joining_once (Fixture *fixture, gconstpointer data)
{
  assert_host (join (fixture->a.store, "owls", "ada", TRUE, NULL), "ada", 1);
  assert_host (join (fixture->a.store, "owls", "bob", TRUE, NULL), "ada", 2);
  assert_host (join (fixture->a.store, "owls", "ada", TRUE, NULL), "ada", 2);
  assert_host (leave (fixture->a.store, "owls", "ada", NULL), "bob", 1);
  /* Even when it was the last place. */
  salon_room_info_free (create (fixture->a.store, "wood", SALON_LIFETIME_PERMANENT, 1, NULL));
  assert_host (join (fixture->a.store, "wood", "ada", TRUE, NULL), "ada", 1);
  assert_host (join (fixture->a.store, "wood", "ada", TRUE, NULL), "ada", 1);
}

static void
test_the_host_passes_on_to_the_longest_present (Fixture *fixture, gconstpointer data)
{
  const char *const members[] = { "zoe", "bob", "ada", "mia" };

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    assert_host (join (fixture->a.store, "owls", members[i], TRUE, NULL), "zoe", i + 1);
  assert_host (leave (fixture->a.store, "owls", "bob", NULL), "zoe", 3);
  assert_host (leave (fixture->a.store, "owls", "zoe", NULL), "ada", 2);
  assert_host (join (fixture->a.store, "owls", "zoe", TRUE, NULL), "ada", 3);
  assert_host (leave (fixture->a.store, "owls", "ada", NULL), "mia", 2);
}

static void
test_an_ephemeral_room_goes_with_its_last_member (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  salon_room_info_free (join (fixture->a.store, "owls", "ada", TRUE, NULL));
  assert_host (leave (fixture->a.store, "owls", "nobody", &error), "ada", 1);
  g_assert_no_error (error);
  g_assert_null (leave (fixture->a.store, "owls", "ada", &error));
  g_assert_no_error (error);
  g_assert_null (leave (fixture->a.store, "owls", "ada", &error));
  g_assert_no_error (error);
  assert_redis_is_empty (fixture);
}

static void
test_a_permanent_room_stays (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) made = create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);
  g_autofree char *pattern = g_strdup_printf ("KEYS *%s*", made->id);
  g_autoptr (SalonRedisReply) keys = NULL;

  assert_host (join (fixture->a.store, "owls", "ada", FALSE, NULL), "ada", 1);
  assert_host (leave (fixture->a.store, made->id, "ada", NULL), NULL, 0);
  assert_host (get (fixture->a.store, "owls", NULL), NULL, 0);
  /* And nothing else does. */
  keys = command (fixture->redis.redis, pattern, NULL);
  g_assert_cmpuint (keys->length, ==, 1);
}

/* ---- chat ---- */

static void
test_keeps_the_last_hundred_messages (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRoomInfo) room = create (fixture->a.store, "talk", SALON_LIFETIME_PERMANENT, 2, &error);
  g_autoptr (GPtrArray) messages = NULL;

  for (guint i = 1; i <= 101; i++)
    {
      g_autofree char *text = g_strdup_printf ("m%u", i);

      say (fixture->a.store, room->id, "ada", text, &error);
      g_assert_no_error (error);
    }
  messages = read_chat (fixture->a.store, "talk", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (messages->len, ==, 100);
  g_assert_nonnull (strstr (g_ptr_array_index (messages, 0), "\"m2\""));
  g_assert_nonnull (strstr (g_ptr_array_index (messages, 99), "\"m101\""));
}

/* As when the connection breaks before the reply came. */
static void
test_saying_twice_is_saying_once (Fixture *fixture, gconstpointer data)
{
  static const char message[] = "{\"id\":\"m1\",\"from\":\"ada\",\"timestamp\":\"2999-01-01T00:00:00.000Z\"}";
  g_autoptr (SalonRoomInfo) room = join (fixture->a.store, "owls", "ada", TRUE, NULL);
  g_autoptr (GPtrArray) messages = NULL;

  assert_host (join (fixture->b.store, "owls", "bob", TRUE, NULL), "ada", 2);
  for (guint i = 0; i < 2; i++)
    {
      GAsyncResult *slot = NULL;
      g_autoptr (GAsyncResult) result = NULL;

      salon_store_add_message_async (fixture->a.store, room->id, message, NULL, keep_result, &slot);
      result = await (&slot);
      g_assert_true (salon_store_add_message_finish (fixture->a.store, result, NULL));
    }
  messages = read_chat (fixture->b.store, "owls", NULL);
  g_assert_cmpuint (messages->len, ==, 1);
  expect (&fixture->b, "chat %s %s", room->id, message);
  expect_nothing (&fixture->b);
}

static void
test_no_chat_without_a_room (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) messages = NULL;

  say (fixture->a.store, "nowhere", "ada", "hello", &error);
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND);
  g_clear_error (&error);
  messages = read_chat (fixture->a.store, "nowhere", &error);
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND);
}

/* ---- outages ---- */

static void
await_available (SalonStore *store, gboolean is_available)
{
  while (salon_store_is_available (store) != is_available)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_rooms_survive_the_death_of_redis (Fixture *fixture, gconstpointer data)
{
  assert_host (join (fixture->a.store, "owls", "ada", TRUE, NULL), "ada", 1);
  g_assert_cmpint (kill (redis_pid_when_written (fixture->redis.redis), SIGKILL), ==, 0);
  await_available (fixture->a.store, FALSE);
  await_available (fixture->a.store, TRUE);
  assert_host (join (fixture->a.store, "owls", "bob", FALSE, NULL), "ada", 2);
}

static void
await_room_gone (SalonStore *store, const char *room)
{
  g_autoptr (GError) error = NULL;

  while (!g_error_matches (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND))
    {
      g_clear_error (&error);
      salon_room_info_free (get (store, room, &error));
    }
}

static void
test_a_leave_outlasts_an_outage (Fixture *fixture, gconstpointer data)
{
  GPid pid = redis_pid (fixture->redis.redis);
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  assert_host (join (fixture->a.store, "owls", "ada", TRUE, NULL), "ada", 1);
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  salon_store_leave_async (fixture->a.store, "owls", "ada", "ada/1", NULL, keep_result, &slot);
  await_available (fixture->a.store, FALSE);
  /* What Redis has received of it does not count: this one forgets. */
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  result = await (&slot);
  g_assert_null (salon_store_leave_finish (fixture->a.store, result, &error));
  g_assert_no_error (error);
  g_assert_null (get (fixture->a.store, "owls", &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND);
}

static void
test_closing_ends_a_leave_in_an_outage (Fixture *fixture, gconstpointer data)
{
  GAsyncResult *slot = NULL;
  gint64 began_us;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (kill (redis_pid (fixture->redis.redis), SIGSTOP), ==, 0);
  salon_store_leave_async (fixture->a.store, "owls", "ada", "ada/1", NULL, keep_result, &slot);
  await_available (fixture->a.store, FALSE);
  run_ready ();
  g_assert_null (slot);
  began_us = g_get_monotonic_time ();
  close_store (fixture->a.store);
  /* A second, and what a slow machine adds. */
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, 3 * G_USEC_PER_SEC);
  result = await (&slot);
  g_assert_null (salon_store_leave_finish (fixture->a.store, result, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_SHUTTING_DOWN);
}

static void
test_a_failed_join_leaves_nobody_behind (Fixture *fixture, gconstpointer data)
{
  GPid pid = redis_pid (fixture->redis.redis);
  g_autoptr (GError) error = NULL;

  assert_host (join (fixture->a.store, "owls", "ada", TRUE, NULL), "ada", 1);
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  g_assert_null (join (fixture->a.store, "wood", "bob", TRUE, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE);
  /* Now Redis runs what it had received: the join that has already failed. */
  g_assert_cmpint (kill (pid, SIGCONT), ==, 0);
  await_room_gone (fixture->a.store, "wood");
}

/* The member is in Redis under another id than that with which the join was made. */
static void
test_a_failed_come_back_leaves_nobody_behind (Fixture *fixture, gconstpointer data)
{
  GPid pid = redis_pid (fixture->redis.redis);
  g_autoptr (SalonRoomInfo) room = join (fixture->a.store, "owls", "ada", TRUE, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  g_assert_null (join_as (fixture->b.store, "owls ada2 ada2/1 ada2-token ada-token", TRUE, NULL, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE);
  g_assert_cmpint (kill (pid, SIGCONT), ==, 0);
  await_room_gone (fixture->a.store, "owls");
}

static void
test_a_cancelled_join_leaves_nobody_behind (Fixture *fixture, gconstpointer data)
{
  static const SalonStoreJoin bob = { .room = "wood",
    .member_id = "bob",
    .session_id = "bob/1",
    .name = "",
    .token_hash = "t",
    .may_create = TRUE,
    .max_members = 10 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult *slot = NULL;
  g_autofree char *member = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  salon_room_info_free (join (fixture->a.store, "owls", "ada", TRUE, NULL));
  salon_store_join_async (fixture->a.store, &bob, cancellable, keep_result, &slot);
  g_cancellable_cancel (cancellable);
  result = await (&slot);
  g_assert_null (salon_store_join_finish (fixture->a.store, result, &member, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  await_room_gone (fixture->a.store, "wood");
}

/* ---- damage ---- */

/* What other hands may do to a room's record. */
static void
damage_field (Fixture *fixture, const char *room_id, const char *field)
{
  g_autofree char *line = g_strdup_printf ("HDEL salon:room:%s %s", room_id, field);
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) reply = command (fixture->redis.redis, line, &error);

  g_assert_no_error (error);
  g_assert_cmpint (reply->integer, ==, 1);
}

static void
test_a_damaged_record_is_no_disaster (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rooms = NULL;

  damage_field (fixture, room->id, "lifetime");
  g_assert_null (get (fixture->a.store, "owls", &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_INTERNAL);
  g_clear_error (&error);
  rooms = list (fixture->a.store, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rooms->len, ==, 0);
}

static void
test_a_damaged_room_can_be_deleted (Fixture *fixture, gconstpointer data)
{
  static const char *const fields[] = { "slug", "lifetime", "max_members", "created_at" };

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      g_autoptr (SalonRoomInfo) room = create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);
      g_autoptr (SalonRoomInfo) deleted = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_nonnull (room);
      assert_host (join (fixture->a.store, "owls", "ada", FALSE, NULL), "ada", 1);
      damage_field (fixture, room->id, fields[i]);
      deleted = delete_room (fixture->a.store, "owls", "owner-hash", &error);
      g_assert_no_error (error);
      g_assert_cmpstr (deleted->id, ==, room->id);
      g_assert_null (get (fixture->a.store, "owls", &error));
      g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND);
    }
}

static void
test_a_damaged_member_keeps_no_room (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = join (fixture->a.store, "owls", "ada", TRUE, NULL);
  g_autofree char *line = g_strdup_printf ("HSET salon:room:%s:members ada {", room->id);
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) damaged = command (fixture->redis.redis, line, &error);

  g_assert_no_error (error);
  g_assert_null (leave (fixture->a.store, room->id, "ada", &error));
  g_assert_no_error (error);
  assert_redis_is_empty (fixture);
}

static void
test_nobody_stays_in_a_damaged_room (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);
  g_autofree char *count = g_strdup_printf ("ZCARD salon:room:%s:order", room->id);
  g_autoptr (GError) error = NULL;
  gint64 n_members = -1;

  damage_field (fixture, room->id, "lifetime");
  g_assert_null (join (fixture->a.store, "owls", "ada", FALSE, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_INTERNAL);
  while (n_members != 0)
    {
      g_autoptr (SalonRedisReply) reply = command (fixture->redis.redis, count, NULL);

      n_members = reply->integer;
    }
}

static void
test_rooms_are_bounded (Fixture *fixture, gconstpointer data)
{
  static const char *const fill[]
      = { "EVAL", "for i = 1, 100000 do redis.call('SADD', 'salon:rooms', 'filler' .. i) end", "0", NULL };
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) filled = NULL;
  g_autoptr (SalonRedisReply) reply = NULL;
  g_autoptr (GError) error = NULL;

  salon_redis_command_async (fixture->redis.redis, fill, NULL, keep_result, &slot);
  filled = await (&slot);
  reply = salon_redis_command_finish (fixture->redis.redis, filled, &error);
  g_assert_no_error (error);
  g_assert_null (create (fixture->a.store, "owls", SALON_LIFETIME_PERMANENT, 10, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_TOO_MANY_REQUESTS);
  g_clear_error (&error);
  g_assert_null (join (fixture->a.store, "owls", "ada", TRUE, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_TOO_MANY_REQUESTS);
}

static void
test_nobody_waits_for_guests_for_ever (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) missed = create (fixture->a.store, "owls", SALON_LIFETIME_EPHEMERAL, 10, NULL);
  g_autoptr (SalonRoomInfo) used = create (fixture->a.store, "wood", SALON_LIFETIME_EPHEMERAL, 10, NULL);
  g_autofree char *past = g_strdup_printf ("HSET salon:room:%s join_by 1", missed->id);
  g_autofree char *field = g_strdup_printf ("HEXISTS salon:room:%s join_by", used->id);
  g_autoptr (SalonRedisReply) is_set = NULL;
  g_autoptr (SalonRedisReply) n_rooms = NULL;

  salon_room_info_free (join (fixture->a.store, "wood", "ada", TRUE, NULL));
  is_set = command (fixture->redis.redis, field, NULL);
  g_assert_cmpint (is_set->integer, ==, 0);
  salon_redis_reply_free (command (fixture->redis.redis, past, NULL));
  do
    {
      g_clear_pointer (&n_rooms, salon_redis_reply_free);
      n_rooms = command (fixture->redis.redis, "SCARD salon:rooms", NULL);
    }
  while (n_rooms->integer > 1); /* a heartbeat sweeps; the watchdog ends this */
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
#define ADD(path, times, function)                                                                                     \
  g_test_add ("/store/" path, Fixture, times, fixture_set_up, function, fixture_tear_down)
  ADD ("creates-and-gets", NULL, test_creates_and_gets);
  ADD ("without-a-slug-the-id-serves", NULL, test_without_a_slug_the_id_serves);
  ADD ("refuses-a-taken-name", NULL, test_refuses_a_taken_name);
  ADD ("finds-no-room-in-other-keys", NULL, test_finds_no_room_in_other_keys);
  ADD ("lists-by-slug", NULL, test_lists_by_slug);
  ADD ("only-the-owner-deletes", NULL, test_only_the_owner_deletes);
  ADD ("joining-creates-when-allowed", NULL, test_joining_creates_when_allowed);
  ADD ("joining-twice-is-joining-once", NULL, test_joining_twice_is_joining_once);
  ADD ("the-host-passes-on-to-the-longest-present", NULL, test_the_host_passes_on_to_the_longest_present);
  ADD ("an-ephemeral-room-goes-with-its-last-member", NULL, test_an_ephemeral_room_goes_with_its_last_member);
  ADD ("a-permanent-room-stays", NULL, test_a_permanent_room_stays);
  ADD ("keeps-the-last-hundred-messages", NULL, test_keeps_the_last_hundred_messages);
  ADD ("saying-twice-is-saying-once", NULL, test_saying_twice_is_saying_once);
  ADD ("no-chat-without-a-room", NULL, test_no_chat_without_a_room);
  ADD ("rooms-survive-the-death-of-redis", NULL, test_rooms_survive_the_death_of_redis);
  ADD ("a-leave-outlasts-an-outage", &impatient, test_a_leave_outlasts_an_outage);
  ADD ("closing-ends-a-leave-in-an-outage", &impatient, test_closing_ends_a_leave_in_an_outage);
  ADD ("a-failed-join-leaves-nobody-behind", &impatient, test_a_failed_join_leaves_nobody_behind);
  ADD ("a-failed-come-back-leaves-nobody-behind", &impatient, test_a_failed_come_back_leaves_nobody_behind);
  ADD ("a-cancelled-join-leaves-nobody-behind", NULL, test_a_cancelled_join_leaves_nobody_behind);
  ADD ("a-damaged-record-is-no-disaster", NULL, test_a_damaged_record_is_no_disaster);
  ADD ("a-damaged-room-can-be-deleted", NULL, test_a_damaged_room_can_be_deleted);
  ADD ("a-damaged-member-keeps-no-room", NULL, test_a_damaged_member_keeps_no_room);
  ADD ("there-are-only-so-many", NULL, test_rooms_are_bounded);
  ADD ("an-ephemeral-one-that-nobody-comes-to-goes", NULL, test_nobody_waits_for_guests_for_ever);
  ADD ("nobody-stays-in-a-damaged-room", NULL, test_nobody_stays_in_a_damaged_room);
#undef ADD
  return g_test_run ();
}
