/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-s3.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_S 10
/* Of an answer: that of a completed upload in parts has a few hundred bytes. */
#define MAX_ANSWER_BYTES (64 * 1024)
#define MAX_ETAG_CHARS 200
#define MAX_CODE_CHARS 64
#define HASH_BYTES (64 * 1024)

struct _SalonS3
{
  const SalonUploadTarget *target; /* (borrowed) */
  CURL *curl;                      /* (owned) */
  gboolean (*on_progress) (gint64 bytes, gpointer user_data);
  gpointer user_data;
  gboolean is_abandoned;
};

/* One request, and what came of it. */
typedef struct
{
  const char *method;
  const char *key;
  const char *query;           /* (nullable): sorted, and written as it is signed */
  const char *content_type;    /* (nullable) */
  const SalonS3Piece *content; /* (nullable): of a file; or */
  const char *text;            /* (nullable): the content itself */

  gint64 n_sent;
  GString *answer; /* (owned) */
  long status;
  char *etag;        /* (owned) (nullable) */
  gint64 size_bytes; /* of the object, as it says */
} Request;

static void
request_clear (Request *request)
{
  g_string_free (request->answer, TRUE);
  g_free (request->etag);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Request, request_clear)

G_DEFINE_QUARK (salon_s3_error, salon_s3_error)

/* -- content -- */

/* Returns: (transfer full) (nullable): SHA-256, as it is signed. */
static char *
hash_content (const Request *request, GError **error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guchar *buffer = g_malloc (HASH_BYTES);
  gint64 done = 0;

  if (request->text != NULL)
    g_checksum_update (checksum, (const guchar *)request->text, -1);
  while (request->content != NULL && done < request->content->size_bytes)
    {
      gint64 left = request->content->size_bytes - done;
      gssize n_read = pread (request->content->fd, buffer, MIN (left, HASH_BYTES), request->content->offset + done);

      if (n_read <= 0)
        {
          g_set_error (error, SALON_S3_ERROR, SALON_S3_ERROR_AWAY, "A file cannot be read: %s",
              n_read < 0 ? g_strerror (errno) : "it is shorter than it was");
          return NULL;
        }
      g_checksum_update (checksum, buffer, n_read);
      done += n_read;
    }
  return g_strdup (g_checksum_get_string (checksum));
}

static size_t
on_read (char *buffer, size_t size, size_t n, void *user_data)
{
  Request *request = user_data;
  gint64 left = request->content->size_bytes - request->n_sent;
  gssize n_read = pread (
      request->content->fd, buffer, MIN (left, (gint64)(size * n)), request->content->offset + request->n_sent);

  if (n_read < 0 || (n_read == 0 && left > 0))
    return CURL_READFUNC_ABORT;
  request->n_sent += n_read;
  return n_read;
}

/* The store asked for it once more. */
static int
on_seek (void *user_data, curl_off_t offset, int origin)
{
  Request *request = user_data;

  if (origin != SEEK_SET || offset > request->content->size_bytes)
    return CURL_SEEKFUNC_FAIL;
  request->n_sent = offset;
  return CURL_SEEKFUNC_OK;
}

static size_t
on_answer (char *data, size_t size, size_t n, void *user_data)
{
  Request *request = user_data;

  if (request->answer->len + size * n > MAX_ANSWER_BYTES)
    return 0;
  g_string_append_len (request->answer, data, size * n);
  return size * n;
}

static int
on_transfer (void *user_data, curl_off_t to_get, curl_off_t got, curl_off_t to_send, curl_off_t sent)
{
  SalonS3 *self = user_data;

  self->is_abandoned = !self->on_progress (sent, self->user_data);
  return self->is_abandoned;
}

/* -- answers -- */

/* The text of the first element of this name. */
typedef struct
{
  const char *name;
  gboolean is_inside;
  char *text; /* (owned) (nullable) */
} Search;

static void
on_element (GMarkupParseContext *context, const char *name, const char **attributes, const char **values,
    gpointer user_data, GError **error)
{
  Search *search = user_data;

  search->is_inside = g_str_equal (name, search->name);
}

static void
on_element_end (GMarkupParseContext *context, const char *name, gpointer user_data, GError **error)
{
  ((Search *)user_data)->is_inside = FALSE;
}

