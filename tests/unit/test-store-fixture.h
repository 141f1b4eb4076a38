/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "redis-fixture.h"
#include "salon-store.h"

/* A server's store, and what it was told. */
typedef struct
{
  SalonStore *store; /* (owned) (nullable) */
  GPtrArray *told;   /* (owned) (element-type utf8) (owned): events as lines of text, not yet expected */
} Node;

/* How quickly a node is taken for dead. */
typedef struct
{
  guint lease_ms;
  guint heartbeat_ms;
  guint deadline_ms;
} Times;

/* Two servers, node-1 and node-2, on one Redis. */
typedef struct
{
  RedisFixture redis;
  Node a, b;
} Fixture;

/* For g_test_add(). data: (nullable): const Times *. */
void fixture_set_up (Fixture *fixture, gconstpointer data);
void fixture_tear_down (Fixture *fixture, gconstpointer data);

/* times: (nullable): nobody is taken for dead while a test runs. */
void node_init (Node *node, const char *url, const char *node_id, const Times *times);
void node_open (Node *node, Fixture *fixture, const char *node_id, const Times *times);
void node_close (Node *node);
/* As if the process were killed, but for redis-server, which sees its connections end. */
void node_kill (Node *node);
/* As if the process stood still, but for calls that the test itself makes; and went on. */
void node_pause (Node *node);
void node_resume (Node *node);
gboolean node_is_hearing (Node *node);

/* Waits for the next event and asserts that it is this one. */
void expect (Node *node, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Drops events until this one came. */
void await_event (Node *node, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Waits until everything that Redis published so far was told, and asserts that it was nothing. */
void expect_nothing (Node *node);

/* Runs the main context for a time: only where it is time itself that is tested. */
void run_for (guint ms);

/* ---- the store, blocking; freed by who gets it ---- */

gboolean register_store (SalonStore *store, guint deadline_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void close_store (SalonStore *store);

SalonRoomInfo *create (SalonStore *store, const char *slug, SalonLifetime lifetime, guint max_members, GError **error);
SalonRoomInfo *create_as (SalonStore *store, const SalonRoomSpec *spec, GError **error);
SalonRoomInfo *get (SalonStore *store, const char *room, GError **error);
GPtrArray *list (SalonStore *store, GError **error);
SalonRoomInfo *delete_room (SalonStore *store, const char *room, const char *owner_hash, GError **error);

/* Room, member, session, token hash and the token hash of before, separated by spaces; a field of "-" is left out. The
 * name is 'Ada "🦉"'. */
void join_begin (SalonStore *store, const char *line, gboolean may_create, GAsyncResult **slot);
SalonRoomState *join_end (SalonStore *store, GAsyncResult **slot, char **member_id, GError **error);
/* member_id: (nullable) */
SalonRoomState *join_as (SalonStore *store, const char *line, gboolean may_create, char **member_id, GError **error);
/* Session "<member>/1", token "<member>-token". */
SalonRoomInfo *join (SalonStore *store, const char *room, const char *member, gboolean may_create, GError **error);
SalonRoomInfo *leave_as (SalonStore *store, const char *room, const char *member, const char *session, GError **error);
SalonRoomInfo *leave (SalonStore *store, const char *room, const char *member, GError **error);
SalonRoomState *fetch (SalonStore *store, const char *room_id, GError **error);
/* claims: each "member session token place", ending with NULL. */
SalonRoomState *claim (SalonStore *store, const SalonRoomInfo *info, const char *const *claims, GError **error);
SalonRoomInfo *set_flag (
    SalonStore *store, const char *room_id, const char *host, SalonRoomFlag flag, gboolean is_set, GError **error);
gboolean kick (SalonStore *store, const char *room_id, const char *host, const char *member, GError **error);
SalonRoomState *admit (
    SalonStore *store, const char *room_id, const char *host, const char *member, gboolean is_admitted, GError **error);
gboolean close_room (SalonStore *store, const char *room_id, const char *host, GError **error);
void say (SalonStore *store, const char *room, const char *from, const char *id, GError **error);
gboolean change_message (
    SalonStore *store, const char *room, const char *id, const char *actor, const char *text, GError **error);
GPtrArray *read_chat (SalonStore *store, const char *room, GError **error);

/* ---- assertions ---- */

/* info: (transfer full) */
void assert_host (SalonRoomInfo *info, const char *host, guint n_members);
/* expected: "member@node/session ..."; of members, then of who waits. state: (transfer full) */
void assert_state (SalonRoomState *state, const char *members, const char *waiting);
void assert_members (SalonStore *store, const char *room_id, const char *members);
/* Asserts the error and clears it. */
void assert_refused (GError **error, int code);
/* Only the nodes' own keys may be left. */
void assert_redis_is_empty (Fixture *fixture);
