/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-transport.h"

#include <string.h>

#include "salon-candidate.h"
#include "salon-data-link.h"
#include "salon-error.h"
#include "salon-ice-agent.h"
#include "salon-limits.h"
#include "salon-webrtc-tuning.h"

GST_DEBUG_CATEGORY_STATIC (salon_transport_debug);
#define GST_CAT_DEFAULT salon_transport_debug

/* A local one, on its way to the main context. */
typedef struct
{
  guint m_line;
  char *text;
} Candidate;

typedef struct
{
  SalonGraph *graph;      /* (owned) */
  GstElement *webrtc;     /* (owned) (nullable): NULL once closed */
  SalonSdp *remote;       /* (owned) (nullable) */
  GHashTable *candidates; /* (owned) (element-type utf8): remote ones, since the last ICE restart */
  GstPromise *promise;    /* (owned) (nullable): of the call under way */
  guint deadline_id;
  guint silent_ms; /* 0: libnice tells */
  guint silence_id;
  SalonDataLink *data;                        /* (owned) (nullable) */
  const SalonDataChannelsEvents *data_events; /* (borrowed) (nullable) */
  gpointer data_events_data;
  gboolean is_lite; /* the client has to do all of ICE's checks */
  gboolean is_verified;
  gboolean is_disturbed;
  gboolean has_failed;
} SalonTransportPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (SalonTransport, salon_transport, G_TYPE_OBJECT)

enum
{
  SIGNAL_CANDIDATE,
  SIGNAL_VERIFIED,
  SIGNAL_DISTURBED,
  SIGNAL_FAILED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static SalonTransportPrivate *
priv_of (SalonTransport *self)
{
  return salon_transport_get_instance_private (self);
}

static void
candidate_free (Candidate *candidate)
{
  g_free (candidate->text);
  g_free (candidate);
}

/* -- from webrtcbin's thread to ours -- */

typedef struct
{
  SalonTransport *transport; /* (owned) */
  Candidate *candidate;      /* (owned) (nullable) */
} Post;

static void
post_free (Post *post)
{
  g_object_unref (post->transport);
  g_clear_pointer (&post->candidate, candidate_free);
  g_free (post);
}

static void
post_to_main (SalonTransport *self, GSourceFunc func, Candidate *candidate)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  Post *post = g_new (Post, 1);

  post->transport = g_object_ref (self);
  post->candidate = candidate;
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, post, (GDestroyNotify)post_free);
  g_source_attach (source, NULL);
}

/* -- failure -- */

static void
fail (SalonTransport *self, SalonError code, const char *message)
{
  SalonTransportPrivate *priv = priv_of (self);
  g_autoptr (GError) error = NULL;

  if (priv->webrtc == NULL || priv->has_failed)
    return;
  priv->has_failed = TRUE;
  GST_INFO_OBJECT (priv->webrtc, "%s", message);
  error = g_error_new_literal (SALON_ERROR, code, message);
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
}

static void
on_element_error (GstElement *element, gpointer user_data)
{
  fail (user_data, SALON_ERROR_MEDIA, "The media connection broke; join again");
}

static gboolean
on_deadline (gpointer user_data)
{
  SalonTransport *self = user_data;

  priv_of (self)->deadline_id = 0;
  fail (self, SALON_ERROR_MEDIA,
      "No media connection came about in time; a firewall or NAT may stand between you and the server's media port");
  return G_SOURCE_REMOVE;
}

/* -- the peer's certificate -- */

static GstWebRTCDTLSTransport *
get_dtls_transport (GstElement *webrtc)
{
  g_autoptr (GstWebRTCRTPTransceiver) transceiver = NULL;
  g_autoptr (GstWebRTCRTPSender) sender = NULL;
  g_autoptr (GstWebRTCRTPReceiver) receiver = NULL;
  GstWebRTCDTLSTransport *dtls = NULL;

  /* One BUNDLE group: every transceiver's sender or receiver has the one transport. */
  g_signal_emit_by_name (webrtc, "get-transceiver", 0, &transceiver);
  if (transceiver == NULL)
    return NULL;
  g_object_get (transceiver, "sender", &sender, "receiver", &receiver, NULL);
  g_object_get (sender, "transport", &dtls, NULL);
  if (dtls == NULL)
    g_object_get (receiver, "transport", &dtls, NULL);
  return dtls;
}

