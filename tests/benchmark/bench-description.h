/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <netinet/in.h>

/* Session descriptions (RFC 8866, RFC 9429), as much of them as a client of Opus and VP8 needs. */

/* One m-line. Payload types and ids are 0 where there is none. */
typedef struct
{
  gboolean is_video;
  char *mid;               /* (owned) */
  guint8 payload_type;     /* Opus or VP8 */
  guint8 rtx_payload_type; /* RFC 4588, of VP8 */
  guint8 mid_extension;
  guint8 transport_cc_extension;
  guint32 ssrc;
  guint32 rtx_ssrc;
} BenchMedia;

/* A server's. */
typedef struct
{
  char *ufrag;           /* (owned) */
  char *pwd;             /* (owned) */
  char *fingerprint;     /* (owned): "sha-256 AB:CD..." */
  gboolean is_lite;      /* RFC 8445 section 2.5 */
  gboolean is_passive;   /* in DTLS: we are the client */
  GPtrArray *media;      /* (owned) (element-type BenchMedia) */
  GPtrArray *candidates; /* (owned) (element-type utf8): "candidate:..." */
} BenchDescription;

BenchDescription *bench_description_parse (const char *sdp, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bench_description_free (BenchDescription *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchDescription, bench_description_free)
const BenchMedia *bench_description_get_media (const BenchDescription *self, guint index);

/* Ours. */
typedef struct
{
  const char *ufrag;
  const char *pwd;
  const char *fingerprint;
  const char *setup;
  struct sockaddr_in address;
} BenchLocal;

/* Returns: (transfer full): an offer that sends `media`, in order, whose mid and SSRCs are filled in; it fills in the
 * rest, as Chromium numbers it. */
char *bench_description_write_offer (
    const BenchLocal *local, BenchMedia *media, guint n_media) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: (transfer full): receives all of an offer. */
char *bench_description_write_answer (const BenchLocal *local, const BenchDescription *offer) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): the one candidate, as trickled. */
char *bench_candidate_write (const BenchLocal *local) G_GNUC_WARN_UNUSED_RESULT;
/* FALSE for what is not UDP over IPv4, or not a candidate. */
gboolean bench_candidate_read (const char *candidate, struct sockaddr_in *address) G_GNUC_WARN_UNUSED_RESULT;
