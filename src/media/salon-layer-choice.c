/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-layer-choice.h"

#define USUAL_WIDTH 1280
#define USUAL_HEIGHT 720
/* What is measured is never exact: 15 frames a second are found in 16. */
#define FRAME_RATE_SLACK 1.1

typedef struct
{
  guint width;
  guint height;
} Size;

gint
salon_layer_find_highest (const SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS], gint bound)
{
  gint highest = bound;

  while (highest >= 0 && !layers[highest].arrives)
    highest--;
  return highest;
}

gint
salon_layer_find_arriving (const SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS], guint n_layers, gint spatial)
{
  gint within = salon_layer_find_highest (layers, spatial);

  if (within >= 0)
    return within;
  for (gint i = spatial + 1; i < (gint)n_layers; i++)
    {
      if (layers[i].arrives)
        return i;
    }
  return spatial;
}

/* From the layer itself, or by halves and doubles from the nearest that is known. */
static Size
guess_size (const SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS], guint n_layers, guint index)
{
  for (guint distance = 0; distance < n_layers; distance++)
    {
      if (index + distance < n_layers && layers[index + distance].width != 0)
        return (Size){ layers[index + distance].width >> distance, layers[index + distance].height >> distance };
      if (distance <= index && layers[index - distance].width != 0)
        return (Size){ layers[index - distance].width << distance, layers[index - distance].height << distance };
    }
  return (Size){ USUAL_WIDTH >> (n_layers - 1 - index), USUAL_HEIGHT >> (n_layers - 1 - index) };
}

static gint
choose_spatial (
    const SalonTrackSettings *settings, const SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS], guint n_layers)
{
  gint highest = MIN (settings->max_layer, (gint)n_layers - 1);

  for (gint i = 0; i < highest && (settings->width != 0 || settings->height != 0); i++)
    {
      Size size = guess_size (layers, n_layers, (guint)i);

      if (size.width >= settings->width && size.height >= settings->height)
        return i;
    }
  return highest;
}

/* By the layer that goes out: the chosen one tells nothing while it does not arrive. */
static gint
choose_temporal (const SalonTrackSettings *settings, const SalonTrackLayer *layer)
{
  gint temporal = SALON_MAX_TEMPORAL_LAYERS - 1;

  while (temporal > 0 && settings->frame_rate != 0
         && layer->frame_rate[temporal] > settings->frame_rate * FRAME_RATE_SLACK)
    temporal--;
  return temporal;
}

SalonLayer
salon_layer_choose (
    const SalonTrackSettings *settings, const SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS], guint n_layers)
{
  SalonLayer layer = SALON_LAYER_NONE;

  layer.spatial = choose_spatial (settings, layers, n_layers);
  if (layer.spatial >= 0)
    layer.temporal = choose_temporal (settings, &layers[salon_layer_find_arriving (layers, n_layers, layer.spatial)]);
  return layer;
}
