/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-socket.h"

#include <gst/gst.h>
#include <string.h>

#include "salon-json.h"
#include "salon-limits.h"
#include "salon-log.h"
#include "salon-rate-limit.h"

GST_DEBUG_CATEGORY_STATIC (salon_socket_debug);
#define GST_CAT_DEFAULT salon_socket_debug

/* Silence is counted in quarters of the timeout, and not by the clock: a server that was stopped itself, or had no
 * processor, has counted one. */
#define QUARTERS_OF_SILENCE 4

/* libsoup bounds a frame but not the message its fragments add up to, and answers pings without bound. Extensions see
 * every frame before it is kept, so this is one: never negotiated, changes nothing, counts. */
#define SALON_TYPE_FRAME_GUARD (salon_frame_guard_get_type ())
G_DECLARE_FINAL_TYPE (SalonFrameGuard, salon_frame_guard, SALON, FRAME_GUARD, SoupWebsocketExtension)

struct _SalonFrameGuard
{
  SoupWebsocketExtension parent;
  gsize message_bytes;       /* of the message under way */
  gboolean is_in_the_middle; /* of a message: more fragments are to come */
  gboolean has_heard;        /* from the client, since it was last set to FALSE */
  SalonRateLimit ping_limit;
};

G_DEFINE_FINAL_TYPE (SalonFrameGuard, salon_frame_guard, SOUP_TYPE_WEBSOCKET_EXTENSION)

#define OPCODE_CONTINUATION 0x0
#define OPCODE_PING 0x9
#define IS_CONTROL 0x8 /* a bit of those opcodes */
#define IS_FINAL 0x80  /* of the fragments; a bit beside the opcode */

static gboolean
count_ping (SalonFrameGuard *self, GError **error)
{
  if (salon_rate_limit_take (
          &self->ping_limit, SALON_LIMIT_PINGS_BURST, SALON_LIMIT_PINGS_PER_S, g_get_monotonic_time ()))
    return TRUE;
  g_set_error (error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, "More than %d pings a second",
      SALON_LIMIT_PINGS_PER_S);
  return FALSE;
}

static gboolean
count_fragment (SalonFrameGuard *self, gboolean is_continuation, gboolean is_final, gsize size_bytes, GError **error)
{
  self->is_in_the_middle = !is_final;
  self->message_bytes = is_continuation ? self->message_bytes + size_bytes : size_bytes;
  if (self->message_bytes <= SALON_LIMIT_MESSAGE_BYTES)
    return TRUE;
  g_set_error (error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_CLOSE_TOO_BIG, "The message is longer than %d bytes",
      SALON_LIMIT_MESSAGE_BYTES);
  return FALSE;
}

/* header: RFC 6455 section 5.2. payload: (transfer full). While a message is under way, only its end is a sign of life:
 * else it could be kept unfinished for ever. */
static GBytes *
salon_frame_guard_process_incoming (SoupWebsocketExtension *extension, guint8 *header, GBytes *payload, GError **error)
{
  SalonFrameGuard *self = SALON_FRAME_GUARD (extension);
  guint opcode = header[0] & 0x0f;
  gboolean is_final = header[0] & IS_FINAL;
  gboolean is_good = TRUE;

  if (opcode == OPCODE_PING)
    is_good = count_ping (self, error);
  else if (!(opcode & IS_CONTROL))
    is_good = count_fragment (self, opcode == OPCODE_CONTINUATION, is_final, g_bytes_get_size (payload), error);
  self->has_heard = self->has_heard || !self->is_in_the_middle;
  if (is_good)
    return payload;
  g_bytes_unref (payload);
  return NULL;
}

static void
salon_frame_guard_class_init (SalonFrameGuardClass *klass)
{
  SOUP_WEBSOCKET_EXTENSION_CLASS (klass)->process_incoming_message = salon_frame_guard_process_incoming;
}

static void
salon_frame_guard_init (SalonFrameGuard *self)
{
}

typedef enum
{
  STATE_OPEN,
  STATE_CLOSING, /* closed by us; a reference to self is held */
  STATE_CLOSED,
} State;

