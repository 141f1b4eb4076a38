/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-chat-message.h"

#include "salon-json.h"
#include "salon-limits.h"

SalonChatMessage *
salon_chat_message_new (const char *from, const char *name, const char *message, const char *reply_to)
{
  SalonChatMessage *self = g_new (SalonChatMessage, 1);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *seconds = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S");

  self->id = g_uuid_string_random ();
  self->from = g_strdup (from);
  self->name = g_strdup (name);
  self->message = g_strdup (message);
  self->reply_to = g_strdup (reply_to);
  self->timestamp = g_strdup_printf ("%s.%03dZ", seconds, g_date_time_get_microsecond (now) / 1000);
  return self;
}

void
salon_chat_message_free (SalonChatMessage *self)
{
  g_free (self->id);
  g_free (self->from);
  g_free (self->name);
  g_free (self->message);
  g_free (self->reply_to);
  g_free (self->timestamp);
  g_free (self);
}

JsonNode *
salon_chat_message_to_json (const SalonChatMessage *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", self->id);
  json_object_set_string_member (object, "from", self->from);
  json_object_set_string_member (object, "name", self->name);
  json_object_set_string_member (object, "message", self->message);
  json_object_set_string_member (object, "timestamp", self->timestamp);
  if (self->reply_to != NULL)
    json_object_set_string_member (object, "reply_to", self->reply_to);
  json_node_take_object (node, object);
  return node;
}

SalonChatMessage *
salon_chat_message_from_json (const char *text)
{
  g_autoptr (JsonNode) node = json_from_string (text, NULL);
  SalonChatMessage known = { NULL };
  SalonChatMessage *self;
  JsonObject *object;

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  object = json_node_get_object (node);
  if (!salon_json_get_string (object, "id", 1, 64, (const char **)&known.id, NULL)
      || !salon_json_get_string (object, "from", 1, 64, (const char **)&known.from, NULL)
      || !salon_json_get_string (object, "name", 1, SALON_LIMIT_NAME_CHARS, (const char **)&known.name, NULL)
      || !salon_json_get_string (object, "message", 1, SALON_LIMIT_CHAT_CHARS, (const char **)&known.message, NULL)
      || !salon_json_get_string (object, "timestamp", 1, 64, (const char **)&known.timestamp, NULL)
      || !salon_json_get_optional_string (object, "reply_to", 1, 64, (const char **)&known.reply_to, NULL))
    return NULL;
  self = g_new (SalonChatMessage, 1);
  self->id = g_strdup (known.id);
  self->from = g_strdup (known.from);
  self->name = g_strdup (known.name);
  self->message = g_strdup (known.message);
  self->reply_to = g_strdup (known.reply_to);
  self->timestamp = g_strdup (known.timestamp);
  return self;
}
