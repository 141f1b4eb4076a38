/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ice-address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

static gboolean
is_v4 (const SalonIceAddress *address)
{
  return address->any.sa_family == AF_INET;
}

void
salon_ice_address_from_v4 (SalonIceAddress *address, const struct in_addr *host, guint port)
{
  memset (address, 0, sizeof *address);
  address->v4.sin_family = AF_INET;
  address->v4.sin_addr = *host;
  address->v4.sin_port = g_htons (port);
}

void
salon_ice_address_from_v6 (SalonIceAddress *address, const struct in6_addr *host, guint port)
{
  memset (address, 0, sizeof *address);
  address->v6.sin6_family = AF_INET6;
  address->v6.sin6_addr = *host;
  address->v6.sin6_port = g_htons (port);
}

void
salon_ice_address_any (SalonIceAddress *address, int family, guint port)
{
  const struct in_addr any_v4 = { .s_addr = g_htonl (INADDR_ANY) };

  if (family == AF_INET)
    salon_ice_address_from_v4 (address, &any_v4, port);
  else
    salon_ice_address_from_v6 (address, &in6addr_any, port);
}

gboolean
salon_ice_address_parse (const char *text, guint port, SalonIceAddress *address)
{
  g_auto (GStrv) parts = g_strsplit (text, "%", 2);
  struct in_addr v4;
  struct in6_addr v6;

  if (parts[0] == NULL)
    return FALSE;
  if (parts[1] == NULL && inet_pton (AF_INET, text, &v4) == 1)
    {
      salon_ice_address_from_v4 (address, &v4, port);
      return TRUE;
    }
  if (inet_pton (AF_INET6, parts[0], &v6) != 1)
    return FALSE;
  salon_ice_address_from_v6 (address, &v6, port);
  if (parts[1] != NULL)
    address->v6.sin6_scope_id = if_nametoindex (parts[1]);
  return TRUE;
}

socklen_t
salon_ice_address_length (const SalonIceAddress *address)
{
  return is_v4 (address) ? sizeof address->v4 : sizeof address->v6;
}

guint
salon_ice_address_get_port (const SalonIceAddress *address)
{
  return g_ntohs (is_v4 (address) ? address->v4.sin_port : address->v6.sin6_port);
}

void
salon_ice_address_set_port (SalonIceAddress *address, guint port)
{
  if (is_v4 (address))
    address->v4.sin_port = g_htons (port);
  else
    address->v6.sin6_port = g_htons (port);
}

char *
salon_ice_address_to_host (const SalonIceAddress *address)
{
  char text[INET6_ADDRSTRLEN];

  if (is_v4 (address))
    return g_strdup (inet_ntop (AF_INET, &address->v4.sin_addr, text, sizeof text));
  return g_strdup (inet_ntop (AF_INET6, &address->v6.sin6_addr, text, sizeof text));
}

gboolean
salon_ice_address_same_host (const SalonIceAddress *a, const SalonIceAddress *b)
{
  if (a->any.sa_family != b->any.sa_family)
    return FALSE;
  if (is_v4 (a))
    return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
  return memcmp (&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0
         && a->v6.sin6_scope_id == b->v6.sin6_scope_id;
}

gboolean
salon_ice_address_equal (const SalonIceAddress *a, const SalonIceAddress *b)
{
  return salon_ice_address_same_host (a, b) && salon_ice_address_get_port (a) == salon_ice_address_get_port (b);
}

/* FNV-1a: short keys, and the table's own bounds are what stops collisions from being an attack. */
static guint
hash_bytes (guint hash, gconstpointer data, gsize size)
{
  const guint8 *bytes = data;

  for (gsize i = 0; i < size; i++)
    hash = (hash ^ bytes[i]) * 16777619u;
  return hash;
}

#define HASH_START 2166136261u

guint
salon_ice_address_hash (const SalonIceAddress *address)
{
  guint hash;

  if (is_v4 (address))
    {
      hash = hash_bytes (HASH_START, &address->v4.sin_addr, sizeof address->v4.sin_addr);
      return hash_bytes (hash, &address->v4.sin_port, sizeof address->v4.sin_port);
    }
  hash = hash_bytes (HASH_START, &address->v6.sin6_addr, sizeof address->v6.sin6_addr);
  return hash_bytes (hash, &address->v6.sin6_port, sizeof address->v6.sin6_port);
}

/* What nobody outside knows: else one could look for networks that share a limit with somebody's. A constant from the
 * first use on. */
static guint
get_salt (void)
{
  static gsize salt; /* 0: not yet */

  if (g_once_init_enter (&salt))
    g_once_init_leave (&salt, g_random_int () | 1);
  return salt;
}

guint
salon_ice_address_hash_network (const SalonIceAddress *address)
{
  if (is_v4 (address))
    return hash_bytes (get_salt (), &address->v4.sin_addr, sizeof address->v4.sin_addr);
  return hash_bytes (get_salt (), &address->v6.sin6_addr, 8);
}
