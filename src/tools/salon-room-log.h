/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* What happens in a room, told to a person: one line on the standard output for each event, in English, since
 * scripts wait for it. Control characters of a stranger's text do not reach the terminal. Main context. */
typedef struct _SalonRoomLog SalonRoomLog;

SalonRoomLog *salon_room_log_new (void) G_GNUC_WARN_UNUSED_RESULT;
void salon_room_log_free (SalonRoomLog *self);

void salon_room_log_print (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* The others who are in the room, from the result of a join. */
void salon_room_log_join (SalonRoomLog *self, JsonObject *result);
/* A notification of the server; those that tell nothing to a person are passed over. */
void salon_room_log_notification (SalonRoomLog *self, const char *method, JsonObject *params);
