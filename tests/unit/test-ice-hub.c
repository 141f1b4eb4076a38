/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The media port, spoken to over real sockets by a client that is not webrtcbin. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <gst/gst.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ice-client.h"
#include "salon-ice-batch.h"
#include "salon-ice-hub.h"
#include "salon-ice-src.h"
#include "salon-ice-tcp.h"
#include "salon-ice-udp.h"

#define PASSWORD "0123456789012345678901"
#define REMOTE_PASSWORD "remote-6789012345678901"
#define WAIT_S 10

/* -- a system with small socket buffers -- */

static gboolean is_system_small;

/* What the hub sees in place of the C library's. */
int
getsockopt (int fd, int level, int name, void *value, socklen_t *length)
{
  int result = syscall (SYS_getsockopt, fd, level, name, value, length);

  if (is_system_small && result == 0 && level == SOL_SOCKET && name == SO_SNDBUF)
    *(int *)value = 425984;
  return result;
}

/* -- a listener that keeps what comes -- */

#define TYPE_SINK (test_sink_get_type ())
G_DECLARE_FINAL_TYPE (TestSink, test_sink, TEST, SINK, GObject)

struct _TestSink
{
  GObject parent_instance;
  GAsyncQueue *packets; /* (owned) (element-type GBytes) */
};

static void
test_sink_receive (SalonIceListener *listener, const guint8 *data, gsize size)
{
  g_async_queue_push (TEST_SINK (listener)->packets, g_bytes_new (data, size));
}

