/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What WHIP and WHEP do with session descriptions, as text: those of clients are checked where they are used. Pure
 * functions. */

/* A piece of one (RFC 8840, section 9): what a client tells later of its ICE. */
typedef struct
{
  char *ufrag;           /* (owned) (nullable): NULL when it doesn't say */
  char *pwd;             /* (owned) (nullable): likewise */
  GPtrArray *candidates; /* (owned) (element-type utf8): "candidate:..." */
} SalonSdpFragment;

/* Returns: (transfer full) (nullable): NULL for what is no SDP, or has one of the credentials without the other. */
SalonSdpFragment *salon_sdp_fragment_parse (const char *text) G_GNUC_WARN_UNUSED_RESULT;
void salon_sdp_fragment_free (SalonSdpFragment *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonSdpFragment, salon_sdp_fragment_free)

/* Whether the ICE session of a description is the one that the fragment is about, or it names none. */
gboolean salon_sdp_fragment_is_of (const SalonSdpFragment *self, const char *description) G_GNUC_WARN_UNUSED_RESULT;

/* All the rest return (transfer full). */

/* The same offer, with the fragment's credentials and without the candidates of before. */
char *salon_whip_sdp_restart (const char *offer, const SalonSdpFragment *fragment) G_GNUC_WARN_UNUSED_RESULT;
/* An answer with candidates (element-type utf8), which are all that there are. */
char *salon_whip_sdp_add_candidates (const char *answer, GPtrArray *candidates) G_GNUC_WARN_UNUSED_RESULT;
/* What an answer says of ICE, as a fragment. */
char *salon_whip_sdp_write_fragment (const char *answer, GPtrArray *candidates) G_GNUC_WARN_UNUSED_RESULT;
