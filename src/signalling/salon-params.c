/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-params.h"

#include "salon-error.h"
#include "salon-json.h"
#include "salon-limits.h"

gboolean
salon_params_read_description (JsonObject *params, const char *name, const char *type, const char **sdp, GError **error)
{
  JsonObject *description;
  const char *actual_type;

  if (!salon_json_get_object (params, name, &description, error)
      || !salon_json_get_string (description, "type", 1, 16, &actual_type, error)
      || !salon_json_get_string (description, "sdp", 1, SALON_LIMIT_SDP_BYTES, sdp, error))
    return FALSE;
  if (g_str_equal (actual_type, type))
    return TRUE;
  g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "\"%s.type\" must be \"%s\"", name, type);
  return FALSE;
}

gboolean
salon_params_read_source (JsonObject *object, SalonTrackSource *source, GError **error)
{
  const char *text;

  source->is_muted = FALSE;
  if (!salon_json_get_string (object, "mid", 1, 32, &source->mid, error)
      || !salon_json_get_string (object, "source", 1, 32, &text, error)
      || !salon_json_get_optional_boolean (object, "muted", &source->is_muted, error))
    return FALSE;
  if (salon_source_from_string (text, &source->source))
    return TRUE;
  g_set_error_literal (
      error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "\"source\" must be camera, microphone, screen or screen_audio");
  return FALSE;
}

/* *sources: (nullable): NULL when there is no `tracks`. Its strings are borrowed from params. */
gboolean
salon_params_read_sources (JsonObject *params, GArray **sources, GError **error)
{
  JsonArray *array = NULL;
  g_autoptr (GArray) read = NULL;

  *sources = NULL;
  if (!salon_json_get_optional_array (params, "tracks", SALON_LIMIT_TRACKS, &array, error))
    return FALSE;
  if (array == NULL)
    return TRUE;
  read = g_array_new (FALSE, TRUE, sizeof (SalonTrackSource));
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonObject *object;
      SalonTrackSource source;

      if (!salon_json_array_get_object (array, "tracks", i, &object, error)
          || !salon_params_read_source (object, &source, error))
        return FALSE;
      g_array_append_val (read, source);
    }
  *sources = g_steal_pointer (&read);
  return TRUE;
}

static gboolean
read_codecs (JsonObject *params, SalonCodecs *codecs, GError **error)
{
  JsonArray *array = NULL;

  *codecs = SALON_CODECS_ALL;
  if (!salon_json_get_optional_array (params, "codecs", SALON_N_CODECS, &array, error))
    return FALSE;
  if (array != NULL)
    *codecs = 0;
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      SalonCodec codec;

      if (!salon_codec_from_encoding_name (JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL, &codec))
        {
          g_set_error_literal (
              error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "\"codecs\" are some of opus, vp8, vp9, h264 and av1");
          return FALSE;
        }
      *codecs |= 1u << codec;
    }
  return TRUE;
}

/* *sources owns what attach has of them. */
gboolean
salon_params_read_attach (JsonObject *params, SalonAttachRequest *attach, GArray **sources, GError **error)
{
  *attach = (SalonAttachRequest){ 0 };
  if (!salon_params_read_sources (params, sources, error) || !read_codecs (params, &attach->codecs, error))
    return FALSE;
  attach->sources = *sources;
  return salon_json_get_optional_boolean (params, "receive", &attach->receives, error);
}

/* Into join, whose strings are borrowed from params. */
gboolean
salon_params_read_join (JsonObject *params, SalonJoinRequest *join, gboolean *no_subscribe, GError **error)
{
  JsonObject *config = NULL;
  gboolean no_publish = FALSE;
  gint64 max_video = G_MAXUINT;

  *join = (SalonJoinRequest){ .name = "Guest" };
  if (!salon_json_get_string (params, "sid", 1, SALON_LIMIT_SLUG_RAW_CHARS, &join->room, error)
      || !salon_json_get_optional_string (params, "uid", 0, SALON_LIMIT_NAME_CHARS, &join->name, error)
      || !salon_json_get_optional_string (params, "name", 1, SALON_LIMIT_NAME_CHARS, &join->name, error)
      || !salon_json_get_optional_string (params, "session", 1, 128, &join->session_token, error)
      || !salon_json_get_optional_string (params, "token", 1, 128, &join->owner_token, error)
      || !salon_json_get_optional_boolean (params, "unattended", &join->is_unattended, error)
      || !salon_json_get_optional_boolean (params, "resume", &join->is_resuming, error)
      || !salon_json_get_optional_boolean (params, "data_channels", &join->takes_data, error)
      || !salon_json_get_optional_object (params, "config", &config, error))
    return FALSE;
  if (join->is_resuming && json_object_has_member (params, "offer"))
    {
      g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
          "\"resume\" goes on with the connections there are; leave out \"offer\"");
      return FALSE;
    }
  if (*join->name == '\0')
    join->name = "Guest";
  if (config != NULL
      && (!salon_json_get_optional_boolean (config, "NoPublish", &no_publish, error)
          || !salon_json_get_optional_boolean (config, "NoSubscribe", no_subscribe, error)
          || !salon_json_get_optional_int (
              config, "max_video", 0, SALON_LIMIT_SEATS * SALON_LIMIT_SUBSCRIBERS, &max_video, error)))
    return FALSE;
  join->max_video = (guint)max_video;
  join->may_publish = !no_publish;
  return TRUE;
}

