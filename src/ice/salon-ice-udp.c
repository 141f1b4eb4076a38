/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* in6_pktinfo, recvmmsg(), sendmmsg() */
#define _GNU_SOURCE
#include "salon-ice-udp.h"

#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "salon-ice-framing.h"

/* A free port of one family may be taken in the other. */
#define PORT_ATTEMPTS 16
/* Datagrams in one call; a fan-out is rarely larger. */
#define SEND_BATCH 64
/* Room for a packet's local address, its type of service and its segment size. */
#define CONTROL_BYTES (CMSG_SPACE (sizeof (struct in6_pktinfo)) + 2 * CMSG_SPACE (sizeof (int)))

enum
{
  V4,
  V6,
  N_FAMILIES
};

static const int families[N_FAMILIES] = { AF_INET, AF_INET6 };

struct _SalonIceUdp
{
  guint port;
  guint n_receivers;
  int (*fds)[N_FAMILIES]; /* (owned): one pair a receiver; -1: that family is not there */
  gint is_without_gso;    /* atomic: the kernel refused it once */
};

/* -- opening -- */

static gboolean
set_option (int fd, int level, int name, int value)
{
  return setsockopt (fd, level, name, &value, sizeof value) == 0;
}

static void
set_buffer (int fd, int forced_name, int name)
{
  /* Beyond the system's limit only with CAP_NET_ADMIN. */
  if (!set_option (fd, SOL_SOCKET, forced_name, SALON_ICE_UDP_BUFFER_BYTES))
    set_option (fd, SOL_SOCKET, name, SALON_ICE_UDP_BUFFER_BYTES);
}

/* Returns: the descriptor, or -1 with errno. */
static int
open_socket (int family, guint port, gboolean is_shared)
{
  SalonIceAddress any;
  int fd = socket (family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int saved_errno;

  if (fd < 0)
    return -1;
  salon_ice_address_any (&any, family, port);
  if ((!is_shared || set_option (fd, SOL_SOCKET, SO_REUSEPORT, 1))
      && (family == AF_INET
              ? set_option (fd, IPPROTO_IP, IP_PKTINFO, 1)
              : set_option (fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) && set_option (fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1))
      && bind (fd, &any.any, salon_ice_address_length (&any)) == 0)
    {
      set_buffer (fd, SO_RCVBUFFORCE, SO_RCVBUF);
      set_buffer (fd, SO_SNDBUFFORCE, SO_SNDBUF);
      return fd;
    }
  saved_errno = errno;
  close (fd);
  errno = saved_errno;
  return -1;
}

static gboolean
is_family_missing (int error_number)
{
  return error_number == EAFNOSUPPORT || error_number == EADDRNOTAVAIL || error_number == EPROTONOSUPPORT;
}

static guint
get_bound_port (int fd)
{
  SalonIceAddress address;
  socklen_t length = sizeof address;

  if (getsockname (fd, &address.any, &length) != 0)
    return 0;
  return salon_ice_address_get_port (&address);
}

/* With SO_REUSEPORT, whoever runs as the same user could open the port once more, and would get half of the packets:
 * a socket without it finds out whether the port is free. port: (inout). 0, or an errno. */
static int
probe_port (guint *port, gboolean has_family[N_FAMILIES])
{
  int fds[N_FAMILIES] = { -1, -1 };
  int result = 0;

  for (guint i = 0; i < N_FAMILIES && result == 0; i++)
    {
      fds[i] = open_socket (families[i], *port, FALSE);
      has_family[i] = fds[i] >= 0;
      if (fds[i] >= 0)
        *port = get_bound_port (fds[i]);
      else if (!is_family_missing (errno))
        result = errno;
    }
  for (guint i = 0; i < N_FAMILIES; i++)
    {
      if (fds[i] >= 0)
        close (fds[i]);
    }
  return result == 0 && !has_family[V4] && !has_family[V6] ? EAFNOSUPPORT : result;
}

/* 0, or an errno; what is open by then is closed by free(). */
static int
open_receivers (SalonIceUdp *self, const gboolean has_family[N_FAMILIES])
{
  for (guint receiver = 0; receiver < self->n_receivers; receiver++)
    {
      for (guint i = 0; i < N_FAMILIES; i++)
        {
          if (!has_family[i])
            continue;
          self->fds[receiver][i] = open_socket (families[i], self->port, self->n_receivers > 1);
          if (self->fds[receiver][i] < 0)
            return errno;
        }
    }
  return 0;
}

SalonIceUdp *
salon_ice_udp_new (guint port, guint n_receivers, GError **error)
{
  g_autoptr (SalonIceUdp) self = g_new0 (SalonIceUdp, 1);
  gboolean has_family[N_FAMILIES];
  int error_number = EADDRINUSE;

  self->n_receivers = n_receivers;
  self->fds = g_malloc (n_receivers * sizeof *self->fds);
  memset (self->fds, -1, n_receivers * sizeof *self->fds);
  for (guint attempt = 0; error_number == EADDRINUSE && attempt < (port == 0 ? PORT_ATTEMPTS : 1); attempt++)
    {
      self->port = port;
      error_number = probe_port (&self->port, has_family);
    }
  if (error_number == 0)
    error_number = open_receivers (self, has_family);
  if (error_number == 0)
    return g_steal_pointer (&self);
  g_set_error (
      error, G_IO_ERROR, g_io_error_from_errno (error_number), "UDP port %u: %s", port, g_strerror (error_number));
  return NULL;
}

void
salon_ice_udp_free (SalonIceUdp *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n_receivers * N_FAMILIES; i++)
    {
      int fd = self->fds[i / N_FAMILIES][i % N_FAMILIES];

      if (fd >= 0)
        close (fd);
    }
  g_free (self->fds);
  g_free (self);
}

