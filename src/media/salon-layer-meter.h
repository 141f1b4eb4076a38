/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdatomic.h>

#include "salon-codec.h"
#include "salon-dependencies.h"
#include "salon-layer.h"
#include "salon-rtp-packet.h"

/* Measures the layers of one track: which arrive, how large, and at what rate. Streaming threads count, without a lock;
 * somebody samples from time to time. Time is given to it. A plain struct, zeroed at first. */

/* A layer that has brought nothing for this long does not arrive any more. Pictures come 10 times a second at least,
 * but for screens on which nothing moves. */
#define SALON_LAYER_METER_SILENCE_US G_USEC_PER_SEC
/* The shortest time that samples are taken over. */
#define SALON_LAYER_METER_INTERVAL_US (200 * G_TIME_SPAN_MILLISECOND)

/* One spatial and temporal layer, without those below. */
typedef struct
{
  _Atomic guint64 n_bytes;
  _Atomic guint n_frames;

  /* The sampler's. */
  guint64 sampled_bytes;
  guint sampled_frames;
  gdouble byte_rate;
  gdouble frame_rate;
} SalonLayerCount;

typedef struct
{
  SalonLayerCount counts[SALON_MAX_SPATIAL_LAYERS][SALON_MAX_TEMPORAL_LAYERS];
  _Atomic guint32 sizes[SALON_MAX_SPATIAL_LAYERS];          /* width << 16 | height */
  _Atomic gboolean is_layered;                              /* one stream has several spatial layers */
  SalonDependencies dependencies[SALON_MAX_SPATIAL_LAYERS]; /* each its stream's thread's */

  /* The sampler's. */
  gint64 sampled_us;
  gint64 heard_us[SALON_MAX_SPATIAL_LAYERS]; /* 0: never, or not for long */
  guint32 sampled_sizes[SALON_MAX_SPATIAL_LAYERS];
} SalonLayerMeter;

/* stream: the layer of a simulcast track; 0 of any other, whose packets tell themselves. dependency_id: of the
 * extension by which they do; 0: none. Any thread, but of one stream one at a time. */
void salon_layer_meter_count (
    SalonLayerMeter *meter, guint stream, SalonCodec codec, guint8 dependency_id, const SalonRtpPacket *packet);

/* A stream's first packet is on its way: it arrives from now on, before it is sampled. The sampler's. */
void salon_layer_meter_expect (SalonLayerMeter *meter, guint stream, gint64 now_us);

/* Returns: whether something that `arrives` or a size says has changed since the last time. The first call only begins
 * the time that is measured. */
gboolean salon_layer_meter_sample (SalonLayerMeter *meter, gint64 now_us);

/* How many spatial layers have ever been seen, from the lowest on. */
guint salon_layer_meter_count_layers (const SalonLayerMeter *meter);

/* As it was sampled last. */
void salon_layer_meter_read (const SalonLayerMeter *meter, SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS]);
