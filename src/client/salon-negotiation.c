/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-negotiation.h"

#include <glib/gi18n.h>

#include "salon-json.h"

#define LAST_TARGET 15
/* More than any text of the protocol. */
#define LONGEST_TEXT (256 * 1024)

struct _SalonNegotiation
{
  SalonClient *client;                  /* (borrowed) */
  const SalonNegotiationEvents *events; /* (borrowed) (nullable): NULL once freed, while an answer is under way */
  gpointer user_data;
  GHashTable *peers;           /* (owned) (element-type uint SalonPeer): by target */
  char **formats;              /* (owned) (nullable) */
  GPtrArray *early_candidates; /* (owned) (element-type JsonObject) (nullable): the server takes them after the join */
};

static JsonObject *
description_to_json (const char *type, const char *sdp)
{
  JsonObject *description = json_object_new ();

  json_object_set_string_member (description, "type", type);
  json_object_set_string_member (description, "sdp", sdp);
  return description;
}

/* -- peers -- */

static guint
target_of (SalonNegotiation *self, SalonPeer *peer)
{
  GHashTableIter peers;
  gpointer target;
  gpointer other;

  g_hash_table_iter_init (&peers, self->peers);
  while (g_hash_table_iter_next (&peers, &target, &other))
    {
      if (other == peer)
        return GPOINTER_TO_UINT (target);
    }
  g_assert_not_reached ();
}

static void
on_candidate (SalonPeer *peer, guint m_line, const char *text, SalonNegotiation *self)
{
  JsonObject *params = json_object_new ();
  JsonObject *candidate = json_object_new ();

  json_object_set_string_member (candidate, "candidate", text);
  json_object_set_int_member (candidate, "sdpMLineIndex", m_line);
  json_object_set_int_member (params, "target", target_of (self, peer));
  json_object_set_object_member (params, "candidate", candidate);
  if (self->early_candidates != NULL)
    g_ptr_array_add (self->early_candidates, params);
  else
    salon_client_notify (self->client, "trickle", params);
}

static void
on_connected (SalonPeer *peer, SalonNegotiation *self)
{
  self->events->connected (peer, self->user_data);
}

static void
on_failed (SalonPeer *peer, SalonNegotiation *self)
{
  self->events->failed (
      _ ("the media connection failed; a firewall or NAT may block UDP between you and the server"), self->user_data);
}

void
salon_negotiation_set_formats (SalonNegotiation *self, char **names)
{
  g_strfreev (self->formats);
  self->formats = names;
}

SalonPeer *
salon_negotiation_add (SalonNegotiation *self, guint target, GstElement *webrtcbin)
{
  SalonPeer *peer = salon_peer_new (webrtcbin);

  salon_peer_set_formats (peer, (const char *const *)self->formats);
  g_signal_connect (peer, "candidate", G_CALLBACK (on_candidate), self);
  g_signal_connect (peer, "connected", G_CALLBACK (on_connected), self);
  g_signal_connect (peer, "failed", G_CALLBACK (on_failed), self);
  g_hash_table_insert (self->peers, GUINT_TO_POINTER (target), peer);
  return peer;
}

SalonPeer *
salon_negotiation_find (SalonNegotiation *self, guint target)
{
  return g_hash_table_lookup (self->peers, GUINT_TO_POINTER (target));
}

static SalonPeer *
ensure_peer (SalonNegotiation *self, guint target)
{
  SalonPeer *peer = salon_negotiation_find (self, target);
  g_autoptr (GstElement) webrtcbin = NULL;

  if (peer != NULL || target == SALON_NEGOTIATION_PUBLISHER)
    return peer;
  webrtcbin = self->events->new_subscriber (target, self->user_data);
  return salon_negotiation_add (self, target, webrtcbin);
}

/* -- the server's offers and candidates -- */

