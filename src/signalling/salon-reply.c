/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-reply.h"

#include <string.h>

#include "salon-json.h"
#include "salon-protocol.h"

/* RFC 6585. libsoup 3.2 knows no words for these. (nullable): it does. */
static const char *
get_phrase (guint status)
{
  switch (status)
    {
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    default:
      return NULL;
    }
}

void
salon_reply_text (SoupServerMessage *message, guint status, const char *type, char *text)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_message_headers_replace (headers, "Cache-Control", "no-store");
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_server_message_set_status (message, status, get_phrase (status));
  soup_server_message_set_response (message, type, SOUP_MEMORY_TAKE, text, strlen (text));
}

void
salon_reply_json (SoupServerMessage *message, guint status, JsonNode *body)
{
  g_autoptr (JsonNode) owned_body = body;
  g_autofree char *json = salon_json_to_text (body);

  salon_reply_text (message, status, "application/json", g_strconcat (json, "\n", NULL));
}

void
salon_reply_error (SoupServerMessage *message, const GError *error)
{
  guint status = salon_error_http_status (error);

  if (status == SOUP_STATUS_UNAUTHORIZED)
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "WWW-Authenticate", "Bearer");
  salon_reply_json (message, status, salon_protocol_wrap ("error", salon_protocol_error (error)));
}

void
salon_reply_refusal (SoupServerMessage *message, guint status, SalonError code, const char *text)
{
  g_autoptr (GError) error = g_error_new_literal (SALON_ERROR, code, text);
  JsonNode *body = salon_protocol_error (error);
  JsonObject *object = json_node_get_object (body);

  /* Where the error's own code is a status, the two say the same. */
  if (json_object_get_int_member (object, "code") > 0)
    json_object_set_int_member (object, "code", status);
  salon_reply_json (message, status, salon_protocol_wrap ("error", body));
}
