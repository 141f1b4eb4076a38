/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "salon-codec.h"
#include "salon-rtp-packet.h"

GST_DEBUG_CATEGORY_STATIC (salon_wire_debug);
#define GST_CAT_DEFAULT salon_wire_debug

/* Larger than any packet that comes in over a network. */
#define MAX_PACKET_BYTES 2048
/* What is read of a packet to tell whether a picture can begin with it. */
#define PACKET_HEAD_BYTES 256
/* How often a keyframe is asked for while there is none. */
#define KEYFRAME_INTERVAL_US (500 * G_TIME_SPAN_MILLISECOND)
/* Half a second of video, should the other end be held up; the system may grant less. */
#define SEND_BUFFER_BYTES (1024 * 1024)

typedef enum
{
  RECORD_PACKET,
  RECORD_KEYFRAME_REQUEST,
  RECORD_END,
  RECORD_END_READ, /* the answer to it */
} RecordType;

/* In the byte order of the machine, which both ends share. */
typedef struct
{
  guint32 stream;
  guint32 type;   /* a RecordType */
  gint64 time_ns; /* CLOCK_MONOTONIC; of packets */
} Record;
G_STATIC_ASSERT (sizeof (Record) == 16);

/* -- pads: the stream's state is that of its pad -- */

#define SALON_TYPE_WIRE_PAD (salon_wire_pad_get_type ())
G_DECLARE_FINAL_TYPE (SalonWirePad, salon_wire_pad, SALON, WIRE_PAD, GstPad)

struct _SalonWirePad
{
  GstPad parent_instance;

  guint stream;
  GstSegment segment;       /* of a sink pad: its streaming thread */
  gint awaits_keyframe;     /* atomic: of a sink pad */
  gint is_ending;           /* atomic: of a sink pad: the other end has not read its end yet */
  gint64 keyframe_asked_us; /* of a sink pad: its streaming thread */
  SalonCodec codec;         /* of a source pad: the reading thread */
};

G_DEFINE_FINAL_TYPE (SalonWirePad, salon_wire_pad, GST_TYPE_PAD)

static void
salon_wire_pad_class_init (SalonWirePadClass *klass)
{
}

static void
salon_wire_pad_init (SalonWirePad *self)
{
  self->awaits_keyframe = TRUE;
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
}

/* -- the element -- */

struct _SalonWire
{
  GstElement parent_instance;

  guint patience_ms;
  gint latency_ms; /* atomic */
  guint max_sources;
  GThread *reader; /* (owned) (nullable): while there is a socket */
  gint is_leaving; /* atomic: the socket ends because we want it to */

  GMutex lock;
  GSocket *socket;      /* (owned) (nullable), lock */
  GPtrArray *sinks;     /* (owned) (element-type SalonWirePad), lock */
  GPtrArray *sources;   /* (owned) (element-type SalonWirePad), lock */
  SalonWireStats stats; /* lock */
};

G_DEFINE_FINAL_TYPE (SalonWire, salon_wire, GST_TYPE_ELEMENT)

