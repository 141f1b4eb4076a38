/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-srtp.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "salon-bytes.h"

#define MASTER_KEY_BYTES 16
#define SALT_BYTES 14
#define AUTH_KEY_BYTES 20
#define TAG_BYTES 10
#define BLOCK_BYTES 16
/* RFC 3711, section 3.4: what of an RTCP packet stays readable; the index that follows it, and its E flag. */
#define RTCP_CLEAR_BYTES 8
#define RTCP_INDEX_BYTES 4
#define RTCP_IS_ENCRYPTED 0x80000000u
/* A receiver reports under one SSRC, or has one for each stream that it also sends. */
#define MAX_READ_SSRCS 128
#define REPLAY_WINDOW 64

/* RFC 3711, section 4.3.2. */
enum
{
  LABEL_RTP = 0,
  LABEL_RTCP = 3,
  /* Each is followed by those of: */
  LABEL_ENCRYPTION = 0,
  LABEL_AUTHENTICATION = 1,
  LABEL_SALT = 2,
};

/* Session keys of RTP or of RTCP, at work. */
typedef struct
{
  EVP_CIPHER_CTX *cipher; /* (owned) */
  EVP_MAC_CTX *mac;       /* (owned) */
  guint8 salt[SALT_BYTES];
} Context;

struct _SalonSrtp
{
  Context context;
  gboolean has_index;
  guint64 index; /* the highest: rollover counter and sequence number */
};

struct _SalonSrtcp
{
  Context context;
  guint32 index;
};

/* RFC 3711, section 3.3.2. */
typedef struct
{
  guint32 ssrc;
  guint32 highest;
  guint64 seen; /* bit n: highest - n */
} ReplayList;

struct _SalonSrtcpReader
{
  Context context;
  GArray *lists; /* (owned) (element-type ReplayList) */
};

G_STATIC_ASSERT (SALON_SRTP_KEY_BYTES == MASTER_KEY_BYTES + SALT_BYTES);
G_STATIC_ASSERT (SALON_SRTP_OVERHEAD_BYTES == TAG_BYTES);
G_STATIC_ASSERT (SALON_SRTCP_OVERHEAD_BYTES == RTCP_INDEX_BYTES + TAG_BYTES);

/* OpenSSL fails here only without memory, or without its default provider: GLib's allocations end there too. */
static void
must (int result)
{
  if (result != 1)
    g_error ("libcrypto: AES-128-CTR or HMAC-SHA1 failed; is its default provider there?");
}

/* -- keys -- */

static void
encrypt (EVP_CIPHER_CTX *cipher, const guint8 iv[BLOCK_BYTES], guint8 *data, gsize size)
{
  int n;

  must (EVP_EncryptInit_ex (cipher, NULL, NULL, NULL, iv));
  must (EVP_EncryptUpdate (cipher, data, &n, data, size));
}

/* RFC 3711, section 4.3.1 and 4.3.3: the keystream of the master key, which begins at salt and label. */
static void
derive (EVP_CIPHER_CTX *master, const guint8 *salt, guint8 label, guint8 *key, gsize size)
{
  guint8 iv[BLOCK_BYTES] = { 0 };

  memcpy (iv, salt, SALT_BYTES);
  iv[7] ^= label;
  memset (key, 0, size);
  encrypt (master, iv, key, size);
}

static EVP_CIPHER_CTX *
new_cipher (const guint8 *key)
{
  EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new ();

  must (EVP_EncryptInit_ex (cipher, EVP_aes_128_ctr (), NULL, key, NULL));
  return cipher;
}

