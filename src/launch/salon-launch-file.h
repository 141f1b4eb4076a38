/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A pipeline in a file: gst-launch-1.0's language, and three kinds of lines before it comes to that:
 *
 *   # a comment, on a line of its own
 *   kind recording
 *   param width = 320  # what it is
 *
 * A kind line says what a job of it is for: what one of kind recording leaves is kept, and listed, as a recording of
 * its room; one of kind client has a webrtcbin that salon-launch brings into a room, and is no job. A param line
 * declares a parameter with its default; ${width} in the text stands for its value. A line that begins with `secret`
 * does so, too, of one that is not to be told to others: a URL with a stream key in it.
 *
 * By hand a value may be anything. From a stranger it is checked by the parameter's type, so that it stays the value
 * that the text has a place for, and can't become elements. The type follows from the default and from the place:
 *
 *   param width = 320         integer   a default that is one; likewise number (0.5) and boolean (true)
 *   param title = Hello       text      if it stands in double quotes, as a property's value: text="${title}"
 *   param sink = fakesink     elements  if it stands by itself: ! ${sink}
 *   param pattern = ball      word      else: pattern=${pattern}
 *
 * A word is letters, digits, and what URLs and names of files are made of; text is anything but double quotes,
 * backslashes and control characters. */

typedef enum
{
  SALON_PARAMETER_INTEGER,
  SALON_PARAMETER_NUMBER,
  SALON_PARAMETER_BOOLEAN,
  SALON_PARAMETER_WORD,
  SALON_PARAMETER_TEXT,
  SALON_PARAMETER_ELEMENTS,
} SalonParameterType;

/* (transfer none): "integer", "number" ... */
const char *salon_parameter_type_to_string (SalonParameterType type);

typedef struct
{
  char *name;          /* (owned) */
  char *default_value; /* (owned) */
  char *value;         /* (owned) */
  char *help;          /* (owned): may be "" */
  SalonParameterType type;
  gboolean is_secret;
} SalonParameter;

typedef struct _SalonLaunchFile SalonLaunchFile;

/* Errors name file and line. Blocks. */
SalonLaunchFile *salon_launch_file_read (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void salon_launch_file_free (SalonLaunchFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonLaunchFile, salon_launch_file_free)

/* (transfer none): the first paragraph of the comment at its head. */
const char *salon_launch_file_get_summary (SalonLaunchFile *self);

/* Whether it is of kind recording. */
gboolean salon_launch_file_is_recording (SalonLaunchFile *self);

/* Whether it is of kind client. */
gboolean salon_launch_file_is_client (SalonLaunchFile *self);

/* (transfer none) (element-type SalonParameter): as they are declared. */
GPtrArray *salon_launch_file_get_parameters (SalonLaunchFile *self);

/* assignment: "KEY=VALUE", by hand. Errors: for a person, with the parameters that there are. */
gboolean salon_launch_file_assign (
    SalonLaunchFile *self, const char *assignment, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ${name} stays in the text as it is, for who knows its value later; nothing, if it is not declared. */
void salon_launch_file_leave_open (SalonLaunchFile *self, const char *name);

/* From a client. may_be_elements: they may set those too. Errors: INVALID_PARAMS, naming the parameter; FORBIDDEN. */
gboolean salon_launch_file_set (SalonLaunchFile *self, const char *name, const char *value, gboolean may_be_elements,
    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): the description for gst_parse_launch(), on one line. */
char *salon_launch_file_to_text (SalonLaunchFile *self) G_GNUC_WARN_UNUSED_RESULT;
