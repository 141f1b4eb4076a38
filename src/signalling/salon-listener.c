/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-listener.h"

#include <glib/gstdio.h>
#include <gst/gst.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "salon-handshakes.h"
#include "salon-log.h"
#include "salon-unix-socket.h"

GST_DEBUG_CATEGORY_STATIC (salon_listener_debug);
#define GST_CAT_DEFAULT salon_listener_debug

/* Browsers that open all their connections at once, a hundred of them in the same moment. */
#define BACKLOG 1024
/* The system's failing that, on any one wait: longer than the longest ping-timeout-s. */
#define STREAM_TIMEOUT_S 95
/* What the kernel keeps of what a client does not read (it doubles the number): else some megabytes, beyond all bounds
 * of ours. Enough for 1 MB/s over a fifth of a second. */
#define SEND_BUFFER_BYTES (128 * 1024)
/* For other parts of the server to give descriptors back. */
#define RETRY_ACCEPT_MS 500
/* With a port of our choice, another program may hold it on the next address. */
#define N_PORT_TRIES 16

struct _SalonListener
{
  GObject parent;

  GPtrArray *sockets; /* (element-type GSocket) (owned) */
  char *path;         /* (owned) (nullable): of the one in the file system */
  GPtrArray *sources; /* (element-type GSource) (owned): empty while accepting is paused */
  guint16 port;
  SalonHandshakes *handshakes; /* (owned) (nullable): without TLS */
  SalonListenerBounds bounds;
  guint n_connections;
  gboolean has_refused; /* since there was last a place: one warning is enough */
  guint retry_id;
};

G_DEFINE_FINAL_TYPE (SalonListener, salon_listener, G_TYPE_OBJECT)

enum
{
  SIGNAL_REFUSE,
  SIGNAL_CONNECTION,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* One stream, as long as its socket is there, wherever it goes. */
typedef struct
{
  SalonListener *listener; /* (owned) */
  GSocket *socket;         /* (borrowed): of the connection that is watched */
  GSocketAddress *remote;  /* (owned) (nullable): once it was handed over */
  guint deadline_id;
} Guest;

/* Data of a connection, and of its remote address while it lives. */
#define GUEST "salon-guest"

static void
on_connection_gone (gpointer user_data, GObject *where_it_was)
{
  Guest *guest = user_data;

  g_clear_handle_id (&guest->deadline_id, g_source_remove);
  guest->listener->n_connections--;
  guest->listener->has_refused = FALSE;
  if (guest->remote != NULL)
    g_object_set_data (G_OBJECT (guest->remote), GUEST, NULL);
  g_clear_object (&guest->remote);
  g_object_unref (guest->listener);
  g_free (guest);
}

/* Whoever reads or writes sees the end of it, and lets go. */
static gboolean
on_deadline (gpointer user_data)
{
  Guest *guest = user_data;

  guest->deadline_id = 0;
  GST_DEBUG_OBJECT (guest->listener, "not done within %u s; hanging up", guest->listener->bounds.deadline_s);
  g_socket_shutdown (guest->socket, TRUE, TRUE, NULL);
  return G_SOURCE_REMOVE;
}

static void
welcome (SalonListener *self, GSocketConnection *connection)
{
  Guest *guest = g_new0 (Guest, 1);

  guest->listener = g_object_ref (self);
  guest->socket = g_socket_connection_get_socket (connection);
  guest->deadline_id = g_timeout_add_seconds (self->bounds.deadline_s, on_deadline, guest);
  self->n_connections++;
  g_object_set_data (G_OBJECT (connection), GUEST, guest);
  g_object_weak_ref (G_OBJECT (connection), on_connection_gone, guest);
}

/* Returns: (transfer none): the socket's connection under what TLS and libsoup wrapped around it, each of which holds
 * what it wraps. */
static GIOStream *
get_connection (GIOStream *stream)
{
  while (!G_IS_SOCKET_CONNECTION (stream))
    {
      g_autoptr (GIOStream) base = NULL;

      g_object_get (stream, G_IS_TLS_CONNECTION (stream) ? "base-io-stream" : "base-iostream", &base, NULL);
      g_assert (base != NULL);
      stream = base;
    }
  return stream;
}

void
salon_listener_keep (GIOStream *stream)
{
  Guest *guest = g_object_get_data (G_OBJECT (get_connection (stream)), GUEST);

  g_clear_handle_id (&guest->deadline_id, g_source_remove);
}

void
salon_listener_renew (GSocketAddress *remote)
{
  Guest *guest = g_object_get_data (G_OBJECT (remote), GUEST);

  if (guest == NULL || guest->deadline_id == 0)
    return;
  g_source_remove (guest->deadline_id);
  guest->deadline_id = g_timeout_add_seconds (guest->listener->bounds.deadline_s, on_deadline, guest);
}

GSocket *
salon_listener_get_socket (GSocketAddress *remote)
{
  return ((Guest *)g_object_get_data (G_OBJECT (remote), GUEST))->socket;
}

static gboolean
is_local (GSocketConnection *connection)
{
  return g_socket_get_family (g_socket_connection_get_socket (connection)) == G_SOCKET_FAMILY_UNIX;
}

gboolean
salon_listener_is_local (GIOStream *stream)
{
  return is_local (G_SOCKET_CONNECTION (get_connection (stream)));
}

gint
salon_listener_get_process (GIOStream *stream)
{
  GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (get_connection (stream)));
  g_autoptr (GCredentials) credentials = g_socket_get_credentials (socket, NULL);