struct _SalonSocket
{
  GObject parent;

  State state;
  gboolean is_local;
  char *job;                           /* (owned) (nullable): id */
  SoupWebsocketConnection *connection; /* (owned) (nullable): NULL once closed */
  SalonFrameGuard *guard;              /* (owned): of the connection */
  guint n_silent_quarters;
  guint silence_id; /* ticks each quarter; 0 once closed */
  GQueue outgoing;  /* (element-type utf8) (owned): what libsoup does not have yet */
  gsize outgoing_bytes;
  SalonBacklog *backlog;    /* (owned): shared with the other sockets */
  GSource *writable_source; /* (owned) (nullable): while something is outgoing */
  guint drop_id;            /* source of a drop that is due, or 0 */
  SalonSocketEnd end;
};

G_DEFINE_FINAL_TYPE (SalonSocket, salon_socket, G_TYPE_OBJECT)

enum
{
  SIGNAL_MESSAGE,
  SIGNAL_BAD_MESSAGE,
  SIGNAL_CLOSED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
clear_sources (SalonSocket *self)
{
  if (self->writable_source != NULL)
    g_source_destroy (self->writable_source);
  g_clear_pointer (&self->writable_source, g_source_unref);
  g_clear_handle_id (&self->drop_id, g_source_remove);
}

static void
forget_outgoing (SalonSocket *self)
{
  g_queue_clear_full (&self->outgoing, g_free);
  self->outgoing_bytes = 0;
  salon_backlog_forget (self->backlog, self);
}

/* Lets go of the connection; the stream closes with it, if it has not. */
static void
let_go (SalonSocket *self)
{
  clear_sources (self);
  g_clear_handle_id (&self->silence_id, g_source_remove);
  forget_outgoing (self);
  if (self->connection != NULL)
    g_signal_handlers_disconnect_by_data (self->connection, self);
  g_clear_object (&self->connection);
}

static void
finish (SalonSocket *self)
{
  State before = self->state;

  g_assert (before != STATE_CLOSED);
  g_object_ref (self);
  self->state = STATE_CLOSED;
  let_go (self);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
  if (before == STATE_CLOSING)
    g_object_unref (self);
  g_object_unref (self);
}

static gboolean
on_drop_due (gpointer user_data)
{
  SalonSocket *self = user_data;

  self->drop_id = 0;
  finish (self);
  return G_SOURCE_REMOVE;
}

/* Ends the connection without waiting for anything, from a place of its own on the main loop: whoever is sending or
 * reading now does not expect `closed` in between. */
static void
drop_soon (SalonSocket *self)
{
  if (self->drop_id == 0)
    self->drop_id = g_idle_add_full (G_PRIORITY_HIGH, on_drop_due, self, NULL);
}

static void
cut_off_stalled (SalonSocket *self)
{
  salon_log_event (SALON_LOG_WARNING, "connection_dropped", (SalonLogFields){ .reason = "send_queue" },
      "A client does not read: %" G_GSIZE_FORMAT " bytes wait; cutting it off", self->outgoing_bytes);
  forget_outgoing (self);
  drop_soon (self);
}

/* Keeps to the bounds: this socket's own, and that of all together, for which another may have to go. */
static void
check_backlog (SalonSocket *self)
{
  SalonSocket *largest = salon_backlog_set (self->backlog, self, self->outgoing_bytes);

  if (self->outgoing_bytes > SALON_LIMIT_SEND_QUEUE_BYTES)
    cut_off_stalled (self);
  else if (largest != NULL)
    cut_off_stalled (largest);
}

static GPollableOutputStream *
get_output (SalonSocket *self)
{
  GIOStream *stream = soup_websocket_connection_get_io_stream (self->connection);

  return G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
}

/* The client may be closing it. */
static gboolean
is_connection_open (SalonSocket *self)
{
  return soup_websocket_connection_get_state (self->connection) == SOUP_WEBSOCKET_STATE_OPEN;
}

/* Only while the connection is open: libsoup takes it for a mistake of ours else. */
static void
send_first (SalonSocket *self)
{
  g_autofree char *text = g_queue_pop_head (&self->outgoing);

  self->outgoing_bytes -= strlen (text);
  soup_websocket_connection_send_text (self->connection, text);
}

/* libsoup queues without bound and does not tell how much. So it gets the next message only when the stream takes more,
 * which leaves at most one or two with it; the rest waits here and is counted. */
static void
send_writable (SalonSocket *self)
{
  while (!g_queue_is_empty (&self->outgoing) && is_connection_open (self)
         && g_pollable_output_stream_is_writable (get_output (self)))
    send_first (self);
}

static gboolean
on_writable (GObject *stream, gpointer user_data)
{
  SalonSocket *self = user_data;

  if (salon_socket_is_open (self))
    {
      send_writable (self);
      check_backlog (self);
      if (!g_queue_is_empty (&self->outgoing))
        return G_SOURCE_CONTINUE;
    }
  g_clear_pointer (&self->writable_source, g_source_unref);
  return G_SOURCE_REMOVE;
}

static void
wait_until_writable (SalonSocket *self)
{
  if (self->writable_source != NULL)
    return;
  self->writable_source = g_pollable_output_stream_create_source (get_output (self), NULL);
  g_source_set_callback (self->writable_source, G_SOURCE_FUNC (on_writable), self, NULL);
  g_source_attach (self->writable_source, NULL);
}

void
salon_socket_send (SalonSocket *self, JsonNode *message)
{
  g_autoptr (JsonNode) owned_message = message;
  char *text;

  g_return_if_fail (SALON_IS_SOCKET (self));

  if (!salon_socket_is_open (self) || self->drop_id != 0)
    return;
  text = salon_json_to_text (message);
  self->outgoing_bytes += strlen (text);
  g_queue_push_tail (&self->outgoing, text);
  send_writable (self);
  check_backlog (self);
  if (!g_queue_is_empty (&self->outgoing))
    wait_until_writable (self);
}

void
salon_socket_close (SalonSocket *self, SoupWebsocketCloseCode code, const char *reason)
{
  g_return_if_fail (SALON_IS_SOCKET (self));

  if (self->state != STATE_OPEN)
    return;
  self->state = STATE_CLOSING;
  g_object_ref (self); /* until finish() */
  if (self->drop_id != 0)
    return;
  while (!g_queue_is_empty (&self->outgoing) && is_connection_open (self))
    send_first (self); /* bounded, and libsoup gives up 5 s after the close frame is queued */
  forget_outgoing (self);
  clear_sources (self);
  if (is_connection_open (self))
    soup_websocket_connection_close (self->connection, code, reason);
}

gboolean
salon_socket_is_open (SalonSocket *self)
{
  return self->state == STATE_OPEN && is_connection_open (self);
}

static void
on_message (SoupWebsocketConnection *connection, SoupWebsocketDataType type, GBytes *bytes, SalonSocket *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) message = NULL;
  gconstpointer text;
  gsize size_bytes;

