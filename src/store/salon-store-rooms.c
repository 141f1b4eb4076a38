/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-limits.h"
#include "salon-store-private.h"

void
salon_store_create_room_async (SalonStore *self, const SalonRoomSpec *spec, const char *owner_hash,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  guint max_age_s = spec->lifetime == SALON_LIFETIME_TIMED ? spec->max_age_s : 0;
  g_autofree char *id = g_uuid_string_random ();
  g_autofree char *max_members = g_strdup_printf ("%u", spec->max_members);
  g_autofree char *max_age = g_strdup_printf ("%u", max_age_s);
  g_autofree char *block = g_strdup_printf ("%" G_GINT64_FORMAT, (gint64)(spec->block_factor * max_age_s));
  g_autofree char *join_within = g_strdup_printf ("%d", SALON_LIMIT_JOIN_WITHIN_S);

  CALL (CREATE_ROOM, id, spec->slug != NULL ? spec->slug : id, salon_lifetime_to_string (spec->lifetime), max_members,
      max_age, block, spec->has_waiting_room ? "1" : "0", owner_hash, G_STRINGIFY (SALON_LIMIT_ROOMS), join_within);
}

SalonRoomInfo *
salon_store_create_room_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return salon_store_call_finish (self, result, error);
}

void
salon_store_get_room_async (
    SalonStore *self, const char *room, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  CALL (GET_ROOM, room);
}

void
salon_store_get_own_room_async (SalonStore *self, const char *room, const char *owner_hash, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  CALL (GET_ROOM, room, owner_hash);
}

SalonRoomInfo *
salon_store_get_room_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return salon_store_call_finish (self, result, error);
}

void
salon_store_list_rooms_async (
    SalonStore *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  CALL (LIST_ROOMS, NULL);
}

GPtrArray *
salon_store_list_rooms_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return salon_store_call_finish (self, result, error);
}

void
salon_store_delete_room_async (SalonStore *self, const char *room, const char *owner_hash, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  CALL (DELETE_ROOM, room, owner_hash == NULL ? "1" : "0", owner_hash != NULL ? owner_hash : "");
}

SalonRoomInfo *
salon_store_delete_room_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return salon_store_call_finish (self, result, error);
}

/* ---- the host's ---- */

void
salon_store_set_flag_async (SalonStore *self, const char *room_id, const char *host_id, SalonRoomFlag flag,
    gboolean is_set, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  static const char *const names[] = {
    [SALON_ROOM_IS_LOCKED] = "locked",
    [SALON_ROOM_HAS_WAITING_ROOM] = "waiting_room",
  };

  CALL (SET_FLAG, room_id, host_id, names[flag], is_set ? "1" : "0");
}

SalonRoomInfo *
salon_store_set_flag_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return salon_store_call_finish (self, result, error);
}

void
salon_store_kick_async (SalonStore *self, const char *room_id, const char *host_id, const char *member_id,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  CALL (KICK, room_id, host_id, member_id);
}

gboolean
salon_store_kick_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return salon_store_call_finish (self, result, error) != NULL;
}

void
salon_store_admit_async (SalonStore *self, const char *room_id, const char *host_id, const char *member_id,
    gboolean is_admitted, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  CALL (ADMIT, room_id, host_id, member_id, is_admitted ? "1" : "0");
}

SalonRoomState *
salon_store_admit_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return salon_store_call_finish (self, result, error);
}

void
salon_store_close_room_async (SalonStore *self, const char *room_id, const char *host_id, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  CALL (CLOSE_ROOM, room_id, host_id);
}

gboolean
salon_store_close_room_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return salon_store_call_finish (self, result, error) != NULL;
}
