/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-dtls.h"

#include <openssl/err.h>
#include <string.h>

#include "bench-network.h"

/* What passes everywhere, with headers and records. */
#define MTU_BYTES 1200
/* As Chromium's: on a path that has just come about, the other end may not listen yet. OpenSSL's is a second. */
#define FIRST_TIMEOUT_US (50 * 1000)
#define MAX_TIMEOUT_US (3 * G_USEC_PER_SEC)
#define KEYING_LABEL "EXTRACTOR-dtls_srtp"
/* Replayed packets and those later than this many others are not decrypted. */
#define REPLAY_WINDOW_PACKETS 1024

struct _BenchDtls
{
  const BenchDtlsEvents *events; /* (borrowed) */
  gpointer user_data;            /* (borrowed) */
  SSL *ssl;                      /* (owned) */
  BIO_METHOD *method;            /* (owned) */
  gboolean is_client;
  char *fingerprint;      /* (owned) */
  const guint8 *datagram; /* (borrowed) (nullable): what OpenSSL is to read */
  gsize datagram_size;
  gboolean is_connected;
  gboolean has_failed;
};

/* -- OpenSSL's side of the datagrams: a BIO that has no descriptor -- */

static int
bio_write (BIO *bio, const char *data, int size)
{
  BenchDtls *self = BIO_get_data (bio);

  self->events->send ((const guint8 *)data, size, self->user_data);
  return size;
}

static int
bio_read (BIO *bio, char *data, int capacity)
{
  BenchDtls *self = BIO_get_data (bio);
  int size = (int)MIN (self->datagram_size, (gsize)capacity);

  BIO_clear_retry_flags (bio);
  if (self->datagram == NULL)
    {
      BIO_set_retry_read (bio);
      return -1;
    }
  memcpy (data, self->datagram, size);
  self->datagram = NULL;
  return size;
}

