/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-protocol.h"

#include "salon-error.h"

JsonNode *
salon_protocol_object (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

JsonNode *
salon_protocol_wrap (const char *name, JsonNode *value)
{
  JsonObject *object = json_object_new ();

  json_object_set_member (object, name, value);
  return salon_protocol_object (object);
}

JsonNode *
salon_protocol_room (const SalonRoomInfo *room)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", room->id);
  json_object_set_string_member (object, "slug", room->slug);
  json_object_set_string_member (object, "lifetime", salon_lifetime_to_string (room->lifetime));
  json_object_set_int_member (object, "max_members", room->max_members);
  json_object_set_boolean_member (object, "locked", room->is_locked);
  if (room->host != NULL)
    json_object_set_string_member (object, "host", room->host);
  else
    json_object_set_null_member (object, "host");
  return salon_protocol_object (object);
}

JsonNode *
salon_protocol_track (const SalonPublication *publication)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", publication->id);
  json_object_set_string_member (object, "participant", salon_participant_get_id (publication->participant));
  json_object_set_string_member (object, "mid", publication->mid);
  json_object_set_string_member (object, "kind", salon_source_is_video (publication->source) ? "video" : "audio");
  json_object_set_string_member (object, "source", salon_source_to_string (publication->source));
  json_object_set_boolean_member (object, "muted", publication->is_muted);
  return salon_protocol_object (object);
}

JsonNode *
salon_protocol_participant (SalonParticipant *participant)
{
  GPtrArray *publications = salon_participant_get_publications (participant);
  JsonObject *object = json_object_new ();
  JsonArray *tracks = json_array_new ();

  for (guint i = 0; i < publications->len; i++)
    json_array_add_element (tracks, salon_protocol_track (g_ptr_array_index (publications, i)));
  json_object_set_string_member (object, "id", salon_participant_get_id (participant));
  json_object_set_string_member (object, "name", salon_participant_get_name (participant));
  json_object_set_boolean_member (object, "is_host", salon_participant_is_host (participant));
  json_object_set_array_member (object, "tracks", tracks);
  return salon_protocol_object (object);
}

JsonNode *
salon_protocol_candidate (guint target, guint m_line, const char *candidate)
{
  JsonObject *inner = json_object_new ();
  JsonObject *object = json_object_new ();

  json_object_set_string_member (inner, "candidate", candidate);
  json_object_set_null_member (inner, "sdpMid");
  json_object_set_int_member (inner, "sdpMLineIndex", m_line);
  json_object_set_int_member (object, "target", target);
  json_object_set_object_member (object, "candidate", inner);
  return salon_protocol_object (object);
}

JsonNode *
salon_protocol_error (const GError *error)
{
  JsonObject *object = json_object_new ();
  JsonObject *data = json_object_new ();

  json_object_set_string_member (data, "reason", salon_error_reason (error));
  json_object_set_int_member (object, "code", salon_error_rpc_code (error));
  json_object_set_string_member (object, "message",
      error->domain == SALON_ERROR ? error->message : "Something went wrong in the server; its log says more");
  json_object_set_object_member (object, "data", data);
  return salon_protocol_object (object);
}

static JsonObject *
new_response (JsonNode *id)
{
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "id", id != NULL ? json_node_copy (id) : json_node_new (JSON_NODE_NULL));
  json_object_set_string_member (object, "jsonrpc", "2.0");
  return object;
}

JsonNode *
salon_protocol_result (JsonNode *id, JsonNode *result)
{
  JsonObject *object = new_response (id);

  json_object_set_member (object, "result", result);
  return salon_protocol_object (object);
}

JsonNode *
salon_protocol_failure (JsonNode *id, const GError *error)
{
  JsonObject *object = new_response (id);

  json_object_set_member (object, "error", salon_protocol_error (error));
  return salon_protocol_object (object);
}

JsonNode *
salon_protocol_notification (const char *method, JsonNode *params)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "method", method);
  json_object_set_member (object, "params", params);
  json_object_set_string_member (object, "jsonrpc", "2.0");
  return salon_protocol_object (object);
}
