/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libFuzzer's door to everything that reads the media port: datagrams as they come, STUN messages whose integrity is
 * right (an attacker has credentials: the server gave them), TCP streams, candidates, one peer's paths, and the hub's
 * tables. The first byte chooses. See fuzz-rtp.c for how to run it; the corpus is in ice-corpus, and replay.c
 * runs it without libFuzzer. */
#include <string.h>

#include "salon-ice-candidate.h"
#include "salon-ice-framing.h"
#include "salon-ice-hub.h"
#include "salon-ice-peer.h"
#include "salon-ice-stun.h"

#define PASSWORD "0123456789012345678901"
#define MAX_BYTES 1400
#define HEADER_BYTES 20
#define INTEGRITY_BYTES 24
#define FINGERPRINT_BYTES 8
#define N_ADDRESSES 16

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

/* -- datagrams -- */

static void
read_request (const guint8 *data, gsize size)
{
  SalonIceAddress source;
  SalonIceStunRequest request;
  const char *ufrag;
  gsize ufrag_size;
  guint8 id[SALON_ICE_STUN_ID_BYTES];

  if (!salon_ice_address_parse ((size & 1) != 0 ? "2001:db8::1" : "192.0.2.1", 4711, &source))
    g_assert_not_reached ();
  if (salon_ice_stun_get_ufrag (data, size, &ufrag, &ufrag_size))
    {
      g_assert_true ((const guint8 *)ufrag > data && (const guint8 *)ufrag + ufrag_size < data + size);
      g_assert_cmpuint (ufrag_size, <=, SALON_ICE_STUN_MAX_UFRAG);
      if (salon_ice_stun_read_request (data, size, PASSWORD, &source, &request) != SALON_ICE_STUN_IGNORED)
        g_assert_cmpuint (request.reply_size, <=, sizeof request.reply);
    }
  if (salon_ice_stun_get_response_id (data, size, id))
    (void)!salon_ice_stun_read_response (data, size, id, PASSWORD);
}

static guint32
crc32 (const guint8 *data, gsize size)
{
  guint32 crc = 0xffffffff;

  for (gsize i = 0; i < size; i++)
    {
      crc ^= data[i];
      for (guint bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
    }
  return ~crc;
}

static void
set_length (guint8 *message, gsize attributes_size)
{
  message[2] = attributes_size >> 8;
  message[3] = attributes_size & 0xff;
}

static gsize
add_integrity (guint8 *message, gsize at)
{
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA1, (const guchar *)PASSWORD, strlen (PASSWORD));
  gsize digest_size = 20;

  set_length (message, at + INTEGRITY_BYTES - HEADER_BYTES);
  g_hmac_update (hmac, message, at);
  memcpy (message + at, "\x00\x08\x00\x14", 4);
  g_hmac_get_digest (hmac, message + at + 4, &digest_size);
  return at + INTEGRITY_BYTES;
}

static gsize
add_fingerprint (guint8 *message, gsize at)
{
  guint32 fingerprint;

  set_length (message, at + FINGERPRINT_BYTES - HEADER_BYTES);
  fingerprint = g_htonl (crc32 (message, at) ^ 0x5354554e);
  memcpy (message + at, "\x80\x28\x00\x04", 4);
  memcpy (message + at + 4, &fingerprint, sizeof fingerprint);
  return at + FINGERPRINT_BYTES;
}

/* The input as attributes, with a header before them and what proves them behind: no mutation would come by it. To the
 * byte as large as it must be, so that the sanitizer sees its end. */
static void
read_finished (guint16 type, gboolean has_integrity, const guint8 *data, gsize size)
{
  gsize at = HEADER_BYTES + (MIN (size, MAX_BYTES) & ~(gsize)3);
  g_autofree guint8 *message = g_malloc0 (at + (has_integrity ? INTEGRITY_BYTES : 0) + FINGERPRINT_BYTES);

  message[0] = type >> 8;
  message[1] = type & 0xff;
  memcpy (message + 4, "\x21\x12\xa4\x42", 4);
  memcpy (message + HEADER_BYTES, data, at - HEADER_BYTES);
  if (has_integrity)
    at = add_integrity (message, at);
  read_request (message, add_fingerprint (message, at));
}

/* -- streams -- */

static void
count_packet (const guint8 *packet, gsize size, gpointer user_data)
{
  gsize *total = user_data;

  g_assert_cmpuint (size, >, 0);
  g_assert_cmpuint (size, <=, SALON_LIMIT_PACKET_BYTES);
  *total += size + SALON_ICE_FRAME_HEADER_BYTES;
}

static void
read_stream (const guint8 *data, gsize size)
{
  g_autofree SalonIceFraming *framing = g_new0 (SalonIceFraming, 1);
  gsize total = 0, at = 0;

  while (at < size)
    {
      gsize space, n;
      guint8 *place = salon_ice_framing_get_space (framing, &space);

      g_assert_cmpuint (space, >, 0);
      n = MIN (MIN (space, (gsize)data[at] + 1), size - at);
      memcpy (place, data + at, n);
      at += n;
      if (!salon_ice_framing_read (framing, n, count_packet, &total))
        return;
    }
  /* Only empty frames, a header each, leave nothing behind. */
  g_assert_cmpuint (total + framing->size, <=, size);
  g_assert_cmpuint ((size - total - framing->size) % SALON_ICE_FRAME_HEADER_BYTES, ==, 0);
}