gboolean
salon_params_read_whip (JsonObject *query, SalonJoinRequest *join, const char **followed, GError **error)
{
  *join = (SalonJoinRequest){ .name = "Guest", .is_unattended = TRUE, .max_video = G_MAXUINT };
  *followed = NULL;
  return salon_json_get_optional_string (query, "name", 1, SALON_LIMIT_NAME_CHARS, &join->name, error)
         && salon_json_get_optional_string (query, "participant", 1, SALON_LIMIT_NAME_CHARS, followed, error);
}

gboolean
salon_params_read_candidate (JsonObject *params, gint64 *target, gint64 *m_line, const char **text, GError **error)
{
  JsonObject *candidate;

  *m_line = 0;
  return salon_json_get_int (params, "target", 0, SALON_LIMIT_SUBSCRIBERS, target, error)
         && salon_json_get_object (params, "candidate", &candidate, error)
         && salon_json_get_string (candidate, "candidate", 0, 1024, text, error)
         && salon_json_get_optional_int (candidate, "sdpMLineIndex", 0, 255, m_line, error);
}

static gboolean
read_quality (const char *text, gint *max_layer, GError **error)
{
  static const char *const qualities[] = { "off", "low", "medium", "high" };

  for (guint i = 0; i < G_N_ELEMENTS (qualities); i++)
    {
      if (g_str_equal (text, qualities[i]))
        {
          *max_layer = (gint)i - 1;
          return TRUE;
        }
    }
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "\"quality\" must be off, low, medium or high");
  return FALSE;
}

gboolean
salon_params_read_track_settings (JsonObject *params, SalonTrackSettings *settings, GError **error)
{
  const char *quality = "high";
  gint64 width = 0;
  gint64 height = 0;
  gint64 frame_rate = 0;

  *settings = SALON_TRACK_SETTINGS_ALL;
  if (!salon_json_get_optional_string (params, "quality", 1, 16, &quality, error)
      || !salon_json_get_optional_int (params, "width", 1, SALON_LIMIT_PIXELS, &width, error)
      || !salon_json_get_optional_int (params, "height", 1, SALON_LIMIT_PIXELS, &height, error)
      || !salon_json_get_optional_int (params, "frame_rate", 1, SALON_LIMIT_FRAME_RATE, &frame_rate, error))
    return FALSE;
  settings->width = (guint)width;
  settings->height = (guint)height;
  settings->frame_rate = (guint)frame_rate;
  return read_quality (quality, &settings->max_layer, error);
}

gboolean
salon_params_read_limit (JsonObject *params, SalonTrackLimit *limit, GError **error)
{
  static const struct
  {
    const char *name;
    SalonTrackLimit limit;
  } limits[] = { { "none", SALON_TRACK_LIMIT_NONE }, { "bandwidth", SALON_TRACK_LIMIT_BANDWIDTH },
    { "cpu", SALON_TRACK_LIMIT_CPU } };
  const char *reason;

  if (!salon_json_get_string (params, "reason", 1, 16, &reason, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      if (g_str_equal (reason, limits[i].name))
        {
          *limit = limits[i].limit;
          return TRUE;
        }
    }
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "\"reason\" must be none, bandwidth or cpu");
  return FALSE;
}

/* Ids are UUIDs: what is none would be told to others. */
gboolean
salon_params_read_optional_id (JsonObject *params, const char *name, const char **id, GError **error)
{
  if (!salon_json_get_optional_string (params, name, 1, 64, id, error))
    return FALSE;
  if (*id == NULL || g_uuid_string_is_valid (*id))
    return TRUE;
  g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "\"%s\" must be the id of a message", name);
  return FALSE;
}
