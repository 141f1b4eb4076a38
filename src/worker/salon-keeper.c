/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-keeper.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "salon-attempt.h"
#include "salon-job-folder.h"
#include "salon-job-secrets.h"
#include "salon-job-status.h"
#include "salon-json.h"
#include "salon-limits.h"
#include "salon-log.h"

/* "." is the job's folder. */
#define FOLDER "."
#define TICK_S 1
#define MIN_BACK_OFF_MS 250
#define MAX_BACK_OFF_MS 30000
/* What has played so long was well: its next failure is the first again. */
#define WELL_AFTER_US (60 * G_USEC_PER_SEC)
/* Until a process speaks for the first time: GStreamer may read all its plugins first. */
#define START_DEADLINE_S 60
/* From the wish that it stop until it is cut off: a file wants its index. */
#define END_DEADLINE_MS 10000
/* Of thousands of small files, to measure them takes a while: this part of the time at most, one in so many. */
#define MEASURE_PART 50
/* Of an element. */
#define MAX_NAME_CHARS 200

typedef struct
{
  GMainLoop *loop;          /* (owned) */
  SalonJobSpec *spec;       /* (owned) */
  SalonJobLog *log;         /* (owned) */
  SalonAttempt *attempt;    /* (owned) (nullable) */
  GSocketService *service;  /* (owned) */
  SalonJsonLink *server;    /* (owned) (nullable): there is one at a time */
  SalonJobStatus status;    /* its log is made when it is needed */
  gboolean has_log_changed; /* since it was told */
  guint tell_id;            /* of what has changed, once the present work is done */
  guint timer_id;           /* of the present state: the next attempt, or the end's deadline */
  guint back_off_ms;
  guint n_failures;    /* in a row */
  char *failure;       /* (owned) (nullable): why the present attempt breaks, as far as it is known */
  gint64 heard_us;     /* from its process, for the last time */
  gboolean has_spoken; /* its process, ever */
  gint64 playing_us;   /* since when it plays; 0: not yet */
  gint64 orphan_us;    /* since when there is no server */
  gint64 measure_after_us;
  gboolean has_ended;   /* the process said so */
  gboolean is_hopeless; /* it would fail again */
  gboolean must_fail;   /* when it has stopped */
} Keeper;

static void begin_attempt (Keeper *self);
static void set_failure (Keeper *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* -- telling -- */

static gboolean
tell_server (gpointer user_data)
{
  Keeper *self = user_data;
  JsonObject *message;

  self->tell_id = 0;
  if (self->server == NULL)
    return G_SOURCE_REMOVE;
  g_strfreev (self->status.log);
  self->status.log = salon_job_log_get_tail (self->log);
  message = json_object_new ();
  salon_job_status_to_json (&self->status, message, self->has_log_changed);
  salon_json_link_send (self->server, message);
  self->has_log_changed = FALSE;
  return G_SOURCE_REMOVE;
}

static void
tell_soon (Keeper *self)
{
  if (self->tell_id == 0)
    self->tell_id = g_idle_add (tell_server, self);
}

static void
on_log_changed (gpointer user_data)
{
  Keeper *self = user_data;

  self->has_log_changed = TRUE;
  tell_soon (self);
}

/* What the next keeper must know, and whoever looks when there is none. A disk that is full is no reason to stop. */
static void
save (Keeper *self)
{
  g_autoptr (GError) error = NULL;

  g_strfreev (self->status.log);
  self->status.log = salon_job_log_get_tail (self->log);
  if (!salon_job_status_save (&self->status, FOLDER, &error))
    salon_job_log_note (self->log, error->message);
}

/* error: (nullable): leaves the last one. */
static void
set_state (Keeper *self, SalonJobState state, const char *error)
{
  self->status.state = state;
  if (error != NULL)
    {
      g_free (self->status.error);
      self->status.error = salon_job_secrets_hide (self->spec->secrets, error);
      salon_job_log_note (self->log, error);
    }
  if (salon_job_state_is_end (state))
    self->status.ended_at_s = g_get_real_time () / G_USEC_PER_SEC;
  (void)!salon_job_folder_measure (FOLDER, &self->status.output_bytes);
  save (self);
  tell_soon (self);
}

static void
set_timer (Keeper *self, guint delay_ms, GSourceFunc function)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  self->timer_id = g_timeout_add (delay_ms, function, self);
}

