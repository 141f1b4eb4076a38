/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-handshakes.h"

#include <gst/gst.h>
#include <sys/socket.h>

GST_DEBUG_CATEGORY_STATIC (salon_handshakes_debug);
#define GST_CAT_DEFAULT salon_handshakes_debug

/* Of GLib's ten threads; and of these one lane's at most. */
#define MAX_AT_ONCE 8
#define MAX_OF_LANE 5
/* From the client's hello on: a round trip over the worst of networks, with a packet lost. */
#define TIMEOUT_S 4
/* RFC 8446 section 5.1: type, version, length. */
#define RECORD_HEADER_BYTES 5
#define RECORD_MAX_BYTES (16 * 1024)
#define RECORD_IS_HANDSHAKE 22

/* We ask no client for a certificate, and so trust nobody. Without that being said, each connection reads the system's
 * hundred authorities anew, for 40 ms. */
G_DECLARE_FINAL_TYPE (SalonTrustNobody, salon_trust_nobody, SALON, TRUST_NOBODY, GTlsDatabase)

struct _SalonTrustNobody
{
  GTlsDatabase parent;
};

G_DEFINE_FINAL_TYPE (SalonTrustNobody, salon_trust_nobody, G_TYPE_TLS_DATABASE)

static void
salon_trust_nobody_class_init (SalonTrustNobodyClass *klass)
{
}

static void
salon_trust_nobody_init (SalonTrustNobody *self)
{
}

struct _SalonHandshakes
{
  GObject parent;

  GTlsCertificate *certificate; /* (owned) */
  GTlsDatabase *trust;          /* (owned) */
  GCancellable *cancellable;    /* (owned) */
  GQueue waiting;               /* (element-type Handshake) (owned): for a thread */
  GHashTable *n_of_lane;        /* lane (borrowed) -> how many are under way, in the pointer itself */
  guint n_under_way;
};

G_DEFINE_FINAL_TYPE (SalonHandshakes, salon_handshakes, G_TYPE_OBJECT)

/* Who waits for the hello owns itself, then it is the queue's, then the handshake's callback's. */
typedef struct
{
  SalonHandshakes *owner;        /* (owned) */
  GSocketConnection *connection; /* (owned) */
  gpointer lane;                 /* (borrowed) (nullable) */
  SalonHandshakeFunc func;
  gpointer user_data; /* (owned) */
  GDestroyNotify destroy;
  gboolean has_header; /* the record's, of the client's hello */
  guint deadline_id;   /* once it is under way */
} Handshake;

static void
handshake_free (Handshake *handshake)
{
  g_clear_handle_id (&handshake->deadline_id, g_source_remove);
  g_object_unref (handshake->connection);
  handshake->destroy (handshake->user_data);
  g_object_unref (handshake->owner);
  g_free (handshake);
}

static GSocket *
get_socket (const Handshake *handshake)
{
  return g_socket_connection_get_socket (handshake->connection);
}

/* -- taking turns -- */

static guint
count_lane (SalonHandshakes *self, gpointer lane)
{
  return lane != NULL ? GPOINTER_TO_UINT (g_hash_table_lookup (self->n_of_lane, lane)) : 0;
}

static void
change_lane (SalonHandshakes *self, gpointer lane, int change)
{
  guint n = count_lane (self, lane) + change;

  if (lane != NULL && n > 0)
    g_hash_table_insert (self->n_of_lane, lane, GUINT_TO_POINTER (n));
  else if (lane != NULL)
    g_hash_table_remove (self->n_of_lane, lane);
}

static gboolean
may_begin (SalonHandshakes *self, const Handshake *handshake)
{
  return self->n_under_way < MAX_AT_ONCE && count_lane (self, handshake->lane) < MAX_OF_LANE;
}

static void begin (SalonHandshakes *self, Handshake *handshake);

/* The one that has waited longest and may. */
static void
begin_next (SalonHandshakes *self)
{
  for (GList *link = self->waiting.head; link != NULL; link = link->next)
    {
      Handshake *handshake = link->data;

      if (!may_begin (self, handshake))
        continue;
      g_queue_delete_link (&self->waiting, link);
      begin (self, handshake);
      return;
    }
}

/* -- the handshake -- */

static gboolean
on_deadline (gpointer user_data)
{
  Handshake *handshake = user_data;

  handshake->deadline_id = 0;
  g_socket_shutdown (get_socket (handshake), TRUE, TRUE, NULL);
  return G_SOURCE_REMOVE;
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Handshake *handshake = user_data;
  SalonHandshakes *self = handshake->owner;
  g_autoptr (GError) error = NULL;
  gboolean is_done = g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error);

  self->n_under_way--;
  change_lane (self, handshake->lane, -1);
  if (!is_done)
    GST_DEBUG_OBJECT (self, "no TLS handshake: %s", error->message);
  if (!g_cancellable_is_cancelled (self->cancellable))
    {
      if (is_done)
        handshake->func (handshake->connection, G_IO_STREAM (source), handshake->user_data);
      begin_next (self);
    }
  handshake_free (handshake);
}

