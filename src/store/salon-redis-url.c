/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-redis-url.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/un.h>

#include "salon-error.h"

#define DEFAULT_PORT 6379
/* Redis' own bound on `databases` is far above what anybody configures (the default is 16). */
#define MAX_DB 65535
/* sun_path with its final NUL (unix(7)); hiredis would cut a longer path silently. */
#define MAX_PATH_BYTES (sizeof ((struct sockaddr_un *)NULL)->sun_path - 1)

static gboolean
parse_db (const char *text, guint *db)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, 0, MAX_DB, &value, NULL))
    return FALSE;
  *db = (guint)value;
  return TRUE;
}

static gboolean
parse_login (SalonRedisUrl *self, GUri *uri)
{
  const char *user = g_uri_get_user (uri);
  const char *password = g_uri_get_password (uri);

  /* A user alone is a password without its colon: better refused than sent as the wrong one. */
  if (user != NULL && password == NULL)
    return FALSE;
  self->username = user != NULL && *user != '\0' ? g_strdup (user) : NULL;
  self->password = password != NULL && *password != '\0' ? g_strdup (password) : NULL;
  return self->username == NULL || self->password != NULL;
}

static gboolean
parse_tcp (SalonRedisUrl *self, GUri *uri)
{
  const char *host = g_uri_get_host (uri);
  const char *path = g_uri_get_path (uri);
  int port = g_uri_get_port (uri);

  if (host == NULL || *host == '\0' || port == 0 || g_uri_get_query (uri) != NULL)
    return FALSE;
  if (*path != '\0' && !g_str_equal (path, "/") && !parse_db (path + 1, &self->db))
    return FALSE;
  self->host = g_strdup (host);
  self->port = port > 0 ? (guint16)port : DEFAULT_PORT;
  return TRUE;
}

static gboolean
parse_unix (SalonRedisUrl *self, GUri *uri)
{
  const char *host = g_uri_get_host (uri);
  const char *path = g_uri_get_path (uri);
  const char *query = g_uri_get_query (uri);

  if ((host != NULL && *host != '\0') || path[0] != '/' || path[1] == '\0' || strlen (path) > MAX_PATH_BYTES)
    return FALSE;
  if (query != NULL && (!g_str_has_prefix (query, "db=") || !parse_db (query + strlen ("db="), &self->db)))
    return FALSE;
  self->path = g_strdup (path);
  return TRUE;
}

SalonRedisUrl *
salon_redis_url_parse (const char *text, GError **error)
{
  g_autoptr (SalonRedisUrl) self = g_new0 (SalonRedisUrl, 1);
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_HAS_PASSWORD, NULL);
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : "";
  gboolean ok = FALSE;

  if (g_str_equal (scheme, "redis"))
    ok = parse_tcp (self, uri);
  else if (g_str_equal (scheme, "unix"))
    ok = parse_unix (self, uri);

  if (!ok || g_uri_get_fragment (uri) != NULL || !parse_login (self, uri))
    {
      g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
          _ ("The Redis URL must be redis://[user:password@]host[:port][/db] or "
             "unix://[user:password@]/path/to.sock[?db=N] (a path of at most %d bytes); TLS (rediss://) is not "
             "supported"),
          (int)MAX_PATH_BYTES);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
salon_redis_url_free (SalonRedisUrl *self)
{
  if (self == NULL)
    return;
  g_free (self->host);
  g_free (self->path);
  g_free (self->username);
  g_free (self->password);
  g_free (self);
}

GSocketConnectable *
salon_redis_url_get_connectable (const SalonRedisUrl *self)
{
  if (self->host != NULL)
    return g_network_address_new (self->host, self->port);
  return G_SOCKET_CONNECTABLE (g_unix_socket_address_new (self->path));
}

char *
salon_redis_url_describe (const SalonRedisUrl *self)
{
  if (self->host != NULL)
    return g_strdup_printf ("%s port %u db %u", self->host, self->port, self->db);
  return g_strdup_printf ("%s db %u", self->path, self->db);
}
