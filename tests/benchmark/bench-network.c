/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <srtp2/srtp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define N_EVENTS 64
/* Once packets come, they are fetched this often, and so often before signalling has its turn again. */
#define NAP_US 250
#define N_NAPS 4
/* A frame of one publisher, or of several that sent at once. */
#define N_DATAGRAMS 32
#define DATAGRAM_BYTES 2048
/* A second of a meeting of 12, if the machine gives us no time. The kernel may give less. */
#define SOCKET_BUFFER_BYTES (4 * 1024 * 1024)
#define CERTIFICATE_DAYS 30
#define NS_PER_S G_GINT64_CONSTANT (1000000000)

/* Of the order that browsers offer: the server chooses. */
#define SRTP_PROFILES "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"

/* The ancillary data we asked the kernel for. */
typedef union
{
  char bytes[CMSG_SPACE (sizeof (struct timespec)) + CMSG_SPACE (sizeof (guint32))];
  struct cmsghdr alignment;
} Control;

struct _BenchNetwork
{
  int epoll_fd;
  guint source_id;
  struct epoll_event events[N_EVENTS]; /* being dispatched: of a watch that was closed meanwhile, NULL */
  int n_events;

  SSL_CTX *ssl;      /* (owned) */
  char *fingerprint; /* (owned) */
  struct in_addr address;

  guint8 data[N_DATAGRAMS][DATAGRAM_BYTES];
  Control controls[N_DATAGRAMS];
  struct iovec vectors[N_DATAGRAMS];
  struct mmsghdr messages[N_DATAGRAMS];
  BenchDatagram datagrams[N_DATAGRAMS];
};

static gint64
clock_ns (clockid_t clock)
{
  struct timespec time;

  clock_gettime (clock, &time);
  return time.tv_sec * NS_PER_S + time.tv_nsec;
}

gint64
bench_realtime_ns (void)
{
  return clock_ns (CLOCK_REALTIME);
}

gint64
bench_monotonic_ns (void)
{
  return clock_ns (CLOCK_MONOTONIC);
}

static gboolean
fail_with_errno (GError **error, const char *what)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", what, g_strerror (code));
  return FALSE;
}

/* -- watching -- */

static void
dispatch (BenchNetwork *self)
{
  do
    {
      self->n_events = MAX (epoll_wait (self->epoll_fd, self->events, N_EVENTS, 0), 0);
      for (int i = 0; i < self->n_events; i++)
        {
          BenchWatch *watch = self->events[i].data.ptr;

          if (watch != NULL)
            watch->ready (watch->user_data);
        }
    }
  while (self->n_events == N_EVENTS);
  self->n_events = 0;
}

/* Naps, for two reasons. A process that waits has to be woken for each packet, and it is the server's time that this
 * takes, inside its call to send; of a real network it would see nothing. And a turn of the main context looks at every
 * WebSocket there is, which with a hundred of them takes longer than a packet does. */
static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  for (guint i = 0; i < N_NAPS; i++)
    {
      dispatch (user_data);
      g_usleep (NAP_US);
    }
  return G_SOURCE_CONTINUE;
}

gboolean
bench_network_watch (BenchNetwork *self, BenchWatch *watch, GError **error)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };

  return epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) == 0 || fail_with_errno (error, "epoll_ctl");
}

void
bench_network_close (BenchNetwork *self, BenchWatch *watch)
{
  if (watch->fd < 0)
    return;
  close (watch->fd); /* leaves the epoll by this */
  watch->fd = -1;
  for (int i = 0; i < self->n_events; i++)
    {
      if (self->events[i].data.ptr == watch)
        self->events[i].data.ptr = NULL;
    }
}

static struct timespec
to_timespec (gint64 ns)
{
  return (struct timespec){ ns / NS_PER_S, ns % NS_PER_S };
}

gboolean
bench_network_watch_clock (BenchNetwork *self, BenchWatch *watch, gint64 first_ns, gint64 period_ns, GError **error)
{
  struct itimerspec times = { .it_value = to_timespec (first_ns), .it_interval = to_timespec (period_ns) };

  watch->fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (watch->fd < 0 || timerfd_settime (watch->fd, TFD_TIMER_ABSTIME, &times, NULL) != 0)
    return fail_with_errno (error, "timerfd");
  return bench_network_watch (self, watch, error);
}

/* -- sockets -- */

/* The first address that is not the loopback's, which ICE agents leave out; without one, the loopback's. */
static struct in_addr
find_address (void)
{
  struct in_addr found = { htonl (INADDR_LOOPBACK) };
  struct ifaddrs *all = NULL;

  if (getifaddrs (&all) != 0)
    return found;
  for (struct ifaddrs *one = all; one != NULL; one = one->ifa_next)
    {
      if (one->ifa_addr != NULL && one->ifa_addr->sa_family == AF_INET && (one->ifa_flags & IFF_UP)
          && !(one->ifa_flags & IFF_LOOPBACK))
        {
          found = ((struct sockaddr_in *)one->ifa_addr)->sin_addr;
          break;
        }
    }
  freeifaddrs (all);
  return found;
}

