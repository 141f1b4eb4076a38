/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ice-hosts.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

/* That are told: a client tries each of them. */
#define MAX_ADDRESSES 32

typedef struct
{
  guint mapping; /* its place among those given: a name may have several addresses */
  SalonIceAddress public;
  gboolean is_of_one; /* it stands for `local` alone; else for every local address of its family */
  SalonIceAddress local;
} Nat;

struct _SalonIceHosts
{
  gatomicrefcount ref_count;
  GStrv only;     /* (owned) (nullable) */
  GStrv mappings; /* (owned): as given */
  GArray *nat;    /* (owned) (element-type Nat): what they have become */
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
is_behind (const Nat *nat, const SalonIceAddress *address)
{
  if (nat->is_of_one)
    return salon_ice_address_same_host (&nat->local, address);
  return nat->public.any.sa_family == address->any.sa_family;
}

static gboolean
is_mapped (GArray *nat, const SalonIceAddress *local)
{
  for (guint i = 0; i < nat->len; i++)
    {
      if (is_behind (&g_array_index (nat, Nat, i), local))
        return TRUE;
    }
  return FALSE;
}

/* Whether nothing local is behind any address of this mapping. */
static gboolean
is_idle (GArray *nat, guint mapping, GArray *local)
{
  for (guint i = 0; i < nat->len; i++)
    {
      const Nat *candidate = &g_array_index (nat, Nat, i);

      for (guint j = 0; candidate->mapping == mapping && j < local->len; j++)
        {
          if (is_behind (candidate, &g_array_index (local, SalonIceAddress, j)))
            return FALSE;
        }
    }
  return TRUE;
}

/* Public addresses first, in place of the local ones that they stand for. */
static GArray *
map_addresses (GArray *local, GArray *nat)
{
  GArray *addresses = g_array_new (FALSE, FALSE, sizeof (SalonIceAddress));

  for (guint i = 0; i < nat->len; i++)
    {
      const Nat *mapping = &g_array_index (nat, Nat, i);

      for (guint j = 0; j < local->len; j++)
        {
          if (is_behind (mapping, &g_array_index (local, SalonIceAddress, j)))
            add_address (addresses, &mapping->public);
        }
    }
  for (guint i = 0; i < local->len; i++)
    {
      const SalonIceAddress *address = &g_array_index (local, SalonIceAddress, i);

      if (!is_mapped (nat, address))
        add_address (addresses, address);
    }
  return addresses;
}

GArray *
salon_ice_hosts_dup_addresses (const SalonIceHosts *self)
{
  g_autoptr (GArray) local = read_addresses ((const char *const *)self->only);

  return map_addresses (local, self->nat);
}

GStrv
salon_ice_hosts_dup_idle_nat (const SalonIceHosts *self)
{
  g_autoptr (GArray) local = read_addresses ((const char *const *)self->only);
  g_autoptr (GStrvBuilder) idle = g_strv_builder_new ();

  for (guint i = 0; self->mappings != NULL && self->mappings[i] != NULL; i++)
    {
      if (is_idle (self->nat, i, local))
        g_strv_builder_add (idle, self->mappings[i]);
    }
  return g_strv_builder_end (idle);
}

/* -- finding -- */

/* What is still to be looked up. */
typedef struct
{
  SalonIceHosts *hosts; /* (owned) (nullable) */
  guint next;           /* of its mappings */
} Search;

static void
search_free (Search *search)
{
  g_clear_pointer (&search->hosts, salon_ice_hosts_unref);
  g_free (search);
}

/* Of "public/local" or "public"; FALSE if the second part is no address. name: (out) (transfer full): the first. */
static gboolean
read_nat (const char *text, char **name, Nat *nat)
{
  g_auto (GStrv) parts = g_strsplit (text, "/", 2);

  if (parts[0] == NULL)
    return FALSE;
  *name = g_strdup (parts[0]);
  nat->is_of_one = parts[1] != NULL;
  return parts[1] == NULL || salon_ice_address_parse (parts[1], 0, &nat->local);
}

static void
add_found (Search *search, GList *addresses)
{
  for (GList *link = addresses; link != NULL; link = link->next)
    {
      g_autofree char *host = g_inet_address_to_string (link->data);
      g_autofree char *name = NULL;
      Nat nat = { .mapping = search->next };

      if (read_nat (search->hosts->mappings[search->next], &name, &nat)
          && salon_ice_address_parse (host, 0, &nat.public))
        g_array_append_val (search->hosts->nat, nat);
    }
}

static void
return_hosts (GTask *task, Search *search)
{
  g_autoptr (GArray) addresses = salon_ice_hosts_dup_addresses (search->hosts);

  if (addresses->len > 0)
    g_task_return_pointer (task, g_steal_pointer (&search->hosts), (GDestroyNotify)salon_ice_hosts_unref);
  else
    g_task_return_new_error (
        task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no interface or address of this machine is one of ice-addresses");
}

static void find_next (GTask *task);

static void
on_found (GObject *resolver, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Search *search = g_task_get_task_data (task);
  GError *error = NULL;
  GList *addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (resolver), result, &error);

  if (error != NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  add_found (search, addresses);
  g_resolver_free_addresses (addresses);
  search->next++;
  find_next (task);
}

/* task: (transfer full) */
static void
find_next (GTask *task)
{
  Search *search = g_task_get_task_data (task);
  const char *text = search->hosts->mappings[search->next];
  g_autoptr (GResolver) resolver = NULL;
  g_autofree char *name = NULL;
  Nat nat;

  if (text == NULL)
    return_hosts (task, search);
  else if (!read_nat (text, &name, &nat))
    g_task_return_new_error (
        task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s: what follows \"/\" is no address", text);
  else
    {
      /* Of a numeric address it makes itself. */
      resolver = g_resolver_get_default ();
      g_resolver_lookup_by_name_async (resolver, name, g_task_get_cancellable (task), on_found, task);
      return;
    }
  g_object_unref (task);
}

void
salon_ice_hosts_find_async (const char *const *only, const char *const *nat, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  static const char *const nothing[] = { NULL };
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  Search *search = g_new0 (Search, 1);

  search->hosts = salon_ice_hosts_new ();
  search->hosts->only = g_strdupv ((char **)only);
  search->hosts->mappings = g_strdupv ((char **)(nat != NULL ? nat : nothing));
  g_task_set_task_data (task, search, (GDestroyNotify)search_free);
  find_next (task);
}

SalonIceHosts *
salon_ice_hosts_find_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

SalonIceHosts *
salon_ice_hosts_new (void)
{
  SalonIceHosts *self = g_new0 (SalonIceHosts, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->nat = g_array_new (FALSE, FALSE, sizeof (Nat));
  return self;
}

SalonIceHosts *
salon_ice_hosts_ref (SalonIceHosts *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
salon_ice_hosts_unref (SalonIceHosts *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_strfreev (self->only);
  g_strfreev (self->mappings);
  g_array_unref (self->nat);
  g_free (self);
}
