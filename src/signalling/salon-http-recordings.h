/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-http-deed.h"
#include "salon-recordings.h"

/* The API of recordings, of data/protocol.schema.json ("http"): for the administrator, and of a room for its owner.
 * Their files are those of their jobs (salon-http-files.h). As SalonHttpApi. */
typedef struct
{
  const SalonHttpDeeds *deeds; /* (borrowed) */
  SalonRecordings *recordings; /* (borrowed) */
  const char *link_key;        /* (borrowed) */
} SalonHttpRecordings;

void salon_http_recordings_list (const SalonHttpRecordings *self, SoupServerMessage *message);
/* id: as the client sent it. */
void salon_http_recordings_get (const SalonHttpRecordings *self, SoupServerMessage *message, const char *id);
void salon_http_recordings_delete (const SalonHttpRecordings *self, SoupServerMessage *message, const char *id);
