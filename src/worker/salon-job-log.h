/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a job says: what its process prints, of which there may be any amount, and what its keeper notes. Its tail is
 * kept in memory, and more of it in the file `log` of the job's folder (and what was before in `log.old`). Lines are
 * cut to SALON_LIMIT_JOB_LINE_CHARS; when there are too many in a second, the rest is counted. Main context. */
typedef struct _SalonJobLog SalonJobLog;

/* path: of the file. on_changed: after each line. */
SalonJobLog *salon_job_log_new (
    const char *path, void (*on_changed) (gpointer user_data), gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
/* What no line has, from now on: see salon-job-secrets.h. */
void salon_job_log_set_secrets (SalonJobLog *self, char **secrets);
void salon_job_log_free (SalonJobLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonJobLog, salon_job_log_free)

/* What comes out of this pipe, until its other end is closed. fd: owned from here on. */
void salon_job_log_read (SalonJobLog *self, int fd);

/* What has come by now, before it is too late. */
void salon_job_log_drain (SalonJobLog *self);

/* The keeper's own words: never left out. */
void salon_job_log_note (SalonJobLog *self, const char *text);

/* Returns: (transfer full): the last lines. */
char **salon_job_log_get_tail (SalonJobLog *self) G_GNUC_WARN_UNUSED_RESULT;