/* -- candidates -- */

static void
read_candidate (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *)data, size);
  SalonIceAddress address;
  const char *type;

  if (salon_ice_candidate_read (text, &address, &type))
    g_free (salon_ice_address_to_host (&address));
}

/* -- paths -- */

static SalonIcePath
make_path (guint8 choice)
{
  g_autofree char *host = g_strdup_printf ("192.0.2.%u", 1 + choice % N_ADDRESSES);
  SalonIcePath path = { 0 };

  if (!salon_ice_address_parse (host, 9, &path.remote) || !salon_ice_address_parse ("198.51.100.1", 0, &path.local))
    g_assert_not_reached ();
  return path;
}

static void
act (SalonIcePeer *peer, guint8 action, guint8 choice, gint64 now_us)
{
  SalonIcePath path = make_path (choice), evicted;
  SalonIceProbe probes[SALON_LIMIT_ICE_PATHS];
  SalonIceState state;
  GObject *listener;
  gboolean is_new;
  guint8 tos;

  switch (action % 7)
    {
    case 0:
    case 1:
      salon_ice_peer_take_check (peer, &path, action % 7, now_us, &probes[0], &is_new, &evicted);
      break;
    case 2:
      listener = salon_ice_peer_take_media (peer, &path, choice, now_us);
      g_assert_null (listener);
      break;
    case 3:
      salon_ice_peer_forget_path (peer, &path);
      break;
    case 4:
      g_assert_cmpuint (salon_ice_peer_tick (peer, now_us, probes), <=, SALON_LIMIT_ICE_PATHS);
      break;
    case 5:
      salon_ice_peer_set_remote (peer, (choice & 1) != 0 ? "odd" : "even", PASSWORD, now_us);
      break;
    default:
      (void)!salon_ice_peer_take_state (peer, &state);
      if (salon_ice_peer_get_path (peer, &path, &tos))
        g_assert_cmpuint (path.remote.any.sa_family, ==, AF_INET);
      break;
    }
}

static void
live (const guint8 *data, gsize size)
{
  gint64 now_us = G_USEC_PER_SEC;
  g_autoptr (SalonIcePeer) peer = salon_ice_peer_new (30 * G_USEC_PER_SEC, now_us);
  SalonIcePeerStats stats;

  salon_ice_peer_set_local (peer, "ours", PASSWORD);
  for (gsize i = 0; i + 2 < size; i += 3)
    {
      now_us += data[i + 2] * (gint64)20000;
      act (peer, data[i], data[i + 1], now_us);
      salon_ice_peer_get_stats (peer, now_us, &stats);
      g_assert_cmpuint (stats.n_paths, <=, SALON_LIMIT_ICE_PATHS);
      g_assert_true (!stats.has_path || stats.state != SALON_ICE_FAILED);
    }
}

/* -- the hub -- */

/* Takes what is media, and nothing else. */
#define TYPE_EAR (ear_get_type ())
G_DECLARE_FINAL_TYPE (Ear, ear, FUZZ, EAR, GObject)

struct _Ear
{
  GObject parent_instance;
};

static void
ear_receive (SalonIceListener *listener, const guint8 *data, gsize size)
{
  SalonIcePacketKind kind = salon_ice_packet_kind (data, size);

  g_assert_true (kind != SALON_ICE_PACKET_JUNK && kind != SALON_ICE_PACKET_STUN);
}

