/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* accept4() */
#define _GNU_SOURCE
#include "salon-ice-tcp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "salon-descriptors.h"
#include "salon-limits.h"

#define LISTEN_BACKLOG 128
#define MAX_EVENTS 64
/* When nothing is heard of a host any more: asked after this long, over when that goes unanswered, as is what was sent
 * and not acknowledged for as long. */
#define KEEPALIVE_S 30
#define KEEPALIVE_INTERVAL_S 10
/* How often deadlines are looked at, and a listener that ran out of descriptors tries again. */
#define TICK_MS 1000

struct _SalonIceTcpConnection
{
  gatomicrefcount ref_count;
  SalonIcePath path; /* its connection is this one */
  int fd;
  int epoll_fd;      /* (borrowed): of the thread */
  gint is_confirmed; /* atomic */

  /* The thread's own. */
  SalonIceFraming framing;
  gint64 deadline_us;

  GMutex lock;
  gboolean is_closed;  /* lock */
  GByteArray *backlog; /* (owned), lock: what the socket did not take yet; begins within a frame */
};

struct _SalonIceTcp
{
  const SalonIceTcpHandler *handler;
  gpointer user_data;
  guint port;
  int listen_fds[2]; /* IPv4, IPv6; -1: that family is not there */
  int epoll_fd;
  int stop_fd;
  GThread *thread;

  /* The thread's own. */
  GHashTable *connections; /* (owned): fd -> SalonIceTcpConnection (owned) */
  gboolean is_deaf;        /* out of descriptors: does not listen until the next tick */
};

static const int families[2] = { AF_INET, AF_INET6 };

/* -- connections -- */

SalonIceTcpConnection *
salon_ice_tcp_connection_ref (SalonIceTcpConnection *connection)
{
  g_atomic_ref_count_inc (&connection->ref_count);
  return connection;
}

void
salon_ice_tcp_connection_unref (SalonIceTcpConnection *connection)
{
  if (!g_atomic_ref_count_dec (&connection->ref_count))
    return;
  close (connection->fd);
  g_byte_array_unref (connection->backlog);
  g_mutex_clear (&connection->lock);
  g_free (connection);
}

static gboolean
watch (SalonIceTcpConnection *connection, int operation, guint32 events)
{
  struct epoll_event event = { .events = events, .data.fd = connection->fd };

  if (epoll_ctl (connection->epoll_fd, operation, connection->fd, &event) == 0)
    return TRUE;
  shutdown (connection->fd, SHUT_RDWR);
  return FALSE;
}

