/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-webrtc-tuning.h"

#include <gst/webrtc/webrtc.h>

#include "salon-ice-agent.h"
#include "salon-limits.h"

/* How much later than its neighbours a retransmitted packet may still come and be put in order. */
#define JITTER_BUFFER_MS 200

static gboolean
is_made_by (GstElement *element, const char *factory_name)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  return factory != NULL && g_str_equal (GST_OBJECT_NAME (factory), factory_name);
}

static void
tune_session (GstElement *rtpsession)
{
  g_autoptr (GObject) session = NULL;

  g_object_get (rtpsession, "internal-session", &session, NULL);
  if (session == NULL)
    return;
  /* The default share of RTCP held a keyframe request back for up to 550 ms; this sends it at once. */
  g_object_set (session, "rtcp-fraction", 200000.0, NULL);
  g_object_set (session, "twcc-feedback-interval", SALON_TRANSPORT_CC_INTERVAL_MS * GST_MSECOND, NULL);
}

static void
on_deep_element_added (GstBin *bin, GstBin *sub_bin, GstElement *element, gpointer user_data)
{
  if (is_made_by (element, "rtpjitterbuffer"))
    /* By default it asks for packets that aren't due yet: 4 to 10 needless NACKs a second. */
    g_object_set (element, "rtx-next-seqnum", FALSE, NULL);
  else if (is_made_by (element, "clocksync"))
    /* We forward; whoever plays synchronises. It held each packet for 2 to 10 ms. */
    g_object_set (element, "sync", FALSE, NULL);
  else if (is_made_by (element, "rtpsession"))
    tune_session (element);
}

static void
on_new_jitter_buffer (GstElement *rtpbin, GstElement *jitter_buffer, guint session, guint ssrc, gpointer user_data)
{
  /* After webrtcbin's own handler, which goes by a transceiver that may be the wrong one. */
  g_object_set (jitter_buffer, "do-retransmission", TRUE, NULL);
}

/* libnice's. */
static void
tune_full_ice (GstElement *webrtc, const SalonMediaOptions *options)
{
  g_autoptr (GObject) ice = NULL;
  g_autoptr (GObject) agent = NULL;

  if (options->stun_server != NULL)
    g_object_set (webrtc, "stun-server", options->stun_server, NULL);
  if (options->turn_server != NULL)
    g_object_set (webrtc, "turn-server", options->turn_server, NULL);
  g_object_get (webrtc, "ice-agent", &ice, NULL);
  if (options->ice_port_min != 0)
    g_object_set (ice, "min-rtp-port", options->ice_port_min, NULL);
  if (options->ice_port_max != 0)
    g_object_set (ice, "max-rtp-port", options->ice_port_max, NULL);
  g_object_get (ice, "agent", &agent, NULL);
  /* UPnP costs a thread, SSDP sockets and 200 ms a peer, and a server has no home router. */
  g_object_set (agent, "upnp", FALSE, NULL);
  /* Over TCP the agent would connect to whatever address a client names as its own, our internal ones too, and anybody
   * could open connections to its ports, without bound. On ports that nobody knows beforehand it passes hardly any
   * firewall that stops UDP. */
  g_object_set (agent, "ice-tcp", FALSE, NULL);
}

static void
tune (GstElement *webrtc)
{
  g_autoptr (GstElement) rtpbin = gst_bin_get_by_name (GST_BIN (webrtc), "rtpbin");

  g_object_set (webrtc, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, "latency", JITTER_BUFFER_MS, NULL);
  /* Each SSRC of media makes elements and two threads: more than one for each m-line is an attack, unless it is
   * simulcast, which nobody sends on all of so many. (Those of retransmission make none.) */
  g_object_set (rtpbin, "max-streams", SALON_LIMIT_MEDIA_LINES, NULL);
  /* Sender reports tell when the media came, not when a sink of ours would play it: that would wait for a latency which
   * the graph never agrees on, and without it there are no usable reports, hence no lip sync. */
  g_object_set (rtpbin, "rtcp-sync-send-time", FALSE, NULL);
  g_signal_connect (rtpbin, "new-jitterbuffer", G_CALLBACK (on_new_jitter_buffer), NULL);
  g_signal_connect (webrtc, "deep-element-added", G_CALLBACK (on_deep_element_added), NULL);
}

GstElement *
salon_webrtc_new (const char *name, const SalonMediaOptions *options)
{
  GstElement *webrtc = options->ice_hub != NULL ? salon_ice_make_webrtcbin (options->ice_hub, name)
                                                : gst_element_factory_make ("webrtcbin", name);

  tune (webrtc);
  if (options->ice_hub == NULL)
    tune_full_ice (webrtc, options);
  return webrtc;
}
