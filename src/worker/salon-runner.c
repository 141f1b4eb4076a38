/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-runner.h"

#include <gst/gst.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "salon-json-link.h"
#include "salon-json.h"
#include "salon-limits.h"
#include "salon-live-property.h"
#include "salon-pipeline.h"
#include "salon-sandbox.h"
#include "salon-watch.h"

#define TELL_INTERVAL_S 1

typedef struct
{
  GMainLoop *loop;         /* (owned) */
  SalonJsonLink *link;     /* (owned) (nullable) */
  SalonPipeline *pipeline; /* (owned) (nullable) */
  SalonWatch *watch;       /* (borrowed) (nullable) */
  gint64 playing_us;       /* since when; 0: not yet */
  int status;
} Runner;

static void
runner_clear (Runner *self)
{
  g_clear_object (&self->pipeline);
  g_clear_object (&self->link);
  g_main_loop_unref (self->loop);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Runner, runner_clear)

/* -- to the keeper -- */

static void
tell (Runner *self, const char *name)
{
  JsonObject *message = json_object_new ();

  json_object_set_boolean_member (message, name, TRUE);
  salon_json_link_send (self->link, message);
}

static void
tell_failure (Runner *self, const char *text, gboolean is_final)
{
  JsonObject *message = json_object_new ();

  json_object_set_string_member (message, "failed", text);
  json_object_set_boolean_member (message, "is_final", is_final);
  salon_json_link_send (self->link, message);
  self->status = EXIT_FAILURE;
  g_main_loop_quit (self->loop);
}

static gboolean
tell_progress (gpointer user_data)
{
  Runner *self = user_data;
  JsonObject *message = json_object_new ();
  gint64 stuck_us = 0;
  g_autofree char *stuck = salon_watch_find_stuck (self->watch, &stuck_us);
  GstClockTime position;

  /* What is stuck may not answer. */
  position = stuck_us < 2 * G_USEC_PER_SEC ? salon_pipeline_get_position (self->pipeline) : GST_CLOCK_TIME_NONE;
  if (GST_CLOCK_TIME_IS_VALID (position))
    json_object_set_int_member (message, "position_ms", (gint64)GST_TIME_AS_MSECONDS (position));
  else if (self->playing_us != 0)
    json_object_set_int_member (message, "position_ms", (g_get_monotonic_time () - self->playing_us) / 1000);
  json_object_set_int_member (message, "buffers", salon_watch_get_n_buffers (self->watch));
  if (stuck != NULL)
    {
      json_object_set_string_member (message, "stuck", stuck);
      json_object_set_int_member (message, "stuck_s", stuck_us / G_USEC_PER_SEC);
    }
  salon_json_link_send (self->link, message);
  return G_SOURCE_CONTINUE;
}

static void
on_failed (SalonPipeline *pipeline, const char *text, Runner *self)
{
  tell_failure (self, text, FALSE);
}

static void
on_playing (SalonPipeline *pipeline, Runner *self)
{
  self->playing_us = g_get_monotonic_time ();
  tell (self, "playing");
}

static void
on_ended (SalonPipeline *pipeline, Runner *self)
{
  tell_progress (self);
  tell (self, "ended");
  g_main_loop_quit (self->loop);
}

/* -- from the keeper -- */

static void
answer_set (Runner *self, JsonObject *values, gint64 id)
{
  g_autoptr (GError) error = NULL;
  JsonObject *reply = json_object_new ();

  if (!salon_live_properties_set (self->pipeline, values, &error))
    json_object_set_string_member (reply, "error", error->message);
  json_object_set_int_member (reply, "id", id);
  salon_json_link_send (self->link, reply);
}

static void
on_message (SalonJsonLink *link, JsonObject *message, Runner *self)
{
  JsonObject *values = NULL;
  gboolean must_end = FALSE;
  gint64 id = 0;

  if (!salon_json_get_optional_object (message, "set", &values, NULL)
      || !salon_json_get_optional_boolean (message, "end", &must_end, NULL)
      || !salon_json_get_optional_int (message, "id", 0, G_MAXINT64, &id, NULL))
    return;
  if (values != NULL)
    answer_set (self, values, id);
  if (must_end)
    salon_pipeline_end (self->pipeline);
}

