/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* A server's process: started, measured with all its children, and stopped. Its output goes to a file. It dies with
 * us, however we end. Main context. */
typedef struct _BenchProcess BenchProcess;

/* arguments: with the program first. log_path: made anew. */
BenchProcess *bench_process_start (
    const char *const *arguments, const char *log_path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* SIGTERM; and SIGKILL for one that does not end in time. Waits for the end. */
void bench_process_stop (BenchProcess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchProcess, bench_process_stop)

gboolean bench_process_is_running (const BenchProcess *self);

/* Of the process and its children. */
typedef struct
{
  gint64 cpu_ns; /* user and system, of threads that ended too */
  guint64 rss_kib;
  guint n_threads;
  guint64 n_switches; /* context switches, of the threads that live */
} BenchUsage;

BenchUsage bench_process_measure (const BenchProcess *self);

/* Of the machine: the share of all its processors' time that was idle, in ns since it started. */
typedef struct
{
  gint64 busy_ns;
  gint64 idle_ns;
} BenchMachine;

BenchMachine bench_machine_measure (void);