/* -- ends -- */

static void
finish (Keeper *self, SalonJobState state, const char *error)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_object (&self->attempt);
  set_state (self, state, error);
  g_clear_handle_id (&self->tell_id, g_source_remove);
  tell_server (self);
  g_main_loop_quit (self->loop);
}

static gboolean
on_next_attempt (gpointer user_data)
{
  Keeper *self = user_data;

  self->timer_id = 0;
  self->status.n_restarts++;
  begin_attempt (self);
  return G_SOURCE_REMOVE;
}

/* A process that broke is tried again, later each time. */
static void
handle_break (Keeper *self, const char *error)
{
  gboolean was_well = self->playing_us != 0 && g_get_monotonic_time () - self->playing_us > WELL_AFTER_US;

  if (was_well)
    {
      self->n_failures = 0;
      self->back_off_ms = MIN_BACK_OFF_MS;
    }
  if (self->is_hopeless || self->n_failures >= self->spec->limits.max_restarts)
    {
      finish (self, SALON_JOB_FAILED, error);
      return;
    }
  self->n_failures++;
  set_state (self, SALON_JOB_RESTARTING, error);
  set_timer (self, self->back_off_ms, on_next_attempt);
  self->back_off_ms = MIN (self->back_off_ms * 2, MAX_BACK_OFF_MS);
}

static void
on_died (SalonAttempt *attempt, const char *reason, Keeper *self)
{
  g_autoptr (SalonAttempt) dead = g_steal_pointer (&self->attempt);
  g_autofree char *failure = g_steal_pointer (&self->failure);

  g_signal_handlers_disconnect_by_data (dead, self);
  if (self->status.state == SALON_JOB_STOPPING)
    finish (self, self->must_fail ? SALON_JOB_FAILED : SALON_JOB_STOPPED, self->must_fail ? NULL : failure);
  else if (self->has_ended && reason == NULL)
    finish (self, SALON_JOB_FINISHED, NULL);
  else if (failure != NULL || reason != NULL)
    handle_break (self, failure != NULL ? failure : reason);
  else
    handle_break (self, "The pipeline's process ended without a word");
}

static void
set_failure (Keeper *self, const char *format, ...)
{
  va_list arguments;

  g_free (self->failure);
  va_start (arguments, format);
  self->failure = g_strdup_vprintf (format, arguments);
  va_end (arguments);
}

/* -- from the process -- */

static void
check_stuck (Keeper *self, const char *element, gint64 stuck_s)
{
  if (stuck_s < self->spec->limits.hang_s)
    return;
  set_failure (self, "The element \"%s\" hangs: it has been at one buffer for %d s", element, (int)stuck_s);
  salon_attempt_kill (self->attempt);
}

static gboolean
take_progress (Keeper *self, JsonObject *message)
{
  const char *stuck = NULL;
  gint64 stuck_s = 0;

  if (!salon_json_get_optional_int (message, "position_ms", 0, G_MAXINT64, &self->status.position_ms, NULL)
      || !salon_json_get_optional_int (message, "buffers", 0, G_MAXINT64, &self->status.n_buffers, NULL)
      || !salon_json_get_optional_string (message, "stuck", 1, MAX_NAME_CHARS, &stuck, NULL)
      || !salon_json_get_optional_int (message, "stuck_s", 0, G_MAXINT32, &stuck_s, NULL))
    return FALSE;
  if (stuck != NULL)
    check_stuck (self, stuck, stuck_s);
  return TRUE;
}