static void
ear_listen (SalonIceListenerInterface *interface)
{
  interface->receive = ear_receive;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (Ear, ear, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (SALON_TYPE_ICE_LISTENER, ear_listen))

static void
ear_class_init (EarClass *klass)
{
}

static void
ear_init (Ear *self)
{
}

#define N_PEERS 2

typedef struct
{
  SalonIceHub *hub;
  SalonIcePeer *peers[N_PEERS];
} Party;

static void
on_state (SalonIceState state, gpointer user_data)
{
  g_assert_cmpint (state, <=, SALON_ICE_FAILED);
}

static void
leave (Party *party, guint index)
{
  salon_ice_hub_remove_peer (party->hub, party->peers[index]);
  g_clear_pointer (&party->peers[index], salon_ice_peer_unref);
}

static void
come (Party *party, guint index)
{
  g_autoptr (GObject) ear = g_object_new (TYPE_EAR, NULL);
  SalonIcePeer *peer = salon_ice_hub_add_peer (party->hub, on_state, NULL);

  party->peers[index] = peer;
  salon_ice_peer_set_listener (peer, ear);
  salon_ice_hub_set_local (party->hub, peer, index == 0 ? "our0" : "our1", PASSWORD);
  salon_ice_hub_set_remote (party->hub, peer, "them", PASSWORD);
}

/* A check that is right, but for the attributes which the input adds. */
static void
check (Party *party, const SalonIcePath *path, guint8 choice, const guint8 *data, gsize size)
{
  /* USERNAME, PRIORITY, ICE-CONTROLLING, USE-CANDIDATE */
  static const char attributes[] = "\x00\x06\x00\x09our0:them\x00\x00\x00\x00\x24\x00\x04\x00\x00\x00\x01"
                                   "\x80\x2a\x00\x08\x01\x02\x03\x04\x05\x06\x07\x08\x00\x25\x00\x00";
  gsize own = sizeof attributes - 1 - ((choice & 0x10) != 0 ? 4 : 0);
  gsize at = HEADER_BYTES + own + (size & ~(gsize)3);
  g_autofree guint8 *message = g_malloc0 (at + INTEGRITY_BYTES + FINGERPRINT_BYTES);

  memcpy (message, "\x00\x01\x00\x00\x21\x12\xa4\x42", 8);
  memcpy (message + HEADER_BYTES, attributes, own);
  message[HEADER_BYTES + 7] = (choice & 0x20) != 0 ? '1' : '0';
  memcpy (message + HEADER_BYTES + own, data, size & ~(gsize)3);
  salon_ice_hub_take_packet (party->hub, path, message, add_fingerprint (message, add_integrity (message, at)));
}

static void
happen (Party *party, guint8 action, guint8 choice, const guint8 *data, gsize size)
{
  /* Its answers go to this machine, and nobody listens. */
  g_autofree char *host = g_strdup_printf ("127.0.0.%u", 1 + choice % N_ADDRESSES);
  g_autofree guint8 *packet = g_memdup2 (data, size);
  guint index = (choice & 0x20) != 0;
  SalonIcePath path = { 0 };

  if (!salon_ice_address_parse (host, 9, &path.remote) || !salon_ice_address_parse ("127.0.0.1", 0, &path.local))
    g_assert_not_reached ();
  switch (action % 5)
    {
    case 0:
      salon_ice_hub_take_packet (party->hub, &path, packet, size);
      break;
    case 1:
      check (party, &path, choice, data, size);
      break;
    case 2:
      salon_ice_hub_send (party->hub, party->peers[index], packet, size);
      break;
    case 3:
      leave (party, index);
      come (party, index);
      break;
    default:
      /* A restart: the one of the peers may take the other's name. */
      salon_ice_hub_set_local (party->hub, party->peers[index], (choice & 1) != 0 ? "our0" : "our1", PASSWORD);
      break;
    }
}

/* Every path is in the table once, and the peer whose it is knows it. */
static void
check_tables (Party *party)
{
  SalonIceHubStats stats;
  guint n_paths = 0, n_peers = 0;

  for (guint i = 0; i < N_PEERS; i++)
    {
      SalonIcePeerStats of_peer = { 0 };

      if (party->peers[i] == NULL)
        continue;
      salon_ice_peer_get_stats (party->peers[i], g_get_monotonic_time (), &of_peer);
      n_paths += of_peer.n_paths;
      n_peers++;
    }
  salon_ice_hub_get_stats (party->hub, &stats);
  g_assert_cmpuint (stats.n_peers, ==, n_peers);
  g_assert_cmpuint (stats.n_paths, ==, n_paths);
}

/* What happens to a hub: an action, a choice, and a size, each a byte; then bytes. */
static void
serve (const guint8 *data, gsize size)
{
  const SalonIceHubOptions options = { .has_udp = TRUE, .n_threads = 1, .lost_ms = 30000 };
  Party party = { .hub = salon_ice_hub_new (&options, NULL) };

  g_assert_nonnull (party.hub);
  for (guint i = 0; i < N_PEERS; i++)
    come (&party, i);
  while (size >= 3)
    {
      gsize part = MIN (data[2], size - 3);

      happen (&party, data[0], data[1], data + 3, part);
      check_tables (&party);
      data += 3 + part;
      size -= 3 + part;
    }
  for (guint i = 0; i < N_PEERS; i++)
    leave (&party, i);
  check_tables (&party);
  salon_ice_hub_close (party.hub);
  salon_ice_hub_unref (party.hub);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  if (size < 1)
    return 0;
  switch ((data[0] & 0x7f) % 7)
    {
    case 0:
      if (salon_ice_packet_kind (data + 1, size - 1) == SALON_ICE_PACKET_STUN)
        read_request (data + 1, size - 1);
      break;
    case 1:
      read_finished (0x0001, (data[0] & 0x80) == 0, data + 1, size - 1);
      break;
    case 2:
      read_finished (0x0101, (data[0] & 0x80) == 0, data + 1, size - 1);
      break;
    case 3:
      read_stream (data + 1, size - 1);
      break;
    case 4:
      read_candidate (data + 1, size - 1);
      break;
    case 5:
      live (data + 1, size - 1);
      break;
    default:
      serve (data + 1, size - 1);
      break;
    }
  return 0;
}
