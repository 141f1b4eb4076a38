/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salonctl-commands.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "salon-json.h"
#include "salon-log.h"
#include "salon-table.h"

/* Enough of an id to tell it from others, and to name it by. */
#define SHORT_ID_CHARS 8
/* A job has 10 s to stop; somebody else may delete it meanwhile. */
#define POLL_US (G_USEC_PER_SEC / 10)
#define MAX_POLLS 150
/* How often it is shown how far a file has come. */
#define SHOW_EVERY_US (G_USEC_PER_SEC / 5)

/* -- answers -- */

static gboolean
print_json (JsonObject *answer)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), answer);
  g_autofree char *text = salon_json_to_text (node);

  g_print ("%s\n", text);
  return TRUE;
}

static void
print_line (const char *name, const char *value)
{
  g_autofree char *line = salon_log_to_line (value);

  g_print ("%s %s\n", name, line);
}

/* (transfer none): never NULL; of what the server left out, or answers with null, "". */
static const char *
get_text (JsonObject *object, const char *name)
{
  const char *text = json_object_get_string_member_with_default (object, name, NULL);

  return text != NULL ? text : "";
}

/* (transfer none) (nullable) */
static JsonObject *
get_object (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/* Returns: (transfer container): the objects of a list. */
static GPtrArray *
get_items (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  GPtrArray *items = g_ptr_array_new ();

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      if (JSON_NODE_HOLDS_OBJECT (json_array_get_element (array, i)))
        g_ptr_array_add (items, json_array_get_object_element (array, i));
    }
  return items;
}

/* Returns: (transfer full): "/jobs" or "/jobs?room=demo". */
static char *
add_room (const SalonCtl *ctl, const char *path)
{
  g_autofree char *room = ctl->room != NULL ? g_uri_escape_string (ctl->room, NULL, FALSE) : NULL;

  return room != NULL ? g_strconcat (path, "?room=", room, NULL) : g_strdup (path);
}

/* Says what was done, in a sentence about a name. */
static void
print_done (const char *format, const char *name)
{
  g_autofree char *line = salon_log_to_line (name);

  g_print (format, line);
}

/* Returns: (transfer full) */
static char *
get_short_id (JsonObject *job)
{
  return g_strndup (get_text (job, "id"), SHORT_ID_CHARS);
}

/* -- rooms -- */

static void
add_room_row (SalonTable *table, JsonObject *item)
{
  JsonObject *room = get_object (item, "room");
  gint64 n_people = json_object_get_int_member_with_default (item, "n_members", 0);
  g_autofree char *people = g_strdup_printf ("%" G_GINT64_FORMAT, n_people);

  if (room == NULL)
    return;
  salon_table_add (
      table, (const char *[]){ get_text (room, "slug"), people, get_text (room, "lifetime"),
                 json_object_get_boolean_member_with_default (room, "locked", FALSE) ? _ ("locked") : "" });
}

static void
print_rooms (GPtrArray *items)
{
  g_autoptr (SalonTable) table = salon_table_new (4);

  salon_table_add (table, (const char *[]){ _ ("ROOM"), _ ("PEOPLE"), _ ("LIFETIME"), "" });
  for (guint i = 0; i < items->len; i++)
    add_room_row (table, g_ptr_array_index (items, i));
  salon_table_print (table, _ ("There are no rooms."));
}

static gboolean
list_rooms (const SalonCtl *ctl, char **arguments, GError **error)
{
  g_autoptr (JsonObject) answer = salon_api_call (ctl->api, "GET", "/rooms", NULL, error);
  g_autoptr (GPtrArray) items = NULL;

  if (answer == NULL || ctl->is_json)
    return answer != NULL && print_json (answer);
  items = get_items (answer, "rooms");
  print_rooms (items);
  return TRUE;
}

