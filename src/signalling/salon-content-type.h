/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The type of a file, by the end of its name: g_content_type_guess() needs a database that small machines lack. */

/* (transfer none): of the page's own parts; never NULL. */
const char *salon_content_type_of_page (const char *name);

/* (transfer none) (nullable): of what pipelines write: media, playlists and plain data. NULL for what is none of these:
 * pages and scripts of theirs must not run. */
const char *salon_content_type_of_media (const char *name);
