/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-file-reply.h"

#include <gio/gunixinputstream.h>
#include <string.h>
#include <unistd.h>

#include "salon-content-type.h"
#include "salon-error.h"
#include "salon-http-call.h"
#include "salon-listener.h"
#include "salon-reply.h"

/* In memory, of one file: as much as the kernel takes of it at once. */
#define PIECE_BYTES (128 * 1024)
/* Data of a message. */
#define DOWNLOAD "salon-download"

/* Nothing runs, and what is shown has an origin of its own. A player that the browser makes of a file needs the file.
 */
#define CONTENT_SECURITY_POLICY                                                                                        \
  "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; sandbox"

/* What is on its way: as long as its message, which it belongs to. */
typedef struct
{
  GInputStream *file; /* (owned) */
  goffset left_bytes;
  gboolean is_over; /* libsoup is done with the message, one way or the other */
} Download;

static void
download_free (gpointer data)
{
  Download *self = data;

  g_object_unref (self->file);
  g_free (self);
}

/* -- the body -- */

static void
on_over (SoupServerMessage *message, gpointer user_data)
{
  Download *self = user_data;

  self->is_over = TRUE;
}

/* It became shorter than what was promised: the client must not take this for all of it. Whoever writes sees the end of
 * the connection, and lets go. */
static void
break_off (SoupServerMessage *message)
{
  GSocket *socket = salon_listener_get_socket (soup_server_message_get_remote_address (message));

  g_socket_shutdown (socket, TRUE, TRUE, NULL);
  soup_message_body_append (soup_server_message_get_response_body (message), SOUP_MEMORY_STATIC, "", 1);
  soup_server_message_unpause (message);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SoupServerMessage) message = user_data;
  Download *self = g_object_get_data (G_OBJECT (message), DOWNLOAD);
  g_autoptr (GBytes) piece = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, NULL);
  SoupMessageBody *body = soup_server_message_get_response_body (message);

  if (self->is_over)
    return;
  if (piece == NULL || g_bytes_get_size (piece) == 0)
    {
      break_off (message);
      return;
    }
  self->left_bytes -= g_bytes_get_size (piece);
  soup_message_body_append_bytes (body, piece);
  if (self->left_bytes == 0)
    soup_message_body_complete (body);
  soup_server_message_unpause (message);
}

static void
read_piece (SoupServerMessage *message, Download *self)
{
  gsize n_bytes = MIN (self->left_bytes, PIECE_BYTES);

  salon_listener_renew (soup_server_message_get_remote_address (message));
  /* Of a file, on a thread: nothing tells when a disk has something to read. */
  g_input_stream_read_bytes_async (self->file, n_bytes, G_PRIORITY_DEFAULT, NULL, on_read, g_object_ref (message));
}

static void
on_wrote_chunk (SoupServerMessage *message, gpointer user_data)
{
  Download *self = user_data;

  if (!self->is_over && self->left_bytes > 0)
    read_piece (message, self);
}

/* fd: (transfer full): at the first byte that is wanted. */
static void
send_body (SoupServerMessage *message, int fd, goffset n_bytes)
{
  Download *self = g_new0 (Download, 1);

  self->file = g_unix_input_stream_new (fd, TRUE);
  self->left_bytes = n_bytes;
  g_object_set_data_full (G_OBJECT (message), DOWNLOAD, self, download_free);
  soup_message_body_set_accumulate (soup_server_message_get_response_body (message), FALSE);
  g_signal_connect (message, "wrote-chunk", G_CALLBACK (on_wrote_chunk), self);
  g_signal_connect (message, "finished", G_CALLBACK (on_over), self);
  g_signal_connect (message, "disconnected", G_CALLBACK (on_over), self);
  read_piece (message, self);
}

/* -- the headers -- */

static void
set_disposition (SoupMessageHeaders *headers, const char *name, gboolean is_shown)
{
  const char *slash = strrchr (name, '/');
  g_autofree char *saved_as = g_strdup (slash != NULL ? slash + 1 : name);
  GHashTable *params = g_hash_table_new (g_str_hash, g_str_equal);

  /* A header is one line. */
  for (char *c = saved_as; *c != '\0'; c++)
    *c = g_ascii_iscntrl (*c) ? '_' : *c;
  g_hash_table_insert (params, (gpointer) "filename", saved_as);
  soup_message_headers_set_content_disposition (headers, is_shown ? "inline" : "attachment", params);
  g_hash_table_unref (params);
}

