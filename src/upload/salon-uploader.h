/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Uploads what a job has written, and ends: the process' own work, file by file, one request at a time. What it has
 * done stands in the job's folder (salon-upload-status.h), and in the store, so that it may be killed at any moment,
 * and the next one goes on: files that are there are left out, of one that goes up in parts those that are there. An
 * error ends it; whether there is a next one, and when, is the server's to say.
 *
 *   server                                       uploader
 *     {"prefix", "target"}                    ->          salon-upload-target.h; once
 *                                             <-  salon-upload-status.h         each second, and at last: "done",
 *                                                                               "waiting" for a better time, or
 *                                                                               "failed" for good
 *
 * It ends with its server. While it lives it holds the lock of the job's folder, which is its working directory.
 * fd: the link. Returns: the process' exit status. */
int salon_uploader_run (int fd) G_GNUC_WARN_UNUSED_RESULT;
