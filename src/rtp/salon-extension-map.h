/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Header extensions that Salon knows by name (RFC 8285 identifies each by a URI). */
#define SALON_URI_TRANSPORT_CC "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define SALON_URI_MID "urn:ietf:params:rtp-hdrext:sdes:mid"
#define SALON_URI_RID "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
#define SALON_URI_REPAIRED_RID "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
#define SALON_URI_ABS_SEND_TIME "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
#define SALON_URI_TRANSMISSION_OFFSET "urn:ietf:params:rtp-hdrext:toffset"
#define SALON_URI_DEPENDENCY_DESCRIPTOR                                                                                \
  "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
#define SALON_URI_AUDIO_LEVEL "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

/* Which of an input's extension elements go on, and under which id: two connections number the same extension
 * differently. Zeroed, it drops all of them. */
typedef struct
{
  guint8 out_id[256];     /* by the input's id; 0: dropped */
  guint8 transport_cc_id; /* the output's; 0: it has none */
  guint8 dependency_id;   /* the input's dependency descriptor; 0: it has none */
} SalonExtensionMap;

/* Lets `uri` pass from in_id to out_id. in_id is 0 when only the output has it, which matters for the transport-wide
 * sequence number: the sender adds its own; out_id when only the input has it, which matters for the dependency
 * descriptor: it is read. Those that belong to one hop or name the publisher's m-lines never pass:
 * transport-wide sequence number, send time, transmission offset, mid, rid, repaired rid. */
void salon_extension_map_add (SalonExtensionMap *map, const char *uri, guint8 in_id, guint8 out_id);
