/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-http-api.h"

#include <string.h>

#include "salon-error.h"
#include "salon-http-call.h"
#include "salon-json.h"
#include "salon-limits.h"
#include "salon-protocol.h"
#include "salon-reply.h"
#include "salon-secret.h"

char *
salon_http_api_make_base_url (const SalonHttpApi *self, SoupServerMessage *message)
{
  GUri *uri = soup_server_message_get_uri (message);
  g_autoptr (GUri) base = NULL;
  char *text;

  if (*self->public_url != '\0')
    text = g_strdup (self->public_url);
  else
    {
      base = g_uri_build (
          G_URI_FLAGS_NONE, g_uri_get_scheme (uri), NULL, g_uri_get_host (uri), g_uri_get_port (uri), "", NULL, NULL);
      text = g_uri_to_string (base);
    }
  if (g_str_has_suffix (text, "/"))
    text[strlen (text) - 1] = '\0';
  return text;
}

static char *
append_room (const char *base_url, const char *slug)
{
  g_autofree char *escaped_slug = g_uri_escape_string (slug, NULL, FALSE);

  return g_strconcat (base_url, "/r/", escaped_slug, NULL);
}

char *
salon_http_api_make_room_url (const SalonHttpApi *self, SoupServerMessage *message, const char *slug)
{
  g_autofree char *base_url = salon_http_api_make_base_url (self, message);

  return append_room (base_url, slug);
}

/* body: (transfer full) (nullable): NULL: the error. */
static void
call_end (SalonHttpCall *call, guint status, JsonNode *body, const GError *error)
{
  salon_http_call_answer (call, status, body, error);
  salon_http_call_end (call);
}

/* Returns: (transfer full) */
static JsonNode *
room_and_members (const SalonRoomInfo *info)
{
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "room", salon_protocol_room (info));
  json_object_set_int_member (object, "n_members", info->n_members);
  return salon_protocol_object (object);
}

const char *
salon_http_api_get_bearer_token (SoupServerMessage *message)
{
  const char *header = salon_http_get_header (message, "Authorization");

  if (header == NULL || g_ascii_strncasecmp (header, "Bearer ", 7) != 0)
    return NULL;
  header += 7;
  return header + strspn (header, " ");
}

gboolean
salon_http_api_is_admin (const SalonHttpApi *self, SoupServerMessage *message)
{
  const char *token = salon_http_api_get_bearer_token (message);

  return token != NULL && salon_secret_equal (token, self->admin_token);
}

typedef struct
{
  JsonNode *body; /* (owned) (nullable): what the strings belong to */
  SalonRoomSpec spec;
} CreateRequest;

static gboolean
check_age (JsonObject *object, const SalonRoomSpec *spec, GError **error)
{
  gboolean is_timed = spec->lifetime == SALON_LIFETIME_TIMED;

  if (is_timed == (spec->max_age_s != 0) && (is_timed || !json_object_has_member (object, "block_factor")))
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
      "A room with \"lifetime\" \"timed\" needs a \"max_age\" and may have a \"block_factor\"; others have neither");
  return FALSE;
}

static gboolean
read_spec (JsonObject *object, SalonRoomSpec *spec, GError **error)
{
  static const char *const known[]
      = { "slug", "lifetime", "max_members", "max_age", "block_factor", "waiting_room", NULL };
  const char *lifetime = salon_lifetime_to_string (spec->lifetime);
  gint64 max_members = 0;
  gint64 max_age = 0;

  if (!salon_json_check_members (object, known, error)
      || !salon_json_get_optional_string (object, "slug", 1, SALON_LIMIT_SLUG_RAW_CHARS, &spec->slug, error)
      || !salon_json_get_optional_string (object, "lifetime", 1, 16, &lifetime, error)
      || !salon_json_get_optional_int (object, "max_members", 1, SALON_LIMIT_MEMBERS, &max_members, error)
      || !salon_json_get_optional_int (object, "max_age", 1, SALON_LIMIT_MAX_AGE_S, &max_age, error)
      || !salon_json_get_optional_double (
          object, "block_factor", 0, SALON_LIMIT_BLOCK_FACTOR, &spec->block_factor, error)
      || !salon_json_get_optional_boolean (object, "waiting_room", &spec->has_waiting_room, error))
    return FALSE;
  if (!salon_lifetime_from_string (lifetime, &spec->lifetime))
    {
      g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
          "\"lifetime\" must be \"permanent\", \"ephemeral\" or \"timed\"");
      return FALSE;
    }
  spec->max_members = (guint)max_members;
  spec->max_age_s = (guint)max_age;
  return check_age (object, spec, error);
}

JsonNode *
salon_http_api_read_body (SoupServerMessage *message, GError **error)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  g_autoptr (GBytes) bytes = soup_message_body_flatten (body);
  g_autoptr (JsonNode) node = NULL;

  /* No body: no wishes. */
  if (g_bytes_get_size (bytes) == 0)
    return salon_protocol_object (json_object_new ());
  node
      = salon_json_parse (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), SALON_LIMIT_HTTP_BODY_BYTES, error);
  if (node == NULL || salon_json_node_as_object (node, "body", error) == NULL)
    return NULL;
  return g_steal_pointer (&node);
}

static gboolean
read_create_request (SoupServerMessage *message, CreateRequest *request, GError **error)
{
  request->body = salon_http_api_read_body (message, error);
  return request->body != NULL && read_spec (json_node_get_object (request->body), &request->spec, error);
}

