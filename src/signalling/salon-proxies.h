/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* Which addresses are reverse proxies of ours, and whom they speak for. A proxy appends the address it sees to the
 * X-Forwarded-For header; what stands to the left of that, anybody may have written. RFC 7239's Forwarded is not looked
 * at: a proxy that writes the one header hands on the other as the client made it up. Immutable plain data. */
typedef struct _SalonProxies SalonProxies;

/* trusted: as configured: addresses, CIDR ranges, or "none"; empty: this machine's, when there is a public_url. */
SalonProxies *salon_proxies_new (const char *const *trusted, const char *public_url) G_GNUC_WARN_UNUSED_RESULT;
void salon_proxies_free (SalonProxies *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonProxies, salon_proxies_free)

gboolean salon_proxies_has (const SalonProxies *self, GInetAddress *address);

/* peer: whom the connection comes from. forwarded_for: (nullable): the header's values, joined by commas.
 * Returns: (transfer full): the address nearest to us that is no proxy; when a proxy names none, its own. */
GInetAddress *salon_proxies_find_client (
    const SalonProxies *self, GInetAddress *peer, const char *forwarded_for) G_GNUC_WARN_UNUSED_RESULT;
