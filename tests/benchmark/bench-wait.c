/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-wait.h"

#include <glib-unix.h>
#include <signal.h>

/* The one global: a signal is for the whole process. */
static gboolean is_interrupted;

static gboolean
on_signal (gpointer unused)
{
  is_interrupted = TRUE;
  return G_SOURCE_CONTINUE;
}

void
bench_wait_catch_signals (void)
{
  g_unix_signal_add (SIGINT, on_signal, NULL);
  g_unix_signal_add (SIGTERM, on_signal, NULL);
}

gboolean
bench_wait_is_interrupted (void)
{
  return is_interrupted;
}

static gboolean
on_late (gpointer user_data)
{
  *(gboolean *)user_data = TRUE;
  return G_SOURCE_CONTINUE;
}

gboolean
bench_wait (BenchPredicate is_true, gpointer user_data, guint timeout_ms)
{
  gboolean is_late = FALSE;
  guint source_id = g_timeout_add (timeout_ms, on_late, &is_late);
  gboolean is_done = is_true (user_data);

  while (!is_done && !is_late && !is_interrupted)
    {
      g_main_context_iteration (NULL, TRUE);
      is_done = is_true (user_data);
    }
  g_source_remove (source_id);
  return is_done;
}

static gboolean
never (gpointer unused)
{
  return FALSE;
}

gboolean
bench_wait_ms (guint ms)
{
  (void)!bench_wait (never, NULL, ms);
  return !is_interrupted;
}