/* Returns: (transfer full) (nullable): the DER form of the first certificate in a PEM text (RFC 7468). */
static guint8 *
pem_to_der (const char *pem, gsize *size)
{
  static const char begin[] = "-----BEGIN CERTIFICATE-----";
  const char *start = pem != NULL ? strstr (pem, begin) : NULL;
  const char *end = start != NULL ? strstr (start, "-----END CERTIFICATE-----") : NULL;
  g_autofree char *base64 = NULL;

  if (end == NULL)
    return NULL;
  start += strlen (begin);
  base64 = g_strndup (start, end - start);
  return g_base64_decode (base64, size);
}

static gboolean
is_promised_peer (SalonTransport *self)
{
  SalonTransportPrivate *priv = priv_of (self);
  g_autoptr (GstWebRTCDTLSTransport) dtls = get_dtls_transport (priv->webrtc);
  g_autofree char *pem = NULL;
  g_autofree guint8 *der = NULL;
  gsize size = 0;

  if (dtls == NULL || priv->remote == NULL)
    return FALSE;
  g_object_get (dtls, "remote-certificate", &pem, NULL);
  der = pem_to_der (pem, &size);
  return der != NULL && salon_sdp_matches_certificate (priv->remote, der, size);
}

static void
verify (SalonTransport *self)
{
  SalonTransportPrivate *priv = priv_of (self);

  if (priv->is_verified || priv->has_failed)
    return;
  if (!is_promised_peer (self))
    {
      fail (self, SALON_ERROR_FINGERPRINT, "The peer's certificate is not the one its session description promises");
      return;
    }
  priv->is_verified = TRUE;
  g_clear_handle_id (&priv->deadline_id, g_source_remove);
  g_clear_handle_id (&priv->silence_id, g_source_remove);
  GST_DEBUG_OBJECT (priv->webrtc, "connected, certificate verified");
  if (!SALON_TRANSPORT_GET_CLASS (self)->verified (self))
    {
      fail (self, SALON_ERROR_MEDIA, "The media connection's encryption is not one that the server has; join again");
      return;
    }
  if (priv->data != NULL)
    salon_data_link_start (priv->data);
  g_signal_emit (self, signals[SIGNAL_VERIFIED], 0);
}

static void
set_disturbed (SalonTransport *self, gboolean is_disturbed)
{
  SalonTransportPrivate *priv = priv_of (self);

  if (priv->is_disturbed == is_disturbed || priv->has_failed)
    return;
  priv->is_disturbed = is_disturbed;
  GST_INFO_OBJECT (priv->webrtc, is_disturbed ? "the client is silent" : "the client is heard again");
  g_signal_emit (self, signals[SIGNAL_DISTURBED], 0, is_disturbed);
}

/* Somebody whose connection was made anew, and who can't be reached, is to be waited for as if it were the old one. */
static gboolean
on_silence (gpointer user_data)
{
  priv_of (user_data)->silence_id = 0;
  set_disturbed (user_data, TRUE);
  return G_SOURCE_REMOVE;
}

static gboolean
connection_state_on_main (gpointer user_data)
{
  SalonTransport *self = ((Post *)user_data)->transport;
  SalonTransportPrivate *priv = priv_of (self);
  GstWebRTCPeerConnectionState state;

  if (priv->webrtc == NULL)
    return G_SOURCE_REMOVE;
  g_object_get (priv->webrtc, "connection-state", &state, NULL);
  if (state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED)
    {
      verify (self);
      if (priv->webrtc != NULL)
        set_disturbed (self, FALSE);
    }
  else if (state == GST_WEBRTC_PEER_CONNECTION_STATE_DISCONNECTED)
    set_disturbed (self, TRUE);
  else if (state == GST_WEBRTC_PEER_CONNECTION_STATE_FAILED)
    fail (self, SALON_ERROR_MEDIA, "The media connection was lost; join again");
  return G_SOURCE_REMOVE;
}

