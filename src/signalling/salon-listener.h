/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* The TCP sockets people connect to. Accepts, puts TLS on top when there is a certificate, and hands over the stream.
 *
 * libsoup's own listener goes deaf for ever once accept(2) fails for want of file descriptors, and waits for ever for a
 * client that sends its request slowly. This one refuses what is beyond its bound, tries again after a failure, and
 * gives each stream a time, from the TLS handshake to the last byte of the answer.
 *
 * Owned by SalonHttp; main context only; salon_listener_close() ends it. Each stream keeps it alive, to be counted.
 *
 * Signals:
 *   refuse (GSocketConnection *, GSocketAddress *remote) -> gboolean   TRUE hangs up, before a word is said; else the
 *                                     connection's data SALON_LISTENER_LANE may say whose TLS handshake it is
 *   connection (GIOStream *, GSocketAddress *local, GSocketAddress *remote) */
#define SALON_TYPE_LISTENER (salon_listener_get_type ())
#define SALON_LISTENER_LANE "salon-lane"
G_DECLARE_FINAL_TYPE (SalonListener, salon_listener, SALON, LISTENER, GObject)

typedef struct
{
  guint max_connections; /* how many streams may be alive at once */
  guint deadline_s;      /* for each of them, unless it is kept */
} SalonListenerBounds;

/* addresses: "localhost" (both loopback addresses), "*" (all), or IP addresses. port: 0 picks a free one, the same for
 * all addresses. certificate: (nullable). */
SalonListener *salon_listener_new (const char *const *addresses, guint16 port, GTlsCertificate *certificate,
    const SalonListenerBounds *bounds, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes connections from programs of the same user on this machine, too. They need no TLS, and come from the loopback
 * address, as far as anybody is told. */
gboolean salon_listener_add_path (SalonListener *self, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether a stream that was handed over, or what libsoup made of it, is from one of these. */
gboolean salon_listener_is_local (GIOStream *stream);
/* Of such a stream: the process that connected; 0: not known. */
gint salon_listener_get_process (GIOStream *stream);

/* stream: one that was handed over, or what libsoup made of it: it has become a WebSocket, whose owner ends it. */
void salon_listener_keep (GIOStream *stream);

/* remote: that was handed over: gives its stream, if it is still there, as much time again as it had at first: an
 * answer may take longer than that, as long as it goes on. */
void salon_listener_renew (GSocketAddress *remote);

/* Returns: (transfer none): of a connection that is still there, by the address that was handed over with it. libsoup
 * knows no socket that it has not accepted itself. */
GSocket *salon_listener_get_socket (GSocketAddress *remote);

/* Stops listening, and gives up TLS handshakes. Streams handed over live on. */
void salon_listener_close (SalonListener *self);

guint16 salon_listener_get_port (SalonListener *self);
