/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "salon-ice-hosts.h"
#include "salon-ice-peer.h"

/* The one UDP port, and the one TCP port, on which all clients' media arrives and from which it leaves: the sockets,
 * the threads that read them, and the tables that say whose a datagram is.
 *
 *   receiver threads --+--> STUN  --> ufrag --> SalonIcePeer --> reply          a new path
 *   (UDP; TCP: one)    +--> media --> path  --> SalonIcePeer --> its listener   (salonicesrc)
 *   control thread   -----> states told, requests of ours, silence noticed
 *
 * What is unknown or malformed costs a lookup: no log line, no answer. Counted by reference: held by whoever made it,
 * who closes it, and by all elements. Any thread. */
typedef struct _SalonIceHub SalonIceHub;

typedef struct
{
  gboolean has_udp;
  guint udp_port; /* 0: any free one */
  gboolean has_tcp;
  guint tcp_port;  /* 0: the number of the UDP port; without UDP, any free one */
  guint n_threads; /* that receive UDP; 0: as the number of processors suggests */
  guint lost_ms;   /* silence after which a peer has failed */
} SalonIceHubOptions;

SalonIceHub *salon_ice_hub_new (const SalonIceHubOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Stops the threads, and waits for them: nothing is received or told any more. By whoever made it, once, from none of
 * its threads; peers may still be there. */
void salon_ice_hub_close (SalonIceHub *self);
SalonIceHub *salon_ice_hub_ref (SalonIceHub *self);
void salon_ice_hub_unref (SalonIceHub *self);

/* Where clients are told to connect to; all that salon_ice_hosts_new() finds if never called. hosts: (transfer full).
 */
void salon_ice_hub_set_hosts (SalonIceHub *self, SalonIceHosts *hosts);
/* Returns: (transfer full): all candidates, "candidate:..." (RFC 8839), the most wanted first. */
GStrv salon_ice_hub_dup_candidates (SalonIceHub *self) G_GNUC_WARN_UNUSED_RESULT;

/* After so long without a word a client is disconnected. */
guint salon_ice_hub_get_silent_ms (SalonIceHub *self);
guint salon_ice_hub_get_udp_port (SalonIceHub *self);
guint salon_ice_hub_get_tcp_port (SalonIceHub *self);
/* FALSE if the system gives UDP less room than it should have: of what comes at once, some is then lost. */
gboolean salon_ice_hub_has_room (SalonIceHub *self);

/* What belongs to nobody, since the start. */
typedef struct
{
  guint64 junk;           /* neither STUN nor media */
  guint64 unknown_media;  /* media from an address that nobody was heard from */
  guint64 refused_checks; /* STUN: malformed, unknown ufrag, wrong password, a response to nothing */
  guint64 limited_checks; /* STUN: too many of one source */
  guint n_peers, n_paths;
} SalonIceHubStats;
void salon_ice_hub_get_stats (SalonIceHub *self, SalonIceHubStats *stats);

/* -- peers -- */

typedef void (*SalonIceStateFunc) (SalonIceState state, gpointer user_data);
/* A peer, whose state's changes func is told of: on the control thread, none after salon_ice_hub_remove_peer(). */
SalonIcePeer *salon_ice_hub_add_peer (
    SalonIceHub *self, SalonIceStateFunc func, gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
/* Forgets it, and waits for a running func. Once is enough; twice does no harm. */
void salon_ice_hub_remove_peer (SalonIceHub *self, SalonIcePeer *peer);
/* As salon_ice_peer_set_local() and _remote(), and the hub knows of it. */
void salon_ice_hub_set_local (SalonIceHub *self, SalonIcePeer *peer, const char *ufrag, const char *password);
void salon_ice_hub_set_remote (SalonIceHub *self, SalonIcePeer *peer, const char *ufrag, const char *password);

/* What takes a peer's media: its listener (salon_ice_peer_set_listener()) implements this. */
#define SALON_TYPE_ICE_LISTENER (salon_ice_listener_get_type ())
G_DECLARE_INTERFACE (SalonIceListener, salon_ice_listener, SALON, ICE_LISTENER, GObject)
struct _SalonIceListenerInterface
{
  GTypeInterface parent_interface;

  /* On a receiver thread, which serves others too: must not block. */
  void (*receive) (SalonIceListener *self, const guint8 *data, gsize size);
};

/* Sends one packet to a peer: never blocks; between salon_ice_batch_begin() and _end() of this thread, the latter sends
 * it. data is copied if need be. */
void salon_ice_hub_send (SalonIceHub *self, SalonIcePeer *peer, const void *data, gsize size);

/* What the ports' threads do with each packet that comes. For fuzzers, which have one thread and no TCP port. */
void salon_ice_hub_take_packet (SalonIceHub *self, const SalonIcePath *path, const guint8 *data, gsize size);