static gboolean
create_room (const SalonCtl *ctl, char **arguments, GError **error)
{
  JsonObject *body = json_object_new ();
  g_autoptr (JsonObject) answer = NULL;

  if (arguments[0] != NULL)
    json_object_set_string_member (body, "slug", arguments[0]);
  answer = salon_api_call (ctl->api, "POST", "/room/create", body, error);
  if (answer == NULL || ctl->is_json)
    return answer != NULL && print_json (answer);
  print_line (_ ("Link:"), get_text (answer, "url"));
  print_line (_ ("Owner token, shown this once:"), get_text (answer, "owner_token"));
  return TRUE;
}

/* Returns: (transfer full) */
static char *
make_path (const char *folder, const char *name)
{
  g_autofree char *escaped = g_uri_escape_string (name, NULL, FALSE);

  return g_strconcat (folder, escaped, NULL);
}

static gboolean
show_room (const SalonCtl *ctl, char **arguments, GError **error)
{
  g_autofree char *path = make_path ("/room/", arguments[0]);
  g_autoptr (JsonObject) answer = salon_api_call (ctl->api, "GET", path, NULL, error);
  g_autoptr (GPtrArray) items = NULL;

  if (answer == NULL || ctl->is_json)
    return answer != NULL && print_json (answer);
  items = g_ptr_array_new ();
  g_ptr_array_add (items, answer);
  print_rooms (items);
  return TRUE;
}

static gboolean
delete_room (const SalonCtl *ctl, char **arguments, GError **error)
{
  g_autofree char *path = make_path ("/room/", arguments[0]);
  g_autoptr (JsonObject) answer = salon_api_call (ctl->api, "DELETE", path, NULL, error);

  if (answer == NULL || ctl->is_json)
    return answer != NULL && print_json (answer);
  print_done (_ ("Deleted %s\n"), arguments[0]);
  return TRUE;
}

/* "graph" or "lines": rooms as text, which nobody has to lay out. */
static gboolean
print_room_text (const SalonCtl *ctl, const char *room, const char *what, GError **error)
{
  g_autofree char *base = make_path ("/room/", room);
  g_autofree char *path = g_strconcat (base, "/", what, NULL);
  g_autofree char *text = salon_api_get_text (ctl->api, path, error);

  /* As it is, whatever the terminal: it is for a file, or a shell. */
  return text != NULL && fputs (text, stdout) >= 0;
}

static gboolean
draw_room (const SalonCtl *ctl, char **arguments, GError **error)
{
  return print_room_text (ctl, arguments[0], ctl->is_full ? "graph?detail=full" : "graph", error);
}

static gboolean
list_lines (const SalonCtl *ctl, char **arguments, GError **error)
{
  return print_room_text (ctl, arguments[0], "lines", error);
}

/* -- jobs -- */

/* Returns: (transfer full): "1:02:03". */
static char *
format_length (JsonObject *object, const char *name)
{
  gint64 length_s = json_object_get_int_member_with_default (object, name, 0) / 1000;

  return g_strdup_printf (
      "%" G_GINT64_FORMAT ":%02d:%02d", length_s / 3600, (int)(length_s / 60 % 60), (int)(length_s % 60));
}

static void
add_job_row (SalonTable *table, JsonObject *job)
{
  JsonObject *room = get_object (job, "room");
  gint64 n_bytes = json_object_get_int_member_with_default (job, "output_bytes", 0);
  g_autofree char *id = get_short_id (job);
  g_autofree char *size = n_bytes > 0 ? g_format_size (n_bytes) : g_strdup ("");
  g_autofree char *position = format_length (job, "position_ms");
  const char *pipeline = get_text (job, "pipeline");

  salon_table_add (table, (const char *[]){ id, get_text (job, "state"), room != NULL ? get_text (room, "slug") : "",
                              *pipeline != '\0' ? pipeline : "-", position, size, get_text (job, "error") });
}

static void
print_jobs (GPtrArray *items)
{
  g_autoptr (SalonTable) table = salon_table_new (7);

  salon_table_add (table,
      (const char *[]){ _ ("JOB"), _ ("STATE"), _ ("ROOM"), _ ("PIPELINE"), _ ("PLAYED"), _ ("WRITTEN"), _ ("ERROR") });
  for (guint i = 0; i < items->len; i++)
    add_job_row (table, g_ptr_array_index (items, i));
  salon_table_print (table, _ ("There are no jobs. `salonctl pipelines` lists what can be started."));
}

