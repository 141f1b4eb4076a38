/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-case.h"
#include "bench-floor.h"

/* All that was measured: to read on a terminal, to keep as JSON, to show as a picture. */
typedef struct _BenchReport BenchReport;

/* One server in one case. */
typedef struct
{
  BenchCase one;
  const BenchDriver *driver; /* (static) */
  GPtrArray *results;        /* (owned) (element-type BenchResult): of each round */
} BenchRow;

/* drivers: (borrowed) (element-type BenchDriver): what is compared; the others are put in relation to the last.
 * floors: (transfer full) */
BenchReport *bench_report_new (GPtrArray *drivers, GArray *floors) G_GNUC_WARN_UNUSED_RESULT;
void bench_report_free (BenchReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchReport, bench_report_free)

/* result: (transfer full) */
void bench_report_add (BenchReport *self, const BenchCase *one, const BenchDriver *driver, BenchResult *result);

/* (transfer none) (element-type BenchRow): in the order in which they were first added. */
GPtrArray *bench_report_get_rows (BenchReport *self);
/* (transfer none) (element-type BenchFloor) */
GArray *bench_report_get_floors (BenchReport *self);

/* The median of the rounds that did not fail; NAN without any. */
double bench_row_get_figure (const BenchRow *row, BenchFigure figure);
/* Returns: (nullable): why a round failed; NULL: none did. */
const char *bench_row_get_failure (const BenchRow *row);

/* Whether nothing failed. */
gboolean bench_report_is_good (BenchReport *self);

/* (transfer full): a table of 120 columns. */
char *bench_report_to_table (BenchReport *self) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full) */
char *bench_report_to_json (BenchReport *self) G_GNUC_WARN_UNUSED_RESULT;