enum
{
  SIGNAL_SOURCE_ADDED,
  SIGNAL_SOURCE_ENDED,
  SIGNAL_SINK_ENDED,
  SIGNAL_CLOSED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static GstStaticPadTemplate sink_template
    = GST_STATIC_PAD_TEMPLATE ("sink_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS ("application/x-rtp"));
static GstStaticPadTemplate src_template
    = GST_STATIC_PAD_TEMPLATE ("src_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS ("application/x-rtp"));

/* Returns: (transfer full) (nullable) */
static SalonWirePad *
dup_pad (SalonWire *self, GPtrArray *pads, guint stream)
{
  SalonWirePad *found = NULL;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < pads->len && found == NULL; i++)
    {
      SalonWirePad *pad = g_ptr_array_index (pads, i);

      if (pad->stream == stream)
        found = gst_object_ref (pad);
    }
  g_mutex_unlock (&self->lock);
  return found;
}

static GSocket *
dup_socket (SalonWire *self)
{
  GSocket *socket;

  g_mutex_lock (&self->lock);
  socket = self->socket != NULL ? g_object_ref (self->socket) : NULL;
  g_mutex_unlock (&self->lock);
  return socket;
}

/* -- times -- */

/* What to add to a time of the pipeline's clock for CLOCK_MONOTONIC. */
static gint64
get_clock_offset (SalonWire *self)
{
  g_autoptr (GstClock) clock = gst_element_get_clock (GST_ELEMENT (self));
  GstClockType type = GST_CLOCK_TYPE_OTHER;

  if (clock == NULL)
    return 0;
  if (GST_IS_SYSTEM_CLOCK (clock))
    g_object_get (clock, "clock-type", &type, NULL);
  if (type == GST_CLOCK_TYPE_MONOTONIC)
    return 0;
  return g_get_monotonic_time () * 1000 - (gint64)gst_clock_get_time (clock);
}

static gint64
get_due_time (SalonWire *self, SalonWirePad *pad, GstBuffer *buffer)
{
  GstClockTime running = GST_CLOCK_TIME_NONE;

  if (GST_BUFFER_PTS_IS_VALID (buffer))
    running = gst_segment_to_running_time (&pad->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  if (!GST_CLOCK_TIME_IS_VALID (running))
    return g_get_monotonic_time () * 1000;
  return (gint64)(gst_element_get_base_time (GST_ELEMENT (self)) + running) + get_clock_offset (self);
}

/* What was due before the pipeline began, is at its beginning. */
static GstClockTime
get_running_time (SalonWire *self, gint64 due_ns)
{
  gint64 running = due_ns - get_clock_offset (self) - (gint64)gst_element_get_base_time (GST_ELEMENT (self));

  return (GstClockTime)MAX (running, 0);
}

/* -- what goes out -- */

static gboolean
wait_for_room (int fd, guint patience_ms)
{
  struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

  return poll (&poll_fd, 1, (int)patience_ms) > 0 && (poll_fd.revents & POLLOUT) != 0;
}

/* Whether it has gone out. */
static gboolean
send_record (SalonWire *self, const Record *record, gpointer data, gsize size)
{
  g_autoptr (GSocket) socket = dup_socket (self);
  struct iovec parts[] = { { (gpointer)record, sizeof *record }, { data, size } };
  struct msghdr message = { .msg_iov = parts, .msg_iovlen = size > 0 ? 2 : 1 };
  int fd;

  if (socket == NULL)
    return FALSE;
  fd = g_socket_get_fd (socket);
  if (sendmsg (fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
    return TRUE;
  return errno == EAGAIN && self->patience_ms > 0 && wait_for_room (fd, self->patience_ms)
         && sendmsg (fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

static gboolean
send_order (SalonWire *self, RecordType type, guint stream)
{
  const Record record = { .stream = stream, .type = type };

  return send_record (self, &record, NULL, 0);
}

static gboolean
find_codec (guint8 payload_type, SalonCodec *codec)
{
  for (guint i = 0; i < SALON_N_CODECS; i++)
    {
      if (salon_codec_get_info (i)->payload_type == payload_type)
        {
          *codec = i;
          return TRUE;
        }
    }
  return FALSE;
}

static gboolean
begins_picture (const GstMapInfo *map)
{
  gsize head_size = MIN (map->size, PACKET_HEAD_BYTES);
  SalonRtpPacket packet;
  const guint8 *payload;
  SalonCodec codec;
  gsize size;

  if (!salon_rtp_packet_parse_head (&packet, map->data, head_size, map->size)
      || !find_codec (packet.payload_type, &codec))
    return FALSE;
  payload = salon_rtp_packet_get_payload (&packet, &size);
  return salon_codec_is_keyframe_start (codec, payload, size);
}

static GstEvent *
new_keyframe_request (void)
{
  return gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
      gst_structure_new ("GstForceKeyUnit", "running-time", GST_TYPE_CLOCK_TIME, GST_CLOCK_TIME_NONE, "all-headers",
          G_TYPE_BOOLEAN, TRUE, "count", G_TYPE_UINT, 0, NULL));
}

/* As soon as one could go out: somebody who does not read would cost the publisher one after the other. */
static void
ask_for_keyframe (SalonWire *self, SalonWirePad *pad)
{
  g_autoptr (GSocket) socket = dup_socket (self);
  gint64 now_us = g_get_monotonic_time ();

  if (socket == NULL || !wait_for_room (g_socket_get_fd (socket), 0))
    return;
  if (pad->keyframe_asked_us != 0 && now_us - pad->keyframe_asked_us < KEYFRAME_INTERVAL_US)
    return;
  pad->keyframe_asked_us = now_us;
  GST_DEBUG_OBJECT (pad, "asking for a keyframe");
  gst_pad_push_event (GST_PAD (pad), new_keyframe_request ());
}

static void
count_sent (SalonWire *self, gboolean is_sent, gsize size)
{
  g_mutex_lock (&self->lock);
  if (is_sent)
    {
      self->stats.packets_sent++;
      self->stats.bytes_sent += size;
    }
  else
    self->stats.packets_dropped++;
  g_mutex_unlock (&self->lock);
}

static void
send_packet (SalonWire *self, SalonWirePad *pad, GstBuffer *buffer)
{
  const Record record = { .stream = pad->stream, .type = RECORD_PACKET, .time_ns = get_due_time (self, pad, buffer) };
  gboolean is_sent = FALSE;
  gboolean awaits = g_atomic_int_get (&pad->awaits_keyframe);
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  if (!awaits || begins_picture (&map))
    is_sent = map.size <= MAX_PACKET_BYTES && send_record (self, &record, map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  count_sent (self, is_sent, map.size);
  if (is_sent == awaits)
    g_atomic_int_set (&pad->awaits_keyframe, !is_sent);
  if (!is_sent)
    ask_for_keyframe (self, pad);
}

static GstFlowReturn
salon_wire_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  send_packet (SALON_WIRE (parent), SALON_WIRE_PAD (pad), buffer);
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

void
salon_wire_end_stream (SalonWire *self, GstPad *pad)
{
  if (!send_order (self, RECORD_END, SALON_WIRE_PAD (pad)->stream))
    GST_DEBUG_OBJECT (pad, "the other end does not hear of the end");
}

static void
tell_end (SalonWire *self, SalonWirePad *pad)
{
  if (g_atomic_int_compare_and_exchange (&pad->is_ending, TRUE, FALSE))
    g_signal_emit (self, signals[SIGNAL_SINK_ENDED], 0, pad);
}

static void
end_sink (SalonWire *self, SalonWirePad *pad)
{
  g_atomic_int_set (&pad->is_ending, TRUE);
  if (!send_order (self, RECORD_END, pad->stream))
    tell_end (self, pad);
}

static gboolean
salon_wire_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  SalonWire *self = SALON_WIRE (parent);

  if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT)
    gst_event_copy_segment (event, &SALON_WIRE_PAD (pad)->segment);
  else if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    end_sink (self, SALON_WIRE_PAD (pad));
  gst_event_unref (event);
  return TRUE;
}

/* -- what comes in: the reading thread -- */

static GstCaps *
new_caps (SalonCodec codec, guint32 ssrc)
{
  const SalonCodecInfo *info = salon_codec_get_info (codec);
  g_autofree char *text = g_strconcat ("application/x-rtp,", info->fmtp, NULL);
  GstCaps *caps = gst_caps_from_string (text);

  gst_caps_set_simple (caps, "media", G_TYPE_STRING, salon_kind_to_string (info->kind), "encoding-name", G_TYPE_STRING,
      info->encoding_name, "clock-rate", G_TYPE_INT, (int)info->clock_rate, "payload", G_TYPE_INT,
      (int)info->payload_type, "ssrc", G_TYPE_UINT, ssrc, NULL);
  if (info->kind == SALON_KIND_AUDIO)
    gst_caps_set_simple (caps, "extmap-" G_STRINGIFY (SALON_WIRE_LEVEL_ID), G_TYPE_STRING,
        "urn:ietf:params:rtp-hdrext:ssrc-audio-level", NULL);
  return caps;
}

static gboolean
salon_wire_src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  SalonWire *self = SALON_WIRE (parent);
  gboolean is_request
      = GST_EVENT_TYPE (event) == GST_EVENT_CUSTOM_UPSTREAM && gst_event_has_name (event, "GstForceKeyUnit");
  gboolean is_handled = GST_EVENT_TYPE (event) != GST_EVENT_SEEK;

  gst_event_unref (event);
  if (!is_request)
    return is_handled;
  g_mutex_lock (&self->lock);
  self->stats.keyframe_requests++;
  g_mutex_unlock (&self->lock);
  return send_order (self, RECORD_KEYFRAME_REQUEST, SALON_WIRE_PAD (pad)->stream);
}

/* Neither side knows of the other. */
static gboolean
salon_wire_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  switch (GST_QUERY_TYPE (query))
    {
    case GST_QUERY_CAPS:
    case GST_QUERY_ACCEPT_CAPS:
      return gst_pad_query_default (pad, parent, query);
    case GST_QUERY_LATENCY:
      gst_query_set_latency (
          query, TRUE, (guint)g_atomic_int_get (&SALON_WIRE (parent)->latency_ms) * GST_MSECOND, GST_CLOCK_TIME_NONE);
      return TRUE;
    default:
      return FALSE;
    }
}

static SalonWirePad *
add_pad (SalonWire *self, GstStaticPadTemplate *static_template, GPtrArray *pads, guint stream)
{
  g_autoptr (GstPadTemplate) template = gst_static_pad_template_get (static_template);
  gboolean is_source = static_template == &src_template;
  g_autofree char *name = g_strdup_printf (is_source ? "src_%u" : "sink_%u", stream);
  SalonWirePad *pad = g_object_new (SALON_TYPE_WIRE_PAD, "name", name, "direction",
      is_source ? GST_PAD_SRC : GST_PAD_SINK, "template", template, NULL);

  pad->stream = stream;
  gst_pad_set_query_function (GST_PAD (pad), salon_wire_query);
  gst_pad_set_event_function (GST_PAD (pad), is_source ? salon_wire_src_event : salon_wire_sink_event);
  if (!is_source)
    gst_pad_set_chain_function (GST_PAD (pad), salon_wire_chain);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (pads, gst_object_ref (pad));
  g_mutex_unlock (&self->lock);
  gst_pad_set_active (GST_PAD (pad), TRUE);
  gst_element_add_pad (GST_ELEMENT (self), GST_PAD (pad));
  return pad;
}

static void
begin_stream (SalonWire *self, SalonWirePad *pad, SalonCodec codec, guint32 ssrc)
{
  g_autofree char *id = g_strdup_printf ("%s/%u", GST_OBJECT_NAME (self), pad->stream);
  g_autoptr (GstCaps) caps = new_caps (codec, ssrc);
  GstSegment segment;

  pad->codec = codec;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (GST_PAD (pad), gst_event_new_stream_start (id));
  gst_pad_push_event (GST_PAD (pad), gst_event_new_caps (caps));
  gst_pad_push_event (GST_PAD (pad), gst_event_new_segment (&segment));
  g_signal_emit (self, signals[SIGNAL_SOURCE_ADDED], 0, pad);
}

static gboolean
has_room_for_source (SalonWire *self)
{
  gboolean has_room;

  g_mutex_lock (&self->lock);
  has_room = self->sources->len < self->max_sources;
  g_mutex_unlock (&self->lock);
  return has_room;
}

/* Returns: (transfer full) (nullable): NULL when there are too many. */
static SalonWirePad *
ensure_source (SalonWire *self, guint stream, SalonCodec codec, guint32 ssrc)
{
  SalonWirePad *pad = dup_pad (self, self->sources, stream);

  if (pad != NULL && pad->codec == codec)
    return pad;
  if (pad == NULL && !has_room_for_source (self))
    return NULL;
  if (pad == NULL)
    pad = gst_object_ref (add_pad (self, &src_template, self->sources, stream));
  begin_stream (self, pad, codec, ssrc);
  return pad;
}

/* buffer: (transfer full) */
static gboolean
take_packet (SalonWire *self, const Record *record, GstBuffer *buffer, const SalonRtpPacket *packet)
{
  g_autoptr (SalonWirePad) pad = NULL;
  SalonCodec codec;

  if (find_codec (packet->payload_type, &codec))
    pad = ensure_source (self, record->stream, codec, packet->ssrc);
  if (pad == NULL)
    {
      gst_buffer_unref (buffer);
      return FALSE;
    }
  g_mutex_lock (&self->lock);
  self->stats.packets_received++;
  self->stats.bytes_received += gst_buffer_get_size (buffer);
  g_mutex_unlock (&self->lock);
  GST_BUFFER_PTS (buffer) = get_running_time (self, record->time_ns);
  /* Whatever becomes of one stream, the others go on. */
  gst_pad_push (GST_PAD (pad), buffer);
  return TRUE;
}

static void
take_end (SalonWire *self, guint stream)
{
  g_signal_emit (self, signals[SIGNAL_SOURCE_ENDED], 0, stream);
  if (!send_order (self, RECORD_END_READ, stream))
    GST_DEBUG_OBJECT (self, "the other end does not hear that stream %u was read", stream);
}

static gboolean
take_order (SalonWire *self, const Record *record)
{
  g_autoptr (SalonWirePad) sink = dup_pad (self, self->sinks, record->stream);

  if (record->type == RECORD_END)
    take_end (self, record->stream);
  else if (record->type == RECORD_KEYFRAME_REQUEST && sink != NULL)
    gst_pad_push_event (GST_PAD (sink), new_keyframe_request ());
  else if (record->type == RECORD_END_READ && sink != NULL)
    tell_end (self, sink);
  return record->type >= RECORD_KEYFRAME_REQUEST && record->type <= RECORD_END_READ;
}

/* buffer: (transfer full): with room for the largest packet, of which *size bytes came. FALSE: it is none of ours. */
static gboolean
take_record (SalonWire *self, const Record *record, GstBuffer *buffer, gsize size, SalonRtpPacket *packet)
{
  if (record->type == RECORD_PACKET && packet != NULL)
    {
      gst_buffer_set_size (buffer, (gssize)size);
      return take_packet (self, record, buffer, packet);
    }
  gst_buffer_unref (buffer);
  return size == 0 && take_order (self, record);
}

static gssize
receive (int fd, struct msghdr *message)
{
  struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
  gssize size;

  do
    {
      size = recvmsg (fd, message, MSG_DONTWAIT);
      if (size < 0 && errno == EAGAIN)
        poll (&poll_fd, 1, -1);
    }
  while (size < 0 && (errno == EAGAIN || errno == EINTR));
  return size;
}

/* Waits for a record. FALSE: there is nothing more to read. */
static gboolean
read_record (SalonWire *self, int fd)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, MAX_PACKET_BYTES, NULL);
  Record record;
  SalonRtpPacket packet;
  gboolean is_packet;
  GstMapInfo map;
  struct iovec parts[2] = { { &record, sizeof record }, { NULL, MAX_PACKET_BYTES } };
  struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
  gssize size;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  parts[1].iov_base = map.data;
  size = receive (fd, &message);
  is_packet = size > (gssize)sizeof record && salon_rtp_packet_parse (&packet, map.data, (gsize)size - sizeof record);
  gst_buffer_unmap (buffer, &map);
  if (size >= (gssize)sizeof record && (message.msg_flags & MSG_TRUNC) == 0)
    return take_record (self, &record, buffer, (gsize)size - sizeof record, is_packet ? &packet : NULL);
  gst_buffer_unref (buffer);
  return FALSE;
}

/* Nobody reads to their ends any more. */
static void
tell_all_ends (SalonWire *self)
{
  g_autoptr (GPtrArray) sinks = g_ptr_array_new_with_free_func (gst_object_unref);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->sinks->len; i++)
    g_ptr_array_add (sinks, gst_object_ref (g_ptr_array_index (self->sinks, i)));
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < sinks->len; i++)
    tell_end (self, g_ptr_array_index (sinks, i));
}

