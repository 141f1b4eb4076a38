/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* How well somebody receives, as told to a client that asks. Plain data; counts are since the beginning. */

/* One subscriber connection. */
typedef struct
{
  guint target;
  guint estimate_bps;     /* how much can be sent over it */
  gint64 rtt_us;          /* -1: not known */
  guint64 n_bytes;        /* sent in all: padding, and what was sent again, too */
  guint64 n_told, n_lost; /* packets that the client told of, and of these those that did not come */
} SalonConnectionStats;

/* One track on one of its slots. */
typedef struct
{
  struct _SalonTrack *track; /* (borrowed) */
  const char *track_id;      /* (borrowed) (nullable): the publication's */
  guint target;
  const char *mid; /* (borrowed) (nullable) */
  guint64 n_packets, n_bytes, n_resent;
  double lost;      /* 0 ... 1, by the client's last report */
  gint64 rtt_us;    /* likewise; -1: not known */
  gint64 jitter_us; /* likewise */
  guint64 n_keyframe_requests;
  gboolean is_muted;
  gboolean is_transcoded; /* it comes in another codec than it is published in */
  gint spatial, temporal; /* of a picture: the layer that goes out; spatial -1: none */
  const char *reason;     /* static: why there is no more: see salon_reason_to_string() */
} SalonReceptionStats;
