/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-sender.h"

#include "salon-bytes.h"
#include "salon-ice-batch.h"

GST_DEBUG_CATEGORY_STATIC (salon_sender_debug);
#define GST_CAT_DEFAULT salon_sender_debug

struct _SalonSender
{
  GstElement parent_instance;

  GMutex lock;
  GPtrArray *pads;             /* (owned) (element-type GstPad), lock: each with its SalonSendStream; none goes */
  SalonSendPath *path;         /* (owned) (nullable): atomic, never changes once set */
  SalonCongestion *congestion; /* (owned) */
  char cname[17];
};

G_DEFINE_FINAL_TYPE_WITH_CODE (SalonSender, salon_sender, GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (salon_sender_debug, "salon-sender", 0, "Salon sender"))

static GstStaticPadTemplate sink_template
    = GST_STATIC_PAD_TEMPLATE ("sink_%u", GST_PAD_SINK, GST_PAD_SOMETIMES, GST_STATIC_CAPS ("application/x-rtp"));

static SalonSendStream *
get_stream (GstPad *pad)
{
  return gst_pad_get_element_private (pad);
}

/* Returns: (transfer none) (nullable) */
static GstPad *
find_pad (SalonSender *self, guint32 ssrc)
{
  GstPad *found = NULL;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->pads->len && found == NULL; i++)
    {
      GstPad *pad = g_ptr_array_index (self->pads, i);

      if (salon_send_stream_get_ssrc (get_stream (pad)) == ssrc)
        found = pad;
    }
  g_mutex_unlock (&self->lock);
  return found;
}

static SalonSendStream *
find_stream (SalonSender *self, guint32 ssrc)
{
  GstPad *pad = find_pad (self, ssrc);

  return pad != NULL ? get_stream (pad) : NULL;
}

/* -- streaming -- */

static void
send_packet (SalonSender *self, GstPad *pad, GstBuffer *packet)
{
  SalonSendPath *path = g_atomic_pointer_get (&self->path);

  if (path != NULL)
    salon_send_stream_send (get_stream (pad), path, packet);
}

/* Always OK: what can't be sent is a lost packet, as on any network. */
static GstFlowReturn
on_buffer (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  send_packet (SALON_SENDER (parent), pad, buffer);
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static GstFlowReturn
on_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  for (guint i = 0; i < gst_buffer_list_length (list); i++)
    send_packet (SALON_SENDER (parent), pad, gst_buffer_list_get (list, i));
  gst_buffer_list_unref (list);
  return GST_FLOW_OK;
}

static gboolean
on_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS)
    {
      GstCaps *caps;
      int clock_rate = 0;

      gst_event_parse_caps (event, &caps);
      gst_structure_get_int (gst_caps_get_structure (caps, 0), "clock-rate", &clock_rate);
      salon_send_stream_set_clock_rate (get_stream (pad), clock_rate);
    }
  gst_event_unref (event);
  return TRUE;
}

/* -- control -- */

const char *
salon_sender_get_cname (SalonSender *self)
{
  return self->cname;
}

SalonCongestion *
salon_sender_get_congestion (SalonSender *self)
{
  return self->congestion;
}

GstPad *
salon_sender_add_stream (SalonSender *self, guint32 ssrc, gboolean keeps_packets)
{
  g_autofree char *name = g_strdup_printf ("sink_%u", ssrc);
  GstPad *pad = gst_pad_new_from_static_template (&sink_template, name);
  SalonSendStream *stream = salon_send_stream_new (GST_ELEMENT (self), ssrc, keeps_packets);

  gst_pad_set_element_private (pad, stream);
  gst_pad_set_chain_function (pad, on_buffer);
  gst_pad_set_chain_list_function (pad, on_list);
  gst_pad_set_event_function (pad, on_event);
  gst_pad_set_active (pad, TRUE);
  gst_element_add_pad (GST_ELEMENT (self), pad);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->pads, gst_object_ref (pad));
  g_mutex_unlock (&self->lock);
  return pad;
}

void
salon_sender_set_retransmission (SalonSender *self, guint32 ssrc, guint32 rtx_ssrc, const guint8 payload_types[128])
{
  SalonSendStream *stream = find_stream (self, ssrc);

  g_return_if_fail (stream != NULL);
  salon_send_stream_set_retransmission (stream, rtx_ssrc, payload_types);
}

void
salon_sender_set_path (SalonSender *self, SalonSendPath *path)
{
  g_return_if_fail (self->path == NULL);
  g_atomic_pointer_set (&self->path, path);
}

/* -- what the client says -- */

