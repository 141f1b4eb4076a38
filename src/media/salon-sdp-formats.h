/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/sdp/sdp.h>

#include "salon-codec.h"
#include "salon-sdp.h"

/* What of an m-line's formats and header extensions webrtcbin gets to see: the codecs that Salon forwards, their
 * retransmission (RFC 4588) and the extensions it uses, each written anew. GStreamer turns the names of all others
 * into caps fields, which stay in memory for the life of the process, and trips over some: so they are left out. */

/* In a BUNDLE group a payload type or extension id means the same in all m-lines (RFC 9143 section 9.1). Zeroed at
 * first, then given to each m-line's copies. */
typedef struct _SalonSdpNumbers
{
  guint8 formats[128];         /* what a payload type means; 0: nothing yet */
  const char *extensions[256]; /* the URI (static) of an id; NULL: none yet */
} SalonSdpNumbers;

/* Copies from an m-line of this kind. What is unknown or malformed is left out: `to` may end without formats. red:
 * (out), of the first Opus. Returns: (transfer none) (nullable): what is wrong with it, or NULL when all is well. */
const char *salon_sdp_formats_copy (SalonSdpNumbers *numbers, const GstSDPMedia *from, SalonKind kind, GstSDPMedia *to,
    SalonSdpRed *red) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: the id of a header extension; 0: it has none. */
guint salon_sdp_numbers_find_extension (const SalonSdpNumbers *numbers, const char *uri);

/* `to` has its simulcast already. attribute: an a=extmap of the m-line or of the session; others are passed over.
 * Returns as above. */
const char *salon_sdp_extension_copy (
    SalonSdpNumbers *numbers, const GstSDPAttribute *attribute, GstSDPMedia *to) G_GNUC_WARN_UNUSED_RESULT;