static gboolean
list_jobs (const SalonCtl *ctl, char **arguments, GError **error)
{
  g_autofree char *path = add_room (ctl, "/jobs");
  g_autoptr (JsonObject) answer = salon_api_call (ctl->api, "GET", path, NULL, error);
  g_autoptr (GPtrArray) items = NULL;

  if (answer == NULL || ctl->is_json)
    return answer != NULL && print_json (answer);
  items = get_items (answer, "jobs");
  print_jobs (items);
  return TRUE;
}

/* Reads "key=value" words. Returns: (transfer full) (nullable) */
static JsonObject *
read_assignments (char **words, GError **error)
{
  g_autoptr (JsonObject) values = json_object_new ();

  for (guint i = 0; words[i] != NULL; i++)
    {
      char *equals = strchr (words[i], '=');
      g_autofree char *name = equals != NULL ? g_strndup (words[i], equals - words[i]) : NULL;

      if (equals == NULL)
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("\"%s\": write KEY=VALUE"), words[i]);
          return NULL;
        }
      json_object_set_string_member (values, name, equals + 1);
    }
  return g_steal_pointer (&values);
}

/* Of a job that was just started: what to do next with it. */
static gboolean
print_started (const SalonCtl *ctl, JsonObject *answer)
{
  JsonObject *job = get_object (answer, "job");
  g_autofree char *id = job != NULL ? get_short_id (job) : NULL;

  if (ctl->is_json || id == NULL)
    return print_json (answer);
  g_print (_ ("Started %s; `salonctl job show %s` tells how it fares\n"), id, id);
  return TRUE;
}

static gboolean
start_job (const SalonCtl *ctl, char **arguments, GError **error)
{
  g_autoptr (JsonObject) body = json_object_new ();
  g_autoptr (JsonObject) answer = NULL;
  JsonObject *parameters;

  if ((arguments[0] != NULL) == (ctl->launch != NULL))
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
          _ ("job start takes either the name of a pipeline (`salonctl pipelines` lists them), or --launch"));
      return FALSE;
    }
  if (ctl->room != NULL)
    json_object_set_string_member (body, "room", ctl->room);
  if (ctl->launch != NULL)
    json_object_set_string_member (body, "launch", ctl->launch);
  else
    {
      parameters = read_assignments (arguments + 1, error);
      if (parameters == NULL)
        return FALSE;
      json_object_set_string_member (body, "pipeline", arguments[0]);
      json_object_set_object_member (body, "parameters", parameters);
    }
  answer = salon_api_call (ctl->api, "POST", "/jobs", g_steal_pointer (&body), error);
  return answer != NULL && print_started (ctl, answer);
}

/* Returns: (transfer full) (nullable): "/jobs/<id>" of the one job whose id begins like this. */
static char *
find_job (const SalonCtl *ctl, const char *prefix, GError **error)
{
  g_autofree char *path = add_room (ctl, "/jobs");
  g_autoptr (JsonObject) answer = NULL;
  g_autoptr (GPtrArray) items = NULL;
  const char *found = NULL;

  if (g_uuid_string_is_valid (prefix))
    return make_path ("/jobs/", prefix);
  answer = salon_api_call (ctl->api, "GET", path, NULL, error);
  if (answer == NULL)
    return NULL;
  items = get_items (answer, "jobs");
  for (guint i = 0; i < items->len; i++)
    {
      const char *id = get_text (g_ptr_array_index (items, i), "id");

      if (*prefix == '\0' || !g_str_has_prefix (id, prefix))
        continue;
      if (found != NULL)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("several jobs begin with \"%s\""), prefix);
          return NULL;
        }
      found = id;
    }
  if (found != NULL)
    return make_path ("/jobs/", found);
  g_set_error (
      error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("no job begins with \"%s\"; `salonctl jobs` lists them"), prefix);
  return NULL;
}