static void
on_connection_state (GstElement *webrtc, GParamSpec *pspec, gpointer user_data)
{
  post_to_main (user_data, connection_state_on_main, NULL);
}

/* -- candidates -- */

static gboolean
candidate_on_main (gpointer user_data)
{
  Post *post = user_data;

  if (priv_of (post->transport)->webrtc != NULL)
    g_signal_emit (post->transport, signals[SIGNAL_CANDIDATE], 0, post->candidate->m_line, post->candidate->text);
  return G_SOURCE_REMOVE;
}

static void
on_ice_candidate (GstElement *webrtc, guint m_line, const char *text, gpointer user_data)
{
  Candidate *candidate = g_new (Candidate, 1);

  candidate->m_line = m_line;
  candidate->text = g_strdup (text);
  post_to_main (user_data, candidate_on_main, candidate);
}

static gboolean
end_of_candidates_on_main (gpointer user_data)
{
  SalonTransport *self = ((Post *)user_data)->transport;

  if (priv_of (self)->webrtc != NULL)
    g_signal_emit (self, signals[SIGNAL_CANDIDATE], 0, 0, "");
  return G_SOURCE_REMOVE;
}

/* Read here: on the main context, what was queued before may still be on its way. */
static void
on_ice_gathering_state (GstElement *webrtc, GParamSpec *pspec, gpointer user_data)
{
  GstWebRTCICEGatheringState state;

  g_object_get (webrtc, "ice-gathering-state", &state, NULL);
  if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE)
    post_to_main (user_data, end_of_candidates_on_main, NULL);
}

/* All m-lines share the first one's transport: webrtcbin would keep a candidate of another for ever. */
static void
give_candidate (gpointer candidate, gpointer unused, gpointer user_data)
{
  SalonTransportPrivate *priv = priv_of (user_data);

  if (priv->webrtc != NULL)
    g_signal_emit_by_name (priv->webrtc, "add-ice-candidate", 0, candidate);
}

/* candidate: (transfer full). FALSE when there are too many. */
static gboolean
keep_candidate (SalonTransport *self, char *candidate)
{
  SalonTransportPrivate *priv = priv_of (self);
  g_autofree char *owned = candidate;

  if (g_hash_table_contains (priv->candidates, candidate))
    return TRUE;
  if (g_hash_table_size (priv->candidates) >= SALON_LIMIT_CANDIDATES)
    return FALSE;
  if (priv->remote != NULL)
    give_candidate (candidate, NULL, self);
  g_hash_table_add (priv->candidates, g_steal_pointer (&owned));
  return TRUE;
}

gboolean
salon_transport_add_candidate (SalonTransport *self, guint m_line, const char *text, GError **error)
{
  char *candidate = NULL;

  if (priv_of (self)->webrtc == NULL || *text == '\0')
    return TRUE;
  if (!salon_candidate_read (text, &candidate, error))
    return FALSE;
  if (candidate == NULL || keep_candidate (self, candidate))
    return TRUE;
  g_set_error (
      error, SALON_ERROR, SALON_ERROR_MEDIA, "A connection may have %d ICE candidates", SALON_LIMIT_CANDIDATES);
  return FALSE;
}

/* -- one call to webrtcbin: its promise made into a GTask -- */

