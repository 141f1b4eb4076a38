/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <openssl/ssl.h>

/* What all connections of the load generator share: one epoll in the main context, the buffers that packets are
 * received into, and one certificate. GLib's own polling costs time in proportion to the sources there are; so sockets
 * and media clocks, hundreds of them, are one source to it.
 *
 * Main context's thread; must outlive those who watch. */
typedef struct _BenchNetwork BenchNetwork;

/* Something to be called when its descriptor is readable. Embedded in its owner. */
typedef struct
{
  int fd; /* (owned): -1 when closed */
  void (*ready) (gpointer user_data);
  gpointer user_data;
} BenchWatch;

BenchNetwork *bench_network_new (GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bench_network_free (BenchNetwork *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchNetwork, bench_network_free)

/* From then on watch->ready is called from the main context, at most once for each event. */
gboolean bench_network_watch (BenchNetwork *self, BenchWatch *watch, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Closes the descriptor; `ready` is not called any more, not even for what has already come. Twice does no harm. */
void bench_network_close (BenchNetwork *self, BenchWatch *watch);

/* A watch that is ready every period_ns, first at first_ns of the monotonic clock; `ready` reads its descriptor. */
gboolean bench_network_watch_clock (
    BenchNetwork *self, BenchWatch *watch, gint64 first_ns, gint64 period_ns, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One datagram. */
typedef struct
{
  guint8 *data; /* (borrowed): until the next receive; may be changed in place */
  gsize size;
  struct sockaddr_in from;
  gint64 arrived_at_ns; /* when the kernel had it, by CLOCK_REALTIME: our own delay is no part of it */
} BenchDatagram;

/* A UDP socket at the address that this machine shows to others. */
int bench_network_open_socket (
    BenchNetwork *self, struct sockaddr_in *address, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: how many datagrams have come, up to n_datagrams; *n_overflowed is what the kernel dropped because we did
 * not read in time. */
guint bench_network_receive (BenchNetwork *self, int fd, const BenchDatagram **datagrams, guint *n_overflowed);

/* (transfer none): DTLS 1.2 with this process's certificate. */
SSL_CTX *bench_network_get_ssl (BenchNetwork *self);
/* (transfer none): of the certificate, as SDP has it: "sha-256 AB:CD:..." */
const char *bench_network_get_fingerprint (BenchNetwork *self);
/* Returns: (transfer full): the same, of a peer's. */
char *bench_fingerprint_new (X509 *certificate) G_GNUC_WARN_UNUSED_RESULT;

/* CLOCK_REALTIME. */
gint64 bench_realtime_ns (void);
/* CLOCK_MONOTONIC, as g_get_monotonic_time(). */
gint64 bench_monotonic_ns (void);
