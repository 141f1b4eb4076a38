/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Reads a client's ICE candidate, "candidate:..." (RFC 8839 section 5.1), and writes it anew with what ICE needs and
 * nothing else. Valid ones that are of no use are passed over, without an error:
 *   - host names, which are looked up by nobody (browsers hide their addresses behind mDNS names: they reach us first,
 *     and ICE learns the address from that);
 *   - TCP, or the server would connect to whatever address and port a client names;
 *   - addresses that are not those of one host; RTCP's component, since RTCP is multiplexed.
 *
 * candidate: (out) (transfer full) (nullable): NULL when passed over.
 * Returns FALSE with SALON_ERROR_MEDIA when it is malformed. Pure; any thread. */
gboolean salon_candidate_read (const char *text, char **candidate, GError **error) G_GNUC_WARN_UNUSED_RESULT;
