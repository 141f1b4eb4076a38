/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis-fixture.h"

#include <gst/gst.h>
#include <signal.h>
#include <string.h>

#include "salon-error.h"
#include "salon-store.h"

typedef struct
{
  RedisFixture redis;
  SalonStore *store;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  redis_fixture_set_up (&fixture->redis, data);
  fixture->store = salon_store_new (fixture->redis.redis, "node-1");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  salon_redis_close (fixture->redis.redis);
  run_ready ();
  g_assert_finalize_object (fixture->store);
  redis_fixture_tear_down (&fixture->redis, data);
}

/* ---- the store, blocking ---- */

static SalonRoomInfo *
create (SalonStore *store, const char *slug, SalonLifetime lifetime, guint max_members, GError **error)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  salon_store_create_room_async (store, slug, lifetime, max_members, "owner-hash", NULL, keep_result, &slot);
  result = await (&slot);
  return salon_store_create_room_finish (store, result, error);
}

static SalonRoomInfo *
get (SalonStore *store, const char *room, GError **error)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  salon_store_get_room_async (store, room, NULL, keep_result, &slot);
  result = await (&slot);
  return salon_store_get_room_finish (store, result, error);
}

static GPtrArray *
list (SalonStore *store, GError **error)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  salon_store_list_rooms_async (store, NULL, keep_result, &slot);
  result = await (&slot);
  return salon_store_list_rooms_finish (store, result, error);
}

static SalonRoomInfo *delete (SalonStore *store, const char *room, const char *owner_hash, GError **error)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  salon_store_delete_room_async (store, room, owner_hash, NULL, keep_result, &slot);
  result = await (&slot);
  return salon_store_delete_room_finish (store, result, error);
}

static SalonRoomInfo *
join (SalonStore *store, const char *room, const char *member, gboolean may_create, GError **error)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  salon_store_join_async (store, room, member, "Ada \"🦉\"", may_create, 10, NULL, keep_result, &slot);
  result = await (&slot);
  return salon_store_join_finish (store, result, error);
}

static SalonRoomInfo *
leave (SalonStore *store, const char *room, const char *member, GError **error)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  salon_store_leave_async (store, room, member, NULL, keep_result, &slot);
  result = await (&slot);
  return salon_store_leave_finish (store, result, error);
}

static void
reset_node (SalonStore *store)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  salon_store_reset_node_async (store, NULL, keep_result, &slot);
  result = await (&slot);
  g_assert_true (salon_store_reset_node_finish (store, result, &error));
  g_assert_no_error (error);
}

static void
assert_host (SalonRoomInfo *info, const char *host, guint n_members)
{
  g_assert_nonnull (info);
  g_assert_cmpstr (info->host, ==, host);
  g_assert_cmpuint (info->n_members, ==, n_members);
  salon_room_info_free (info);
}

/* Only what belongs to no room may be left. */
static void
assert_redis_is_empty (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) keys = command (fixture->redis.redis, "KEYS *", &error);

  g_assert_no_error (error);
  for (gsize i = 0; i < keys->length; i++)
    g_test_message ("left: %s", keys->elements[i].string);
  g_assert_cmpuint (keys->length, ==, 0);
}

/* ---- rooms ---- */

static void
say (SalonStore *store, const char *room, const char *text, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.000Z");
  g_autofree char *message = g_strdup_printf ("{\"id\":\"%s\",\"timestamp\":\"%s\"}", text, time);
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  gboolean is_kept;

  salon_store_add_message_async (store, room, message, NULL, keep_result, &slot);
  result = await (&slot);
  is_kept = salon_store_add_message_finish (store, result, error);
  g_assert_true (is_kept || (error != NULL && *error != NULL));
}

static GPtrArray *
read_chat (SalonStore *store, const char *room, GError **error)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  salon_store_list_messages_async (store, room, NULL, keep_result, &slot);
  result = await (&slot);
  return salon_store_list_messages_finish (store, result, error);
}

