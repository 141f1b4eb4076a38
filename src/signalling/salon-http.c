/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-http.h"

#include <gst/gst.h>
#include <libsoup/soup.h>
#include <string.h>

#include "salon-admission.h"
#include "salon-descriptors.h"
#include "salon-error.h"
#include "salon-http-api.h"
#include "salon-http-call.h"
#include "salon-http-files.h"
#include "salon-http-jobs.h"
#include "salon-http-recordings.h"
#include "salon-http-text.h"
#include "salon-limits.h"
#include "salon-listener.h"
#include "salon-origins.h"
#include "salon-protocol.h"
#include "salon-qr-svg.h"
#include "salon-reply.h"
#include "salon-socket.h"
#include "salon-static.h"
#include "salon-whip.h"

GST_DEBUG_CATEGORY_STATIC (salon_http_debug);
#define GST_CAT_DEFAULT salon_http_debug

/* A body beyond its bound is refused with a reply if it ends within this many bytes, else cut off. */
#define MAX_DRAINED_BYTES (1024 * 1024)
/* Beyond this, the sockets themselves cost more memory than a media server has to spare for them. */
#define MAX_CONNECTIONS 10000

struct _SalonHttp
{
  GObject parent;

  SoupServer *server;        /* (owned) */
  SalonListener *listener;   /* (owned) (nullable): NULL before listening and once closed */
  SalonRooms *rooms;         /* (owned) */
  SalonJobs *jobs;           /* (owned) */
  char *admin_token;         /* (owned) */
  char *public_url;          /* (owned): "": not set */
  SalonOrigins *origins;     /* (owned) */
  SalonAdmission *admission; /* (owned) */
  char *url;                 /* (owned): of the page */
  SalonSocketOptions socket_options;
  SalonHttpApi api;               /* borrows from the above */
  SalonHttpFiles files;           /* likewise; what it has for jobs is that of their API, too */
  SalonHttpRecordings recordings; /* likewise */
  SalonHttpText text;             /* likewise */
  char *socket_path;              /* (owned) (nullable) */
  char *link_key;                 /* (owned) */
  SalonWhip *whip;                /* (owned): likewise */
  GHashTable *sockets;            /* (element-type SalonSocket) (owned): the open ones */
  GTask *closing_sockets;         /* (owned) (nullable): until there are none */
  guint closing_deadline_id;
};

G_DEFINE_FINAL_TYPE (SalonHttp, salon_http, G_TYPE_OBJECT)

enum
{
  SIGNAL_SOCKET,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
finish_closing_sockets (SalonHttp *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->closing_sockets);

  g_clear_handle_id (&self->closing_deadline_id, g_source_remove);
  g_task_return_boolean (task, TRUE);
}

/* Who is asking */

static gboolean
is_origin_allowed (SalonHttp *self, SoupServerMessage *message)
{
  return salon_origins_allows (
      self->origins, salon_http_get_header (message, "Origin"), salon_http_get_header (message, "Host"));
}

/* What pages of other origins may read of our answers: WHIP's. Clients look for PATCH among the methods. */
#define EXPOSED_HEADERS "Location, ETag, Link, Accept-Post, Accept-Patch, Access-Control-Allow-Methods"
/* What they may send. ETag is what If-Match was in drafts of WHIP. */
#define ALLOWED_HEADERS "Authorization, Content-Type, If-Match, ETag, Range"

/* Lets the page of an allowed origin read our answers (CORS). */
static void
allow_reading (SoupServerMessage *message)
{
  const char *origin = salon_http_get_header (message, "Origin");
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_message_headers_append (headers, "Vary", "Origin");
  if (origin == NULL)
    return;
  soup_message_headers_append (headers, "Access-Control-Allow-Origin", origin);
  soup_message_headers_append (headers, "Access-Control-Expose-Headers", EXPOSED_HEADERS);
}

/* libsoup keeps no connection alive that it has not accepted itself: say so. */
static void
close_after (SoupServerMessage *message)
{
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Connection", "close");
}

/* The routes */

static void
handle_page (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_static_reply (message, "index.html");
}

static void
reply_nothing (SoupServerMessage *message)
{
  salon_reply_refusal (message, SOUP_STATUS_NOT_FOUND, SALON_ERROR_UNKNOWN_METHOD, "There is nothing here");
}

/* A slug has no '/': what comes after one is ours. */
#define QR_SUFFIX "/qr.svg"