/* webrtcbin's thread. */
static void
on_promise_changed (GstPromise *promise, gpointer user_data)
{
  GTask *task = user_data;
  const GstStructure *reply = NULL;
  g_autoptr (GError) error = NULL;

  if (gst_promise_wait (promise) != GST_PROMISE_RESULT_REPLIED)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The connection was closed");
      return;
    }
  reply = gst_promise_get_reply (promise);
  if (reply != NULL && gst_structure_get (reply, "error", G_TYPE_ERROR, &error, NULL))
    {
      GST_INFO ("webrtcbin: %s", error->message);
      g_task_return_new_error (task, SALON_ERROR, SALON_ERROR_MEDIA,
          "The session description can't be used with this connection as it is now");
      return;
    }
  g_task_return_pointer (task, reply != NULL ? gst_structure_copy (reply) : gst_structure_new_empty ("empty"),
      (GDestroyNotify)gst_structure_free);
}

/* Emits an action signal of webrtcbin. One at a time. */
static void
call_async (
    SalonTransport *self, const char *action, gpointer argument, GAsyncReadyCallback callback, gpointer user_data)
{
  SalonTransportPrivate *priv = priv_of (self);
  GTask *task = g_task_new (self, NULL, callback, user_data);

  if (priv->webrtc == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The connection was closed");
      g_object_unref (task);
      return;
    }
  g_assert (priv->promise == NULL);
  priv->promise = gst_promise_new_with_change_func (on_promise_changed, task, g_object_unref);
  g_signal_emit_by_name (priv->webrtc, action, argument, priv->promise);
}

/* Returns: (transfer full): webrtcbin's reply. */
static GstStructure *
call_finish (SalonTransport *self, GAsyncResult *result, GError **error)
{
  g_clear_pointer (&priv_of (self)->promise, gst_promise_unref);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* webrtcbin stops its elements before the thread of its calls: one under way would then block the stopped elements'
 * pads for ever, and so leak them with all their sockets. No longer a wait than stopping is by itself: a call computes,
 * and never waits for the network or for us. */
static void
finish_call (SalonTransport *self)
{
  SalonTransportPrivate *priv = priv_of (self);

  if (priv->promise != NULL)
    gst_promise_wait (priv->promise);
}

/* -- descriptions -- */

static void
take_remote (SalonTransport *self, SalonSdp *remote)
{
  SalonTransportPrivate *priv = priv_of (self);
  gboolean is_first = priv->remote == NULL;

  /* An ICE restart begins anew, also with its candidates: a call may change networks for ever. */
  if (!is_first && g_strcmp0 (priv->remote->ufrag, remote->ufrag) != 0)
    g_hash_table_remove_all (priv->candidates);
  g_clear_pointer (&priv->remote, salon_sdp_unref);
  priv->remote = salon_sdp_ref (remote);
  if (is_first)
    g_hash_table_foreach (priv->candidates, give_candidate, self);
  /* By now it may be closed, or connected already. */
  if (is_first && priv->silent_ms > 0 && priv->webrtc != NULL && !priv->is_verified)
    priv->silence_id = g_timeout_add (priv->silent_ms, on_silence, self);
  /* As they come: more than allowed are of no use to the client either. */
  for (guint i = 0; i < remote->candidates->len; i++)
    {
      if (!keep_candidate (self, g_strdup (g_ptr_array_index (remote->candidates, i))))
        return;
    }
}

static void
on_remote_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonTransport *self = SALON_TRANSPORT (source);
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GstStructure) reply = call_finish (self, result, &error);

  if (reply == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  take_remote (self, g_task_get_task_data (task));
  g_task_return_boolean (task, TRUE);
}

void
salon_transport_set_remote_async (
    SalonTransport *self, GstWebRTCSDPType type, SalonSdp *sdp, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_autoptr (GstWebRTCSessionDescription) description = NULL;
  GstSDPMessage *copy = NULL;

  g_task_set_task_data (task, sdp, (GDestroyNotify)salon_sdp_unref);
  gst_sdp_message_copy (sdp->message, &copy);
  description = gst_webrtc_session_description_new (type, copy);
  call_async (self, "set-remote-description", description, on_remote_set, task);
}

gboolean
salon_transport_set_remote_finish (SalonTransport *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_local_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GstStructure) reply = call_finish (SALON_TRANSPORT (source), result, &error);

  if (reply == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_strdup (g_task_get_task_data (task)), g_free);
}

