/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Shares what a receiver can be sent among its slots. Sound always goes, and first. Then everybody's first step, in
 * order of priority; then, from one priority to the next, everybody's second, and so on: nobody gets a second before
 * all have the first. What doesn't fit, is paused.
 *
 * Down as soon as what is had clearly does not fit. Up only when there is a tenth more than it takes, and some time
 * after it last went down; the longer, the more often it was for nothing.
 *
 * Pure functions on plain data: the same input gives the same shares. */

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
  guint n_steps;                          /* 0: nothing comes */
  SalonStep steps[SALON_SHARE_MAX_STEPS]; /* each costs more than the one before */
  SalonReason cap;                        /* why there are no more: NONE, SIZE or PUBLISHER */

  /* What it gets; kept from one time to the next. Zeroed, but for step, which is -1. */
  gint step;       /* -1: paused */
  SalonStep layer; /* that of the step */
  SalonReason reason;
  gint64 raised_us;  /* 0: never */
  gint64 lowered_us; /* for want of bandwidth; 0: never */
  gint64 dwell_us;   /* how long after that it stays */
  gint reach;        /* how far it would go, were there no dwell */
} SalonShare;

/* It need not dwell: that it went down, showed nothing. */
void salon_share_forget_falls (SalonShare *share);

/* shares: (element-type SalonShare): put in order of importance. Returns: what all of it would take if it could be sent
 * as wanted, in bit/s. */
guint salon_allocator_run (SalonShare **shares, guint n_shares, guint estimate_bps, gint64 now_us);
