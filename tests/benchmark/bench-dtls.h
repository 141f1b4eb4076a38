/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>
#include <srtp2/srtp.h>

/* One DTLS association (RFC 5764) over somebody else's datagrams: handshake, the check of the peer's certificate
 * against its description, and the two SRTP sessions that come of it. */
typedef struct _BenchDtls BenchDtls;

typedef struct
{
  void (*send) (const guint8 *data, gsize size, gpointer user_data);
  /* Once. (transfer full): the sessions to encrypt and decrypt with. */
  void (*connected) (srtp_t outgoing, srtp_t incoming, gpointer user_data);
  void (*failed) (const char *why, gpointer user_data);
} BenchDtlsEvents;

/* fingerprint: the peer's, as bench_fingerprint_new() writes them. */
BenchDtls *bench_dtls_new (SSL_CTX *context, gboolean is_client, const char *fingerprint, const BenchDtlsEvents *events,
    gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
/* Says good-bye to the peer. */
void bench_dtls_free (BenchDtls *self);

/* Once the path is there: a client says hello. */
void bench_dtls_start (BenchDtls *self);
void bench_dtls_take (BenchDtls *self, const guint8 *data, gsize size);
/* Retransmissions; every 10 to 50 ms. */
void bench_dtls_tick (BenchDtls *self);

/* Returns: (nullable): the SRTP profile, once connected: "SRTP_AEAD_AES_128_GCM", ... */
const char *bench_dtls_get_profile (BenchDtls *self);