  return credentials != NULL ? (gint)g_credentials_get_unix_pid (credentials, NULL) : 0;
}

/* Returns: (transfer full) (nullable): NULL when the client has gone. */
static GSocketAddress *
get_address (GSocketConnection *connection, gboolean is_remote)
{
  g_autoptr (GInetAddress) loopback = NULL;

  if (is_local (connection))
    {
      loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
      return g_inet_socket_address_new (loopback, 0);
    }
  return is_remote ? g_socket_connection_get_remote_address (connection, NULL)
                   : g_socket_connection_get_local_address (connection, NULL);
}

static void
hand_over (SalonListener *self, GIOStream *stream, GSocketConnection *connection)
{
  g_autoptr (GSocketAddress) local = get_address (connection, FALSE);
  g_autoptr (GSocketAddress) remote = get_address (connection, TRUE);
  Guest *guest = g_object_get_data (G_OBJECT (connection), GUEST);

  /* The client may have gone already. */
  if (local == NULL || remote == NULL)
    return;
  guest->remote = g_object_ref (remote);
  g_object_set_data (G_OBJECT (remote), GUEST, guest);
  g_signal_emit (self, signals[SIGNAL_CONNECTION], 0, stream, local, remote);
}

static void
on_handshake_done (GSocketConnection *connection, GIOStream *stream, gpointer user_data)
{
  hand_over (user_data, stream, connection);
}

static gboolean
is_refused (SalonListener *self, GSocketConnection *connection)
{
  g_autoptr (GSocketAddress) remote = get_address (connection, TRUE);
  gboolean result = FALSE;

  if (remote != NULL)
    g_signal_emit (self, signals[SIGNAL_REFUSE], 0, connection, remote, &result);
  return result;
}

static void
take (SalonListener *self, GSocket *socket)
{
  g_autoptr (GSocketConnection) connection = NULL;

  if (self->n_connections >= self->bounds.max_connections)
    {
      if (!self->has_refused)
        salon_log_event (SALON_LOG_WARNING, "connections_refused", (SalonLogFields){ .reason = "max_connections" },
            "Refusing connections: there are %u already", self->n_connections);
      self->has_refused = TRUE;
      g_socket_close (socket, NULL);
      return;
    }
  g_socket_set_timeout (socket, STREAM_TIMEOUT_S);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES, NULL);
  connection = g_socket_connection_factory_create_connection (socket);
  welcome (self, connection);
  if (is_refused (self, connection))
    return;
  if (self->handshakes != NULL && !is_local (connection))
    salon_handshakes_start (self->handshakes, connection,
        g_object_get_data (G_OBJECT (connection), SALON_LISTENER_LANE), on_handshake_done, g_object_ref (self),
        g_object_unref);
  else
    hand_over (self, G_IO_STREAM (connection), connection);
}

