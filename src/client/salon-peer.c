/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-peer.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <gst/webrtc/webrtc.h>

#include "salon-answer.h"

struct _SalonPeer
{
  GObject parent_instance;

  GstElement *webrtc;    /* (owned) */
  GMainContext *context; /* (owned): where it was made */
  GstWebRTCPeerConnectionState state;
  gboolean is_negotiable;
  char **formats; /* (owned) (nullable) */
};

G_DEFINE_FINAL_TYPE (SalonPeer, salon_peer, G_TYPE_OBJECT)

enum
{
  SIGNAL_NEGOTIABLE,
  SIGNAL_CANDIDATE,
  SIGNAL_CONNECTED,
  SIGNAL_FAILED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* -- from webrtcbin's threads to the main context -- */

typedef struct
{
  GWeakRef peer;
  guint m_line;
  char *candidate; /* (owned) (nullable) */
} Post;

static void
post_free (Post *post)
{
  g_weak_ref_clear (&post->peer);
  g_free (post->candidate);
  g_free (post);
}

static void
post_to_main (SalonPeer *self, GSourceFunc func, guint m_line, const char *candidate)
{
  Post *post = g_new (Post, 1);
  g_autoptr (GSource) source = g_idle_source_new ();

  g_weak_ref_init (&post->peer, self);
  post->m_line = m_line;
  post->candidate = g_strdup (candidate);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, post, (GDestroyNotify)post_free);
  g_source_attach (source, self->context);
}

static gboolean
has_caps (GstElement *webrtc, GstPad *pad, gpointer user_data)
{
  return gst_pad_has_current_caps (pad);
}

static gboolean
caps_on_main (gpointer user_data)
{
  g_autoptr (SalonPeer) self = g_weak_ref_get (&((Post *)user_data)->peer);

  if (self == NULL || self->is_negotiable || !gst_element_foreach_sink_pad (self->webrtc, has_caps, NULL))
    return G_SOURCE_REMOVE;
  self->is_negotiable = TRUE;
  g_signal_emit (self, signals[SIGNAL_NEGOTIABLE], 0);
  return G_SOURCE_REMOVE;
}

/* webrtcbin's own on-negotiation-needed comes before the SSRCs are known. */
static void
on_caps (GstPad *pad, GParamSpec *pspec, gpointer user_data)
{
  post_to_main (user_data, caps_on_main, 0, NULL);
}

static gboolean
watch_caps (GstElement *webrtc, GstPad *pad, gpointer user_data)
{
  g_signal_connect_object (pad, "notify::caps", G_CALLBACK (on_caps), user_data, 0);
  return TRUE;
}

static gboolean
candidate_on_main (gpointer user_data)
{
  Post *post = user_data;
  g_autoptr (SalonPeer) self = g_weak_ref_get (&post->peer);

  if (self != NULL)
    g_signal_emit (self, signals[SIGNAL_CANDIDATE], 0, post->m_line, post->candidate);
  return G_SOURCE_REMOVE;
}

static void
on_ice_candidate (GstElement *webrtc, guint m_line, const char *candidate, gpointer user_data)
{
  post_to_main (user_data, candidate_on_main, m_line, candidate);
}

static gboolean
state_on_main (gpointer user_data)
{
  g_autoptr (SalonPeer) self = g_weak_ref_get (&((Post *)user_data)->peer);
  GstWebRTCPeerConnectionState state;

  if (self == NULL)
    return G_SOURCE_REMOVE;
  g_object_get (self->webrtc, "connection-state", &state, NULL);
  if (state == self->state)
    return G_SOURCE_REMOVE;
  self->state = state;
  if (state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED)
    g_signal_emit (self, signals[SIGNAL_CONNECTED], 0);
  else if (state == GST_WEBRTC_PEER_CONNECTION_STATE_FAILED)
    g_signal_emit (self, signals[SIGNAL_FAILED], 0);
  return G_SOURCE_REMOVE;
}

static void
on_connection_state (GstElement *webrtc, GParamSpec *pspec, gpointer user_data)
{
  post_to_main (user_data, state_on_main, 0, NULL);
}

/* -- media, in its streaming threads -- */

