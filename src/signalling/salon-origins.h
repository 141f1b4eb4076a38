/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Which web pages may talk to this server: those of the host they are talking to, of public-url, and of
 * allowed-origins. Browsers name the page that asks in Origin (RFC 6454); other programs name none, and may.
 *
 * A server that only this machine reaches is protected by that, also from the browsers on it. But a page of any name
 * may have its name resolved to 127.0.0.1 once it is loaded (DNS rebinding), and then be of the very host it talks to.
 * So such a server answers to names of this machine alone: localhost, IP addresses, and the names in public-url and
 * allowed-origins. Immutable plain data. */
typedef struct _SalonOrigins SalonOrigins;

/* listen: as configured. public_url: "" for none. */
SalonOrigins *salon_origins_new (
    const char *const *listen, const char *public_url, const char *const *allowed_origins) G_GNUC_WARN_UNUSED_RESULT;
void salon_origins_free (SalonOrigins *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonOrigins, salon_origins_free)

/* Whether a request with this Host header (nullable) is meant for us. */
gboolean salon_origins_has_host (const SalonOrigins *self, const char *host);

/* Whether a page of this Origin (nullable) may send requests with this Host header (nullable). */
gboolean salon_origins_allows (const SalonOrigins *self, const char *origin, const char *host);