static void
test_creates_and_gets (Fixture *fixture, gconstpointer data)
{
  gint64 now_s = g_get_real_time () / G_USEC_PER_SEC;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRoomInfo) made = create (fixture->store, "🦉 des lumières", SALON_LIFETIME_PERMANENT, 7, &error);
  g_autoptr (SalonRoomInfo) by_slug = NULL;
  g_autoptr (SalonRoomInfo) by_id = NULL;

  g_assert_no_error (error);
  g_assert_true (g_uuid_string_is_valid (made->id));
  by_slug = get (fixture->store, "🦉 des lumières", &error);
  g_assert_no_error (error);
  by_id = get (fixture->store, made->id, &error);
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
  g_autoptr (SalonRoomInfo) made = create (fixture->store, NULL, SALON_LIFETIME_EPHEMERAL, 2, NULL);

  g_assert_cmpstr (made->slug, ==, made->id);
  assert_host (get (fixture->store, made->id, NULL), NULL, 0);
}

static void
test_refuses_a_taken_name (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) made = create (fixture->store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (create (fixture->store, "owls", SALON_LIFETIME_PERMANENT, 7, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_EXISTS);
  g_clear_error (&error);
  /* Another room's id is its name too. */
  g_assert_null (create (fixture->store, made->id, SALON_LIFETIME_PERMANENT, 7, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_EXISTS);
}

static void
test_finds_no_room_in_other_keys (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) made = join (fixture->store, "owls", "ada", TRUE, NULL);
  g_autofree char *members = g_strconcat (made->id, ":members", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (get (fixture->store, members, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND);
  assert_host (join (fixture->store, members, "bob", TRUE, NULL), "bob", 1);
  assert_host (get (fixture->store, "owls", NULL), "ada", 1);
}

static void
test_lists_by_slug (Fixture *fixture, gconstpointer data)
{
  const char *const slugs[] = { "b", "🦉", "a" };
  const char *const sorted[] = { "a", "b", "🦉" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) none = list (fixture->store, &error);
  g_autoptr (GPtrArray) rooms = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (slugs); i++)
    salon_room_info_free (create (fixture->store, slugs[i], SALON_LIFETIME_PERMANENT, 5, NULL));
  rooms = list (fixture->store, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rooms->len, ==, G_N_ELEMENTS (sorted));
  for (guint i = 0; i < rooms->len; i++)
    g_assert_cmpstr (((SalonRoomInfo *)rooms->pdata[i])->slug, ==, sorted[i]);
}

static void
test_only_the_owner_deletes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) made = create (fixture->store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);
  g_autoptr (SalonRoomInfo) unowned = join (fixture->store, "wood", "eve", TRUE, NULL);
  const char *const wrong[][2] = { { "owls", "other" }, { "owls", "" }, { "wood", "" }, { "wood", "owner-hash" } };
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_assert_null (delete (fixture->store, wrong[i][0], wrong[i][1], &error));
      g_assert_error (error, SALON_ERROR, SALON_ERROR_UNAUTHORIZED);
      g_clear_error (&error);
    }
  salon_room_info_free (join (fixture->store, "owls", "ada", FALSE, NULL));
  assert_host (delete (fixture->store, "owls", "owner-hash", &error), "ada", 1);
  g_assert_no_error (error);
  assert_host (delete (fixture->store, unowned->id, NULL, &error), "eve", 1);
  g_assert_no_error (error);
  g_assert_null (delete (fixture->store, "owls", NULL, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND);
  assert_redis_is_empty (fixture);
}

/* ---- members ---- */

static void
test_joining_creates_when_allowed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRoomInfo) info = NULL;

  g_assert_null (join (fixture->store, "owls", "ada", FALSE, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND);
  g_clear_error (&error);
  info = join (fixture->store, "owls", "ada", TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (info->slug, ==, "owls");
  g_assert_cmpint (info->lifetime, ==, SALON_LIFETIME_EPHEMERAL);
  g_assert_cmpuint (info->max_members, ==, 10);
  assert_host (join (fixture->store, "owls", "bob", FALSE, NULL), "ada", 2);
}

static void
test_one_place_has_one_winner (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = create (fixture->store, "owls", SALON_LIFETIME_PERMANENT, 1, NULL);
  GAsyncResult *slots[5] = { NULL };
  guint n_winners = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (slots); i++)
    {
      g_autofree char *member = g_strdup_printf ("member-%zu", i);

      salon_store_join_async (fixture->store, "owls", member, "", TRUE, 10, NULL, keep_result, &slots[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (slots); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GAsyncResult) result = await (&slots[i]);
      g_autoptr (SalonRoomInfo) info = salon_store_join_finish (fixture->store, result, &error);

      if (info != NULL)
        n_winners++;
      else
        g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_FULL);
    }
  g_assert_cmpuint (n_winners, ==, 1);
}

