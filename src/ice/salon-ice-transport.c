/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ice-transport.h"

#include "salon-ice-sink.h"
#include "salon-ice-src.h"

GST_DEBUG_CATEGORY_STATIC (salon_ice_transport_debug);
#define GST_CAT_DEFAULT salon_ice_transport_debug

/* -- the transport: nothing but what the library wants to see -- */

#define SALON_TYPE_ICE_TRANSPORT (salon_ice_transport_get_type ())
G_DECLARE_FINAL_TYPE (SalonIceTransport, salon_ice_transport, SALON, ICE_TRANSPORT, GstWebRTCICETransport)

struct _SalonIceTransport
{
  GstWebRTCICETransport parent_instance;
};

G_DEFINE_FINAL_TYPE (SalonIceTransport, salon_ice_transport, GST_TYPE_WEBRTC_ICE_TRANSPORT)

static gboolean
salon_ice_transport_gather (GstWebRTCICETransport *transport)
{
  return TRUE;
}

/* Since 1.27.50, getStats asks here instead of the agent, and asserts that there is something to ask. */
static gpointer
salon_ice_transport_get_no_pair (GstWebRTCICETransport *transport)
{
  return NULL;
}

static void
salon_ice_transport_class_init (SalonIceTransportClass *klass)
{
  GstWebRTCICETransportClass *transport_class = GST_WEBRTC_ICE_TRANSPORT_CLASS (klass);

  transport_class->gather_candidates = salon_ice_transport_gather;
#if GST_CHECK_VERSION(1, 27, 50)
  transport_class->get_selected_candidate_pair
      = (GstWebRTCICECandidatePair * (*)(GstWebRTCICETransport *)) salon_ice_transport_get_no_pair;
#else
  transport_class->_padding[0] = (gpointer)salon_ice_transport_get_no_pair;
#endif
}

static void
salon_ice_transport_init (SalonIceTransport *self)
{
  GST_WEBRTC_ICE_TRANSPORT (self)->role = GST_WEBRTC_ICE_ROLE_CONTROLLED;
}

/* -- the stream -- */

struct _SalonIceStream
{
  GstWebRTCICEStream parent_instance;

  GstWebRTCICE *agent;              /* (borrowed) */
  SalonIceHub *hub;                 /* (owned) */
  SalonIcePeer *peer;               /* (owned) */
  GstWebRTCICETransport *transport; /* (owned) */
  char *ufrag;                      /* (owned) (nullable): webrtcbin's thread */
  gboolean is_gathered;             /* with this ufrag; webrtcbin's thread */
};

G_DEFINE_FINAL_TYPE_WITH_CODE (SalonIceStream, salon_ice_stream, GST_TYPE_WEBRTC_ICE_STREAM,
    GST_DEBUG_CATEGORY_INIT (salon_ice_transport_debug, "salon-ice-transport", 0, "Salon ICE transport"))

/* The hub's control thread. webrtcbin does real work in here. */
static void
on_state (SalonIceState state, gpointer user_data)
{
  static const GstWebRTCICEConnectionState states[] = {
    [SALON_ICE_NEW] = GST_WEBRTC_ICE_CONNECTION_STATE_NEW,
    [SALON_ICE_CONNECTED] = GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED,
    [SALON_ICE_DISCONNECTED] = GST_WEBRTC_ICE_CONNECTION_STATE_DISCONNECTED,
    [SALON_ICE_FAILED] = GST_WEBRTC_ICE_CONNECTION_STATE_FAILED,
  };
  GstWebRTCICETransport *transport = user_data;

  GST_DEBUG_OBJECT (transport, "state %d", states[state]);
  gst_webrtc_ice_transport_connection_state_change (transport, states[state]);
}

SalonIcePeer *
salon_ice_stream_get_peer (SalonIceStream *self)
{
  return self->peer;
}

void
salon_ice_stream_set_local (SalonIceStream *self, const char *ufrag, const char *password)
{
  if (g_strcmp0 (self->ufrag, ufrag) == 0)
    return;
  g_free (self->ufrag);
  self->ufrag = g_strdup (ufrag);
  self->is_gathered = FALSE;
  salon_ice_hub_set_local (self->hub, self->peer, ufrag, password);
}

gboolean
salon_ice_stream_begin_gathering (SalonIceStream *self)
{
  gboolean is_wanted = !self->is_gathered;

  self->is_gathered = TRUE;
  return is_wanted;
}

void
salon_ice_stream_end_gathering (SalonIceStream *self)
{
  gst_webrtc_ice_transport_gathering_state_change (self->transport, GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE);
}

static GstWebRTCICETransport *
salon_ice_stream_find_transport (GstWebRTCICEStream *stream, GstWebRTCICEComponent component)
{
  g_assert (component == GST_WEBRTC_ICE_COMPONENT_RTP);
  return gst_object_ref (SALON_ICE_STREAM (stream)->transport);
}

static gboolean
salon_ice_stream_gather (GstWebRTCICEStream *stream)
{
  return gst_webrtc_ice_gather_candidates (SALON_ICE_STREAM (stream)->agent, stream);
}

void
salon_ice_stream_close (SalonIceStream *self)
{
  salon_ice_hub_remove_peer (self->hub, self->peer);
}

static void
salon_ice_stream_finalize (GObject *object)
{
  SalonIceStream *self = SALON_ICE_STREAM (object);

  gst_object_unref (self->transport);
  salon_ice_peer_unref (self->peer);
  salon_ice_hub_unref (self->hub);
  g_free (self->ufrag);
  G_OBJECT_CLASS (salon_ice_stream_parent_class)->finalize (object);
}

static void
salon_ice_stream_class_init (SalonIceStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = salon_ice_stream_finalize;
  GST_WEBRTC_ICE_STREAM_CLASS (klass)->find_transport = salon_ice_stream_find_transport;
  GST_WEBRTC_ICE_STREAM_CLASS (klass)->gather_candidates = salon_ice_stream_gather;
}

static void
salon_ice_stream_init (SalonIceStream *self)
{
}

SalonIceStream *
salon_ice_stream_new (GstWebRTCICE *agent, SalonIceHub *hub, guint id)
{
  SalonIceStream *self = gst_object_ref_sink (g_object_new (SALON_TYPE_ICE_STREAM, "stream-id", id, NULL));
  GstWebRTCICETransport *transport
      = g_object_new (SALON_TYPE_ICE_TRANSPORT, "component", GST_WEBRTC_ICE_COMPONENT_RTP, NULL);

  self->agent = agent;
  self->hub = salon_ice_hub_ref (hub);
  self->transport = gst_object_ref_sink (transport);
  self->peer = salon_ice_hub_add_peer (hub, on_state, transport);
  /* Floating, as webrtcbin's bins want to have them. */
  transport->src = salon_ice_src_new (hub, self->peer);
  transport->sink = salon_ice_sink_new (hub, self->peer);
  return self;
}
