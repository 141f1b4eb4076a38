/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-origins.h"

#include <gio/gio.h>
#include <libsoup/soup.h>
#include <string.h>

struct _SalonOrigins
{
  gboolean is_local; /* only this machine can connect */
  GStrv origins;     /* (owned): in normal form, see get_origin() */
  GStrv names;       /* (owned): host names of the origins */
};

/* Returns: (transfer full) (nullable): lower case. */
static char *
get_host_name (GUri *uri)
{
  return g_uri_get_host (uri) != NULL ? g_ascii_strdown (g_uri_get_host (uri), -1) : NULL;
}

/* Returns: (transfer full) (nullable): scheme, host and port as one text, for comparison: lower case, with the port. */
static char *
get_origin (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  g_autofree char *name = uri != NULL ? get_host_name (uri) : NULL;

  if (name == NULL)
    return NULL;
  return g_strdup_printf ("%s://%s:%d", g_uri_get_scheme (uri), name, g_uri_get_port (uri));
}

static gboolean
is_loopback (const char *address)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (address);

  return g_str_equal (address, "localhost") || (inet != NULL && g_inet_address_get_is_loopback (inet));
}

static gboolean
is_all_loopback (const char *const *addresses)
{
  for (guint i = 0; addresses[i] != NULL; i++)
    {
      if (!is_loopback (addresses[i]))
        return FALSE;
    }
  return TRUE;
}

static void
add (const char *url, GStrvBuilder *origins, GStrvBuilder *names)
{
  g_autoptr (GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  g_autofree char *origin = get_origin (url);
  g_autofree char *name = get_host_name (uri);

  g_strv_builder_add (origins, origin);
  g_strv_builder_add (names, name);
}

SalonOrigins *
salon_origins_new (const char *const *listen, const char *public_url, const char *const *allowed_origins)
{
  SalonOrigins *self = g_new0 (SalonOrigins, 1);
  g_autoptr (GStrvBuilder) origins = g_strv_builder_new ();
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  self->is_local = is_all_loopback (listen);
  for (guint i = 0; allowed_origins[i] != NULL; i++)
    add (allowed_origins[i], origins, names);
  if (*public_url != '\0')
    add (public_url, origins, names);
  self->origins = g_strv_builder_end (origins);
  self->names = g_strv_builder_end (names);
  return self;
}

void
salon_origins_free (SalonOrigins *self)
{
  if (self == NULL)
    return;
  g_strfreev (self->origins);
  g_strfreev (self->names);
  g_free (self);
}

/* Nobody but this machine's own files says where localhost is (RFC 6761 section 6.3), and a number is not looked up. */
static gboolean
is_beyond_dns (const char *name)
{
  return g_str_equal (name, "localhost") || g_str_has_suffix (name, ".localhost") || g_hostname_is_ip_address (name);
}

gboolean
salon_origins_has_host (const SalonOrigins *self, const char *host)
{
  g_autofree char *url = NULL;
  g_autoptr (GUri) uri = NULL;
  g_autofree char *name = NULL;

  /* Browsers always send one. */
  if (!self->is_local || host == NULL)
    return TRUE;
  url = g_strconcat ("http://", host, NULL);
  uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  name = uri != NULL ? get_host_name (uri) : NULL;
  return name != NULL && (is_beyond_dns (name) || g_strv_contains ((const char *const *)self->names, name));
}

/* Behind a proxy the schemes differ, so compare "//host:port" only. */
static gboolean
is_same_host (const char *origin, const char *host)
{
  const char *separator = strstr (origin, "://");

  return host != NULL && separator != NULL && g_ascii_strcasecmp (separator + 3, host) == 0;
}

gboolean
salon_origins_allows (const SalonOrigins *self, const char *origin, const char *host)
{
  g_autofree char *normal = NULL;

  if (!salon_origins_has_host (self, host))
    return FALSE;
  if (origin == NULL || is_same_host (origin, host))
    return TRUE;
  normal = get_origin (origin);
  return normal != NULL && g_strv_contains ((const char *const *)self->origins, normal);
}