static gpointer
read_records (gpointer user_data)
{
  g_autoptr (SalonWire) self = user_data;
  g_autoptr (GSocket) socket = dup_socket (self);

  while (read_record (self, g_socket_get_fd (socket)))
    continue;
  tell_all_ends (self);
  if (!g_atomic_int_get (&self->is_leaving))
    g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
  return NULL;
}

/* -- the socket -- */

void
salon_wire_set_latency (SalonWire *self, guint latency_ms)
{
  g_atomic_int_set (&self->latency_ms, (gint)latency_ms);
}

void
salon_wire_connect (SalonWire *self, GSocket *socket)
{
  g_assert (self->reader == NULL);
  g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES, NULL);
  g_mutex_lock (&self->lock);
  self->socket = g_object_ref (socket);
  for (guint i = 0; i < self->sinks->len; i++)
    g_atomic_int_set (&((SalonWirePad *)g_ptr_array_index (self->sinks, i))->awaits_keyframe, TRUE);
  g_mutex_unlock (&self->lock);
  g_atomic_int_set (&self->is_leaving, FALSE);
  self->reader = g_thread_new ("salon-wire", read_records, g_object_ref (self));
}

void
salon_wire_disconnect (SalonWire *self)
{
  if (self->reader == NULL)
    return;
  g_atomic_int_set (&self->is_leaving, TRUE);
  g_socket_shutdown (self->socket, TRUE, TRUE, NULL);
  g_thread_join (g_steal_pointer (&self->reader));
  g_mutex_lock (&self->lock);
  g_clear_object (&self->socket);
  g_mutex_unlock (&self->lock);
}

