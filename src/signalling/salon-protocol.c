/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-protocol.h"

#include "salon-content-type.h"
#include "salon-error.h"
#include "salon-job-files.h"

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
salon_protocol_timestamp (gint64 time_s)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (time_s);
  g_autofree char *text = time_s != 0 ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%S.000Z") : NULL;

  return text != NULL ? json_node_init_string (json_node_alloc (), text) : json_node_new (JSON_NODE_NULL);
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
  json_object_set_boolean_member (object, "waiting_room", room->has_waiting_room);
  json_object_set_member (object, "expires_at", salon_protocol_timestamp (room->expires_at_s));
  if (room->host != NULL)
    json_object_set_string_member (object, "host", room->host);
  else
    json_object_set_null_member (object, "host");
  return salon_protocol_object (object);
}

JsonNode *
salon_protocol_job_room (const SalonJobSpec *spec)
{
  JsonObject *object;

  if (spec->room == NULL)
    return json_node_new (JSON_NODE_NULL);
  object = json_object_new ();
  json_object_set_string_member (object, "id", spec->room);
  json_object_set_string_member (object, "slug", spec->slug);
  return salon_protocol_object (object);
}

JsonNode *
salon_protocol_upload (SalonUploads *uploads, const char *folder)
{
  const SalonUploadStatus *status = salon_uploads_find (uploads, folder);
  g_autofree char *url = status != NULL ? salon_uploads_get_url (uploads, status) : NULL;
  JsonObject *object;

  if (status == NULL)
    return json_node_new (JSON_NODE_NULL);
  object = json_object_new ();
  salon_upload_status_to_json (status, object);
  if (url != NULL)
    json_object_set_string_member (object, "url", url);
  else
    json_object_set_null_member (object, "url");
  return salon_protocol_object (object);
}

JsonNode *
salon_protocol_job (SalonJobs *jobs, SalonJob *job, gboolean has_folder, gboolean has_log)
{
  const SalonJobSpec *spec = salon_job_get_spec (job);
  const SalonJobStatus *status = salon_job_get_status (job);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", spec->id);
  json_object_set_member (object, "room", salon_protocol_job_room (spec));
  if (spec->pipeline != NULL)
    json_object_set_string_member (object, "pipeline", spec->pipeline);
  else
    json_object_set_null_member (object, "pipeline");
  json_object_set_object_member (object, "parameters", json_object_ref (spec->parameters));
  json_object_set_member (object, "created_at", salon_protocol_timestamp (spec->created_at_s));
  salon_job_status_to_json (status, object, has_log);
  json_object_set_member (object, "started_at", salon_protocol_timestamp (status->started_at_s));
  json_object_set_member (object, "ended_at", salon_protocol_timestamp (status->ended_at_s));
  if (status->position_ms < 0)
    json_object_set_null_member (object, "position_ms");
  if (status->error == NULL)
    json_object_set_null_member (object, "error");
  json_object_set_member (
      object, "upload", salon_protocol_upload (salon_jobs_get_uploads (jobs), salon_job_get_folder (job)));
  if (has_folder)
    json_object_set_string_member (object, "folder", salon_job_get_folder (job));
  return salon_protocol_object (object);
}

static JsonObject *
job_file (const SalonJobFile *file)
{
  const char *type = salon_content_type_of_media (file->name);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", file->name);
  json_object_set_int_member (object, "bytes", file->size_bytes);
  json_object_set_member (object, "modified_at", salon_protocol_timestamp (file->modified_at_s));
  json_object_set_string_member (object, "type", type != NULL ? type : "application/octet-stream");
  return object;
}

JsonArray *
salon_protocol_files (GPtrArray *files)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < files->len; i++)
    json_array_add_object_element (array, job_file (g_ptr_array_index (files, i)));
  return array;
}

static void
add_layers (JsonObject *track, const SalonPublication *publication)
{
  SalonPublicationLayer layers[SALON_PUBLICATION_MAX_LAYERS];
  guint n_layers = salon_publication_list_layers (publication, layers);
  JsonArray *array;

  if (n_layers == 0)
    return;
  array = json_array_new ();
  for (guint i = 0; i < n_layers; i++)
    {
      JsonObject *layer = json_object_new ();

      json_object_set_int_member (layer, "spatial", layers[i].spatial);
      if (layers[i].width != 0)
        {
          json_object_set_int_member (layer, "width", layers[i].width);
          json_object_set_int_member (layer, "height", layers[i].height);
        }
      json_array_add_object_element (array, layer);
    }
  json_object_set_array_member (track, "layers", array);
}

JsonNode *
salon_protocol_layer (gint spatial, gint temporal)
{
  JsonObject *layer;

  if (spatial < 0)
    return json_node_new (JSON_NODE_NULL);
  layer = json_object_new ();
  json_object_set_int_member (layer, "spatial", spatial);
  json_object_set_int_member (layer, "temporal", temporal);
  return salon_protocol_object (layer);
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
  if (publication->is_squelched)
    json_object_set_boolean_member (object, "squelched", TRUE);
  add_layers (object, publication);
  return salon_protocol_object (object);
}

JsonNode *
salon_protocol_person (const SalonPerson *person)
{
  JsonObject *object = json_object_new ();
  JsonArray *tracks = json_array_new ();

  for (guint i = 0; person->publications != NULL && i < person->publications->len; i++)
    json_array_add_element (tracks, salon_protocol_track (g_ptr_array_index (person->publications, i)));
  json_object_set_string_member (object, "id", person->id);
  json_object_set_string_member (object, "name", person->name);
  json_object_set_boolean_member (object, "is_host", person->is_host);
  json_object_set_string_member (object, "connection", person->is_silent ? "silent" : "good");
  if (person->is_unattended)
    json_object_set_boolean_member (object, "unattended", TRUE);
  json_object_set_array_member (object, "tracks", tracks);
  return salon_protocol_object (object);
}

JsonNode *
salon_protocol_waiting_list (GPtrArray *waiting)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();

  for (guint i = 0; waiting != NULL && i < waiting->len; i++)
    {
      const SalonMember *member = g_ptr_array_index (waiting, i);
      JsonObject *person = json_object_new ();

      json_object_set_string_member (person, "id", member->id);
      json_object_set_string_member (person, "name", member->name);
      json_array_add_object_element (array, person);
    }
  json_node_take_array (node, array);
  return node;
}

JsonNode *
salon_protocol_limit (guint limit)
{
  return limit == G_MAXUINT ? json_node_new (JSON_NODE_NULL) : json_node_init_int (json_node_alloc (), limit);
}

JsonNode *
salon_protocol_speakers (SalonParticipant *participant)
{
  const char *leader;
  g_autoptr (GArray) speaking = salon_participant_list_speaking (participant, &leader);
  JsonObject *object = json_object_new ();
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < speaking->len; i++)
    {
      const SalonSpeaking *one = &g_array_index (speaking, SalonSpeaking, i);
      JsonObject *speaker = json_object_new ();

      json_object_set_string_member (speaker, "participant", one->id);
      json_object_set_int_member (speaker, "level", one->level_dbov);
      json_array_add_object_element (array, speaker);
    }
  if (leader != NULL)
    json_object_set_string_member (object, "leader", leader);
  else
    json_object_set_null_member (object, "leader");
  json_object_set_array_member (object, "speakers", array);
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