static void
print_upload (JsonObject *upload)
{
  g_autofree char *came = g_format_size (json_object_get_int_member_with_default (upload, "bytes", 0));
  g_autofree char *total = g_format_size (json_object_get_int_member_with_default (upload, "total", 0));
  /* Translators: a state, such as "running", and how many bytes of how many. */
  g_autofree char *progress = g_strdup_printf (_ ("%s, %s of %s"), get_text (upload, "state"), came, total);

  print_line (_ ("Upload:"), progress);
  if (*get_text (upload, "url") != '\0')
    print_line (_ ("Uploaded to:"), get_text (upload, "url"));
  if (*get_text (upload, "error") != '\0')
    print_line (_ ("Upload's error:"), get_text (upload, "error"));
}

/* Prints what came of a request about a job. */
static gboolean
print_job (const SalonCtl *ctl, JsonObject *answer)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new ();
  JsonObject *job = get_object (answer, "job");

  if (ctl->is_json)
    return print_json (answer);
  if (job == NULL)
    return TRUE;
  g_ptr_array_add (items, job);
  print_jobs (items);
  if (*get_text (job, "folder") != '\0')
    print_line (_ ("Files:"), get_text (job, "folder"));
  if (get_object (job, "upload") != NULL)
    print_upload (get_object (job, "upload"));
  return TRUE;
}

/* body: (transfer full) (nullable). Returns: (transfer full) (nullable): the answer. */
static JsonObject *
ask_job (const SalonCtl *ctl, const char *prefix, const char *method, JsonObject *body, GError **error)
{
  g_autoptr (JsonObject) owned_body = body;
  g_autofree char *path = find_job (ctl, prefix, error);

  return path != NULL ? salon_api_call (ctl->api, method, path, g_steal_pointer (&owned_body), error) : NULL;
}

static gboolean
show_job (const SalonCtl *ctl, char **arguments, GError **error)
{
  g_autoptr (JsonObject) answer = ask_job (ctl, arguments[0], "GET", NULL, error);

  return answer != NULL && print_job (ctl, answer);
}

static gboolean
has_ended (JsonObject *answer)
{
  JsonObject *job = get_object (answer, "job");

  return job == NULL || *get_text (job, "ended_at") != '\0';
}

static void
print_stopped (const SalonCtl *ctl, JsonObject *job)
{
  g_autofree char *id = get_short_id (job);

  if (ctl->is_json)
    return;
  if (g_str_equal (get_text (job, "state"), "stopped"))
    print_done (_ ("Stopped %s; its files are whole\n"), id);
  else if (*get_text (job, "ended_at") != '\0')
    print_done (_ ("%s has ended by itself\n"), id);
  else
    print_done (_ ("%s is still stopping\n"), id);
}

/* Whoever stops a job wants its files: so this waits until they are whole. */
static gboolean
stop_job (const SalonCtl *ctl, char **arguments, GError **error)
{
  g_autofree char *path = find_job (ctl, arguments[0], error);
  g_autoptr (JsonObject) answer = NULL;
  JsonObject *body;
  JsonObject *job;

  if (path == NULL)
    return FALSE;
  body = json_object_new ();
  json_object_set_boolean_member (body, "stop", TRUE);
  answer = salon_api_call (ctl->api, "PATCH", path, body, error);
  for (guint i = 0; i < MAX_POLLS && answer != NULL && !has_ended (answer); i++)
    {
      g_usleep (POLL_US);
      json_object_unref (answer);
      answer = salon_api_call (ctl->api, "GET", path, NULL, error);
    }
  job = answer != NULL ? get_object (answer, "job") : NULL;
  if (job != NULL)
    print_stopped (ctl, job);
  return answer != NULL && print_job (ctl, answer);
}

