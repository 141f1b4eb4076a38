/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Pipelines as commands for a shell: what is pasted there comes to gst_parse_launch() as it was meant, whatever is in
 * it. gst-launch-1.0 joins its arguments with blanks, and puts a backslash before each blank within one that stands
 * outside of double quotes. Needs GStreamer initialised. */

/* Appends " name=value" to a line. The property, which must be a string, gets the value to the letter; but control
 * characters become blanks. */
void salon_launch_line_add_property (GString *line, const char *name, const char *value);

/* text: as gst_parse_launch() takes it. Returns: (transfer full): the whole command, which finishes
 * its files when it is interrupted. */
char *salon_launch_line_from_text (const char *text) G_GNUC_WARN_UNUSED_RESULT;