  if (self->state != STATE_OPEN || self->drop_id != 0)
    return;
  if (type != SOUP_WEBSOCKET_DATA_TEXT)
    {
      salon_socket_close (self, SOUP_WEBSOCKET_CLOSE_UNSUPPORTED_DATA, "Only text frames are understood");
      return;
    }
  text = g_bytes_get_data (bytes, &size_bytes);
  message = salon_json_parse (text, size_bytes, SALON_LIMIT_MESSAGE_BYTES, &error);
  if (message != NULL)
    g_signal_emit (self, signals[SIGNAL_MESSAGE], 0, message);
  else
    g_signal_emit (self, signals[SIGNAL_BAD_MESSAGE], 0, error);
}

/* Wire errors. libsoup now queues a close frame, and reads on until that is written, for ever if need be: so one more
 * turn of the loop is all it gets. */
static void
on_error (SoupWebsocketConnection *connection, GError *error, SalonSocket *self)
{
  GST_DEBUG_OBJECT (self, "cutting off: %s", error->message);
  drop_soon (self);
}

static void
on_closed (SoupWebsocketConnection *connection, SalonSocket *self)
{
  gushort code = soup_websocket_connection_get_close_code (connection);

  if (code == SOUP_WEBSOCKET_CLOSE_NORMAL || code == SOUP_WEBSOCKET_CLOSE_NO_STATUS)
    self->end = SALON_SOCKET_GOODBYE;
  else if (code == SOUP_WEBSOCKET_CLOSE_GOING_AWAY)
    self->end = SALON_SOCKET_AWAY;
  finish (self);
}

