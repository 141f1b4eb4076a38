/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-rewriter.h"

/* Finds how a slot sends an input: the structure of `output` with the input's codec, its payload type and header
 * extensions. Those named RTX are not codecs and never match. Sound in RED goes where Opus goes, as RED or without it.
 * Without `output` (nullable) the input's own numbers stay.
 *
 * Returns: (transfer full) (nullable): the fixed caps to send it with, and *source filled; or NULL when Salon does not
 * know the codec or `output` does not have it. */
GstCaps *salon_slot_caps_match (
    const GstCaps *input, const GstCaps *output, guint32 ssrc, SalonRewriterSource *source) G_GNUC_WARN_UNUSED_RESULT;

/* Whether something in these caps may be video, so that keyframes matter. */
gboolean salon_slot_caps_have_video (const GstCaps *caps);
