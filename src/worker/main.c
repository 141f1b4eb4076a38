/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* salon-job: a job of the server, in two processes: one keeps it (salon-keeper.h), and makes the other, which runs the
 * pipeline (salon-runner.h). Not for people to call. */
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>

#include "salon-keeper.h"
#include "salon-program.h"
#include "salon-runner.h"
#include "salon-step-back.h"

/* As in sysexits.h. */
#define EXIT_USAGE 64

int
main (int argc, char **argv)
{
  const char *command = argc == 2 ? argv[1] : "";

  signal (SIGPIPE, SIG_IGN);
  /* A file at its limit is an error of the element that writes it. */
  signal (SIGXFSZ, SIG_IGN);
  if (fcntl (SALON_PROGRAM_LINK_FD, F_SETFD, FD_CLOEXEC) != 0)
    command = "";
  if (g_str_equal (command, SALON_PROGRAM_KEEP))
    {
      salon_step_back ();
      return salon_keeper_run (SALON_PROGRAM_LINK_FD);
    }
  /* Whoever ends the keeper too: it will say when. */
  signal (SIGTERM, SIG_IGN);
  if (g_str_equal (command, SALON_PROGRAM_RUN))
    return salon_runner_run (SALON_PROGRAM_LINK_FD);
  g_printerr ("salon-job is the server's to call; people have salonctl\n");
  return EXIT_USAGE;
}