static gboolean
has_query (SoupServerMessage *message, const char *word)
{
  return g_strcmp0 (g_uri_get_query (soup_server_message_get_uri (message)), word) == 0;
}

static void
set_headers (SoupServerMessage *message, const struct stat *status, const char *name, const char *etag)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  g_autoptr (GDateTime) modified = g_date_time_new_from_unix_utc (status->st_mtim.tv_sec);
  g_autofree char *date = soup_date_time_to_string (modified, SOUP_DATE_HTTP);
  const char *type = salon_content_type_of_media (name);

  salon_http_set_header (message, "ETag", etag);
  salon_http_set_header (message, "Last-Modified", date);
  salon_http_set_header (message, "Accept-Ranges", "bytes");
  /* It may grow, or be another by the same name. */
  salon_http_set_header (message, "Cache-Control", "private, no-cache");
  salon_http_set_header (message, "X-Content-Type-Options", "nosniff");
  salon_http_set_header (message, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
  /* The address may have the right to read in it. */
  salon_http_set_header (message, "Referrer-Policy", "no-referrer");
  set_disposition (headers, name, type != NULL && !has_query (message, "download"));
  soup_message_headers_set_content_type (headers, type != NULL ? type : "application/octet-stream", NULL);
}

/* -- ranges -- */

typedef enum
{
  RANGE_ALL,
  RANGE_PART,
  RANGE_NONE,
} RangeResult;

/* Several ranges at once get all of it, which is allowed, as are all of an empty file, and those for a file that has
 * changed since the client began to read it. */
static RangeResult
read_range (SoupServerMessage *message, goffset size_bytes, const char *etag, goffset *start, goffset *end)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const char *if_range = soup_message_headers_get_one (headers, "If-Range");
  SoupRange *ranges = NULL;
  RangeResult result = RANGE_ALL;
  int n_ranges = 0;

  if (size_bytes == 0 || (if_range != NULL && !g_str_equal (if_range, etag))
      || !soup_message_headers_get_ranges (headers, size_bytes, &ranges, &n_ranges))
    return RANGE_ALL;
  if (n_ranges == 1)
    {
      *start = MAX (ranges[0].start, 0);
      *end = MIN (ranges[0].end, size_bytes - 1);
      result = *start < size_bytes && *start <= *end ? RANGE_PART : RANGE_NONE;
    }
  soup_message_headers_free_ranges (headers, ranges);
  return result;
}

static void
refuse_range (SoupServerMessage *message, goffset size_bytes)
{
  g_autofree char *text = g_strdup_printf ("bytes */%" G_GINT64_FORMAT, (gint64)size_bytes);

  salon_http_set_header (message, "Content-Range", text);
  salon_reply_refusal (message, SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE, SALON_ERROR_INVALID_REQUEST,
      "The file is not as long as that");
}

void
salon_file_reply (SoupServerMessage *message, int fd, const struct stat *status, const char *name)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  g_autofree char *etag = g_strdup_printf ("\"%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x\"",
      status->st_mtim.tv_sec * G_GINT64_CONSTANT (1000000000) + status->st_mtim.tv_nsec, (gint64)status->st_size);
  goffset start = 0;
  goffset end = status->st_size - 1;
  RangeResult range = read_range (message, status->st_size, etag, &start, &end);
  gboolean is_head = g_str_equal (soup_server_message_get_method (message), "HEAD");

  set_headers (message, status, name, etag);
  if (salon_http_client_has (message, etag))
    soup_server_message_set_status (message, SOUP_STATUS_NOT_MODIFIED, NULL);
  else if (range == RANGE_NONE)
    refuse_range (message, status->st_size);
  else
    {
      soup_server_message_set_status (
          message, range == RANGE_PART ? SOUP_STATUS_PARTIAL_CONTENT : SOUP_STATUS_OK, NULL);
      soup_message_headers_set_content_length (headers, end - start + 1);
      if (range == RANGE_PART)
        soup_message_headers_set_content_range (headers, start, end, status->st_size);
      if (!is_head && end >= start && lseek (fd, start, SEEK_SET) == start)
        {
          send_body (message, fd, end - start + 1);
          return;
        }
    }
  close (fd);
}
