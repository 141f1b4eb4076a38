/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-step-back.h"

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICE 10
#define OOM_SCORE "500"

static void
write_file (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  /* What the system lacks, it lacks. */
  if (fd < 0)
    return;
  (void)!write (fd, text, strlen (text));
  close (fd);
}

void
salon_step_back (void)
{
  setsid ();
  setpriority (PRIO_PROCESS, 0, NICE);
  /* Where the kernel shares the processor among sessions first, what counts is how nice those are. */
  write_file ("/proc/self/autogroup", G_STRINGIFY (NICE) "\n");
  write_file ("/proc/self/oom_score_adj", OOM_SCORE);
}
