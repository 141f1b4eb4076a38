/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-jobs.h"

/* Recordings: the jobs whose pipeline is of that kind, and what they leave. A recording is its job's folder, and has
 * the job's id; this looks after how long it stays, and that the disk does not fill up with it:
 *
 *   - kept for so many days after its end, and as long as all take no more than so much: then the oldest goes that has
 *     ended; never one that is under way, or that is still to be brought to the store (salon-uploads.h)
 *   - none begins where little is free on the disk (SalonJobs), and those under way finish their files and stop
 *
 * Signals:
 *   changed (const char *room)   of that room (an id) one began, or could not, or ended, or is gone
 *
 * Owned by main; main context only. */
#define SALON_TYPE_RECORDINGS (salon_recordings_get_type ())
G_DECLARE_FINAL_TYPE (SalonRecordings, salon_recordings, SALON, RECORDINGS, GObject)

/* (borrowed) */
typedef struct
{
  const char *pipeline; /* by which people in a room record it */
  guint keep_days;      /* 0: for good */
  guint max_gb;         /* 0: no bound */
  guint min_free_mb;
} SalonRecordingsOptions;

/* jobs, options: (borrowed): must outlive it. */
SalonRecordings *salon_recordings_new (
    SalonJobs *jobs, const SalonRecordingsOptions *options) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer container) (element-type SalonJob): the newest first. room: (nullable): an id; NULL: all.
 * by: (nullable): only what this member of the room began. */
GPtrArray *salon_recordings_list (SalonRecordings *self, const char *room, const char *by) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer none) (nullable): or NULL with JOB_NOT_FOUND. */
SalonJob *salon_recordings_find (SalonRecordings *self, const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether this room (an id) is being recorded, or about to be. */
gboolean salon_recordings_is_recording (SalonRecordings *self, const char *room);

/* Somebody in a room begins to record it; for one that is being recorded, nothing, unless all that there is finishes
 * its files already; for one about to be, it ends as that does. Errors: those of salon_jobs_start_async(). */
void salon_recordings_begin_async (SalonRecordings *self, const char *room, const char *slug, const char *by,
    GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_recordings_begin_finish (
    SalonRecordings *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Lets those finish that somebody in the room began, or that are about to begin. Errors: FORBIDDEN: there are others,
 * which are not theirs to stop. */
gboolean salon_recordings_stop (SalonRecordings *self, const char *room, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Nobody is in the room any more who could be its host: what somebody there began finishes. May be said twice. */
void salon_recordings_leave_alone (SalonRecordings *self, const char *room);

/* Deletes one, with its files. Errors: JOB_NOT_FOUND, STILL_RECORDING. */
void salon_recordings_delete_async (
    SalonRecordings *self, const char *id, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_recordings_delete_finish (
    SalonRecordings *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
