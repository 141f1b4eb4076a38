/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-layer.h"
#include "salon-track-settings.h"

/* The highest layer that a client has use for. n_layers: how many spatial layers there are, whether they arrive or not;
 * layers: as they were measured. Sizes that are not known are taken for half of the next larger, and the largest of all
 * for 1280 x 720. The smallest layer is chosen that is at least as large as what it is shown with, and of its temporal
 * layers as many as don't exceed the frame rate. A pure function. */
SalonLayer salon_layer_choose (const SalonTrackSettings *settings,
    const SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS], guint n_layers) G_GNUC_WARN_UNUSED_RESULT;

/* The highest layer within the bound that arrives; -1: none does. */
gint salon_layer_find_highest (const SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS], gint bound);
/* What goes out where `spatial` is wanted: it, or the next smaller one that arrives, or else the smallest that does. As
 * nothing arrives yet, what should. */
gint salon_layer_find_arriving (const SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS], guint n_layers, gint spatial);