/* As the slot's own signal: an upstream event would not be told from others that it may leave out. */
void
salon_sender_request_keyframe (SalonSender *self, guint32 ssrc)
{
  GstPad *pad = find_pad (self, ssrc);
  g_autoptr (GstPad) peer = NULL;
  g_autoptr (GstElement) slot = NULL;

  if (pad == NULL || !salon_send_stream_may_ask_keyframe (get_stream (pad)))
    return;
  peer = gst_pad_get_peer (pad);
  slot = peer != NULL ? gst_pad_get_parent_element (peer) : NULL;
  if (slot != NULL)
    g_signal_emit_by_name (slot, "request-keyframe");
}

void
salon_sender_take_block (SalonSender *self, const SalonRtcpReportBlock *block)
{
  SalonSendStream *stream = find_stream (self, block->ssrc);
  SalonSendStreamStats stats;
  guint n_packets;

  if (stream == NULL)
    return;
  n_packets = salon_send_stream_take_block (stream, block);
  salon_send_stream_get_stats (stream, &stats);
  salon_congestion_take_report (self->congestion, n_packets, stats.fraction_lost, stats.rtt_us);
}

void
salon_sender_take_transport_feedback (SalonSender *self, const guint8 *data, gsize size)
{
  salon_congestion_take_feedback (self->congestion, data, size);
}

void
salon_sender_take_nack (SalonSender *self, guint32 ssrc, const guint8 *entries, gsize size)
{
  SalonSendStream *stream = find_stream (self, ssrc);
  SalonSendPath *path = g_atomic_pointer_get (&self->path);
  guint n_left = SALON_SEND_STREAM_N_KEPT;

  if (stream == NULL || path == NULL)
    return;
  for (gsize at = 0; at + 4 <= size; at += 4)
    {
      guint16 sequence = salon_read_u16 (entries + at);
      /* Itself, and which of the 16 that follow it. */
      guint32 wanted = 1 | (guint32)salon_read_u16 (entries + at + 2) << 1;

      for (; wanted != 0 && n_left > 0; wanted >>= 1, sequence++)
        {
          if ((wanted & 1) == 0)
            continue;
          salon_send_stream_resend (stream, path, sequence);
          n_left--;
        }
    }
}

static gsize
pad_once (SalonSender *self, SalonSendPath *path)
{
  gsize size = 0;

  for (guint i = 0; i < self->pads->len && size == 0; i++)
    size = salon_send_stream_pad (get_stream (g_ptr_array_index (self->pads, i)), path);
  return size;
}

gboolean
salon_sender_pad (SalonSender *self, gsize n_bytes)
{
  SalonSendPath *path = g_atomic_pointer_get (&self->path);
  gsize n_sent = 0, size = 1;

  if (path == NULL)
    return FALSE;
  salon_ice_batch_begin ();
  while (size > 0 && n_sent < n_bytes)
    {
      size = pad_once (self, path);
      n_sent += size;
    }
  salon_ice_batch_end ();
  return size > 0;
}

void
salon_sender_trim (SalonSender *self, gint64 now_us)
{
  for (guint i = 0; i < self->pads->len; i++)
    salon_send_stream_trim (get_stream (g_ptr_array_index (self->pads, i)), now_us);
}

gboolean
salon_sender_get_stats (SalonSender *self, guint32 ssrc, SalonSendStreamStats *stats)
{
  SalonSendStream *stream = find_stream (self, ssrc);

  if (stream == NULL)
    return FALSE;
  salon_send_stream_get_stats (stream, stats);
  return TRUE;
}

/* -- life -- */

static void
salon_sender_finalize (GObject *object)
{
  SalonSender *self = SALON_SENDER (object);

  for (guint i = 0; i < self->pads->len; i++)
    salon_send_stream_free (get_stream (g_ptr_array_index (self->pads, i)));
  g_ptr_array_unref (self->pads);
  g_mutex_clear (&self->lock);
  g_clear_pointer (&self->path, salon_send_path_free);
  g_clear_pointer (&self->congestion, salon_congestion_free);
  G_OBJECT_CLASS (salon_sender_parent_class)->finalize (object);
}

static void
salon_sender_class_init (SalonSenderClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = salon_sender_finalize;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class, "Salon sender", "Sink/Network",
      "One subscriber's streams, protected and sent by the media port", "Salon");
}

static void
salon_sender_init (SalonSender *self)
{
  g_mutex_init (&self->lock);
  self->pads = g_ptr_array_new_with_free_func (gst_object_unref);
  /* RFC 7022, section 4.2: another for each connection. */
  g_snprintf (self->cname, sizeof self->cname, "%08x%08x", g_random_int (), g_random_int ());
}

SalonSender *
salon_sender_new (const char *name, SalonBottleneck *bottleneck)
{
  SalonSender *self = g_object_new (SALON_TYPE_SENDER, "name", name, NULL);

  self->congestion = salon_congestion_new (bottleneck);
  return self;
}