static void
on_text (GMarkupParseContext *context, const char *text, gsize size_bytes, gpointer user_data, GError **error)
{
  Search *search = user_data;

  if (search->is_inside && search->text == NULL)
    search->text = g_strndup (text, size_bytes);
}

/* Returns: (transfer full) (nullable) */
static char *
find_in_answer (const Request *request, const char *name)
{
  static const GMarkupParser parser = { .start_element = on_element, .end_element = on_element_end, .text = on_text };
  Search search = { .name = name };
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, &search, NULL);

  (void)!g_markup_parse_context_parse (context, request->answer->str, request->answer->len, NULL);
  return search.text;
}

/* Returns: (transfer full) (nullable): of the error in the answer: a word. */
static char *
find_code (const Request *request)
{
  g_autofree char *code = find_in_answer (request, "Code");

  if (code == NULL || strlen (code) > MAX_CODE_CHARS || code[strspn (code, G_CSET_a_2_z G_CSET_A_2_Z)] != '\0')
    return NULL;
  return g_steal_pointer (&code);
}

static gboolean
fail_forbidden (const char *code, GError **error)
{
  if (g_str_equal (code, "InvalidAccessKeyId") || g_str_equal (code, "SignatureDoesNotMatch"))
    g_set_error (error, SALON_S3_ERROR, SALON_S3_ERROR_REFUSED,
        "The store does not take the keys (%s): correct s3-access-key and s3-secret-key", code);
  else if (g_str_equal (code, "RequestTimeTooSkewed"))
    g_set_error_literal (error, SALON_S3_ERROR, SALON_S3_ERROR_REFUSED,
        "The clocks of the store and of this machine differ: set them (RequestTimeTooSkewed)");
  else
    g_set_error (error, SALON_S3_ERROR, SALON_S3_ERROR_REFUSED,
        "The store forbids it (%s): let the access key write (s3:PutObject) and read (s3:GetObject) in the bucket",
        code);
  return FALSE;
}

static gboolean
fail_with_status (const SalonS3 *self, const Request *request, GError **error)
{
  g_autofree char *found = find_code (request);
  const char *code = found != NULL ? found : "no reason given";

  if (g_str_equal (code, "NoSuchBucket"))
    g_set_error (error, SALON_S3_ERROR, SALON_S3_ERROR_REFUSED,
        "The store has no bucket \"%s\": make it, or correct s3-bucket", self->target->bucket);
  else if (request->status == 404)
    g_set_error (error, SALON_S3_ERROR, SALON_S3_ERROR_NOT_FOUND, "The store has nothing there (%s)", code);
  else if (request->status == 403)
    return fail_forbidden (code, error);
  else if (request->status >= 500 || request->status == 408 || request->status == 429
           || g_str_equal (code, "RequestTimeout"))
    g_set_error (
        error, SALON_S3_ERROR, SALON_S3_ERROR_AWAY, "The store is busy or broken (%ld, %s)", request->status, code);
  else
    g_set_error (error, SALON_S3_ERROR, SALON_S3_ERROR_REFUSED,
        "The store refuses (%ld, %s): see s3-endpoint, s3-region and s3-path-style", request->status, code);
  return FALSE;
}

static gboolean
fail_with_curl (const SalonS3 *self, CURLcode result, GError **error)
{
  if (self->is_abandoned)
    g_set_error_literal (error, SALON_S3_ERROR, SALON_S3_ERROR_ABANDONED, "Nobody waits for it any more");
  else if (result == CURLE_ABORTED_BY_CALLBACK)
    g_set_error_literal (error, SALON_S3_ERROR, SALON_S3_ERROR_AWAY, "A file cannot be read");
  else
    g_set_error (error, SALON_S3_ERROR, SALON_S3_ERROR_AWAY, "The store (s3-endpoint) cannot be reached: %s",
        curl_easy_strerror (result));
  return FALSE;
}