/* A client that vanished without a word does not keep its place, whether we send to it or not. */
static void
set_options (int fd)
{
  const int yes = 1, idle_s = KEEPALIVE_S, interval_s = KEEPALIVE_INTERVAL_S, timeout_ms = KEEPALIVE_S * 1000;

  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
  setsockopt (fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  setsockopt (fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
  setsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
}

/* accepted: its descriptor, which it owns. Returns: (transfer full) (nullable) */
static SalonIceTcpConnection *
connection_new (int fd, int epoll_fd)
{
  SalonIceTcpConnection *connection = g_new0 (SalonIceTcpConnection, 1);
  socklen_t remote_length = sizeof connection->path.remote, local_length = sizeof connection->path.local;

  g_atomic_ref_count_init (&connection->ref_count);
  g_mutex_init (&connection->lock);
  connection->backlog = g_byte_array_new ();
  connection->fd = fd;
  connection->epoll_fd = epoll_fd;
  connection->path.connection = connection;
  connection->deadline_us = g_get_monotonic_time () + SALON_LIMIT_ICE_TCP_STRANGER_S * G_USEC_PER_SEC;
  set_options (fd);
  if (getpeername (fd, &connection->path.remote.any, &remote_length) == 0
      && getsockname (fd, &connection->path.local.any, &local_length) == 0)
    {
      salon_ice_address_set_port (&connection->path.local, 0);
      return connection;
    }
  salon_ice_tcp_connection_unref (connection);
  return NULL;
}

void
salon_ice_tcp_connection_confirm (SalonIceTcpConnection *connection)
{
  g_atomic_int_set (&connection->is_confirmed, TRUE);
}

void
salon_ice_tcp_connection_shut (SalonIceTcpConnection *connection)
{
  shutdown (connection->fd, SHUT_RDWR);
}

/* Writes one frame: to the socket, and what that does not take to the backlog. FALSE if there is no room for it. */
static gboolean
write_frame_locked (SalonIceTcpConnection *connection, const struct iovec *packet)
{
  guint8 header[SALON_ICE_FRAME_HEADER_BYTES] = { packet->iov_len >> 8, packet->iov_len & 0xff };
  struct iovec vectors[] = { { header, sizeof header }, *packet };
  struct msghdr message = { .msg_iov = vectors, .msg_iovlen = G_N_ELEMENTS (vectors) };
  gsize size = sizeof header + packet->iov_len;
  gsize sent = 0;

  if (connection->backlog->len == 0)
    {
      gssize n = sendmsg (connection->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

      sent = MAX (n, 0);
    }
  if (sent == size)
    return TRUE;
  if (sent == 0 && connection->backlog->len + size > SALON_LIMIT_ICE_TCP_BACKLOG_BYTES)
    return FALSE;
  if (connection->backlog->len == 0)
    watch (connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
  if (sent < sizeof header)
    g_byte_array_append (connection->backlog, header + sent, sizeof header - sent);
  sent = MAX (sent, sizeof header) - sizeof header;
  g_byte_array_append (connection->backlog, (const guint8 *)packet->iov_base + sent, packet->iov_len - sent);
  return TRUE;
}

gsize
salon_ice_tcp_connection_send (SalonIceTcpConnection *connection, const struct iovec *packets, guint n_packets)
{
  gsize taken = 0;

  g_mutex_lock (&connection->lock);
  for (guint i = 0; i < n_packets && !connection->is_closed; i++)
    {
      if (packets[i].iov_len <= SALON_LIMIT_PACKET_BYTES && write_frame_locked (connection, &packets[i]))
        taken += packets[i].iov_len;
    }
  g_mutex_unlock (&connection->lock);
  return taken;
}

/* -- the thread -- */

static void
flush (SalonIceTcpConnection *connection)
{
  GByteArray *backlog = connection->backlog;
  gssize sent;

  g_mutex_lock (&connection->lock);
  sent = send (connection->fd, backlog->data, backlog->len, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0)
    g_byte_array_remove_range (backlog, 0, sent);
  if (backlog->len == 0)
    watch (connection, EPOLL_CTL_MOD, EPOLLIN);
  g_mutex_unlock (&connection->lock);
}

typedef struct
{
  SalonIceTcp *tcp;
  const SalonIcePath *path;
} Input;

static void
on_packet (const guint8 *packet, gsize size, gpointer user_data)
{
  const Input *input = user_data;

  input->tcp->handler->received (input->path, packet, size, input->tcp->user_data);
}

/* FALSE: it has ended. */
static gboolean
read_some (SalonIceTcp *self, SalonIceTcpConnection *connection)
{
  Input input = { self, &connection->path };
  gsize space;
  guint8 *data = salon_ice_framing_get_space (&connection->framing, &space);
  gssize n = recv (connection->fd, data, space, MSG_DONTWAIT);

  if (n < 0)
    return errno == EAGAIN || errno == EINTR;
  return n > 0 && salon_ice_framing_read (&connection->framing, n, on_packet, &input);
}

static void
drop_connection (SalonIceTcp *self, SalonIceTcpConnection *connection)
{
  salon_ice_tcp_connection_ref (connection);
  epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, connection->fd, NULL);
  g_mutex_lock (&connection->lock);
  connection->is_closed = TRUE;
  g_mutex_unlock (&connection->lock);
  shutdown (connection->fd, SHUT_RDWR);
  g_hash_table_remove (self->connections, GINT_TO_POINTER (connection->fd));
  self->handler->closed (&connection->path, self->user_data);
  salon_ice_tcp_connection_unref (connection);
}

static guint
get_max_connections (void)
{
  return MIN (SALON_LIMIT_ICE_TCP_CONNECTIONS, salon_descriptors_get_limit () / SALON_LIMIT_ICE_TCP_DESCRIPTORS_PART);
}

static gboolean
may_take (SalonIceTcp *self, const SalonIceTcpConnection *newcomer)
{
  guint network = salon_ice_address_hash_network (&newcomer->path.remote);
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->connections);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SalonIceTcpConnection *connection = value;

      n += !g_atomic_int_get (&connection->is_confirmed)
           && salon_ice_address_hash_network (&connection->path.remote) == network;
    }
  return g_hash_table_size (self->connections) < get_max_connections () && n < SALON_LIMIT_ICE_TCP_STRANGERS;
}

static void
watch_listeners (SalonIceTcp *self, gboolean is_listening)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->listen_fds); i++)
    {
      struct epoll_event event = { .events = EPOLLIN, .data.fd = self->listen_fds[i] };

      if (self->listen_fds[i] >= 0)
        epoll_ctl (self->epoll_fd, is_listening ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, self->listen_fds[i], &event);
    }
  self->is_deaf = !is_listening;
}

