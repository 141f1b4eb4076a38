/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-store-fixture.h"

#include <stdlib.h>
#include <string.h>

#include "salon-error.h"
#include "salon-store-private.h"

/* A heartbeat often enough for tests not to wait for one. */
static const Times patient = { .lease_ms = WATCHDOG_S * 1000, .heartbeat_ms = 100, .deadline_ms = 2000 };

/* ---- events ---- */

static void
note (gpointer user_data, char *line)
{
  Node *node = user_data;

  g_ptr_array_add (node->told, line);
}

static void
on_changed (const char *room_id, gpointer user_data)
{
  note (user_data, g_strdup_printf ("changed %s", room_id));
}

static void
on_chat (const char *room_id, const char *message, gpointer user_data)
{
  note (user_data, g_strdup_printf ("chat %s %s", room_id, message));
}

static void
on_chat_changed (const char *room_id, const char *message_id, const char *text, gpointer user_data)
{
  note (user_data, g_strdup_printf ("chat-changed %s %s %s", room_id, message_id, text != NULL ? text : "-"));
}

static void
on_kicked (const char *room_id, const char *member_id, const char *session_id, gpointer user_data)
{
  note (user_data, g_strdup_printf ("kicked %s %s %s", room_id, member_id, session_id));
}

static void
on_ended (const char *room_id, SalonRoomEnd end, gpointer user_data)
{
  note (user_data, g_strdup_printf ("%s %s", end == SALON_ROOM_DELETED ? "deleted" : "closed", room_id));
}

static void
on_admitted (const char *member_id, gpointer user_data)
{
  note (user_data, g_strdup_printf ("admitted %s", member_id));
}

static void
on_denied (const char *member_id, gpointer user_data)
{
  note (user_data, g_strdup_printf ("denied %s", member_id));
}

static void
on_restored (gpointer user_data)
{
  note (user_data, g_strdup ("restored"));
}

static void
on_usurped (gpointer user_data)
{
  note (user_data, g_strdup ("usurped"));
}

static const SalonStoreEvents events = {
  .changed = on_changed,
  .chat = on_chat,
  .chat_changed = on_chat_changed,
  .kicked = on_kicked,
  .ended = on_ended,
  .admitted = on_admitted,
  .denied = on_denied,
  .restored = on_restored,
  .usurped = on_usurped,
};

/* Returns: (transfer full) */
static char *
next_event (Node *node)
{
  while (node->told->len == 0)
    g_main_context_iteration (NULL, TRUE);
  return g_ptr_array_steal_index (node->told, 0);
}

void
expect (Node *node, const char *format, ...)
{
  g_autofree char *expected = NULL;
  g_autofree char *line = next_event (node);
  va_list arguments;

  va_start (arguments, format);
  expected = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_assert_cmpstr (line, ==, expected);
}

void
await_event (Node *node, const char *format, ...)
{
  g_autofree char *expected = NULL;
  g_autofree char *line = NULL;
  va_list arguments;

  va_start (arguments, format);
  expected = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  while (g_strcmp0 (line, expected) != 0)
    {
      g_free (line);
      line = next_event (node);
    }
}

/* A message of our own on the node's channel comes after all others. */
void
expect_nothing (Node *node)
{
  g_autofree char *channel = g_strdup_printf ("salon:node:%s:events", salon_store_get_node_id (node->store));
  const char *const publish[] = { "PUBLISH", channel, "{\"event\":\"changed\",\"room\":\"the end\"}", NULL };
  GAsyncResult *slot = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (SalonRedisReply) reply = NULL;

  salon_redis_command_async (node->store->redis, publish, NULL, keep_result, &slot);
  result = await (&slot);
  reply = salon_redis_command_finish (node->store->redis, result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (reply->integer, ==, 1);
  expect (node, "changed the end");
}

/* ---- nodes ---- */

void
node_init (Node *node, const char *url, const char *node_id, const Times *times)
{
  g_autoptr (GError) error = NULL;

  if (times == NULL)
    times = &patient;
  node->told = g_ptr_array_new_with_free_func (g_free);
  node->store = salon_store_new (url, node_id, &error);
  g_assert_no_error (error);
  salon_store_set_times (node->store, times->lease_ms, times->heartbeat_ms, times->deadline_ms);
  salon_store_set_events (node->store, &events, node);
}

void
node_open (Node *node, Fixture *fixture, const char *node_id, const Times *times)
{
  g_autoptr (GError) error = NULL;
  gboolean is_registered;

  node_init (node, salon_redis_server_get_url (fixture->redis.server), node_id, times);
  is_registered = register_store (node->store, WATCHDOG_S * 1000, &error);
  g_assert_no_error (error);
  g_assert_true (is_registered);
}

static void
node_finalize (Node *node)
{
  run_ready ();
  g_assert_finalize_object (node->store);
  node->store = NULL;
  g_clear_pointer (&node->told, g_ptr_array_unref);
}

void
node_close (Node *node)
{
  close_store (node->store);
  node_finalize (node);
}

void
node_kill (Node *node)
{
  salon_redis_close (node->store->events);
  salon_redis_close (node->store->redis);
  node_finalize (node);
}

void
node_pause (Node *node)
{
  while (node->store->is_beating)
    g_main_context_iteration (NULL, TRUE);
  node->store->is_beating = TRUE;
}

void
node_resume (Node *node)
{
  node->store->is_beating = FALSE;
  salon_store_beat (node->store);
}

gboolean
node_is_hearing (Node *node)
{
  return salon_redis_is_connected (node->store->events);
}

void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  redis_fixture_set_up (&fixture->redis, data);
  node_open (&fixture->a, fixture, "node-1", data);
  node_open (&fixture->b, fixture, "node-2", data);
}

