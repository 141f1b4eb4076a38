/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-json.h"
#include "salon-limits.h"
#include "salon-store-private.h"

#define GST_CAT_DEFAULT salon_store_debug

#define MAX_FIELDS 3
/* An event is a chat message, JSON in JSON, and a few ids. */
#define MAX_EVENT_BYTES SALON_LIMIT_MESSAGE_BYTES

static void
tell_changed (const SalonStoreEvents *handlers, const char *const *values, gpointer user_data)
{
  handlers->changed (values[0], user_data);
}

static void
tell_chat (const SalonStoreEvents *handlers, const char *const *values, gpointer user_data)
{
  handlers->chat (values[0], values[1], user_data);
}

/* The text of a message that was deleted is not there. */
static void
tell_chat_changed (const SalonStoreEvents *handlers, const char *const *values, gpointer user_data)
{
  handlers->chat_changed (values[0], values[1], values[2], user_data);
}

static void
tell_kicked (const SalonStoreEvents *handlers, const char *const *values, gpointer user_data)
{
  handlers->kicked (values[0], values[1], values[2], user_data);
}

static void
tell_deleted (const SalonStoreEvents *handlers, const char *const *values, gpointer user_data)
{
  handlers->ended (values[0], SALON_ROOM_DELETED, user_data);
}

static void
tell_closed (const SalonStoreEvents *handlers, const char *const *values, gpointer user_data)
{
  handlers->ended (values[0], SALON_ROOM_CLOSED, user_data);
}

static void
tell_admitted (const SalonStoreEvents *handlers, const char *const *values, gpointer user_data)
{
  handlers->admitted (values[0], user_data);
}

static void
tell_denied (const SalonStoreEvents *handlers, const char *const *values, gpointer user_data)
{
  handlers->denied (values[0], user_data);
}

/* What the scripts tell() and announce(). */
static const struct
{
  const char *name;
  const char *fields[MAX_FIELDS]; /* each a text that must be there */
  void (*tell) (const SalonStoreEvents *handlers, const char *const *values, gpointer user_data);
} event_table[] = {
  { "changed", { "room" }, tell_changed },
  { "chat", { "room", "message" }, tell_chat },
  { "chat_edited", { "room", "message_id", "text" }, tell_chat_changed },
  { "chat_deleted", { "room", "message_id" }, tell_chat_changed },
  { "kicked", { "room", "member", "session" }, tell_kicked },
  { "deleted", { "room" }, tell_deleted },
  { "closed", { "room" }, tell_closed },
  { "admitted", { "member" }, tell_admitted },
  { "denied", { "member" }, tell_denied },
};

/* Whether it is an event as the scripts make them: others may publish too. */
static gboolean
tell (SalonStore *self, const char *message)
{
  g_autoptr (JsonNode) node = salon_json_parse (message, strlen (message), MAX_EVENT_BYTES, NULL);
  JsonObject *object = node != NULL ? salon_json_node_as_object (node, "event", NULL) : NULL;
  const char *values[MAX_FIELDS] = { NULL };
  const char *name;
  guint event = 0;

  if (object == NULL || !salon_json_get_string (object, "event", 1, G_MAXUINT, &name, NULL))
    return FALSE;
  while (event < G_N_ELEMENTS (event_table) && !g_str_equal (event_table[event].name, name))
    event++;
  if (event == G_N_ELEMENTS (event_table))
    return FALSE;
  for (guint i = 0; i < MAX_FIELDS && event_table[event].fields[i] != NULL; i++)
    {
      if (!salon_json_get_string (object, event_table[event].fields[i], 0, G_MAXUINT, &values[i], NULL))
        return FALSE;
    }
  event_table[event].tell (self->handlers, values, self->handlers_data);
  return TRUE;
}

static void ask (SalonStore *self);

static void
on_asked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SalonStore) self = user_data;
  g_autoptr (SalonRedisReply) reply = salon_redis_command_finish (self->redis, result, NULL);

  /* In an outage there is nothing to wait for. */
  self->is_asking = FALSE;
  for (guint n_told = self->n_asked; n_told > 0 && !self->is_closing; n_told--)
    {
      g_autofree char *message = g_queue_pop_head (&self->heard);

      if (!tell (self, message))
        GST_WARNING_OBJECT (self, "something else than Salon publishes on our channel");
    }
  if (!g_queue_is_empty (&self->heard) && !self->is_closing)
    ask (self);
}

/* Events and replies come over two connections. Once Redis has answered a PING that was sent after the event came, we
 * have read the replies to all that it did before the event. */
static void
ask (SalonStore *self)
{
  self->is_asking = TRUE;
  self->n_asked = self->heard.length;
  salon_redis_command_async (self->redis, (const char *[]){ "PING", NULL }, NULL, on_asked, g_object_ref (self));
}

void
salon_store_hear (const char *message, gpointer store)
{
  SalonStore *self = store;

  self->n_unheard = 0;
  /* Our own heartbeat. */
  if (*message == '\0' || self->handlers == NULL || self->is_closing)
    return;
  g_queue_push_tail (&self->heard, g_strdup (message));
  if (!self->is_asking)
    ask (self);
}

void
salon_store_set_events (SalonStore *self, const SalonStoreEvents *events, gpointer user_data)
{
  self->handlers = events;
  self->handlers_data = user_data;
}
