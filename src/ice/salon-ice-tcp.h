/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <sys/uio.h>

#include "salon-ice-framing.h"
#include "salon-ice-path.h"

/* ICE-TCP, the passive side (RFC 6544): clients that UDP does not reach connect to one port. A connection is a path
 * like any other, with packets framed as salon-ice-framing.h has it. One thread accepts and reads all of them, so that
 * whatever happens here never holds UDP up. */
typedef struct _SalonIceTcp SalonIceTcp;

/* Both are called by the thread of SalonIceTcp; closed() for every connection that ends, by either side. */
typedef struct
{
  void (*received) (const SalonIcePath *path, const guint8 *data, gsize size, gpointer user_data);
  void (*closed) (const SalonIcePath *path, gpointer user_data);
} SalonIceTcpHandler;

/* Listens on every address, for IPv4 and IPv6. port: 0 for a free one. */
SalonIceTcp *salon_ice_tcp_new (
    guint port, const SalonIceTcpHandler *handler, gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Closes all connections, and waits for the thread. */
void salon_ice_tcp_free (SalonIceTcp *self);

guint salon_ice_tcp_get_port (const SalonIceTcp *self);
gboolean salon_ice_tcp_has_family (const SalonIceTcp *self, int family);

/* The rest is for any thread. A connection lives as long as somebody refers to it, and is of no use once closed. */
SalonIceTcpConnection *salon_ice_tcp_connection_ref (SalonIceTcpConnection *connection);
void salon_ice_tcp_connection_unref (SalonIceTcpConnection *connection);

/* Sends packets, each whole or not at all: what a slow client leaves no room for is dropped, as over UDP. Never blocks.
 * Returns how many bytes were taken, without framing. */
gsize salon_ice_tcp_connection_send (SalonIceTcpConnection *connection, const struct iovec *packets, guint n_packets);
/* The client has shown who it is: until then, it has SALON_LIMIT_ICE_TCP_STRANGER_S. */
void salon_ice_tcp_connection_confirm (SalonIceTcpConnection *connection);
/* Ends it; closed() follows. */
void salon_ice_tcp_connection_shut (SalonIceTcpConnection *connection);
