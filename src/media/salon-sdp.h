/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/sdp/sdp.h>

/* A session description from a client, read and checked before webrtcbin sees it. webrtcbin 1.22 aborts the process on
 * several legal and illegal descriptions, so whatever is not known to be safe is refused here with SALON_ERROR_MEDIA.
 * Immutable and counted; any thread. */

typedef enum
{
  SALON_SDP_AUDIO,
  SALON_SDP_VIDEO,
  SALON_SDP_APPLICATION, /* data channels */
} SalonSdpKind;

typedef struct
{
  SalonSdpKind kind;
  char *mid;      /* (owned) */
  gboolean sends; /* the describing side sends on it */
  gboolean receives;
  gboolean rejected; /* port 0 and not bundle-only (RFC 9143 section 7.1) */
} SalonSdpMedia;

typedef struct
{
  GstSDPMessage *message;  /* (owned) */
  GPtrArray *media;        /* (owned) (element-type SalonSdpMedia): in order */
  GPtrArray *fingerprints; /* (owned) (element-type utf8): "sha-256 AB:CD...", lower-case name, upper-case hex */
  GHashTable *ssrc_media;  /* (owned): SSRC -> index of its m-line + 1 */
} SalonSdp;

/* Parses and checks what holds for every description: bounds, unique mids, one BUNDLE group with every m-line,
 * rtcp-mux, ICE credentials, a strong DTLS fingerprint, no SSRC on two m-lines. */
SalonSdp *salon_sdp_parse (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
SalonSdp *salon_sdp_ref (SalonSdp *self) G_GNUC_WARN_UNUSED_RESULT;
void salon_sdp_unref (SalonSdp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonSdp, salon_sdp_unref)

/* Checks a client's offer. previous (nullable): the one before on this connection; m-lines may only be added. */
gboolean salon_sdp_check_offer (const SalonSdp *self, const SalonSdp *previous,
    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Checks a client's answer against our offer: the same m-lines in the same order. */
gboolean salon_sdp_check_answer (const SalonSdp *self, const SalonSdp *offer,
    GError **error) G_GNUC_WARN_UNUSED_RESULT;

const SalonSdpMedia *salon_sdp_get_media (const SalonSdp *self, guint index);
/* Returns: (nullable): the m-line of this mid. */
const SalonSdpMedia *salon_sdp_find_media (const SalonSdp *self, const char *mid);
/* Returns: (nullable): the mid of the m-line that announces this SSRC (RFC 5576). */
const char *salon_sdp_get_mid_of_ssrc (const SalonSdp *self, guint32 ssrc);

/* Whether a DER certificate is one of those the description promises (RFC 8122 section 5). */
gboolean salon_sdp_matches_certificate (const SalonSdp *self, const guint8 *der, gsize der_size);
