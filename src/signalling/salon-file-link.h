/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The right to read one job's files until a time, as a word that can be passed on, and stand in a URL: players and
 * <video> send no tokens of their own, and playlists name what they list from there. Nothing is kept of it: whoever has
 * the key made it. */

/* Returns: (transfer full): URL-safe. until_s: Unix time. */
char *salon_file_link_new (const char *key, const char *job, gint64 until_s) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full) (nullable): the job; NULL: it was not made with this key, or is good no more. */
char *salon_file_link_read (const char *key, const char *link, gint64 now_s) G_GNUC_WARN_UNUSED_RESULT;
