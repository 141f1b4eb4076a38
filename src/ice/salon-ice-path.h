/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-ice-address.h"

typedef struct _SalonIceTcpConnection SalonIceTcpConnection;

/* Between us and a client: what RFC 8445 calls a pair, as the kernel sees it. A value; whoever stores one holds a
 * reference of its connection. */
typedef struct
{
  SalonIceAddress remote;
  SalonIceAddress local;             /* the host that the client's packets are for; its port is 0 */
  SalonIceTcpConnection *connection; /* (nullable): NULL for UDP */
} SalonIcePath;

static inline guint
salon_ice_path_hash (gconstpointer data)
{
  const SalonIcePath *path = data;

  return salon_ice_address_hash (&path->remote) * 31 + salon_ice_address_hash (&path->local)
         + GPOINTER_TO_UINT (path->connection);
}

static inline gboolean
salon_ice_path_equal (gconstpointer a_data, gconstpointer b_data)
{
  const SalonIcePath *a = a_data, *b = b_data;

  return a->connection == b->connection && salon_ice_address_equal (&a->remote, &b->remote)
         && salon_ice_address_same_host (&a->local, &b->local);
}