static void
test_joining_twice_is_joining_once (Fixture *fixture, gconstpointer data)
{
  assert_host (join (fixture->store, "owls", "ada", TRUE, NULL), "ada", 1);
  assert_host (join (fixture->store, "owls", "bob", TRUE, NULL), "ada", 2);
  assert_host (join (fixture->store, "owls", "ada", TRUE, NULL), "ada", 2);
  assert_host (leave (fixture->store, "owls", "ada", NULL), "bob", 1);
}

static void
test_the_host_passes_on_to_the_longest_present (Fixture *fixture, gconstpointer data)
{
  const char *const members[] = { "zoe", "bob", "ada", "mia" };

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    assert_host (join (fixture->store, "owls", members[i], TRUE, NULL), "zoe", i + 1);
  assert_host (leave (fixture->store, "owls", "bob", NULL), "zoe", 3);
  assert_host (leave (fixture->store, "owls", "zoe", NULL), "ada", 2);
  assert_host (join (fixture->store, "owls", "zoe", TRUE, NULL), "ada", 3);
  assert_host (leave (fixture->store, "owls", "ada", NULL), "mia", 2);
}

static void
test_an_ephemeral_room_goes_with_its_last_member (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  salon_room_info_free (join (fixture->store, "owls", "ada", TRUE, NULL));
  assert_host (leave (fixture->store, "owls", "nobody", &error), "ada", 1);
  g_assert_no_error (error);
  g_assert_null (leave (fixture->store, "owls", "ada", &error));
  g_assert_no_error (error);
  g_assert_null (leave (fixture->store, "owls", "ada", &error));
  g_assert_no_error (error);
  assert_redis_is_empty (fixture);
}

static void
test_a_permanent_room_stays (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) made = create (fixture->store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);

  assert_host (join (fixture->store, "owls", "ada", FALSE, NULL), "ada", 1);
  assert_host (leave (fixture->store, made->id, "ada", NULL), NULL, 0);
  assert_host (get (fixture->store, "owls", NULL), NULL, 0);
}

static void
test_reset_takes_back_this_nodes_members_alone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonStore) other = salon_store_new (fixture->redis.redis, "node-2");
  g_autoptr (SalonRoomInfo) room = create (fixture->store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);
  g_autoptr (GError) error = NULL;

  assert_host (join (fixture->store, "owls", "ada", TRUE, NULL), "ada", 1);
  assert_host (join (other, "owls", "bob", TRUE, NULL), "ada", 2);
  assert_host (join (fixture->store, "wood", "ada-2", TRUE, NULL), "ada-2", 1);
  assert_host (join (other, "barn", "bob-2", TRUE, NULL), "bob-2", 1);
  reset_node (fixture->store);
  assert_host (get (fixture->store, "owls", NULL), "bob", 1);
  assert_host (get (fixture->store, "barn", NULL), "bob-2", 1);
  g_assert_null (get (fixture->store, "wood", &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND);
  reset_node (other);
  assert_host (delete (other, "owls", NULL, NULL), NULL, 0);
  assert_redis_is_empty (fixture);
}

/* ---- outages ---- */

