/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "salon-upload-status.h"
#include "salon-upload-target.h"

/* What jobs have written is brought to a store that speaks Amazon's S3, by a process of its own (src/upload), one
 * folder at a time, in the order in which they were added. One whose uploader broke, or found the store away, comes
 * again later, later each time, until nothing has come for too long. All of it survives the server: see adopt.
 *
 * Owned by SalonJobs; main context. The last reference ends what is under way. */
#define SALON_TYPE_UPLOADS (salon_uploads_get_type ())
G_DECLARE_FINAL_TYPE (SalonUploads, salon_uploads, SALON, UPLOADS, GObject)

/* (borrowed) throughout, and for as long as the uploads. */
typedef struct
{
  const char *program;      /* salon-upload */
  SalonUploadTarget target; /* its bucket is NULL: there is no store, and nothing is brought anywhere */
  guint give_up_s;          /* after which without a byte, it has failed */
} SalonUploadsOptions;

SalonUploads *salon_uploads_new (const SalonUploadsOptions *options) G_GNUC_WARN_UNUSED_RESULT;

gboolean salon_uploads_has_store (SalonUploads *self);

/* Brings what is in a job's folder to the store, as objects whose keys begin with prefix and a slash; or, if that has
 * failed, tries again now. folder: an absolute path; nobody writes there any more. prefix: without a slash at its
 * end. */
void salon_uploads_add (SalonUploads *self, const char *folder, const char *prefix);

/* Goes on with what an earlier server was told of this folder, also if it has failed: perhaps somebody has acted. For
 * start-up: blocks for a file's read. Returns: whether there was anything. */
gboolean salon_uploads_adopt (SalonUploads *self, const char *folder);

/* Ends what is under way, and forgets it; the folder's files are not touched. */
void salon_uploads_remove (SalonUploads *self, const char *folder);

/* Returns: (transfer none) (nullable): NULL: it was never added. */
const SalonUploadStatus *salon_uploads_find (SalonUploads *self, const char *folder);

/* Whether files are in this folder that the store is to have, and has not. */
gboolean salon_uploads_needs (SalonUploads *self, const char *folder);

/* Returns: (transfer full) (nullable): where they are or will be: their common beginning; NULL: there is no store. */
char *salon_uploads_get_url (SalonUploads *self, const SalonUploadStatus *status) G_GNUC_WARN_UNUSED_RESULT;
