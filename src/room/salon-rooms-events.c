/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-rooms-private.h"

#include <gst/gst.h>

#include "salon-error.h"
#include "salon-secret.h"

/* What other servers did. */

static SalonRoom *
find_room (SalonRooms *self, const char *room_id)
{
  return g_hash_table_lookup (self->rooms, room_id);
}

static void
on_changed (const char *room_id, gpointer user_data)
{
  SalonRooms *self = user_data;

  if (find_room (self, room_id) != NULL)
    salon_rooms_refresh (self, room_id);
  /* It may be that of a join whose answer, from before this change, is still on its way. */
  else if (self->n_joining > 0)
    g_hash_table_add (self->stale, g_strdup (room_id));
}

static void
on_chat (const char *room_id, const char *text, gpointer user_data)
{
  SalonRoom *room = find_room (user_data, room_id);
  g_autoptr (SalonChatMessage) message = salon_chat_message_from_json (text);

  if (room != NULL && message != NULL)
    salon_room_chat (room, message);
}

static void
on_chat_changed (const char *room_id, const char *message_id, const char *text, gpointer user_data)
{
  SalonRoom *room = find_room (user_data, room_id);

  if (room != NULL)
    salon_room_chat_changed (room, NULL, message_id, text);
}

static void
on_kicked (const char *room_id, const char *member_id, const char *session_id, gpointer user_data)
{
  SalonRoom *room = find_room (user_data, room_id);
  SalonParticipant *participant = room != NULL ? salon_room_find_participant (room, member_id) : NULL;
  g_autoptr (SalonParticipant) kicked = participant != NULL ? g_object_ref (participant) : NULL;

  if (kicked != NULL && g_str_equal (salon_participant_get_session_id (kicked), session_id))
    salon_participant_end (kicked, "kicked", "The host has asked you to leave");
}

static void
on_ended (const char *room_id, SalonRoomEnd end, gpointer user_data)
{
  SalonRoom *room = find_room (user_data, room_id);

  if (room != NULL)
    salon_rooms_end_room (room, end);
}

static void
on_admitted (const char *member_id, gpointer user_data)
{
  salon_rooms_join_again (user_data, member_id);
}

static void
on_denied (const char *member_id, gpointer user_data)
{
  salon_rooms_deny (user_data, member_id);
}

/* -- after an outage -- */

typedef struct
{
  SalonRooms *rooms; /* (owned) */
  char *room_id;     /* (owned) */
} Claim;

static void
claim_free (Claim *claim)
{
  g_object_unref (claim->rooms);
  g_free (claim->room_id);
  g_free (claim);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Claim, claim_free)

static gboolean
on_refresh_due (gpointer user_data)
{
  SalonRooms *self = user_data;
  GHashTableIter iter;
  gpointer room_id;

  self->refresh_id = 0;
  g_hash_table_iter_init (&iter, self->rooms);
  while (g_hash_table_iter_next (&iter, &room_id, NULL))
    salon_rooms_refresh (self, room_id);
  return G_SOURCE_REMOVE;
}

/* By then other servers have claimed their members too. */
static void
refresh_later (SalonRooms *self)
{
  g_clear_handle_id (&self->refresh_id, g_source_remove);
  self->refresh_id = g_timeout_add (SALON_ROOM_AWAIT_MS + 500, on_refresh_due, self);
}

static void
on_claimed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Claim) claim = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRoomState) state = salon_store_claim_finish (SALON_STORE (source), result, &error);
  SalonRoom *room = find_room (claim->rooms, claim->room_id);

  if (room == NULL)
    return;
  if (state != NULL)
    {
      if (state->was_lost && !claim->rooms->is_closed)
        refresh_later (claim->rooms);
      salon_rooms_sync (claim->rooms, room, state, TRUE);
    }
  else if (g_error_matches (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND)
           || g_error_matches (error, SALON_ERROR, SALON_ERROR_ROOM_EXISTS))
    salon_rooms_end_room (room, SALON_ROOM_DELETED);
  else
    GST_WARNING ("room %s: not claimed: %s", claim->room_id, error->message);
}

static void
clear_member (SalonStoreClaim *member)
{
  g_free ((char *)member->token_hash);
}

void
salon_rooms_claim (SalonRooms *self, SalonRoom *room)
{
  GPtrArray *participants = salon_room_get_participants (room);
  g_autoptr (GArray) claims = g_array_sized_new (FALSE, FALSE, sizeof (SalonStoreClaim), participants->len);
  Claim *claim = g_new (Claim, 1);

  g_array_set_clear_func (claims, (GDestroyNotify)clear_member);
  for (guint i = 0; i < participants->len; i++)
    {
      SalonParticipant *participant = g_ptr_array_index (participants, i);
      SalonStoreClaim one = {
        .member_id = salon_participant_get_id (participant),
        .session_id = salon_participant_get_session_id (participant),
        .name = salon_participant_get_name (participant),
        .token_hash = salon_secret_hash (salon_participant_get_session_token (participant)),
        .place = salon_room_get_place (room, salon_participant_get_id (participant)),
        .is_unattended = salon_participant_is_unattended (participant),
      };

      g_array_append_val (claims, one);
    }
  *claim = (Claim){ g_object_ref (self), g_strdup (salon_room_get_info (room)->id) };
  salon_store_claim_async (self->store, salon_room_get_info (room), claims, NULL, on_claimed, claim);
}

static void
on_restored (gpointer user_data)
{
  SalonRooms *self = user_data;
  g_autoptr (GList) rooms = g_hash_table_get_values (self->rooms);
  g_autoptr (GList) waiting = g_hash_table_get_keys (self->waiting);

  for (GList *link = rooms; link != NULL; link = link->next)
    salon_rooms_claim (self, link->data);
  for (GList *link = waiting; link != NULL; link = link->next)
    {
      g_autofree char *member_id = g_strdup (link->data);

      salon_rooms_join_again (self, member_id);
    }
}

static void
on_usurped (gpointer user_data)
{
  g_signal_emit_by_name (user_data, "usurped");
}

const SalonStoreEvents salon_rooms_store_events = {
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
