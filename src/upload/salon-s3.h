/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-upload-target.h"

/* What is asked of a store that speaks Amazon's S3: one request after the other, signed (AWS Signature Version 4, over
 * the content's SHA-256 too, so that the store refuses what was damaged on its way). Each blocks; one that makes no
 * headway for SALON_S3_SILENCE_S ends. Error texts are for whoever runs the server, and hold nothing of what the store
 * wrote but its error's code. */
typedef struct _SalonS3 SalonS3;

#define SALON_S3_SILENCE_S 30

#define SALON_S3_ERROR (salon_s3_error_quark ())
GQuark salon_s3_error_quark (void);

typedef enum
{
  SALON_S3_ERROR_AWAY,      /* may go away by itself: the network, or a busy store */
  SALON_S3_ERROR_REFUSED,   /* a person must act */
  SALON_S3_ERROR_NOT_FOUND, /* there is no such object, or no such upload in parts */
  SALON_S3_ERROR_ABANDONED, /* on_progress said so */
} SalonS3Error;

/* on_progress: is told at least once a second, while a request is under way, how many bytes of its content have gone;
 * FALSE: abandon it. target: (borrowed). */
SalonS3 *salon_s3_new (const SalonUploadTarget *target, gboolean (*on_progress) (gint64 bytes, gpointer user_data),
    gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
void salon_s3_free (SalonS3 *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonS3, salon_s3_free)

/* A piece of an open file. */
typedef struct
{
  int fd; /* (borrowed) */
  gint64 offset;
  gint64 size_bytes;
} SalonS3Piece;

/* Writes an object. content_type: (nullable). etag: (out) (transfer full): what the store calls this content. */
gboolean salon_s3_put (SalonS3 *self, const char *key, const char *content_type, const SalonS3Piece *content,
    char **etag, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What the store has under this key. Errors: NOT_FOUND. etag: (out) (transfer full) (nullable). */
gboolean salon_s3_head (
    SalonS3 *self, const char *key, gint64 *size_bytes, char **etag, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* An object in parts: each but the last has 5 MiB at least; the object is there once they are completed.
 * Returns: (transfer full) (nullable): the upload's id. */
char *salon_s3_begin_parts (
    SalonS3 *self, const char *key, const char *content_type, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* number: from 1. */
gboolean salon_s3_put_part (SalonS3 *self, const char *key, const char *id, guint number, const SalonS3Piece *content,
    char **etag, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* etags: (element-type utf8): of all parts. */
gboolean salon_s3_complete_parts (SalonS3 *self, const char *key, const char *id, GPtrArray *etags, char **etag,
    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The store forgets them. */
gboolean salon_s3_abort_parts (
    SalonS3 *self, const char *key, const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