static void
reply_qr (SalonHttp *self, SoupServerMessage *message, const char *slug)
{
  g_autofree char *url = salon_http_api_make_room_url (&self->api, message, slug);
  g_autoptr (GBytes) svg = salon_qr_svg_new (url);

  if (svg == NULL)
    {
      salon_reply_refusal (
          message, SOUP_STATUS_NOT_FOUND, SALON_ERROR_UNKNOWN_METHOD, "This link is too long for a QR code");
      return;
    }
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "X-Content-Type-Options", "nosniff");
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (
      message, "image/svg+xml", SOUP_MEMORY_COPY, g_bytes_get_data (svg, NULL), g_bytes_get_size (svg));
}

static void
handle_room_page (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  g_autofree char *slug = NULL;

  if (!g_str_has_suffix (rest, QR_SUFFIX))
    {
      handle_page (self, message, rest);
      return;
    }
  slug = g_strndup (rest, strlen (rest) - strlen (QR_SUFFIX));
  reply_qr (self, message, slug);
}

static void
handle_static (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_static_reply (message, rest);
}

static void
handle_health (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  JsonNode *status = json_node_init_string (json_node_alloc (), "ok");

  salon_reply_json (message, SOUP_STATUS_OK, salon_protocol_wrap ("status", status));
}

static void
handle_create (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_http_api_create (&self->api, message);
}

static void
handle_list (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_http_api_list (&self->api, message);
}

static void
handle_get (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  const char *slash = strchr (rest, '/');
  g_autofree char *room = slash != NULL ? g_strndup (rest, slash - rest) : g_strdup (rest);

  if (slash == NULL)
    salon_http_api_get (&self->api, message, room);
  else if (g_str_equal (slash, "/recording"))
    salon_http_api_get_recording (&self->api, message, room);
  else if (g_str_equal (slash, "/graph"))
    salon_http_text_draw (&self->text, message, room);
  else if (g_str_equal (slash, "/lines"))
    salon_http_text_list_lines (&self->text, message, room);
  else
    reply_nothing (message);
}

static void
handle_delete (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_http_api_delete (&self->api, message, rest);
}

static void
handle_whip_post (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_whip_post (self->whip, SALON_WHIP, message, rest);
}

static void
handle_whep_post (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_whip_post (self->whip, SALON_WHEP, message, rest);
}

static void
handle_whip_patch (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_whip_patch (self->whip, SALON_WHIP, message, rest);
}

static void
handle_whep_patch (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_whip_patch (self->whip, SALON_WHEP, message, rest);
}

static void
handle_whip_delete (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_whip_delete (self->whip, SALON_WHIP, message, rest);
}

static void
handle_whep_delete (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_whip_delete (self->whip, SALON_WHEP, message, rest);
}

static void
handle_list_pipelines (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_http_jobs_list_pipelines (&self->files.deeds, message);
}

static void
handle_list_jobs (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_http_jobs_list (&self->files.deeds, message);
}

static void
handle_start_job (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_http_jobs_start (&self->files.deeds, message);
}

/* /jobs/<id>, /jobs/<id>/files, /jobs/<id>/files/<name> */
static void
handle_get_job (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  const char *slash = strchr (rest, '/');
  g_autofree char *id = slash != NULL ? g_strndup (rest, slash - rest) : g_strdup (rest);

  if (slash == NULL)
    salon_http_jobs_get (&self->files.deeds, message, id);
  else if (g_str_equal (slash, "/files"))
    salon_http_files_list (&self->files, message, id);
  else if (g_str_has_prefix (slash, "/files/"))
    salon_http_files_get (&self->files, message, id, slash + strlen ("/files/"));
  else
    reply_nothing (message);
}

/* /jobs/<id>/link */
static void
handle_post_job (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  const char *slash = strchr (rest, '/');
  g_autofree char *id = slash != NULL ? g_strndup (rest, slash - rest) : NULL;

  if (g_strcmp0 (slash, "/link") == 0)
    salon_http_files_make_link (&self->files, message, id);
  else
    reply_nothing (message);
}

static void
handle_list_recordings (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_http_recordings_list (&self->recordings, message);
}

static void
handle_get_recording (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_http_recordings_get (&self->recordings, message, rest);
}

static void
handle_delete_recording (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_http_recordings_delete (&self->recordings, message, rest);
}

static void
handle_get_by_link (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_http_files_get_by_link (&self->files, message, rest);
}

static void
handle_change_job (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_http_jobs_change (&self->files.deeds, message, rest);
}

static void
handle_delete_job (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  salon_http_jobs_delete (&self->files.deeds, message, rest);
}

