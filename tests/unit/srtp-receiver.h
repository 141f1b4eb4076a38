/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/check/gstharness.h>

/* Who receives what Salon protects, for tests: GStreamer's srtpdec, which is libsrtp. */
typedef struct
{
  GstElement *decoder; /* (owned) */
  GstHarness *rtp;     /* (owned) */
  GstHarness *rtcp;    /* (owned) */
} SrtpReceiver;

/* key: of 30 bytes, which must outlive it; of all SSRCs. */
void srtp_receiver_init (SrtpReceiver *self, const guint8 *key);
void srtp_receiver_clear (SrtpReceiver *self);

/* Returns: (transfer full) (nullable): the packet; NULL if it refuses it. */
GstBuffer *srtp_receiver_take_rtp (SrtpReceiver *self, const guint8 *data, gsize size);
GstBuffer *srtp_receiver_take_rtcp (SrtpReceiver *self, const guint8 *data, gsize size);