static void start_accepting (SalonListener *self);

static void
stop_accepting (SalonListener *self)
{
  for (guint i = 0; i < self->sources->len; i++)
    g_source_destroy (g_ptr_array_index (self->sources, i));
  g_ptr_array_set_size (self->sources, 0);
}

static gboolean
on_retry (gpointer user_data)
{
  SalonListener *self = user_data;

  self->retry_id = 0;
  start_accepting (self);
  return G_SOURCE_REMOVE;
}

static GSocket *
accept_socket (GSocket *listening, GError **error)
{
  if (g_socket_get_family (listening) == G_SOCKET_FAMILY_UNIX)
    return salon_unix_socket_accept (listening, error);
  return g_socket_accept (listening, NULL, error);
}

static gboolean
on_incoming (GSocket *listening, GIOCondition condition, gpointer user_data)
{
  SalonListener *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = accept_socket (listening, &error);

  if (socket != NULL)
    {
      take (self, socket);
      return G_SOURCE_CONTINUE;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    return G_SOURCE_CONTINUE;
  /* Most likely out of descriptors; the connection still waits in the kernel, so going on now would spin. */
  salon_log_event (SALON_LOG_WARNING, "connections_refused", (SalonLogFields){ .reason = "accept_failed" },
      "Cannot accept a connection, trying again in %d ms: %s", RETRY_ACCEPT_MS, error->message);
  stop_accepting (self);
  self->retry_id = g_timeout_add (RETRY_ACCEPT_MS, on_retry, self);
  return G_SOURCE_REMOVE;
}

static void
start_accepting_on (SalonListener *self, GSocket *socket)
{
  GSource *source = g_socket_create_source (socket, G_IO_IN, NULL);

  g_source_set_callback (source, G_SOURCE_FUNC (on_incoming), self, NULL);
  g_source_attach (source, NULL);
  g_ptr_array_add (self->sources, source);
}

static void
start_accepting (SalonListener *self)
{
  for (guint i = 0; i < self->sockets->len; i++)
    start_accepting_on (self, g_ptr_array_index (self->sockets, i));
}

/* Returns: (transfer full) (nullable): a socket that listens on the address. */
static GSocket *
listen_on (GInetAddress *address, guint16 port, GError **error)
{
  g_autoptr (GSocketAddress) socket_address = g_inet_socket_address_new (address, port);
  g_autoptr (GSocket) socket
      = g_socket_new (g_inet_address_get_family (address), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);

  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (!g_socket_bind (socket, socket_address, TRUE, error) || !g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

static gboolean
add_address (SalonListener *self, GInetAddress *address, GError **error)
{
  g_autoptr (GSocket) socket = listen_on (address, self->port, error);
  g_autoptr (GSocketAddress) bound = NULL;

  if (socket == NULL)
    {
      g_autofree char *text = g_inet_address_to_string (address);
      g_prefix_error (error, "%s, port %u (--port takes another): ", text, self->port);
      return FALSE;
    }
  bound = g_socket_get_local_address (socket, error);
  if (bound == NULL)
    return FALSE;
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  g_ptr_array_add (self->sockets, g_steal_pointer (&socket));
  return TRUE;
}

/* A machine without IPv6 has no such family, or no such address. */
static gboolean
is_absence_of_ipv6 (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_FAILED)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* "localhost" wants IPv4 and, if there is any, IPv6; "*" wants the IPv6 socket, which takes IPv4 too, or else IPv4. */
static gboolean
add_name (SalonListener *self, const char *name, GError **error)
{
  gboolean is_localhost = g_str_equal (name, "localhost");
  g_autoptr (GInetAddress) ipv4 = NULL;
  g_autoptr (GInetAddress) ipv6 = NULL;
  g_autoptr (GError) ipv6_error = NULL;

  if (!is_localhost && !g_str_equal (name, "*"))
    {
      ipv4 = g_inet_address_new_from_string (name); /* of either family */
      return add_address (self, ipv4, error);
    }
  ipv4 = is_localhost ? g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4)
                      : g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
  ipv6 = is_localhost ? g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV6)
                      : g_inet_address_new_any (G_SOCKET_FAMILY_IPV6);
  if (is_localhost && !add_address (self, ipv4, error))
    return FALSE;
  if (add_address (self, ipv6, &ipv6_error))
    return TRUE;
  if (!is_absence_of_ipv6 (ipv6_error))
    {
      g_propagate_error (error, g_steal_pointer (&ipv6_error));
      return FALSE;
    }
  return is_localhost || add_address (self, ipv4, error);
}

static gboolean
add_names (SalonListener *self, const char *const *names, guint16 port, GError **error)
{
  self->port = port;
  g_ptr_array_set_size (self->sockets, 0);
  for (guint i = 0; names[i] != NULL; i++)
    {
      if (!add_name (self, names[i], error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
listen_on_all (SalonListener *self, const char *const *names, guint16 port, GError **error)
{
  for (guint i = 1; i < N_PORT_TRIES && port == 0; i++)
    {
      g_autoptr (GError) local_error = NULL;

      if (add_names (self, names, port, &local_error))
        return TRUE;
      if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }
  return add_names (self, names, port, error);
}

SalonListener *
salon_listener_new (const char *const *addresses, guint16 port, GTlsCertificate *certificate,
    const SalonListenerBounds *bounds, GError **error)
{
  g_autoptr (SalonListener) self = g_object_new (SALON_TYPE_LISTENER, NULL);

  if (certificate != NULL)
    self->handshakes = salon_handshakes_new (certificate);
  self->bounds = *bounds;
  if (!listen_on_all (self, addresses, port, error))
    return NULL;
  start_accepting (self);
  return g_steal_pointer (&self);
}

gboolean
salon_listener_add_path (SalonListener *self, const char *path, GError **error)
{
  GSocket *socket = salon_unix_socket_listen (path, G_SOCKET_TYPE_STREAM, error);

  if (socket == NULL)
    return FALSE;
  self->path = g_strdup (path);
  g_ptr_array_add (self->sockets, socket);
  start_accepting_on (self, socket);
  return TRUE;
}

guint16
salon_listener_get_port (SalonListener *self)
{
  return self->port;
}

void
salon_listener_close (SalonListener *self)
{
  if (self->handshakes != NULL)
    salon_handshakes_close (self->handshakes);
  stop_accepting (self);
  g_clear_handle_id (&self->retry_id, g_source_remove);
  g_ptr_array_set_size (self->sockets, 0);
  if (self->path != NULL)
    g_unlink (self->path);
  g_clear_pointer (&self->path, g_free);
}

static void
salon_listener_dispose (GObject *object)
{
  salon_listener_close (SALON_LISTENER (object));
  G_OBJECT_CLASS (salon_listener_parent_class)->dispose (object);
}

static void
salon_listener_finalize (GObject *object)
{
  SalonListener *self = SALON_LISTENER (object);

  g_ptr_array_unref (self->sources);
  g_ptr_array_unref (self->sockets);
  g_clear_object (&self->handshakes);
  G_OBJECT_CLASS (salon_listener_parent_class)->finalize (object);
}

static void
salon_listener_class_init (SalonListenerClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_listener_debug, "salon-listener", 0, "Salon: TCP listener");
  G_OBJECT_CLASS (klass)->dispose = salon_listener_dispose;
  G_OBJECT_CLASS (klass)->finalize = salon_listener_finalize;
  signals[SIGNAL_REFUSE]
      = g_signal_new ("refuse", SALON_TYPE_LISTENER, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled, NULL,
          NULL, G_TYPE_BOOLEAN, 2, G_TYPE_SOCKET_CONNECTION, G_TYPE_SOCKET_ADDRESS);
  signals[SIGNAL_CONNECTION] = g_signal_new ("connection", SALON_TYPE_LISTENER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
      G_TYPE_NONE, 3, G_TYPE_IO_STREAM, G_TYPE_SOCKET_ADDRESS, G_TYPE_SOCKET_ADDRESS);
}

static void
salon_listener_init (SalonListener *self)
{
  self->sockets = g_ptr_array_new_with_free_func (g_object_unref);
  self->sources = g_ptr_array_new_with_free_func ((GDestroyNotify)g_source_unref);
}
