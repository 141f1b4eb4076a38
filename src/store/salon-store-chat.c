/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-limits.h"
#include "salon-store-private.h"

void
salon_store_add_message_async (SalonStore *self, const char *room_id, const char *message, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  g_autofree char *max = g_strdup_printf ("%d", SALON_LIMIT_CHAT_HISTORY);
  g_autofree char *ttl = g_strdup_printf ("%d", SALON_LIMIT_CHAT_AGE_S);

  CALL (CHAT_ADD, room_id, message, max, ttl);
}

gboolean
salon_store_add_message_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return salon_store_call_finish (self, result, error) != NULL;
}

void
salon_store_list_messages_async (
    SalonStore *self, const char *room_id, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) oldest = g_date_time_add_seconds (now, -SALON_LIMIT_CHAT_AGE_S);
  g_autofree char *since = g_date_time_format (oldest, "%Y-%m-%dT%H:%M:%S");

  CALL (CHAT_LIST, room_id, since);
}

GPtrArray *
salon_store_list_messages_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return salon_store_call_finish (self, result, error);
}

void
salon_store_change_message_async (SalonStore *self, const char *room_id, const char *message_id, const char *actor,
    const char *text, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  CALL (CHAT_CHANGE, room_id, message_id, actor, text != NULL ? text : "");
}

gboolean
salon_store_change_message_finish (SalonStore *self, GAsyncResult *result, GError **error)
{
  return salon_store_call_finish (self, result, error) != NULL;
}
