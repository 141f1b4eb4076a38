/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ice-agent.h"

#include <string.h>

#include "salon-ice-candidate.h"
#include "salon-ice-transport.h"

struct _SalonIceAgent
{
  GstWebRTCICE parent_instance;

  SalonIceHub *hub;       /* (owned) */
  GPtrArray *streams;     /* (owned) (element-type SalonIceStream), object lock */
  gboolean is_controller; /* asked for and told, and nothing more: lite is always controlled */

  GstWebRTCICEOnCandidateFunc on_candidate; /* (nullable) */
  gpointer on_candidate_data;
  GDestroyNotify on_candidate_notify;
};

G_DEFINE_FINAL_TYPE (SalonIceAgent, salon_ice_agent, GST_TYPE_WEBRTC_ICE)

/* What a library newer than our headers does; they must not be older than 1.22. */
static gboolean
runs_on (guint minor, guint micro)
{
  guint has_major, has_minor, has_micro, nano;

  gst_version (&has_major, &has_minor, &has_micro, &nano);
  return has_major > 1 || has_minor > minor || (has_minor == minor && has_micro >= micro);
}

/* -- streams -- */

static GstWebRTCICEStream *
salon_ice_agent_add_stream (GstWebRTCICE *ice, guint session_id)
{
  SalonIceAgent *self = SALON_ICE_AGENT (ice);
  SalonIceStream *stream = salon_ice_stream_new (ice, self->hub, session_id);

  GST_OBJECT_LOCK (self);
  g_ptr_array_add (self->streams, stream);
  GST_OBJECT_UNLOCK (self);
  /* Always documented as transfer full; webrtcbin lets go of it only since 1.27.50. */
  return runs_on (27, 50) ? gst_object_ref (stream) : GST_WEBRTC_ICE_STREAM (stream);
}

static GstWebRTCICETransport *
salon_ice_agent_find_transport (GstWebRTCICE *ice, GstWebRTCICEStream *stream, GstWebRTCICEComponent component)
{
  return gst_webrtc_ice_stream_find_transport (stream, component);
}

/* -- candidates -- */

/* webrtcbin's thread, at each local description. */
static gboolean
salon_ice_agent_gather_candidates (GstWebRTCICE *ice, GstWebRTCICEStream *stream)
{
  SalonIceAgent *self = SALON_ICE_AGENT (ice);
  g_auto (GStrv) candidates = NULL;

  if (!salon_ice_stream_begin_gathering (SALON_ICE_STREAM (stream)))
    return TRUE;
  candidates = salon_ice_hub_dup_candidates (self->hub);
  for (guint i = 0; self->on_candidate != NULL && candidates[i] != NULL; i++)
    self->on_candidate (ice, stream->stream_id, candidates[i], self->on_candidate_data);
  salon_ice_stream_end_gathering (SALON_ICE_STREAM (stream));
  return TRUE;
}

/* Clients come to us: only what they call an address is of interest. webrtcbin holds a lock. */
static void
note_candidate (GstWebRTCICEStream *stream, const char *text)
{
  SalonIceAddress address;
  const char *type;

  if (text != NULL && salon_ice_candidate_read (text, &address, &type))
    salon_ice_peer_add_candidate (salon_ice_stream_get_peer (SALON_ICE_STREAM (stream)), &address, type);
}

/* Since 1.23 there is a promise to reply to; with older headers we look for it only if the library passes it. */
static void
salon_ice_agent_add_candidate (
    GstWebRTCICE *ice, GstWebRTCICEStream *stream, const char *candidate, GstPromise *promise)
{
  note_candidate (stream, candidate);
  if (runs_on (23, 0) && promise != NULL)
    gst_promise_reply (promise, NULL);
}

static void
salon_ice_agent_set_on_ice_candidate (
    GstWebRTCICE *ice, GstWebRTCICEOnCandidateFunc func, gpointer user_data, GDestroyNotify notify)
{
  SalonIceAgent *self = SALON_ICE_AGENT (ice);

  if (self->on_candidate_notify != NULL)
    self->on_candidate_notify (self->on_candidate_data);
  self->on_candidate = func;
  self->on_candidate_data = user_data;
  self->on_candidate_notify = notify;
}

/* -- credentials -- */

