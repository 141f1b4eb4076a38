/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Bearer secrets (RFC 6750): the administrator's and the room owners'. */

/* Returns: (transfer full): 256 bits from the kernel, as URL-safe base64 without padding (43 characters). */
char *salon_secret_new (void) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): SHA-256 in hexadecimal: what is stored of a secret that need not be read back. */
char *salon_secret_hash (const char *secret) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): HMAC-SHA256 (RFC 2104) of a text, written as secrets are: who has not the key can't make
 * it.
 */
char *salon_secret_sign (const char *key, const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* Compares in a time that tells nothing about either. */
gboolean salon_secret_equal (const char *a, const char *b) G_GNUC_WARN_UNUSED_RESULT;
