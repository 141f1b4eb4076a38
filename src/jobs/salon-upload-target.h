/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* Where files are uploaded to, and how: plain data, of the server's configuration. It holds a secret: the server tells
 * it the uploader by their link, and nothing writes it down. */
typedef struct
{
  char *endpoint; /* (owned): URL of the store, without a path */
  char *bucket;   /* (owned) */
  char *region;   /* (owned) */
  char *access_key;
  char *secret_key;
  gboolean is_virtual_host;   /* the bucket is part of the host's name, and not of the path */
  guint bandwidth_kbps;       /* 0: what there is */
  gboolean must_delete_local; /* once all files have come */
} SalonUploadTarget;

void salon_upload_target_clear (SalonUploadTarget *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SalonUploadTarget, salon_upload_target_clear)

/* Returns: (transfer full): of an object; or of all those whose keys begin like this. */
char *salon_upload_target_get_url (const SalonUploadTarget *self, const char *key) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full) */
JsonObject *salon_upload_target_to_json (const SalonUploadTarget *self) G_GNUC_WARN_UNUSED_RESULT;
/* On failure some may be taken over. */
gboolean salon_upload_target_from_json (
    SalonUploadTarget *self, JsonObject *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;