static void
read_headers (CURL *curl, Request *request)
{
  struct curl_header *header;
  curl_off_t size_bytes = -1;

  curl_easy_getinfo (curl, CURLINFO_RESPONSE_CODE, &request->status);
  curl_easy_getinfo (curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size_bytes);
  request->size_bytes = size_bytes;
  if (curl_easy_header (curl, "etag", 0, CURLH_HEADER, -1, &header) == CURLHE_OK
      && strlen (header->value) <= MAX_ETAG_CHARS && g_utf8_validate (header->value, -1, NULL))
    request->etag = g_strdup (header->value);
}

/* -- requests -- */

static struct curl_slist *
make_headers (const Request *request, const char *hash)
{
  g_autofree char *hash_header = g_strconcat ("x-amz-content-sha256: ", hash, NULL);
  g_autofree char *type_header = g_strconcat ("Content-Type: ", request->content_type, NULL);
  struct curl_slist *headers = curl_slist_append (NULL, hash_header);

  return request->content_type != NULL ? curl_slist_append (headers, type_header) : headers;
}

static void
set_content (CURL *curl, Request *request)
{
  if (g_str_equal (request->method, "HEAD"))
    curl_easy_setopt (curl, CURLOPT_NOBODY, 1L);
  else if (request->content != NULL)
    {
      curl_easy_setopt (curl, CURLOPT_UPLOAD, 1L);
      curl_easy_setopt (curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->content->size_bytes);
      curl_easy_setopt (curl, CURLOPT_READFUNCTION, on_read);
      curl_easy_setopt (curl, CURLOPT_READDATA, request);
      curl_easy_setopt (curl, CURLOPT_SEEKFUNCTION, on_seek);
      curl_easy_setopt (curl, CURLOPT_SEEKDATA, request);
    }
  else
    curl_easy_setopt (curl, CURLOPT_POSTFIELDS, request->text != NULL ? request->text : "");
  curl_easy_setopt (curl, CURLOPT_CUSTOMREQUEST, request->method);
  curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, on_answer);
  curl_easy_setopt (curl, CURLOPT_WRITEDATA, request);
}

static void
set_target (SalonS3 *self, const char *url)
{
  const SalonUploadTarget *target = self->target;
  g_autofree char *signature = g_strdup_printf ("aws:amz:%s:s3", target->region);
  CURL *curl = self->curl;

  curl_easy_setopt (curl, CURLOPT_URL, url);
  /* A key may have dots between slashes. */
  curl_easy_setopt (curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt (curl, CURLOPT_AWS_SIGV4, signature);
  curl_easy_setopt (curl, CURLOPT_USERNAME, target->access_key);
  curl_easy_setopt (curl, CURLOPT_PASSWORD, target->secret_key);
  curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
  curl_easy_setopt (curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt (curl, CURLOPT_LOW_SPEED_TIME, (long)SALON_S3_SILENCE_S);
  curl_easy_setopt (curl, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)target->bandwidth_kbps * 1000 / 8);
  curl_easy_setopt (curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt (curl, CURLOPT_XFERINFOFUNCTION, on_transfer);
  curl_easy_setopt (curl, CURLOPT_XFERINFODATA, self);
}

static gboolean
perform (SalonS3 *self, Request *request, GError **error)
{
  g_autofree char *object_url = salon_upload_target_get_url (self->target, request->key);
  g_autofree char *url = g_strconcat (object_url, request->query != NULL ? "?" : NULL, request->query, NULL);
  g_autofree char *hash = hash_content (request, error);
  struct curl_slist *headers;
  CURLcode result;

  if (hash == NULL)
    return FALSE;
  headers = make_headers (request, hash);
  /* What is set goes, the connection stays. */
  curl_easy_reset (self->curl);
  set_target (self, url);
  set_content (self->curl, request);
  curl_easy_setopt (self->curl, CURLOPT_HTTPHEADER, headers);
  result = curl_easy_perform (self->curl);
  curl_slist_free_all (headers);
  if (result != CURLE_OK)
    return fail_with_curl (self, result, error);
  read_headers (self->curl, request);
  return request->status / 100 == 2 || fail_with_status (self, request, error);
}

/* Takes the ETag out of an answer that must have one. */
static gboolean
take_etag (char **found, char **etag, GError **error)
{
  *etag = g_steal_pointer (found);
  if (*etag != NULL)
    return TRUE;
  g_set_error_literal (
      error, SALON_S3_ERROR, SALON_S3_ERROR_REFUSED, "What answers at s3-endpoint is no S3 store: it sends no ETag");
  return FALSE;
}

gboolean
salon_s3_put (
    SalonS3 *self, const char *key, const char *content_type, const SalonS3Piece *content, char **etag, GError **error)
{
  g_auto (Request) request = {
    .method = "PUT", .key = key, .content_type = content_type, .content = content, .answer = g_string_new (NULL)
  };

  return perform (self, &request, error) && take_etag (&request.etag, etag, error);
}

gboolean
salon_s3_head (SalonS3 *self, const char *key, gint64 *size_bytes, char **etag, GError **error)
{
  g_auto (Request) request = { .method = "HEAD", .key = key, .answer = g_string_new (NULL) };

  if (!perform (self, &request, error))
    return FALSE;
  *size_bytes = request.size_bytes;
  *etag = g_steal_pointer (&request.etag);
  return TRUE;
}

char *
salon_s3_begin_parts (SalonS3 *self, const char *key, const char *content_type, GError **error)
{
  g_auto (Request) request = {
    .method = "POST", .key = key, .query = "uploads=", .content_type = content_type, .answer = g_string_new (NULL)
  };
  g_autofree char *id = NULL;

  if (!perform (self, &request, error))
    return NULL;
  id = find_in_answer (&request, "UploadId");
  if (id == NULL)
    g_set_error_literal (error, SALON_S3_ERROR, SALON_S3_ERROR_REFUSED,
        "What answers at s3-endpoint is no S3 store: it begins no upload in parts");
  return g_steal_pointer (&id);
}

gboolean
salon_s3_put_part (SalonS3 *self, const char *key, const char *id, guint number, const SalonS3Piece *content,
    char **etag, GError **error)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);
  g_autofree char *query = g_strdup_printf ("partNumber=%u&uploadId=%s", number, escaped);
  g_auto (Request) request
      = { .method = "PUT", .key = key, .query = query, .content = content, .answer = g_string_new (NULL) };

  return perform (self, &request, error) && take_etag (&request.etag, etag, error);
}

