/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-floor.h"

#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <openssl/evp.h>
#include <srtp2/srtp.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench-rtcp.h"

#define N_FRAMES 2000
/* A frame of 1.5 Mbit/s at 30 a second, as bench-publisher.c sends it, with its headers. */
#define PACKETS_PER_FRAME 6
#define PACKET_BYTES 1065
#define GCM_TAG_BYTES 16
#define MAX_TRAILER_BYTES 32
#define STRIDE_BYTES (PACKET_BYTES + MAX_TRAILER_BYTES)

/* One way of encrypting and sending a frame's packets, which stand in `data` one after the other. */
typedef struct _Loop Loop;
struct _Loop
{
  int fd; /* connected to `sink` */
  int sink;
  srtp_t srtp;         /* (owned) (nullable) */
  EVP_CIPHER_CTX *gcm; /* (owned) (nullable) */
  guint8 data[PACKETS_PER_FRAME * STRIDE_BYTES];
};

static void
srtp_and_send (Loop *loop, guint16 first)
{
  for (guint i = 0; i < PACKETS_PER_FRAME; i++)
    {
      guint8 *packet = loop->data + i * STRIDE_BYTES;
      int size = PACKET_BYTES;

      bench_write_u16 (packet + 2, (guint16)(first + i));
      srtp_protect (loop->srtp, packet, &size);
      (void)!send (loop->fd, packet, size, 0);
    }
}

/* RFC 7714, but for the derivation of the initialisation vector, which is a few exclusive-ors. */
static void
seal (Loop *loop, guint8 *packet, guint16 sequence)
{
  guint8 iv[12] = { 0 };
  int size;

  bench_write_u16 (packet + 2, sequence);
  bench_write_u16 (iv + 10, sequence);
  EVP_EncryptInit_ex (loop->gcm, NULL, NULL, NULL, iv);
  EVP_EncryptUpdate (loop->gcm, NULL, &size, packet, 12);
  EVP_EncryptUpdate (loop->gcm, packet + 12, &size, packet + 12, PACKET_BYTES - 12);
  EVP_EncryptFinal_ex (loop->gcm, packet + PACKET_BYTES, &size);
  EVP_CIPHER_CTX_ctrl (loop->gcm, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_BYTES, packet + PACKET_BYTES);
}

static void
seal_and_send (Loop *loop, guint16 first)
{
  for (guint i = 0; i < PACKETS_PER_FRAME; i++)
    {
      guint8 *packet = loop->data + i * STRIDE_BYTES;

      seal (loop, packet, (guint16)(first + i));
      (void)!send (loop->fd, packet, PACKET_BYTES + GCM_TAG_BYTES, 0);
    }
}

static void
seal_and_segment (Loop *loop, guint16 first)
{
  for (guint i = 0; i < PACKETS_PER_FRAME; i++)
    seal (loop, loop->data + i * (PACKET_BYTES + GCM_TAG_BYTES), (guint16)(first + i));
  (void)!send (loop->fd, loop->data, PACKETS_PER_FRAME * (PACKET_BYTES + GCM_TAG_BYTES), 0);
}

static const struct
{
  const char *name;
  const char *title;
  srtp_profile_t profile; /* or none: OpenSSL */
  gboolean is_segmented;
  void (*forward) (Loop *loop, guint16 first);
} variants[] = {
  { "libsrtp_aes_cm", "AES-CM and SHA1 by libsrtp, a send each", srtp_profile_aes128_cm_sha1_80, FALSE, srtp_and_send },
  { "libsrtp_aes_gcm", "AES-GCM by libsrtp, a send each", srtp_profile_aead_aes_128_gcm, FALSE, srtp_and_send },
  { "openssl_aes_gcm", "AES-GCM by OpenSSL, a send each", srtp_profile_reserved, FALSE, seal_and_send },
  { "openssl_aes_gcm_segmented", "AES-GCM by OpenSSL, a send a frame", srtp_profile_reserved, TRUE, seal_and_segment },
};

static void
drain (Loop *loop)
{
  guint8 rest[STRIDE_BYTES];

  while (recv (loop->sink, rest, sizeof rest, MSG_DONTWAIT) >= 0)
    continue;
}

static gint64
thread_cpu_ns (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

/* The receiver's time is not counted, but that it has room is part of what sending costs. */
static double
measure (Loop *loop, void (*forward) (Loop *loop, guint16 first))
{
  gint64 total_ns = 0;

  for (guint frame = 0; frame < N_FRAMES; frame++)
    {
      gint64 begin_ns = thread_cpu_ns ();

      forward (loop, (guint16)(frame * PACKETS_PER_FRAME));
      total_ns += thread_cpu_ns () - begin_ns;
      drain (loop);
    }
  return (double)total_ns / 1e3 / (N_FRAMES * PACKETS_PER_FRAME);
}

static void
prepare_packets (Loop *loop)
{
  for (guint i = 0; i < PACKETS_PER_FRAME; i++)
    {
      loop->data[i * STRIDE_BYTES] = 2 << 6;
      loop->data[i * STRIDE_BYTES + 1] = 96;
    }
}

static void
prepare_keys (Loop *loop, srtp_profile_t profile)
{
  static guint8 key[SRTP_MAX_KEY_LEN];
  srtp_policy_t policy = { .ssrc = { ssrc_any_outbound, 0 }, .key = key, .window_size = 128 };

  if (profile == srtp_profile_reserved)
    {
      loop->gcm = EVP_CIPHER_CTX_new ();
      EVP_EncryptInit_ex (loop->gcm, EVP_aes_128_gcm (), NULL, key, NULL);
      return;
    }
  srtp_crypto_policy_set_from_profile_for_rtp (&policy.rtp, profile);
  srtp_crypto_policy_set_from_profile_for_rtcp (&policy.rtcp, profile);
  srtp_create (&loop->srtp, &policy);
}

static gboolean
measure_variant (BenchNetwork *network, guint index, double *us_per_packet, GError **error)
{
  g_autofree Loop *loop = g_new0 (Loop, 1);
  struct sockaddr_in address;
  struct sockaddr_in sink_address;
  int segment = PACKET_BYTES + GCM_TAG_BYTES;
  gboolean is_good;

  loop->fd = bench_network_open_socket (network, &address, error);
  loop->sink = loop->fd >= 0 ? bench_network_open_socket (network, &sink_address, error) : -1;
  is_good = loop->sink >= 0 && connect (loop->fd, (struct sockaddr *)&sink_address, sizeof sink_address) == 0
            && (!variants[index].is_segmented
                || setsockopt (loop->fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof segment) == 0);
  if (is_good)
    {
      prepare_packets (loop);
      prepare_keys (loop, variants[index].profile);
      *us_per_packet = measure (loop, variants[index].forward);
    }
  else if (error != NULL && *error == NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "no UDP to measure the floor with");
  g_clear_pointer (&loop->srtp, srtp_dealloc);
  EVP_CIPHER_CTX_free (loop->gcm);
  if (loop->fd >= 0)
    close (loop->fd);
  if (loop->sink >= 0)
    close (loop->sink);
  return is_good;
}

GArray *
bench_floors_measure (BenchNetwork *network, GError **error)
{
  g_autoptr (GArray) floors = g_array_new (FALSE, FALSE, sizeof (BenchFloor));

  for (guint i = 0; i < G_N_ELEMENTS (variants); i++)
    {
      BenchFloor one = { variants[i].name, variants[i].title, 0 };

      if (!measure_variant (network, i, &one.us_per_packet, error))
        return NULL;
      g_array_append_val (floors, one);
    }
  return g_steal_pointer (&floors);
}
