/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-sound-share.h"

/* Shares what a receiver can be sent among its slots. Sound goes first, see SalonSoundShare; of voices that don't all
 * fit, who talks, then who leads, then who spoke last. Then everybody's first step, in order of priority; then, from
 * one priority to the next, everybody's second, and so on: nobody gets a second before all have the first. What doesn't
 * fit, is paused.
 *
 * Down as soon as what is had clearly does not fit. Up only when there is a tenth more than it takes, and some time
 * after it last went down; the longer, the more often it was for nothing.
 *
 * Pure functions on plain data: the same input gives the same shares. */

/* Where not all voices go: who has talked within the first is not cut off; who has within the second, asks for a place.
 */
#define SALON_VOICE_KEEP_MS 2000
#define SALON_VOICE_ASK_MS 300

typedef enum
{
  SALON_PRIORITY_SPEAKER,
  SALON_PRIORITY_PINNED,
  SALON_PRIORITY_SCREEN,
  SALON_PRIORITY_VISIBLE, /* its size is known: the larger first */
  SALON_PRIORITY_OTHER,
} SalonPriority;

/* Why a slot gets no more than it does. */
typedef enum
{
  SALON_REASON_NONE,      /* it gets all there is */
  SALON_REASON_SIZE,      /* more would not be seen, or is not wanted */
  SALON_REASON_PUBLISHER, /* more is not sent */
  SALON_REASON_BANDWIDTH, /* more would not fit */
  SALON_REASON_PRIORITY,  /* more would fit, if others weren't more important */
  SALON_REASON_CPU,       /* more is not sent: the publisher's machine can't make it */
} SalonReason;

/* (transfer none): "none", "size", ... */
const char *salon_reason_to_string (SalonReason reason);

/* One of the layers that a track can be sent in. */
typedef struct
{
  gint spatial, temporal;
  guint rate_bps;
} SalonStep;

/* Three spatial layers of four temporal ones. */
#define SALON_SHARE_MAX_STEPS 12

/* A slot's share. */
typedef struct
{
  /* What is wanted; each time anew. */
  gboolean is_audio;
  SalonPriority priority;
  guint area_pixels;
  guint silent_ms;                        /* of sound: since it was heard to say something */
  guint redundancy_bps;                   /* of sound: what it takes beside its one step */
  guint n_steps;                          /* 0: nothing comes */
  SalonStep steps[SALON_SHARE_MAX_STEPS]; /* each costs more than the one before */
  SalonReason cap;                        /* why there are no more: NONE, SIZE or PUBLISHER */

  /* What it gets; kept from one time to the next. Zeroed, but for step, which is -1. */
  gint step;       /* -1: paused */
  SalonStep layer; /* that of the step */
  SalonReason reason;
  SalonHysteresis hysteresis; /* of a picture */
  gint reach;                 /* how far it would go, were there no dwell */
} SalonShare;

/* shares: (element-type SalonShare): put in order of importance. sound: (inout): that of all of them. Returns: what the
 * estimate would have to be for all of it to be sent as wanted, in bit/s. */
guint salon_allocator_run (
    SalonShare **shares, guint n_shares, SalonSoundShare *sound, const SalonEstimate *estimate, gint64 now_us);
