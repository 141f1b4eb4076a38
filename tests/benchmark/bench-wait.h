/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The benchmark is a sequence of steps, each of which waits, in the main context, for what others do. */

/* Asked after each turn of the main context. */
typedef gboolean (*BenchPredicate) (gpointer user_data);

/* Returns FALSE when it did not become true in time, or when the user wants to end. */
gboolean bench_wait (BenchPredicate is_true, gpointer user_data, guint timeout_ms) G_GNUC_WARN_UNUSED_RESULT;
/* Lets time pass; FALSE: the user wants to end. */
gboolean bench_wait_ms (guint ms) G_GNUC_WARN_UNUSED_RESULT;

/* From now on SIGINT and SIGTERM make the waiting end, so that everything is stopped in order. */
void bench_wait_catch_signals (void);
gboolean bench_wait_is_interrupted (void);
