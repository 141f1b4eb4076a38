/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How well one receives, for who asks to be told. */
#include "salon-json.h"
#include "salon-limits.h"
#include "salon-protocol.h"
#include "salon-session-private.h"

static char *
make_key (guint target, const char *mid)
{
  return g_strdup_printf ("%u/%s", target, mid);
}

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

/* -- what the client tells -- */

/* All may be left out: not every browser knows, and sound does not freeze. */
static const struct
{
  const char *name;
  double max;
} figures[] = {
  { "freezes", G_MAXINT32 },
  { "frozen_ms", SALON_LIMIT_RECEIVED_MS },
  { "frames_per_second", SALON_LIMIT_FRAME_RATE },
  { "concealed", 1 },
  { "jitter_buffer_ms", SALON_LIMIT_RECEIVED_MS },
};

/* How many times in a row nothing has to be told of what is told, until it is not true any more. */
#define RECEIVED_INTERVALS 3

/* Returns: (transfer full) (nullable): what it says, and nothing else. */
static JsonObject *
copy_figures (JsonObject *from, GError **error)
{
  g_autoptr (JsonObject) copy = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (figures); i++)
    {
      double value = -1;

      if (!salon_json_get_optional_double (from, figures[i].name, 0, figures[i].max, &value, error))
        return NULL;
      if (value >= 0)
        json_object_set_double_member (copy, figures[i].name, value);
    }
  return g_steal_pointer (&copy);
}

static gboolean
take_one (GHashTable *received, JsonObject *from, GError **error)
{
  const char *mid;
  gint64 target;
  JsonObject *copy;

  if (!salon_json_get_int (from, "target", 1, SALON_LIMIT_SUBSCRIBERS, &target, error)
      || !salon_json_get_string (from, "mid", 1, 32, &mid, error) || (copy = copy_figures (from, error)) == NULL)
    return FALSE;
  g_hash_table_insert (received, make_key ((guint)target, mid), copy);
  return TRUE;
}

gboolean
salon_session_take_received (SalonSession *self, JsonObject *params, GError **error)
{
  g_autoptr (GHashTable) received
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_object_unref);
  JsonArray *tracks;

  if (!salon_json_get_array (params, "tracks", SALON_LIMIT_RECEIVED, &tracks, error))
    return FALSE;
  for (guint i = 0; i < json_array_get_length (tracks); i++)
    {
      JsonObject *each;

      if (!salon_json_array_get_object (tracks, "tracks", i, &each, error) || !take_one (received, each, error))
        return FALSE;
    }
  if (self->stats_id == 0)
    return TRUE;
  g_clear_pointer (&self->received, g_hash_table_unref);
  self->received = g_steal_pointer (&received);
  self->received_us = g_get_monotonic_time ();
  return TRUE;
}

static void
add_received (SalonSession *self, const SalonReceptionStats *stats, JsonObject *object)
{
  gboolean is_old = g_get_monotonic_time () - self->received_us > RECEIVED_INTERVALS * self->stats_interval_us;
  g_autofree char *key = make_key (stats->target, stats->mid);
  JsonObject *received = self->received != NULL && !is_old ? g_hash_table_lookup (self->received, key) : NULL;

  if (received == NULL)
    json_object_set_null_member (object, "received");
  else
    json_object_set_object_member (object, "received", json_object_ref (received));
}

/* -- what we tell -- */

static JsonNode *
track_to_json (SalonSession *self, const SalonReceptionStats *stats)
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
  json_object_set_boolean_member (object, "transcoded", stats->is_transcoded);
  add_received (self, stats, object);
  return salon_protocol_object (object);
}

static JsonNode *
stats_to_json (SalonSession *self)
{
  g_autoptr (GArray) connections = salon_participant_list_connections (self->participant);
  g_autoptr (GArray) receptions = salon_participant_list_receptions (self->participant);
  JsonArray *connection_array = json_array_new (), *track_array = json_array_new ();
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < connections->len; i++)
    json_array_add_element (
        connection_array, connection_to_json (&g_array_index (connections, SalonConnectionStats, i)));
  for (guint i = 0; i < receptions->len; i++)
    json_array_add_element (track_array, track_to_json (self, &g_array_index (receptions, SalonReceptionStats, i)));
  json_object_set_array_member (object, "connections", connection_array);
  json_object_set_array_member (object, "tracks", track_array);
  return salon_protocol_object (object);
}

static gboolean
on_stats_due (gpointer user_data)
{
  SalonSession *self = user_data;

  if (self->state == SALON_SESSION_JOINED)
    salon_session_send (self, salon_protocol_notification ("stats", stats_to_json (self)));
  return G_SOURCE_CONTINUE;
}

void
salon_session_watch_stats (SalonSession *self, guint interval_s)
{
  g_clear_handle_id (&self->stats_id, g_source_remove);
  g_clear_pointer (&self->received, g_hash_table_unref);
  self->stats_interval_us = interval_s * G_TIME_SPAN_SECOND;
  if (interval_s > 0)
    self->stats_id = g_timeout_add_seconds (interval_s, on_stats_due, self);
}