guint
salon_ice_udp_get_port (const SalonIceUdp *self)
{
  return self->port;
}

int
salon_ice_udp_get_fd (const SalonIceUdp *self, guint receiver, int family)
{
  return self->fds[receiver][family == AF_INET ? V4 : V6];
}

gsize
salon_ice_udp_get_buffer_bytes (const SalonIceUdp *self)
{
  static const int names[] = { SO_RCVBUF, SO_SNDBUF };
  gsize least = SALON_ICE_UDP_BUFFER_BYTES;

  for (guint i = 0; i < N_FAMILIES * G_N_ELEMENTS (names); i++)
    {
      int fd = self->fds[0][i / G_N_ELEMENTS (names)], value;
      socklen_t length = sizeof value;

      /* The kernel tells twice what it was asked for (socket(7)). */
      if (fd >= 0 && getsockopt (fd, SOL_SOCKET, names[i % G_N_ELEMENTS (names)], &value, &length) == 0)
        least = MIN (least, (gsize)value / 2);
    }
  return least;
}

gboolean
salon_ice_udp_has_family (const SalonIceUdp *self, int family)
{
  return salon_ice_udp_get_fd (self, 0, family) >= 0;
}

/* -- sending -- */

/* Keep CONTROL_BYTES large enough for all of them. */
static void
add_control (struct msghdr *header, int level, int type, const void *data, gsize size)
{
  struct cmsghdr *control = (struct cmsghdr *)((guint8 *)header->msg_control + header->msg_controllen);

  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN (size);
  memcpy (CMSG_DATA (control), data, size);
  header->msg_controllen += CMSG_SPACE (size);
}

