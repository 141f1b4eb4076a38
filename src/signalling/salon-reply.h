/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

#include "salon-error.h"

/* HTTP responses as the API gives them. */

/* text: (transfer full): of this Content-Type. */
void salon_reply_text (SoupServerMessage *message, guint status, const char *type, char *text);

/* body: (transfer full). */
void salon_reply_json (SoupServerMessage *message, guint status, JsonNode *body);

/* {"error": ...}, with the error's own HTTP status. */
void salon_reply_error (SoupServerMessage *message, const GError *error);

/* The same, where HTTP has a more telling status than the error's own, such as 405 or 413. */
void salon_reply_refusal (SoupServerMessage *message, guint status, SalonError code, const char *text);
