/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A room's chosen name. Checks and normalises what a client sent: valid UTF-8, NFC (so that one emoji or accent has one
 * spelling), 1 to SALON_LIMIT_SLUG_CHARS characters, no '/', no control or format characters but those emoji are
 * made of (ZWJ, variation selectors), no surrounding white space,
 * and neither "." nor ".." (URL paths would swallow them).
 *
 * Returns: (transfer full) (nullable): the slug, or NULL with SALON_ERROR_INVALID_PARAMS. */
char *salon_slug_normalize (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether a slug is spelt as the ids of rooms are: as a UUID. */
gboolean salon_slug_is_id (const char *slug);