/* Link-local addresses need their interface; for all others routing chooses it. */
static void
add_source (struct msghdr *header, const SalonIceAddress *local)
{
  if (local->any.sa_family == AF_INET)
    {
      struct in_pktinfo info = { .ipi_spec_dst = local->v4.sin_addr };

      add_control (header, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
  else
    {
      struct in6_pktinfo info = { .ipi6_addr = local->v6.sin6_addr, .ipi6_ifindex = local->v6.sin6_scope_id };

      add_control (header, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
}

static void
write_header (struct msghdr *header, guint8 *control, const SalonIceDatagram *datagram)
{
  int tos = datagram->tos;
  guint16 segment = datagram->vectors[0].iov_len;
  gboolean is_v4 = datagram->path.remote.any.sa_family == AF_INET;

  memset (control, 0, CONTROL_BYTES);
  *header = (struct msghdr){ .msg_name = (void *)&datagram->path.remote,
    .msg_namelen = salon_ice_address_length (&datagram->path.remote),
    .msg_iov = (struct iovec *)datagram->vectors,
    .msg_iovlen = datagram->n_vectors,
    .msg_control = control };
  add_source (header, &datagram->path.local);
  if (tos != 0)
    add_control (header, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_TOS : IPV6_TCLASS, &tos, sizeof tos);
  if (datagram->n_vectors > 1)
    add_control (header, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
}

static gboolean
send_one (int fd, const SalonIceDatagram *datagram)
{
  struct msghdr header;
  guint8 control[CONTROL_BYTES] __attribute__ ((aligned (8)));

  write_header (&header, control, datagram);
  return sendmsg (fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* What segmentation offload would have done. */
static void
send_segments (int fd, SalonIceDatagram *run)
{
  SalonIceDatagram segment = *run;

  segment.n_vectors = 1;
  for (guint i = 0; i < run->n_vectors; i++)
    {
      segment.vectors = &run->vectors[i];
      run->n_sent += send_one (fd, &segment);
    }
}

/* sendmmsg() stops at the first datagram that fails. It alone is sent once more, if it was offload that failed: refused
 * by the device or an old kernel (EIO, ...), which is said once for all, or because segments exceed this path's MTU and
 * must be fragmented (EINVAL, EMSGSIZE). Anything else is dropped. */
static void
send_failed (SalonIceUdp *self, int fd, SalonIceDatagram *datagram)
{
  gboolean is_refused = errno == EIO || errno == ENOPROTOOPT || errno == EOPNOTSUPP;

  if (datagram->n_vectors == 1 || (!is_refused && errno != EINVAL && errno != EMSGSIZE))
    return;
  if (is_refused)
    g_atomic_int_set (&self->is_without_gso, TRUE);
  send_segments (fd, datagram);
}

static void
send_batch (SalonIceUdp *self, int fd, SalonIceDatagram *datagrams, guint n_datagrams)
{
  struct mmsghdr messages[SEND_BATCH];
  guint8 controls[SEND_BATCH][CONTROL_BYTES] __attribute__ ((aligned (8)));
  guint done = 0;

  for (guint i = 0; i < n_datagrams; i++)
    write_header (&messages[i].msg_hdr, controls[i], &datagrams[i]);
  while (done < n_datagrams)
    {
      int n = sendmmsg (fd, messages + done, n_datagrams - done, MSG_DONTWAIT | MSG_NOSIGNAL);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        send_failed (self, fd, &datagrams[done++]);
      for (int i = 0; i < n; i++, done++)
        datagrams[done].n_sent = datagrams[done].n_vectors;
    }
}

/* A run that one call can take: of one family, and no longer than the arrays. */
static guint
get_run (const SalonIceDatagram *datagrams, guint n_datagrams)
{
  int family = datagrams[0].path.remote.any.sa_family;
  guint n = 1;

  while (n < n_datagrams && n < SEND_BATCH && datagrams[n].path.remote.any.sa_family == family)
    n++;
  return n;
}

void
salon_ice_udp_send (SalonIceUdp *self, SalonIceDatagram *datagrams, guint n_datagrams)
{
  for (guint at = 0; at < n_datagrams;)
    {
      guint n = get_run (datagrams + at, n_datagrams - at);
      int fd = salon_ice_udp_get_fd (self, 0, datagrams[at].path.remote.any.sa_family);

      if (datagrams[at].n_vectors > 1 && g_atomic_int_get (&self->is_without_gso))
        {
          n = 1;
          send_segments (fd, &datagrams[at]);
        }
      else if (n == 1 && datagrams[at].n_vectors == 1)
        datagrams[at].n_sent = send_one (fd, &datagrams[at]);
      else
        send_batch (self, fd, datagrams + at, n);
      at += n;
    }
}

/* -- receiving -- */

struct _SalonIceUdpInput
{
  struct mmsghdr messages[SALON_ICE_UDP_BATCH];
  struct iovec vectors[SALON_ICE_UDP_BATCH];
  SalonIceAddress sources[SALON_ICE_UDP_BATCH];
  guint8 controls[SALON_ICE_UDP_BATCH][CONTROL_BYTES] __attribute__ ((aligned (8)));
  guint8 data[SALON_ICE_UDP_BATCH][SALON_LIMIT_PACKET_BYTES];
};

SalonIceUdpInput *
salon_ice_udp_input_new (void)
{
  SalonIceUdpInput *input = g_new0 (SalonIceUdpInput, 1);

  for (guint i = 0; i < SALON_ICE_UDP_BATCH; i++)
    {
      input->vectors[i] = (struct iovec){ input->data[i], sizeof input->data[i] };
      input->messages[i].msg_hdr = (struct msghdr){ .msg_name = &input->sources[i],
        .msg_iov = &input->vectors[i],
        .msg_iovlen = 1,
        .msg_control = input->controls[i] };
    }
  return input;
}

void
salon_ice_udp_input_free (SalonIceUdpInput *input)
{
  g_free (input);
}

/* The address that the packet was sent to; FALSE if the kernel did not tell. */
static gboolean
read_local (struct msghdr *header, SalonIceAddress *local)
{
  for (struct cmsghdr *control = CMSG_FIRSTHDR (header); control != NULL; control = CMSG_NXTHDR (header, control))
    {
      if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO)
        {
          struct in_pktinfo info;

          memcpy (&info, CMSG_DATA (control), sizeof info);
          salon_ice_address_from_v4 (local, &info.ipi_addr, 0);
          return TRUE;
        }
      if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO)
        {
          struct in6_pktinfo info;

          memcpy (&info, CMSG_DATA (control), sizeof info);
          salon_ice_address_from_v6 (local, &info.ipi6_addr, 0);
          if (IN6_IS_ADDR_LINKLOCAL (&info.ipi6_addr))
            local->v6.sin6_scope_id = info.ipi6_ifindex;
          return TRUE;
        }
    }
  return FALSE;
}

guint
salon_ice_udp_receive (SalonIceUdpInput *input, int fd, SalonIceUdpFunc func, gpointer user_data)
{
  int n;

  for (guint i = 0; i < SALON_ICE_UDP_BATCH; i++)
    {
      input->messages[i].msg_hdr.msg_namelen = sizeof input->sources[i];
      input->messages[i].msg_hdr.msg_controllen = CONTROL_BYTES;
    }
  n = recvmmsg (fd, input->messages, SALON_ICE_UDP_BATCH, MSG_DONTWAIT, NULL);
  for (int i = 0; i < n; i++)
    {
      struct mmsghdr *message = &input->messages[i];
      SalonIcePath path = { .remote = input->sources[i] };

      if ((message->msg_hdr.msg_flags & MSG_TRUNC) == 0 && read_local (&message->msg_hdr, &path.local))
        func (&path, input->data[i], message->msg_len, user_data);
    }
  return MAX (n, 0);
}