void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->a.store != NULL)
    node_close (&fixture->a);
  if (fixture->b.store != NULL)
    node_close (&fixture->b);
  redis_fixture_tear_down (&fixture->redis, data);
}

static gboolean
on_timeout (gpointer user_data)
{
  *(gboolean *)user_data = TRUE;
  return G_SOURCE_REMOVE;
}

void
run_for (guint ms)
{
  gboolean is_over = FALSE;

  g_timeout_add (ms, on_timeout, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
}

/* ---- the store, blocking ---- */

/* Defines what a blocking function does between its _async and its _finish. */
#define BLOCK(name, ...)                                                                                               \
  GAsyncResult *slot = NULL;                                                                                           \
  g_autoptr (GAsyncResult) result = NULL;                                                                              \
  salon_store_##name##_async (__VA_ARGS__, keep_result, &slot);                                                        \
  result = await (&slot)

gboolean
register_store (SalonStore *store, guint deadline_ms, GError **error)
{
  BLOCK (register, store, deadline_ms, NULL);
  return salon_store_register_finish (store, result, error);
}

void
close_store (SalonStore *store)
{
  BLOCK (close, store);
  salon_store_close_finish (store, result);
}

SalonRoomInfo *
create_as (SalonStore *store, const SalonRoomSpec *spec, GError **error)
{
  BLOCK (create_room, store, spec, "owner-hash", NULL);
  return salon_store_create_room_finish (store, result, error);
}

SalonRoomInfo *
create (SalonStore *store, const char *slug, SalonLifetime lifetime, guint max_members, GError **error)
{
  const SalonRoomSpec spec = { .slug = slug, .lifetime = lifetime, .max_members = max_members };

  return create_as (store, &spec, error);
}

SalonRoomInfo *
get (SalonStore *store, const char *room, GError **error)
{
  BLOCK (get_room, store, room, NULL);
  return salon_store_get_room_finish (store, result, error);
}

GPtrArray *
list (SalonStore *store, GError **error)
{
  BLOCK (list_rooms, store, NULL);
  return salon_store_list_rooms_finish (store, result, error);
}

SalonRoomInfo *
delete_room (SalonStore *store, const char *room, const char *owner_hash, GError **error)
{
  BLOCK (delete_room, store, room, owner_hash, NULL);
  return salon_store_delete_room_finish (store, result, error);
}

void
join_begin (SalonStore *store, const char *line, gboolean may_create, GAsyncResult **slot)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  SalonStoreJoin join = {
    .room = words[0],
    .member_id = words[1],
    .session_id = words[2],
    .name = "Ada \"🦉\"",
    .token_hash = words[3],
    .old_token_hash = g_str_equal (words[4], "-") ? NULL : words[4],
    .may_create = may_create,
    .max_members = 10,
  };

  salon_store_join_async (store, &join, NULL, keep_result, slot);
}

SalonRoomState *
join_end (SalonStore *store, GAsyncResult **slot, char **member_id, GError **error)
{
  g_autoptr (GAsyncResult) result = await (slot);
  g_autofree char *member = NULL;
  SalonRoomState *state = salon_store_join_finish (store, result, &member, error);

  if (member_id != NULL)
    *member_id = g_steal_pointer (&member);
  return state;
}

SalonRoomState *
join_as (SalonStore *store, const char *line, gboolean may_create, char **member_id, GError **error)
{
  GAsyncResult *slot = NULL;

  join_begin (store, line, may_create, &slot);
  return join_end (store, &slot, member_id, error);
}

SalonRoomInfo *
join (SalonStore *store, const char *room, const char *member, gboolean may_create, GError **error)
{
  g_autofree char *line = g_strdup_printf ("%s %s %s/1 %s-token -", room, member, member, member);
  g_autoptr (SalonRoomState) state = join_as (store, line, may_create, NULL, error);

  return state != NULL ? g_steal_pointer (&state->info) : NULL;
}

SalonRoomInfo *
leave_as (SalonStore *store, const char *room, const char *member, const char *session, GError **error)
{
  BLOCK (leave, store, room, member, session, NULL);
  return salon_store_leave_finish (store, result, error);
}

SalonRoomInfo *
leave (SalonStore *store, const char *room, const char *member, GError **error)
{
  g_autofree char *session = g_strconcat (member, "/1", NULL);

  return leave_as (store, room, member, session, error);
}

