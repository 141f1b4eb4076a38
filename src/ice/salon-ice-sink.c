/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ice-sink.h"

#include "salon-ice-batch.h"

struct _SalonIceSink
{
  GstElement parent_instance;

  SalonIceHub *hub;   /* (owned) */
  SalonIcePeer *peer; /* (owned) */
};

G_DEFINE_FINAL_TYPE (SalonIceSink, salon_ice_sink, GST_TYPE_ELEMENT)

static GstStaticPadTemplate sink_template
    = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static void
send_buffer (SalonIceSink *self, GstBuffer *buffer)
{
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  salon_ice_hub_send (self->hub, self->peer, map.data, map.size);
  gst_buffer_unmap (buffer, &map);
}

/* Always OK: what can't be sent is a lost packet, and no reason for webrtcbin to stop. */
static GstFlowReturn
on_buffer (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  send_buffer (SALON_ICE_SINK (parent), buffer);
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static GstFlowReturn
on_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  salon_ice_batch_begin ();
  for (guint i = 0; i < gst_buffer_list_length (list); i++)
    send_buffer (SALON_ICE_SINK (parent), gst_buffer_list_get (list, i));
  salon_ice_batch_end ();
  gst_buffer_list_unref (list);
  return GST_FLOW_OK;
}

static gboolean
on_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    gst_element_post_message (GST_ELEMENT (parent), gst_message_new_eos (parent));
  gst_event_unref (event);
  return TRUE;
}

static void
salon_ice_sink_dispose (GObject *object)
{
  SalonIceSink *self = SALON_ICE_SINK (object);

  g_clear_pointer (&self->peer, salon_ice_peer_unref);
  g_clear_pointer (&self->hub, salon_ice_hub_unref);
  G_OBJECT_CLASS (salon_ice_sink_parent_class)->dispose (object);
}

static void
salon_ice_sink_class_init (SalonIceSinkClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = salon_ice_sink_dispose;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (
      element_class, "Salon ICE sink", "Sink/Network", "Packets for one client, to the media port", "Salon");
}

static void
salon_ice_sink_init (SalonIceSink *self)
{
  GstPad *pad = gst_pad_new_from_static_template (&sink_template, "sink");

  gst_pad_set_chain_function (pad, on_buffer);
  gst_pad_set_chain_list_function (pad, on_list);
  gst_pad_set_event_function (pad, on_event);
  gst_element_add_pad (GST_ELEMENT (self), pad);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}

GstElement *
salon_ice_sink_new (SalonIceHub *hub, SalonIcePeer *peer)
{
  SalonIceSink *self = g_object_new (SALON_TYPE_ICE_SINK, NULL);

  self->hub = salon_ice_hub_ref (hub);
  self->peer = salon_ice_peer_ref (peer);
  return GST_ELEMENT (self);
}
