/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-whip.h"

#include <string.h>

#include "salon-error.h"
#include "salon-http-call.h"
#include "salon-limits.h"
#include "salon-params.h"
#include "salon-reply.h"
#include "salon-secret.h"
#include "salon-whip-session.h"

#define TYPE_SDP "application/sdp"
#define TYPE_FRAGMENT "application/trickle-ice-sdpfrag"
/* RFC 6585, section 3: libsoup 3.2 has no name for it. */
#define STATUS_PRECONDITION_REQUIRED 428

static const char *const prefixes[] = { [SALON_WHIP] = "/whip/", [SALON_WHEP] = "/whep/" };

struct _SalonWhip
{
  SalonRooms *rooms;                  /* (borrowed) */
  SalonAdmission *admission;          /* (borrowed) */
  const SalonIceServers *ice_servers; /* (borrowed) */
  GHashTable *resources;              /* (owned): id (borrowed from it) -> Resource (owned): the open ones */
};

/* A session that can be addressed. */
typedef struct
{
  SalonWhip *whip; /* (borrowed) */
  SalonWhipKind kind;
  char *id;                  /* (owned): a secret: whoever knows it can end the session */
  char *room;                /* (owned): as the client calls it */
  char *owner;               /* (owned) (nullable): hash of the Authorization header; NULL: there was none */
  SalonWhipSession *session; /* (owned) */
} Resource;

static void
resource_free (Resource *resource)
{
  g_signal_handlers_disconnect_by_data (resource->session, resource);
  salon_whip_session_close (resource->session);
  g_object_unref (resource->session);
  g_free (resource->id);
  g_free (resource->room);
  g_free (resource->owner);
  g_free (resource);
}

static void
on_ended (SalonWhipSession *session, Resource *resource)
{
  g_hash_table_remove (resource->whip->resources, resource->id);
}

/* -- what all requests have in common -- */

/* Returns: (transfer full) (nullable) */
static char *
hash_authorization (SoupServerMessage *message)
{
  const char *header = salon_http_get_header (message, "Authorization");

  return header != NULL ? salon_secret_hash (header) : NULL;
}

/* An offer that can't be used is the client's fault; elsewhere that is a 500 because ion-sfu's clients know it as one.
 */
static void
reply_error (SoupServerMessage *message, const GError *error)
{
  if (g_error_matches (error, SALON_ERROR, SALON_ERROR_MEDIA))
    salon_reply_refusal (message, SOUP_STATUS_BAD_REQUEST, SALON_ERROR_MEDIA, error->message);
  else
    salon_reply_error (message, error);
}

static void
refuse_method (SoupServerMessage *message, const char *allowed)
{
  salon_http_set_header (message, "Allow", allowed);
  salon_reply_refusal (message, SOUP_STATUS_METHOD_NOT_ALLOWED, SALON_ERROR_UNKNOWN_METHOD,
      "A room's path takes POST; that of a session, which its answer names, PATCH and DELETE");
}

/* FALSE: it is answered. accept: the header that says what would do. */
static gboolean
check_type (SoupServerMessage *message, const char *type, const char *accept)
{
  const char *sent = soup_message_headers_get_content_type (soup_server_message_get_request_headers (message), NULL);
  g_autofree char *text = NULL;

  if (sent != NULL && g_ascii_strcasecmp (sent, type) == 0)
    return TRUE;
  text = g_strconcat ("The body must be of type ", type, NULL);
  salon_http_set_header (message, accept, type);
  salon_reply_refusal (message, SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE, SALON_ERROR_INVALID_REQUEST, text);
  return FALSE;
}

static void
reply_text (SoupServerMessage *message, guint status, const char *type, char *text)
{
  salon_http_set_header (message, "Cache-Control", "no-store");
  salon_http_set_header (message, "X-Content-Type-Options", "nosniff");
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, type, SOUP_MEMORY_TAKE, text, strlen (text));
}

/* RFC 9110, section 8.8.3: of the ICE session. Returns: (transfer full) */
static char *
make_tag (SalonWhipSession *session)
{
  return g_strdup_printf ("\"%u\"", salon_whip_session_get_n_restarts (session));
}

/* It is for who can restart ICE (RFC 9725, section 4.3.1). */
static void
set_tag (SoupServerMessage *message, SalonWhipSession *session)
{
  g_autofree char *tag = make_tag (session);

  if (salon_whip_session_can_restart (session))
    salon_http_set_header (message, "ETag", tag);
}

/* -- POST: the beginning -- */

