/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <netinet/in.h>

/* An IPv4 or IPv6 address and port, as the kernel has it; as small as that allows. Plain data: copied, compared and
 * hashed as a value. IPv4 is never written as IPv6 ("::ffff:..."). */
typedef union
{
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} SalonIceAddress;

/* As read from text: FALSE if it is no numeric address. Link-local IPv6 addresses may name their interface:
 * "fe80::1%eth0". */
gboolean salon_ice_address_parse (const char *text, guint port, SalonIceAddress *address) G_GNUC_WARN_UNUSED_RESULT;
void salon_ice_address_from_v4 (SalonIceAddress *address, const struct in_addr *host, guint port);
void salon_ice_address_from_v6 (SalonIceAddress *address, const struct in6_addr *host, guint port);
/* The wildcard address of AF_INET or AF_INET6. */
void salon_ice_address_any (SalonIceAddress *address, int family, guint port);

socklen_t salon_ice_address_length (const SalonIceAddress *address);
guint salon_ice_address_get_port (const SalonIceAddress *address);
void salon_ice_address_set_port (SalonIceAddress *address, guint port);
/* Returns: (transfer full): the host alone, without brackets. */
char *salon_ice_address_to_host (const SalonIceAddress *address) G_GNUC_WARN_UNUSED_RESULT;

gboolean salon_ice_address_equal (const SalonIceAddress *a, const SalonIceAddress *b);
gboolean salon_ice_address_same_host (const SalonIceAddress *a, const SalonIceAddress *b);
guint salon_ice_address_hash (const SalonIceAddress *address);
/* Of the host alone; for IPv6 of its /64, which is what one household has. */
guint salon_ice_address_hash_network (const SalonIceAddress *address);
