/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-api.h"

#include <glib/gi18n.h>
#include <libsoup/soup.h>
#include <string.h>

#include "salon-json.h"

/* A job that is deleted has some seconds to end. */
#define TIMEOUT_S 30
/* As many jobs as are ever listed, with all that they were given. */
#define MAX_ANSWER_BYTES (64 * 1024 * 1024)

/* Of a file, at once. */
#define PIECE_BYTES (128 * 1024)

struct _SalonApi
{
  SoupSession *session; /* (owned) */
  char *server;         /* (owned): without a '/' at its end */
  char *token;          /* (owned) (nullable) */
};

SalonApi *
salon_api_new (const char *server, const char *token)
{
  SalonApi *self = g_new0 (SalonApi, 1);

  self->session = soup_session_new_with_options ("timeout", TIMEOUT_S, NULL);
  self->server = g_strdup (server);
  if (g_str_has_suffix (self->server, "/"))
    self->server[strlen (self->server) - 1] = '\0';
  self->token = g_strdup (token);
  return self;
}

void
salon_api_free (SalonApi *self)
{
  g_object_unref (self->session);
  g_free (self->server);
  g_free (self->token);
  g_free (self);
}

static void
set_body (SoupMessage *message, JsonObject *body)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), body);
  char *text = salon_json_to_text (node);
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));

  json_object_unref (body);
  soup_message_set_request_body_from_bytes (message, "application/json", bytes);
}

/* What the server says of why not. */
static void
set_refusal (JsonObject *answer, guint status, GError **error)
{
  JsonNode *node = json_object_get_member (answer, "error");
  JsonObject *refusal = node != NULL ? salon_json_node_as_object (node, "error", NULL) : NULL;
  const char *text = NULL;

  if (refusal == NULL || !salon_json_get_string (refusal, "message", 0, G_MAXUINT, &text, NULL))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("the server answers with %u, and does not say why"), status);
  else if (status == SOUP_STATUS_UNAUTHORIZED)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
        _ ("%s\nThe administrator's token is in the server's state folder: run this as whoever runs the server, with "
           "the "
           "same --state-dir or --config, or give a --token"),
        text);
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, text);
}

static void
set_stranger (GError **error)
{
  g_set_error_literal (
      error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("what answers there is no Salon; --server names another"));
}

/* Returns: (transfer full) (nullable) */
static JsonObject *
read_answer (SoupMessage *message, GBytes *bytes, GError **error)
{
  guint status = soup_message_get_status (message);
  g_autoptr (JsonNode) node
      = salon_json_parse (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), MAX_ANSWER_BYTES, NULL);
  JsonObject *answer = node != NULL ? salon_json_node_as_object (node, "answer", NULL) : NULL;

  if (answer == NULL)
    set_stranger (error);
  else if (!SOUP_STATUS_IS_SUCCESSFUL (status))
    set_refusal (answer, status, error);
  else
    return json_object_ref (answer);
  return NULL;
}

/* For an answer that is not what was asked for. */
static void
set_failure (SoupMessage *message, GBytes *bytes, GError **error)
{
  g_autoptr (JsonObject) answer = read_answer (message, bytes, error);

  /* It says that all is well. */
  if (answer != NULL)
    set_stranger (error);
}

/* Returns: (transfer full) (nullable) */
static SoupMessage *
make_message (SalonApi *self, const char *method, const char *path, GError **error)
{
  g_autofree char *url = g_strconcat (self->server, path, NULL);
  SoupMessage *message = soup_message_new (method, url);

  if (message == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _ ("\"%s\" is no URL"), self->server);
  else if (self->token != NULL)
    {
      g_autofree char *header = g_strconcat ("Bearer ", self->token, NULL);
      soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization", header);
    }
  return message;
}

static void
set_absence (SalonApi *self, const GError *reason, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
      _ ("there is no Salon at %s (%s); start it with data/start, or say where it is with --server"), self->server,
      reason->message);
}

