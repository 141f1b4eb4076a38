/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a client has use for of a track that it is sent: whichever of these asks for least. */
typedef struct
{
  gint max_layer;   /* the highest spatial layer: 0 to 2; -1: nothing */
  guint width;      /* the pixels that it is shown with; 0: any */
  guint height;     /* likewise */
  guint frame_rate; /* a second; 0: any */
} SalonTrackSettings;

/* Why a publisher sends less of a picture than was to be sent, as they say. */
typedef enum
{
  SALON_TRACK_LIMIT_NONE,
  SALON_TRACK_LIMIT_BANDWIDTH,
  SALON_TRACK_LIMIT_CPU,
} SalonTrackLimit;

#define SALON_TRACK_SETTINGS_ALL ((SalonTrackSettings){ 2, 0, 0, 0 })
