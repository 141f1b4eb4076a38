/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a SalonEstimator says. */
typedef struct
{
  guint bps;       /* the less of what delays and losses allow */
  guint delay_bps; /* what delays allow */
  gint64 full_us;  /* when delays last showed that the link bears no more; 0: never: then more may well fit */
} SalonEstimate;
