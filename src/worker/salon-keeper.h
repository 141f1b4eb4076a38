/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Whoever looks after a job, in a process of its own: it loads no media code, so that nothing crashes it, and lives on
 * when the server dies. It makes the pipeline's process, makes it anew when it breaks (SalonAttempt), kills it when it
 * hangs, bounds what it writes and prints, and tells each server that connects how it fares.
 *
 *   starting --> running --> finished
 *      ^  |         |   \--> failed          (too often, or for a reason that does not go away)
 *      |  v         v
 *   restarting <----+------> stopping --> stopped
 *
 * It holds a lock on the job's folder while it lives, so that whoever finds the lock free knows that nobody looks after
 * the job. The way to it is a socket in that folder:
 *
 *   server                                       keeper
 *     {"stop": true, "why": text}             ->       finishes its files; why: unless somebody wished it
 *     {"kill": true}                          ->       at once
 *     {"set": {...}, "id": 7}                 ->
 *                                             <-  {"id": 7, "error": text}      error: if it failed
 *                                             <-  salon-job-status.h            at first, and when it changes; the log
 *                                                                               only when that changes
 *
 * The working directory is the job's folder; fd: the first server. Returns: the process' exit status. */
int salon_keeper_run (int fd) G_GNUC_WARN_UNUSED_RESULT;