static gboolean
salon_ice_agent_set_local_credentials (
    GstWebRTCICE *ice, GstWebRTCICEStream *stream, const char *ufrag, const char *password)
{
  if (ufrag == NULL || password == NULL)
    return FALSE;
  salon_ice_stream_set_local (SALON_ICE_STREAM (stream), ufrag, password);
  return TRUE;
}

static gboolean
salon_ice_agent_set_remote_credentials (
    GstWebRTCICE *ice, GstWebRTCICEStream *stream, const char *ufrag, const char *password)
{
  if (ufrag == NULL || password == NULL)
    return FALSE;
  salon_ice_hub_set_remote (
      SALON_ICE_AGENT (ice)->hub, salon_ice_stream_get_peer (SALON_ICE_STREAM (stream)), ufrag, password);
  return TRUE;
}

/* -- figures -- */

SalonIcePeer *
salon_ice_agent_dup_peer (SalonIceAgent *self)
{
  SalonIcePeer *peer = NULL;

  GST_OBJECT_LOCK (self);
  if (self->streams->len > 0)
    peer = salon_ice_peer_ref (salon_ice_stream_get_peer (g_ptr_array_index (self->streams, 0)));
  GST_OBJECT_UNLOCK (self);
  return peer;
}

gboolean
salon_ice_agent_get_stats (SalonIceAgent *self, SalonIcePeerStats *stats)
{
  g_autoptr (SalonIcePeer) peer = salon_ice_agent_dup_peer (self);

  if (peer == NULL)
    return FALSE;
  salon_ice_peer_get_stats (peer, g_get_monotonic_time (), stats);
  return TRUE;
}

static GstWebRTCICECandidateStats *
candidate_stats_new (guint stream_id, const SalonIceAddress *address, guint port, gboolean is_tcp, const char *type)
{
  GstWebRTCICECandidateStats *stats = g_new0 (GstWebRTCICECandidateStats, 1);

  stats->ipaddr = salon_ice_address_to_host (address);
  stats->port = port;
  stats->stream_id = stream_id;
  stats->type = type;
  stats->proto = is_tcp ? "TCP" : "UDP";
  return stats;
}

static gboolean
salon_ice_agent_get_selected_pair (GstWebRTCICE *ice, GstWebRTCICEStream *stream,
    GstWebRTCICECandidateStats **local_stats, GstWebRTCICECandidateStats **remote_stats)
{
  SalonIceHub *hub = SALON_ICE_AGENT (ice)->hub;
  SalonIcePeerStats stats;
  guint port;

  salon_ice_peer_get_stats (salon_ice_stream_get_peer (SALON_ICE_STREAM (stream)), g_get_monotonic_time (), &stats);
  if (!stats.has_path)
    return FALSE;
  port = stats.is_tcp ? salon_ice_hub_get_tcp_port (hub) : salon_ice_hub_get_udp_port (hub);
  *local_stats = candidate_stats_new (stream->stream_id, &stats.path.local, port, stats.is_tcp, "host");
  *remote_stats = candidate_stats_new (stream->stream_id, &stats.path.remote,
      salon_ice_address_get_port (&stats.path.remote), stats.is_tcp, stats.remote_type);
  return TRUE;
}

static GstWebRTCICECandidateStats **
salon_ice_agent_get_no_candidates (GstWebRTCICE *ice, GstWebRTCICEStream *stream)
{
  return g_new0 (GstWebRTCICECandidateStats *, 1);
}

/* -- what a lite agent has no use for; the library asserts that all of them are there -- */

static void
salon_ice_agent_set_is_controller (GstWebRTCICE *ice, gboolean is_controller)
{
  SALON_ICE_AGENT (ice)->is_controller = is_controller;
}

static gboolean
salon_ice_agent_get_is_controller (GstWebRTCICE *ice)
{
  return SALON_ICE_AGENT (ice)->is_controller;
}

static gboolean
salon_ice_agent_add_turn_server (GstWebRTCICE *ice, const char *uri)
{
  return FALSE;
}

static void
salon_ice_agent_set_force_relay (GstWebRTCICE *ice, gboolean force_relay)
{
}

static void
salon_ice_agent_set_server (GstWebRTCICE *ice, const char *uri)
{
}

static char *
salon_ice_agent_get_server (GstWebRTCICE *ice)
{
  return NULL;
}

static void
salon_ice_agent_set_tos (GstWebRTCICE *ice, GstWebRTCICEStream *stream, guint tos)
{
  salon_ice_peer_set_tos (salon_ice_stream_get_peer (SALON_ICE_STREAM (stream)), tos);
}

