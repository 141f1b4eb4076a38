/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/sdp/sdp.h>

#include "salon-layer.h"

/* Reads the simulcast that an m-line sends (RFC 8853): the first alternative of each stream, without restrictions, and
 * writes it anew to `to`. GStreamer makes the names of caps fields of rids, which stay in memory for the life of the
 * process, so these are short or well known. */

/* rids: (out) (transfer full): the smallest picture first, as names that everybody uses say, or the order.
 * Returns: (transfer none) (nullable): what is wrong with it, or NULL when all is well. */
const char *salon_sdp_simulcast_copy (const GstSDPMedia *from, GstSDPMedia *to, char *rids[SALON_MAX_SPATIAL_LAYERS],
    guint *n_rids) G_GNUC_WARN_UNUSED_RESULT;