/* webrtcbin makes names of structure fields of each SSRC in a description, and GLib keeps each new name for ever; those
 * of retransmissions are new every time. It knows what it sends without them: they are for the client. */
static void
drop_ssrcs (GstSDPMessage *message)
{
  for (guint i = 0; i < gst_sdp_message_medias_len (message); i++)
    {
      GstSDPMedia *media = (GstSDPMedia *)gst_sdp_message_get_media (message, i);

      for (guint k = gst_sdp_media_attributes_len (media); k-- > 0;)
        {
          if (g_str_has_prefix (gst_sdp_media_get_attribute (media, k)->key, "ssrc"))
            gst_sdp_media_remove_attribute (media, k);
        }
    }
}

static void
on_local_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonTransport *self = SALON_TRANSPORT (source);
  GTask *task = user_data;
  GError *error = NULL;
  g_autoptr (GstStructure) reply = call_finish (self, result, &error);
  g_autoptr (GstWebRTCSessionDescription) description = NULL;

  if (reply == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  gst_structure_get (reply, gst_structure_has_field (reply, "offer") ? "offer" : "answer",
      GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description, NULL);
  if (priv_of (self)->is_lite)
    gst_sdp_message_add_attribute (description->sdp, "ice-lite", "");
  g_task_set_task_data (task, gst_sdp_message_as_text (description->sdp), g_free);
  drop_ssrcs (description->sdp);
  call_async (self, "set-local-description", description, on_local_set, task);
}

void
salon_transport_create_local_async (
    SalonTransport *self, GstWebRTCSDPType type, GAsyncReadyCallback callback, gpointer user_data)
{
  call_async (self, type == GST_WEBRTC_SDP_TYPE_OFFER ? "create-offer" : "create-answer", NULL, on_local_created,
      g_task_new (self, NULL, callback, user_data));
}