static gboolean
upload_job (const SalonCtl *ctl, char **arguments, GError **error)
{
  JsonObject *body = json_object_new ();
  g_autoptr (JsonObject) answer = NULL;

  json_object_set_boolean_member (body, "upload", TRUE);
  answer = ask_job (ctl, arguments[0], "PATCH", body, error);
  return answer != NULL && print_job (ctl, answer);
}

static gboolean
set_job (const SalonCtl *ctl, char **arguments, GError **error)
{
  JsonObject *values = read_assignments (arguments + 1, error);
  JsonObject *body;
  g_autoptr (JsonObject) answer = NULL;

  if (values == NULL)
    return FALSE;
  body = json_object_new ();
  json_object_set_object_member (body, "set", values);
  answer = ask_job (ctl, arguments[0], "PATCH", body, error);
  for (guint i = 1; answer != NULL && !ctl->is_json && arguments[i] != NULL; i++)
    print_done (_ ("Set %s\n"), arguments[i]);
  return answer != NULL && print_job (ctl, answer);
}

static gboolean
delete_job (const SalonCtl *ctl, char **arguments, GError **error)
{
  g_autoptr (JsonObject) answer = ask_job (ctl, arguments[0], "DELETE", NULL, error);

  if (answer == NULL || ctl->is_json)
    return answer != NULL && print_json (answer);
  print_done (_ ("Deleted %s\n"), arguments[0]);
  return TRUE;
}

static gboolean
print_log (const SalonCtl *ctl, char **arguments, GError **error)
{
  g_autofree char *path = find_job (ctl, arguments[0], error);
  g_autoptr (JsonObject) answer = path != NULL ? salon_api_call (ctl->api, "GET", path, NULL, error) : NULL;
  JsonObject *job = answer != NULL ? get_object (answer, "job") : NULL;
  JsonNode *log = job != NULL ? json_object_get_member (job, "log") : NULL;
  JsonArray *lines = log != NULL && JSON_NODE_HOLDS_ARRAY (log) ? json_node_get_array (log) : NULL;

  if (answer == NULL || ctl->is_json)
    return answer != NULL && print_json (answer);
  for (guint i = 0; lines != NULL && i < json_array_get_length (lines); i++)
    {
      const char *text = json_array_get_string_element (lines, i);
      g_autofree char *line = salon_log_to_line (text != NULL ? text : "");

      g_print ("%s\n", line);
    }
  return TRUE;
}

/* -- pipelines -- */

static void
print_pipeline (JsonObject *pipeline)
{
  g_autoptr (GPtrArray) parameters = get_items (pipeline, "parameters");
  g_autofree char *name = salon_log_to_line (get_text (pipeline, "name"));

  g_print ("%s\n", name);
  print_line ("   ", get_text (pipeline, json_object_has_member (pipeline, "error") ? "error" : "summary"));
  for (guint i = 0; i < parameters->len; i++)
    {
      JsonObject *parameter = g_ptr_array_index (parameters, i);
      const char *help = get_text (parameter, "help");
      g_autofree char *text = g_strdup_printf ("%s=%s (%s)%s%s", get_text (parameter, "name"),
          get_text (parameter, "default"), get_text (parameter, "type"), *help != '\0' ? ": " : "", help);

      print_line ("     ", text);
    }
}

static gboolean
list_pipelines (const SalonCtl *ctl, char **arguments, GError **error)
{
  g_autofree char *path = add_room (ctl, "/pipelines");
  g_autoptr (JsonObject) answer = salon_api_call (ctl->api, "GET", path, NULL, error);
  g_autoptr (GPtrArray) items = NULL;

  if (answer == NULL || ctl->is_json)
    return answer != NULL && print_json (answer);
  items = get_items (answer, "pipelines");
  for (guint i = 0; i < items->len; i++)
    print_pipeline (g_ptr_array_index (items, i));
  return TRUE;
}

/* -- recordings -- */

