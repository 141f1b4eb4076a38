/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A pipeline in a file: gst-launch-1.0's language, and two kinds of lines before it comes to that:
 *
 *   # a comment, on a line of its own
 *   param width = 320  # what it is
 *
 * A param line declares a parameter with its default; ${width} in the text stands for its value. */

/* assignments: (nullable): "KEY=VALUE" each, NULL-terminated; they win over the defaults.
 *
 * Returns: (transfer full) (nullable): the description for gst_parse_launch(), on one line. Errors name file and line,
 * or the parameters that there are. */
char *salon_launch_file_load (
    const char *path, const char *const *assignments, GError **error) G_GNUC_WARN_UNUSED_RESULT;
