/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define STOP_S 15
#define NS_PER_S G_GINT64_CONSTANT (1000000000)

struct _BenchProcess
{
  GSubprocess *subprocess; /* (owned) */
  gboolean has_ended;
};

/* -- starting and stopping -- */

/* In the child, between fork and exec. A session of its own: Ctrl+C is for us, and we stop it in order. */
static void
prepare_child (gpointer unused)
{
  setsid ();
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BenchProcess *self = user_data;

  self->has_ended = g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
}

BenchProcess *
bench_process_start (const char *const *arguments, const char *log_path, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_MERGE);
  GSubprocess *subprocess;
  BenchProcess *self;

  g_subprocess_launcher_set_stdout_file_path (launcher, log_path);
  g_subprocess_launcher_set_child_setup (launcher, prepare_child, NULL, NULL);
  subprocess = g_subprocess_launcher_spawnv (launcher, arguments, error);
  if (subprocess == NULL)
    return NULL;
  self = g_new0 (BenchProcess, 1);
  self->subprocess = subprocess;
  g_subprocess_wait_async (subprocess, NULL, on_ended, self);
  return self;
}

gboolean
bench_process_is_running (const BenchProcess *self)
{
  return !self->has_ended;
}

static gboolean
on_late (gpointer user_data)
{
  BenchProcess *self = user_data;

  g_warning ("a server does not end within %d s of SIGTERM; it is killed", STOP_S);
  g_subprocess_force_exit (self->subprocess);
  return G_SOURCE_CONTINUE;
}

void
bench_process_stop (BenchProcess *self)
{
  guint source_id = g_timeout_add_seconds (STOP_S, on_late, self);

  g_subprocess_send_signal (self->subprocess, SIGTERM);
  while (!self->has_ended)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source_id);
  g_object_unref (self->subprocess);
  g_free (self);
}

/* -- measuring -- */

static guint64
read_field (const char *status, const char *name)
{
  const char *line = strstr (status, name);

  return line != NULL ? g_ascii_strtoull (line + strlen (name), NULL, 10) : 0;
}

/* Returns: (transfer full) (nullable) */
static char *
read_proc (int pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", pid, name);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : NULL;
}

static void
add_threads (int pid, BenchUsage *usage)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task", pid);
  g_autoptr (GDir) tasks = g_dir_open (path, 0, NULL);
  const char *task;

  while (tasks != NULL && (task = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *name = g_strdup_printf ("task/%s/status", task);
      g_autofree char *status = read_proc (pid, name);

      if (status == NULL)
        continue; /* it has just ended */
      usage->n_threads++;
      usage->n_switches
          += read_field (status, "\nvoluntary_ctxt_switches:") + read_field (status, "\nnonvoluntary_ctxt_switches:");
    }
}

static void
add_process (int pid, BenchUsage *usage)
{
  g_autofree char *status = read_proc (pid, "status");
  struct timespec time;
  clockid_t clock;

  if (status == NULL || clock_getcpuclockid (pid, &clock) != 0 || clock_gettime (clock, &time) != 0)
    return;
  usage->cpu_ns += time.tv_sec * NS_PER_S + time.tv_nsec;
  usage->rss_kib += read_field (status, "\nVmRSS:");
  add_threads (pid, usage);
}

static int
read_parent (const char *pid)
{
  g_autofree char *status = read_proc (atoi (pid), "status");

  return status != NULL ? (int)read_field (status, "\nPPid:") : 0;
}

static void
add_tree (int root, BenchUsage *usage)
{
  g_autoptr (GDir) processes = g_dir_open ("/proc", 0, NULL);
  const char *name;

  add_process (root, usage);
  while (processes != NULL && (name = g_dir_read_name (processes)) != NULL)
    {
      if (g_ascii_isdigit (name[0]) && read_parent (name) == root)
        add_tree (atoi (name), usage);
    }
}

BenchUsage
bench_process_measure (const BenchProcess *self)
{
  BenchUsage usage = { 0 };
  const char *pid = g_subprocess_get_identifier (self->subprocess);

  if (pid != NULL)
    add_tree (atoi (pid), &usage);
  return usage;
}

/* proc(5): "cpu  user nice system idle iowait irq softirq steal ...", in ticks. */
BenchMachine
bench_machine_measure (void)
{
  g_autofree char *text = NULL;
  guint64 user = 0, nice_ = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  gint64 tick_ns = NS_PER_S / sysconf (_SC_CLK_TCK);

  if (g_file_get_contents ("/proc/stat", &text, NULL, NULL))
    (void)!sscanf (text,
        "cpu %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
        " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
        &user, &nice_, &system, &idle, &iowait, &irq, &softirq, &steal);
  return (BenchMachine){
    .busy_ns = (gint64)(user + nice_ + system + irq + softirq + steal) * tick_ns,
    .idle_ns = (gint64)(idle + iowait) * tick_ns,
  };
}