int
bench_network_open_socket (BenchNetwork *self, struct sockaddr_in *address, GError **error)
{
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  socklen_t length = sizeof *address;
  int size = SOCKET_BUFFER_BYTES;
  int yes = 1;

  *address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = self->address };
  if (fd < 0 || bind (fd, (struct sockaddr *)address, sizeof *address) != 0
      || getsockname (fd, (struct sockaddr *)address, &length) != 0
      || setsockopt (fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes) != 0
      || setsockopt (fd, SOL_SOCKET, SO_RXQ_OVFL, &yes, sizeof yes) != 0)
    {
      fail_with_errno (error, "no UDP socket");
      if (fd >= 0)
        close (fd);
      return -1;
    }
  /* As root beyond the system's maximum. That it may be less is seen by the overflows. */
  if (setsockopt (fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    (void)!setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  return fd;
}

static void
read_control (struct msghdr *header, BenchDatagram *datagram, guint *n_overflowed)
{
  for (struct cmsghdr *part = CMSG_FIRSTHDR (header); part != NULL; part = CMSG_NXTHDR (header, part))
    {
      struct timespec time;

      if (part->cmsg_level != SOL_SOCKET)
        continue;
      if (part->cmsg_type == SCM_TIMESTAMPNS)
        {
          memcpy (&time, CMSG_DATA (part), sizeof time);
          datagram->arrived_at_ns = time.tv_sec * NS_PER_S + time.tv_nsec;
        }
      else if (part->cmsg_type == SO_RXQ_OVFL)
        memcpy (n_overflowed, CMSG_DATA (part), sizeof *n_overflowed);
    }
}

guint
bench_network_receive (BenchNetwork *self, int fd, const BenchDatagram **datagrams, guint *n_overflowed)
{
  int n_received;

  for (guint i = 0; i < N_DATAGRAMS; i++)
    {
      struct msghdr *header = &self->messages[i].msg_hdr;

      header->msg_namelen = sizeof self->datagrams[i].from;
      header->msg_controllen = sizeof self->controls[i];
    }
  n_received = recvmmsg (fd, self->messages, N_DATAGRAMS, 0, NULL);
  for (int i = 0; i < n_received; i++)
    {
      self->datagrams[i].size = self->messages[i].msg_len;
      read_control (&self->messages[i].msg_hdr, &self->datagrams[i], n_overflowed);
    }
  *datagrams = self->datagrams;
  return MAX (n_received, 0);
}

static void
prepare_buffers (BenchNetwork *self)
{
  for (guint i = 0; i < N_DATAGRAMS; i++)
    {
      self->datagrams[i].data = self->data[i];
      self->vectors[i] = (struct iovec){ self->data[i], DATAGRAM_BYTES };
      self->messages[i].msg_hdr = (struct msghdr){
        .msg_name = &self->datagrams[i].from,
        .msg_iov = &self->vectors[i],
        .msg_iovlen = 1,
        .msg_control = &self->controls[i],
      };
    }
}

/* -- the certificate -- */

char *
bench_fingerprint_new (X509 *certificate)
{
  guint8 digest[EVP_MAX_MD_SIZE];
  guint size = 0;
  GString *text = g_string_new ("sha-256");

  X509_digest (certificate, EVP_sha256 (), digest, &size);
  for (guint i = 0; i < size; i++)
    g_string_append_printf (text, "%c%02X", i == 0 ? ' ' : ':', digest[i]);
  return g_string_free (text, FALSE);
}

static X509 *
new_certificate (EVP_PKEY *key)
{
  X509 *certificate = X509_new ();
  X509_NAME *name = X509_get_subject_name (certificate);

  X509_set_version (certificate, 2);
  ASN1_INTEGER_set (X509_get_serialNumber (certificate), 1);
  X509_gmtime_adj (X509_getm_notBefore (certificate), -24 * 60 * 60);
  X509_gmtime_adj (X509_getm_notAfter (certificate), CERTIFICATE_DAYS * 24 * 60 * 60);
  X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC, (const guint8 *)"salon-benchmark", -1, -1, 0);
  X509_set_issuer_name (certificate, name);
  X509_set_pubkey (certificate, key);
  X509_sign (certificate, key, EVP_sha256 ());
  return certificate;
}

/* Any: it is compared with the description's fingerprint (RFC 8122), after the handshake. */
static int
accept_certificate (int is_trusted, X509_STORE_CTX *store)
{
  return 1;
}

static gboolean
prepare_ssl (BenchNetwork *self, GError **error)
{
  EVP_PKEY *key = EVP_EC_gen ("P-256");
  X509 *certificate = new_certificate (key);
  gboolean is_good;

  self->ssl = SSL_CTX_new (DTLS_method ());
  SSL_CTX_set_verify (self->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_certificate);
  is_good = SSL_CTX_use_certificate (self->ssl, certificate) == 1 && SSL_CTX_use_PrivateKey (self->ssl, key) == 1
            && SSL_CTX_set_tlsext_use_srtp (self->ssl, SRTP_PROFILES) == 0;
  self->fingerprint = bench_fingerprint_new (certificate);
  X509_free (certificate);
  EVP_PKEY_free (key);
  if (!is_good)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "OpenSSL takes no certificate or SRTP profile of ours");
  return is_good;
}

SSL_CTX *
bench_network_get_ssl (BenchNetwork *self)
{
  return self->ssl;
}

const char *
bench_network_get_fingerprint (BenchNetwork *self)
{
  return self->fingerprint;
}

/* -- life -- */

BenchNetwork *
bench_network_new (GError **error)
{
  g_autoptr (BenchNetwork) self = g_new0 (BenchNetwork, 1);

  srtp_init ();
  prepare_buffers (self);
  self->address = find_address ();
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (self->epoll_fd < 0)
    {
      fail_with_errno (error, "epoll");
      return NULL;
    }
  if (!prepare_ssl (self, error))
    return NULL;
  self->source_id = g_unix_fd_add (self->epoll_fd, G_IO_IN, on_readable, self);
  return g_steal_pointer (&self);
}

void
bench_network_free (BenchNetwork *self)
{
  g_clear_handle_id (&self->source_id, g_source_remove);
  if (self->epoll_fd >= 0)
    close (self->epoll_fd);
  SSL_CTX_free (self->ssl);
  g_free (self->fingerprint);
  srtp_shutdown ();
  g_free (self);
}