static EVP_MAC_CTX *
new_mac (const guint8 *key)
{
  EVP_MAC *hmac = EVP_MAC_fetch (NULL, "HMAC", NULL);
  EVP_MAC_CTX *mac = EVP_MAC_CTX_new (hmac);
  char digest[] = "SHA1";
  const OSSL_PARAM parameters[]
      = { OSSL_PARAM_construct_utf8_string (OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end () };

  must (mac != NULL && EVP_MAC_init (mac, key, AUTH_KEY_BYTES, parameters));
  EVP_MAC_free (hmac);
  return mac;
}

static void
context_init (Context *self, const guint8 *key, guint8 label)
{
  EVP_CIPHER_CTX *master = new_cipher (key);
  const guint8 *salt = key + MASTER_KEY_BYTES;
  guint8 derived[AUTH_KEY_BYTES];

  derive (master, salt, label + LABEL_SALT, self->salt, SALT_BYTES);
  derive (master, salt, label + LABEL_ENCRYPTION, derived, MASTER_KEY_BYTES);
  self->cipher = new_cipher (derived);
  derive (master, salt, label + LABEL_AUTHENTICATION, derived, AUTH_KEY_BYTES);
  self->mac = new_mac (derived);
  OPENSSL_cleanse (derived, sizeof derived);
  EVP_CIPHER_CTX_free (master);
}

static void
context_clear (Context *self)
{
  EVP_CIPHER_CTX_free (self->cipher);
  EVP_MAC_CTX_free (self->mac);
  OPENSSL_cleanse (self->salt, sizeof self->salt);
}

/* -- packets -- */

/* RFC 3711, section 4.1.1. index: of 48 bits. */
static void
encrypt_payload (Context *self, guint32 ssrc, guint64 index, guint8 *payload, gsize size)
{
  guint8 iv[BLOCK_BYTES] = { 0 };
  guint8 mask[10];

  salon_write_u32 (mask, ssrc);
  mask[4] = index >> 40 & 0xff;
  mask[5] = index >> 32 & 0xff;
  salon_write_u32 (mask + 6, (guint32)index);
  memcpy (iv, self->salt, SALT_BYTES);
  for (guint i = 0; i < sizeof mask; i++)
    iv[4 + i] ^= mask[i];
  encrypt (self->cipher, iv, payload, size);
}

/* RFC 3711, section 4.2. data and more are authenticated. */
static void
make_tag (Context *self, const guint8 *data, gsize size, const guint8 *more, gsize more_size, guint8 *tag)
{
  guint8 digest[AUTH_KEY_BYTES];
  gsize n;

  must (EVP_MAC_init (self->mac, NULL, 0, NULL));
  must (EVP_MAC_update (self->mac, data, size));
  if (more_size > 0)
    must (EVP_MAC_update (self->mac, more, more_size));
  must (EVP_MAC_final (self->mac, digest, &n, sizeof digest));
  memcpy (tag, digest, TAG_BYTES);
}

/* RFC 3711, section 3.3.1, which guesses as receivers do. */
static gboolean
take_index (SalonSrtp *self, guint16 sequence, guint64 *index)
{
  gint64 guess = sequence;

  if (self->has_index)
    guess = (gint64)self->index + (gint16)(sequence - (guint16)self->index);
  if (guess < 0)
    return FALSE;
  *index = guess;
  self->index = MAX (self->index, *index);
  self->has_index = TRUE;
  return TRUE;
}

gsize
salon_srtp_protect (SalonSrtp *self, guint8 *packet, gsize header_size, gsize size)
{
  guint64 index;
  guint8 rollover[4];

  if (!take_index (self, packet[2] << 8 | packet[3], &index))
    return 0;
  encrypt_payload (&self->context, salon_read_u32 (packet + 8), index, packet + header_size, size - header_size);
  salon_write_u32 (rollover, index >> 16);
  make_tag (&self->context, packet, size, rollover, sizeof rollover, packet + size);
  return size + TAG_BYTES;
}

gsize
salon_srtcp_protect (SalonSrtcp *self, guint8 *packet, gsize size)
{
  guint32 index = self->index++ & ~RTCP_IS_ENCRYPTED;

  encrypt_payload (
      &self->context, salon_read_u32 (packet + 4), index, packet + RTCP_CLEAR_BYTES, size - RTCP_CLEAR_BYTES);
  salon_write_u32 (packet + size, index | RTCP_IS_ENCRYPTED);
  size += RTCP_INDEX_BYTES;
  make_tag (&self->context, packet, size, NULL, 0, packet + size);
  return size + TAG_BYTES;
}

/* -- packets that come -- */

/* Returns: (nullable): NULL if there are too many. */
static ReplayList *
find_list (SalonSrtcpReader *self, guint32 ssrc)
{
  ReplayList *list;

  for (guint i = 0; i < self->lists->len; i++)
    {
      list = &g_array_index (self->lists, ReplayList, i);
      if (list->ssrc == ssrc)
        return list;
    }
  if (self->lists->len == MAX_READ_SSRCS)
    return NULL;
  g_array_set_size (self->lists, self->lists->len + 1);
  list = &g_array_index (self->lists, ReplayList, self->lists->len - 1);
  list->ssrc = ssrc;
  return list;
}

/* FALSE if it was seen, or may have been. */
static gboolean
take_new (ReplayList *list, guint32 index)
{
  gint64 step = (gint64)index - list->highest;
  guint64 bit;

  if (step <= -REPLAY_WINDOW)
    return FALSE;
  if (step > 0)
    {
      list->seen = step < REPLAY_WINDOW ? list->seen << step | 1 : 1;
      list->highest = index;
      return TRUE;
    }
  bit = G_GUINT64_CONSTANT (1) << -step;
  if ((list->seen & bit) != 0)
    return FALSE;
  list->seen |= bit;
  return TRUE;
}

gsize
salon_srtcp_reader_unprotect (SalonSrtcpReader *self, guint8 *packet, gsize size)
{
  guint8 tag[TAG_BYTES];
  guint32 trailer, ssrc;
  ReplayList *list;

  if (size < RTCP_CLEAR_BYTES + SALON_SRTCP_OVERHEAD_BYTES)
    return 0;
  size -= TAG_BYTES;
  make_tag (&self->context, packet, size, NULL, 0, tag);
  if (CRYPTO_memcmp (tag, packet + size, TAG_BYTES) != 0)
    return 0;
  size -= RTCP_INDEX_BYTES;
  trailer = salon_read_u32 (packet + size);
  ssrc = salon_read_u32 (packet + 4);
  list = find_list (self, ssrc);
  if (list == NULL || !take_new (list, trailer & ~RTCP_IS_ENCRYPTED))
    return 0;
  if ((trailer & RTCP_IS_ENCRYPTED) != 0)
    encrypt_payload (
        &self->context, ssrc, trailer & ~RTCP_IS_ENCRYPTED, packet + RTCP_CLEAR_BYTES, size - RTCP_CLEAR_BYTES);
  return size;
}

/* -- life -- */

SalonSrtp *
salon_srtp_new (const guint8 *key)
{
  SalonSrtp *self = g_new0 (SalonSrtp, 1);

  context_init (&self->context, key, LABEL_RTP);
  return self;
}

void
salon_srtp_free (SalonSrtp *self)
{
  context_clear (&self->context);
  g_free (self);
}

SalonSrtcp *
salon_srtcp_new (const guint8 *key)
{
  SalonSrtcp *self = g_new0 (SalonSrtcp, 1);

  context_init (&self->context, key, LABEL_RTCP);
  return self;
}

void
salon_srtcp_free (SalonSrtcp *self)
{
  context_clear (&self->context);
  g_free (self);
}

SalonSrtcpReader *
salon_srtcp_reader_new (const guint8 *key)
{
  SalonSrtcpReader *self = g_new0 (SalonSrtcpReader, 1);

  self->lists = g_array_new (FALSE, TRUE, sizeof (ReplayList));
  context_init (&self->context, key, LABEL_RTCP);
  return self;
}

void
salon_srtcp_reader_free (SalonSrtcpReader *self)
{
  g_array_unref (self->lists);
  context_clear (&self->context);
  g_free (self);
}
