/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-job.h"
#include "salon-pipelines.h"
#include "salon-uploads.h"

/* All jobs of this server: pipelines that run beside it, each in processes of its own, so that none of their crashes or
 * hangs touches a room. They are kept in <state-dir>/jobs, and outlive the server: whoever opens the folder next finds
 * them. Owned by main; main context only.
 *
 *   SalonJobs --> SalonJob  ~~link~~>  keeper  ~~link~~>  pipeline          each ~~> is a process of its own
 *                                      salon-job keep     salon-job run    (src/worker)
 *
 * Signal:
 *   changed (SalonJob *)   it is new, or in another state, or about to be forgotten: then it is not listed any more */
#define SALON_TYPE_JOBS (salon_jobs_get_type ())
G_DECLARE_FINAL_TYPE (SalonJobs, salon_jobs, SALON, JOBS, GObject)

/* (borrowed) throughout, and for as long as the jobs. */
typedef struct
{
  const char *state_dir;
  const char *program;          /* salon-job */
  const char *pipelines_folder; /* of *.launch */
  guint max_jobs;               /* at once; 0: none at all */
  guint max_jobs_per_room;
  guint min_free_mb; /* on the disk, or else no recording begins */
  SalonJobLimits limits;
  const char *upload_prefix; /* where recordings are uploaded to, with ${room} and ${date}; the job's id follows */
  SalonUploadsOptions uploads;
} SalonJobsOptions;

/* Takes on the jobs of earlier runs. For start-up: blocks. Errors: the folder. */
SalonJobs *salon_jobs_new (const SalonJobsOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct
{
  const char *room;       /* (nullable): id */
  const char *slug;       /* (nullable): the room's */
  const char *pipeline;   /* (nullable): name of a file; or */
  const char *launch;     /* (nullable): the text itself */
  JsonObject *parameters; /* (nullable): of the file */
  gboolean is_admin;      /* who may set elements */
  gboolean is_own;        /* the server's, which bounds them by itself: not counted, and ended by the next server */
  const char *by;         /* (nullable): the member of the room who makes it */
} SalonJobRequest;

/* Errors: those of salon_pipelines_fill_in(), TOO_MANY_JOBS, DISK_FULL, INTERNAL. */
void salon_jobs_start_async (
    SalonJobs *self, const SalonJobRequest *request, GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer none) */
SalonJob *salon_jobs_start_finish (SalonJobs *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer none): or NULL with JOB_NOT_FOUND. */
SalonJob *salon_jobs_find (SalonJobs *self, const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full) (nullable): the id of the job whose process this is (salon_job_folder_find_process()). */
char *salon_jobs_find_process (SalonJobs *self, gint pid) G_GNUC_WARN_UNUSED_RESULT;
/* Whether the job of this id may come into a room by this name (salon_job_spec_names_room()). Errors: FORBIDDEN. */
gboolean salon_jobs_may_enter (SalonJobs *self, const char *id, const char *room, GError **error);

/* Returns: (transfer container) (element-type SalonJob): the newest first. room: (nullable): an id; NULL: all. */
GPtrArray *salon_jobs_list (SalonJobs *self, const char *room) G_GNUC_WARN_UNUSED_RESULT;

/* How much is free on the disk where they are, in bytes; -1: not known. Blocks; any thread. */
gint64 salon_jobs_measure_free (SalonJobs *self);

/* Lets all jobs of a room finish their files, and stop. */
void salon_jobs_stop_room (SalonJobs *self, const char *room);

/* Ends a job, if need be, and forgets it, with all its files. */
void salon_jobs_remove_async (SalonJobs *self, SalonJob *job, GAsyncReadyCallback callback, gpointer user_data);
void salon_jobs_remove_finish (SalonJobs *self, GAsyncResult *result);

/* Brings what a job has written to the store; or, if that has failed, tries again now. Errors: INVALID_PARAMS: it has
 * not ended, has left nothing, or there is no store. */
gboolean salon_jobs_upload (SalonJobs *self, SalonJob *job, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How much of what it has written is on this machine's disk: all, unless it is in the store alone. */
gint64 salon_jobs_get_kept_bytes (SalonJobs *self, SalonJob *job);

/* (transfer none): what is uploaded: by the folders of jobs. */
SalonUploads *salon_jobs_get_uploads (SalonJobs *self);

/* See salon_pipelines_list(). Returns: (transfer full) */
void salon_jobs_list_pipelines_async (SalonJobs *self, GAsyncReadyCallback callback, gpointer user_data);
JsonArray *salon_jobs_list_pipelines_finish (SalonJobs *self, GAsyncResult *result) G_GNUC_WARN_UNUSED_RESULT;
