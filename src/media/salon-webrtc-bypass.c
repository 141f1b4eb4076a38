/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-webrtc-bypass.h"

#include <gst/webrtc/webrtc.h>
#include <string.h>

#include "salon-codec-caps.h"
#include "salon-feedback.h"
#include "salon-ice-agent.h"

/* GstDtlsSrtpCipher and GstDtlsSrtpAuth, whose header is private: AES-128-ICM, HMAC-SHA1-80. */
#define DTLS_SRTP_CIPHER_AES_128_ICM 1
#define DTLS_SRTP_AUTH_HMAC_SHA1_80 2

GstElement *
salon_webrtc_find_element (GstElement *webrtc, const char *factory_name)
{
  g_autoptr (GstIterator) found = gst_bin_iterate_all_by_element_factory_name (GST_BIN (webrtc), factory_name);
  g_auto (GValue) value = G_VALUE_INIT;
  GstIteratorResult result;

  /* Streaming threads add elements while we look. */
  while ((result = gst_iterator_next (found, &value)) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (found);
  return result == GST_ITERATOR_OK ? g_value_dup_object (&value) : NULL;
}

static gboolean
get_key (GstElement *webrtc, const char *factory_name, const char *property, guint8 key[SALON_SRTP_KEY_BYTES])
{
  g_autoptr (GstElement) element = salon_webrtc_find_element (webrtc, factory_name);
  g_autoptr (GstBuffer) buffer = NULL;
  guint cipher, auth;

  if (element == NULL)
    return FALSE;
  g_object_get (element, property, &buffer, "srtp-cipher", &cipher, "srtp-auth", &auth, NULL);
  return buffer != NULL && cipher == DTLS_SRTP_CIPHER_AES_128_ICM && auth == DTLS_SRTP_AUTH_HMAC_SHA1_80
         && gst_buffer_get_size (buffer) == SALON_SRTP_KEY_BYTES
         && gst_buffer_extract (buffer, 0, key, SALON_SRTP_KEY_BYTES) == SALON_SRTP_KEY_BYTES;
}

static void
take_feedback (SalonIcePeer *peer, SalonSender *sender, const guint8 *key)
{
  g_autoptr (GObject) next = salon_ice_peer_dup_listener (peer);
  g_autoptr (SalonFeedback) feedback = NULL;

  /* None any more: it is being closed. */
  if (next == NULL)
    return;
  feedback = salon_feedback_new (sender, SALON_ICE_LISTENER (next), key);
  salon_ice_peer_set_listener (peer, G_OBJECT (feedback));
}

void
salon_webrtc_negotiate_transport (GstElement *webrtc)
{
  g_autoptr (GstElement) rtpbin = gst_bin_get_by_name (GST_BIN (webrtc), "rtpbin");
  g_autoptr (GstCaps) caps = salon_codec_caps_offer (FALSE, 1);
  g_autoptr (GstWebRTCRTPTransceiver) transceiver = NULL;

  /* Nothing comes to it: its sessions stay as they are made, without a thread. */
  gst_element_set_locked_state (rtpbin, TRUE);
  gst_element_set_state (rtpbin, GST_STATE_NULL);
  g_signal_emit_by_name (webrtc, "add-transceiver", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, caps, &transceiver);
}

gboolean
salon_webrtc_bypass (GstElement *webrtc, SalonIceHub *hub, SalonSender *sender, guint8 transport_cc_id)
{
  g_autoptr (SalonIceAgent) agent = NULL;
  g_autoptr (SalonIcePeer) peer = NULL;
  guint8 key[SALON_SRTP_KEY_BYTES], client_key[SALON_SRTP_KEY_BYTES];
  gboolean has_keys
      = get_key (webrtc, "dtlsenc", "encoder-key", key) && get_key (webrtc, "dtlsdec", "decoder-key", client_key);

  g_object_get (webrtc, "ice-agent", &agent, NULL);
  peer = salon_ice_agent_dup_peer (agent);
  if (has_keys && peer != NULL)
    {
      SalonCongestion *congestion = salon_sender_get_congestion (sender);

      salon_congestion_start (congestion, transport_cc_id != 0);
      salon_sender_set_path (
          sender, salon_send_path_new (hub, peer, key, transport_cc_id, congestion, salon_sender_get_cname (sender)));
      take_feedback (peer, sender, client_key);
    }
  explicit_bzero (key, sizeof key);
  explicit_bzero (client_key, sizeof client_key);
  return has_keys && peer != NULL;
}