/* -- pads, from outside -- */

GstPad *
salon_wire_add_sink (SalonWire *self, guint stream)
{
  return GST_PAD (add_pad (self, &sink_template, self->sinks, stream));
}

guint
salon_wire_get_stream (SalonWire *self, GstPad *pad)
{
  return SALON_WIRE_PAD (pad)->stream;
}

SalonCodec
salon_wire_get_codec (SalonWire *self, GstPad *pad)
{
  return SALON_WIRE_PAD (pad)->codec;
}

void
salon_wire_remove_pad (SalonWire *self, GstPad *pad)
{
  g_autoptr (GstPad) kept = gst_object_ref (pad);

  g_mutex_lock (&self->lock);
  g_ptr_array_remove (GST_PAD_IS_SRC (pad) ? self->sources : self->sinks, pad);
  g_mutex_unlock (&self->lock);
  gst_pad_set_active (pad, FALSE);
  gst_element_remove_pad (GST_ELEMENT (self), pad);
}

SalonWireStats
salon_wire_get_stats (SalonWire *self)
{
  SalonWireStats stats;

  g_mutex_lock (&self->lock);
  stats = self->stats;
  g_mutex_unlock (&self->lock);
  return stats;
}

/* -- life -- */

static void
salon_wire_finalize (GObject *object)
{
  SalonWire *self = SALON_WIRE (object);

  g_assert (self->reader == NULL); /* salon_wire_disconnect() was called */
  g_ptr_array_unref (self->sinks);
  g_ptr_array_unref (self->sources);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (salon_wire_parent_class)->finalize (object);
}

static void
salon_wire_class_init (SalonWireClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (salon_wire_debug, "salon-wire", 0, "Salon: RTP over a Unix socket");
  G_OBJECT_CLASS (klass)->finalize = salon_wire_finalize;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (
      element_class, "RTP wire", "Generic", "RTP streams between two processes", "The Salon developers");
  signals[SIGNAL_SOURCE_ADDED]
      = g_signal_new ("source-added", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, GST_TYPE_PAD);
  signals[SIGNAL_SOURCE_ENDED]
      = g_signal_new ("source-ended", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[SIGNAL_SINK_ENDED]
      = g_signal_new ("sink-ended", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, GST_TYPE_PAD);
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
salon_wire_init (SalonWire *self)
{
  g_mutex_init (&self->lock);
  self->sinks = g_ptr_array_new_with_free_func (gst_object_unref);
  self->sources = g_ptr_array_new_with_free_func (gst_object_unref);
}

SalonWire *
salon_wire_new (guint patience_ms, guint latency_ms, guint max_sources)
{
  SalonWire *self = g_object_new (SALON_TYPE_WIRE, NULL);

  self->patience_ms = patience_ms;
  self->latency_ms = (gint)latency_ms;
  self->max_sources = max_sources;
  return self;
}
