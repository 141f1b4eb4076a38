/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The log of whoever runs the server: a stream of entries, each a message for a person and fields for programs, written
 * to the journal, or to stderr as text or JSON. It is GLib's structured log with a writer of its own, so what libraries
 * say by g_warning() comes here too, and what GStreamer says by salon-gst-log.h. data/log.schema.json documents the
 * fields and every event.
 *
 * Who somebody is and what they say is private: entries name them by id, and hold no token, SDP or address. The
 * messages are English, as the log's readers are programs too.
 *
 * Any thread may log. An entry is one write, and waits for its reader. */

/* As in syslog(3). */
typedef enum
{
  SALON_LOG_CRITICAL = 2, /* a broken promise of the code */
  SALON_LOG_ERROR,        /* a person must act */
  SALON_LOG_WARNING,      /* something was lost, we go on */
  SALON_LOG_NOTICE,       /* the server itself starts, stops, changes */
  SALON_LOG_INFO,         /* rooms and those in them come and go */
  SALON_LOG_DEBUG,
} SalonLogLevel;

/* What an event is about; whatever does not apply is left out. */
typedef struct
{
  const char *room;        /* its id */
  const char *participant; /* its id */
  const char *session;     /* the public id of a stay, never its token */
  const char *job;         /* its id */
  const char *reason;      /* one word: why */
  const char *url;
  gint64 duration_us;
} SalonLogFields;

/* From here on everything is logged like this: "text", "json", "journal", or "auto", which is "journal" if stderr is
 * the journal's, else "text". Once, at start. */
void salon_log_open (const char *program, const char *format);

/* Whether people read it as it is written. */
gboolean salon_log_is_text (void);

/* The server's name, for the entries to come. Once. */
void salon_log_set_node (const char *id);

/* event: one of those in data/log.schema.json. */
void salon_log_event (SalonLogLevel level, const char *event, SalonLogFields fields, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

/* What another part of the system, named by component, has to say. */
void salon_log_foreign (SalonLogLevel level, const char *component, const char *message);

/* For a line on a terminal: white space in place of control characters, valid UTF-8.
 * Returns: (transfer full) */
char *salon_log_to_line (const char *text) G_GNUC_WARN_UNUSED_RESULT;
