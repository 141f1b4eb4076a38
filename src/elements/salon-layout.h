/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Where the pictures of a room stand in one that shows them all. Pure.
 *
 *   grid                       speaker
 *   +-----+-----+-----+        +-----------------+------+
 *   |  0  |  1  |  2  |        |                 |  1   |
 *   +-----+-----+-----+        |        0        +------+
 *      +-----+-----+           |                 |  2   |
 *      |  3  |  4  |           |                 +------+
 *      +-----+-----+           +-----------------+
 *
 * Each place has the shape of the whole: a picture that moves to another is not distorted meanwhile. */
typedef enum
{
  SALON_LAYOUT_GRID,
  SALON_LAYOUT_SPEAKER,
} SalonLayout;

/* In pixels; all are even, since pictures have half as many of colour. */
typedef struct
{
  int x;
  int y;
  int width;
  int height;
} SalonPlace;

/* More than this grow too small to be recognized. */
#define SALON_LAYOUT_MAX_PLACES 25

/* How many places there are at most. */
guint salon_layout_get_capacity (SalonLayout layout);

/* n: up to the capacity. places: that many are filled. width, height: at least 64. */
void salon_layout_place (SalonLayout layout, guint width, guint height, guint n, SalonPlace *places);
