/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-job-status.h"

#include <gio/gio.h>

#include "salon-json.h"
#include "salon-limits.h"

#define FILE_NAME "status.json"
#define MAX_ERROR_CHARS 1000

static const char *const state_names[] = {
  [SALON_JOB_STARTING] = "starting",
  [SALON_JOB_RUNNING] = "running",
  [SALON_JOB_RESTARTING] = "restarting",
  [SALON_JOB_STOPPING] = "stopping",
  [SALON_JOB_FINISHED] = "finished",
  [SALON_JOB_STOPPED] = "stopped",
  [SALON_JOB_FAILED] = "failed",
};

void
salon_job_status_clear (SalonJobStatus *self)
{
  g_clear_pointer (&self->error, g_free);
  g_clear_pointer (&self->log, g_strfreev);
}

const char *
salon_job_state_to_string (SalonJobState state)
{
  return state_names[state];
}

gboolean
salon_job_state_is_end (SalonJobState state)
{
  return state >= SALON_JOB_FINISHED;
}

void
salon_job_status_to_json (const SalonJobStatus *self, JsonObject *object, gboolean has_log)
{
  JsonArray *log;

  json_object_set_string_member (object, "state", state_names[self->state]);
  json_object_set_int_member (object, "restarts", self->n_restarts);
  json_object_set_int_member (object, "started_at", self->started_at_s);
  json_object_set_int_member (object, "ended_at", self->ended_at_s);
  json_object_set_int_member (object, "position_ms", self->position_ms);
  json_object_set_int_member (object, "buffers", self->n_buffers);
  json_object_set_int_member (object, "output_bytes", self->output_bytes);
  if (self->error != NULL)
    json_object_set_string_member (object, "error", self->error);
  if (!has_log)
    return;
  log = json_array_new ();
  for (guint i = 0; self->log != NULL && self->log[i] != NULL; i++)
    json_array_add_string_element (log, self->log[i]);
  json_object_set_array_member (object, "log", log);
}

static gboolean
read_log (SalonJobStatus *self, JsonObject *object, GError **error)
{
  char **lines = NULL;

  if (!salon_json_get_optional_strings (object, "log", SALON_LIMIT_JOB_LOG_LINES, &lines, error))
    return FALSE;
  if (lines == NULL)
    return TRUE;
  g_strfreev (self->log);
  self->log = lines;
  return TRUE;
}

gboolean
salon_job_status_update (SalonJobStatus *self, JsonObject *object, GError **error)
{
  guint state = self->state;
  const char *text = NULL;
  gint64 n_restarts = self->n_restarts;

  if (!salon_json_get_optional_choice (object, "state", state_names, G_N_ELEMENTS (state_names), &state, error))
    return FALSE;
  /* Whatever else is damaged: what is over is not begun anew. */
  self->state = state;
  if (!salon_json_get_optional_int (object, "restarts", 0, G_MAXINT, &n_restarts, error)
      || !salon_json_get_optional_int (object, "started_at", 0, G_MAXINT64, &self->started_at_s, error)
      || !salon_json_get_optional_int (object, "ended_at", 0, G_MAXINT64, &self->ended_at_s, error)
      || !salon_json_get_optional_int (object, "position_ms", -1, G_MAXINT64, &self->position_ms, error)
      || !salon_json_get_optional_int (object, "buffers", 0, G_MAXINT64, &self->n_buffers, error)
      || !salon_json_get_optional_int (object, "output_bytes", 0, G_MAXINT64, &self->output_bytes, error)
      || !salon_json_get_optional_string (object, "error", 0, MAX_ERROR_CHARS, &text, error)
      || !read_log (self, object, error))
    return FALSE;
  self->n_restarts = (guint)n_restarts;
  if (text != NULL)
    {
      g_free (self->error);
      self->error = g_strdup (text);
    }
  return TRUE;
}

gboolean
salon_job_status_save (const SalonJobStatus *self, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, FILE_NAME, NULL);
  JsonObject *object = json_object_new ();

  salon_job_status_to_json (self, object, TRUE);
  return salon_json_save (path, object, error);
}

gboolean
salon_job_status_load (SalonJobStatus *self, const char *folder)
{
  g_autofree char *path = g_build_filename (folder, FILE_NAME, NULL);
  g_autoptr (JsonObject) object = salon_json_load (path, SALON_LIMIT_JOB_MESSAGE_BYTES, NULL);

  return object != NULL && salon_job_status_update (self, object, NULL);
}
