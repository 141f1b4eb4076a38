/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-codec.h"

/* What stands between a pad of salonsink or salonsrc and RTP: bins with one pad at each end. */

typedef struct
{
  SalonCodec video_codec; /* what raw pictures become */
  guint video_bps;
  guint audio_bps;
  gboolean measures; /* sound that comes encoded is decoded, to tell how loud it is */
} SalonEncoding;

/* What a sink pad may be given. Returns: (transfer full) */
GstCaps *salon_branch_get_caps (SalonKind kind);

/* From media of these caps to RTP, at the pipeline's pace. Returns: (transfer full) (nullable): floating. Errors: the
 * element that is missing, or what the caps should be. */
GstElement *salon_branch_new_sender (
    const GstCaps *caps, const SalonEncoding *encoding, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* From RTP to media, encoded or raw, in a thread of its own. Returns: (transfer full) (nullable): floating. Errors: the
 * element that is missing.
 */
GstElement *salon_branch_new_receiver (SalonCodec codec, gboolean decodes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