static void
on_socket_closed (SalonSocket *socket, SalonHttp *self)
{
  g_hash_table_remove (self->sockets, socket);
  if (self->closing_sockets != NULL && g_hash_table_size (self->sockets) == 0)
    finish_closing_sockets (self);
}

/* The 101 response is on its way: the connection is a WebSocket now. */
static void
on_upgraded (SoupServerMessage *message, SalonHttp *self)
{
  g_autoptr (SoupServerMessage) kept = g_object_ref (message);
  g_autoptr (GUri) uri = g_uri_ref (soup_server_message_get_uri (message));
  g_autoptr (GIOStream) stream = soup_server_message_steal_connection (message);
  g_autoptr (SalonSocket) socket = salon_socket_new (stream, uri, &self->socket_options);

  salon_listener_keep (stream);
  if (self->listener == NULL)
    return;
  if (salon_listener_is_local (stream))
    {
      g_autofree char *job = salon_jobs_find_process (self->jobs, salon_listener_get_process (stream));

      salon_socket_set_local (socket, job);
    }
  salon_admission_follow (self->admission, message, socket);
  g_hash_table_add (self->sockets, g_object_ref (socket));
  g_signal_connect_object (socket, "closed", G_CALLBACK (on_socket_closed), self, 0);
  g_signal_emit (self, signals[SIGNAL_SOCKET], 0, socket);
}

/* The handshake is done here, and not by soup_server_add_websocket_handler(), because that one negotiates compression,
 * whose bombs no bound would catch, and takes only one origin. */
static void
handle_websocket (SalonHttp *self, SoupServerMessage *message, const char *rest)
{
  if (!is_origin_allowed (self, message))
    {
      salon_reply_refusal (message, SOUP_STATUS_FORBIDDEN, SALON_ERROR_UNAUTHORIZED,
          "Pages of this origin may not connect; see allowed-origins");
      return;
    }
  if (!salon_admission_admit_socket (self->admission, message))
    return;
  soup_message_headers_remove (soup_server_message_get_response_headers (message), "Connection");
  if (soup_websocket_server_process_handshake (message, NULL, NULL, NULL, NULL))
    g_signal_connect_object (message, "wrote-informational", G_CALLBACK (on_upgraded), self, 0);
  else
    close_after (message);
}

typedef struct
{
  const char *method;
  const char *path;
  gboolean has_rest; /* path is a prefix, and something must follow */
  void (*handle) (SalonHttp *self, SoupServerMessage *message, const char *rest);
  gsize max_body_bytes; /* 0: SALON_LIMIT_HTTP_BODY_BYTES */
} Route;

static const Route routes[] = {
  { "GET", "/", FALSE, handle_page },
  { "GET", "/r/", TRUE, handle_room_page },
  { "GET", "/static/", TRUE, handle_static },
  { "GET", "/ws", FALSE, handle_websocket },
  { "GET", "/healthz", FALSE, handle_health },
  { "GET", "/rooms", FALSE, handle_list },
  { "POST", "/room/create", FALSE, handle_create },
  { "GET", "/room/", TRUE, handle_get },
  { "DELETE", "/room/", TRUE, handle_delete },
  { "POST", "/whip/", TRUE, handle_whip_post, SALON_LIMIT_HTTP_OFFER_BYTES },
  { "PATCH", "/whip/", TRUE, handle_whip_patch },
  { "DELETE", "/whip/", TRUE, handle_whip_delete },
  { "POST", "/whep/", TRUE, handle_whep_post, SALON_LIMIT_HTTP_OFFER_BYTES },
  { "PATCH", "/whep/", TRUE, handle_whep_patch },
  { "DELETE", "/whep/", TRUE, handle_whep_delete },
  { "GET", "/pipelines", FALSE, handle_list_pipelines },
  { "GET", "/jobs", FALSE, handle_list_jobs },
  { "POST", "/jobs", FALSE, handle_start_job },
  { "GET", "/jobs/", TRUE, handle_get_job },
  { "POST", "/jobs/", TRUE, handle_post_job },
  { "PATCH", "/jobs/", TRUE, handle_change_job },
  { "DELETE", "/jobs/", TRUE, handle_delete_job },
  { "GET", "/recordings", FALSE, handle_list_recordings },
  { "GET", "/recordings/", TRUE, handle_get_recording },
  { "DELETE", "/recordings/", TRUE, handle_delete_recording },
  { "GET", SALON_HTTP_FILES_PREFIX, TRUE, handle_get_by_link },
};

