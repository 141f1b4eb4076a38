/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-pipelines.h"

#include <string.h>

#include "salon-error.h"
#include "salon-job-secrets.h"
#include "salon-json.h"
#include "salon-launch-file.h"
#include "salon-limits.h"

#define SUFFIX ".launch"
/* The parameters that are the job's own. */
#define ROOM "room"
#define ATTEMPT "attempt"

/* -- listing -- */

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* Returns: (transfer full): without the suffix. */
static GPtrArray *
find_names (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *file;

  while (dir != NULL && names->len < SALON_LIMIT_PIPELINES && (file = g_dir_read_name (dir)) != NULL)
    {
      if (g_str_has_suffix (file, SUFFIX) && g_utf8_validate (file, -1, NULL))
        g_ptr_array_add (names, g_strndup (file, strlen (file) - strlen (SUFFIX)));
    }
  g_ptr_array_sort (names, compare_names);
  return names;
}

static JsonObject *
describe_parameter (const SalonParameter *parameter)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", parameter->name);
  json_object_set_string_member (object, "type", salon_parameter_type_to_string (parameter->type));
  json_object_set_string_member (object, "default", parameter->default_value);
  json_object_set_string_member (object, "help", parameter->help);
  json_object_set_boolean_member (object, "secret", parameter->is_secret);
  return object;
}

/* Returns: (transfer full) (nullable): NULL for what is no job. */
static JsonObject *
describe (const char *folder, const char *name)
{
  g_autofree char *file_name = g_strconcat (name, SUFFIX, NULL);
  g_autofree char *path = g_build_filename (folder, file_name, NULL);
  g_autoptr (SalonLaunchFile) file = salon_launch_file_read (path, NULL);
  JsonObject *object;
  JsonArray *parameters;
  GPtrArray *declared;

  if (file != NULL && salon_launch_file_is_client (file))
    return NULL;
  object = json_object_new ();
  json_object_set_string_member (object, "name", name);
  if (file == NULL)
    {
      json_object_set_string_member (object, "error", "The file cannot be read: salon-launch --print tells why");
      return object;
    }
  json_object_set_string_member (object, "summary", salon_launch_file_get_summary (file));
  json_object_set_boolean_member (object, "is_recording", salon_launch_file_is_recording (file));
  parameters = json_array_new ();
  declared = salon_launch_file_get_parameters (file);
  for (guint i = 0; i < declared->len; i++)
    json_array_add_object_element (parameters, describe_parameter (g_ptr_array_index (declared, i)));
  json_object_set_array_member (object, "parameters", parameters);
  return object;
}

JsonArray *
salon_pipelines_list (const char *folder)
{
  g_autoptr (GPtrArray) names = find_names (folder);
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < names->len; i++)
    {
      JsonObject *object = describe (folder, g_ptr_array_index (names, i));

      if (object != NULL)
        json_array_add_object_element (list, object);
    }
  return list;
}

/* -- filling in -- */

static gboolean
set_parameter (SalonLaunchFile *file, const char *name, JsonNode *node, gboolean may_be_elements, GError **error)
{
  g_autofree char *text = NULL;

  if (g_str_equal (name, ROOM) || g_str_equal (name, ATTEMPT))
    {
      g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
          "\"parameters\": \"%s\" is the job's own, and not to be set", name);
      return FALSE;
    }
  if (!JSON_NODE_HOLDS_VALUE (node))
    {
      g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
          "\"parameters\": \"%s\" must be a text, a number or a boolean", name);
      return FALSE;
    }
  text = json_node_get_value_type (node) == G_TYPE_STRING ? json_node_dup_string (node) : salon_json_to_text (node);
  return salon_launch_file_set (file, name, text, may_be_elements, error);
}

static gboolean
set_parameters (SalonLaunchFile *file, const SalonPipelineRequest *request, GError **error)
{
  GPtrArray *declared = salon_launch_file_get_parameters (file);
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  for (guint i = 0; i < declared->len; i++)
    {
      const SalonParameter *parameter = g_ptr_array_index (declared, i);

      if (g_str_equal (parameter->name, ROOM) && request->room != NULL
          && !salon_launch_file_set (file, ROOM, request->room, FALSE, error))
        return FALSE;
    }
  salon_launch_file_leave_open (file, ATTEMPT);
  if (request->parameters == NULL)
    return TRUE;
  json_object_iter_init (&iter, request->parameters);
  while (json_object_iter_next (&iter, &name, &node))
    {
      if (!set_parameter (file, name, node, request->may_be_elements, error))
        return FALSE;
    }
  return TRUE;
}

/* Of what was given. */
static void
keep_secrets (SalonLaunchFile *file, JsonObject *given, JsonObject **told, char ***secrets)
{
  GPtrArray *declared = salon_launch_file_get_parameters (file);
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);

  *told = json_object_new ();
  for (guint i = 0; i < declared->len; i++)
    {
      const SalonParameter *parameter = g_ptr_array_index (declared, i);

      if (given == NULL || !json_object_has_member (given, parameter->name))
        continue;
      if (parameter->is_secret)
        {
          salon_job_secrets_add (list, parameter->value);
          json_object_set_string_member (*told, parameter->name, SALON_JOB_SECRET_MASK);
        }
      else
        json_object_set_member (
            *told, parameter->name, json_node_copy (json_object_get_member (given, parameter->name)));
    }
  *secrets = salon_job_secrets_sort (list);
}

/* Errors: UNKNOWN_PIPELINE */
static SalonLaunchFile *
read_job (const char *path, const char *name, GError **error)
{
  g_autoptr (SalonLaunchFile) file = salon_launch_file_read (path, NULL);

  if (file == NULL)
    g_set_error (error, SALON_ERROR, SALON_ERROR_UNKNOWN_PIPELINE,
        "The file of the pipeline \"%s\" cannot be read: salon-launch --print tells why", name);
  else if (salon_launch_file_is_client (file))
    g_set_error (error, SALON_ERROR, SALON_ERROR_UNKNOWN_PIPELINE,
        "The pipeline \"%s\" is no job but a client (kind client in its file): salon-launch runs it in a room", name);
  else
    return g_steal_pointer (&file);
  return NULL;
}

char *
salon_pipelines_fill_in (const char *folder, const SalonPipelineRequest *request, JsonObject **told, char ***secrets,
    gboolean *is_recording, GError **error)
{
  g_autofree char *file_name = g_strconcat (request->name, SUFFIX, NULL);
  g_autofree char *path = g_build_filename (folder, file_name, NULL);
  g_autoptr (SalonLaunchFile) file = NULL;

  /* A name is no path. */
  if (*request->name == '.' || strchr (request->name, '/') != NULL || !g_file_test (path, G_FILE_TEST_IS_REGULAR))
    {
      g_set_error (error, SALON_ERROR, SALON_ERROR_UNKNOWN_PIPELINE,
          "There is no pipeline \"%s\"; GET /pipelines lists those that there are", request->name);
      return NULL;
    }
  file = read_job (path, request->name, error);
  if (file == NULL || !set_parameters (file, request, error))
    return NULL;
  *is_recording = salon_launch_file_is_recording (file);
  keep_secrets (file, request->parameters, told, secrets);
  return salon_launch_file_to_text (file);
}
