/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/sdp/sdp.h>

#include "salon-layer.h"

/* A session description from a client: read, checked, and written anew before webrtcbin sees it. webrtcbin 1.22 aborts
 * the process on several legal and illegal descriptions, so whatever is not known to be safe is refused here with
 * SALON_ERROR_MEDIA; and what merely isn't needed (most attributes, unknown codecs) is not passed on.
 * Immutable and counted; any thread. */

typedef enum
{
  SALON_SDP_AUDIO,
  SALON_SDP_VIDEO,
} SalonSdpKind;

/* Sound with redundancy (RFC 2198), of Opus alone. The message has none of it: webrtcbin would take it off. */
typedef struct
{
  guint8 payload_type; /* 0: there is none */
  guint8 opus_payload_type;
} SalonSdpRed;

typedef struct
{
  SalonSdpKind kind;
  char *mid;      /* (owned) */
  gboolean sends; /* the describing side sends on it */
  gboolean receives;
  char *rids[SALON_MAX_SPATIAL_LAYERS]; /* (owned): of simulcast (RFC 8853) that it sends, the smallest picture first */
  guint n_rids;                         /* 0: it sends one stream */
  char *stream;    /* (owned) (nullable): of the MediaStream that it belongs to, of 64 characters at most (RFC 8830) */
  char *track;     /* (owned) (nullable): likewise */
  SalonSdpRed red; /* of sound */
} SalonSdpMedia;

typedef struct _SalonSdpNumbers SalonSdpNumbers;

typedef struct
{
  GstSDPMessage *message;   /* (owned): made by us of what was understood; every m-line is in the BUNDLE group */
  GPtrArray *media;         /* (owned) (element-type SalonSdpMedia): in order */
  GPtrArray *candidates;    /* (owned) (element-type utf8): as of salon_candidate_read(); not in the message */
  GHashTable *ssrc_media;   /* (owned): SSRC -> index of its m-line + 1 */
  SalonSdpNumbers *numbers; /* (owned): payload types and header extensions */
  char *ufrag;              /* (owned): ICE credentials: of all m-lines, as is the rest here */
  char *pwd;                /* (owned) */
  char *fingerprint;        /* (owned): "sha-256 AB:CD...", lower-case name, upper-case hex */
  const char *setup;        /* static: the role in DTLS: "actpass", "active" or "passive" */
  char *data_mid;           /* (owned) (nullable): of the m-line for data channels, which is not among the others: it is
                               not webrtcbin's. If it comes first, one for sound, on which nothing comes, is among
                               them in its place. NULL: there is none, or it is rejected */
  gboolean is_data_rejected;
  guint data_index; /* where it stands among all m-lines */
} SalonSdp;

/* Parses and checks what holds for every description: bounds, unique mids, one BUNDLE group with every m-line,
 * rtcp-mux, the same ICE credentials, strong DTLS fingerprint and role for all m-lines, no port 0, no SSRC on two
 * m-lines, no number with two meanings, one m-line for data channels. */
SalonSdp *salon_sdp_parse (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
SalonSdp *salon_sdp_ref (SalonSdp *self) G_GNUC_WARN_UNUSED_RESULT;
void salon_sdp_unref (SalonSdp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonSdp, salon_sdp_unref)

/* Checks a client's offer. previous (nullable): the one before on this connection; m-lines may only be added. */
gboolean salon_sdp_check_offer (
    const SalonSdp *self, const SalonSdp *previous, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Checks a client's answer against our offer: the same m-lines in the same order. */
gboolean salon_sdp_check_answer (const SalonSdp *self, const SalonSdp *offer, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the transport is the same as before. previous (nullable) */
gboolean salon_sdp_check_transport (
    const SalonSdp *self, const SalonSdp *previous, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What an answer says of the transport, for a webrtcbin that offered the first m-line alone: that line, recvonly, and
 * all that holds for every line. Returns: (transfer full) */
SalonSdp *salon_sdp_copy_transport (const SalonSdp *self) G_GNUC_WARN_UNUSED_RESULT;

const SalonSdpMedia *salon_sdp_get_media (const SalonSdp *self, guint index);
/* Returns: (nullable): the m-line of this mid. */
const SalonSdpMedia *salon_sdp_find_media (const SalonSdp *self, const char *mid);
/* Which of an m-line's simulcast streams has this rid (RFC 8851), which need not end with a NUL; -1: none. */
gint salon_sdp_media_find_rid (const SalonSdpMedia *media, const char *rid, gsize size);
/* Whether some m-line sends. */
gboolean salon_sdp_sends (const SalonSdp *self);
/* Whether some m-line sends simulcast. */
gboolean salon_sdp_has_simulcast (const SalonSdp *self);
/* Whether it sends lost packets of video again, on request (RFC 4585, section 6.2.1). */
gboolean salon_sdp_resends_video (const SalonSdp *self);
/* Returns: (nullable): the mid of the m-line that announces this SSRC (RFC 5576). */
const char *salon_sdp_get_mid_of_ssrc (const SalonSdp *self, guint32 ssrc);

/* Returns: the id of a header extension (RFC 8285), which is the same in all m-lines; 0: none has it. */
guint salon_sdp_get_extension_id (const SalonSdp *self, const char *uri);

/* Whether a DER certificate is the one that the description promises (RFC 8122 section 5). */
gboolean salon_sdp_matches_certificate (const SalonSdp *self, const guint8 *der, gsize der_size);
