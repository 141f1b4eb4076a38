/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* The pipelines that jobs can be started by name: the files *.launch of a folder, read anew each time. These block: for
 * a thread of their own. */

/* Returns: (transfer full): an array of {name, summary, is_recording, parameters: [{name, type, default, help,
 * secret}]}, by name. Files that cannot be read have an `error` in place of the parameters.
 * Those of kind client are left out. */
JsonArray *salon_pipelines_list (const char *folder) G_GNUC_WARN_UNUSED_RESULT;

/* What a job wants of a file. */
typedef struct
{
  const char *name;         /* as the client sent it */
  JsonObject *parameters;   /* (nullable): as the client sent them: texts, numbers and booleans */
  const char *room;         /* (nullable): what ${room} stands for, if the file has it */
  gboolean may_be_elements; /* see salon-launch-file.h */
} SalonPipelineRequest;

/* Returns: (transfer full) (nullable): the text, as a job's specification has it. told: (transfer full): the
 * parameters, as others may see them. secrets: (transfer full): what of them others may not (salon-job-secrets.h).
 * is_recording: (out). Errors: INVALID_PARAMS, FORBIDDEN, UNKNOWN_PIPELINE. */
char *salon_pipelines_fill_in (const char *folder, const SalonPipelineRequest *request, JsonObject **told,
    char ***secrets, gboolean *is_recording, GError **error) G_GNUC_WARN_UNUSED_RESULT;