typedef struct
{
  SalonHttpCall *call; /* (owned) */
  char *base_url;      /* (owned): of the room's link; without a '/' at the end */
} Creation;

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Creation *creation = user_data;
  g_autofree char *base_url = creation->base_url;
  g_autoptr (GError) error = NULL;
  g_autofree char *owner_token = NULL;
  g_autoptr (SalonRoomInfo) info = salon_rooms_create_finish (SALON_ROOMS (source), result, &owner_token, &error);
  g_autofree char *url = NULL;
  JsonObject *body;

  if (info == NULL)
    {
      call_end (creation->call, 0, NULL, error);
      return;
    }
  url = append_room (base_url, info->slug);
  body = json_object_new ();
  json_object_set_member (body, "room", salon_protocol_room (info));
  json_object_set_string_member (body, "url", url);
  json_object_set_string_member (body, "owner_token", owner_token);
  call_end (creation->call, SOUP_STATUS_CREATED, salon_protocol_object (body), NULL);
}

void
salon_http_api_create (const SalonHttpApi *self, SoupServerMessage *message)
{
  CreateRequest request = { .spec.lifetime = SALON_LIFETIME_PERMANENT };
  g_autoptr (GError) error = NULL;

  if (!self->may_create && !salon_http_api_is_admin (self, message))
    g_set_error_literal (
        &error, SALON_ERROR, SALON_ERROR_CREATE_FORBIDDEN, "Only the administrator creates rooms on this server");
  else if (read_create_request (message, &request, &error))
    {
      Creation *creation = g_new (Creation, 1);

      *creation = (Creation){ salon_http_call_begin (message), salon_http_api_make_base_url (self, message) };
      salon_rooms_create_async (self->rooms, &request.spec, creation->call->cancellable, on_created, creation);
    }
  if (error != NULL)
    salon_reply_error (message, error);
  g_clear_pointer (&request.body, json_node_unref);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonHttpCall *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rooms = salon_rooms_list_finish (SALON_ROOMS (source), result, &error);
  JsonArray *array;
  JsonNode *node;

  if (rooms == NULL)
    {
      call_end (call, 0, NULL, error);
      return;
    }
  array = json_array_new ();
  for (guint i = 0; i < rooms->len; i++)
    json_array_add_element (array, room_and_members (g_ptr_array_index (rooms, i)));
  node = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (node, array);
  call_end (call, SOUP_STATUS_OK, salon_protocol_wrap ("rooms", node), NULL);
}

void
salon_http_api_list (const SalonHttpApi *self, SoupServerMessage *message)
{
  SalonHttpCall *call;

  if (!salon_http_api_is_admin (self, message))
    {
      g_autoptr (GError) error = g_error_new_literal (SALON_ERROR, SALON_ERROR_UNAUTHORIZED,
          "Listing rooms takes the administrator's token (Authorization: Bearer ...)");
      salon_reply_error (message, error);
      return;
    }
  call = salon_http_call_begin (message);
  salon_rooms_list_async (self->rooms, call->cancellable, on_listed, call);
}

typedef struct
{
  SalonHttpCall *call;         /* (owned) */
  SalonRecordings *recordings; /* (owned) */
  gboolean is_brief;           /* whether it is recorded, and no more */
} Visit;

static void
on_got (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Visit *visit = user_data;
  g_autoptr (SalonRecordings) recordings = visit->recordings;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRoomInfo) info = salon_rooms_get_finish (SALON_ROOMS (source), result, &error);
  JsonNode *body;

  /* Whoever is about to join makes the room, if need be: that there is none yet is no error to them. */
  if (info == NULL && !(visit->is_brief && g_error_matches (error, SALON_ERROR, SALON_ERROR_ROOM_NOT_FOUND)))
    {
      call_end (visit->call, 0, NULL, error);
      return;
    }
  body = visit->is_brief ? salon_protocol_object (json_object_new ()) : room_and_members (info);
  json_object_set_boolean_member (
      json_node_get_object (body), "recording", info != NULL && salon_recordings_is_recording (recordings, info->id));
  call_end (visit->call, SOUP_STATUS_OK, body, NULL);
}

static void
begin_visit (const SalonHttpApi *self, SoupServerMessage *message, const char *room, gboolean is_brief)
{
  Visit *visit = g_new (Visit, 1);

  *visit = (Visit){ salon_http_call_begin (message), g_object_ref (self->recordings), is_brief };
  salon_rooms_get_async (self->rooms, room, visit->call->cancellable, on_got, visit);
}

void
salon_http_api_get (const SalonHttpApi *self, SoupServerMessage *message, const char *room)
{
  begin_visit (self, message, room, FALSE);
}

void
salon_http_api_get_recording (const SalonHttpApi *self, SoupServerMessage *message, const char *room)
{
  begin_visit (self, message, room, TRUE);
}

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonHttpCall *call = user_data;
  g_autoptr (GError) error = NULL;

  if (salon_rooms_delete_finish (SALON_ROOMS (source), result, &error))
    call_end (call, SOUP_STATUS_OK, salon_protocol_object (json_object_new ()), NULL);
  else
    call_end (call, 0, NULL, error);
}

void
salon_http_api_delete (const SalonHttpApi *self, SoupServerMessage *message, const char *room)
{
  const char *token = salon_http_api_get_bearer_token (message);
  SalonHttpCall *call;

  if (token == NULL)
    {
      g_autoptr (GError) error = g_error_new_literal (SALON_ERROR, SALON_ERROR_UNAUTHORIZED,
          "Deleting a room takes its owner token or the administrator's (Authorization: Bearer ...)");
      salon_reply_error (message, error);
      return;
    }
  call = salon_http_call_begin (message);
  salon_rooms_delete_async (
      self->rooms, room, salon_http_api_is_admin (self, message) ? NULL : token, call->cancellable, on_deleted, call);
}
