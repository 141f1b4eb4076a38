/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-store-reply.h"

#include <string.h>

#include "salon-error.h"
#include "salon-store-private.h"

#define GST_CAT_DEFAULT salon_store_debug

static const struct
{
  const char *reason;
  SalonError code;
  const char *message;
} refusals[] = {
  { "fenced", SALON_ERROR_STORE_UNAVAILABLE, "The room store was out of reach; try again in a moment" },
  { "replaced", SALON_ERROR_STORE_UNAVAILABLE, "You came back elsewhere in the meantime" },
  { "room_exists", SALON_ERROR_ROOM_EXISTS, "There is a room of that name already; choose another name, or join it" },
  { "room_not_found", SALON_ERROR_ROOM_NOT_FOUND, "There is no such room; check its name, or create it" },
  { "room_full", SALON_ERROR_ROOM_FULL, "The room is full; try again when somebody has left" },
  { "room_locked", SALON_ERROR_ROOM_LOCKED, "The host lets nobody new in; ask them to open the room" },
  { "room_expired", SALON_ERROR_ROOM_EXPIRED, "The room's time is over; create another one" },
  { "too_many_rooms", SALON_ERROR_TOO_MANY_REQUESTS, "There are as many rooms as there may be; try again later" },
  { "too_many_requests", SALON_ERROR_TOO_MANY_REQUESTS, "Too many people wait to be let in; try again later" },
  { "forbidden", SALON_ERROR_FORBIDDEN, "Only the host may do this, or, to a message, who wrote it" },
  { "unknown_participant", SALON_ERROR_UNKNOWN_PARTICIPANT, "They are not here any more" },
  { "unknown_message", SALON_ERROR_UNKNOWN_MESSAGE, "There is no such message in the room's history" },
  { "unauthorized", SALON_ERROR_UNAUTHORIZED,
      "Only the room's owner may do this; send the owner token that was shown when the room was created" },
};

void
salon_store_reply_refuse (const char *reason, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      if (g_str_equal (reason, refusals[i].reason))
        {
          g_set_error_literal (error, SALON_ERROR, refusals[i].code, refusals[i].message);
          return;
        }
    }
  g_assert_not_reached ();
}

/* The order is that of describe() in lua/rooms.lua. */
enum
{
  ROOM_ID,
  ROOM_SLUG,
  ROOM_LIFETIME,
  ROOM_MAX_MEMBERS,
  ROOM_CREATED_AT,
  ROOM_N_MEMBERS,
  ROOM_LOCKED,
  ROOM_WAITING_ROOM,
  ROOM_EXPIRES_AT,
  ROOM_HOST,
  N_ROOM_FIELDS
};

/* The order is that of people() in lua/rooms.lua. */
enum
{
  PERSON_ID,
  PERSON_NAME,
  PERSON_NODE,
  PERSON_SESSION,
  N_PERSON_FIELDS
};

/* The order is that of state() in lua/rooms.lua; after it, join.lua tells the member. */
enum
{
  STATE_ROOM,
  STATE_MEMBERS,
  STATE_WAITING,
  STATE_WAS_LOST,
  N_STATE_FIELDS
};

static gboolean
has_texts (const SalonRedisReply *reply, gsize length, guint n_texts)
{
  if (reply->type != SALON_REDIS_ARRAY || reply->length != length)
    return FALSE;
  for (guint i = 0; i < n_texts; i++)
    {
      if (reply->elements[i].type != SALON_REDIS_STRING || !g_utf8_validate (reply->elements[i].string, -1, NULL))
        return FALSE;
    }
  return TRUE;
}

static void
set_damaged (GError **error)
{
  g_set_error_literal (
      error, SALON_ERROR, SALON_ERROR_INTERNAL, "The room's record in the store is damaged; delete the room");
}

