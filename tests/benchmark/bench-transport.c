/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-transport.h"

#include <gio/gio.h>
#include <sys/socket.h>

#include "bench-dtls.h"
#include "bench-ice.h"

struct _BenchTransport
{
  BenchNetwork *network;              /* (borrowed) */
  const BenchTransportEvents *events; /* (borrowed) */
  gpointer user_data;                 /* (borrowed) */
  BenchWatch watch;
  struct sockaddr_in address; /* ours */
  struct sockaddr_in peer;    /* once ICE has found it */
  gboolean has_peer;
  BenchIce *ice;   /* (owned) */
  BenchDtls *dtls; /* (owned) (nullable): from the server's description on */
  srtp_t outgoing; /* (owned) (nullable): once connected */
  srtp_t incoming; /* (owned) (nullable) */
  BenchTransportLosses losses;
  guint n_overflowed; /* the kernel's count, of 32 bits */
};

/* -- sending -- */

static void
send_to (BenchTransport *self, const guint8 *data, gsize size, const struct sockaddr_in *to)
{
  /* A full socket loses the datagram, as networks do. */
  (void)!sendto (self->watch.fd, data, size, 0, (const struct sockaddr *)to, sizeof *to);
}

void
bench_transport_send_rtp (BenchTransport *self, guint8 *packet, gsize size)
{
  int length = (int)size;

  if (self->outgoing != NULL && srtp_protect (self->outgoing, packet, &length) == srtp_err_status_ok)
    send_to (self, packet, length, &self->peer);
}

void
bench_transport_send_rtcp (BenchTransport *self, guint8 *packet, gsize size)
{
  int length = (int)size;

  if (self->outgoing != NULL && srtp_protect_rtcp (self->outgoing, packet, &length) == srtp_err_status_ok)
    send_to (self, packet, length, &self->peer);
}

/* -- ICE and DTLS -- */

static void
ice_send (const guint8 *data, gsize size, const struct sockaddr_in *to, gpointer user_data)
{
  send_to (user_data, data, size, to);
}

static void
ice_selected (const struct sockaddr_in *address, gpointer user_data)
{
  BenchTransport *self = user_data;

  self->peer = *address;
  self->has_peer = TRUE;
  bench_dtls_start (self->dtls);
}

static void
part_failed (const char *why, gpointer user_data)
{
  BenchTransport *self = user_data;

  self->events->failed (why, self->user_data);
}

static const BenchIceEvents ice_events = { ice_send, ice_selected, part_failed };

static void
dtls_send (const guint8 *data, gsize size, gpointer user_data)
{
  BenchTransport *self = user_data;

  if (self->has_peer)
    send_to (self, data, size, &self->peer);
}

static void
dtls_connected (srtp_t outgoing, srtp_t incoming, gpointer user_data)
{
  BenchTransport *self = user_data;

  self->outgoing = outgoing;
  self->incoming = incoming;
  self->events->connected (self->user_data);
}

static const BenchDtlsEvents dtls_events = { dtls_send, dtls_connected, part_failed };

/* -- receiving -- */

/* RFC 5761 section 4. */
static gboolean
is_rtcp (const guint8 *data)
{
  return data[1] >= 192 && data[1] <= 223;
}

static void
take_media (BenchTransport *self, const BenchDatagram *datagram)
{
  int size = (int)datagram->size;
  gboolean is_control = is_rtcp (datagram->data);
  srtp_err_status_t status;

  if (self->incoming == NULL)
    return;
  status = is_control ? srtp_unprotect_rtcp (self->incoming, datagram->data, &size)
                      : srtp_unprotect (self->incoming, datagram->data, &size);
  if (status != srtp_err_status_ok)
    self->losses.n_refused++;
  else if (is_control)
    self->events->rtcp (datagram->data, size, datagram->arrived_at_ns, self->user_data);
  else
    self->events->rtp (datagram->data, size, datagram->arrived_at_ns, self->user_data);
}