static void
take_playing (Keeper *self)
{
  self->playing_us = g_get_monotonic_time ();
  if (self->status.state == SALON_JOB_STARTING)
    set_state (self, SALON_JOB_RUNNING, NULL);
}

/* Returns: whether it was understood. */
static gboolean
take_words (Keeper *self, JsonObject *message)
{
  const char *failed = NULL;
  gboolean is_playing = FALSE;

  if (!salon_json_get_optional_string (message, "failed", 0, G_MAXUINT, &failed, NULL)
      || !salon_json_get_optional_boolean (message, "is_final", &self->is_hopeless, NULL)
      || !salon_json_get_optional_boolean (message, "ended", &self->has_ended, NULL)
      || !salon_json_get_optional_boolean (message, "playing", &is_playing, NULL))
    return FALSE;
  if (failed != NULL && self->failure == NULL)
    {
      /* While it is whole: what is cut would no longer be found. */
      g_autofree char *told = salon_job_secrets_hide (self->spec->secrets, failed);
      g_autofree char *line = salon_log_to_line (told);

      self->failure = g_utf8_substring (line, 0, MIN (g_utf8_strlen (line, -1), SALON_LIMIT_JOB_LINE_CHARS));
    }
  if (is_playing)
    take_playing (self);
  return TRUE;
}

static void
on_message (SalonAttempt *attempt, JsonObject *message, Keeper *self)
{
  self->heard_us = g_get_monotonic_time ();
  self->has_spoken = TRUE;
  if (json_object_has_member (message, "id"))
    {
      if (self->server != NULL)
        salon_json_link_send (self->server, json_object_ref (message));
      return;
    }
  if (!take_progress (self, message) || !take_words (self, message))
    {
      set_failure (self, "The pipeline's process does not keep to the rules");
      salon_attempt_kill (attempt);
    }
  tell_soon (self);
}

/* -- attempts -- */

static gboolean
make_attempt (Keeper *self, GError **error)
{
  if (!salon_job_folder_prepare (FOLDER, error))
    return FALSE;
  self->attempt = salon_attempt_new (self->spec, self->status.n_restarts, self->log, error);
  return self->attempt != NULL;
}

static void
begin_attempt (Keeper *self)
{
  g_autoptr (GError) error = NULL;

  self->has_ended = FALSE;
  self->has_spoken = FALSE;
  self->is_hopeless = FALSE;
  self->playing_us = 0;
  self->heard_us = g_get_monotonic_time ();
  self->status.started_at_s = g_get_real_time () / G_USEC_PER_SEC;
  self->status.position_ms = -1;
  self->status.n_buffers = 0;
  set_state (self, SALON_JOB_STARTING, NULL);
  if (!make_attempt (self, &error))
    {
      handle_break (self, error->message);
      return;
    }
  g_signal_connect (self->attempt, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->attempt, "died", G_CALLBACK (on_died), self);
}

/* -- stopping -- */

static gboolean
on_end_deadline (gpointer user_data)
{
  Keeper *self = user_data;

  self->timer_id = 0;
  if (self->failure == NULL)
    set_failure (self, "The pipeline did not come to its end within %d s, and was cut off; its files may lack theirs",
        END_DEADLINE_MS / 1000);
  salon_attempt_kill (self->attempt);
  return G_SOURCE_REMOVE;
}

/* why: (nullable): not because somebody wished it. */
static void
begin_stop (Keeper *self, const char *why)
{
  JsonObject *message;

  if (self->status.state == SALON_JOB_STOPPING || salon_job_state_is_end (self->status.state))
    return;
  if (self->attempt == NULL)
    {
      finish (self, self->must_fail ? SALON_JOB_FAILED : SALON_JOB_STOPPED, why);
      return;
    }
  message = json_object_new ();
  json_object_set_boolean_member (message, "end", TRUE);
  salon_attempt_send (self->attempt, message);
  set_state (self, SALON_JOB_STOPPING, why);
  set_timer (self, END_DEADLINE_MS, on_end_deadline);
}