static gboolean
route_has_path (const Route *route, const char *path)
{
  gsize length = strlen (route->path);

  return route->has_rest ? g_str_has_prefix (path, route->path) && path[length] != '\0'
                         : g_str_equal (path, route->path);
}

static void
reply_no_route (SoupServerMessage *message, GPtrArray *methods)
{
  g_autofree char *allowed = NULL;

  if (methods->len == 0)
    {
      reply_nothing (message);
      return;
    }
  g_ptr_array_add (methods, (gpointer) "OPTIONS");
  g_ptr_array_add (methods, NULL);
  allowed = g_strjoinv (", ", (char **)methods->pdata);
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Allow", allowed);
  if (g_str_equal (soup_server_message_get_method (message), "OPTIONS"))
    {
      SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

      soup_message_headers_replace (headers, "Access-Control-Allow-Methods", allowed);
      soup_message_headers_replace (headers, "Access-Control-Allow-Headers", ALLOWED_HEADERS);
      soup_server_message_set_status (message, SOUP_STATUS_NO_CONTENT, NULL);
      return;
    }
  salon_reply_refusal (message, SOUP_STATUS_METHOD_NOT_ALLOWED, SALON_ERROR_UNKNOWN_METHOD,
      "This path does not take that method; see the Allow header");
}

static void
dispatch (SalonHttp *self, SoupServerMessage *message, const char *path)
{
  const char *method = soup_server_message_get_method (message);
  g_autoptr (GPtrArray) methods = g_ptr_array_new ();

  /* libsoup leaves a HEAD response's body out. */
  if (g_str_equal (method, "HEAD"))
    method = "GET";
  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      if (!route_has_path (&routes[i], path))
        continue;
      if (g_str_equal (routes[i].method, method))
        {
          routes[i].handle (self, message, path + strlen (routes[i].path));
          return;
        }
      g_ptr_array_add (methods, (gpointer)routes[i].method);
    }
  reply_no_route (message, methods);
}

static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  SalonHttp *self = user_data;
  const char *method = soup_server_message_get_method (message);
  gboolean is_reading = g_str_equal (method, "GET") || g_str_equal (method, "HEAD");
  gboolean is_link = g_str_has_prefix (path, SALON_HTTP_FILES_PREFIX);

  /* A link is a secret. */
  GST_DEBUG_OBJECT (self, "%s %s", method, is_link ? SALON_HTTP_FILES_PREFIX "..." : path);
  /* Reading, too: a rebound page's GET has no Origin. */
  if (!salon_origins_has_host (self->origins, salon_http_get_header (message, "Host")))
    {
      salon_reply_refusal (message, SOUP_STATUS_FORBIDDEN, SALON_ERROR_UNAUTHORIZED,
          "This server listens on localhost and knows no such host name; set public-url to what people type");
      return;
    }
  if (is_link)
    salon_http_files_allow_any_page (message);
  else if (is_origin_allowed (self, message))
    allow_reading (message);
  else if (!is_reading)
    {
      salon_reply_refusal (message, SOUP_STATUS_FORBIDDEN, SALON_ERROR_UNAUTHORIZED,
          "Pages of this origin may not do this; see allowed-origins");
      return;
    }
  dispatch (self, message, path);
}

/* The bound on bodies, whatever the path. libsoup would keep all of it. */

static void
refuse_body (SoupServerMessage *message)
{
  soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
  salon_reply_refusal (
      message, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, SALON_ERROR_INVALID_REQUEST, "The body is too long");
}

typedef struct
{
  gsize n_bytes; /* so far */
  gsize max_bytes;
} Body;

static gsize
get_max_body (const char *method, const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      if (routes[i].max_body_bytes != 0 && g_str_equal (routes[i].method, method) && route_has_path (&routes[i], path))
        return routes[i].max_body_bytes;
    }
  return SALON_LIMIT_HTTP_BODY_BYTES;
}