/* Without its keeper it is nobody's. */
static void
on_closed (SalonJsonLink *link, Runner *self)
{
  self->status = EXIT_FAILURE;
  g_main_loop_quit (self->loop);
}

/* -- beginning -- */

/* The first line from the keeper. Byte by byte: what comes after it is the link's. */
static SalonJobSpec *
read_spec (int fd, GError **error)
{
  g_autoptr (GString) line = g_string_new (NULL);
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;
  char byte;

  while (line->len < SALON_LIMIT_JOB_MESSAGE_BYTES && read (fd, &byte, 1) == 1 && byte != '\n')
    g_string_append_c (line, byte);
  node = salon_json_parse (line->str, line->len, SALON_LIMIT_JOB_MESSAGE_BYTES, error);
  object = node != NULL ? salon_json_node_as_object (node, "specification", error) : NULL;
  return object != NULL ? salon_job_spec_from_json (object, error) : NULL;
}

/* Returns: (transfer full): which element is not to be had, and whose decision that is. */
static char *
explain_missing (GstParseContext *context, SalonElementList *list)
{
  g_auto (GStrv) names = gst_parse_context_get_missing_elements (context);

  if (names == NULL || names[0] == NULL)
    return NULL;
  if (salon_element_list_forbids (list, names[0]))
    return g_strdup_printf (
        "Jobs may not use the element \"%s\"; job-elements in [jobs] of the server's configuration allows more",
        names[0]);
  return g_strdup_printf ("There is no element \"%s\" on this server", names[0]);
}

static void
load_pipeline (Runner *self, const SalonJobSpec *spec, SalonElementList *list)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstParseContext) context = gst_parse_context_new ();
  g_autofree char *missing = NULL;

  self->pipeline = salon_pipeline_new (spec->launch, context, &error);
  if (self->pipeline == NULL)
    {
      missing = explain_missing (context, list);
      tell_failure (self, missing != NULL ? missing : error->message, TRUE);
      return;
    }
  g_signal_connect (self->pipeline, "failed", G_CALLBACK (on_failed), self);
  g_signal_connect (self->pipeline, "playing", G_CALLBACK (on_playing), self);
  g_signal_connect (self->pipeline, "ended", G_CALLBACK (on_ended), self);
}

static gboolean
shut_in (const SalonJobSpec *spec, SalonElementList **list, GError **error)
{
  g_autofree char *output = g_get_current_dir ();

  /* Not after this: it may have GStreamer's scanner read the plugins, and that is a program. */
  if (!gst_init_check (NULL, NULL, error))
    return FALSE;
  *list = salon_element_list_apply ((const char *const *)spec->limits.elements);
  return salon_sandbox_enter (&spec->limits, output, g_get_home_dir (), error);
}

static void
play (Runner *self)
{
  guint timer_id = g_timeout_add_seconds (TELL_INTERVAL_S, tell_progress, self);

  salon_pipeline_play (self->pipeline);
  g_main_loop_run (self->loop);
  g_source_remove (timer_id);
  g_signal_handlers_disconnect_by_data (self->pipeline, self);
}

int
salon_runner_run (int fd)
{
  g_auto (Runner) self = { .loop = g_main_loop_new (NULL, FALSE) };
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonJobSpec) spec = read_spec (fd, &error);
  SalonElementList *list = NULL;
  gboolean is_shut_in = spec != NULL && shut_in (spec, &list, &error);

  self.link = salon_json_link_new_for_fd (fd, NULL);
  if (self.link == NULL)
    return EXIT_FAILURE;
  g_signal_connect (self.link, "message", G_CALLBACK (on_message), &self);
  g_signal_connect (self.link, "closed", G_CALLBACK (on_closed), &self);
  if (!is_shut_in)
    tell_failure (&self, error->message, TRUE);
  else
    {
      self.watch = salon_watch_new ();
      load_pipeline (&self, spec, list);
    }
  if (self.pipeline != NULL)
    play (&self);
  return self.status;
}
