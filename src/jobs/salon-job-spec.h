/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* What a job is to be, once and for all: plain data. The server writes it into the job's folder, the keeper and the
 * pipeline's process read it. */

/* What the configuration grants to a job. */
typedef struct
{
  char **elements;      /* (owned): beside those that are allowed anyway; patterns with * and ? */
  char **media_folders; /* (owned): to be read */
  guint memory_mb;
  guint output_mb;
  guint hang_s;       /* how long nothing may move */
  guint max_restarts; /* in a row */
  guint orphan_s;     /* how long it goes on without a server */
  gboolean needs_sandbox;
} SalonJobLimits;

typedef struct
{
  char *id;               /* (owned): UUID */
  char *room;             /* (owned) (nullable): id */
  char *slug;             /* (owned) (nullable): the room's */
  char *pipeline;         /* (owned) (nullable): name of a file; NULL: the administrator's own text */
  JsonObject *parameters; /* (owned): of that file, as others may see them */
  char **secrets;         /* (owned) (nullable): what of them the job must not print: salon-job-secrets.h */
  char *launch;           /* (owned): see salon_job_spec_make_text() */
  gboolean is_recording;  /* of that kind (salon-launch-file.h) */
  char *by;               /* (owned) (nullable): who in the room made it: then it stops when nobody is left */
  gint64 created_at_s;    /* Unix time */
  gboolean is_own;        /* the server's own: of no use to the next one */
  SalonJobLimits limits;
} SalonJobSpec;

void salon_job_limits_clear (SalonJobLimits *limits);
void salon_job_limits_copy (const SalonJobLimits *limits, SalonJobLimits *copy);

void salon_job_spec_free (SalonJobSpec *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonJobSpec, salon_job_spec_free)

/* Returns: (transfer full) */
JsonObject *salon_job_spec_to_json (const SalonJobSpec *self) G_GNUC_WARN_UNUSED_RESULT;
SalonJobSpec *salon_job_spec_from_json (JsonObject *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): the text for gst_parse_launch(), once the job has been begun anew so often: ${attempt}
 * stands for that, so that files of several attempts can have names of their own. */
char *salon_job_spec_make_text (const SalonJobSpec *self, guint n_restarts) G_GNUC_WARN_UNUSED_RESULT;

/* Whether it may come into a room by this name: its own, or one that its text names. What a text does not say, a
 * process that obeys somebody else does. */
gboolean salon_job_spec_names_room (const SalonJobSpec *self, const char *room);

/* The file in a job's folder. Blocks. */
gboolean salon_job_spec_save (const SalonJobSpec *self, const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
SalonJobSpec *salon_job_spec_load (const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