char *
salon_transport_create_local_finish (SalonTransport *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* -- data channels -- */

void
salon_transport_set_data_events (SalonTransport *self, const SalonDataChannelsEvents *events, gpointer user_data)
{
  SalonTransportPrivate *priv = priv_of (self);

  priv->data_events = events;
  priv->data_events_data = user_data;
}

gboolean
salon_transport_takes_data (SalonTransport *self)
{
  return priv_of (self)->data_events != NULL;
}

void
salon_transport_await_data (SalonTransport *self)
{
  SalonTransportPrivate *priv = priv_of (self);

  if (priv->webrtc != NULL && priv->data == NULL)
    priv->data = salon_data_link_new (priv->webrtc);
}

void
salon_transport_open_data (SalonTransport *self)
{
  SalonTransportPrivate *priv = priv_of (self);
  gboolean is_dtls_client;

  salon_transport_await_data (self);
  if (priv->data == NULL)
    return;
  /* We are the client to who is the server, and to who leaves it to us. */
  is_dtls_client = !g_str_equal (priv->remote->setup, "active");
  salon_data_link_open (priv->data, is_dtls_client, priv->data_events, priv->data_events_data);
  if (priv->is_verified)
    salon_data_link_start (priv->data);
}

/* -- life -- */

gboolean
salon_transport_open (SalonTransport *self, SalonGraph *graph, const char *name, const SalonMediaOptions *options)
{
  SalonTransportPrivate *priv = priv_of (self);
  gboolean is_lite = options->ice_hub != NULL;
  guint n_descriptors = is_lite ? SALON_DESCRIPTORS_MEDIA_LITE : SALON_DESCRIPTORS_MEDIA_FULL;

  priv->graph = g_object_ref (graph);
  if (options->descriptors != NULL
      && !salon_descriptors_take (options->descriptors, n_descriptors, 0, g_get_monotonic_time ()))
    {
      GST_WARNING_OBJECT (self, "no file descriptors for another connection");
      return FALSE;
    }
  priv->is_lite = is_lite;
  priv->silent_ms = is_lite ? salon_ice_hub_get_silent_ms (options->ice_hub) : 0;
  priv->webrtc = gst_object_ref_sink (salon_webrtc_new (name, options));
  g_signal_connect_object (priv->webrtc, "notify::connection-state", G_CALLBACK (on_connection_state), self, 0);
  g_signal_connect_object (priv->webrtc, "on-ice-candidate", G_CALLBACK (on_ice_candidate), self, 0);
  g_signal_connect_object (priv->webrtc, "notify::ice-gathering-state", G_CALLBACK (on_ice_gathering_state), self, 0);
  salon_graph_watch_element (graph, priv->webrtc, on_element_error, self);
  priv->deadline_id = g_timeout_add (options->ice_timeout_ms, on_deadline, self);
  salon_graph_add (graph, priv->webrtc);
  return TRUE;
}

GError *
salon_transport_error_no_room (void)
{
  return g_error_new_literal (
      SALON_ERROR, SALON_ERROR_MEDIA, "The server has no room for another media connection; try again later");
}

void
salon_transport_close (SalonTransport *self)
{
  SalonTransportPrivate *priv = priv_of (self);
  g_autoptr (GstElement) webrtc = g_steal_pointer (&priv->webrtc);

  if (webrtc == NULL)
    return;
  g_clear_pointer (&priv->data, salon_data_link_close);
  g_clear_handle_id (&priv->deadline_id, g_source_remove);
  g_clear_handle_id (&priv->silence_id, g_source_remove);
  g_signal_handlers_disconnect_by_data (webrtc, self);
  salon_graph_unwatch_element (priv->graph, webrtc);
  finish_call (self);
  salon_graph_remove (priv->graph, webrtc);
}

gboolean
salon_transport_is_closed (SalonTransport *self)
{
  return priv_of (self)->webrtc == NULL;
}

gboolean
salon_transport_is_verified (SalonTransport *self)
{
  return priv_of (self)->is_verified;
}

gboolean
salon_transport_get_ice_stats (SalonTransport *self, SalonIcePeerStats *stats)
{
  SalonTransportPrivate *priv = priv_of (self);
  g_autoptr (GObject) agent = NULL;

  if (priv->webrtc == NULL)
    return FALSE;
  g_object_get (priv->webrtc, "ice-agent", &agent, NULL);
  return SALON_IS_ICE_AGENT (agent) && salon_ice_agent_get_stats (SALON_ICE_AGENT (agent), stats);
}

SalonGraph *
salon_transport_get_graph (SalonTransport *self)
{
  return priv_of (self)->graph;
}

GstElement *
salon_transport_get_webrtcbin (SalonTransport *self)
{
  return priv_of (self)->webrtc;
}

const SalonSdp *
salon_transport_get_remote (SalonTransport *self)
{
  return priv_of (self)->remote;
}

static void
salon_transport_finalize (GObject *object)
{
  SalonTransportPrivate *priv = priv_of (SALON_TRANSPORT (object));

  g_assert (priv->webrtc == NULL); /* salon_transport_close() was called */
  g_clear_object (&priv->graph);
  g_clear_pointer (&priv->remote, salon_sdp_unref);
  g_hash_table_unref (priv->candidates);
  G_OBJECT_CLASS (salon_transport_parent_class)->finalize (object);
}

static void
salon_transport_class_init (SalonTransportClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (salon_transport_debug, "salon-transport", 0, "Salon peer connection");
  G_OBJECT_CLASS (klass)->finalize = salon_transport_finalize;
  signals[SIGNAL_CANDIDATE] = g_signal_new (
      "candidate", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING);
  signals[SIGNAL_VERIFIED] = g_signal_new ("verified", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_DISTURBED]
      = g_signal_new ("disturbed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  signals[SIGNAL_FAILED]
      = g_signal_new ("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
salon_transport_init (SalonTransport *self)
{
  priv_of (self)->candidates = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}