typedef struct
{
  SalonWhip *whip; /* (owned) */
  SalonWhipKind kind;
  SalonHttpCall *call; /* (owned) */
  char *room;          /* (owned) */
  char *owner;         /* (owned) (nullable) */
} Opening;

static void
opening_free (Opening *opening)
{
  salon_http_call_end (opening->call);
  salon_whip_unref (opening->whip);
  g_free (opening->room);
  g_free (opening->owner);
  g_free (opening);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Opening, opening_free)

static void
append_quoted (GString *text, const char *name, const char *value)
{
  g_string_append_printf (text, "; %s=\"", name);
  for (; *value != '\0'; value++)
    g_string_append_printf (text, strchr ("\"\\", *value) != NULL ? "\\%c" : "%c", *value);
  g_string_append_c (text, '"');
}

static void
add_link (JsonArray *servers, guint index, JsonNode *node, gpointer message)
{
  JsonObject *server = json_node_get_object (node);
  const char *url = json_array_get_string_element (json_object_get_array_member (server, "urls"), 0);
  g_autoptr (GString) link = g_string_new (NULL);

  g_string_printf (link, "<%s>; rel=\"ice-server\"", url);
  if (json_object_has_member (server, "username"))
    {
      append_quoted (link, "username", json_object_get_string_member (server, "username"));
      append_quoted (link, "credential", json_object_get_string_member (server, "credential"));
      append_quoted (link, "credential-type", "password");
    }
  soup_message_headers_append (soup_server_message_get_response_headers (message), "Link", link->str);
}

/* RFC 9725, section 4.6. */
static void
add_links (SalonWhip *self, SoupServerMessage *message, SalonWhipSession *session)
{
  g_autoptr (JsonNode) servers = salon_ice_servers_to_json (
      self->ice_servers, salon_whip_session_get_id (session), g_get_real_time () / G_USEC_PER_SEC);

  json_array_foreach_element (json_node_get_array (servers), add_link, message);
}

/* Returns: (transfer none): it is the table's. */
static Resource *
add_resource (Opening *opening, SalonWhipSession *session)
{
  Resource *resource = g_new (Resource, 1);

  *resource = (Resource){
    .whip = opening->whip,
    .kind = opening->kind,
    .id = salon_secret_new (),
    .room = g_steal_pointer (&opening->room),
    .owner = g_steal_pointer (&opening->owner),
    .session = g_object_ref (session),
  };
  g_signal_connect (session, "ended", G_CALLBACK (on_ended), resource);
  g_hash_table_insert (opening->whip->resources, resource->id, resource);
  return resource;
}

/* answer: (transfer full). */
static void
reply_created (Opening *opening, SalonWhipSession *session, char *answer)
{
  SoupServerMessage *message = opening->call->message;
  const Resource *resource = add_resource (opening, session);
  g_autofree char *room = g_uri_escape_string (resource->room, NULL, FALSE);
  g_autofree char *location = g_strconcat (prefixes[resource->kind], room, "/", resource->id, NULL);

  salon_http_set_header (message, "Location", location);
  salon_http_set_header (message, "Accept-Patch", TYPE_FRAGMENT);
  set_tag (message, session);
  add_links (opening->whip, message, session);
  reply_text (message, SOUP_STATUS_CREATED, TYPE_SDP, answer);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Opening) opening = user_data;
  SalonWhipSession *session = SALON_WHIP_SESSION (source);
  g_autoptr (GError) error = NULL;
  g_autofree char *answer = salon_whip_session_open_finish (session, result, &error);

  if (salon_http_call_is_gone (opening->call))
    salon_whip_session_close (session);
  else if (answer != NULL)
    reply_created (opening, session, g_steal_pointer (&answer));
  else
    reply_error (opening->call->message, error);
}

/* RFC 9110, section 12.5.1, without its weights: nobody sends them here. */
static gboolean
check_accept (SoupServerMessage *message)
{
  const char *accept = soup_message_headers_get_list (soup_server_message_get_request_headers (message), "Accept");

  if (accept == NULL || strstr (accept, TYPE_SDP) != NULL || strstr (accept, "application/*") != NULL
      || strstr (accept, "*/*") != NULL)
    return TRUE;
  salon_reply_refusal (
      message, SOUP_STATUS_NOT_ACCEPTABLE, SALON_ERROR_INVALID_REQUEST, "The answer is of type " TYPE_SDP);
  return FALSE;
}

