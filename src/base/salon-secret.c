/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-secret.h"

#include <string.h>
#include <sys/random.h>

#define SECRET_BYTES 32
/* Six bits each; what follows is padding. */
#define SECRET_CHARS ((SECRET_BYTES * 8 + 5) / 6)
#define HASH_CHARS 64

static char *
write_bytes (const guint8 *bytes)
{
  char *text = g_base64_encode (bytes, SECRET_BYTES);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[SECRET_CHARS] = '\0';
  return text;
}

char *
salon_secret_new (void)
{
  guint8 bytes[SECRET_BYTES];

  /* getrandom(2) never gives less for up to 256 bytes, and fails only on kernels older than it. */
  if (getrandom (bytes, sizeof bytes, 0) != sizeof bytes)
    g_error ("The kernel gave no random bytes");
  return write_bytes (bytes);
}

char *
salon_secret_sign (const char *key, const char *text)
{
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, (const guint8 *)key, strlen (key));
  guint8 bytes[SECRET_BYTES];
  gsize n_bytes = sizeof bytes;

  g_hmac_update (hmac, (const guint8 *)text, -1);
  g_hmac_get_digest (hmac, bytes, &n_bytes);
  return write_bytes (bytes);
}

char *
salon_secret_hash (const char *secret)
{
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, secret, -1);
}

gboolean
salon_secret_equal (const char *a, const char *b)
{
  /* Hashes have one length, and where they first differ says nothing about the secrets. */
  g_autofree char *hash_a = salon_secret_hash (a);
  g_autofree char *hash_b = salon_secret_hash (b);
  guint8 difference = 0;

  for (guint i = 0; i < HASH_CHARS; i++)
    difference |= hash_a[i] ^ hash_b[i];
  return difference == 0;
}
