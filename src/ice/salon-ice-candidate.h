/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-ice-hosts.h"
#include "salon-ice-tcp.h"
#include "salon-ice-udp.h"

/* What clients are told: each address of ours with the ports that are open, "candidate:..." (RFC 8839), UDP before TCP
 * and the first address before the others. udp, tcp: (nullable). Returns: (transfer full). */
GStrv salon_ice_candidates_write (
    const SalonIceHosts *hosts, const SalonIceUdp *udp, const SalonIceTcp *tcp) G_GNUC_WARN_UNUSED_RESULT;

/* The address and type of a candidate of a client; FALSE if it has no numeric address. type: (out): static. */
gboolean salon_ice_candidate_read (
    const char *text, SalonIceAddress *address, const char **type) G_GNUC_WARN_UNUSED_RESULT;