static void
test_sink_listen (SalonIceListenerInterface *interface)
{
  interface->receive = test_sink_receive;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (
    TestSink, test_sink, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (SALON_TYPE_ICE_LISTENER, test_sink_listen))

static void
test_sink_finalize (GObject *object)
{
  g_async_queue_unref (TEST_SINK (object)->packets);
  G_OBJECT_CLASS (test_sink_parent_class)->finalize (object);
}

static void
test_sink_class_init (TestSinkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_sink_finalize;
}

static void
test_sink_init (TestSink *self)
{
  self->packets = g_async_queue_new_full ((GDestroyNotify)g_bytes_unref);
}

static void
assert_arrives (TestSink *sink, const char *text)
{
  g_autoptr (GBytes) packet = g_async_queue_timeout_pop (sink->packets, WAIT_S * G_USEC_PER_SEC);

  g_assert_nonnull (packet);
  g_assert_cmpmem (g_bytes_get_data (packet, NULL), g_bytes_get_size (packet), text, strlen (text));
}

/* -- the hub and a peer of it -- */

typedef struct
{
  SalonIceHub *hub;
  SalonIcePeer *peer;
  TestSink *sink;
  GAsyncQueue *states; /* of SalonIceState + 1 */
} Fixture;

static void
on_state (SalonIceState state, gpointer user_data)
{
  g_async_queue_push (user_data, GUINT_TO_POINTER (state + 1));
}

static SalonIcePeer *
add_peer (Fixture *f, const char *ufrag)
{
  SalonIcePeer *peer = salon_ice_hub_add_peer (f->hub, on_state, f->states);

  salon_ice_hub_set_local (f->hub, peer, ufrag, PASSWORD);
  salon_ice_hub_set_remote (f->hub, peer, "theirs", REMOTE_PASSWORD);
  return peer;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const SalonIceHubOptions options = { .has_udp = TRUE, .has_tcp = TRUE, .n_threads = 2, .lost_ms = 3000 };
  g_autoptr (GError) error = NULL;

  f->states = g_async_queue_new ();
  f->hub = salon_ice_hub_new (&options, &error);
  g_assert_no_error (error);
  f->peer = add_peer (f, "ours");
  f->sink = g_object_new (TYPE_SINK, NULL);
  salon_ice_peer_set_listener (f->peer, G_OBJECT (f->sink));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  salon_ice_hub_remove_peer (f->hub, f->peer);
  salon_ice_peer_unref (f->peer);
  salon_ice_hub_close (f->hub);
  salon_ice_hub_unref (f->hub);
  g_assert_finalize_object (f->sink);
  g_async_queue_unref (f->states);
}

static void
assert_state (Fixture *f, SalonIceState state)
{
  guint told = GPOINTER_TO_UINT (g_async_queue_timeout_pop (f->states, WAIT_S * G_USEC_PER_SEC));

  g_assert_cmpuint (told, ==, state + 1);
}

/* -- a client's socket -- */

/* to: the address of this machine that it speaks to, and from which it must be answered. from: (nullable): its own. */
static int
open_client_from (Fixture *f, const char *to, const char *from, int type)
{
  struct timeval patience = { .tv_sec = WAIT_S };
  SalonIceAddress server, own;
  int fd;

  g_assert_true (salon_ice_address_parse (
      to, type == SOCK_STREAM ? salon_ice_hub_get_tcp_port (f->hub) : salon_ice_hub_get_udp_port (f->hub), &server));
  fd = socket (server.any.sa_family, type, 0);
  g_assert_cmpint (fd, >=, 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (from != NULL)
    {
      g_assert_true (salon_ice_address_parse (from, 0, &own));
      g_assert_cmpint (bind (fd, &own.any, salon_ice_address_length (&own)), ==, 0);
    }
  /* Connected: the kernel drops what comes from elsewhere. */
  g_assert_cmpint (connect (fd, &server.any, salon_ice_address_length (&server)), ==, 0);
  return fd;
}

static int
open_client (Fixture *f, const char *to, int type)
{
  return open_client_from (f, to, NULL, type);
}

static void
send_check (int fd, const IceClientCheck *check)
{
  guint8 data[ICE_CLIENT_BYTES];
  gsize size = ice_client_write_check (data, check);

  g_assert_cmpint (send (fd, data, size, 0), ==, size);
}

/* The next datagram that is no request of the server's. */
static gssize
receive (int fd, guint8 *data, gsize size)
{
  for (;;)
    {
      gssize n = recv (fd, data, size, 0);

      if (n < 2 || data[0] != 0 || data[1] != 1)
        return n;
    }
}

/* -1: none came. */
static int
receive_reply (int fd)
{
  guint8 data[2048];
  gssize n = receive (fd, data, sizeof data);

  return n < 0 ? -1 : ice_client_read_reply (data, n, PASSWORD, NULL);
}

static const IceClientCheck good = { .username = "ours:theirs", .password = PASSWORD, .use_candidate = TRUE };

static int
connect_client (Fixture *f, const char *to)
{
  int fd = open_client (f, to, SOCK_DGRAM);

  send_check (fd, &good);
  g_assert_cmpint (receive_reply (fd), ==, 0);
  assert_state (f, SALON_ICE_CONNECTED);
  return fd;
}

static void
assert_receives (int fd, const char *text)
{
  guint8 data[2048];
  gssize n = receive (fd, data, sizeof data);

  g_assert_cmpmem (data, MAX (n, 0), text, strlen (text));
}

/* What is certain to be answered marks the end of what is not. */
static void
assert_was_silent (int fd)
{
  send_check (fd, &good);
  g_assert_cmpint (receive_reply (fd), ==, 0);
}

static SalonIceHubStats
get_stats (Fixture *f)
{
  SalonIceHubStats stats;

  salon_ice_hub_get_stats (f->hub, &stats);
  return stats;
}

/* -- tests -- */

/* Long enough to be media, by its first byte. */
#define MEDIA "\x80 as RTP begins"
#define MORE_MEDIA "\x80 another packet"

static void
assert_both_ways (Fixture *f, int fd)
{
  g_assert_cmpint (send (fd, MEDIA, strlen (MEDIA), 0), ==, strlen (MEDIA));
  assert_arrives (f->sink, MEDIA);
  salon_ice_hub_send (f->hub, f->peer, MORE_MEDIA, strlen (MORE_MEDIA));
  assert_receives (fd, MORE_MEDIA);
}

static void
test_both_ways (Fixture *f, gconstpointer to)
{
  int fd;

  if (strchr (to, ':') != NULL && socket (AF_INET6, SOCK_DGRAM, 0) < 0)
    {
      g_test_skip ("no IPv6");
      return;
    }
  fd = connect_client (f, to);
  assert_both_ways (f, fd);
  close (fd);
}

static void
test_strangers (Fixture *f, gconstpointer data)
{
  static const IceClientCheck wrong[] = {
    { .username = "nobody:theirs", .password = PASSWORD },
    { .username = "ours:theirs", .password = "wrong-wrong-wrong-wrong" },
    { .username = "ours:theirs", .password = "" },
    { .username = "", .password = PASSWORD },
  };
  int fd = open_client (f, "127.0.0.1", SOCK_DGRAM);
  SalonIcePeerStats stats;

  g_assert_cmpint (send (fd, MEDIA, strlen (MEDIA), 0), >, 0);
  g_assert_cmpint (send (fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), >, 0);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    send_check (fd, &wrong[i]);
  salon_ice_hub_send (f->hub, f->peer, MORE_MEDIA, strlen (MORE_MEDIA));
  assert_was_silent (fd);
  salon_ice_peer_get_stats (f->peer, g_get_monotonic_time (), &stats);
  g_assert_cmpuint (stats.drops.without_path, ==, 1);
  g_assert_cmpuint (get_stats (f).unknown_media, ==, 1);
  g_assert_cmpuint (get_stats (f).junk, ==, 1);
  g_assert_cmpuint (get_stats (f).refused_checks, ==, G_N_ELEMENTS (wrong));
  close (fd);
}

/* Checks from unknown addresses with a right name cost an HMAC each, and not without bound. */
static void
test_limits (Fixture *f, gconstpointer data)
{
  IceClientCheck check = { .username = "ours:theirs", .password = "wrong-wrong-wrong-wrong" };
  int known = connect_client (f, "127.0.0.1");
  int fd = open_client (f, "127.0.0.1", SOCK_DGRAM);

  for (guint i = 0; i < 5000; i++)
    {
      send_check (fd, &check);
      /* Slowly enough for its socket. */
      if (i % 100 == 0)
        assert_both_ways (f, known);
    }
  assert_both_ways (f, known);
  g_assert_cmpuint (get_stats (f).limited_checks, >, 1000);
  /* Who is known is not its neighbours' victim. */
  send_check (known, &good);
  g_assert_cmpint (receive_reply (known), ==, 0);
  close (fd);
  close (known);
}

/* What is refused before it has cost anything is not charged to those who share its address, which it may have spoofed.
 */
static void
test_limits_cheap (Fixture *f, gconstpointer data)
{
  static const IceClientCheck check = { .username = "nobody:theirs", .password = PASSWORD };
  static const guint8 zeros[12], response[20] = { 1, 1, 0, 0 };
  int known = connect_client (f, "127.0.0.1");
  int fd = open_client (f, "127.0.0.1", SOCK_DGRAM);

  for (guint i = 0; i < 2000; i++)
    {
      send_check (fd, &check);
      g_assert_cmpint (send (fd, zeros, sizeof zeros, 0), ==, sizeof zeros);
      g_assert_cmpint (send (fd, response, sizeof response, 0), ==, sizeof response);
      g_assert_cmpint (send (known, response, sizeof response, 0), ==, sizeof response);
      if (i % 50 == 0)
        assert_both_ways (f, known);
    }
  assert_was_silent (fd);
  assert_was_silent (known);
  g_assert_cmpuint (get_stats (f).limited_checks, ==, 0);
  close (fd);
  close (known);
}

static gpointer
flood (gpointer user_data)
{
  gint *is_on = user_data;
  int fd = g_atomic_int_get (&is_on[1]);
  guint8 junk[1200] = { 0 };

  for (guint i = 0; g_atomic_int_get (&is_on[0]); i++)
    {
      /* Junk, STUN that is none, media of nobody. */
      junk[0] = (const guint8[]){ 70, 0, 0x80, 22 }[i % 4];
      if (send (fd, junk, sizeof junk, MSG_DONTWAIT) < 0)
        g_thread_yield ();
    }
  return NULL;
}

/* Packets that get lost on a full socket are what a flood costs: they must be few. */
static void
test_flood (Fixture *f, gconstpointer data)
{
  int fd = connect_client (f, "127.0.0.1");
  gint is_on[2] = { TRUE, open_client (f, "127.0.0.1", SOCK_DGRAM) };
  GThread *thread = g_thread_new ("flood", flood, is_on);
  gint64 end_us = g_get_monotonic_time () + WAIT_S * G_USEC_PER_SEC;
  guint n_sent = 0, n_arrived = 0;

  for (; n_sent < 500 || (get_stats (f).junk < 20000 && g_get_monotonic_time () < end_us); n_sent++)
    {
      g_autoptr (GBytes) packet = NULL;

      g_assert_cmpint (send (fd, MEDIA, strlen (MEDIA), 0), >, 0);
      packet = g_async_queue_timeout_pop (f->sink->packets, 100 * 1000);
      n_arrived += packet != NULL;
    }
  g_atomic_int_set (&is_on[0], FALSE);
  g_thread_join (thread);
  g_test_message ("%u of %u arrived, among %" G_GUINT64_FORMAT " of junk", n_arrived, n_sent,
      get_stats (f).junk + get_stats (f).unknown_media);
  g_assert_cmpuint (n_arrived, >=, n_sent / 10 * 9);
  g_assert_cmpuint (get_stats (f).junk, >=, 20000);
  close (is_on[1]);
  close (fd);
}

static void
test_states (Fixture *f, gconstpointer data)
{
  gint64 start_us = g_get_monotonic_time ();
  int fd = connect_client (f, "127.0.0.1");

  assert_state (f, SALON_ICE_DISCONNECTED);
  g_assert_cmpint (g_get_monotonic_time () - start_us, >=, 1 * G_USEC_PER_SEC);
  send_check (fd, &good);
  g_assert_cmpint (receive_reply (fd), ==, 0);
  assert_state (f, SALON_ICE_CONNECTED);
  start_us = g_get_monotonic_time ();
  assert_state (f, SALON_ICE_DISCONNECTED);
  assert_state (f, SALON_ICE_FAILED);
  g_assert_cmpint (g_get_monotonic_time () - start_us, >=, 3 * G_USEC_PER_SEC);
  /* Without consent, nothing more is sent. */
  salon_ice_hub_send (f->hub, f->peer, MEDIA, strlen (MEDIA));
  assert_was_silent (fd);
  close (fd);
}

static void
answer_requests_until (int fd, const char *text)
{
  for (;;)
    {
      guint8 data[2048], reply[ICE_CLIENT_BYTES];
      gssize n = recv (fd, data, sizeof data, 0);
      SalonIceAddress source;
      gsize size;

      g_assert_cmpint (n, >, 0);
      if ((gsize)n == strlen (text) && memcmp (data, text, n) == 0)
        return;
      g_assert_true (salon_ice_address_parse ("127.0.0.1", 1, &source));
      size = ice_client_answer (reply, data, n, REMOTE_PASSWORD, &source);
      if (size > 0)
        g_assert_cmpint (send (fd, reply, size, 0), ==, size);
    }
}

static SalonIcePath
get_path (int fd)
{
  SalonIcePath path = { 0 };
  socklen_t remote_length = sizeof path.remote, local_length = sizeof path.local;

  g_assert_cmpint (getsockname (fd, &path.remote.any, &remote_length), ==, 0);
  g_assert_cmpint (getpeername (fd, &path.local.any, &local_length), ==, 0);
  salon_ice_address_set_port (&path.local, 0);
  return path;
}

/* As it is when the table gave the path to another peer just after this one had taken a check on it. */
static void
test_table_decides (Fixture *f, gconstpointer data)
{
  int fd = open_client (f, "127.0.0.1", SOCK_DGRAM);
  SalonIcePath path = get_path (fd), evicted;
  SalonIceProbe probe;
  gboolean is_new;

  g_assert_false (salon_ice_peer_take_check (f->peer, &path, TRUE, g_get_monotonic_time (), &probe, &is_new, &evicted));
  g_assert_true (is_new);
  send_check (fd, &good);
  g_assert_cmpint (receive_reply (fd), ==, 0);
  assert_both_ways (f, fd);
  close (fd);
}

/* Whoever has credentials of their own could else write another's address into a check, and take the path over. */
static void
test_takeover (Fixture *f, gconstpointer data)
{
  SalonIcePeer *thief = add_peer (f, "thief");
  const IceClientCheck check = { .username = "thief:theirs", .password = PASSWORD, .use_candidate = TRUE };
  int fd = connect_client (f, "127.0.0.1");

  send_check (fd, &check);
  assert_both_ways (f, fd);
  g_assert_cmpuint (get_stats (f).refused_checks, ==, 1);
  /* Once the path is nobody's, it may be theirs. */
  salon_ice_hub_remove_peer (f->hub, f->peer);
  send_check (fd, &check);
  g_assert_cmpint (receive_reply (fd), ==, 0);
  salon_ice_hub_remove_peer (f->hub, thief);
  salon_ice_peer_unref (thief);
  close (fd);
}

static gpointer
send_often (gpointer user_data)
{
  Fixture *f = user_data;

  for (guint i = 0; i < 400 && g_async_queue_length (f->states) >= 0; i++)
    {
      salon_ice_hub_send (f->hub, f->peer, MORE_MEDIA, strlen (MORE_MEDIA));
      g_usleep (5000);
    }
  return NULL;
}

/* The client's address changes, and it says so by a nomination from the new one. */
static void
test_migration (Fixture *f, gconstpointer data)
{
  int old = connect_client (f, "127.0.0.1");
  int new = open_client (f, "127.0.0.2", SOCK_DGRAM);
  GThread *thread;

  send_check (new, &good);
  thread = g_thread_new ("send", send_often, f);
  answer_requests_until (new, MORE_MEDIA);
  g_thread_join (thread);
  close (old);
  close (new);
}

static void
test_batch (Fixture *f, gconstpointer data)
{
  static const gsize sizes[] = { 1000, 1000, 1000, 400, 1000, 20, 30, 30 };
  int fd = connect_client (f, "127.0.0.1");
  guint8 packet[1000];
  SalonIcePeerStats stats;

  salon_ice_batch_begin ();
  salon_ice_batch_begin ();
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      memset (packet, 0x80 + i, sizes[i]);
      salon_ice_hub_send (f->hub, f->peer, packet, sizes[i]);
    }
  salon_ice_batch_end ();
  g_assert_cmpint (
      recv (fd, packet, sizeof packet, MSG_DONTWAIT), <=, 140); /* none yet, or a request of the server's */
  salon_ice_batch_end ();
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_assert_cmpint (receive (fd, packet, sizeof packet), ==, sizes[i]);
      g_assert_cmpuint (packet[0], ==, 0x80 + i);
      g_assert_cmpuint (packet[sizes[i] - 1], ==, 0x80 + i);
    }
  salon_ice_peer_get_stats (f->peer, g_get_monotonic_time (), &stats);
  g_assert_cmpuint (stats.packets_sent, ==, G_N_ELEMENTS (sizes));
  g_assert_cmpuint (stats.bytes_sent, ==, 4480);
  g_assert_cmpuint (stats.drops.not_sent, ==, 0);
  close (fd);
}

