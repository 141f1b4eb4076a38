/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ice-src.h"

#include "salon-limits.h"

GST_DEBUG_CATEGORY_STATIC (salon_ice_src_debug);
#define GST_CAT_DEFAULT salon_ice_src_debug

/* GstQueueLeaky, which is in no header: what is old is dropped. */
#define LEAKY_DOWNSTREAM 2

struct _SalonIceSrc
{
  GstElement parent_instance;

  GstPad *pad;        /* (borrowed): the element's */
  SalonIceHub *hub;   /* (owned) */
  SalonIcePeer *peer; /* (owned) */
};

static void listener_init (SalonIceListenerInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SalonIceSrc, salon_ice_src, GST_TYPE_ELEMENT,
    G_IMPLEMENT_INTERFACE (SALON_TYPE_ICE_LISTENER, listener_init)
        GST_DEBUG_CATEGORY_INIT (salon_ice_src_debug, "salon-ice-src", 0, "Salon ICE source"))

static GstStaticPadTemplate src_template
    = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

/* -- a receiver thread -- */

static void
salon_ice_src_receive (SalonIceListener *listener, const guint8 *data, gsize size)
{
  SalonIceSrc *self = SALON_ICE_SRC (listener);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);
  GstClockTime now = gst_element_get_current_running_time (GST_ELEMENT (self));
  GstFlowReturn result;

  gst_buffer_fill (buffer, 0, data, size);
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = now;
  result = gst_pad_push (self->pad, buffer);
  /* FLUSHING and NOT_LINKED: webrtcbin is not there yet, or no longer. A packet is lost, as on any network. */
  if (result != GST_FLOW_OK)
    GST_LOG_OBJECT (self, "dropped: %s", gst_flow_get_name (result));
}

static void
listener_init (SalonIceListenerInterface *interface)
{
  interface->receive = salon_ice_src_receive;
}

/* -- the queue behind us -- */

static void
keep_leaky (GObject *queue, GParamSpec *pspec, gpointer user_data)
{
  int leaky;

  g_object_get (queue, "leaky", &leaky, NULL);
  if (leaky != LEAKY_DOWNSTREAM)
    g_object_set (queue, "leaky", LEAKY_DOWNSTREAM, NULL);
}

static GstElement *
get_next (GstElement *element)
{
  g_autoptr (GstPad) src = element != NULL ? gst_element_get_static_pad (element, "src") : NULL;
  g_autoptr (GstPad) peer = src != NULL ? gst_pad_get_peer (src) : NULL;

  return peer != NULL ? gst_pad_get_parent_element (peer) : NULL;
}

/* webrtcbin's queue blocks when it is full, once connected: one client that is not read would then hold up the thread
 * that receives for all of them. */
static void
guard_queue (SalonIceSrc *self)
{
  g_autoptr (GstElement) filter = get_next (GST_ELEMENT (self));
  g_autoptr (GstElement) queue = get_next (filter);
  GstElementFactory *factory = queue != NULL ? gst_element_get_factory (queue) : NULL;

  if (factory == NULL || !g_str_equal (GST_OBJECT_NAME (factory), "queue"))
    {
      GST_ERROR_OBJECT (self, "not followed by webrtcbin's queue: a stalled client would stall others");
      return;
    }
  g_object_set (queue, "max-size-bytes", SALON_LIMIT_RECEIVE_QUEUE_BYTES, NULL);
  g_signal_connect (queue, "notify::leaky", G_CALLBACK (keep_leaky), NULL);
  keep_leaky (G_OBJECT (queue), NULL, NULL);
}

/* -- states -- */

/* They stay on the pad, and go out with the first packet that finds the way open. */
static void
push_sticky_events (SalonIceSrc *self)
{
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("application/x-rtp");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (self->pad, gst_event_new_stream_start ("salon-ice"));
  gst_pad_push_event (self->pad, gst_event_new_caps (caps));
  gst_pad_push_event (self->pad, gst_event_new_segment (&segment));
}

static GstStateChangeReturn
salon_ice_src_change_state (GstElement *element, GstStateChange transition)
{
  SalonIceSrc *self = SALON_ICE_SRC (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY)
    guard_queue (self);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    salon_ice_hub_remove_peer (self->hub, self->peer);
  result = GST_ELEMENT_CLASS (salon_ice_src_parent_class)->change_state (element, transition);
  if (result == GST_STATE_CHANGE_FAILURE)
    return result;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    {
      push_sticky_events (self);
      salon_ice_peer_set_listener (self->peer, G_OBJECT (self));
    }
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED || transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    return GST_STATE_CHANGE_NO_PREROLL;
  return result;
}

static gboolean
on_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

/* -- life -- */

static void
salon_ice_src_dispose (GObject *object)
{
  SalonIceSrc *self = SALON_ICE_SRC (object);

  g_clear_pointer (&self->peer, salon_ice_peer_unref);
  g_clear_pointer (&self->hub, salon_ice_hub_unref);
  G_OBJECT_CLASS (salon_ice_src_parent_class)->dispose (object);
}

static void
salon_ice_src_class_init (SalonIceSrcClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = salon_ice_src_dispose;
  element_class->change_state = salon_ice_src_change_state;
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (
      element_class, "Salon ICE source", "Source/Network", "Packets of one client, from the media port", "Salon");
}

static void
salon_ice_src_init (SalonIceSrc *self)
{
  self->pad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_query_function (self->pad, on_query);
  gst_element_add_pad (GST_ELEMENT (self), self->pad);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}

GstElement *
salon_ice_src_new (SalonIceHub *hub, SalonIcePeer *peer)
{
  SalonIceSrc *self = g_object_new (SALON_TYPE_ICE_SRC, NULL);

  self->hub = salon_ice_hub_ref (hub);
  self->peer = salon_ice_peer_ref (peer);
  return GST_ELEMENT (self);
}
