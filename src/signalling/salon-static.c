/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-static.h"

#include <string.h>

#include "salon-reply.h"

#define RESOURCE_PREFIX "/org/salon/web/"

/* Scripts, styles and connections of our own only; blob: and data: are for what the page draws itself. */
#define CONTENT_SECURITY_POLICY                                                                                        \
  "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "                                           \
  "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/* g_content_type_guess() needs a database that small machines lack. */
static const char *
get_content_type (const char *name)
{
  static const char *const types[][2] = {
    { ".html", "text/html; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".css", "text/css; charset=utf-8" },
    { ".svg", "image/svg+xml" },
    { ".png", "image/png" },
    { ".ico", "image/x-icon" },
    { ".json", "application/json" },
    { ".webmanifest", "application/manifest+json" },
    { ".woff2", "font/woff2" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      if (g_str_has_suffix (name, types[i][0]))
        return types[i][1];
    }
  return "application/octet-stream";
}

static void
set_headers (SoupMessageHeaders *headers, const char *etag)
{
  soup_message_headers_replace (headers, "ETag", etag);
  soup_message_headers_replace (headers, "Cache-Control", "no-cache");
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace (headers, "Referrer-Policy", "same-origin");
  soup_message_headers_replace (headers, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
}

/* RFC 9110 section 13.1.2, for the one strong tag there is. */
static gboolean
client_has (SoupServerMessage *message, const char *etag)
{
  const char *tags = soup_message_headers_get_list (soup_server_message_get_request_headers (message), "If-None-Match");

  return tags != NULL && strstr (tags, etag) != NULL;
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
  if (client_has (message, etag))
    {
      soup_server_message_set_status (message, SOUP_STATUS_NOT_MODIFIED, NULL);
      return;
    }
  data = g_bytes_get_data (bytes, &size_bytes);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, get_content_type (name), SOUP_MEMORY_COPY, data, size_bytes);
}