static void
on_body_chunk (SoupServerMessage *message, GBytes *chunk, gpointer user_data)
{
  Body *body = user_data;

  body->n_bytes += g_bytes_get_size (chunk);
  if (body->n_bytes > MAX_DRAINED_BYTES)
    {
      g_autoptr (GIOStream) stream = soup_server_message_steal_connection (message);
      g_io_stream_close_async (stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
    }
  else if (body->n_bytes > body->max_bytes && soup_server_message_get_status (message) == 0)
    refuse_body (message);
}

static void
on_headers (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  SalonHttp *self = user_data;
  SoupMessageHeaders *request = soup_server_message_get_request_headers (message);

  Body *body = g_new (Body, 1);

  *body = (Body){ 0, get_max_body (soup_server_message_get_method (message), path) };
  g_signal_connect_data (
      message, "got-chunk", G_CALLBACK (on_body_chunk), body, (GClosureNotify)(void (*) (void))g_free, 0);
  close_after (message);
  if (!salon_admission_admit_request (self->admission, message))
    return;
  /* 0 when the length is not told. */
  if (soup_message_headers_get_content_length (request) > (goffset)body->max_bytes)
    refuse_body (message);
}

/* Life */

static gboolean
on_refuse (SalonListener *listener, GSocketConnection *connection, GSocketAddress *remote, SalonHttp *self)
{
  return !salon_admission_admit_connection (self->admission, connection, remote);
}

static void
on_connection (
    SalonListener *listener, GIOStream *stream, GSocketAddress *local, GSocketAddress *remote, SalonHttp *self)
{
  g_autoptr (GError) error = NULL;

  if (!soup_server_accept_iostream (self->server, stream, local, remote, &error))
    GST_WARNING_OBJECT (self, "cannot serve a connection: %s", error->message);
}

/* Media needs descriptors too, several for each participant: leave it three quarters. */
static guint
get_max_connections (void)
{
  return MIN (salon_descriptors_get_limit () / 4, MAX_CONNECTIONS);
}

static char *
make_url (SalonHttp *self, const SalonConfig *config, gboolean is_https)
{
  const char *address = salon_config_get_strv (config, SALON_CONFIG_LISTEN)[0];
  guint port = salon_listener_get_port (self->listener);
  gboolean is_any = g_str_equal (address, "*") || g_str_equal (address, "0.0.0.0") || g_str_equal (address, "::");
  const char *host = is_any ? "localhost" : address;
  g_autoptr (GUri) uri = NULL;

  if (*self->public_url != '\0')
    return g_strdup (self->public_url);
  uri = g_uri_build (G_URI_FLAGS_NONE, is_https ? "https" : "http", NULL, host, port, "/", NULL, NULL);
  return g_uri_to_string (uri);
}

GTlsCertificate *
salon_http_load_certificate (const SalonConfig *config, GError **error)
{
  const char *certificate_path = salon_config_get_string (config, SALON_CONFIG_TLS_CERTIFICATE);
  const char *key_path = salon_config_get_string (config, SALON_CONFIG_TLS_KEY);
  GTlsCertificate *certificate;

  if (*certificate_path == '\0')
    return NULL;
  certificate = g_tls_certificate_new_from_files (certificate_path, key_path, error);
  if (certificate == NULL)
    g_prefix_error (error, "tls-certificate %s with tls-key %s: ", certificate_path, key_path);
  return certificate;
}

static gboolean
start_listening (SalonHttp *self, const SalonConfig *config, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GTlsCertificate) certificate = salon_http_load_certificate (config, &local_error);
  const SalonListenerBounds bounds = {
    .max_connections = get_max_connections (),
    .deadline_s = salon_config_get_uint (config, SALON_CONFIG_REQUEST_TIMEOUT_S),
  };

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  self->listener = salon_listener_new (salon_config_get_strv (config, SALON_CONFIG_LISTEN),
      salon_config_get_uint (config, SALON_CONFIG_PORT), certificate, &bounds, error);
  if (self->listener == NULL)
    return FALSE;
  g_signal_connect (self->listener, "refuse", G_CALLBACK (on_refuse), self);
  g_signal_connect (self->listener, "connection", G_CALLBACK (on_connection), self);
  self->url = make_url (self, config, certificate != NULL);
  return TRUE;
}

