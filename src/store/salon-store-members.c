/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-limits.h"
#include "salon-store-private.h"
#include "salon-store-reply.h"

#define GST_CAT_DEFAULT salon_store_debug

#define LEAVE_RETRY_S 1

/* Somebody's session in a room. */
typedef struct
{
  char *room;       /* (owned) */
  char *member;     /* (owned) */
  char *session;    /* (owned) */
  char *old_token;  /* (owned): with which they may be there as another member; or empty */
  gboolean is_here; /* as this other member, and stays whatever comes of the join */
} Stay;

static Stay *
stay_new (const char *room, const char *member, const char *session, const char *old_token)
{
  Stay *stay = g_new (Stay, 1);

  *stay = (Stay){ g_strdup (room), g_strdup (member), g_strdup (session), g_strdup (old_token), FALSE };
  return stay;
}

static void
stay_free (Stay *stay)
{
  g_free (stay->room);
  g_free (stay->member);
  g_free (stay->session);
  g_free (stay->old_token);
  g_free (stay);
}

/* ---- leave ---- */

typedef struct
{
  Stay *stay;  /* (owned) */
  GTask *task; /* (owned) */
} Leave;

static void
leave_free (Leave *leave)
{
  stay_free (leave->stay);
  g_object_unref (leave->task);
  g_free (leave);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Leave, leave_free)

static void retry_later (SalonStore *self);

static void
on_left (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Leave) leave = user_data;
  SalonStore *self = g_task_get_source_object (leave->task);
  GError *error = NULL;
  g_autoptr (SalonRedisReply) reply = salon_store_run_finish (self, result, &error);
  SalonRoomInfo *info;

  if (salon_store_is_unsure (error) && !self->is_closed)
    {
      g_clear_error (&error);
      g_queue_push_tail (&self->leaving, g_steal_pointer (&leave));
      retry_later (self);
      return;
    }
  info = reply != NULL ? salon_store_reply_parse_room (reply, &error) : NULL;
  if (error != NULL)
    g_task_return_error (leave->task, error);
  else
    g_task_return_pointer (leave->task, info, (GDestroyNotify)salon_room_info_free);
}

/* leave: (transfer full) */
static void
run_leave (SalonStore *self, Leave *leave)
{
  const Stay *stay = leave->stay;

  salon_store_run_async (self, SALON_SCRIPT_LEAVE,
      (const char *[]){ stay->room, stay->member, stay->session, stay->old_token, NULL }, NULL, on_left, leave);
}

static void
run_leaving (SalonStore *self)
{
  for (guint n_leaving = self->leaving.length; n_leaving > 0; n_leaving--)
    run_leave (self, g_queue_pop_head (&self->leaving));
}

static gboolean
on_retry (gpointer user_data)
{
  SalonStore *self = user_data;

  self->retry_id = 0;
  run_leaving (self);
  return G_SOURCE_REMOVE;
}

static void
retry_later (SalonStore *self)
{
  if (self->retry_id == 0)
    self->retry_id = g_timeout_add_seconds (LEAVE_RETRY_S, on_retry, self);
}

/* Each finds the connection closed. */
void
salon_store_give_up_leaving (SalonStore *self)
{
  g_clear_handle_id (&self->retry_id, g_source_remove);
  run_leaving (self);
}

/* stay, task: (transfer full) */
static void
start_leaving (SalonStore *self, Stay *stay, GTask *task)
{
  Leave *leave = g_new (Leave, 1);

  *leave = (Leave){ stay, task };
  g_task_set_source_tag (task, salon_store_leave_async);
  run_leave (self, leave);
}

void
salon_store_leave_async (SalonStore *self, const char *room_id, const char *member_id, const char *session_id,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  start_leaving (
      self, stay_new (room_id, member_id, session_id, ""), g_task_new (self, cancellable, callback, user_data));
}

SalonRoomInfo *
salon_store_leave_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return salon_store_call_finish (self, result, error);
}

/* ---- join ---- */

typedef struct
{
  SalonRoomState *state; /* (owned) (nullable): NULL: they wait */
  char *member_id;       /* (owned) */
} Joined;

static void
joined_free (Joined *joined)
{
  salon_room_state_free (joined->state);
  g_free (joined->member_id);
  g_free (joined);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Joined, joined_free)

/* reply: see lua/join.lua. */
static Joined *
parse_joined (const SalonRedisReply *reply, const Stay *stay, GError **error)
{
  const SalonRedisReply *member;
  SalonRoomState *state = NULL;
  Joined *joined;

  if (reply->type != SALON_REDIS_NIL && (state = salon_store_reply_parse_state (reply, error)) == NULL)
    return NULL;
  member = state != NULL ? &reply->elements[reply->length - 1] : NULL;
  joined = g_new (Joined, 1);
  joined->state = state;
  joined->member_id = g_strdup (member != NULL ? member->string : stay->member);
  return joined;
}

