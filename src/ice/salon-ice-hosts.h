/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "salon-ice-address.h"

/* Under which addresses clients reach this machine: those of its interfaces, all or chosen ones, and those that a NAT
 * in front of it maps to it one to one. Immutable. */
typedef struct _SalonIceHosts SalonIceHosts;

/* only: (nullable): names of interfaces and numeric addresses to choose; NULL or empty: all that are up, but loopback
 * only when there is nothing else.
 * nat: (nullable) (element-type SalonIceNat): in front of these. */
typedef struct
{
  SalonIceAddress public;
  gboolean is_of_one; /* it stands for `local` alone; else for every local address of its family */
  SalonIceAddress local;
} SalonIceNat;

SalonIceHosts *salon_ice_hosts_new (const char *const *only, GArray *nat) G_GNUC_WARN_UNUSED_RESULT;
void salon_ice_hosts_free (SalonIceHosts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonIceHosts, salon_ice_hosts_free)

guint salon_ice_hosts_get_n_addresses (const SalonIceHosts *self);
/* (transfer none): their ports are 0; the most wanted first. */
const SalonIceAddress *salon_ice_hosts_get_address (const SalonIceHosts *self, guint index);
