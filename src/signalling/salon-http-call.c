/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-http-call.h"

#include <string.h>

#include "salon-listener.h"
#include "salon-reply.h"

static void
on_disconnected (SoupServerMessage *message, gpointer user_data)
{
  SalonHttpCall *self = user_data;

  self->is_disconnected = TRUE;
  g_cancellable_cancel (self->cancellable);
}

SalonHttpCall *
salon_http_call_begin (SoupServerMessage *message)
{
  SalonHttpCall *self = g_new0 (SalonHttpCall, 1);

  self->message = g_object_ref (message);
  self->cancellable = g_cancellable_new ();
  self->disconnected_id = g_signal_connect (message, "disconnected", G_CALLBACK (on_disconnected), self);
  soup_server_message_pause (message);
  return self;
}

static void watch (SalonHttpCall *self, GSocket *socket, GIOCondition condition);

static gboolean
on_socket (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  SalonHttpCall *self = user_data;

  g_clear_pointer (&self->hang_up, g_source_unref);
  /* Something to read comes before a good-bye by TLS, too: then the listener ends it in time. */
  if (condition == G_IO_IN && g_socket_get_available_bytes (socket) > 0)
    watch (self, socket, 0);
  else
    g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

/* condition: besides the end of both directions. */
static void
watch (SalonHttpCall *self, GSocket *socket, GIOCondition condition)
{
  self->hang_up = g_socket_create_source (socket, condition, NULL);
  g_source_set_callback (self->hang_up, G_SOURCE_FUNC (on_socket), self, NULL);
  g_source_attach (self->hang_up, NULL);
}

void
salon_http_call_watch (SalonHttpCall *self)
{
  watch (self, salon_listener_get_socket (soup_server_message_get_remote_address (self->message)), G_IO_IN);
}

gboolean
salon_http_call_is_gone (SalonHttpCall *self)
{
  return g_cancellable_is_cancelled (self->cancellable);
}

void
salon_http_call_answer (SalonHttpCall *self, guint status, JsonNode *body, const GError *error)
{
  if (salon_http_call_is_gone (self))
    g_clear_pointer (&body, json_node_unref);
  else if (body != NULL)
    salon_reply_json (self->message, status, body);
  else
    salon_reply_error (self->message, error);
}

void
salon_http_call_end (SalonHttpCall *self)
{
  if (self->hang_up != NULL)
    g_source_destroy (self->hang_up);
  g_clear_pointer (&self->hang_up, g_source_unref);
  g_signal_handler_disconnect (self->message, self->disconnected_id);
  /* To write to who has hung up lets libsoup notice, and close the connection. */
  if (salon_http_call_is_gone (self) && !self->is_disconnected)
    soup_server_message_set_status (self->message, SOUP_STATUS_REQUEST_TIMEOUT, NULL);
  if (!self->is_disconnected)
    soup_server_message_unpause (self->message);
  g_object_unref (self->message);
  g_object_unref (self->cancellable);
  g_free (self);
}

const char *
salon_http_get_header (SoupServerMessage *message, const char *name)
{
  return soup_message_headers_get_one (soup_server_message_get_request_headers (message), name);
}

char *
salon_http_get_query_field (SoupServerMessage *message, const char *name)
{
  const char *query = g_uri_get_query (soup_server_message_get_uri (message));
  g_autoptr (GHashTable) fields = query != NULL ? soup_form_decode (query) : NULL;

  return fields != NULL ? g_strdup (g_hash_table_lookup (fields, name)) : NULL;
}

gboolean
salon_http_client_has (SoupServerMessage *message, const char *etag)
{
  const char *tags = soup_message_headers_get_list (soup_server_message_get_request_headers (message), "If-None-Match");

  return tags != NULL && strstr (tags, etag) != NULL;
}

void
salon_http_set_header (SoupServerMessage *message, const char *name, const char *value)
{
  soup_message_headers_replace (soup_server_message_get_response_headers (message), name, value);
}
