/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-report.h"

/* The report as a picture: bars side by side, one panel for each figure that matters most.
 * Returns: (transfer full): SVG. */
char *bench_picture_new (BenchReport *report) G_GNUC_WARN_UNUSED_RESULT;