/* body: (transfer full) (nullable). Returns: (transfer full) (nullable) */
static GBytes *
send_and_read (SalonApi *self, SoupMessage *message, JsonObject *body, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GBytes *bytes;

  if (body != NULL)
    set_body (message, body);
  bytes = soup_session_send_and_read (self->session, message, NULL, &local_error);
  if (bytes == NULL)
    set_absence (self, local_error, error);
  return bytes;
}

JsonObject *
salon_api_call (SalonApi *self, const char *method, const char *path, JsonObject *body, GError **error)
{
  g_autoptr (JsonObject) owned_body = body;
  g_autoptr (SoupMessage) message = make_message (self, method, path, error);
  g_autoptr (GBytes) bytes = NULL;

  if (message != NULL)
    bytes = send_and_read (self, message, g_steal_pointer (&owned_body), error);
  return bytes != NULL ? read_answer (message, bytes, error) : NULL;
}

char *
salon_api_get_text (SalonApi *self, const char *path, GError **error)
{
  g_autoptr (SoupMessage) message = make_message (self, "GET", path, error);
  g_autoptr (GBytes) bytes = message != NULL ? send_and_read (self, message, NULL, error) : NULL;

  if (bytes == NULL)
    return NULL;
  if (g_bytes_get_size (bytes) > 0 && SOUP_STATUS_IS_SUCCESSFUL (soup_message_get_status (message)))
    return g_utf8_make_valid (g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes));
  set_failure (message, bytes, error);
  return NULL;
}

/* -- files -- */

/* Returns: (transfer full) (nullable): the body of a good answer. */
static GInputStream *
open_remote (SalonApi *self, const char *path, GError **error)
{
  g_autoptr (SoupMessage) message = make_message (self, "GET", path, error);
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (message == NULL)
    return NULL;
  stream = soup_session_send (self->session, message, NULL, &local_error);
  if (stream == NULL)
    {
      set_absence (self, local_error, error);
      return NULL;
    }
  if (soup_message_get_status (message) == SOUP_STATUS_OK)
    return g_steal_pointer (&stream);
  bytes = g_input_stream_read_bytes (stream, PIECE_BYTES, NULL, error);
  if (bytes != NULL)
    set_failure (message, bytes, error);
  return NULL;
}

static gboolean
copy (GInputStream *from, GOutputStream *to, SalonApiProgress progress, gpointer user_data, GError **error)
{
  g_autofree char *buffer = g_malloc (PIECE_BYTES);
  gint64 n_bytes = 0;
  gssize n_read;

  while ((n_read = g_input_stream_read (from, buffer, PIECE_BYTES, NULL, error)) > 0)
    {
      if (!g_output_stream_write_all (to, buffer, n_read, NULL, NULL, error))
        return FALSE;
      n_bytes += n_read;
      progress (n_bytes, user_data);
    }
  return n_read == 0 && g_output_stream_close (to, NULL, error);
}

gboolean
salon_api_fetch (
    SalonApi *self, const char *path, const char *file, SalonApiProgress progress, gpointer user_data, GError **error)
{
  g_autoptr (GInputStream) from = open_remote (self, path, error);
  g_autofree char *part_name = g_strconcat (file, ".part", NULL);
  g_autoptr (GFile) whole = g_file_new_for_path (file);
  g_autoptr (GFile) part = g_file_new_for_path (part_name);
  g_autoptr (GFileOutputStream) to = NULL;

  if (from != NULL)
    to = g_file_replace (part, NULL, FALSE, G_FILE_CREATE_REPLACE_DESTINATION, NULL, error);
  if (to == NULL)
    return FALSE;
  if (copy (from, G_OUTPUT_STREAM (to), progress, user_data, error))
    return g_file_move (part, whole, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, error);
  g_output_stream_close (G_OUTPUT_STREAM (to), NULL, NULL);
  g_file_delete (part, NULL, NULL);
  return FALSE;
}
