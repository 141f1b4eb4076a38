/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-network.h"

/* What a forwarded packet costs at least: it is encrypted and sent, in a bare loop, and nothing else. The packets are
 * those of the benchmark's publisher. */

typedef struct
{
  const char *name;  /* as in JSON */
  const char *title; /* for people */
  double us_per_packet;
} BenchFloor;

/* Returns: (transfer full) (element-type BenchFloor) (nullable) */
GArray *bench_floors_measure (BenchNetwork *network, GError **error) G_GNUC_WARN_UNUSED_RESULT;
