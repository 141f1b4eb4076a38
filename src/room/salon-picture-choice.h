/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A camera or a screen that somebody could be shown, and what speaks for it. */
typedef struct
{
  gpointer picture; /* (borrowed): the caller's */
  gboolean is_off;
  gboolean is_screen;
  gboolean is_pinned; /* by who is to see it */
  guint turn;         /* when its owner led last, see SalonSpeaker; 0: never */
  gboolean is_shown;  /* (inout) */
} SalonPicture;

/* Chooses which `capacity` of the pictures (element-type SalonPicture, in the order of joining) are shown: screens,
 * then those pinned, then whose owners led last; who has never led stays if they are shown. So one picture goes for
 * each that comes, and none comes without a reason that lasts. The array is sorted by it. Pure. */
void salon_picture_choice (GArray *pictures, guint capacity);
