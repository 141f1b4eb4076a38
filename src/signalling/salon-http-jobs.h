/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-http-api.h"
#include "salon-jobs.h"

/* The API of jobs, of data/protocol.schema.json ("http"): for the administrator; and, of a room and its jobs by named
 * pipelines, for the room's owner. As SalonHttpApi. */
typedef struct
{
  const SalonHttpApi *rooms_api; /* (borrowed) */
  SalonJobs *jobs;               /* (borrowed) */
} SalonHttpJobs;

void salon_http_jobs_list_pipelines (const SalonHttpJobs *self, SoupServerMessage *message);
void salon_http_jobs_list (const SalonHttpJobs *self, SoupServerMessage *message);
void salon_http_jobs_start (const SalonHttpJobs *self, SoupServerMessage *message);
/* id: as the client sent it. */
void salon_http_jobs_get (const SalonHttpJobs *self, SoupServerMessage *message, const char *id);
void salon_http_jobs_change (const SalonHttpJobs *self, SoupServerMessage *message, const char *id);
void salon_http_jobs_delete (const SalonHttpJobs *self, SoupServerMessage *message, const char *id);
