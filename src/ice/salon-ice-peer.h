/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <sys/uio.h>

#include "salon-ice-path.h"
#include "salon-ice-stun.h"

/* One client's connection as an ICE-lite agent has it: credentials, the paths on which the client has shown that it
 * knows them, and the one that we send on. All of RFC 8445 and RFC 7675 that needs no socket: time is given, and what
 * is to be sent is returned.
 *
 *   a check (STUN request) on a new path  -->  the path is known: what comes on it is taken
 *   the first path, or one nominated      -->  is selected: we send on it
 *   a later one                           -->  only once the client has answered a request of ours on it
 *   any other, when the selected is dead  -->  likewise: we ask all of them
 *
 *   no check or answer on the selected    -->  is sent on no longer: consent is a path's (RFC 7675)
 *
 * Proof is more than RFC 8445 asks of a lite agent: without it, who has credentials could turn a stream of media on
 * any address that it writes into a packet. Full agents, which all clients are, answer. TCP answers by itself.
 *
 * Counted by reference; every function for any thread. One lock, never held while calling out. */
typedef struct _SalonIcePeer SalonIcePeer;

typedef enum
{
  SALON_ICE_NEW,
  SALON_ICE_CONNECTED,
  SALON_ICE_DISCONNECTED, /* the selected path is silent for a while: it may come back by itself */
  SALON_ICE_FAILED,       /* silent for too long: nothing is sent any more; a check or an ICE restart brings it back */
} SalonIceState;

/* Why packets were not passed on. */
typedef struct
{
  guint64 without_path; /* nothing selected to send on */
  guint64 not_sent;     /* the kernel, or a slow TCP connection, took no more */
  guint64 without_sink; /* arrived before webrtcbin listened, or after */
  guint64 oversized;    /* larger than a path carries */
} SalonIceDrops;

/* Figures of one peer, all at one moment. */
typedef struct
{
  SalonIceState state;
  gboolean has_path;
  SalonIcePath path; /* the selected one; without its connection */
  gboolean is_tcp;
  const char *remote_type; /* "host", "srflx", "prflx" or "relay", as the client said; static */
  gint64 rtt_us;           /* -1: not measured yet */
  gint64 silence_us;       /* since the client was last heard on the path, or on the last that there was */
  guint n_paths;
  guint n_switches; /* how often another path was selected after the first */
  guint64 packets_received, bytes_received;
  guint64 packets_sent, bytes_sent;
  guint64 checks_received;
  SalonIceDrops drops;
} SalonIcePeerStats;

/* What is to be sent: a request of ours, or nothing when size is 0. Holds a reference of the path's connection. */
typedef struct
{
  SalonIcePath path;
  gsize size;
  guint8 data[SALON_ICE_STUN_MAX_BYTES];
} SalonIceProbe;

/* How long the selected path may be silent before the peer is disconnected: a third of lost_us, at most 8 s. */
gint64 salon_ice_peer_get_silent_us (gint64 lost_us);
/* lost_us: how long the selected path may be without consent before the peer has failed. */
SalonIcePeer *salon_ice_peer_new (gint64 lost_us, gint64 now_us) G_GNUC_WARN_UNUSED_RESULT;
SalonIcePeer *salon_ice_peer_ref (SalonIcePeer *self);
void salon_ice_peer_unref (SalonIcePeer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonIcePeer, salon_ice_peer_unref)

/* -- credentials -- */

void salon_ice_peer_set_local (SalonIcePeer *self, const char *ufrag, const char *password);
/* Others than before are an ICE restart: the next check selects anew. */
void salon_ice_peer_set_remote (SalonIcePeer *self, const char *ufrag, const char *password, gint64 now_us);
/* Returns: (transfer full) (nullable): of this ufrag. */
char *salon_ice_peer_dup_password (SalonIcePeer *self, const char *ufrag) G_GNUC_WARN_UNUSED_RESULT;
/* A candidate that the client announced: what its type is said to be, should it be heard from there. type: static. */
void salon_ice_peer_add_candidate (SalonIcePeer *self, const SalonIceAddress *address, const char *type);

/* -- paths -- */

/* Whether a request for this peer, on a path of its own, may be checked: that costs an HMAC. */
gboolean salon_ice_peer_may_check (SalonIcePeer *self, gint64 now_us) G_GNUC_WARN_UNUSED_RESULT;
/* A request with the right credentials. evicted: (out): a path that was forgotten for it, to be forgotten by others
 * too; TRUE if there is one, and the caller then holds its connection. is_new: (out): whether the path was not known.
 */
gboolean salon_ice_peer_take_check (SalonIcePeer *self, const SalonIcePath *path, gboolean use_candidate, gint64 now_us,
    SalonIceProbe *probe, gboolean *is_new, SalonIcePath *evicted);
/* Whether the client has shown within seconds that the path is its own: another's check there is not to be believed. */
gboolean salon_ice_peer_is_live (SalonIcePeer *self, const SalonIcePath *path, gint64 now_us) G_GNUC_WARN_UNUSED_RESULT;
/* FALSE if it answers no request of ours. */
gboolean salon_ice_peer_take_response (
    SalonIcePeer *self, const SalonIcePath *path, const guint8 *data, gsize size, gint64 now_us);
/* Media on a known path. Returns: (transfer full) (nullable): who takes it. */
GObject *salon_ice_peer_take_media (SalonIcePeer *self, const SalonIcePath *path, gsize size, gint64 now_us);
void salon_ice_peer_forget_path (SalonIcePeer *self, const SalonIcePath *path);
/* To be called every quarter of a second: what time alone brings. probes: (out): room for SALON_LIMIT_ICE_PATHS.
 * Returns how many there are. */
guint salon_ice_peer_tick (SalonIcePeer *self, gint64 now_us, SalonIceProbe *probes) G_GNUC_WARN_UNUSED_RESULT;

/* -- sending -- */

/* FALSE if there is nowhere to send to. path: (out): the caller holds its connection. */
gboolean salon_ice_peer_get_path (SalonIcePeer *self, SalonIcePath *path, guint8 *tos) G_GNUC_WARN_UNUSED_RESULT;
/* What became of packets: those not sent were dropped. */
void salon_ice_peer_count_sent (SalonIcePeer *self, guint n_packets, gsize n_bytes, guint n_dropped);
void salon_ice_peer_count_oversized (SalonIcePeer *self);
void salon_ice_peer_set_tos (SalonIcePeer *self, guint8 tos);

/* -- the owner's -- */

/* listener: (nullable): who takes the media. */
void salon_ice_peer_set_listener (SalonIcePeer *self, GObject *listener);
/* Returns: (transfer full) (nullable) */
GObject *salon_ice_peer_dup_listener (SalonIcePeer *self) G_GNUC_WARN_UNUSED_RESULT;
/* TRUE, and the state, if it is another than the last that was told. Held back as long as there are no remote
 * credentials: webrtcbin forgets a connection that comes before them. */
gboolean salon_ice_peer_take_state (SalonIcePeer *self, SalonIceState *state) G_GNUC_WARN_UNUSED_RESULT;
void salon_ice_peer_get_stats (SalonIcePeer *self, gint64 now_us, SalonIcePeerStats *stats);
