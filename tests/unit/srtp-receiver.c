/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtp-receiver.h"

#define KEY_BYTES 30

/* Of each SSRC that it has not seen. */
static GstCaps *
on_request_key (GstElement *decoder, guint ssrc, gpointer key)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_memdup (key, KEY_BYTES);

  return gst_caps_new_simple ("application/x-srtp", "srtp-key", GST_TYPE_BUFFER, buffer, "srtp-cipher", G_TYPE_STRING,
      "aes-128-icm", "srtp-auth", G_TYPE_STRING, "hmac-sha1-80", "srtcp-cipher", G_TYPE_STRING, "aes-128-icm",
      "srtcp-auth", G_TYPE_STRING, "hmac-sha1-80", NULL);
}

void
srtp_receiver_init (SrtpReceiver *self, const guint8 *key)
{
  self->decoder = gst_object_ref_sink (gst_element_factory_make ("srtpdec", NULL));
  g_signal_connect (self->decoder, "request-key", G_CALLBACK (on_request_key), (gpointer)key);
  self->rtp = gst_harness_new_with_element (self->decoder, "rtp_sink", "rtp_src");
  self->rtcp = gst_harness_new_with_element (self->decoder, "rtcp_sink", "rtcp_src");
  gst_harness_set_src_caps (self->rtp, gst_caps_from_string ("application/x-srtp"));
  gst_harness_set_src_caps (self->rtcp, gst_caps_from_string ("application/x-srtcp"));
}

void
srtp_receiver_clear (SrtpReceiver *self)
{
  gst_harness_teardown (self->rtcp);
  gst_harness_teardown (self->rtp);
  gst_object_unref (self->decoder);
}

static GstBuffer *
take (GstHarness *harness, const guint8 *data, gsize size)
{
  gst_harness_push (harness, gst_buffer_new_memdup (data, size));
  return gst_harness_try_pull (harness);
}

GstBuffer *
srtp_receiver_take_rtp (SrtpReceiver *self, const guint8 *data, gsize size)
{
  return take (self->rtp, data, size);
}

GstBuffer *
srtp_receiver_take_rtcp (SrtpReceiver *self, const guint8 *data, gsize size)
{
  return take (self->rtcp, data, size);
}