static void
add_recording_row (SalonTable *table, JsonObject *recording)
{
  JsonObject *room = get_object (recording, "room");
  g_autofree char *id = g_strndup (get_text (recording, "id"), SHORT_ID_CHARS);
  g_autofree char *size = g_format_size (json_object_get_int_member_with_default (recording, "bytes", 0));
  g_autofree char *length = format_length (recording, "duration_ms");
  g_autoptr (GDateTime) began = g_date_time_new_from_iso8601 (get_text (recording, "began_at"), NULL);
  g_autoptr (GDateTime) local = began != NULL ? g_date_time_to_local (began) : NULL;
  g_autofree char *date = local != NULL ? g_date_time_format (local, "%F %R") : g_strdup ("");

  salon_table_add (
      table, (const char *[]){ id, get_text (recording, "state"), room != NULL ? get_text (room, "slug") : "", date,
                 length, size, get_text (recording, "error") });
}

static gboolean
list_recordings (const SalonCtl *ctl, char **arguments, GError **error)
{
  g_autofree char *path = add_room (ctl, "/recordings");
  g_autoptr (JsonObject) answer = salon_api_call (ctl->api, "GET", path, NULL, error);
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (SalonTable) table = salon_table_new (7);

  if (answer == NULL || ctl->is_json)
    return answer != NULL && print_json (answer);
  items = get_items (answer, "recordings");
  salon_table_add (table,
      (const char *[]){ _ ("RECORDING"), _ ("STATE"), _ ("ROOM"), _ ("BEGAN"), _ ("LENGTH"), _ ("SIZE"), _ ("ERROR") });
  for (guint i = 0; i < items->len; i++)
    add_recording_row (table, g_ptr_array_index (items, i));
  salon_table_print (table, _ ("There are no recordings."));
  return TRUE;
}

/* A file on its way, as a person at a terminal sees it. */
typedef struct
{
  char *name; /* (owned): on one line */
  gint64 n_bytes;
  gint64 shown_us; /* when it was shown last */
} Fetch;

static void
show_progress (gint64 n_bytes, gpointer user_data)
{
  Fetch *fetch = user_data;
  gint64 now_us = g_get_monotonic_time ();
  g_autofree char *done = g_format_size (n_bytes);
  g_autofree char *all = g_format_size (fetch->n_bytes);

  if (!isatty (STDOUT_FILENO) || (n_bytes < fetch->n_bytes && now_us - fetch->shown_us < SHOW_EVERY_US))
    return;
  fetch->shown_us = now_us;
  g_print ("\r\033[K%s  %s / %s  %d %%", fetch->name, done, all,
      fetch->n_bytes > 0 ? (int)MIN (100 * n_bytes / fetch->n_bytes, 100) : 100);
}

/* What the server says must not lead out of the folder. */
static gboolean
is_below (const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, "/", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      if (*parts[i] == '\0' || g_str_equal (parts[i], ".") || g_str_equal (parts[i], ".."))
        return FALSE;
    }
  return parts[0] != NULL;
}

static gboolean
fetch_file (const SalonCtl *ctl, const char *job_path, JsonObject *item, const char *folder, GError **error)
{
  const char *name = get_text (item, "name");
  g_autofree char *escaped = g_uri_escape_string (name, "/", FALSE);
  g_autofree char *path = g_strconcat (job_path, "/files/", escaped, NULL);
  g_autofree char *file = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (file);
  g_autofree char *line = salon_log_to_line (file);
  Fetch fetch = { line, json_object_get_int_member_with_default (item, "bytes", 0), 0 };

  if (!is_below (name))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("the server names a file \"%s\""), line);
      return FALSE;
    }
  if (g_mkdir_with_parents (parent, 0777) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", parent, g_strerror (errno));
      return FALSE;
    }
  if (!salon_api_fetch (ctl->api, path, file, show_progress, &fetch, error))
    return FALSE;
  if (!ctl->is_json)
    g_print (isatty (STDOUT_FILENO) ? "\n" : "%s\n", line);
  return TRUE;
}

