/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-estimate.h"
#include "salon-hysteresis.h"

/* How much of what a receiver can be sent is for sound: how many voices, and whether with redundancy (RFC 2198), all
 * alike.
 *
 * All is sent until the link is found full. Then the redundancy goes, where the sound takes more than a third of the
 * estimate with it, or more than all of it where there are no pictures; and voices, where they don't fit even without
 * it, nor without any picture. The last one stays. Losses don't count: to repair them, is what redundancy is for.
 *
 * Back it is when there is a tenth more than it takes, and some time after; the longer, the more often it was for
 * nothing. Without pictures nothing can be tried out with padding: there, a voice more or the redundancy is tried
 * instead, when the link was not full for long.
 *
 * Plain data without a clock; zeroed, it sends all. */
typedef struct
{
  /* What is wanted; each time anew. */
  guint n_voices;
  guint voice_bps;       /* of each */
  guint redundancy_bps;  /* of all */
  gboolean has_pictures; /* there are some to be sent */
  gboolean is_alone;     /* none is sent now */

  /* What it gets. */
  guint n_sent; /* of the voices */
  gboolean is_plain;

  /* Kept from one time to the next. */
  gint64 grown_us;    /* there was more to send than before, last; 0: never */
  gint64 pictures_us; /* a picture was sent, last; 0: never */
  SalonHysteresis hysteresis;
  gboolean is_restricted; /* some voices rest */
} SalonSoundShare;

/* Returns: what it gets, in bit/s. */
guint salon_sound_share_run (SalonSoundShare *self, const SalonEstimate *estimate, gint64 now_us);

/* All of it, in bit/s; and how much the estimate would have to be for that. */
guint salon_sound_share_get_full_bps (const SalonSoundShare *self);
guint salon_sound_share_get_need_bps (const SalonSoundShare *self);