/* Returns: (transfer full) (nullable) */
static GIOStream *
make_stream (SalonHandshakes *self, GSocketConnection *connection)
{
  static const char *const protocols[] = { "http/1.1", NULL };
  g_autoptr (GError) error = NULL;
  GObject *stream = g_initable_new (g_tls_backend_get_server_connection_type (g_tls_backend_get_default ()), NULL,
      &error, "base-io-stream", connection, "certificate", self->certificate, "database", self->trust,
      "require-close-notify", FALSE, "advertised-protocols", protocols, NULL);

  if (stream == NULL)
    GST_WARNING_OBJECT (self, "TLS cannot start: %s", error->message);
  return G_IO_STREAM (stream);
}

static void
begin (SalonHandshakes *self, Handshake *handshake)
{
  g_autoptr (GIOStream) stream = make_stream (self, handshake->connection);

  if (stream == NULL)
    {
      handshake_free (handshake);
      return;
    }
  self->n_under_way++;
  change_lane (self, handshake->lane, 1);
  handshake->deadline_id = g_timeout_add_seconds (TIMEOUT_S, on_deadline, handshake);
  g_tls_connection_handshake_async (
      G_TLS_CONNECTION (stream), G_PRIORITY_DEFAULT, self->cancellable, on_done, handshake);
}

/* -- the client's hello -- */

static void
wait_for_bytes (Handshake *handshake, int n_bytes)
{
  g_socket_set_option (get_socket (handshake), SOL_SOCKET, SO_RCVLOWAT, n_bytes, NULL);
}

/* How long the first record is that has come or is to come; 0 when it is none of a handshake, or the client has gone.
 */
static gsize
peek_record (Handshake *handshake)
{
  guint8 bytes[RECORD_HEADER_BYTES];
  gsize length;

  if (recv (g_socket_get_fd (get_socket (handshake)), bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT) < (int)sizeof bytes
      || bytes[0] != RECORD_IS_HANDSHAKE)
    return 0;
  length = bytes[3] << 8 | bytes[4];
  return length <= RECORD_MAX_BYTES ? RECORD_HEADER_BYTES + length : 0;
}

/* Each wake-up brings all that was waited for, first the record's header and then the record, or it is the end. */
static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Handshake *handshake = user_data;
  SalonHandshakes *self = handshake->owner;
  gsize length = peek_record (handshake);
  gboolean is_complete = length > 0 && g_socket_get_available_bytes (socket) >= (gssize)length;
  gboolean is_over = g_cancellable_is_cancelled (self->cancellable) || length == 0;

  if (!is_over && !is_complete && !handshake->has_header)
    {
      handshake->has_header = TRUE;
      wait_for_bytes (handshake, (int)length);
      return G_SOURCE_CONTINUE;
    }
  wait_for_bytes (handshake, 1);
  if (is_over || !is_complete)
    handshake_free (handshake);
  else if (may_begin (self, handshake))
    begin (self, handshake);
  else
    g_queue_push_tail (&self->waiting, handshake);
  return G_SOURCE_REMOVE;
}

void
salon_handshakes_start (SalonHandshakes *self, GSocketConnection *connection, gpointer lane, SalonHandshakeFunc func,
    gpointer user_data, GDestroyNotify destroy)
{
  Handshake *handshake = g_new0 (Handshake, 1);
  g_autoptr (GSource) source = NULL;

  handshake->owner = g_object_ref (self);
  handshake->connection = g_object_ref (connection);
  handshake->lane = lane;
  handshake->func = func;
  handshake->user_data = user_data;
  handshake->destroy = destroy;
  wait_for_bytes (handshake, RECORD_HEADER_BYTES);
  source = g_socket_create_source (get_socket (handshake), G_IO_IN, self->cancellable);
  g_source_set_callback (source, G_SOURCE_FUNC (on_readable), handshake, NULL);
  g_source_attach (source, NULL);
}

/* -- life -- */

SalonHandshakes *
salon_handshakes_new (GTlsCertificate *certificate)
{
  SalonHandshakes *self = g_object_new (SALON_TYPE_HANDSHAKES, NULL);

  self->certificate = g_object_ref (certificate);
  return self;
}

void
salon_handshakes_close (SalonHandshakes *self)
{
  g_cancellable_cancel (self->cancellable);
  while (!g_queue_is_empty (&self->waiting))
    handshake_free (g_queue_pop_head (&self->waiting));
}

static void
salon_handshakes_finalize (GObject *object)
{
  SalonHandshakes *self = SALON_HANDSHAKES (object);

  g_assert (g_queue_is_empty (&self->waiting)); /* each keeps us */
  g_hash_table_unref (self->n_of_lane);
  g_object_unref (self->certificate);
  g_object_unref (self->trust);
  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (salon_handshakes_parent_class)->finalize (object);
}

static void
salon_handshakes_class_init (SalonHandshakesClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_handshakes_debug, "salon-handshakes", 0, "Salon: TLS handshakes");
  G_OBJECT_CLASS (klass)->finalize = salon_handshakes_finalize;
}

static void
salon_handshakes_init (SalonHandshakes *self)
{
  self->trust = g_object_new (salon_trust_nobody_get_type (), NULL);
  self->cancellable = g_cancellable_new ();
  self->n_of_lane = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->waiting);
}