SalonHttp *
salon_http_new (const SalonConfig *config, const SalonHttpServices *services, GError **error)
{
  g_autoptr (SalonHttp) self = g_object_new (SALON_TYPE_HTTP, NULL);

  self->rooms = g_object_ref (services->rooms);
  self->jobs = g_object_ref (services->jobs);
  self->admin_token = g_strdup (services->admin_token);
  self->link_key = g_strdup (services->link_key);
  self->socket_options.ping_interval_s = salon_config_get_uint (config, SALON_CONFIG_PING_INTERVAL_S);
  self->socket_options.ping_timeout_s = salon_config_get_uint (config, SALON_CONFIG_PING_TIMEOUT_S);
  self->public_url = g_strdup (salon_config_get_string (config, SALON_CONFIG_PUBLIC_URL));
  self->origins = salon_origins_new (salon_config_get_strv (config, SALON_CONFIG_LISTEN), self->public_url,
      salon_config_get_strv (config, SALON_CONFIG_ALLOWED_ORIGINS));
  self->admission = salon_admission_new (config, get_max_connections ());
  self->api = (SalonHttpApi){
    .rooms = services->rooms,
    .admin_token = self->admin_token,
    .public_url = self->public_url,
    .recordings = services->recordings,
    .may_create = g_str_equal (salon_config_get_string (config, SALON_CONFIG_CREATE_POLICY), "anyone"),
  };
  self->whip = salon_whip_new (services->rooms, self->admission, services->ice_servers);
  self->files = (SalonHttpFiles){
    .deeds = { .rooms_api = &self->api, .jobs = services->jobs },
    .admission = self->admission,
    .link_key = self->link_key,
  };
  self->recordings = (SalonHttpRecordings){ &self->files.deeds, services->recordings, self->link_key };
  self->text.deeds = self->files.deeds;
  soup_server_add_early_handler (self->server, NULL, on_headers, self, NULL);
  soup_server_add_handler (self->server, NULL, on_request, self, NULL);
  if (!start_listening (self, config, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
salon_http_close (SalonHttp *self)
{
  if (self->listener == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->listener, self);
  salon_listener_close (self->listener);
  g_clear_object (&self->listener);
  soup_server_disconnect (self->server);
}

static gboolean
on_closing_deadline (gpointer user_data)
{
  SalonHttp *self = user_data;

  self->closing_deadline_id = 0;
  finish_closing_sockets (self);
  return G_SOURCE_REMOVE;
}

void
salon_http_close_sockets_async (SalonHttp *self, guint deadline_ms, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  GHashTableIter iter;
  gpointer socket;

  g_assert (self->listener == NULL && self->closing_sockets == NULL);
  self->closing_sockets = g_steal_pointer (&task);
  self->closing_deadline_id = g_timeout_add (deadline_ms, on_closing_deadline, self);
  g_hash_table_iter_init (&iter, self->sockets);
  while (g_hash_table_iter_next (&iter, &socket, NULL))
    salon_socket_close (socket, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, "shutting_down");
  if (g_hash_table_size (self->sockets) == 0)
    finish_closing_sockets (self);
}

void
salon_http_close_sockets_finish (SalonHttp *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

gboolean
salon_http_listen_at (SalonHttp *self, const char *path, GError **error)
{
  if (!salon_listener_add_path (self->listener, path, error))
    return FALSE;
  self->socket_path = g_strdup (path);
  self->text.socket_path = self->socket_path;
  return TRUE;
}

const char *
salon_http_get_url (SalonHttp *self)
{
  return self->url;
}

static void
salon_http_dispose (GObject *object)
{
  SalonHttp *self = SALON_HTTP (object);

  salon_http_close (self);
  soup_server_remove_handler (self->server, NULL);
  G_OBJECT_CLASS (salon_http_parent_class)->dispose (object);
}

static void
salon_http_finalize (GObject *object)
{
  SalonHttp *self = SALON_HTTP (object);

  g_hash_table_unref (self->sockets);
  salon_backlog_unref (self->socket_options.backlog);
  g_clear_object (&self->server);
  g_clear_pointer (&self->whip, salon_whip_unref);
  g_clear_object (&self->rooms);
  g_clear_object (&self->jobs);
  g_free (self->admin_token);
  g_free (self->link_key);
  g_free (self->socket_path);
  g_free (self->public_url);
  salon_origins_free (self->origins);
  g_clear_pointer (&self->admission, salon_admission_free);
  g_free (self->url);
  G_OBJECT_CLASS (salon_http_parent_class)->finalize (object);
}

static void
salon_http_class_init (SalonHttpClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_http_debug, "salon-http", 0, "Salon: HTTP");
  G_OBJECT_CLASS (klass)->dispose = salon_http_dispose;
  G_OBJECT_CLASS (klass)->finalize = salon_http_finalize;
  signals[SIGNAL_SOCKET] = g_signal_new (
      "socket", SALON_TYPE_HTTP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, SALON_TYPE_SOCKET);
}

static void
salon_http_init (SalonHttp *self)
{
  self->server = soup_server_new (NULL, NULL);
  self->socket_options.backlog = salon_backlog_new (SALON_LIMIT_SEND_QUEUES_BYTES);
  self->sockets = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
}
