/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

/* A request that waits for the rooms: paused, while whoever asked may go. Main context. */
typedef struct
{
  SoupServerMessage *message; /* (owned) */
  GCancellable *cancellable;  /* (owned): cancelled when they go */
  gulong disconnected_id;
  gboolean is_disconnected; /* libsoup knows that they have gone */
  GSource *hang_up;         /* (owned) (nullable) */
} SalonHttpCall;

SalonHttpCall *salon_http_call_begin (SoupServerMessage *message) G_GNUC_WARN_UNUSED_RESULT;
/* For one that may wait for minutes: nobody reads from a paused connection, so that its end would go unnoticed. Right
 * at the beginning. */
void salon_http_call_watch (SalonHttpCall *self);
/* Whether nobody waits for the answer any more: then there is none to be given. */
gboolean salon_http_call_is_gone (SalonHttpCall *self);
/* Gives it. body: (transfer full) (nullable): NULL: the error. */
void salon_http_call_answer (SalonHttpCall *self, guint status, JsonNode *body, const GError *error);
/* After the answer, which goes out with it; frees the call. */
void salon_http_call_end (SalonHttpCall *self);

/* (transfer none) (nullable) */
const char *salon_http_get_header (SoupServerMessage *message, const char *name);
/* Returns: (transfer full) (nullable): a field of the query, decoded. */
char *salon_http_get_query_field (SoupServerMessage *message, const char *name) G_GNUC_WARN_UNUSED_RESULT;
/* Whether If-None-Match names this strong tag (RFC 9110 section 13.1.2). */
gboolean salon_http_client_has (SoupServerMessage *message, const char *etag);
void salon_http_set_header (SoupServerMessage *message, const char *name, const char *value);
