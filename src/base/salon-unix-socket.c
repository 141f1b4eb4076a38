/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-unix-socket.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define BACKLOG 64

static GSocketAddress *
new_address (const char *path, GError **error)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);

  if (g_socket_address_get_native_size (address) > 0
      && g_str_equal (g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address)), path))
    return g_steal_pointer (&address);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG,
      "%s is too long for a socket's path; use a shorter --state-dir", path);
  return NULL;
}

GSocket *
salon_unix_socket_listen (const char *path, GSocketType type, GError **error)
{
  g_autoptr (GSocketAddress) address = new_address (path, error);
  g_autoptr (GSocket) socket = NULL;

  if (address != NULL)
    socket = g_socket_new (G_SOCKET_FAMILY_UNIX, type, G_SOCKET_PROTOCOL_DEFAULT, error);
  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, BACKLOG);
  g_unlink (path);
  if (!g_socket_bind (socket, address, FALSE, error))
    return NULL;
  /* The folder is closed to others, so nobody came between. */
  if (g_chmod (path, 0600) != 0)
    {
      int code = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", path, g_strerror (code));
      return NULL;
    }
  return g_socket_listen (socket, error) ? g_steal_pointer (&socket) : NULL;
}

gboolean
salon_unix_socket_is_own (GSocket *socket)
{
  g_autoptr (GCredentials) credentials = g_socket_get_credentials (socket, NULL);
  uid_t user = credentials != NULL ? g_credentials_get_unix_user (credentials, NULL) : (uid_t)-1;

  return user == geteuid () || user == 0;
}

GSocket *
salon_unix_socket_accept (GSocket *listening, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_accept (listening, NULL, error);

  if (socket == NULL || salon_unix_socket_is_own (socket))
    return g_steal_pointer (&socket);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "Another user's program");
  return NULL;
}

GSocket *
salon_unix_socket_connect (const char *path, GSocketType type, GError **error)
{
  g_autoptr (GSocketAddress) address = new_address (path, error);
  g_autoptr (GSocket) socket = NULL;

  if (address != NULL)
    socket = g_socket_new (G_SOCKET_FAMILY_UNIX, type, G_SOCKET_PROTOCOL_DEFAULT, error);
  if (socket == NULL || !g_socket_connect (socket, address, NULL, error))
    return NULL;
  return g_steal_pointer (&socket);
}
