/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-description.h"
#include "bench-network.h"

/* One peer connection: a socket, ICE, DTLS, SRTP. Packets that the peer's keys don't authenticate go no further. */
typedef struct _BenchTransport BenchTransport;

typedef struct
{
  void (*connected) (gpointer user_data);
  void (*failed) (const char *why, gpointer user_data);
  /* Decrypted; the bytes may be changed. */
  void (*rtp) (guint8 *packet, gsize size, gint64 arrived_at_ns, gpointer user_data);
  void (*rtcp) (const guint8 *packet, gsize size, gint64 arrived_at_ns, gpointer user_data);
} BenchTransportEvents;

/* What SRTP adds to a packet in place: RFC 3711 and 7714, with RTCP's index. */
#define BENCH_TRANSPORT_TRAILER_BYTES 32

BenchTransport *bench_transport_new (BenchNetwork *network, const BenchTransportEvents *events, gpointer user_data,
    GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bench_transport_free (BenchTransport *self);

/* For our description: credentials, fingerprint, candidate. is_offer: ours; else an answer, as the DTLS client. */
void bench_transport_describe (BenchTransport *self, gboolean is_offer, BenchLocal *local);
/* With the server's description, connecting begins. is_offerer: we are. */
gboolean bench_transport_start (BenchTransport *self, const BenchDescription *remote, gboolean is_offerer,
    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* May come before the description. Those that are not UDP over IPv4 are ignored. */
void bench_transport_add_candidate (BenchTransport *self, const char *candidate);

/* Encrypts in place and sends; of a connection that is not up, nothing. The buffer has room for the trailer. */
void bench_transport_send_rtp (BenchTransport *self, guint8 *packet, gsize size);
void bench_transport_send_rtcp (BenchTransport *self, guint8 *packet, gsize size);

/* Every 10 to 50 ms. */
void bench_transport_tick (BenchTransport *self, gint64 now_us);

/* What could not be: packets that the kernel dropped because we did not read in time, and those that failed
 * authentication or were replayed. */
typedef struct
{
  guint64 n_overflowed;
  guint64 n_refused;
} BenchTransportLosses;
BenchTransportLosses bench_transport_get_losses (const BenchTransport *self);
/* Returns: (nullable): the SRTP profile, once connected. */
const char *bench_transport_get_profile (const BenchTransport *self);
