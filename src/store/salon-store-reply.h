/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-redis-reply.h"
#include "salon-room-info.h"

/* What the scripts answer, as plain data. What is in Redis may have been changed by other hands: checked like any
 * input. */

/* How a script's reply becomes a result. NULL without error is a result too: there is nothing any more, or yet. */
typedef gpointer (*SalonReplyParser) (const SalonRedisReply *reply, GError **error);

/* Sets the error of a script that refused. reason: its reply. */
void salon_store_reply_refuse (const char *reason, GError **error);

/* Returns: a SalonRoomInfo. Errors: INTERNAL (the record is damaged). */
gpointer salon_store_reply_parse_room (const SalonRedisReply *reply, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Of one that is damaged the id: it is enough for a room that was deleted. */
gpointer salon_store_reply_parse_deleted (const SalonRedisReply *reply, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: a GPtrArray of SalonRoomInfo, by slug, without those that are damaged. */
gpointer salon_store_reply_parse_rooms (const SalonRedisReply *reply, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: a SalonRoomState, without the people whose records are damaged. */
gpointer salon_store_reply_parse_state (const SalonRedisReply *reply, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: a GPtrArray of texts. */
gpointer salon_store_reply_parse_texts (const SalonRedisReply *reply, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: not NULL. */
gpointer salon_store_reply_parse_done (const SalonRedisReply *reply, GError **error) G_GNUC_WARN_UNUSED_RESULT;
