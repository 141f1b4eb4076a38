/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "salon-job-spec.h"
#include "salon-job-status.h"

/* A job as the server sees it: what it is to be, what its keeper (src/worker/salon-keeper.h) told last, and the link to
 * that keeper. The job itself is a process that lives without this object. SalonJobs owns it; main context.
 *
 * Signals:
 *   changed (SalonJobState before)   its state, or how often it was restarted */
#define SALON_TYPE_JOB (salon_job_get_type ())
G_DECLARE_FINAL_TYPE (SalonJob, salon_job, SALON, JOB, GObject)

/* folder: the job's. program: salon-job. spec: (transfer full). Nothing runs yet. */
SalonJob *salon_job_new (const char *folder, const char *program, SalonJobSpec *spec) G_GNUC_WARN_UNUSED_RESULT;

/* Makes a keeper, which takes the job on from where the last one left it. Errors: INTERNAL. */
gboolean salon_job_start (SalonJob *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads how an earlier server's job fares, and, if it is not over, finds its keeper, or else makes a new one. For
 * start-up: blocks for some file reads. */
void salon_job_adopt (SalonJob *self);

/* (transfer none) */
const SalonJobSpec *salon_job_get_spec (SalonJob *self);
const SalonJobStatus *salon_job_get_status (SalonJob *self);
const char *salon_job_get_folder (SalonJob *self);

/* Whether nothing of it runs any more. */
gboolean salon_job_is_over (SalonJob *self);

/* Lets it finish its files, and end; or, if it is over, does nothing. */
void salon_job_stop (SalonJob *self);
/* The same, not because somebody wished it: why (for a person) becomes its error. */
void salon_job_stop_because (SalonJob *self, const char *why);
/* Whether it was told to, here or by a server before. */
gboolean salon_job_is_stopping (SalonJob *self);

/* Ends it now, whatever that leaves behind. */
void salon_job_kill (SalonJob *self);

/* Lets go of its keeper, which goes on without. Implied by the last reference, which requests under way may hold. */
void salon_job_close (SalonJob *self);

/* Changes properties of its pipeline: {"element.property": value}. Errors: INVALID_PARAMS, JOB_NOT_RUNNING. */
void salon_job_set_async (SalonJob *self, JsonObject *values, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_job_set_finish (SalonJob *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