static void
accept_one (SalonIceTcp *self, int listen_fd)
{
  int fd = accept4 (listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  SalonIceTcpConnection *connection;

  if (fd < 0)
    {
      /* It stays readable, and would keep this thread busy. */
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        watch_listeners (self, FALSE);
      return;
    }
  connection = connection_new (fd, self->epoll_fd);
  if (connection == NULL)
    return;
  if (!may_take (self, connection))
    {
      salon_ice_tcp_connection_unref (connection);
      return;
    }
  g_hash_table_insert (self->connections, GINT_TO_POINTER (fd), connection);
  /* Its end would never be read. */
  if (!watch (connection, EPOLL_CTL_ADD, EPOLLIN))
    drop_connection (self, connection);
}

static void
handle (SalonIceTcp *self, const struct epoll_event *event)
{
  SalonIceTcpConnection *connection;

  if (event->data.fd == self->listen_fds[0] || event->data.fd == self->listen_fds[1])
    {
      accept_one (self, event->data.fd);
      return;
    }
  connection = g_hash_table_lookup (self->connections, GINT_TO_POINTER (event->data.fd));
  if (connection == NULL)
    return;
  if ((event->events & EPOLLOUT) != 0)
    flush (connection);
  if ((event->events & ~(guint32)EPOLLOUT) != 0 && !read_some (self, connection))
    drop_connection (self, connection);
}

static void
tick (SalonIceTcp *self)
{
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->connections);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SalonIceTcpConnection *connection = value;

      /* The end of it is read like any other. */
      if (!g_atomic_int_get (&connection->is_confirmed) && now > connection->deadline_us)
        salon_ice_tcp_connection_shut (connection);
    }
  if (self->is_deaf)
    watch_listeners (self, TRUE);
}

static void
drop_all (SalonIceTcp *self)
{
  g_autoptr (GList) connections = g_hash_table_get_values (self->connections);

  for (GList *link = connections; link != NULL; link = link->next)
    drop_connection (self, link->data);
}

static gpointer
run (gpointer user_data)
{
  SalonIceTcp *self = user_data;
  gint64 next_tick_us = 0;

  for (;;)
    {
      struct epoll_event events[MAX_EVENTS];
      int n = epoll_wait (self->epoll_fd, events, MAX_EVENTS, TICK_MS);

      for (int i = 0; i < n; i++)
        {
          if (events[i].data.fd == self->stop_fd)
            {
              drop_all (self);
              return NULL;
            }
          handle (self, &events[i]);
        }
      if (g_get_monotonic_time () >= next_tick_us)
        {
          tick (self);
          next_tick_us = g_get_monotonic_time () + TICK_MS * 1000;
        }
    }
}

/* -- opening -- */

/* Returns: the descriptor; -1 with errno. */
static int
open_listener (int family, guint port)
{
  int fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  SalonIceAddress any;
  int yes = 1, saved_errno;

  if (fd < 0)
    return -1;
  salon_ice_address_any (&any, family, port);
  if (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0
      && (family == AF_INET || setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0)
      && bind (fd, &any.any, salon_ice_address_length (&any)) == 0 && listen (fd, LISTEN_BACKLOG) == 0)
    return fd;
  saved_errno = errno;
  close (fd);
  errno = saved_errno;
  return -1;
}

static gboolean
open_listeners (SalonIceTcp *self, guint port, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      SalonIceAddress bound;
      socklen_t length = sizeof bound;

      self->listen_fds[i] = open_listener (families[i], self->port != 0 ? self->port : port);
      if (self->listen_fds[i] >= 0 && getsockname (self->listen_fds[i], &bound.any, &length) == 0)
        self->port = salon_ice_address_get_port (&bound);
      else if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)
        {
          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "TCP port %u: %s", port, g_strerror (errno));
          return FALSE;
        }
    }
  if (self->port != 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "TCP: there is neither IPv4 nor IPv6");
  return FALSE;
}

SalonIceTcp *
salon_ice_tcp_new (guint port, const SalonIceTcpHandler *handler, gpointer user_data, GError **error)
{
  SalonIceTcp *self = g_new0 (SalonIceTcp, 1);
  struct epoll_event stop = { .events = EPOLLIN };

  self->handler = handler;
  self->user_data = user_data;
  self->listen_fds[0] = self->listen_fds[1] = -1;
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->stop_fd = eventfd (0, EFD_CLOEXEC);
  self->connections = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)salon_ice_tcp_connection_unref);
  if (!open_listeners (self, port, error))
    {
      salon_ice_tcp_free (self);
      return NULL;
    }
  stop.data.fd = self->stop_fd;
  epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, self->stop_fd, &stop);
  watch_listeners (self, TRUE);
  self->thread = g_thread_new ("salon-ice-tcp", run, self);
  return self;
}

static void
close_if_open (int fd)
{
  if (fd >= 0)
    close (fd);
}

void
salon_ice_tcp_free (SalonIceTcp *self)
{
  if (self == NULL)
    return;
  if (self->thread != NULL)
    {
      eventfd_write (self->stop_fd, 1);
      g_thread_join (self->thread);
    }
  g_hash_table_unref (self->connections);
  close_if_open (self->listen_fds[0]);
  close_if_open (self->listen_fds[1]);
  close_if_open (self->epoll_fd);
  close_if_open (self->stop_fd);
  g_free (self);
}

guint
salon_ice_tcp_get_port (const SalonIceTcp *self)
{
  return self->port;
}

gboolean
salon_ice_tcp_has_family (const SalonIceTcp *self, int family)
{
  return self->listen_fds[family == AF_INET ? 0 : 1] >= 0;
}