/* Returns: (transfer full) (nullable): text without a NUL. */
static char *
read_body (SoupServerMessage *message)
{
  g_autoptr (GBytes) bytes = soup_message_body_flatten (soup_server_message_get_request_body (message));
  gsize size = g_bytes_get_size (bytes);
  char *text = size > 0 ? g_strndup (g_bytes_get_data (bytes, NULL), size) : NULL;

  if (text != NULL && strlen (text) != size)
    g_clear_pointer (&text, g_free);
  return text;
}

/* The query, as an object: the same bounds hold as for a join's params. Returns: (transfer full) */
static JsonObject *
read_query (SoupServerMessage *message)
{
  const char *query = g_uri_get_query (soup_server_message_get_uri (message));
  g_autoptr (GHashTable) fields = query != NULL ? soup_form_decode (query) : NULL;
  JsonObject *object = json_object_new ();
  GHashTableIter iter;
  gpointer name, value;

  if (fields == NULL)
    return object;
  g_hash_table_iter_init (&iter, fields);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      g_autofree char *valid = g_utf8_make_valid (value, -1);

      json_object_set_string_member (object, name, valid);
    }
  return object;
}

/* The secret with which the same one can come back: with another room or name, they are somebody else. Those who watch
 * are many, and may share what they authorize with. Returns: (transfer full) (nullable) */
static char *
make_token (const Opening *opening, const char *name)
{
  g_autofree char *text = NULL;

  if (opening->owner == NULL || opening->kind == SALON_WHEP)
    return NULL;
  text = g_strjoin ("\n", "whip", opening->room, name, opening->owner, NULL);
  return salon_secret_hash (text);
}

/* opening: (transfer full). */
static void
open_session (Opening *opening, SalonWhipSession *session, SalonWhipRequest *request)
{
  g_autofree char *token = make_token (opening, request->join.name);

  request->join.room = opening->room;
  request->join.may_publish = opening->kind == SALON_WHIP;
  request->join.session_token = token;
  request->join.is_token_own = token != NULL;
  salon_whip_session_open_async (session, request, opening->call->cancellable, on_opened, opening);
}

void
salon_whip_post (SalonWhip *self, SalonWhipKind kind, SoupServerMessage *message, const char *path)
{
  g_autoptr (JsonObject) query = read_query (message);
  g_autofree char *offer = read_body (message);
  g_autoptr (SalonWhipSession) session = NULL;
  g_autoptr (GError) error = NULL;
  SalonWhipRequest request = { .offer = offer };
  Opening *opening;

  if (strchr (path, '/') != NULL)
    {
      refuse_method (message, "PATCH, DELETE, OPTIONS");
      return;
    }
  if (!check_type (message, TYPE_SDP, "Accept-Post") || !check_accept (message))
    return;
  if (offer == NULL)
    g_set_error_literal (&error, SALON_ERROR, SALON_ERROR_MEDIA, "The body must be an offer (SDP)");
  if (error != NULL || !salon_params_read_whip (query, &request.join, &request.followed, &error))
    {
      reply_error (message, error);
      return;
    }
  session = salon_whip_session_new (self->rooms);
  if (!salon_admission_admit_participant (self->admission, message, G_OBJECT (session)))
    return;
  opening = g_new (Opening, 1);
  *opening = (Opening){ g_rc_box_acquire (self), kind, salon_http_call_begin (message), g_strdup (path),
    hash_authorization (message) };
  /* There may be a waiting room. */
  salon_http_call_watch (opening->call);
  open_session (opening, session, &request);
}

/* -- PATCH and DELETE: a session -- */

/* Returns: (transfer none) (nullable): NULL: the request is answered. */
static Resource *
find_resource (SalonWhip *self, SalonWhipKind kind, SoupServerMessage *message, const char *path)
{
  const char *slash = strrchr (path, '/');
  Resource *resource = slash != NULL ? g_hash_table_lookup (self->resources, slash + 1) : NULL;
  g_autofree char *owner = hash_authorization (message);
  g_autoptr (GError) error = NULL;

  if (slash == NULL)
    {
      refuse_method (message, "POST, OPTIONS");
      return NULL;
    }
  if (resource == NULL || resource->kind != kind || strncmp (resource->room, path, slash - path) != 0
      || resource->room[slash - path] != '\0')
    {
      salon_reply_refusal (
          message, SOUP_STATUS_NOT_FOUND, SALON_ERROR_NOT_JOINED, "There is no such session; perhaps it has ended");
      return NULL;
    }
  if (resource->owner == NULL || g_strcmp0 (owner, resource->owner) == 0)
    return resource;
  error = g_error_new_literal (
      SALON_ERROR, SALON_ERROR_UNAUTHORIZED, "This session takes the Authorization header that it was made with");
  salon_reply_error (message, error);
  return NULL;
}

