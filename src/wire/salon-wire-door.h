/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* Where programs of this machine come with their end of a SalonWire: a Unix socket in the server's state folder. Who
 * was told a secret, elsewhere, connects and says it as the first message; it is good once, for
 * SALON_LIMIT_ATTACH_DEADLINE_S. Those of other users, and those who don't know one, are hung up on.
 *
 * Owned by main; main context; salon_wire_door_free() ends it. */
typedef struct _SalonWireDoor SalonWireDoor;

SalonWireDoor *salon_wire_door_new (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void salon_wire_door_free (SalonWireDoor *self);

/* (transfer none) */
const char *salon_wire_door_get_path (SalonWireDoor *self);

/* socket: (nullable): NULL when the time is over. */
typedef void (*SalonWireDoorFunc) (GSocket *socket, gpointer user_data);

/* Returns: (transfer none) (nullable): the secret to be told, until func was called, once; NULL when there are
 * SALON_LIMIT_ATTACHING who are waited for. */
const char *salon_wire_door_expect (
    SalonWireDoor *self, SalonWireDoorFunc func, gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
/* The secret is no good any more, and func is not called. */
void salon_wire_door_forget (SalonWireDoor *self, const char *secret);
