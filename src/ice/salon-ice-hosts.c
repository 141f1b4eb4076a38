/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ice-hosts.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

/* A client tries each of them. */
#define MAX_ADDRESSES 32

struct _SalonIceHosts
{
  GArray *addresses; /* (owned) (element-type SalonIceAddress) */
};

static gboolean
read_interface (const struct ifaddrs *interface, SalonIceAddress *address)
{
  if (interface->ifa_addr == NULL || (interface->ifa_flags & IFF_UP) == 0)
    return FALSE;
  if (interface->ifa_addr->sa_family == AF_INET)
    {
      salon_ice_address_from_v4 (address, &((struct sockaddr_in *)interface->ifa_addr)->sin_addr, 0);
      return TRUE;
    }
  if (interface->ifa_addr->sa_family != AF_INET6)
    return FALSE;
  salon_ice_address_from_v6 (address, &((struct sockaddr_in6 *)interface->ifa_addr)->sin6_addr, 0);
  /* Nobody outside knows the interface's number that belongs to a link-local one. */
  return !IN6_IS_ADDR_LINKLOCAL (&address->v6.sin6_addr);
}

static gboolean
is_chosen (const char *const *only, const char *interface, const SalonIceAddress *address)
{
  for (guint i = 0; only[i] != NULL; i++)
    {
      SalonIceAddress chosen;

      if (g_str_equal (only[i], interface)
          || (salon_ice_address_parse (only[i], 0, &chosen) && salon_ice_address_same_host (&chosen, address)))
        return TRUE;
    }
  return FALSE;
}

static void
add_address (GArray *addresses, const SalonIceAddress *address)
{
  for (guint i = 0; i < addresses->len; i++)
    {
      if (salon_ice_address_same_host (&g_array_index (addresses, SalonIceAddress, i), address))
        return;
    }
  if (addresses->len < MAX_ADDRESSES)
    g_array_append_vals (addresses, address, 1);
}

/* Returns: (transfer full) (element-type SalonIceAddress) */
static GArray *
read_addresses (const char *const *only)
{
  GArray *addresses = g_array_new (FALSE, FALSE, sizeof (SalonIceAddress));
  g_autoptr (GArray) loopback = g_array_new (FALSE, FALSE, sizeof (SalonIceAddress));
  gboolean is_choosing = only != NULL && only[0] != NULL;
  struct ifaddrs *interfaces = NULL;

  if (getifaddrs (&interfaces) != 0)
    return addresses;
  for (struct ifaddrs *interface = interfaces; interface != NULL; interface = interface->ifa_next)
    {
      SalonIceAddress address;

      if (!read_interface (interface, &address))
        continue;
      if (is_choosing)
        {
          if (is_chosen (only, interface->ifa_name, &address))
            add_address (addresses, &address);
        }
      else
        add_address ((interface->ifa_flags & IFF_LOOPBACK) != 0 ? loopback : addresses, &address);
    }
  freeifaddrs (interfaces);
  if (addresses->len == 0 && !is_choosing)
    g_array_append_vals (addresses, loopback->data, loopback->len);
  return addresses;
}

static gboolean
is_behind (const SalonIceNat *nat, const SalonIceAddress *address)
{
  if (nat->is_of_one)
    return salon_ice_address_same_host (&nat->local, address);
  return nat->public.any.sa_family == address->any.sa_family;
}

/* Public addresses first. The local ones stay: who is behind the same NAT reaches us there, and often only there. */
static GArray *
add_nat (GArray *local, GArray *nat)
{
  GArray *addresses = g_array_new (FALSE, FALSE, sizeof (SalonIceAddress));

  for (guint i = 0; nat != NULL && i < nat->len; i++)
    {
      const SalonIceNat *mapping = &g_array_index (nat, SalonIceNat, i);

      for (guint j = 0; j < local->len; j++)
        {
          if (is_behind (mapping, &g_array_index (local, SalonIceAddress, j)))
            add_address (addresses, &mapping->public);
        }
    }
  for (guint i = 0; i < local->len; i++)
    add_address (addresses, &g_array_index (local, SalonIceAddress, i));
  return addresses;
}

SalonIceHosts *
salon_ice_hosts_new (const char *const *only, GArray *nat)
{
  SalonIceHosts *self = g_new0 (SalonIceHosts, 1);
  g_autoptr (GArray) local = read_addresses (only);

  self->addresses = add_nat (local, nat);
  return self;
}

void
salon_ice_hosts_free (SalonIceHosts *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->addresses);
  g_free (self);
}

guint
salon_ice_hosts_get_n_addresses (const SalonIceHosts *self)
{
  return self->addresses->len;
}

const SalonIceAddress *
salon_ice_hosts_get_address (const SalonIceHosts *self, guint index)
{
  return &g_array_index (self->addresses, SalonIceAddress, index);
}
