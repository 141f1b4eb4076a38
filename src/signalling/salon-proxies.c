/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-proxies.h"

#include <string.h>

struct _SalonProxies
{
  GPtrArray *masks; /* (owned) (element-type GInetAddressMask) */
};

static void
add (SalonProxies *self, const char *text)
{
  GInetAddressMask *mask = g_inet_address_mask_new_from_string (text, NULL);

  /* "none" is none. */
  if (mask != NULL)
    g_ptr_array_add (self->masks, mask);
}

SalonProxies *
salon_proxies_new (const char *const *trusted, const char *public_url)
{
  SalonProxies *self = g_new (SalonProxies, 1);

  self->masks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; trusted[i] != NULL; i++)
    add (self, trusted[i]);
  if (trusted[0] == NULL && *public_url != '\0')
    {
      add (self, "127.0.0.0/8");
      add (self, "::1");
    }
  return self;
}

void
salon_proxies_free (SalonProxies *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->masks);
  g_free (self);
}

/* Returns: (transfer full): an IPv4 address that came over an IPv6 socket (RFC 4291 section 2.5.5.2) as IPv4. */
static GInetAddress *
unmap (GInetAddress *address)
{
  static const guint8 prefix[12] = { [10] = 0xff, [11] = 0xff };
  const guint8 *bytes = g_inet_address_to_bytes (address);

  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6 && memcmp (bytes, prefix, sizeof prefix) == 0)
    return g_inet_address_new_from_bytes (bytes + sizeof prefix, G_SOCKET_FAMILY_IPV4);
  return g_object_ref (address);
}

static gboolean
has_plain (const SalonProxies *self, GInetAddress *address)
{
  for (guint i = 0; i < self->masks->len; i++)
    {
      if (g_inet_address_mask_matches (g_ptr_array_index (self->masks, i), address))
        return TRUE;
    }
  return FALSE;
}

gboolean
salon_proxies_has (const SalonProxies *self, GInetAddress *address)
{
  g_autoptr (GInetAddress) plain = unmap (address);

  return has_plain (self, plain);
}

/* Some proxies add the port. Returns: (transfer full) (nullable) */
static GInetAddress *
read_hop (const char *text)
{
  g_autoptr (GSocketConnectable) hop = g_network_address_parse (text, 0, NULL);
  const char *host = hop != NULL ? g_network_address_get_hostname (G_NETWORK_ADDRESS (hop)) : "";
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return address != NULL ? unmap (address) : NULL;
}

GInetAddress *
salon_proxies_find_client (const SalonProxies *self, GInetAddress *peer, const char *forwarded_for)
{
  GInetAddress *client = unmap (peer);
  g_auto (GStrv) hops = g_strsplit (forwarded_for != NULL ? forwarded_for : "", ",", -1);

  for (guint i = g_strv_length (hops); i > 0 && has_plain (self, client); i--)
    {
      GInetAddress *hop = read_hop (g_strstrip (hops[i - 1]));

      if (hop == NULL)
        break;
      g_object_unref (client);
      client = hop;
    }
  return client;
}