/* -- watching -- */

/* Returns: (transfer full) (nullable): why what it has written is too much. */
static char *
measure_output (Keeper *self)
{
  guint limit_mb = self->spec->limits.output_mb;

  if (!salon_job_folder_measure (FOLDER, &self->status.output_bytes))
    return g_strdup (
        "It has made a folder that is closed, or too deep: what it writes cannot be measured (job-output-mb)");
  if (self->status.output_bytes <= (gint64)limit_mb * 1024 * 1024)
    return NULL;
  return g_strdup_printf (
      "It has written more than %u MB; the key job-output-mb in [jobs] of the server's configuration allows more",
      limit_mb);
}

static void
check_output (Keeper *self)
{
  gint64 began_us = g_get_monotonic_time ();
  g_autofree char *text = NULL;

  if (began_us < self->measure_after_us)
    return;
  text = measure_output (self);
  self->measure_after_us = began_us + MEASURE_PART * (g_get_monotonic_time () - began_us);
  if (text == NULL || self->status.state == SALON_JOB_STOPPING)
    return;
  self->must_fail = TRUE;
  begin_stop (self, text);
}

static void
check_answer (Keeper *self, gint64 now_us)
{
  guint limit_s = self->has_spoken ? self->spec->limits.hang_s : MAX (START_DEADLINE_S, self->spec->limits.hang_s);

  if (self->attempt == NULL || now_us - self->heard_us < limit_s * G_USEC_PER_SEC)
    return;
  if (self->failure == NULL)
    set_failure (self, "The pipeline's process did not answer for %u s", limit_s);
  salon_attempt_kill (self->attempt);
}

static gboolean
on_tick (gpointer user_data)
{
  Keeper *self = user_data;
  gint64 now_us = g_get_monotonic_time ();

  check_answer (self, now_us);
  check_output (self);
  if (self->server == NULL && now_us - self->orphan_us > self->spec->limits.orphan_s * G_USEC_PER_SEC)
    begin_stop (self, "There was no server for too long (job-orphan-s)");
  tell_soon (self);
  return G_SOURCE_CONTINUE;
}

/* -- servers -- */

/* Returns: (nullable): why nothing was set. */
static const char *
pass_question (Keeper *self, JsonObject *message)
{
  if (self->attempt == NULL || self->status.state != SALON_JOB_RUNNING)
    return "Nothing can be set while the pipeline does not play";
  salon_attempt_send (self->attempt, json_object_ref (message));
  return NULL;
}

static void
on_server_message (SalonJsonLink *server, JsonObject *message, Keeper *self)
{
  const char *refusal;
  const char *why = NULL;
  JsonObject *answer;

  if (json_object_has_member (message, "kill"))
    finish (self, SALON_JOB_STOPPED, NULL);
  else if (json_object_has_member (message, "stop")
           && salon_json_get_optional_string (message, "why", 1, SALON_LIMIT_JOB_LINE_CHARS, &why, NULL))
    begin_stop (self, why);
  if (!json_object_has_member (message, "set") || (refusal = pass_question (self, message)) == NULL)
    return;
  answer = json_object_new ();
  json_object_set_member (answer, "id", json_node_copy (json_object_get_member (message, "id")));
  json_object_set_string_member (answer, "error", refusal);
  salon_json_link_send (server, answer);
}

static void
drop_server (Keeper *self)
{
  if (self->server != NULL)
    g_signal_handlers_disconnect_by_data (self->server, self);
  g_clear_object (&self->server);
  self->orphan_us = g_get_monotonic_time ();
}

static void
on_server_closed (SalonJsonLink *server, Keeper *self)
{
  drop_server (self);
}