gboolean
salon_s3_complete_parts (SalonS3 *self, const char *key, const char *id, GPtrArray *etags, char **etag, GError **error)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);
  g_autofree char *query = g_strconcat ("uploadId=", escaped, NULL);
  g_autoptr (GString) text = g_string_new ("<CompleteMultipartUpload>");
  g_auto (Request) request = {
    .method = "POST", .key = key, .query = query, .content_type = "application/xml", .answer = g_string_new (NULL)
  };
  g_autofree char *found = NULL;

  for (guint i = 0; i < etags->len; i++)
    {
      g_autofree char *part = g_markup_printf_escaped (
          "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag></Part>", i + 1, (const char *)g_ptr_array_index (etags, i));
      g_string_append (text, part);
    }
  g_string_append (text, "</CompleteMultipartUpload>");
  request.text = text->str;
  if (!perform (self, &request, error))
    return FALSE;
  found = find_in_answer (&request, "ETag");
  if (found != NULL)
    return take_etag (&found, etag, error);
  /* The store begins to answer, with 200, before it knows. */
  request.status = 500;
  return fail_with_status (self, &request, error);
}

gboolean
salon_s3_abort_parts (SalonS3 *self, const char *key, const char *id, GError **error)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);
  g_autofree char *query = g_strconcat ("uploadId=", escaped, NULL);
  g_auto (Request) request = { .method = "DELETE", .key = key, .query = query, .answer = g_string_new (NULL) };

  return perform (self, &request, error);
}

/* -- life -- */

SalonS3 *
salon_s3_new (
    const SalonUploadTarget *target, gboolean (*on_progress) (gint64 bytes, gpointer user_data), gpointer user_data)
{
  SalonS3 *self = g_new0 (SalonS3, 1);

  self->target = target;
  self->curl = curl_easy_init ();
  g_assert (self->curl != NULL);
  self->on_progress = on_progress;
  self->user_data = user_data;
  return self;
}

void
salon_s3_free (SalonS3 *self)
{
  if (self == NULL)
    return;
  curl_easy_cleanup (self->curl);
  g_free (self);
}
