/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-http-deed.h"

/* The API of jobs, of data/protocol.schema.json ("http"): for the administrator; and, of a room and its jobs by named
 * pipelines, for the room's owner. As SalonHttpApi. */

void salon_http_jobs_list_pipelines (const SalonHttpDeeds *self, SoupServerMessage *message);
void salon_http_jobs_list (const SalonHttpDeeds *self, SoupServerMessage *message);
void salon_http_jobs_start (const SalonHttpDeeds *self, SoupServerMessage *message);
/* id: as the client sent it. */
void salon_http_jobs_get (const SalonHttpDeeds *self, SoupServerMessage *message, const char *id);
void salon_http_jobs_change (const SalonHttpDeeds *self, SoupServerMessage *message, const char *id);
void salon_http_jobs_delete (const SalonHttpDeeds *self, SoupServerMessage *message, const char *id);