/* Runs after the pipeline's own links "subscriber. ! ...", which were connected before. */
static void
on_pad_added (GstElement *webrtc, GstPad *pad, gpointer user_data)
{
  g_autoptr (GstObject) pipeline = NULL;
  g_autoptr (GstPad) sink_pad = NULL;
  GstElement *drain;

  if (!GST_PAD_IS_SRC (pad) || gst_pad_is_linked (pad))
    return;
  pipeline = gst_object_get_parent (GST_OBJECT (webrtc));
  drain = gst_element_factory_make ("fakesink", NULL);
  if (pipeline == NULL || drain == NULL)
    return;
  g_object_set (drain, "async", FALSE, "sync", FALSE, NULL);
  gst_bin_add (GST_BIN (pipeline), drain);
  gst_element_sync_state_with_parent (drain);
  sink_pad = gst_element_get_static_pad (drain, "sink");
  gst_pad_link (pad, sink_pad);
}

/* Of a transceiver that webrtcbin makes for an offered m-line. */
static void
on_new_transceiver (GstElement *webrtc, GstWebRTCRTPTransceiver *transceiver, gpointer user_data)
{
  GstWebRTCKind kind;

  g_object_get (transceiver, "kind", &kind, NULL);
  if (kind == GST_WEBRTC_KIND_VIDEO)
    g_object_set (transceiver, "do-nack", TRUE, NULL);
}

static gboolean
prepare_sending_pad (GstElement *webrtc, GstPad *pad, gpointer user_data)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  g_autoptr (GstWebRTCRTPTransceiver) transceiver = NULL;
  const char *media = caps != NULL ? gst_structure_get_string (gst_caps_get_structure (caps, 0), "media") : NULL;

  g_object_get (pad, "transceiver", &transceiver, NULL);
  g_object_set (transceiver, "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, "do-nack",
      g_strcmp0 (media, "video") == 0, NULL);
  return TRUE;
}

/* -- descriptions -- */

/* Emits an action signal and waits for what it promises. Returns: (transfer full) (nullable): the promise's reply. */
static GstStructure *
call (SalonPeer *self, const char *action, gpointer argument, GError **error)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();
  const GstStructure *reply;
  g_autoptr (GError) failure = NULL;

  g_signal_emit_by_name (self->webrtc, action, argument, promise);
  gst_promise_wait (promise);
  reply = gst_promise_get_reply (promise);
  if (reply == NULL)
    return gst_structure_new_empty ("done");
  if (!gst_structure_get (reply, "error", G_TYPE_ERROR, &failure, NULL))
    return gst_structure_copy (reply);
  g_propagate_prefixed_error (
      error, g_steal_pointer (&failure), "webrtcbin \"%s\", %s: ", GST_OBJECT_NAME (self->webrtc), action);
  return NULL;
}

static gboolean
set_remote (SalonPeer *self, GstWebRTCSDPType type, const char *sdp, GError **error)
{
  g_autoptr (GstWebRTCSessionDescription) description = NULL;
  g_autoptr (GstStructure) reply = NULL;
  GstSDPMessage *message = NULL;

  if (gst_sdp_message_new_from_text (sdp, &message) != GST_SDP_OK)
    {
      g_set_error_literal (
          error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("The server's session description is malformed"));
      return FALSE;
    }
  description = gst_webrtc_session_description_new (type, message);
  reply = call (self, "set-remote-description", description, error);
  return reply != NULL;
}

static void
accept_formats (SalonPeer *self, GstSDPMessage *answer)
{
  g_autoptr (GstWebRTCSessionDescription) offer = NULL;

  g_object_get (self->webrtc, "pending-remote-description", &offer, NULL);
  if (offer != NULL)
    salon_answer_accept (answer, offer->sdp, (const char *const *)self->formats);
}

