/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "salon-json.h"

typedef enum
{
  FORMAT_TEXT,
  FORMAT_JSON,
  FORMAT_JOURNAL,
} Format;

/* Enough of an id to tell it from others by eye, and to find it in another log. */
#define SHORT_ID_CHARS 8

/* Fields as the journal names them, and as JSON does, in JSON's order. */
static const struct
{
  const char *field;
  const char *member;
  gboolean is_number;
  guint n_shown; /* characters in texts for people; 0: none */
} specs[] = {
  { "SALON_EVENT", "event" },
  { "MESSAGE", "message" },
  { "SALON_COMPONENT", "component" },
  { "GLIB_DOMAIN", "component" },
  { "SALON_ROOM", "room", .n_shown = SHORT_ID_CHARS },
  { "SALON_PARTICIPANT", "participant", .n_shown = SHORT_ID_CHARS },
  { "SALON_SESSION", "session", .n_shown = SHORT_ID_CHARS },
  { "SALON_JOB", "job", .n_shown = SHORT_ID_CHARS },
  { "SALON_REASON", "reason", .n_shown = G_MAXINT },
  { "SALON_DURATION_MS", "duration_ms", .is_number = TRUE, .n_shown = G_MAXINT },
  { "SALON_URL", "url", .n_shown = G_MAXINT },
  { "SALON_NODE", "node" },
};

static const struct
{
  const char *name;
  const char *priority;
  const char *color;
} levels[] = {
  [SALON_LOG_CRITICAL] = { "critical", "2", "\033[1;31m" },
  [SALON_LOG_ERROR] = { "error", "3", "\033[1;31m" },
  [SALON_LOG_WARNING] = { "warning", "4", "\033[33m" },
  [SALON_LOG_NOTICE] = { "notice", "5", "\033[1m" },
  [SALON_LOG_INFO] = { "info", "6", "" },
  [SALON_LOG_DEBUG] = { "debug", "7", "\033[2m" },
};

/* A process has one log, as it has one stderr. Set before there are threads, but for the node, which is atomic. */
static struct
{
  const char *program;
  Format format;
  gboolean has_color;
  char *node;
} the_log;

/* (nullable): only texts, which all but foreign fields are. */
static const char *
find (const GLogField *fields, gsize n_fields, const char *key)
{
  for (gsize i = 0; i < n_fields; i++)
    {
      if (g_str_equal (fields[i].key, key) && fields[i].length < 0)
        return fields[i].value;
    }
  return NULL;
}

/* -- as text -- */

char *
salon_log_to_line (const char *text)
{
  char *line = g_utf8_make_valid (text, -1);

  for (char *c = line; *c != '\0'; c = g_utf8_next_char (c))
    {
      if (g_unichar_iscntrl (g_utf8_get_char (c)))
        memset (c, ' ', g_utf8_next_char (c) - c);
    }
  return line;
}

/* Returns: (transfer full): "component: message room=0d4fb6f2 reason=kicked". */
static char *
describe (const GLogField *fields, gsize n_fields)
{
  const char *component = find (fields, n_fields, "SALON_COMPONENT");
  const char *message = find (fields, n_fields, "MESSAGE");
  g_autoptr (GString) text = g_string_new (NULL);

  if (component == NULL)
    component = find (fields, n_fields, "GLIB_DOMAIN");
  if (component != NULL)
    g_string_append_printf (text, "%s: ", component);
  g_string_append (text, message != NULL ? message : "");
  for (guint i = 0; i < G_N_ELEMENTS (specs); i++)
    {
      const char *value = specs[i].n_shown > 0 ? find (fields, n_fields, specs[i].field) : NULL;

      if (value != NULL)
        g_string_append_printf (text, " %s=%.*s", specs[i].member, (int)specs[i].n_shown, value);
    }
  return salon_log_to_line (text->str);
}

static char *
to_text (SalonLogLevel level, const GLogField *fields, gsize n_fields)
{
  g_autoptr (GDateTime) now = the_log.has_color ? g_date_time_new_now_local () : g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, the_log.has_color ? "%T" : "%FT%T.%fZ");
  g_autofree char *description = describe (fields, n_fields);

  return g_strdup_printf ("%s %s%-8s%s %s\n", time, the_log.has_color ? levels[level].color : "", levels[level].name,
      the_log.has_color ? "\033[0m" : "", description);
}

/* -- as JSON -- */

static char *
to_json (SalonLogLevel level, const GLogField *fields, gsize n_fields)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%FT%T.%fZ");
  g_autofree char *json = NULL;

  json_object_set_string_member (object, "time", time);
  json_object_set_string_member (object, "level", levels[level].name);
  for (guint i = 0; i < G_N_ELEMENTS (specs); i++)
    {
      const char *value = find (fields, n_fields, specs[i].field);
      g_autofree char *valid = value != NULL ? g_utf8_make_valid (value, -1) : NULL;

      if (value != NULL && specs[i].is_number)
        json_object_set_int_member (object, specs[i].member, g_ascii_strtoll (value, NULL, 10));
      else if (value != NULL)
        json_object_set_string_member (object, specs[i].member, valid);
    }
  json = salon_json_to_text (node);
  return g_strconcat (json, "\n", NULL);
}

/* -- to the journal -- */