static void
test_keeps_the_last_hundred_messages (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRoomInfo) room = create (fixture->store, "talk", SALON_LIFETIME_PERMANENT, 2, &error);
  g_autoptr (GPtrArray) messages = NULL;

  for (guint i = 1; i <= 101; i++)
    {
      g_autofree char *text = g_strdup_printf ("m%u", i);

      say (fixture->store, room->id, text, &error);
      g_assert_no_error (error);
    }
  messages = read_chat (fixture->store, "talk", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (messages->len, ==, 100);
  g_assert_nonnull (strstr (g_ptr_array_index (messages, 0), "\"m2\""));
  g_assert_nonnull (strstr (g_ptr_array_index (messages, 99), "\"m101\""));
}

static void
test_no_chat_without_a_room (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) messages = NULL;

  say (fixture->store, "nowhere", "hello", &error);
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND);
  g_clear_error (&error);
  messages = read_chat (fixture->store, "nowhere", &error);
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND);
}

static void
test_rooms_survive_the_death_of_redis (Fixture *fixture, gconstpointer data)
{
  GPid pid = redis_pid (fixture->redis.redis);

  assert_host (join (fixture->store, "owls", "ada", TRUE, NULL), "ada", 1);
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  await_connected (fixture->redis.redis, FALSE);
  await_connected (fixture->redis.redis, TRUE);
  assert_host (join (fixture->store, "owls", "bob", FALSE, NULL), "ada", 2);
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

  assert_host (join (fixture->store, "owls", "ada", TRUE, NULL), "ada", 1);
  salon_redis_set_deadline (fixture->redis.redis, 200);
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  salon_store_leave_async (fixture->store, "owls", "ada", NULL, keep_result, &slot);
  await_connected (fixture->redis.redis, FALSE);
  /* What Redis has received of it does not count: this one forgets. */
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  result = await (&slot);
  g_assert_null (salon_store_leave_finish (fixture->store, result, &error));
  g_assert_no_error (error);
  g_assert_null (get (fixture->store, "owls", &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND);
}

static void
test_closing_ends_a_leave_in_an_outage (Fixture *fixture, gconstpointer data)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  salon_redis_set_deadline (fixture->redis.redis, 200);
  g_assert_cmpint (kill (redis_pid (fixture->redis.redis), SIGSTOP), ==, 0);
  salon_store_leave_async (fixture->store, "owls", "ada", NULL, keep_result, &slot);
  await_connected (fixture->redis.redis, FALSE);
  run_ready ();
  salon_redis_close (fixture->redis.redis);
  result = await (&slot);
  g_assert_null (salon_store_leave_finish (fixture->store, result, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_SHUTTING_DOWN);
}

static void
test_a_failed_join_leaves_nobody_behind (Fixture *fixture, gconstpointer data)
{
  GPid pid = redis_pid (fixture->redis.redis);
  g_autoptr (GError) error = NULL;

  salon_redis_set_deadline (fixture->redis.redis, 200);
  assert_host (join (fixture->store, "owls", "ada", TRUE, NULL), "ada", 1);
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  g_assert_null (join (fixture->store, "wood", "bob", TRUE, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_STORE_UNAVAILABLE);
  /* Now Redis runs what it had received: the join that has already failed. */
  g_assert_cmpint (kill (pid, SIGCONT), ==, 0);
  await_room_gone (fixture->store, "wood");
}

static void
test_a_cancelled_join_leaves_nobody_behind (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  salon_room_info_free (join (fixture->store, "owls", "ada", TRUE, NULL));
  salon_store_join_async (fixture->store, "wood", "bob", "", TRUE, 10, cancellable, keep_result, &slot);
  g_cancellable_cancel (cancellable);
  result = await (&slot);
  g_assert_null (salon_store_join_finish (fixture->store, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  await_room_gone (fixture->store, "wood");
}

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
  g_autoptr (SalonRoomInfo) room = create (fixture->store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rooms = NULL;

  damage_field (fixture, room->id, "lifetime");
  g_assert_null (get (fixture->store, "owls", &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_INTERNAL);
  g_clear_error (&error);
  rooms = list (fixture->store, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rooms->len, ==, 0);
}

static void
test_a_damaged_room_can_be_deleted (Fixture *fixture, gconstpointer data)
{
  static const char *const fields[] = { "slug", "lifetime", "max_members", "created_at" };

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      g_autoptr (SalonRoomInfo) room = create (fixture->store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);
      g_autoptr (SalonRoomInfo) deleted = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_nonnull (room);
      assert_host (join (fixture->store, "owls", "ada", FALSE, NULL), "ada", 1);
      damage_field (fixture, room->id, fields[i]);
      deleted = delete (fixture->store, "owls", "owner-hash", &error);
      g_assert_no_error (error);
      g_assert_cmpstr (deleted->id, ==, room->id);
      g_assert_null (get (fixture->store, "owls", &error));
      g_assert_error (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND);
    }
}

static void
test_a_damaged_member_keeps_no_room (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = join (fixture->store, "owls", "ada", TRUE, NULL);
  g_autofree char *line = g_strdup_printf ("HSET salon:room:%s:members ada {", room->id);
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) damaged = command (fixture->redis.redis, line, &error);

  g_assert_no_error (error);
  g_assert_null (leave (fixture->store, room->id, "ada", &error));
  g_assert_no_error (error);
  reset_node (fixture->store);
  assert_redis_is_empty (fixture);
}

static void
test_nobody_stays_in_a_damaged_room (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SalonRoomInfo) room = create (fixture->store, "owls", SALON_LIFETIME_PERMANENT, 7, NULL);
  g_autofree char *count = g_strdup_printf ("ZCARD salon:room:%s:order", room->id);
  g_autoptr (GError) error = NULL;
  gint64 n_members = -1;

  damage_field (fixture, room->id, "lifetime");
  g_assert_null (join (fixture->store, "owls", "ada", FALSE, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_INTERNAL);
  while (n_members != 0)
    {
      g_autoptr (SalonRedisReply) reply = command (fixture->redis.redis, count, NULL);

      n_members = reply->integer;
    }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
#define ADD(path, function) g_test_add ("/store/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("creates-and-gets", test_creates_and_gets);
  ADD ("without-a-slug-the-id-serves", test_without_a_slug_the_id_serves);
  ADD ("refuses-a-taken-name", test_refuses_a_taken_name);
  ADD ("finds-no-room-in-other-keys", test_finds_no_room_in_other_keys);
  ADD ("lists-by-slug", test_lists_by_slug);
  ADD ("only-the-owner-deletes", test_only_the_owner_deletes);
  ADD ("joining-creates-when-allowed", test_joining_creates_when_allowed);
  ADD ("one-place-has-one-winner", test_one_place_has_one_winner);
  ADD ("joining-twice-is-joining-once", test_joining_twice_is_joining_once);
  ADD ("the-host-passes-on-to-the-longest-present", test_the_host_passes_on_to_the_longest_present);
  ADD ("an-ephemeral-room-goes-with-its-last-member", test_an_ephemeral_room_goes_with_its_last_member);
  ADD ("a-permanent-room-stays", test_a_permanent_room_stays);
  ADD ("reset-takes-back-this-nodes-members-alone", test_reset_takes_back_this_nodes_members_alone);
  ADD ("keeps-the-last-hundred-messages", test_keeps_the_last_hundred_messages);
  ADD ("no-chat-without-a-room", test_no_chat_without_a_room);
  ADD ("rooms-survive-the-death-of-redis", test_rooms_survive_the_death_of_redis);
  ADD ("a-leave-outlasts-an-outage", test_a_leave_outlasts_an_outage);
  ADD ("closing-ends-a-leave-in-an-outage", test_closing_ends_a_leave_in_an_outage);
  ADD ("a-failed-join-leaves-nobody-behind", test_a_failed_join_leaves_nobody_behind);
  ADD ("a-cancelled-join-leaves-nobody-behind", test_a_cancelled_join_leaves_nobody_behind);
  ADD ("a-damaged-record-is-no-disaster", test_a_damaged_record_is_no_disaster);
  ADD ("a-damaged-room-can-be-deleted", test_a_damaged_room_can_be_deleted);
  ADD ("a-damaged-member-keeps-no-room", test_a_damaged_member_keeps_no_room);
  ADD ("nobody-stays-in-a-damaged-room", test_nobody_stays_in_a_damaged_room);
#undef ADD
  return g_test_run ();
}
