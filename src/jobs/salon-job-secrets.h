/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a job must not tell: the values of secret parameters (salon-launch-file.h), such as a URL with a stream key, and
 * of these the parts that elements name by themselves in what they print. */

/* What stands in the place of a secret. */
#define SALON_JOB_SECRET_MASK "***"

/* Adds a value to list (element-type utf8), and, of a URL, its password, the last part of its path, and the values of
 * its query. */
void salon_job_secrets_add (GPtrArray *list, const char *value);

/* secrets: (nullable): longer ones before those that they contain. Returns: (transfer full): without them. */
char *salon_job_secrets_hide (char **secrets, const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* The same of a text that was cut off at its end: without the beginning of one there, too. */
char *salon_job_secrets_hide_in_cut (char **secrets, const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* list: (element-type utf8). Returns: (transfer full): for the above. */
char **salon_job_secrets_sort (GPtrArray *list) G_GNUC_WARN_UNUSED_RESULT;
