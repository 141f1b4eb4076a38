/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-layer-meter.h"

/* Rates go half of the way to what is measured in this time. */
#define SMOOTHING_US (500 * G_TIME_SPAN_MILLISECOND)

static void
read_frame (SalonLayerMeter *meter, guint stream, SalonCodec codec, guint8 dependency_id, const SalonRtpPacket *packet,
    SalonFrame *frame)
{
  gsize size;
  const guint8 *payload = salon_rtp_packet_get_payload (packet, &size);
  const guint8 *descriptor;

  salon_codec_read_frame (codec, payload, size, frame);
  descriptor = dependency_id != 0 ? salon_rtp_packet_find_extension (packet, dependency_id, &size) : NULL;
  if (descriptor != NULL)
    (void)!salon_dependencies_read (&meter->dependencies[stream], descriptor, size, frame);
}

void
salon_layer_meter_count (
    SalonLayerMeter *meter, guint stream, SalonCodec codec, guint8 dependency_id, const SalonRtpPacket *packet)
{
  SalonLayerCount *count;
  SalonFrame frame;
  guint spatial;

  read_frame (meter, stream, codec, dependency_id, packet, &frame);
  spatial = MIN (stream + frame.spatial, SALON_MAX_SPATIAL_LAYERS - 1);
  count = &meter->counts[spatial][MIN (frame.temporal, SALON_MAX_TEMPORAL_LAYERS - 1)];
  atomic_fetch_add_explicit (&count->n_bytes, packet->size, memory_order_relaxed);
  if (frame.tells_end ? frame.is_end : packet->has_marker)
    atomic_fetch_add_explicit (&count->n_frames, 1, memory_order_relaxed);
  for (guint i = 0; i < frame.n_sizes && stream + i < SALON_MAX_SPATIAL_LAYERS; i++)
    atomic_store_explicit (
        &meter->sizes[stream + i], (guint32)frame.sizes[i].width << 16 | frame.sizes[i].height, memory_order_relaxed);
  if (frame.spatial > 0)
    meter->is_layered = TRUE;
}

void
salon_layer_meter_expect (SalonLayerMeter *meter, guint stream, gint64 now_us)
{
  meter->heard_us[stream] = now_us;
}

static gdouble
follow (gdouble rate, gdouble measured, gint64 elapsed_us)
{
  return rate + (measured - rate) * elapsed_us / (elapsed_us + SMOOTHING_US);
}

/* Returns: whether it has brought anything. */
static gboolean
sample_count (SalonLayerCount *count, gint64 elapsed_us)
{
  guint64 n_bytes = atomic_load_explicit (&count->n_bytes, memory_order_relaxed);
  guint n_frames = atomic_load_explicit (&count->n_frames, memory_order_relaxed);
  gdouble byte_rate = (gdouble)(n_bytes - count->sampled_bytes) * G_USEC_PER_SEC / elapsed_us;
  gdouble frame_rate = (gdouble)(n_frames - count->sampled_frames) * G_USEC_PER_SEC / elapsed_us;
  gboolean is_heard = n_bytes != count->sampled_bytes;
  gboolean is_new = count->byte_rate == 0;

  count->byte_rate = is_new ? byte_rate : follow (count->byte_rate, byte_rate, elapsed_us);
  count->frame_rate = is_new ? frame_rate : follow (count->frame_rate, frame_rate, elapsed_us);
  count->sampled_bytes = n_bytes;
  count->sampled_frames = n_frames;
  return is_heard;
}

static void
fall_silent (SalonLayerMeter *meter, guint spatial)
{
  meter->heard_us[spatial] = 0;
  for (guint temporal = 0; temporal < SALON_MAX_TEMPORAL_LAYERS; temporal++)
    meter->counts[spatial][temporal].byte_rate = meter->counts[spatial][temporal].frame_rate = 0;
}

static gboolean
sample_layer (SalonLayerMeter *meter, guint spatial, gint64 elapsed_us, gint64 now_us)
{
  gint64 *heard_us = &meter->heard_us[spatial];
  gboolean did_arrive = *heard_us != 0;
  guint32 size = atomic_load_explicit (&meter->sizes[spatial], memory_order_relaxed);
  gboolean is_resized = size != meter->sampled_sizes[spatial];

  for (guint temporal = 0; temporal < SALON_MAX_TEMPORAL_LAYERS; temporal++)
    {
      if (sample_count (&meter->counts[spatial][temporal], elapsed_us))
        *heard_us = now_us;
    }
  if (now_us - *heard_us >= SALON_LAYER_METER_SILENCE_US)
    fall_silent (meter, spatial);
  meter->sampled_sizes[spatial] = size;
  return did_arrive != (*heard_us != 0) || (is_resized && *heard_us != 0);
}

gboolean
salon_layer_meter_sample (SalonLayerMeter *meter, gint64 now_us)
{
  gint64 elapsed_us = now_us - meter->sampled_us;
  gboolean is_first = meter->sampled_us == 0;
  gboolean is_changed = FALSE;

  if (elapsed_us < SALON_LAYER_METER_INTERVAL_US)
    return FALSE;
  meter->sampled_us = now_us;
  if (is_first)
    return FALSE;
  for (guint spatial = 0; spatial < SALON_MAX_SPATIAL_LAYERS; spatial++)
    is_changed |= sample_layer (meter, spatial, elapsed_us, now_us);
  return is_changed;
}

guint
salon_layer_meter_count_layers (const SalonLayerMeter *meter)
{
  guint n_layers = SALON_MAX_SPATIAL_LAYERS;

  while (n_layers > 0 && meter->sampled_sizes[n_layers - 1] == 0 && meter->heard_us[n_layers - 1] == 0)
    n_layers--;
  return n_layers;
}

void
salon_layer_meter_read (const SalonLayerMeter *meter, SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS])
{
  for (guint spatial = 0; spatial < SALON_MAX_SPATIAL_LAYERS; spatial++)
    {
      SalonTrackLayer *layer = &layers[spatial];
      const SalonTrackLayer *below = spatial > 0 && meter->is_layered ? layer - 1 : NULL;
      gdouble byte_rate = 0;
      gdouble frame_rate = 0;

      *layer = (SalonTrackLayer){ .arrives = meter->heard_us[spatial] != 0,
        .width = meter->sampled_sizes[spatial] >> 16,
        .height = meter->sampled_sizes[spatial] & 0xffff };
      if (!layer->arrives)
        continue;
      for (guint temporal = 0; temporal < SALON_MAX_TEMPORAL_LAYERS; temporal++)
        {
          byte_rate += meter->counts[spatial][temporal].byte_rate;
          frame_rate += meter->counts[spatial][temporal].frame_rate;
          layer->rate_bps[temporal] = (guint)(8 * byte_rate) + (below != NULL ? below->rate_bps[temporal] : 0);
          layer->frame_rate[temporal] = frame_rate;
        }
    }
}