static long
bio_ctrl (BIO *bio, int command, long number, void *pointer)
{
  /* Of the rest, which asks a socket for its MTU and the like, nothing is needed. */
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO *
new_bio (BenchDtls *self)
{
  BIO *bio;

  self->method = BIO_meth_new (BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "datagrams");
  BIO_meth_set_write (self->method, bio_write);
  BIO_meth_set_read (self->method, bio_read);
  BIO_meth_set_ctrl (self->method, bio_ctrl);
  bio = BIO_new (self->method);
  BIO_set_data (bio, self);
  BIO_set_init (bio, 1);
  return bio;
}

/* -- SRTP -- */

static void
fail (BenchDtls *self, const char *why)
{
  if (self->has_failed)
    return;
  self->has_failed = TRUE;
  self->events->failed (why, self->user_data);
}

static srtp_t
new_session (srtp_profile_t profile, srtp_ssrc_type_t direction, guint8 *master)
{
  srtp_policy_t policy
      = { .ssrc = { direction, 0 }, .key = master, .window_size = REPLAY_WINDOW_PACKETS, .allow_repeat_tx = 1 };
  srtp_t session = NULL;

  if (srtp_crypto_policy_set_from_profile_for_rtp (&policy.rtp, profile) != srtp_err_status_ok
      || srtp_crypto_policy_set_from_profile_for_rtcp (&policy.rtcp, profile) != srtp_err_status_ok
      || srtp_create (&session, &policy) != srtp_err_status_ok)
    return NULL;
  return session;
}

/* RFC 5764 section 4.2: client's key, server's key, client's salt, server's salt. */
static void
make_sessions (BenchDtls *self)
{
  const SRTP_PROTECTION_PROFILE *chosen = SSL_get_selected_srtp_profile (self->ssl);
  srtp_profile_t profile = chosen != NULL ? (srtp_profile_t)chosen->id : srtp_profile_reserved;
  gsize key_size = srtp_profile_get_master_key_length (profile);
  gsize salt_size = srtp_profile_get_master_salt_length (profile);
  guint8 material[2 * SRTP_MAX_KEY_LEN];
  guint8 masters[2][SRTP_MAX_KEY_LEN];
  srtp_t outgoing;
  srtp_t incoming;

  if (chosen == NULL
      || SSL_export_keying_material (
             self->ssl, material, 2 * (key_size + salt_size), KEYING_LABEL, strlen (KEYING_LABEL), NULL, 0, 0)
             != 1)
    {
      fail (self, "no SRTP profile was agreed on");
      return;
    }
  for (guint side = 0; side < 2; side++)
    {
      memcpy (masters[side], material + side * key_size, key_size);
      memcpy (masters[side] + key_size, material + 2 * key_size + side * salt_size, salt_size);
    }
  outgoing = new_session (profile, ssrc_any_outbound, masters[self->is_client ? 0 : 1]);
  incoming = new_session (profile, ssrc_any_inbound, masters[self->is_client ? 1 : 0]);
  if (outgoing == NULL || incoming == NULL)
    {
      g_clear_pointer (&outgoing, srtp_dealloc);
      g_clear_pointer (&incoming, srtp_dealloc);
      fail (self, "libsrtp refuses the keys");
      return;
    }
  self->is_connected = TRUE;
  self->events->connected (outgoing, incoming, self->user_data);
}

/* -- the handshake -- */

static gboolean
is_promised_peer (BenchDtls *self)
{
  X509 *certificate = SSL_get1_peer_certificate (self->ssl);
  g_autofree char *fingerprint = certificate != NULL ? bench_fingerprint_new (certificate) : NULL;

  X509_free (certificate);
  return fingerprint != NULL && g_ascii_strcasecmp (fingerprint, self->fingerprint) == 0;
}

static void
advance (BenchDtls *self)
{
  int result = SSL_do_handshake (self->ssl);

  if (result == 1)
    {
      if (is_promised_peer (self))
        make_sessions (self);
      else
        fail (self, "the server's certificate is not the one its description promises");
    }
  else if (SSL_get_error (self->ssl, result) != SSL_ERROR_WANT_READ)
    {
      g_debug ("DTLS: %s", ERR_reason_error_string (ERR_peek_last_error ()));
      fail (self, "the DTLS handshake failed");
    }
  ERR_clear_error ();
}

void
bench_dtls_start (BenchDtls *self)
{
  if (self->is_client && !self->has_failed)
    advance (self);
}

void
bench_dtls_take (BenchDtls *self, const guint8 *data, gsize size)
{
  guint8 unexpected[MTU_BYTES];

  if (self->has_failed)
    return;
  self->datagram = data;
  self->datagram_size = size;
  if (!self->is_connected)
    advance (self);
  else
    {
      /* The end of the server's handshake again, because ours was lost; or its good-bye. */
      (void)!SSL_read (self->ssl, unexpected, sizeof unexpected);
      ERR_clear_error ();
      if (SSL_get_shutdown (self->ssl) & SSL_RECEIVED_SHUTDOWN)
        fail (self, "the server closed the connection");
    }
  self->datagram = NULL;
}

/* last_us: the timeout that has run out, or 0. */
static unsigned int
choose_timeout (SSL *ssl, unsigned int last_us)
{
  return last_us == 0 ? FIRST_TIMEOUT_US : MIN (2 * last_us, MAX_TIMEOUT_US);
}

void
bench_dtls_tick (BenchDtls *self)
{
  if (!self->is_connected && !self->has_failed)
    DTLSv1_handle_timeout (self->ssl);
}

const char *
bench_dtls_get_profile (BenchDtls *self)
{
  return self->is_connected ? SSL_get_selected_srtp_profile (self->ssl)->name : NULL;
}

/* -- life -- */

BenchDtls *
bench_dtls_new (
    SSL_CTX *context, gboolean is_client, const char *fingerprint, const BenchDtlsEvents *events, gpointer user_data)
{
  BenchDtls *self = g_new0 (BenchDtls, 1);
  BIO *bio;

  self->events = events;
  self->user_data = user_data;
  self->is_client = is_client;
  self->fingerprint = g_strdup (fingerprint);
  self->ssl = SSL_new (context);
  bio = new_bio (self);
  SSL_set_bio (self->ssl, bio, bio);
  SSL_set_options (self->ssl, SSL_OP_NO_QUERY_MTU);
  SSL_set_mtu (self->ssl, MTU_BYTES);
  DTLS_set_timer_cb (self->ssl, choose_timeout);
  if (is_client)
    SSL_set_connect_state (self->ssl);
  else
    SSL_set_accept_state (self->ssl);
  return self;
}

void
bench_dtls_free (BenchDtls *self)
{
  if (self->is_connected && !self->has_failed)
    SSL_shutdown (self->ssl);
  SSL_free (self->ssl);
  BIO_meth_free (self->method);
  g_free (self->fingerprint);
  g_free (self);
}