static gboolean
get_recording (const SalonCtl *ctl, char **arguments, GError **error)
{
  g_autofree char *path = find_job (ctl, arguments[0], error);
  g_autofree char *list_path = path != NULL ? g_strconcat (path, "/files", NULL) : NULL;
  g_autoptr (JsonObject) answer = NULL;
  g_autoptr (GPtrArray) items = NULL;
  g_autofree char *folder = NULL;

  if (path != NULL)
    answer = salon_api_call (ctl->api, "GET", list_path, NULL, error);
  if (answer == NULL)
    return FALSE;
  items = get_items (answer, "files");
  if (items->len == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("there are no files"));
      return FALSE;
    }
  folder = ctl->output != NULL ? g_strdup (ctl->output)
                               : g_strdup_printf ("recording-%.*s", SHORT_ID_CHARS, path + strlen ("/jobs/"));
  for (guint i = 0; i < items->len; i++)
    {
      if (!fetch_file (ctl, path, g_ptr_array_index (items, i), folder, error))
        return FALSE;
    }
  return !ctl->is_json || print_json (answer);
}

static gboolean
delete_recording (const SalonCtl *ctl, char **arguments, GError **error)
{
  /* It has its job's id. */
  g_autofree char *job_path = find_job (ctl, arguments[0], error);
  g_autofree char *path = job_path != NULL ? make_path ("/recordings/", job_path + strlen ("/jobs/")) : NULL;
  g_autoptr (JsonObject) answer = path != NULL ? salon_api_call (ctl->api, "DELETE", path, NULL, error) : NULL;

  return answer != NULL && (!ctl->is_json || print_json (answer));
}

const SalonCommand *
salon_commands_get (void)
{
  static const SalonCommand commands[] = {
    { "rooms", 0, 0, "", N_ ("Lists the rooms"), list_rooms },
    { "room create", 0, 1, N_ ("[NAME]"), N_ ("Makes a room that stays, and prints its owner's token"), create_room },
    { "room show", 1, 1, N_ ("ROOM"), N_ ("Shows a room"), show_room },
    { "room graph", 1, 1, N_ ("ROOM"), N_ ("Draws what GStreamer runs in a room, for Graphviz's dot"), draw_room },
    { "room lines", 1, 1, N_ ("ROOM"), N_ ("Writes a room's tracks and jobs as commands with gst-launch-1.0"),
        list_lines },
    { "room delete", 1, 1, N_ ("ROOM"), N_ ("Sends everybody out, and deletes the room"), delete_room },
    { "pipelines", 0, 0, "", N_ ("Lists the pipelines that jobs can run, and their parameters"), list_pipelines },
    { "jobs", 0, 0, "", N_ ("Lists the jobs, the newest first"), list_jobs },
    { "job start", 0, G_MAXUINT, N_ ("PIPELINE [KEY=VALUE...]"), N_ ("Runs a pipeline beside the server"), start_job },
    { "job show", 1, 1, N_ ("JOB"), N_ ("Shows how a job fares, and where its files are"), show_job },
    { "job stop", 1, 1, N_ ("JOB"), N_ ("Lets a job finish its files, and stop"), stop_job },
    { "job set", 2, G_MAXUINT, N_ ("JOB ELEMENT.PROPERTY=VALUE..."), N_ ("Changes a pipeline while it plays"),
        set_job },
    { "job log", 1, 1, N_ ("JOB"), N_ ("Prints the last lines that a job printed"), print_log },
    { "job upload", 1, 1, N_ ("JOB"), N_ ("Brings what a job has written to the store, or tries again to"),
        upload_job },
    { "job delete", 1, 1, N_ ("JOB"), N_ ("Ends a job at once, and deletes its files"), delete_job },
    { "recordings", 0, 0, "", N_ ("Lists the recordings, the newest first"), list_recordings },
    { "recording get", 1, 1, N_ ("RECORDING"), N_ ("Fetches the files of a recording"), get_recording },
    { "recording delete", 1, 1, N_ ("RECORDING"), N_ ("Deletes a recording that has ended"), delete_recording },
    { NULL },
  };

  return commands;
}