SalonRoomState *
fetch (SalonStore *store, const char *room_id, GError **error)
{
  BLOCK (fetch, store, room_id, NULL);
  return salon_store_fetch_finish (store, result, error);
}

SalonRoomState *
claim (SalonStore *store, const SalonRoomInfo *info, const char *const *claims, GError **error)
{
  g_autoptr (GArray) array = g_array_new (FALSE, FALSE, sizeof (SalonStoreClaim));
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func ((GDestroyNotify)g_strfreev);

  for (; *claims != NULL; claims++)
    {
      GStrv claim_words = g_strsplit (*claims, " ", -1);
      SalonStoreClaim one = { claim_words[0], claim_words[1], "Ada", claim_words[2], atoi (claim_words[3]) };

      g_ptr_array_add (words, claim_words);
      g_array_append_val (array, one);
    }
  BLOCK (claim, store, info, array, NULL);
  return salon_store_claim_finish (store, result, error);
}

SalonRoomInfo *
set_flag (SalonStore *store, const char *room_id, const char *host, SalonRoomFlag flag, gboolean is_set, GError **error)
{
  BLOCK (set_flag, store, room_id, host, flag, is_set, NULL);
  return salon_store_set_flag_finish (store, result, error);
}

gboolean
kick (SalonStore *store, const char *room_id, const char *host, const char *member, GError **error)
{
  BLOCK (kick, store, room_id, host, member, NULL);
  return salon_store_kick_finish (store, result, error);
}

SalonRoomState *
admit (
    SalonStore *store, const char *room_id, const char *host, const char *member, gboolean is_admitted, GError **error)
{
  BLOCK (admit, store, room_id, host, member, is_admitted, NULL);
  return salon_store_admit_finish (store, result, error);
}

gboolean
close_room (SalonStore *store, const char *room_id, const char *host, GError **error)
{
  BLOCK (close_room, store, room_id, host, NULL);
  return salon_store_close_room_finish (store, result, error);
}

void
say (SalonStore *store, const char *room, const char *from, const char *id, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.000Z");
  g_autofree char *message
      = g_strdup_printf ("{\"id\":\"%s\",\"from\":\"%s\",\"message\":\"Hoo!\",\"timestamp\":\"%s\"}", id, from, time);
  gboolean is_kept;

  BLOCK (add_message, store, room, message, NULL);
  is_kept = salon_store_add_message_finish (store, result, error);
  g_assert_true (is_kept || (error != NULL && *error != NULL));
}

gboolean
change_message (
    SalonStore *store, const char *room, const char *id, const char *actor, const char *text, GError **error)
{
  BLOCK (change_message, store, room, id, actor, text, NULL);
  return salon_store_change_message_finish (store, result, error);
}

GPtrArray *
read_chat (SalonStore *store, const char *room, GError **error)
{
  BLOCK (list_messages, store, room, NULL);
  return salon_store_list_messages_finish (store, result, error);
}

/* ---- assertions ---- */

void
assert_host (SalonRoomInfo *info, const char *host, guint n_members)
{
  g_assert_nonnull (info);
  g_assert_cmpstr (info->host, ==, host);
  g_assert_cmpuint (info->n_members, ==, n_members);
  salon_room_info_free (info);
}

static char *
describe_people (GPtrArray *people)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < people->len; i++)
    {
      const SalonMember *member = people->pdata[i];

      g_string_append_printf (text, "%s%s@%s/%s", i > 0 ? " " : "", member->id, member->node, member->session);
    }
  return g_string_free (text, FALSE);
}

void
assert_state (SalonRoomState *state, const char *members, const char *waiting)
{
  g_autofree char *in = NULL;
  g_autofree char *outside = NULL;

  g_assert_nonnull (state);
  in = describe_people (state->members);
  outside = describe_people (state->waiting);
  g_assert_cmpstr (in, ==, members);
  g_assert_cmpstr (outside, ==, waiting);
  g_assert_cmpuint (state->info->n_members, ==, state->members->len);
  salon_room_state_free (state);
}

void
assert_members (SalonStore *store, const char *room_id, const char *members)
{
  g_autoptr (GError) error = NULL;
  SalonRoomState *state = fetch (store, room_id, &error);

  g_assert_no_error (error);
  assert_state (state, members, "");
}

void
assert_refused (GError **error, int code)
{
  g_assert_error (*error, SALON_ERROR, code);
  g_clear_error (error);
}

void
assert_redis_is_empty (Fixture *fixture)
{
  static const char *const known[] = { "salon:nodes", "salon:node:node-1", "salon:node:node-1:lease",
    "salon:node:node-2", "salon:node:node-2:lease", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisReply) keys = command (fixture->redis.redis, "KEYS *", &error);
  guint n_unknown = 0;

  g_assert_no_error (error);
  for (gsize i = 0; i < keys->length; i++)
    {
      const char *key = keys->elements[i].string;

      /* Tombstones go by themselves. */
      if (g_strv_contains (known, key) || g_str_has_prefix (key, "salon:gone:"))
        continue;
      g_test_message ("left: %s", key);
      n_unknown++;
    }
  g_assert_cmpuint (n_unknown, ==, 0);
}