gpointer
salon_store_reply_parse_room (const SalonRedisReply *reply, GError **error)
{
  g_autoptr (SalonRoomInfo) info = g_new0 (SalonRoomInfo, 1);
  const SalonRedisReply *fields = reply->elements;

  if (reply->type == SALON_REDIS_NIL)
    return NULL;
  /* An empty room has no host. */
  if (!has_texts (reply, N_ROOM_FIELDS, ROOM_HOST)
      || !salon_lifetime_from_string (fields[ROOM_LIFETIME].string, &info->lifetime))
    {
      set_damaged (error);
      return NULL;
    }
  info->id = g_strdup (fields[ROOM_ID].string);
  info->slug = g_strdup (fields[ROOM_SLUG].string);
  info->max_members = (guint)g_ascii_strtoull (fields[ROOM_MAX_MEMBERS].string, NULL, 10);
  info->n_members = (guint)g_ascii_strtoull (fields[ROOM_N_MEMBERS].string, NULL, 10);
  info->is_locked = g_str_equal (fields[ROOM_LOCKED].string, "1");
  info->has_waiting_room = g_str_equal (fields[ROOM_WAITING_ROOM].string, "1");
  info->host = g_strdup (fields[ROOM_HOST].string);
  info->created_at_s = g_ascii_strtoll (fields[ROOM_CREATED_AT].string, NULL, 10);
  info->expires_at_s = g_ascii_strtoll (fields[ROOM_EXPIRES_AT].string, NULL, 10);
  return g_steal_pointer (&info);
}

gpointer
salon_store_reply_parse_deleted (const SalonRedisReply *reply, GError **error)
{
  SalonRoomInfo *info = salon_store_reply_parse_room (reply, NULL);

  if (info == NULL)
    {
      info = g_new0 (SalonRoomInfo, 1);
      info->id = g_strdup (reply->elements[ROOM_ID].string);
      info->slug = g_strdup (info->id);
    }
  return info;
}

static int
compare_slugs (gconstpointer a, gconstpointer b)
{
  const SalonRoomInfo *const *left = a;
  const SalonRoomInfo *const *right = b;

  return strcmp ((*left)->slug, (*right)->slug);
}

gpointer
salon_store_reply_parse_rooms (const SalonRedisReply *reply, GError **error)
{
  GPtrArray *rooms = g_ptr_array_new_with_free_func ((GDestroyNotify)salon_room_info_free);

  for (gsize i = 0; reply->type == SALON_REDIS_ARRAY && i < reply->length; i++)
    {
      SalonRoomInfo *info = salon_store_reply_parse_room (&reply->elements[i], NULL);

      if (info != NULL)
        g_ptr_array_add (rooms, info);
      else
        GST_WARNING ("a room's record in the store is damaged; left out of the list");
    }
  g_ptr_array_sort (rooms, compare_slugs);
  return rooms;
}

static GPtrArray *
parse_people (const SalonRedisReply *reply)
{
  GPtrArray *people = g_ptr_array_new_with_free_func ((GDestroyNotify)salon_member_free);

  for (gsize i = 0; reply->type == SALON_REDIS_ARRAY && i < reply->length; i++)
    {
      const SalonRedisReply *fields = reply->elements[i].elements;

      if (has_texts (&reply->elements[i], N_PERSON_FIELDS, N_PERSON_FIELDS))
        g_ptr_array_add (people, salon_member_new (fields[PERSON_ID].string, fields[PERSON_NAME].string,
                                     fields[PERSON_NODE].string, fields[PERSON_SESSION].string));
      else
        GST_WARNING ("somebody's record in the store is damaged; left out of the room");
    }
  return people;
}

gpointer
salon_store_reply_parse_state (const SalonRedisReply *reply, GError **error)
{
  SalonRoomState *state;
  SalonRoomInfo *info;

  if (reply->type != SALON_REDIS_ARRAY || reply->length < N_STATE_FIELDS)
    {
      set_damaged (error);
      return NULL;
    }
  info = salon_store_reply_parse_room (&reply->elements[STATE_ROOM], error);
  if (info == NULL)
    return NULL;
  state = g_new (SalonRoomState, 1);
  state->info = info;
  state->members = parse_people (&reply->elements[STATE_MEMBERS]);
  state->waiting = parse_people (&reply->elements[STATE_WAITING]);
  state->was_lost = g_strcmp0 (reply->elements[STATE_WAS_LOST].string, "1") == 0;
  return state;
}

gpointer
salon_store_reply_parse_texts (const SalonRedisReply *reply, GError **error)
{
  GPtrArray *texts = g_ptr_array_new_with_free_func (g_free);

  for (gsize i = 0; reply->type == SALON_REDIS_ARRAY && i < reply->length; i++)
    {
      if (reply->elements[i].type == SALON_REDIS_STRING)
        g_ptr_array_add (texts, g_strdup (reply->elements[i].string));
    }
  return texts;
}

gpointer
salon_store_reply_parse_done (const SalonRedisReply *reply, GError **error)
{
  return (gpointer) "done";
}
