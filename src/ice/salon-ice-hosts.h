/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "salon-ice-address.h"

/* Under which addresses clients reach this machine: those of its interfaces, all or chosen ones, and those that a NAT
 * in front of it maps to them one to one. Immutable, counted by reference; what interfaces have is read anew each time.
 */
typedef struct _SalonIceHosts SalonIceHosts;

/* only: (nullable): names of interfaces, and addresses, to choose; NULL or empty: all that are up, but loopback only
 * when there is nothing else. Never IPv6 link-local ones, and never more than 32. nat: (nullable): addresses or host
 * names that stand for every local address of their family, or for one alone, and are told instead: "192.0.2.1",
 * "sfu.example.org", "192.0.2.1/10.0.0.1". Names are looked up now, once. cancellable: (nullable). Errors: a name that
 * nobody knows, what is no address where one must be, and that there is no address. */
void salon_ice_hosts_find_async (const char *const *only, const char *const *nat, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data);
SalonIceHosts *salon_ice_hosts_find_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* All addresses of this machine, with no NAT before it. */
SalonIceHosts *salon_ice_hosts_new (void) G_GNUC_WARN_UNUSED_RESULT;
SalonIceHosts *salon_ice_hosts_ref (SalonIceHosts *self);
void salon_ice_hosts_unref (SalonIceHosts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonIceHosts, salon_ice_hosts_unref)

/* Returns: (transfer full) (element-type SalonIceAddress): their ports are 0; public ones first. */
GArray *salon_ice_hosts_dup_addresses (const SalonIceHosts *self) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: (transfer full): those of `nat`, as they were given, that stand for no address of this machine. */
GStrv salon_ice_hosts_dup_idle_nat (const SalonIceHosts *self) G_GNUC_WARN_UNUSED_RESULT;
