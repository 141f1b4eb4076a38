/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* How the upload of a folder's files fares: plain data. The uploader's (src/upload); it tells the server, and leaves it
 * in the folder, so that the next one goes on from there. */

typedef enum
{
  SALON_UPLOAD_WAITING, /* for its turn, or for the next attempt: see the error */
  SALON_UPLOAD_RUNNING,
  SALON_UPLOAD_DONE,   /* all files are in the store, which says so */
  SALON_UPLOAD_FAILED, /* see the error: a person must act */
} SalonUploadState;

/* Of the file that goes up in parts: what the store has of it. */
typedef struct
{
  char *file;        /* (owned) (nullable): its name, below the folder; NULL: there is none */
  char *id;          /* (owned) (nullable): the store's, of this upload in parts */
  gint64 part_bytes; /* each but the last */
  GPtrArray *etags;  /* (owned) (element-type utf8): of the parts that have come, from the first one on */
} SalonUploadParts;

/* Of the file that was put there last, before it was asked for: those before it, by name, are there. */
typedef struct
{
  char *file; /* (owned) (nullable): its name, below the folder; NULL: there is none */
  char *etag; /* (owned) (nullable) */
} SalonUploadPut;

typedef struct
{
  SalonUploadState state;
  char *prefix;             /* (owned) (nullable): of the objects' keys, without a slash at its end */
  gint64 bytes;             /* of all files that have come */
  gint64 total;             /* of all files; 0: not known yet */
  gboolean is_deleted_here; /* it is in the store alone */
  char *error;              /* (owned) (nullable): for a person: why it failed, or what broke last */
  SalonUploadParts parts;   /* kept in the folder alone, as is: */
  SalonUploadPut put;
} SalonUploadStatus;

void salon_upload_parts_clear (SalonUploadParts *self);

void salon_upload_status_clear (SalonUploadStatus *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SalonUploadStatus, salon_upload_status_clear)

/* error: (nullable): none any more. */
void salon_upload_status_set (SalonUploadStatus *self, SalonUploadState state, const char *error);

/* file: below the folder; its answer was etag. */
void salon_upload_status_set_put (SalonUploadStatus *self, const char *file, const char *etag);

/* Writes all but prefix, parts and put into an object. */
void salon_upload_status_to_json (const SalonUploadStatus *self, JsonObject *object);

/* Takes over what salon_upload_status_to_json() wrote. On failure some may be taken over. */
gboolean salon_upload_status_update (
    SalonUploadStatus *self, JsonObject *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The file in the folder. Blocks. */
gboolean salon_upload_status_save (
    const SalonUploadStatus *self, const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* FALSE: there is none, or a damaged one. */
gboolean salon_upload_status_load (SalonUploadStatus *self, const char *folder) G_GNUC_WARN_UNUSED_RESULT;
