/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How well one receives, for who asks to be told. */
#include "salon-protocol.h"
#include "salon-session-private.h"

static void
set_ms (JsonObject *object, const char *name, gint64 time_us)
{
  if (time_us < 0)
    json_object_set_null_member (object, name);
  else
    json_object_set_double_member (object, name, (double)time_us / G_TIME_SPAN_MILLISECOND);
}

static JsonNode *
connection_to_json (const SalonConnectionStats *stats)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "target", stats->target);
  json_object_set_int_member (object, "estimate_bps", stats->estimate_bps);
  set_ms (object, "rtt_ms", stats->rtt_us);
  json_object_set_int_member (object, "bytes", stats->n_bytes);
  json_object_set_int_member (object, "packets_told", stats->n_told);
  json_object_set_int_member (object, "packets_lost", stats->n_lost);
  return salon_protocol_object (object);
}

static JsonNode *
track_to_json (const SalonReceptionStats *stats)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "track", stats->track_id);
  json_object_set_int_member (object, "target", stats->target);
  json_object_set_string_member (object, "mid", stats->mid);
  json_object_set_int_member (object, "packets", stats->n_packets);
  json_object_set_int_member (object, "bytes", stats->n_bytes);
  json_object_set_int_member (object, "resent", stats->n_resent);
  json_object_set_double_member (object, "lost", stats->lost);
  set_ms (object, "rtt_ms", stats->rtt_us);
  set_ms (object, "jitter_ms", stats->jitter_us);
  json_object_set_int_member (object, "keyframe_requests", stats->n_keyframe_requests);
  json_object_set_member (object, "layer", salon_protocol_layer (stats->spatial, stats->temporal));
  json_object_set_string_member (object, "reason", stats->is_muted ? "muted" : stats->reason);
  return salon_protocol_object (object);
}

static JsonNode *
stats_to_json (SalonParticipant *participant)
{
  g_autoptr (GArray) connections = salon_participant_list_connections (participant);
  g_autoptr (GArray) receptions = salon_participant_list_receptions (participant);
  JsonArray *connection_array = json_array_new (), *track_array = json_array_new ();
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < connections->len; i++)
    json_array_add_element (
        connection_array, connection_to_json (&g_array_index (connections, SalonConnectionStats, i)));
  for (guint i = 0; i < receptions->len; i++)
    json_array_add_element (track_array, track_to_json (&g_array_index (receptions, SalonReceptionStats, i)));
  json_object_set_array_member (object, "connections", connection_array);
  json_object_set_array_member (object, "tracks", track_array);
  return salon_protocol_object (object);
}

static gboolean
on_stats_due (gpointer user_data)
{
  SalonSession *self = user_data;

  if (self->state == SALON_SESSION_JOINED)
    salon_session_send (self, salon_protocol_notification ("stats", stats_to_json (self->participant)));
  return G_SOURCE_CONTINUE;
}

void
salon_session_watch_stats (SalonSession *self, guint interval_s)
{
  g_clear_handle_id (&self->stats_id, g_source_remove);
  if (interval_s > 0)
    self->stats_id = g_timeout_add_seconds (interval_s, on_stats_due, self);
}