/* -- life -- */

static void
close_streams (SalonIceAgent *self)
{
  for (guint i = 0; i < self->streams->len; i++)
    salon_ice_stream_close (g_ptr_array_index (self->streams, i));
}

/* Since 1.27.50, when webrtcbin goes to NULL. promise: (transfer full) (nullable) */
static void
salon_ice_agent_close (GstWebRTCICE *ice, GstPromise *promise)
{
  close_streams (SALON_ICE_AGENT (ice));
  if (promise == NULL)
    return;
  gst_promise_reply (promise, NULL);
  gst_promise_unref (promise);
}

static void
salon_ice_agent_dispose (GObject *object)
{
  SalonIceAgent *self = SALON_ICE_AGENT (object);

  /* Those of a webrtcbin that was never started. */
  close_streams (self);
  g_ptr_array_set_size (self->streams, 0);
  salon_ice_agent_set_on_ice_candidate (GST_WEBRTC_ICE (self), NULL, NULL, NULL);
  G_OBJECT_CLASS (salon_ice_agent_parent_class)->dispose (object);
}

static void
salon_ice_agent_finalize (GObject *object)
{
  SalonIceAgent *self = SALON_ICE_AGENT (object);

  g_ptr_array_unref (self->streams);
  salon_ice_hub_unref (self->hub);
  G_OBJECT_CLASS (salon_ice_agent_parent_class)->finalize (object);
}

/* Later versions' vfuncs, whatever the headers. */
static void
set_late_vfuncs (GstWebRTCICEClass *ice_class)
{
#if GST_CHECK_VERSION(1, 23, 0)
  ice_class->add_candidate = salon_ice_agent_add_candidate;
#else
  ice_class->add_candidate
      = (void (*) (GstWebRTCICE *, GstWebRTCICEStream *, const char *))G_CALLBACK (salon_ice_agent_add_candidate);
#endif
#if GST_CHECK_VERSION(1, 27, 50)
  ice_class->close = salon_ice_agent_close;
#else
  ice_class->_gst_reserved[0] = (gpointer)salon_ice_agent_close;
#endif
}

static void
salon_ice_agent_class_init (SalonIceAgentClass *klass)
{
  GstWebRTCICEClass *ice_class = GST_WEBRTC_ICE_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = salon_ice_agent_dispose;
  G_OBJECT_CLASS (klass)->finalize = salon_ice_agent_finalize;
  ice_class->add_stream = salon_ice_agent_add_stream;
  ice_class->find_transport = salon_ice_agent_find_transport;
  ice_class->gather_candidates = salon_ice_agent_gather_candidates;
  ice_class->set_local_credentials = salon_ice_agent_set_local_credentials;
  ice_class->set_remote_credentials = salon_ice_agent_set_remote_credentials;
  ice_class->add_turn_server = salon_ice_agent_add_turn_server;
  ice_class->set_is_controller = salon_ice_agent_set_is_controller;
  ice_class->get_is_controller = salon_ice_agent_get_is_controller;
  ice_class->set_force_relay = salon_ice_agent_set_force_relay;
  ice_class->set_stun_server = ice_class->set_turn_server = ice_class->set_http_proxy = salon_ice_agent_set_server;
  ice_class->get_stun_server = ice_class->get_turn_server = ice_class->get_http_proxy = salon_ice_agent_get_server;
  ice_class->set_tos = salon_ice_agent_set_tos;
  ice_class->set_on_ice_candidate = salon_ice_agent_set_on_ice_candidate;
  ice_class->get_local_candidates = ice_class->get_remote_candidates = salon_ice_agent_get_no_candidates;
  ice_class->get_selected_pair = salon_ice_agent_get_selected_pair;
  set_late_vfuncs (ice_class);
}

static void
salon_ice_agent_init (SalonIceAgent *self)
{
  self->streams = g_ptr_array_new_with_free_func (gst_object_unref);
}

GstElement *
salon_ice_make_webrtcbin (SalonIceHub *hub, const char *name)
{
  SalonIceAgent *agent = gst_object_ref_sink (g_object_new (SALON_TYPE_ICE_AGENT, NULL));

  agent->hub = salon_ice_hub_ref (hub);
  /* webrtcbin drops a reference that it never took: ours. */
  return gst_element_factory_make_full ("webrtcbin", "name", name, "ice-agent", agent, NULL);
}
