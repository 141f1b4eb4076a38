/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-media-options.h"

/* Returns: (transfer floating): a webrtcbin that forwards instead of playing: without what is slow or wrong in its
 * defaults, each with its reason in the code; and on the ports that the options say. */
GstElement *salon_webrtc_new (const char *name, const SalonMediaOptions *options) G_GNUC_WARN_UNUSED_RESULT;
