/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For a test: webrtcbin on a media port of its own, with one data channel, which says back what it hears. Salon's own
 * are not webrtcbin's; this shows that our ICE agent carries what any webrtcbin does.
 *
 *   data-channel udp|tcp     writes {"offer": SDP}, reads {"answer": SDP}; one each line, until its input ends */
#include <gst/webrtc/webrtc.h>
#include <json-glib/json-glib.h>
#include <stdio.h>

#include "salon-ice-agent.h"

typedef struct
{
  SalonIceHub *hub;
  GstElement *pipeline, *webrtc;
  SalonIceAgent *agent; /* asked for once: webrtcbin holds its lock while a message is heard */
  GObject *channel;
} Party;

static void
on_message (GObject *channel, const char *text, gpointer user_data)
{
  Party *party = user_data;
  g_autofree char *reply = NULL;
  SalonIcePeerStats stats = { 0 };

  if (!salon_ice_agent_get_stats (party->agent, &stats) || stats.state != SALON_ICE_CONNECTED)
    g_error ("a message came, and nobody is connected");
  reply = g_strdup_printf ("%s by %s", text, stats.is_tcp ? "tcp" : "udp");
  g_signal_emit_by_name (channel, "send-string", reply);
}

static void
write_line (const char *key, const char *value)
{
  g_autoptr (JsonBuilder) builder = json_builder_new_immutable ();
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *line = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, key);
  json_builder_add_string_value (builder, value);
  json_builder_end_object (builder);
  node = json_builder_get_root (builder);
  line = json_to_string (node, FALSE);
  g_print ("%s\n", line);
  fflush (stdout);
}

static void
set_description (Party *party, const char *action, GstWebRTCSessionDescription *description)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();

  g_signal_emit_by_name (party->webrtc, action, description, promise);
  if (gst_promise_wait (promise) != GST_PROMISE_RESULT_REPLIED)
    g_error ("%s failed", action);
}

/* All candidates in it: there is no more to send. */
static void
offer (Party *party)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();
  g_autoptr (GstWebRTCSessionDescription) description = NULL;
  g_auto (GStrv) candidates = salon_ice_hub_dup_candidates (party->hub);
  g_autofree char *text = NULL;

  g_signal_emit_by_name (party->webrtc, "create-offer", NULL, promise);
  if (gst_promise_wait (promise) != GST_PROMISE_RESULT_REPLIED)
    g_error ("no offer");
  gst_structure_get (gst_promise_get_reply (promise), "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description, NULL);
  gst_sdp_message_add_attribute (description->sdp, "ice-lite", "");
  set_description (party, "set-local-description", description);
  for (char **candidate = candidates; *candidate != NULL; candidate++)
    gst_sdp_media_add_attribute ((GstSDPMedia *)gst_sdp_message_get_media (description->sdp, 0), "candidate",
        *candidate + strlen ("candidate:"));
  text = gst_sdp_message_as_text (description->sdp);
  write_line ("offer", text);
}

static void
take_answer (Party *party, const char *line)
{
  g_autoptr (JsonNode) node = json_from_string (line, NULL);
  g_autoptr (GstWebRTCSessionDescription) description = NULL;
  GstSDPMessage *sdp;

  if (gst_sdp_message_new_from_text (json_object_get_string_member (json_node_get_object (node), "answer"), &sdp)
      != GST_SDP_OK)
    g_error ("no SDP");
  description = gst_webrtc_session_description_new (GST_WEBRTC_SDP_TYPE_ANSWER, sdp);
  set_description (party, "set-remote-description", description);
}

int
main (int argc, char **argv)
{
  gboolean is_tcp = argc > 1 && g_str_equal (argv[1], "tcp");
  const SalonIceHubOptions options = { .has_udp = !is_tcp, .has_tcp = is_tcp, .lost_ms = 30000 };
  g_autoptr (GIOChannel) input = g_io_channel_unix_new (0);
  Party party = { 0 };
  char *line;

  gst_init (&argc, &argv);
  party.hub = salon_ice_hub_new (&options, NULL);
  party.pipeline = gst_pipeline_new (NULL);
  party.webrtc = salon_ice_make_webrtcbin (party.hub, NULL);
  g_object_set (party.webrtc, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, NULL);
  g_object_get (party.webrtc, "ice-agent", &party.agent, NULL);
  gst_bin_add (GST_BIN (party.pipeline), party.webrtc);
  gst_element_set_state (party.pipeline, GST_STATE_PLAYING);
  g_signal_emit_by_name (party.webrtc, "create-data-channel", "chat", NULL, &party.channel);
  g_signal_connect (party.channel, "on-message-string", G_CALLBACK (on_message), &party);
  offer (&party);
  while (g_io_channel_read_line (input, &line, NULL, NULL, NULL) == G_IO_STATUS_NORMAL)
    {
      take_answer (&party, line);
      g_free (line);
    }
  g_object_unref (party.channel);
  g_object_unref (party.agent);
  gst_element_set_state (party.pipeline, GST_STATE_NULL);
  gst_object_unref (party.pipeline);
  salon_ice_hub_close (party.hub);
  salon_ice_hub_unref (party.hub);
  return 0;
}
