/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* webrtcbin with our agent, and at the other end one with libnice's, as a client that does all of ICE. */
#include <string.h>

#include <gst/gst.h>
#include <gst/webrtc/webrtc.h>

#include "salon-ice-agent.h"

#define WAIT_US (20 * G_USEC_PER_SEC)

typedef struct
{
  SalonIceHub *hub;
  GstElement *pipeline;
  GstElement *lite, *full; /* (borrowed) */
  GAsyncQueue *messages;   /* (owned) (element-type utf8) */
  GObject *channels[2];    /* (owned) (nullable) */
} Fixture;

static void
on_candidate (GstElement *webrtc, guint m_line, const char *candidate, gpointer other)
{
  g_signal_emit_by_name (other, "add-ice-candidate", m_line, candidate);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const SalonIceHubOptions options = { .has_udp = TRUE, .lost_ms = 10000 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GObject) ice = NULL;
  g_autoptr (GObject) nice = NULL;

  f->hub = salon_ice_hub_new (&options, &error);
  g_assert_no_error (error);
  f->messages = g_async_queue_new_full (g_free);
  f->pipeline = gst_pipeline_new (NULL);
  f->lite = salon_ice_make_webrtcbin (f->hub, "lite");
  f->full = gst_element_factory_make ("webrtcbin", "full");
  gst_bin_add_many (GST_BIN (f->pipeline), f->lite, f->full, NULL);
  g_object_set (f->lite, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, NULL);
  g_object_set (f->full, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, NULL);
  g_object_get (f->full, "ice-agent", &ice, NULL);
  g_object_get (ice, "agent", &nice, NULL);
  g_object_set (nice, "upnp", FALSE, NULL);
  g_signal_connect (f->lite, "on-ice-candidate", G_CALLBACK (on_candidate), f->full);
  g_signal_connect (f->full, "on-ice-candidate", G_CALLBACK (on_candidate), f->lite);
  gst_element_set_state (f->pipeline, GST_STATE_PLAYING);
}

/* What has been changed meanwhile is gone through again. */
static void
for_each (GstIterator *items, GstIteratorForeachFunction func)
{
  while (gst_iterator_foreach (items, func, NULL) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (items);
}

static GstPadProbeReturn
drop (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return GST_PAD_PROBE_DROP;
}

static void
close_pad (const GValue *item, gpointer user_data)
{
  GstPad *pad = g_value_get_object (item);

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, drop, NULL, NULL);
  /* What is in the element already, has to come out of it. */
  GST_PAD_STREAM_LOCK (pad);
  GST_PAD_STREAM_UNLOCK (pad);
}

static void
close_entry (const GValue *item, gpointer user_data)
{
  g_autoptr (GstIterator) pads = gst_element_iterate_sink_pads (g_value_get_object (item));

  for_each (pads, close_pad);
}

static void
stop (const GValue *item, gpointer user_data)
{
  gst_element_set_state (g_value_get_object (item), GST_STATE_NULL);
}

static void
for_all (Fixture *f, const char *factory, GstIteratorForeachFunction func)
{
  g_autoptr (GstIterator) elements = gst_bin_iterate_all_by_element_factory_name (GST_BIN (f->pipeline), factory);

  for_each (elements, func);
}

/* webrtcbin's own data channels, which the server has no use for: GStreamer 1.22 frees channels and associations before
 * it waits for the threads that are in the midst of them, with a last message (appsrc, which goes on into sctpenc) or a
 * receipt (sctpdec). */
static void
quieten_channels (Fixture *f)
{
  for_all (f, "sctpdec", close_entry);
  for_all (f, "appsrc", stop);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  SalonIceHubStats stats;

  quieten_channels (f);
  g_clear_object (&f->channels[0]);
  g_clear_object (&f->channels[1]);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_object_unref (f->pipeline);
  salon_ice_hub_get_stats (f->hub, &stats);
  g_assert_cmpuint (stats.n_peers, ==, 0);
  salon_ice_hub_close (f->hub);
  salon_ice_hub_unref (f->hub);
  g_async_queue_unref (f->messages);
}

/* Returns: (transfer full): the description made. */
static GstWebRTCSessionDescription *
create (GstElement *webrtc, const char *action, const char *field)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();
  GstWebRTCSessionDescription *description = NULL;

  g_signal_emit_by_name (webrtc, action, NULL, promise);
  g_assert_cmpint (gst_promise_wait (promise), ==, GST_PROMISE_RESULT_REPLIED);
  gst_structure_get (gst_promise_get_reply (promise), field, GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description, NULL);
  g_assert_nonnull (description);
  return description;
}

static void
set (GstElement *webrtc, const char *action, GstWebRTCSessionDescription *description)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();

  g_signal_emit_by_name (webrtc, action, description, promise);
  g_assert_cmpint (gst_promise_wait (promise), ==, GST_PROMISE_RESULT_REPLIED);
}

static void
on_message (GObject *channel, const char *text, gpointer user_data)
{
  g_async_queue_push (user_data, g_strdup (text));
}

static void
on_channel (GstElement *webrtc, GObject *channel, gpointer user_data)
{
  Fixture *f = user_data;

  f->channels[1] = g_object_ref (channel);
  g_signal_connect (channel, "on-message-string", G_CALLBACK (on_message), f->messages);
  g_async_queue_push (f->messages, g_strdup ("a channel"));
}

