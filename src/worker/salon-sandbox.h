/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-job-spec.h"

/* What the pipeline's process can do no more, from here on and for good, so that a decoder that a stream has taken over
 * finds nothing to take:
 *
 *   sockets     (a mount namespace, if we may have one) those in the server's folders that are not for everybody
 *   privileges  none are gained (PR_SET_NO_NEW_PRIVS), and root's are given up
 *   limits      memory, open files, the size of a file, no core dump
 *   files       (Landlock) only the job's own folders are written to; beside the system's programs and libraries only
 *               the media folders are read: no home, no state of the server
 *   calls       (seccomp) no new process or program, no signal to others, no tracing, no mounting, no kernel modules;
 *               sockets only of IP and Unix
 *
 * GStreamer's registry must be read before, since that may run its scanner. Before there are threads. */

/* output, scratch: the folders that may be written to. Errors: in the words of an administrator. */
gboolean salon_sandbox_enter (
    const SalonJobLimits *limits, const char *output, const char *scratch, GError **error) G_GNUC_WARN_UNUSED_RESULT;