static void
take_trickle (SalonNegotiation *self, JsonObject *params)
{
  JsonObject *candidate;
  const char *text;
  gint64 target;
  gint64 m_line = 0;
  SalonPeer *peer;

  if (!salon_json_get_int (params, "target", 0, LAST_TARGET, &target, NULL)
      || !salon_json_get_object (params, "candidate", &candidate, NULL)
      || !salon_json_get_string (candidate, "candidate", 0, LONGEST_TEXT, &text, NULL)
      || !salon_json_get_optional_int (candidate, "sdpMLineIndex", 0, G_MAXUINT8, &m_line, NULL))
    return;
  peer = ensure_peer (self, target);
  if (peer != NULL)
    salon_peer_add_candidate (peer, m_line, text);
}

static void
on_answer_taken (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonNegotiation *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) reply = salon_client_request_finish (SALON_CLIENT (source), result, &error);

  if (self->events != NULL && reply == NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    self->events->failed (error->message, self->user_data);
  g_rc_box_release (self);
}

static void
take_offer (SalonNegotiation *self, JsonObject *params)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *answer = NULL;
  JsonObject *reply;
  const char *sdp;
  gint64 target;

  if (!salon_json_get_int (params, "target", 1, LAST_TARGET, &target, &error)
      || !salon_json_get_string (params, "sdp", 1, LONGEST_TEXT, &sdp, &error)
      || (answer = salon_peer_answer (ensure_peer (self, target), sdp, &error)) == NULL)
    {
      self->events->failed (error->message, self->user_data);
      return;
    }
  reply = json_object_new ();
  json_object_set_int_member (reply, "target", target);
  json_object_set_object_member (reply, "desc", description_to_json ("answer", answer));
  salon_client_request_async (self->client, "answer", reply, on_answer_taken, g_rc_box_acquire (self));
}

gboolean
salon_negotiation_take (SalonNegotiation *self, const char *method, JsonObject *params)
{
  if (g_str_equal (method, "offer"))
    take_offer (self, params);
  else if (g_str_equal (method, "trickle"))
    take_trickle (self, params);
  else
    return FALSE;
  return TRUE;
}

/* -- the join -- */

gboolean
salon_negotiation_offer (SalonNegotiation *self, JsonObject *join_params, GError **error)
{
  SalonPeer *publisher = salon_negotiation_find (self, SALON_NEGOTIATION_PUBLISHER);
  g_autofree char *sdp = NULL;

  if (publisher == NULL)
    return TRUE;
  sdp = salon_peer_offer (publisher, error);
  if (sdp == NULL)
    return FALSE;
  json_object_set_object_member (join_params, "offer", description_to_json ("offer", sdp));
  return TRUE;
}

gboolean
salon_negotiation_take_result (SalonNegotiation *self, JsonObject *result, GError **error)
{
  SalonPeer *publisher = salon_negotiation_find (self, SALON_NEGOTIATION_PUBLISHER);
  g_autoptr (GPtrArray) early_candidates = NULL;
  const char *sdp;

  if (publisher != NULL
      && (!salon_json_get_string (result, "sdp", 1, LONGEST_TEXT, &sdp, error)
          || !salon_peer_take_answer (publisher, sdp, error)))
    return FALSE;
  early_candidates = g_steal_pointer (&self->early_candidates);
  for (guint i = 0; i < early_candidates->len; i++)
    salon_client_notify (self->client, "trickle", json_object_ref (g_ptr_array_index (early_candidates, i)));
  return TRUE;
}

/* -- life -- */

SalonNegotiation *
salon_negotiation_new (SalonClient *client, const SalonNegotiationEvents *events, gpointer user_data)
{
  SalonNegotiation *self = g_rc_box_new0 (SalonNegotiation);

  self->client = client;
  self->events = events;
  self->user_data = user_data;
  self->peers = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
  self->early_candidates = g_ptr_array_new_with_free_func ((GDestroyNotify)json_object_unref);
  return self;
}

void
salon_negotiation_free (SalonNegotiation *self)
{
  GHashTableIter peers;
  gpointer peer;

  g_hash_table_iter_init (&peers, self->peers);
  while (g_hash_table_iter_next (&peers, NULL, &peer))
    g_signal_handlers_disconnect_by_data (peer, self);
  g_hash_table_unref (self->peers);
  g_clear_pointer (&self->formats, g_strfreev);
  g_clear_pointer (&self->early_candidates, g_ptr_array_unref);
  self->events = NULL;
  g_rc_box_release (self);
}
