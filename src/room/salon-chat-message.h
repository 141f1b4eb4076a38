/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* Something said in a room: plain data. Sender, id and time are the server's knowledge, never the client's claim. */
typedef struct
{
  char *id;        /* (owned): UUID */
  char *from;      /* (owned): the participant's id */
  char *name;      /* (owned): their name then */
  char *message;   /* (owned) */
  char *reply_to;  /* (owned) (nullable): the id of the message it answers */
  char *timestamp; /* (owned): RFC 3339, UTC, milliseconds */
} SalonChatMessage;

/* Said now. */
SalonChatMessage *salon_chat_message_new (
    const char *from, const char *name, const char *message, const char *reply_to) G_GNUC_WARN_UNUSED_RESULT;
void salon_chat_message_free (SalonChatMessage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonChatMessage, salon_chat_message_free)

/* Returns: (transfer full): as clients are told it and as the store keeps it (chatNotification of the protocol). */
JsonNode *salon_chat_message_to_json (const SalonChatMessage *self) G_GNUC_WARN_UNUSED_RESULT;
/* What another server told. Returns: (transfer full) (nullable): NULL when it is no message. */
SalonChatMessage *salon_chat_message_from_json (const char *text) G_GNUC_WARN_UNUSED_RESULT;
