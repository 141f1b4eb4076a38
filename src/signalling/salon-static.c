/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-static.h"

#include <string.h>

#include "salon-content-type.h"
#include "salon-http-call.h"
#include "salon-reply.h"

#define RESOURCE_PREFIX "/org/salon/web/"

/* Scripts, styles and connections of our own only; blob: and data: are for what the page draws itself. */
#define CONTENT_SECURITY_POLICY                                                                                        \
  "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "                                           \
  "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

static void
set_headers (SoupMessageHeaders *headers, const char *etag)
{
  soup_message_headers_replace (headers, "ETag", etag);
  soup_message_headers_replace (headers, "Cache-Control", "no-cache");
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace (headers, "Referrer-Policy", "same-origin");
  soup_message_headers_replace (headers, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
}

void
salon_static_reply (SoupServerMessage *message, const char *name)
{
  g_autofree char *path = g_strconcat (RESOURCE_PREFIX, name, NULL);
  g_autoptr (GBytes) bytes = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_autofree char *hash = NULL;
  g_autofree char *etag = NULL;
  gconstpointer data;
  gsize size_bytes;

  if (bytes == NULL)
    {
      salon_reply_refusal (message, SOUP_STATUS_NOT_FOUND, SALON_ERROR_UNKNOWN_METHOD, "There is no such file");
      return;
    }
  hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  etag = g_strdup_printf ("\"%.32s\"", hash);
  set_headers (soup_server_message_get_response_headers (message), etag);
  if (salon_http_client_has (message, etag))
    {
      soup_server_message_set_status (message, SOUP_STATUS_NOT_MODIFIED, NULL);
      return;
    }
  data = g_bytes_get_data (bytes, &size_bytes);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, salon_content_type_of_page (name), SOUP_MEMORY_COPY, data, size_bytes);
}
