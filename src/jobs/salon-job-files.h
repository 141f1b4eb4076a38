/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <sys/stat.h>

/* What a job has written, by name: "picture.webm" or "parts/1.ts" is of the present attempt, "earlier-1/picture.webm"
 * of one that broke. The process that writes there is not trusted: links are not followed, and what is no plain file is
 * not there. All of these block. */

typedef struct
{
  char *name; /* (owned): UTF-8 */
  gint64 size_bytes;
  gint64 modified_at_s; /* Unix time */
} SalonJobFile;

/* folder: the job's. is_cut: (out): there are more than SALON_LIMIT_JOB_FILES, or too many folders.
 * Returns: (transfer full) (element-type SalonJobFile): by name; empty if it has written nothing. */
GPtrArray *salon_job_files_list (const char *folder, gboolean *is_cut) G_GNUC_WARN_UNUSED_RESULT;

/* name: as a client sent it. Returns: an open descriptor, and what fstat() says of it; or -1 with FILE_NOT_FOUND, or
 * INTERNAL when there are no descriptors left. */
int salon_job_files_open (
    const char *folder, const char *name, struct stat *status, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Deletes one, as listed; folders stay. FALSE: it is not there. */
gboolean salon_job_files_remove (const char *folder, const char *name);
