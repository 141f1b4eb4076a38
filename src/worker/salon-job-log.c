/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-job-log.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "salon-job-secrets.h"
#include "salon-limits.h"
#include "salon-log.h"
#include "salon-rate-limit.h"

/* Some days of a quiet job; two of them are kept. */
#define MAX_FILE_BYTES (256 * 1024)
/* Of a line; a character has four bytes at most. */
#define MAX_LINE_BYTES (4 * SALON_LIMIT_JOB_LINE_CHARS)
/* At a time, so that a flood does not keep the keeper from the rest of its work. */
#define MAX_READ_BYTES (64 * 1024)

struct _SalonJobLog
{
  char *path;     /* (owned) */
  char **secrets; /* (owned) (nullable) */
  FILE *file;     /* (owned) (nullable) */
  GQueue tail;    /* (element-type utf8) (owned) */
  int fd;         /* -1: none */
  guint watch_id;
  GString *line; /* (owned): the beginning of one */
  SalonRateLimit rate;
  guint64 n_left_out;
  void (*on_changed) (gpointer user_data);
  gpointer user_data;
};

/* A disk that is full costs the log, not the job. */
static void
write_line (SalonJobLog *self, const char *line)
{
  g_autofree char *old = g_strconcat (self->path, ".old", NULL);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%FT%TZ");

  if (self->file != NULL && ftell (self->file) > MAX_FILE_BYTES)
    {
      g_clear_pointer (&self->file, fclose);
      g_rename (self->path, old);
    }
  if (self->file == NULL)
    self->file = g_fopen (self->path, "ae");
  if (self->file == NULL)
    return;
  fprintf (self->file, "%s %s\n", time, line);
  fflush (self->file);
}

static void
keep_line (SalonJobLog *self, const char *text, gboolean is_cut)
{
  g_autofree char *told
      = is_cut ? salon_job_secrets_hide_in_cut (self->secrets, text) : salon_job_secrets_hide (self->secrets, text);
  g_autofree char *line = salon_log_to_line (told);
  char *cut = g_utf8_substring (line, 0, MIN (g_utf8_strlen (line, -1), SALON_LIMIT_JOB_LINE_CHARS));

  write_line (self, cut);
  g_queue_push_tail (&self->tail, cut);
  if (self->tail.length > SALON_LIMIT_JOB_LOG_LINES)
    g_free (g_queue_pop_head (&self->tail));
}

static void
tell_left_out (SalonJobLog *self)
{
  g_autofree char *text = NULL;

  if (self->n_left_out == 0)
    return;
  text = g_strdup_printf ("(%" G_GUINT64_FORMAT " lines more, left out: too many a second)", self->n_left_out);
  self->n_left_out = 0;
  keep_line (self, text, FALSE);
}

static void
end_line (SalonJobLog *self, gboolean is_cut)
{
  if (*g_strstrip (self->line->str) == '\0')
    return;
  if (!salon_rate_limit_take (
          &self->rate, SALON_LIMIT_JOB_LINES_BURST, SALON_LIMIT_JOB_LINES_PER_S, g_get_monotonic_time ()))
    {
      self->n_left_out++;
      return;
    }
  tell_left_out (self);
  keep_line (self, self->line->str, is_cut);
}

static void
take_bytes (SalonJobLog *self, const char *bytes, gsize size_bytes)
{
  for (gsize i = 0; i < size_bytes; i++)
    {
      if (bytes[i] == '\n')
        {
          end_line (self, self->line->len == MAX_LINE_BYTES);
          g_string_truncate (self->line, 0);
        }
      else if (self->line->len < MAX_LINE_BYTES)
        g_string_append_c (self->line, bytes[i]);
    }
}

/* Returns: whether more may come. */
static gboolean
read_some (SalonJobLog *self)
{
  g_autofree char *bytes = g_malloc (MAX_READ_BYTES);
  gssize size_bytes = read (self->fd, bytes, MAX_READ_BYTES);

  if (size_bytes < 0)
    return errno == EAGAIN || errno == EINTR;
  take_bytes (self, bytes, size_bytes);
  self->on_changed (self->user_data);
  return size_bytes > 0;
}

static void
close_pipe (SalonJobLog *self)
{
  g_clear_handle_id (&self->watch_id, g_source_remove);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  SalonJobLog *self = user_data;

  if (!read_some (self))
    close_pipe (self);
  return G_SOURCE_CONTINUE;
}

void
salon_job_log_read (SalonJobLog *self, int fd)
{
  close_pipe (self);
  self->fd = fd;
  g_unix_set_fd_nonblocking (fd, TRUE, NULL);
  /* Behind all else: a flood waits. */
  self->watch_id = g_unix_fd_add_full (G_PRIORITY_LOW, fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, self, NULL);
}

void
salon_job_log_drain (SalonJobLog *self)
{
  if (self->fd >= 0)
    (void)!read_some (self);
  /* What has no end was perhaps to go on. */
  end_line (self, TRUE);
  g_string_truncate (self->line, 0);
  tell_left_out (self);
  close_pipe (self);
}

void
salon_job_log_note (SalonJobLog *self, const char *text)
{
  keep_line (self, text, FALSE);
  self->on_changed (self->user_data);
}

char **
salon_job_log_get_tail (SalonJobLog *self)
{
  g_autoptr (GStrvBuilder) lines = g_strv_builder_new ();

  for (GList *item = self->tail.head; item != NULL; item = item->next)
    g_strv_builder_add (lines, item->data);
  return g_strv_builder_end (lines);
}

SalonJobLog *
salon_job_log_new (const char *path, void (*on_changed) (gpointer user_data), gpointer user_data)
{
  SalonJobLog *self = g_new0 (SalonJobLog, 1);

  self->path = g_strdup (path);
  self->fd = -1;
  self->line = g_string_new (NULL);
  self->on_changed = on_changed;
  self->user_data = user_data;
  return self;
}

void
salon_job_log_set_secrets (SalonJobLog *self, char **secrets)
{
  g_strfreev (self->secrets);
  self->secrets = g_strdupv (secrets);
}

void
salon_job_log_free (SalonJobLog *self)
{
  g_strfreev (self->secrets);
  close_pipe (self);
  g_clear_pointer (&self->file, fclose);
  g_queue_clear_full (&self->tail, g_free);
  g_string_free (self->line, TRUE);
  g_free (self->path);
  g_free (self);
}
