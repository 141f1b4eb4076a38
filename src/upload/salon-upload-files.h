/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a job has written: the files in its folder, see salon-job-folder.h. */
typedef struct
{
  char *path; /* (owned): below the job's folder */
  gint64 size_bytes;
} SalonUploadFile;

/* Lists them, by path: those of the last attempt and those before; no links. The working directory is the job's folder.
 * Returns: (transfer full) (element-type SalonUploadFile) (nullable): NULL: there are too many. Blocks. */
GPtrArray *salon_upload_files_list (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer none): what it is called in the store, below the prefix: without "output/". */
const char *salon_upload_file_get_name (const SalonUploadFile *self);

/* Returns: (nullable) (transfer full): as media are called in the web; by the name's end. */
char *salon_upload_file_guess_type (const SalonUploadFile *self) G_GNUC_WARN_UNUSED_RESULT;