static gboolean
on_quarter_over (gpointer user_data)
{
  SalonSocket *self = user_data;

  self->n_silent_quarters = self->guard->has_heard ? 0 : self->n_silent_quarters + 1;
  self->guard->has_heard = FALSE;
  if (self->n_silent_quarters < QUARTERS_OF_SILENCE)
    return G_SOURCE_CONTINUE;
  salon_log_event (SALON_LOG_INFO, "connection_dropped", (SalonLogFields){ .reason = "ping_timeout" },
      "Nothing comes from a client, not even pongs; cutting it off");
  self->silence_id = 0;
  finish (self);
  return G_SOURCE_REMOVE;
}

SalonSocketEnd
salon_socket_get_end (SalonSocket *self)
{
  return self->end;
}

void
salon_socket_set_local (SalonSocket *self, const char *job)
{
  self->is_local = TRUE;
  self->job = g_strdup (job);
}

gboolean
salon_socket_is_local (SalonSocket *self)
{
  return self->is_local;
}

const char *
salon_socket_get_job (SalonSocket *self)
{
  return self->job;
}

SalonSocket *
salon_socket_new (GIOStream *stream, GUri *uri, const SalonSocketOptions *options)
{
  SalonSocket *self = g_object_new (SALON_TYPE_SOCKET, NULL);
  GList *extensions = g_list_prepend (NULL, g_object_ref (self->guard));

  self->backlog = salon_backlog_ref (options->backlog);
  self->connection
      = soup_websocket_connection_new (stream, uri, SOUP_WEBSOCKET_CONNECTION_SERVER, NULL, NULL, extensions);
  soup_websocket_connection_set_max_incoming_payload_size (self->connection, SALON_LIMIT_MESSAGE_BYTES);
  soup_websocket_connection_set_keepalive_interval (self->connection, options->ping_interval_s);
  g_signal_connect (self->connection, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->connection, "error", G_CALLBACK (on_error), self);
  g_signal_connect (self->connection, "closed", G_CALLBACK (on_closed), self);
  /* When idle: whatever has come meanwhile is read first. */
  self->silence_id = g_timeout_add_full (
      G_PRIORITY_DEFAULT_IDLE, options->ping_timeout_s * 1000 / QUARTERS_OF_SILENCE, on_quarter_over, self, NULL);
  return self;
}

static void
salon_socket_dispose (GObject *object)
{
  SalonSocket *self = SALON_SOCKET (object);

  self->state = STATE_CLOSED;
  if (self->backlog != NULL)
    let_go (self);
  g_clear_object (&self->guard);
  g_clear_pointer (&self->backlog, salon_backlog_unref);
  g_clear_pointer (&self->job, g_free);
  G_OBJECT_CLASS (salon_socket_parent_class)->dispose (object);
}

static void
salon_socket_class_init (SalonSocketClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_socket_debug, "salon-socket", 0, "Salon: WebSockets");
  G_OBJECT_CLASS (klass)->dispose = salon_socket_dispose;

  signals[SIGNAL_MESSAGE] = g_signal_new ("message", SALON_TYPE_SOCKET, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
      G_TYPE_NONE, 1, JSON_TYPE_NODE | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[SIGNAL_BAD_MESSAGE] = g_signal_new ("bad-message", SALON_TYPE_SOCKET, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
      G_TYPE_NONE, 1, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[SIGNAL_CLOSED]
      = g_signal_new ("closed", SALON_TYPE_SOCKET, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
salon_socket_init (SalonSocket *self)
{
  g_queue_init (&self->outgoing);
  self->guard = g_object_new (SALON_TYPE_FRAME_GUARD, NULL);
}
