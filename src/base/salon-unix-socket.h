/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* Sockets in the file system, for programs of the same user on this machine. */

/* Takes the place of what an earlier server left there: the caller holds the folder's lock.
 * Returns: (transfer full) (nullable): one that listens, without blocking, open to its owner alone. */
GSocket *salon_unix_socket_listen (const char *path, GSocketType type, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full) (nullable): who comes; PERMISSION_DENIED of another user, WOULD_BLOCK of nobody. */
GSocket *salon_unix_socket_accept (GSocket *listening, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full) (nullable): connected, and blocking. A Unix socket takes or refuses at once. */
GSocket *salon_unix_socket_connect (const char *path, GSocketType type, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether who is at the other end is our user, or root, as the kernel says. */
gboolean salon_unix_socket_is_own (GSocket *socket);
