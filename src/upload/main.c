/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* salon-upload: brings what a job has written to a store (salon-uploader.h). A process of its own, since it reads what
 * others' servers answer, and waits for them. Not for people to call. */
#include <curl/curl.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <sys/prctl.h>

#include "salon-program.h"
#include "salon-step-back.h"
#include "salon-uploader.h"

/* As in sysexits.h. */
#define EXIT_USAGE 64

int
main (int argc, char **argv)
{
  int exit_status;

  signal (SIGPIPE, SIG_IGN);
  if (fcntl (SALON_PROGRAM_LINK_FD, F_SETFD, FD_CLOEXEC) != 0)
    {
      g_printerr ("salon-upload is the server's to call; people have salonctl\n");
      return EXIT_USAGE;
    }
  /* Before its own files in /proc are root's. */
  salon_step_back ();
  /* It holds the store's secret: nobody looks into it, and no core file keeps it. */
  prctl (PR_SET_DUMPABLE, 0);
  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  /* The link tells of the server's end, too; but not while a request looks for an address. */
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  curl_global_init (CURL_GLOBAL_DEFAULT);
  exit_status = salon_uploader_run (SALON_PROGRAM_LINK_FD);
  curl_global_cleanup ();
  return exit_status;
}