static void
assert_next (Fixture *f, const char *expected)
{
  g_autofree char *text = g_async_queue_timeout_pop (f->messages, WAIT_US);

  g_assert_cmpstr (text, ==, expected);
}

/* With a message both ways, after which all is there that belongs to it. */
static void
connect_channel (Fixture *f)
{
  g_autoptr (GstWebRTCSessionDescription) offer = NULL;
  g_autoptr (GstWebRTCSessionDescription) answer = NULL;

  g_signal_connect (f->full, "on-data-channel", G_CALLBACK (on_channel), f);
  g_signal_emit_by_name (f->lite, "create-data-channel", "chat", NULL, &f->channels[0]);
  g_signal_connect (f->channels[0], "on-message-string", G_CALLBACK (on_message), f->messages);
  offer = create (f->lite, "create-offer", "offer");
  gst_sdp_message_add_attribute (offer->sdp, "ice-lite", "");
  set (f->lite, "set-local-description", offer);
  set (f->full, "set-remote-description", offer);
  answer = create (f->full, "create-answer", "answer");
  set (f->full, "set-local-description", answer);
  set (f->lite, "set-remote-description", answer);
  assert_next (f, "a channel");
  g_signal_emit_by_name (f->channels[1], "send-string", "from the client");
  assert_next (f, "from the client");
  g_signal_emit_by_name (f->channels[0], "send-string", "from the server");
  assert_next (f, "from the server");
}

static void
test_data_channel (Fixture *f, gconstpointer data)
{
  SalonIcePeerStats stats;
  g_autoptr (SalonIceAgent) agent = NULL;

  connect_channel (f);
  g_object_get (f->lite, "ice-agent", &agent, NULL);
  g_assert_true (salon_ice_agent_get_stats (agent, &stats));
  g_assert_cmpint (stats.state, ==, SALON_ICE_CONNECTED);
  g_assert_true (stats.has_path);
  g_assert_false (stats.is_tcp);
  g_assert_cmpuint (stats.packets_received, >, 3);
  g_assert_cmpuint (stats.bytes_received, >, 10 * stats.packets_received);
  g_assert_cmpuint (stats.packets_sent, >, 3);
  g_assert_cmpuint (stats.checks_received, >, 0);
  g_assert_cmpuint (stats.drops.not_sent, ==, 0);
}

/* Each wrapper of the library asserts that its function is there: none may be missing. */
static void
test_properties (Fixture *f, gconstpointer data)
{
  g_autofree GParamSpec **specs = NULL;
  g_autoptr (GstPromise) promise = gst_promise_new ();
  guint n;

  connect_channel (f);
  g_object_set (f->lite, "stun-server", "stun://192.0.2.1:3478", "turn-server", "turn://a:b@192.0.2.1:3478", NULL);
  g_object_set (f->lite, "http-proxy", "http://192.0.2.1:3128", "ice-transport-policy", 1, NULL);
  specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (f->lite), &n);
  for (guint i = 0; i < n; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      if ((specs[i]->flags & G_PARAM_READABLE) != 0)
        g_object_get_property (G_OBJECT (f->lite), specs[i]->name, &value);
    }
  g_signal_emit_by_name (f->lite, "get-stats", NULL, promise);
  g_assert_cmpint (gst_promise_wait (promise), ==, GST_PROMISE_RESULT_REPLIED);
}

/* Made and thrown away, without ever having been in a pipeline. */
static void
test_unused (Fixture *f, gconstpointer data)
{
  GstElement *webrtc = gst_object_ref_sink (salon_ice_make_webrtcbin (f->hub, "unused"));
  GObject *agent = NULL;

  g_object_get (webrtc, "ice-agent", &agent, NULL);
  gst_object_unref (webrtc);
  g_assert_finalize_object (agent);
}

static void
test_agent_ends (Fixture *f, gconstpointer data)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (
      "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=97,encoding-params=(string)2");
  g_autoptr (GstWebRTCSessionDescription) offer = NULL;
  GstWebRTCRTPTransceiver *transceiver = NULL;
  g_autoptr (GstBus) bus = gst_element_get_bus (f->pipeline);
  SalonIceHubStats stats;
  GObject *agent = NULL;

  g_signal_emit_by_name (f->lite, "add-transceiver", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY, caps, &transceiver);
  gst_object_unref (transceiver);
  offer = create (f->lite, "create-offer", "offer");
  set (f->lite, "set-local-description", offer);
  salon_ice_hub_get_stats (f->hub, &stats);
  g_assert_cmpuint (stats.n_peers, ==, 1);
  g_object_get (f->lite, "ice-agent", &agent, NULL);
  gst_element_set_state (f->lite, GST_STATE_NULL);
  salon_ice_hub_get_stats (f->hub, &stats);
  g_assert_cmpuint (stats.n_peers, ==, 0);
  gst_bin_remove (GST_BIN (f->pipeline), f->lite);
  /* Messages hold who sent them. */
  gst_bus_set_flushing (bus, TRUE);
  g_assert_finalize_object (agent);
}

#define ADD(name, func) g_test_add ("/ice/agent/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  ADD ("a-data-channel-both-ways-with-libnice", test_data_channel);
  ADD ("every-property-can-be-read", test_properties);
  ADD ("one-that-is-never-used-ends", test_unused);
  ADD ("ends-with-its-webrtcbin", test_agent_ends);
  return g_test_run ();
}