static void
on_joined (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SalonStore *self = g_task_get_source_object (task);
  const Stay *stay = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (SalonRedisReply) reply = salon_store_run_finish (self, result, &error);
  Joined *joined = reply != NULL ? parse_joined (reply, stay, &error) : NULL;

  g_queue_remove (&self->joining, stay);
  if (joined != NULL)
    {
      g_task_return_pointer (task, joined, (GDestroyNotify)joined_free);
      return;
    }
  /* With a reply, the member is in a room whose record is damaged. */
  if (!stay->is_here && (reply != NULL || salon_store_is_unsure (error)))
    start_leaving (
        self, stay_new (stay->room, stay->member, stay->session, stay->old_token), g_task_new (self, NULL, NULL, NULL));
  g_task_return_error (task, error);
}

void
salon_store_join_async (SalonStore *self, const SalonStoreJoin *join, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *id = g_uuid_string_random ();
  g_autofree char *max_members = g_strdup_printf ("%u", join->max_members);
  g_autofree char *max_waiting = g_strdup_printf ("%d", SALON_LIMIT_WAITING);
  const char *old_token = join->old_token_hash != NULL ? join->old_token_hash : "";
  Stay *stay = stay_new (join->room, join->member_id, join->session_id, old_token);

  stay->is_here = join->is_here;
  g_task_set_source_tag (task, salon_store_join_async);
  g_task_set_task_data (task, stay, (GDestroyNotify)stay_free);
  /* The run is cancelled, and what comes of it decides: who is told of a failure must not be left in the room. */
  g_task_set_check_cancellable (task, FALSE);
  g_queue_push_tail (&self->joining, stay);
  salon_store_run_async (self, SALON_SCRIPT_JOIN,
      (const char *[]){ join->room, id, join->may_create ? "1" : "0", max_members, join->member_id, join->session_id,
          join->name, join->token_hash, old_token, max_waiting, G_STRINGIFY (SALON_LIMIT_ROOMS),
          join->is_unattended ? "1" : "0", join->is_trusted ? "1" : "0",
          join->owner_hash != NULL ? join->owner_hash : "", NULL },
      cancellable, on_joined, task);
}

SalonRoomState *
salon_store_join_finish (SalonStore *self, GAsyncResult *result, char **member_id, GError **error)
{
  g_autoptr (Joined) joined = salon_store_call_finish (self, result, error);

  if (joined == NULL)
    return NULL;
  *member_id = g_steal_pointer (&joined->member_id);
  return g_steal_pointer (&joined->state);
}

/* ---- fetch and claim ---- */

void
salon_store_fetch_async (
    SalonStore *self, const char *room_id, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  CALL (FETCH, room_id);
}

SalonRoomState *
salon_store_fetch_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return salon_store_call_finish (self, result, error);
}

/* Returns: (transfer full): the sessions that are about to be in a room, as one text. */
static char *
list_joining (SalonStore *self)
{
  GString *text = g_string_new (NULL);

  for (GList *l = self->joining.head; l != NULL; l = l->next)
    g_string_append_printf (text, "%s ", ((const Stay *)l->data)->session);
  return g_string_free (text, FALSE);
}

void
salon_store_claim_async (SalonStore *self, const SalonRoomInfo *room, GArray *claims, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *max_members = g_strdup_printf ("%u", room->max_members);
  g_autofree char *created_at = g_strdup_printf ("%" G_GINT64_FORMAT, room->created_at_s);
  g_autofree char *expires_at = g_strdup_printf ("%" G_GINT64_FORMAT, room->expires_at_s);
  g_autofree char *joining = list_joining (self);
  g_auto (GStrv) arguments = NULL;

  g_strv_builder_add_many (builder, room->id, room->slug, salon_lifetime_to_string (room->lifetime), max_members,
      created_at, room->is_locked ? "1" : "0", room->has_waiting_room ? "1" : "0", expires_at, joining, NULL);
  for (guint i = 0; i < claims->len; i++)
    {
      const SalonStoreClaim *claim = &g_array_index (claims, SalonStoreClaim, i);
      g_autofree char *place = g_strdup_printf ("%u", claim->place);

      g_strv_builder_add_many (builder, claim->member_id, claim->session_id, claim->name, claim->token_hash, place,
          claim->is_unattended ? "1" : "0", NULL);
    }
  arguments = g_strv_builder_end (builder);
  salon_store_call_async (self, SALON_SCRIPT_CLAIM, (const char *const *)arguments, cancellable, callback, user_data);
}

SalonRoomState *
salon_store_claim_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return salon_store_call_finish (self, result, error);
}