void
salon_whip_delete (SalonWhip *self, SalonWhipKind kind, SoupServerMessage *message, const char *path)
{
  Resource *resource = find_resource (self, kind, message, path);

  if (resource == NULL)
    return;
  g_hash_table_remove (self->resources, resource->id);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
}

static void
on_restarted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonHttpCall *call = user_data;
  SalonWhipSession *session = SALON_WHIP_SESSION (source);
  g_autoptr (GError) error = NULL;
  g_autofree char *fragment = salon_whip_session_restart_finish (session, result, &error);

  if (salon_http_call_is_gone (call))
    {
      salon_http_call_end (call);
      return;
    }
  if (fragment == NULL)
    reply_error (call->message, error);
  else
    {
      set_tag (call->message, session);
      reply_text (call->message, SOUP_STATUS_OK, TYPE_FRAGMENT, g_steal_pointer (&fragment));
    }
  salon_http_call_end (call);
}

/* RFC 9110, section 13.1.1. */
static gboolean
has_tag (const char *list, const char *tag)
{
  g_auto (GStrv) tags = g_strsplit (list, ",", -1);

  for (guint i = 0; tags[i] != NULL; i++)
    {
      if (g_str_equal (g_strstrip (tags[i]), tag) || g_str_equal (tags[i], "*"))
        return TRUE;
    }
  return FALSE;
}

/* RFC 9725, section 4.3.1. A client that trickles is to send the tag, too; not all do, and the credentials in the
 * fragment say the same. FALSE: it is answered. */
static gboolean
check_match (SoupServerMessage *message, SalonWhipSession *session, gboolean is_restart)
{
  const char *list = soup_message_headers_get_list (soup_server_message_get_request_headers (message), "If-Match");
  g_autofree char *tag = make_tag (session);

  if (list == NULL && is_restart)
    salon_reply_refusal (message, STATUS_PRECONDITION_REQUIRED, SALON_ERROR_INVALID_REQUEST,
        "An ICE restart needs an If-Match header, \"*\"");
  else if (list != NULL && !has_tag (list, tag))
    salon_reply_refusal (message, SOUP_STATUS_PRECONDITION_FAILED, SALON_ERROR_INVALID_REQUEST,
        "This is about an ICE session that is over");
  else
    return TRUE;
  return FALSE;
}

void
salon_whip_patch (SalonWhip *self, SalonWhipKind kind, SoupServerMessage *message, const char *path)
{
  Resource *resource = find_resource (self, kind, message, path);
  g_autofree char *body = read_body (message);
  g_autoptr (SalonSdpFragment) fragment = NULL;
  gboolean is_restart;

  if (resource == NULL || !check_type (message, TYPE_FRAGMENT, "Accept-Patch"))
    return;
  fragment = body != NULL ? salon_sdp_fragment_parse (body) : NULL;
  if (fragment == NULL)
    {
      salon_reply_refusal (message, SOUP_STATUS_BAD_REQUEST, SALON_ERROR_MEDIA,
          "The body must be a fragment of a session description (RFC 8840), with both ICE credentials or none");
      return;
    }
  is_restart = !salon_whip_session_has_ice (resource->session, fragment);
  if (is_restart && !salon_whip_session_can_restart (resource->session))
    {
      salon_reply_refusal (message, SOUP_STATUS_UNPROCESSABLE_ENTITY, SALON_ERROR_MEDIA,
          "A session that watches can't restart ICE; make a new one");
      return;
    }
  if (!check_match (message, resource->session, is_restart))
    return;
  if (is_restart)
    {
      salon_whip_session_restart_async (
          resource->session, g_steal_pointer (&fragment), on_restarted, salon_http_call_begin (message));
      return;
    }
  salon_whip_session_add_candidates (resource->session, fragment);
  soup_server_message_set_status (message, SOUP_STATUS_NO_CONTENT, NULL);
}

/* -- life -- */

SalonWhip *
salon_whip_new (SalonRooms *rooms, SalonAdmission *admission, const SalonIceServers *ice_servers)
{
  SalonWhip *self = g_rc_box_new0 (SalonWhip);

  self->rooms = rooms;
  self->admission = admission;
  self->ice_servers = ice_servers;
  self->resources = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)resource_free);
  return self;
}

static void
salon_whip_clear (gpointer whip)
{
  g_hash_table_unref (((SalonWhip *)whip)->resources);
}

void
salon_whip_unref (SalonWhip *self)
{
  g_rc_box_release_full (self, salon_whip_clear);
}
