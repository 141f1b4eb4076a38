/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "salon-descriptors.h"

/* What the configuration says about media. Plain data, owned by main, the same for the life of the process. */
typedef struct
{
  struct _SalonIceHub *ice_hub;     /* (borrowed) (nullable): the ports of all connections; NULL: each has its own, by
                                       libnice, which ice_port_min ... turn_server are for */
  struct _SalonWireDoor *wire_door; /* (borrowed) (nullable): where programs of this machine attach; NULL: nowhere */
  gboolean sends_directly;          /* what subscribers get does not pass webrtcbin; with ice_hub alone */
  guint ice_port_min;               /* UDP; 0: any */
  guint ice_port_max;               /* UDP; 0: any */
  const char *stun_server;          /* (nullable): stun://host:port, for our own candidates */
  const char *turn_server;          /* (nullable): turn(s)://user:password@host:port, secret, for the same */
  guint ice_timeout_ms;             /* from the first description to a verified connection */
  guint n_seats;                    /* of one subscriber connection; 1 ... SALON_LIMIT_SEATS */
  guint max_video;                  /* cameras and screens that somebody is sent; G_MAXUINT: no limit */
  guint max_audio;                  /* sounds of a room that everybody in it is sent; G_MAXUINT: no limit */
  guint min_bandwidth_bps;          /* what somebody who watches is sent: at least, until it is known, at most */
  guint start_bandwidth_bps;        /* min ... max */
  guint max_bandwidth_bps;
  SalonDescriptors *descriptors;   /* (borrowed) (nullable): without them, none are counted */
  gboolean has_red;                /* sound may come and go with redundancy (RFC 2198) */
  const char *const *video_codecs; /* which to accept of what a publisher offers, the most wanted first: "VP8" ... */
} SalonMediaOptions;
