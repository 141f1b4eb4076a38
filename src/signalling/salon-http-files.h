/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-admission.h"
#include "salon-http-deed.h"

/* The API of jobs' files, of data/protocol.schema.json ("http"): for the administrator and the owner of the job's room,
 * and for whoever has a link that one of them asked for. As SalonHttpApi. */
typedef struct
{
  SalonHttpDeeds deeds;
  SalonAdmission *admission; /* (borrowed) */
  const char *link_key;      /* (borrowed) */
} SalonHttpFiles;

/* What stands before a link. */
#define SALON_HTTP_FILES_PREFIX "/files/"

/* id, name: as the client sent them. */
void salon_http_files_list (const SalonHttpFiles *self, SoupServerMessage *message, const char *id);
void salon_http_files_get (const SalonHttpFiles *self, SoupServerMessage *message, const char *id, const char *name);
void salon_http_files_make_link (const SalonHttpFiles *self, SoupServerMessage *message, const char *id);

/* rest: what follows the prefix: a link, '/', and the name of a file, or nothing: then they are listed. */
void salon_http_files_get_by_link (const SalonHttpFiles *self, SoupServerMessage *message, const char *rest);

/* For what begins with the prefix: a page of any origin may read the answer, which it can only ask for with a link. */
void salon_http_files_allow_any_page (SoupServerMessage *message);

/* Returns: (transfer full): an absolute URL, good until then, to which names of the job's files are appended. */
char *salon_http_files_make_url (
    const SalonHttpFiles *self, const char *base_url, const char *job, gint64 until_s) G_GNUC_WARN_UNUSED_RESULT;
