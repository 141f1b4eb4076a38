/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-job-spec.h"

#include <gio/gio.h>

#include "salon-job-folder.h"
#include "salon-json.h"
#include "salon-limits.h"

#define MAX_LIST 1000
#define ATTEMPT "${attempt}"

void
salon_job_limits_clear (SalonJobLimits *limits)
{
  g_clear_pointer (&limits->elements, g_strfreev);
  g_clear_pointer (&limits->media_folders, g_strfreev);
}

void
salon_job_limits_copy (const SalonJobLimits *limits, SalonJobLimits *copy)
{
  *copy = *limits;
  copy->elements = g_strdupv (limits->elements);
  copy->media_folders = g_strdupv (limits->media_folders);
}

void
salon_job_spec_free (SalonJobSpec *self)
{
  g_free (self->id);
  g_free (self->room);
  g_free (self->slug);
  g_free (self->pipeline);
  g_free (self->by);
  g_free (self->launch);
  g_strfreev (self->secrets);
  g_clear_pointer (&self->parameters, json_object_unref);
  salon_job_limits_clear (&self->limits);
  g_free (self);
}

char *
salon_job_spec_make_text (const SalonJobSpec *self, guint n_restarts)
{
  g_autofree char *number = g_strdup_printf ("%u", n_restarts);
  GString *text = g_string_new (self->launch);

  g_string_replace (text, ATTEMPT, number, 0);
  return g_string_free (text, FALSE);
}

gboolean
salon_job_spec_names_room (const SalonJobSpec *self, const char *room)
{
  g_autofree char *escaped = g_regex_escape_string (room, -1);
  g_autofree char *pattern = g_strconcat ("(?:^|\\s)room\\s*=\\s*([\"']?)", escaped, "\\1(?:\\s|$)", NULL);

  return g_strcmp0 (room, self->room) == 0 || g_strcmp0 (room, self->slug) == 0
         || g_regex_match_simple (pattern, self->launch, 0, 0);
}

/* -- to JSON -- */

static void
set_optional (JsonObject *object, const char *name, const char *value)
{
  if (value != NULL)
    json_object_set_string_member (object, name, value);
}

static void
set_list (JsonObject *object, const char *name, char **items)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; items[i] != NULL; i++)
    json_array_add_string_element (array, items[i]);
  json_object_set_array_member (object, name, array);
}

static JsonObject *
limits_to_json (const SalonJobLimits *limits)
{
  JsonObject *object = json_object_new ();

  set_list (object, "elements", limits->elements);
  set_list (object, "media_folders", limits->media_folders);
  json_object_set_int_member (object, "memory_mb", limits->memory_mb);
  json_object_set_int_member (object, "output_mb", limits->output_mb);
  json_object_set_int_member (object, "hang_s", limits->hang_s);
  json_object_set_int_member (object, "max_restarts", limits->max_restarts);
  json_object_set_int_member (object, "orphan_s", limits->orphan_s);
  json_object_set_boolean_member (object, "needs_sandbox", limits->needs_sandbox);
  return object;
}

JsonObject *
salon_job_spec_to_json (const SalonJobSpec *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", self->id);
  set_optional (object, "room", self->room);
  set_optional (object, "slug", self->slug);
  set_optional (object, "pipeline", self->pipeline);
  json_object_set_object_member (object, "parameters", json_object_ref (self->parameters));
  if (self->secrets != NULL)
    set_list (object, "secrets", self->secrets);
  json_object_set_string_member (object, "launch", self->launch);
  json_object_set_boolean_member (object, "is_recording", self->is_recording);
  set_optional (object, "by", self->by);
  json_object_set_int_member (object, "created_at", self->created_at_s);
  json_object_set_boolean_member (object, "own", self->is_own);
  json_object_set_object_member (object, "limits", limits_to_json (&self->limits));
  return object;
}

/* -- from JSON -- */

static gboolean
get_uint (JsonObject *object, const char *name, guint *value, GError **error)
{
  gint64 number = 0;

  if (!salon_json_get_int (object, name, 0, G_MAXUINT, &number, error))
    return FALSE;
  *value = (guint)number;
  return TRUE;
}

static gboolean
limits_from_json (JsonObject *object, SalonJobLimits *limits, GError **error)
{
  return salon_json_get_strings (object, "elements", MAX_LIST, &limits->elements, error)
         && salon_json_get_strings (object, "media_folders", MAX_LIST, &limits->media_folders, error)
         && get_uint (object, "memory_mb", &limits->memory_mb, error)
         && get_uint (object, "output_mb", &limits->output_mb, error)
         && get_uint (object, "hang_s", &limits->hang_s, error)
         && get_uint (object, "max_restarts", &limits->max_restarts, error)
         && get_uint (object, "orphan_s", &limits->orphan_s, error)
         && salon_json_get_boolean (object, "needs_sandbox", &limits->needs_sandbox, error);
}

SalonJobSpec *
salon_job_spec_from_json (JsonObject *object, GError **error)
{
  g_autoptr (SalonJobSpec) self = g_new0 (SalonJobSpec, 1);
  const char *id, *launch;
  const char *room = NULL, *slug = NULL, *pipeline = NULL, *by = NULL;
  JsonObject *parameters = NULL, *limits = NULL;

  if (!salon_json_get_string (object, "id", 1, 64, &id, error)
      || !salon_json_get_optional_string (object, "room", 1, 64, &room, error)
      || !salon_json_get_optional_string (object, "slug", 1, SALON_LIMIT_SLUG_RAW_CHARS, &slug, error)
      || !salon_json_get_optional_string (object, "pipeline", 1, 64, &pipeline, error)
      || !salon_json_get_object (object, "parameters", &parameters, error)
      || !salon_json_get_string (object, "launch", 0, SALON_LIMIT_JOB_MESSAGE_BYTES, &launch, error)
      || !salon_json_get_optional_boolean (object, "is_recording", &self->is_recording, error)
      || !salon_json_get_optional_string (object, "by", 1, 64, &by, error)
      || !salon_json_get_int (object, "created_at", 0, G_MAXINT64, &self->created_at_s, error)
      || !salon_json_get_optional_boolean (object, "own", &self->is_own, error)
      || !salon_json_get_optional_strings (object, "secrets", MAX_LIST, &self->secrets, error)
      || !salon_json_get_object (object, "limits", &limits, error) || !limits_from_json (limits, &self->limits, error))
    return NULL;
  self->id = g_strdup (id);
  self->room = g_strdup (room);
  self->slug = g_strdup (slug);
  self->pipeline = g_strdup (pipeline);
  self->by = g_strdup (by);
  self->launch = g_strdup (launch);
  self->parameters = json_object_ref (parameters);
  return g_steal_pointer (&self);
}

/* -- on disk -- */

gboolean
salon_job_spec_save (const SalonJobSpec *self, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, SALON_JOB_SPEC_FILE, NULL);

  return salon_json_save (path, salon_job_spec_to_json (self), error);
}

SalonJobSpec *
salon_job_spec_load (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, SALON_JOB_SPEC_FILE, NULL);
  g_autoptr (JsonObject) object = salon_json_load (path, SALON_LIMIT_JOB_MESSAGE_BYTES, error);

  return object != NULL ? salon_job_spec_from_json (object, error) : NULL;
}