/* Makes an offer or an answer, and makes it the local description. Returns: (transfer full) (nullable): its text. */
static char *
make_local (SalonPeer *self, GstWebRTCSDPType type, GError **error)
{
  const char *name = gst_webrtc_sdp_type_to_string (type);
  g_autofree char *action = g_strconcat ("create-", name, NULL);
  g_autoptr (GstWebRTCSessionDescription) description = NULL;
  g_autoptr (GstStructure) created = call (self, action, NULL, error);
  g_autoptr (GstStructure) reply = NULL;

  if (created == NULL)
    return NULL;
  if (!gst_structure_get (created, name, GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("webrtcbin \"%s\" makes no %s"),
          GST_OBJECT_NAME (self->webrtc), name);
      return NULL;
    }
  if (type == GST_WEBRTC_SDP_TYPE_ANSWER && self->formats != NULL)
    accept_formats (self, description->sdp);
  reply = call (self, "set-local-description", description, error);
  return reply != NULL ? gst_sdp_message_as_text (description->sdp) : NULL;
}

char *
salon_peer_offer (SalonPeer *self, GError **error)
{
  gst_element_foreach_sink_pad (self->webrtc, prepare_sending_pad, NULL);
  return make_local (self, GST_WEBRTC_SDP_TYPE_OFFER, error);
}

gboolean
salon_peer_take_answer (SalonPeer *self, const char *sdp, GError **error)
{
  return set_remote (self, GST_WEBRTC_SDP_TYPE_ANSWER, sdp, error);
}

char *
salon_peer_answer (SalonPeer *self, const char *offer_sdp, GError **error)
{
  if (!set_remote (self, GST_WEBRTC_SDP_TYPE_OFFER, offer_sdp, error))
    return NULL;
  return make_local (self, GST_WEBRTC_SDP_TYPE_ANSWER, error);
}

void
salon_peer_set_formats (SalonPeer *self, const char *const *names)
{
  g_strfreev (self->formats);
  self->formats = g_strdupv ((char **)names);
}

void
salon_peer_add_candidate (SalonPeer *self, guint m_line, const char *candidate)
{
  if (*candidate != '\0')
    g_signal_emit_by_name (self->webrtc, "add-ice-candidate", m_line, candidate);
}

/* -- object -- */

GstElement *
salon_peer_get_webrtcbin (SalonPeer *self)
{
  return self->webrtc;
}

static void
salon_peer_dispose (GObject *object)
{
  g_clear_object (&SALON_PEER (object)->webrtc);
  g_clear_pointer (&SALON_PEER (object)->context, g_main_context_unref);
  g_clear_pointer (&SALON_PEER (object)->formats, g_strfreev);
  G_OBJECT_CLASS (salon_peer_parent_class)->dispose (object);
}

static void
salon_peer_class_init (SalonPeerClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = salon_peer_dispose;
  signals[SIGNAL_NEGOTIABLE]
      = g_signal_new ("negotiable", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_CANDIDATE] = g_signal_new (
      "candidate", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING);
  signals[SIGNAL_CONNECTED] = g_signal_new ("connected", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_FAILED] = g_signal_new ("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
salon_peer_init (SalonPeer *self)
{
  self->state = GST_WEBRTC_PEER_CONNECTION_STATE_NEW;
}

static void
tune (GstElement *webrtc)
{
  g_autoptr (GObject) ice = NULL;
  g_autoptr (GObject) nice = NULL;

  /* Salon takes nothing else. */
  g_object_set (webrtc, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, NULL);
  g_object_get (webrtc, "ice-agent", &ice, NULL);
  g_object_get (ice, "agent", &nice, NULL);
  /* A search for a home router that costs 200 ms. */
  g_object_set (nice, "upnp", FALSE, NULL);
}

SalonPeer *
salon_peer_new (GstElement *webrtcbin)
{
  SalonPeer *self = g_object_new (SALON_TYPE_PEER, NULL);

  self->webrtc = gst_object_ref (webrtcbin);
  self->context = g_main_context_ref_thread_default ();
  tune (webrtcbin);
  gst_element_foreach_sink_pad (webrtcbin, watch_caps, self);
  g_signal_connect_object (webrtcbin, "on-ice-candidate", G_CALLBACK (on_ice_candidate), self, 0);
  g_signal_connect_object (webrtcbin, "notify::connection-state", G_CALLBACK (on_connection_state), self, 0);
  g_signal_connect_object (webrtcbin, "on-new-transceiver", G_CALLBACK (on_new_transceiver), self, 0);
  g_signal_connect_object (webrtcbin, "pad-added", G_CALLBACK (on_pad_added), self, 0);
  return self;
}