/* RFC 7983. */
static void
take_datagram (BenchTransport *self, const BenchDatagram *datagram)
{
  guint8 first = datagram->size >= 2 ? datagram->data[0] : 255;

  if (first <= 3)
    bench_ice_take (self->ice, datagram->data, datagram->size, &datagram->from, g_get_monotonic_time ());
  else if (first >= 20 && first <= 63 && self->dtls != NULL)
    bench_dtls_take (self->dtls, datagram->data, datagram->size);
  else if (first >= 128 && first <= 191)
    take_media (self, datagram);
}

static void
on_readable (gpointer user_data)
{
  BenchTransport *self = user_data;
  const BenchDatagram *datagrams;
  guint n_overflowed = self->n_overflowed;
  guint n = bench_network_receive (self->network, self->watch.fd, &datagrams, &n_overflowed);

  for (guint i = 0; i < n; i++)
    take_datagram (self, &datagrams[i]);
  self->losses.n_overflowed += n_overflowed - self->n_overflowed;
  self->n_overflowed = n_overflowed;
}

/* -- negotiation -- */

void
bench_transport_describe (BenchTransport *self, gboolean is_offer, BenchLocal *local)
{
  *local = (BenchLocal){
    .ufrag = bench_ice_get_ufrag (self->ice),
    .pwd = bench_ice_get_pwd (self->ice),
    .fingerprint = bench_network_get_fingerprint (self->network),
    .setup = is_offer ? "actpass" : "active",
    .address = self->address,
  };
}

gboolean
bench_transport_start (BenchTransport *self, const BenchDescription *remote, gboolean is_offerer, GError **error)
{
  if (self->dtls != NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "the connection was described before");
      return FALSE;
    }
  self->dtls = bench_dtls_new (bench_network_get_ssl (self->network), !is_offerer || remote->is_passive,
      remote->fingerprint, &dtls_events, self);
  for (guint i = 0; i < remote->candidates->len; i++)
    bench_transport_add_candidate (self, g_ptr_array_index (remote->candidates, i));
  bench_ice_start (self->ice, remote->ufrag, remote->pwd, is_offerer || remote->is_lite, g_get_monotonic_time ());
  return TRUE;
}

void
bench_transport_add_candidate (BenchTransport *self, const char *candidate)
{
  struct sockaddr_in address;

  if (bench_candidate_read (candidate, &address))
    bench_ice_add_candidate (self->ice, &address);
}

void
bench_transport_tick (BenchTransport *self, gint64 now_us)
{
  bench_ice_tick (self->ice, now_us);
  if (self->dtls != NULL && self->has_peer)
    bench_dtls_tick (self->dtls);
}

BenchTransportLosses
bench_transport_get_losses (const BenchTransport *self)
{
  return self->losses;
}

const char *
bench_transport_get_profile (const BenchTransport *self)
{
  return self->dtls != NULL ? bench_dtls_get_profile (self->dtls) : NULL;
}

/* -- life -- */

BenchTransport *
bench_transport_new (BenchNetwork *network, const BenchTransportEvents *events, gpointer user_data, GError **error)
{
  BenchTransport *self = g_new0 (BenchTransport, 1);

  self->network = network;
  self->events = events;
  self->user_data = user_data;
  self->ice = bench_ice_new (&ice_events, self);
  self->watch = (BenchWatch){ -1, on_readable, self };
  self->watch.fd = bench_network_open_socket (network, &self->address, error);
  if (self->watch.fd >= 0 && bench_network_watch (network, &self->watch, error))
    return self;
  bench_transport_free (self);
  return NULL;
}

void
bench_transport_free (BenchTransport *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->dtls, bench_dtls_free); /* says good-bye through the socket */
  bench_network_close (self->network, &self->watch);
  g_clear_pointer (&self->outgoing, srtp_dealloc);
  g_clear_pointer (&self->incoming, srtp_dealloc);
  bench_ice_free (self->ice);
  g_free (self);
}