/* journalctl shows the message alone: it has to say all that text says. */
static gboolean
send_to_journal (GLogLevelFlags flags, const GLogField *fields, gsize n_fields)
{
  g_autofree GLogField *shown = g_memdup2 (fields, n_fields * sizeof *fields);
  g_autofree char *description = describe (fields, n_fields);

  for (gsize i = 0; i < n_fields; i++)
    {
      if (g_str_equal (shown[i].key, "MESSAGE"))
        shown[i] = (GLogField){ "MESSAGE", description, -1 };
    }
  return g_log_writer_journald (flags, shown, n_fields, NULL) == G_LOG_WRITER_HANDLED;
}

/* -- writing -- */

/* GLib takes a critical message for a warning; here it is worse than an error. */
static SalonLogLevel
read_level (GLogLevelFlags flags, const GLogField *fields, gsize n_fields)
{
  const char *priority = find (fields, n_fields, "PRIORITY");

  if (flags & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR))
    return SALON_LOG_CRITICAL;
  return CLAMP (priority != NULL ? atoi (priority) : SALON_LOG_NOTICE, SALON_LOG_CRITICAL, SALON_LOG_DEBUG);
}

/* Returns: (transfer full) (element-type GLogField): those with a value, and those that each entry has. */
static GArray *
complete (SalonLogLevel level, const GLogField *fields, gsize n_fields)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (GLogField));
  const GLogField common[] = {
    { "PRIORITY", levels[level].priority, -1 },
    { "SYSLOG_IDENTIFIER", the_log.program, -1 },
    { "SALON_NODE", g_atomic_pointer_get (&the_log.node), -1 },
  };

  for (gsize i = 0; i < n_fields; i++)
    {
      if (fields[i].value != NULL && !g_str_equal (fields[i].key, "PRIORITY"))
        g_array_append_val (all, fields[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (common); i++)
    {
      if (common[i].value != NULL)
        g_array_append_val (all, common[i]);
    }
  return all;
}

static GLogWriterOutput
write_entry (GLogLevelFlags flags, const GLogField *given, gsize n_given, gpointer user_data)
{
  SalonLogLevel level = read_level (flags, given, n_given);
  g_autoptr (GArray) all = NULL;
  const GLogField *fields;
  g_autofree char *line = NULL;

  if (g_log_writer_default_would_drop (flags, find (given, n_given, "GLIB_DOMAIN")))
    return G_LOG_WRITER_HANDLED;
  all = complete (level, given, n_given);
  fields = (const GLogField *)(gpointer)all->data;
  if (the_log.format == FORMAT_JOURNAL && send_to_journal (flags, fields, all->len))
    return G_LOG_WRITER_HANDLED;
  line = the_log.format == FORMAT_JSON ? to_json (level, fields, all->len) : to_text (level, fields, all->len);
  /* stderr has a lock and no buffer: one write. */
  return fputs (line, stderr) >= 0 ? G_LOG_WRITER_HANDLED : G_LOG_WRITER_UNHANDLED;
}

/* To GLib all of ours are of the kind that it neither drops nor dies of; the priority says what they are. */
#define LOG_FIELDS(fields) g_log_structured_array (G_LOG_LEVEL_MESSAGE, fields, G_N_ELEMENTS (fields))

void
salon_log_event (SalonLogLevel level, const char *event, SalonLogFields about, const char *format, ...)
{
  g_autofree char *message = NULL;
  g_autofree char *duration_ms
      = about.duration_us > 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, about.duration_us / 1000) : NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  const GLogField fields[] = {
    { "PRIORITY", levels[level].priority, -1 },
    { "MESSAGE", message, -1 },
    { "SALON_EVENT", event, -1 },
    { "SALON_ROOM", about.room, -1 },
    { "SALON_PARTICIPANT", about.participant, -1 },
    { "SALON_SESSION", about.session, -1 },
    { "SALON_JOB", about.job, -1 },
    { "SALON_REASON", about.reason, -1 },
    { "SALON_DURATION_MS", duration_ms, -1 },
    { "SALON_URL", about.url, -1 },
  };
  LOG_FIELDS (fields);
}

void
salon_log_foreign (SalonLogLevel level, const char *component, const char *message)
{
  const GLogField fields[] = {
    { "PRIORITY", levels[level].priority, -1 },
    { "MESSAGE", message, -1 },
    { "SALON_COMPONENT", component, -1 },
  };

  LOG_FIELDS (fields);
}

gboolean
salon_log_is_text (void)
{
  return the_log.format == FORMAT_TEXT;
}

void
salon_log_set_node (const char *id)
{
  g_assert (the_log.node == NULL);
  g_atomic_pointer_set (&the_log.node, g_strdup (id));
}

void
salon_log_open (const char *program, const char *format)
{
  gboolean is_auto = g_str_equal (format, "auto");

  the_log.program = program;
  if (g_str_equal (format, "json"))
    the_log.format = FORMAT_JSON;
  else if (g_str_equal (format, "journal") || (is_auto && g_log_writer_is_journald (STDERR_FILENO)))
    the_log.format = FORMAT_JOURNAL;
  the_log.has_color = g_log_writer_supports_color (STDERR_FILENO);
  g_log_set_writer_func (write_entry, NULL, NULL);
}
