/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dirent.h>
#include <glib.h>

/* What stands in a job's folder, <state-dir>/jobs/<id>:
 *
 *   job.json       salon-job-spec.h       lock      held by the keeper while it lives
 *   status.json    salon-job-status.h     control   its socket
 *   log, log.old   what the job printed
 *   output         what the present attempt writes
 *   earlier-1 ...  what attempts before had written when they broke: none overwrites another's files
 *   upload.json    salon-upload-status.h, if it is uploaded: then the lock is held by the uploader while it lives
 *   scratch        the pipeline's home, emptied before each attempt
 *
 * All of these block. */

#define SALON_JOB_SPEC_FILE "job.json"
#define SALON_JOB_LOCK "lock"
#define SALON_JOB_CONTROL "control"

/* Makes room for an attempt. */
gboolean salon_job_folder_prepare (const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What all attempts have written, in bytes. Returns: whether that is all: a job may have made folders that are closed,
 * or too deep. */
gboolean salon_job_folder_measure (const char *folder, gint64 *size_bytes) G_GNUC_WARN_UNUSED_RESULT;

/* Whether somebody holds its lock. */
gboolean salon_job_folder_is_kept (const char *folder);

/* Whose process this is: a keeper leads a session, in its job's folder, which nothing of the job can leave. Returns:
 * (transfer full) (nullable): the job's id, even if it is just being forgotten; NULL: of no job in this folder of jobs.
 */
char *salon_job_folder_find_process (const char *jobs_folder, gint pid) G_GNUC_WARN_UNUSED_RESULT;

/* Takes its lock, to be held until the process ends. patience_ms: how long whoever held it before may take to end.
 * Returns: whether nobody else has it. */
gboolean salon_job_folder_take_lock (const char *folder, guint patience_ms) G_GNUC_WARN_UNUSED_RESULT;

/* What is in an open folder, to be read and closed with closedir(). fd: (transfer full): or -1. Returns: (nullable) */
DIR *salon_job_folder_list (int fd) G_GNUC_WARN_UNUSED_RESULT;

/* Removes a folder with all that is in it, also if that was closed or is deep; links are not followed. What makes it a
 * job's goes first: should something stay, it is nobody's. */
void salon_job_folder_remove (const char *path);