/* More than a batch holds, to several. */
static void
test_large_batch (Fixture *f, gconstpointer data)
{
  int fd = connect_client (f, "127.0.0.1");
  guint8 packet[1200] = { 0x80 };

  salon_ice_batch_begin ();
  for (guint32 i = 0; i < 700; i++)
    {
      memcpy (packet + 4, &i, sizeof i);
      salon_ice_hub_send (f->hub, f->peer, packet, sizeof packet);
    }
  /* Its socket holds less than all of them: it must be read in between. */
  salon_ice_batch_end ();
  for (guint32 i = 0, last = 0; i < 100; i++)
    {
      guint32 number;

      g_assert_cmpint (receive (fd, packet, sizeof packet), ==, sizeof packet);
      memcpy (&number, packet + 4, sizeof number);
      g_assert_cmpuint (number, >=, last);
      last = number;
    }
  close (fd);
}

static void
test_port_taken (Fixture *f, gconstpointer data)
{
  const SalonIceHubOptions udp
      = { .has_udp = TRUE, .udp_port = salon_ice_hub_get_udp_port (f->hub), .n_threads = 2, .lost_ms = 1000 };
  const SalonIceHubOptions tcp = { .has_tcp = TRUE, .tcp_port = salon_ice_hub_get_tcp_port (f->hub), .lost_ms = 1000 };
  g_autoptr (GError) error = NULL;

  g_assert_null (salon_ice_hub_new (&udp, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_clear_error (&error);
  g_assert_null (salon_ice_hub_new (&tcp, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
}

/* Clients of either are told one number, and one goes into the firewall. */
static void
test_same_number (Fixture *f, gconstpointer data)
{
  g_assert_cmpuint (salon_ice_hub_get_udp_port (f->hub), ==, salon_ice_hub_get_tcp_port (f->hub));
}

static gsize
read_limit (const char *path)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return g_ascii_strtoull (text, NULL, 10);
}

static void
test_room (Fixture *f, gconstpointer data)
{
  if (MIN (read_limit ("/proc/sys/net/core/rmem_max"), read_limit ("/proc/sys/net/core/wmem_max"))
      >= SALON_ICE_UDP_BUFFER_BYTES)
    g_assert_true (salon_ice_hub_has_room (f->hub));
  is_system_small = TRUE;
  g_assert_false (salon_ice_hub_has_room (f->hub));
  is_system_small = FALSE;
}

static void
test_removed (Fixture *f, gconstpointer data)
{
  int fd = connect_client (f, "127.0.0.1");
  SalonIceHubStats stats;

  salon_ice_hub_remove_peer (f->hub, f->peer);
  stats = get_stats (f);
  g_assert_cmpuint (stats.n_peers, ==, 0);
  g_assert_cmpuint (stats.n_paths, ==, 0);
  send_check (fd, &good);
  g_assert_cmpint (send (fd, MEDIA, strlen (MEDIA), 0), >, 0);
  while (get_stats (f).unknown_media == 0)
    g_usleep (1000);
  g_assert_cmpint (g_async_queue_length (f->sink->packets), ==, 0);
  close (fd);
}

/* -- everything at once -- */

#define N_VISITORS 6
#define N_GUESTS 50

typedef struct
{
  Fixture *f;
  GThread *thread;
  int fd;
  gint is_on;
} Visitor;

static gpointer
visit (gpointer user_data)
{
  static const IceClientCheck check = { .username = "guest:theirs", .password = PASSWORD, .use_candidate = TRUE };
  Visitor *visitor = user_data;
  struct pollfd poll_fd = { visitor->fd, POLLIN };
  guint8 data[2048];

  while (g_atomic_int_get (&visitor->is_on))
    {
      send_check (visitor->fd, &check);
      g_assert_cmpint (send (visitor->fd, MEDIA, strlen (MEDIA), 0), >, 0);
      salon_ice_hub_send (visitor->f->hub, visitor->f->peer, MORE_MEDIA, strlen (MORE_MEDIA));
      /* An answer, if the guest is there. */
      if (poll (&poll_fd, 1, 2) > 0)
        g_assert_cmpint (recv (visitor->fd, data, sizeof data, 0), >, 0);
    }
  return NULL;
}

static void
receive_guest (Fixture *f, GAsyncQueue *arrivals)
{
  g_autoptr (SalonIcePeer) guest = salon_ice_hub_add_peer (f->hub, on_state, arrivals);
  SalonIcePeerStats stats;
  gpointer told;

  salon_ice_peer_set_listener (guest, G_OBJECT (f->sink));
  salon_ice_hub_set_local (f->hub, guest, "guest", PASSWORD);
  salon_ice_hub_set_remote (f->hub, guest, "theirs", REMOTE_PASSWORD);
  told = g_async_queue_timeout_pop (arrivals, WAIT_S * G_USEC_PER_SEC);
  g_assert_cmpuint (GPOINTER_TO_UINT (told), ==, SALON_ICE_CONNECTED + 1);
  salon_ice_peer_get_stats (guest, g_get_monotonic_time (), &stats);
  g_assert_cmpuint (stats.n_paths, >, 0);
  salon_ice_hub_remove_peer (f->hub, guest);
}

/* Guests come and go while clients on both receiver threads ask for them and send them media: what ThreadSanitizer
 * needs to see. */
static void
test_guests (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncQueue) arrivals = g_async_queue_new ();
  int fd = connect_client (f, "127.0.0.1");
  Visitor visitors[N_VISITORS];

  for (guint i = 0; i < N_VISITORS; i++)
    {
      visitors[i] = (Visitor){ .f = f, .fd = open_client (f, "127.0.0.1", SOCK_DGRAM), .is_on = TRUE };
      visitors[i].thread = g_thread_new ("visitor", visit, &visitors[i]);
    }
  for (guint i = 0; i < N_GUESTS; i++)
    receive_guest (f, arrivals);
  for (guint i = 0; i < N_VISITORS; i++)
    {
      g_atomic_int_set (&visitors[i].is_on, FALSE);
      g_thread_join (visitors[i].thread);
      close (visitors[i].fd);
    }
  g_assert_cmpuint (get_stats (f).n_peers, ==, 1);
  g_assert_cmpuint (get_stats (f).n_paths, ==, 1);
  close (fd);
}

/* -- TCP -- */

static void
send_framed (int fd, const void *data, gsize size)
{
  guint8 frame[2050] = { size >> 8, size & 0xff };

  memcpy (frame + 2, data, size);
  g_assert_cmpint (send (fd, frame, size + 2, MSG_NOSIGNAL), ==, size + 2);
}

static gsize
receive_framed (int fd, guint8 *data)
{
  guint8 header[2];

  do
    {
      g_assert_cmpint (recv (fd, header, 2, MSG_WAITALL), ==, 2);
      g_assert_cmpint (recv (fd, data, header[0] << 8 | header[1], MSG_WAITALL), ==, header[0] << 8 | header[1]);
    }
  while (data[0] == 0 && data[1] == 1);
  return header[0] << 8 | header[1];
}

static int
connect_tcp (Fixture *f)
{
  int fd = open_client (f, "127.0.0.1", SOCK_STREAM);
  guint8 data[2048];

  send_framed (fd, data, ice_client_write_check (data, &good));
  g_assert_cmpint (ice_client_read_reply (data, receive_framed (fd, data), PASSWORD, NULL), ==, 0);
  assert_state (f, SALON_ICE_CONNECTED);
  return fd;
}

static void
test_tcp (Fixture *f, gconstpointer unused)
{
  int fd = connect_tcp (f);
  guint8 data[2048];

  send_framed (fd, MEDIA, strlen (MEDIA));
  assert_arrives (f->sink, MEDIA);
  salon_ice_hub_send (f->hub, f->peer, MORE_MEDIA, strlen (MORE_MEDIA));
  g_assert_cmpmem (data, receive_framed (fd, data), MORE_MEDIA, strlen (MORE_MEDIA));
  close (fd);
  while (get_stats (f).n_paths > 0)
    g_usleep (1000);
}

/* A client that stays connected for ever must not keep its place when its stay is over. */
static void
test_tcp_removed (Fixture *f, gconstpointer unused)
{
  int fd = connect_tcp (f);
  guint8 byte;

  salon_ice_hub_remove_peer (f->hub, f->peer);
  while (recv (fd, &byte, 1, 0) > 0)
    ;
  g_assert_cmpint (recv (fd, &byte, 1, 0), ==, 0);
  close (fd);
}

/* Who does not read loses packets, whole ones, and holds nobody up. */
static void
test_tcp_slow (Fixture *f, gconstpointer unused)
{
  int fd = connect_tcp (f);
  guint8 packet[1200] = { 0x80 };
  SalonIcePeerStats stats;
  guint n = 0;

  do
    {
      memset (packet + 1, ++n & 0xff, sizeof packet - 1);
      salon_ice_hub_send (f->hub, f->peer, packet, sizeof packet);
      salon_ice_peer_get_stats (f->peer, g_get_monotonic_time (), &stats);
    }
  while (stats.drops.not_sent < 100 && n < 100000);
  g_assert_cmpuint (stats.drops.not_sent, ==, 100);
  for (guint64 i = 0; i < stats.packets_sent; i++)
    {
      g_assert_cmpuint (receive_framed (fd, packet), ==, sizeof packet);
      g_assert_cmpuint (packet[1], ==, packet[sizeof packet - 1]);
    }
  close (fd);
}

static void
test_tcp_garbage (Fixture *f, gconstpointer unused)
{
  static const char garbage[] = "\xff\xff this is no frame";
  int fd = open_client (f, "127.0.0.1", SOCK_STREAM);
  char byte;

  g_assert_cmpint (send (fd, garbage, sizeof garbage, 0), ==, sizeof garbage);
  g_assert_cmpint (recv (fd, &byte, 1, 0), <=, 0);
  close (fd);
}

/* How many of them the server hangs up on at once, not because they have shown nothing for too long; those that may
 * stay come first. */
static guint
count_closed (const int *fds, guint n_fds, guint n_staying)
{
  guint n_closed = 0;
  char byte;

  for (guint i = 0; i < n_fds; i++)
    {
      struct timeval patience = { .tv_sec = SALON_LIMIT_ICE_TCP_STRANGER_S / 2 };

      if (i < n_staying)
        patience = (struct timeval){ .tv_usec = 1000 };
      setsockopt (fds[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      n_closed += recv (fds[i], &byte, 1, 0) == 0;
    }
  return n_closed;
}

/* Of one host, and only of those that have not shown who they are. */
static void
test_tcp_many (Fixture *f, gconstpointer unused)
{
  int fds[100], known = connect_tcp (f);

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = open_client (f, "127.0.0.1", SOCK_STREAM);
  g_assert_cmpuint (count_closed (fds, G_N_ELEMENTS (fds), 32), ==, G_N_ELEMENTS (fds) - 32);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  send_framed (known, MEDIA, strlen (MEDIA));
  assert_arrives (f->sink, MEDIA);
  close (known);
}

/* Of all hosts together, no more than an eighth of the descriptors that there may be. */
static void
test_tcp_descriptors (Fixture *f, gconstpointer unused)
{
  struct rlimit before, small;
  int fds[48], known = connect_tcp (f);

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  small = (struct rlimit){ .rlim_cur = 256, .rlim_max = before.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &small), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = open_client_from (f, "127.0.0.1", i % 2 == 0 ? "127.0.0.2" : "127.0.0.3", SOCK_STREAM);
  g_assert_cmpuint (count_closed (fds, G_N_ELEMENTS (fds), 31), ==, G_N_ELEMENTS (fds) - 31);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  send_framed (known, MEDIA, strlen (MEDIA));
  assert_arrives (f->sink, MEDIA);
  close (known);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
}

/* -- stalls -- */

static GstPadProbeReturn
block (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  gint *stalled = user_data;

  g_atomic_int_set (stalled, TRUE);
  return GST_PAD_PROBE_OK;
}

/* webrtcbin's receive bin: its queue becomes one that blocks when it is connected. */
static GstElement *
make_stalled_bin (SalonIceHub *hub, SalonIcePeer *peer, GstElement **queue, gint *stalled)
{
  GstElement *bin = gst_pipeline_new (NULL);
  GstElement *src = salon_ice_src_new (hub, peer);
  GstElement *filter = gst_element_factory_make ("capsfilter", NULL);
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstPad) pad = NULL;

  *queue = gst_element_factory_make ("queue", NULL);
  g_object_set (
      *queue, "leaky", 2, "max-size-time", (guint64)0, "max-size-buffers", 0, "max-size-bytes", 5 * 1024 * 1024, NULL);
  g_object_set (sink, "async", FALSE, NULL);
  gst_bin_add_many (GST_BIN (bin), src, filter, *queue, sink, NULL);
  g_assert_true (gst_element_link_many (src, filter, *queue, sink, NULL));
  pad = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, block, stalled, NULL);
  gst_element_set_state (bin, GST_STATE_PLAYING);
  g_object_set (*queue, "leaky", 0, NULL);
  return bin;
}

static void
test_stall (Fixture *f, gconstpointer data)
{
  SalonIcePeer *stalled = add_peer (f, "stalled");
  const IceClientCheck check = { .username = "stalled:theirs", .password = PASSWORD, .use_candidate = TRUE };
  int fd = open_client (f, "127.0.0.1", SOCK_DGRAM), other = connect_client (f, "127.0.0.1");
  gint is_stalled = FALSE;
  GstElement *queue, *bin = make_stalled_bin (f->hub, stalled, &queue, &is_stalled);
  guint8 packet[1400] = { 0x80 };
  guint held;

  send_check (fd, &check);
  g_assert_cmpint (receive_reply (fd), ==, 0);
  /* Not before the queue's thread runs: a queue that overflows while its events pass mixes up their order. */
  g_assert_cmpint (send (fd, packet, sizeof packet, 0), >, 0);
  while (!g_atomic_int_get (&is_stalled))
    assert_both_ways (f, other);
  /* 14 MB. */
  for (guint i = 0; i < 10000; i++)
    {
      g_assert_cmpint (send (fd, packet, sizeof packet, 0), >, 0);
      if (i % 50 == 0)
        assert_both_ways (f, other);
    }
  assert_both_ways (f, other);
  g_object_get (queue, "current-level-bytes", &held, NULL);
  g_assert_cmpuint (held, >, 500 * 1000);
  g_assert_cmpuint (held, <, 1100 * 1000);
  gst_element_set_state (bin, GST_STATE_NULL);
  gst_object_unref (bin);
  salon_ice_peer_unref (stalled);
  close (fd);
  close (other);
}

#define ADD(name, func) g_test_add ("/ice/hub/" name, Fixture, "127.0.0.1", set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  ADD ("carries-packets-both-ways", test_both_ways);
  g_test_add (
      "/ice/hub/answers-from-the-address-that-was-asked", Fixture, "127.0.0.42", set_up, test_both_ways, tear_down);
  g_test_add ("/ice/hub/speaks-ipv6", Fixture, "::1", set_up, test_both_ways, tear_down);
  ADD ("strangers-get-no-answer", test_strangers);
  ADD ("limits-checks-of-strangers", test_limits);
  ADD ("limits-nobody-for-what-is-refused-unread", test_limits_cheap);
  ADD ("a-flood-does-not-stop-calls", test_flood);
  ADD ("a-stalled-peer-does-not-stall-another", test_stall);
  ADD ("tells-silence-in-time", test_states);
  ADD ("follows-a-client-that-moves", test_migration);
  ADD ("a-path-is-whose-check-came-last", test_table_decides);
  ADD ("a-live-path-is-not-taken-over", test_takeover);
  ADD ("a-batch-goes-out-at-its-end-in-order", test_batch);
  ADD ("a-batch-may-be-larger-than-its-room", test_large_batch);
  ADD ("a-taken-port-is-an-error", test_port_taken);
  ADD ("a-free-port-is-free-for-both", test_same_number);
  ADD ("knows-when-the-system-gives-too-little-room", test_room);
  ADD ("a-removed-peer-is-unknown", test_removed);
  ADD ("guests-come-and-go", test_guests);
  ADD ("tcp/carries-packets-both-ways", test_tcp);
  ADD ("tcp/ends-with-its-peer", test_tcp_removed);
  ADD ("tcp/a-slow-reader-loses-whole-packets", test_tcp_slow);
  ADD ("tcp/ends-what-is-no-frame", test_tcp_garbage);
  ADD ("tcp/strangers-are-few", test_tcp_many);
  ADD ("tcp/leaves-descriptors-to-others", test_tcp_descriptors);
  return g_test_run ();
}
