/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A published picture comes in up to three sizes, its spatial layers, 0 being the smallest: streams of their own
 * (simulcast), or parts of one (VP9 SVC). Each may have temporal layers, which make its frame rate. */
#define SALON_MAX_SPATIAL_LAYERS 3
#define SALON_MAX_TEMPORAL_LAYERS 4

typedef struct
{
  gint spatial;  /* 0 to 2; -1: nothing is sent */
  gint temporal; /* 0 to 3: the highest */
} SalonLayer;

#define SALON_LAYER_HIGHEST ((SalonLayer){ SALON_MAX_SPATIAL_LAYERS - 1, SALON_MAX_TEMPORAL_LAYERS - 1 })
#define SALON_LAYER_NONE ((SalonLayer){ -1, SALON_MAX_TEMPORAL_LAYERS - 1 })

/* What one spatial layer of a track is like. */
typedef struct
{
  gboolean arrives;
  guint width; /* as it was last; 0: not known */
  guint height;
  /* Now, so 0 unless it arrives: of what a subscriber of this layer is sent, over about a second: cut at each temporal
   * layer, the last having them all. With SVC the spatial layers below are counted in. Payload and RTP header, in bits.
   */
  guint rate_bps[SALON_MAX_TEMPORAL_LAYERS];
  gdouble frame_rate[SALON_MAX_TEMPORAL_LAYERS];
} SalonTrackLayer;