/* link: (transfer full) */
static void
take_server (Keeper *self, SalonJsonLink *link)
{
  self->server = link;
  g_signal_connect (link, "message", G_CALLBACK (on_server_message), self);
  g_signal_connect (link, "closed", G_CALLBACK (on_server_closed), self);
  self->has_log_changed = TRUE;
  tell_soon (self);
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection, GObject *source, Keeper *self)
{
  /* There is one server at a time, and the kernel tells when it dies: whoever comes meanwhile is none. */
  if (self->server == NULL)
    take_server (self, salon_json_link_new (g_socket_connection_get_socket (connection)));
  return TRUE;
}

static gboolean
listen_for_servers (Keeper *self, GError **error)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (SALON_JOB_CONTROL);

  /* A predecessor's. */
  g_unlink (SALON_JOB_CONTROL);
  if (!g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), address, G_SOCKET_TYPE_STREAM,
          G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, error))
    return FALSE;
  g_signal_connect (self->service, "incoming", G_CALLBACK (on_incoming), self);
  return TRUE;
}

/* -- life -- */

static void
keeper_clear (Keeper *self)
{
  g_clear_handle_id (&self->tell_id, g_source_remove);
  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_object (&self->attempt);
  drop_server (self);
  if (self->service != NULL)
    g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_clear_object (&self->service);
  g_clear_pointer (&self->log, salon_job_log_free);
  g_clear_pointer (&self->spec, salon_job_spec_free);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  salon_job_status_clear (&self->status);
  g_free (self->failure);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Keeper, keeper_clear)

/* The machine goes down, or systemd stops the server with all that came from it: files are finished. */
static gboolean
on_terminate (gpointer user_data)
{
  begin_stop (user_data, NULL);
  return G_SOURCE_CONTINUE;
}

/* Whoever ended it did not live to tell. The log is what they kept of theirs. */
static void
tell_end (Keeper *self)
{
  JsonObject *message;

  if (self->server == NULL)
    return;
  message = json_object_new ();
  salon_job_status_to_json (&self->status, message, TRUE);
  salon_json_link_send (self->server, message);
}

/* A keeper that died left the job in the middle of something: that counts as a break. */
static void
take_over (Keeper *self)
{
  gint64 now_s = g_get_real_time () / G_USEC_PER_SEC;
  gboolean is_known = salon_job_status_load (&self->status, FOLDER);

  if (is_known && salon_job_state_is_end (self->status.state))
    tell_end (self);
  else if (!is_known || self->status.started_at_s == 0)
    begin_attempt (self);
  else if (self->status.state == SALON_JOB_STOPPING)
    finish (self, SALON_JOB_STOPPED, "Whoever was to end it is gone; its files may lack theirs");
  else
    {
      if (now_s - self->status.started_at_s < WELL_AFTER_US / G_USEC_PER_SEC)
        self->n_failures = self->status.n_restarts;
      handle_break (self, "Whoever looked after the job is gone");
    }
}

int
salon_keeper_run (int fd)
{
  g_auto (Keeper) self = { .status.position_ms = -1, .back_off_ms = MIN_BACK_OFF_MS };
  g_autoptr (GError) error = NULL;
  SalonJsonLink *link;

  if (!salon_job_folder_take_lock (FOLDER, 0))
    return EXIT_FAILURE;
  self.loop = g_main_loop_new (NULL, FALSE);
  self.log = salon_job_log_new ("log", on_log_changed, &self);
  self.service = g_socket_service_new ();
  self.spec = salon_job_spec_load (FOLDER, &error);
  if (self.spec == NULL || !listen_for_servers (&self, &error))
    {
      salon_job_log_note (self.log, error->message);
      return EXIT_FAILURE;
    }
  salon_job_log_set_secrets (self.log, self.spec->secrets);
  link = salon_json_link_new_for_fd (fd, NULL);
  if (link != NULL)
    take_server (&self, link);
  g_timeout_add_seconds (TICK_S, on_tick, &self);
  g_unix_signal_add (SIGTERM, on_terminate, &self);
  take_over (&self);
  if (!salon_job_state_is_end (self.status.state))
    g_main_loop_run (self.loop);
  g_unlink (SALON_JOB_CONTROL);
  return EXIT_SUCCESS;
}
