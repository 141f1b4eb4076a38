/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A microphone, or a screen's sound, that a room could hear, and what speaks for it. */
typedef struct
{
  gpointer sound; /* (borrowed): the caller's */
  gboolean is_muted;
  gboolean is_screen;
  gboolean is_leader;  /* its owner leads */
  gboolean has_levels; /* else nobody can know whether it is silent */
  guint n_inactive;    /* frames since its owner was last heard to say something, see SalonVoice */
  gboolean is_heard;   /* (inout) */
} SalonSound;

/* Chooses which `capacity` of the sounds (element-type SalonSound, in the order of coming) everybody hears. Whoever
 * begins to talk is heard at once, in place of the one who was silent the longest; who has said something just now is
 * not cut off for that. The array is sorted by it. Pure. */
void salon_sound_choice (GArray *sounds, guint capacity);
