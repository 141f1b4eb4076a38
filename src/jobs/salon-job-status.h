/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* How a job fares: plain data. The keeper's; it tells the server, and leaves it in the job's folder. */

typedef enum
{
  SALON_JOB_STARTING,   /* its process is made, or its pipeline not playing yet */
  SALON_JOB_RUNNING,    /* it plays */
  SALON_JOB_RESTARTING, /* it broke, and is tried again in a moment */
  SALON_JOB_STOPPING,   /* it was told to stop, and finishes its files */
  SALON_JOB_FINISHED,   /* it came to its end by itself */
  SALON_JOB_STOPPED,    /* it was told to stop, and has */
  SALON_JOB_FAILED,     /* see the error */
} SalonJobState;

typedef struct
{
  SalonJobState state;
  guint n_restarts;
  gint64 started_at_s; /* Unix time: the present attempt; 0: not yet */
  gint64 ended_at_s;   /* Unix time; 0: not yet */
  gint64 position_ms;  /* of the present attempt; -1: not known */
  gint64 n_buffers;    /* that have come to its sinks: of video, pictures */
  gint64 output_bytes; /* of all attempts */
  char *error;         /* (owned) (nullable): for a person: why it failed, or what broke last */
  char **log;          /* (owned): the tail of what it printed */
} SalonJobStatus;

void salon_job_status_clear (SalonJobStatus *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SalonJobStatus, salon_job_status_clear)

/* (transfer none): "starting" ... */
const char *salon_job_state_to_string (SalonJobState state);

/* Whether nothing more will come. */
gboolean salon_job_state_is_end (SalonJobState state);

/* Writes its members into an object; with or without the log. */
void salon_job_status_to_json (const SalonJobStatus *self, JsonObject *object, gboolean has_log);

/* Takes over what the object has; what it does not have stays as it was. On failure some may be taken over. */
gboolean salon_job_status_update (SalonJobStatus *self, JsonObject *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The file in a job's folder. Blocks. */
gboolean salon_job_status_save (
    const SalonJobStatus *self, const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* FALSE: there is none, or a damaged one. */
gboolean salon_job_status_load (SalonJobStatus *self, const char *folder) G_GNUC_WARN_UNUSED_RESULT;
