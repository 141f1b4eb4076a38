/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-participant-private.h"

#include "salon-error.h"
#include "salon-limits.h"

G_DEFINE_FINAL_TYPE (SalonParticipant, salon_participant, G_TYPE_OBJECT)

gboolean
salon_participant_check_in_room (SalonParticipant *self, GError **error)
{
  if (self->room != NULL)
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_NOT_JOINED, "You have left the room; join again");
  return FALSE;
}

/* What was under way when the connection was closed is no failure of the server: the participant has left. */
void
salon_participant_return_error (GTask *task, GError *error)
{
  SalonParticipant *self = g_task_get_source_object (task);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_clear_error (&error);
      if (salon_participant_check_in_room (self, &error))
        g_set_error_literal (&error, SALON_ERROR, SALON_ERROR_MEDIA, "The connection was closed; offer again");
    }
  g_task_return_error (task, error);
}

/* -- what others do -- */

/* In the room: one with this track, or with this id. */
static const SalonPublication *
find_in_room (SalonParticipant *self, SalonTrack *track, const char *id)
{
  GPtrArray *participants = salon_room_get_participants (self->room);

  for (guint i = 0; i < participants->len; i++)
    {
      GPtrArray *publications = ((SalonParticipant *)g_ptr_array_index (participants, i))->publications;

      for (guint k = 0; k < publications->len; k++)
        {
          const SalonPublication *publication = g_ptr_array_index (publications, k);

          if (track != NULL ? publication->track == track : g_str_equal (publication->id, id))
            return publication;
        }
    }
  return NULL;
}

static const SalonPublication *
find_publication_of_track (SalonParticipant *self, SalonTrack *track)
{
  return find_in_room (self, track, NULL);
}

static const SalonPublication *
find_publication_of_id (SalonParticipant *self, const char *id)
{
  return find_in_room (self, NULL, id);
}

static void
update_view (SalonParticipant *self, SalonTrackEvent event, const SalonPublication *publication)
{
  switch (event)
    {
    case SALON_TRACK_PUBLISHED:
      salon_view_add (self->view, publication);
      break;
    case SALON_TRACK_UNPUBLISHED:
      salon_view_remove (self->view, publication);
      break;
    case SALON_TRACK_MUTED:
    case SALON_TRACK_UNMUTED:
      salon_view_update (self->view, publication);
      break;
    case SALON_TRACK_UPDATED:
      /* Others read that in the event itself. */
      if (self->ion != NULL && self->subscriptions != NULL)
        salon_subscriptions_tell_layer (self->subscriptions, publication->track);
      break;
    }
}

void
salon_participant_notify_track (
    SalonParticipant *self, SalonTrackEvent event, const SalonPublication *publication, SalonParticipant *by)
{
  EMIT (self, track, event, publication, by);
  if (publication->participant != self)
    update_view (self, event, publication);
}

void
salon_participant_update_track (SalonParticipant *self, const SalonPublication *publication)
{
  salon_view_update (self->view, publication);
}

void
salon_participant_choose_pictures (SalonParticipant *self)
{
  salon_view_choose (self->view);
}

void
salon_participant_notify_speakers (SalonParticipant *self)
{
  if (self->events != NULL && self->events->speakers != NULL)
    self->events->speakers (self->session);
  if (self->ion != NULL && self->room != NULL)
    salon_ion_tell_speakers (self->ion);
}

void
salon_participant_notify_wanted (SalonParticipant *self, const SalonPublication *publication)
{
  if (salon_track_is_video (publication->track))
    EMIT (self, layers_wanted, publication, salon_track_get_wanted (publication->track));
}

/* To one who takes it that all of it is. */
void
salon_participant_tell_unwanted (SalonParticipant *self, const SalonPublication *publication)
{
  if (salon_track_get_wanted (publication->track) + 1 < (gint)salon_track_get_n_streams (publication->track))
    salon_participant_notify_wanted (self, publication);
}

void
salon_participant_notify_person (SalonParticipant *self, SalonParticipantEvent event, const SalonPerson *person)
{
  EMIT (self, participant, event, person);
}

void
salon_participant_notify_waiting_list (SalonParticipant *self)
{
  GPtrArray *waiting = salon_participant_get_waiting_list (self);

  if (waiting != NULL)
    EMIT (self, waiting_list, waiting);
}

void
salon_participant_notify_room (SalonParticipant *self)
{
  if (self->room != NULL)
    EMIT (self, room, salon_room_get_info (self->room));
}

void
salon_participant_notify_chat_changed (SalonParticipant *self, const char *message_id, const char *text)
{
  EMIT (self, chat_changed, message_id, text);
}

void
salon_participant_notify_chat (SalonParticipant *self, const SalonChatMessage *message)
{
  EMIT (self, chat, message);
}

/* How long what ends with this event has lasted. */
static gint64
get_duration_us (SalonParticipant *self, const char *event)
{
  if (g_str_equal (event, "participant_left"))
    return g_get_monotonic_time () - self->joined_us;
  if (g_str_equal (event, "participant_media_heard"))
    return g_get_monotonic_time () - self->silent_since_us;
  return 0;
}

void
salon_participant_log (
    SalonParticipant *self, SalonLogLevel level, const char *event, const char *reason, const char *message)
{
  salon_log_event (level, event,
      (SalonLogFields){
          .room = salon_room_get_info (self->room)->id,
          .participant = self->id,
          .session = self->session_id,
          .reason = reason,
          .duration_us = get_duration_us (self, event),
      },
      "%s", message);
}

/* -- leaving -- */

void
salon_participant_drop_publication (SalonParticipant *self, guint index)
{
  SalonPublication *publication = g_ptr_array_steal_index (self->publications, index);

  /* Off everybody's seats while its track still lives. */
  salon_room_track_changed (self->room, SALON_TRACK_UNPUBLISHED, publication, NULL);
  salon_publication_free (publication);
}

void
salon_participant_leave (SalonParticipant *self)
{
  g_autoptr (SalonRoom) room = NULL;

  self->events = NULL;
  g_clear_handle_id (&self->grace_id, g_source_remove);
  if (self->room == NULL)
    return;
  while (self->publications->len > 0)
    salon_participant_drop_publication (self, self->publications->len - 1);
  g_clear_pointer (&self->ion, salon_ion_free);
  g_clear_pointer (&self->data, salon_data_member_leave);
  if (self->subscriptions != NULL)
    salon_subscriptions_close (self->subscriptions);
  if (self->publisher != NULL)
    salon_publisher_close (self->publisher);
  if (self->attachment != NULL)
    salon_attachment_close (self->attachment);
  if (!self->is_replaced)
    salon_participant_log (self, SALON_LOG_INFO, "participant_left", self->leave_reason, "Left");
  room = g_steal_pointer (&self->room);
  if (self->is_replaced)
    self->owner->replaced (self, room, self->owner_data);
  else
    self->owner->left (self, room, self->owner_data);
}

void
salon_participant_say_goodbye (SalonParticipant *self, const char *reason, const char *message)
{
  const SalonParticipantEvents *events = g_steal_pointer (&self->events);

  self->leave_reason = reason;
  if (self->attachment != NULL)
    salon_attachment_hang_up (self->attachment);
  if (events != NULL)
    events->ended (self->session, reason, message);
}

void
salon_participant_end (SalonParticipant *self, const char *reason, const char *message)
{
  const SalonParticipantEvents *events = g_steal_pointer (&self->events);

  self->leave_reason = reason;
  salon_participant_leave (self);
  if (events != NULL)
    events->ended (self->session, reason, message);
}

/* -- sessions come and go -- */

/* A page that is loaded again has joined within this, also on a slow line. */
#define RELOAD_GRACE_S 5

static gboolean
on_grace_over (gpointer user_data)
{
  g_autoptr (SalonParticipant) self = g_object_ref (user_data);

  self->grace_id = 0;
  self->leave_reason = "lost";
  salon_participant_leave (self);
  return G_SOURCE_REMOVE;
}

void
salon_participant_lose_session (SalonParticipant *self, gboolean is_reload)
{
  guint grace_s = is_reload ? MIN (self->grace_s, RELOAD_GRACE_S) : self->grace_s;

  self->events = NULL;
  if (self->room == NULL || self->grace_id != 0)
    return;
  salon_participant_log (
      self, SALON_LOG_INFO, "participant_lost", is_reload ? "reload" : "connection", "Connection lost");
  self->leave_reason = "lost";
  if (grace_s == 0)
    salon_participant_leave (self);
  else
    self->grace_id = g_timeout_add_seconds (grace_s, on_grace_over, self);
}

gboolean
salon_participant_belongs_to (SalonParticipant *self, gconstpointer session)
{
  return self->session == session;
}

/* An answer that is on its way to the old session would leave the client with half a negotiation. */
static gboolean
can_publisher_resume (SalonPublisher *publisher)
{
  return salon_transport_is_verified (SALON_TRANSPORT (publisher)) && !salon_publisher_is_negotiating (publisher);
}

gboolean
salon_participant_can_resume (SalonParticipant *self)
{
  return self->room != NULL && self->attachment == NULL
         && (self->publisher == NULL || can_publisher_resume (self->publisher))
         && (self->subscriptions == NULL || salon_subscriptions_are_verified (self->subscriptions));
}

static void
tell_replaced (const SalonParticipantEvents *events, gpointer session)
{
  if (events != NULL)
    events->ended (session, "replaced", "You are in this room from elsewhere now");
}

void
salon_participant_resume (
    SalonParticipant *self, const char *session_id, const SalonParticipantEvents *events, gpointer session)
{
  const SalonParticipantEvents *old_events = self->events;
  gpointer old_session = self->session;

  g_clear_handle_id (&self->grace_id, g_source_remove);
  g_free (self->session_id);
  self->session_id = g_strdup (session_id);
  self->leave_reason = "left";
  salon_participant_log (self, SALON_LOG_INFO, "participant_came_back", "resumed", "Came back; media goes on");
  self->events = events;
  self->session = session;
  tell_replaced (old_events, old_session);
}

void
salon_participant_end_replaced (SalonParticipant *self)
{
  self->is_replaced = TRUE;
  salon_participant_end (self, "replaced", "You are in this room from elsewhere now");
}

/* -- a transport fails -- */

typedef struct
{
  SalonParticipant *participant; /* (owned) */
  GError *error;                 /* (owned) */
} Failure;

static void
failure_free (Failure *failure)
{
  g_object_unref (failure->participant);
  g_error_free (failure->error);
  g_free (failure);
}

static gboolean
end_after_failure (gpointer user_data)
{
  Failure *failure = user_data;
  gboolean is_wrong_peer = g_error_matches (failure->error, SALON_ERROR, SALON_ERROR_FINGERPRINT);
  const char *reason = is_wrong_peer ? "fingerprint_mismatch" : "media_failed";

  if (failure->participant->room != NULL)
    salon_participant_log (
        failure->participant, SALON_LOG_WARNING, "participant_media_failed", reason, failure->error->message);
  salon_participant_end (failure->participant, reason, failure->error->message);
  return G_SOURCE_REMOVE;
}

/* Not at once: a transport may fail inside one of our own calls to it. */
void
salon_participant_on_transport_failed (GObject *transport, const GError *error, gpointer user_data)
{
  Failure *failure = g_new (Failure, 1);

  failure->participant = g_object_ref (user_data);
  failure->error = g_error_copy (error);
  g_idle_add_full (G_PRIORITY_DEFAULT, end_after_failure, failure, (GDestroyNotify)failure_free);
}

/* -- a transport falls silent -- */

/* Connections break together, but come back one after the other: the first that is silent and the last that is heard
 * again are news. A transport tells each change once, and it takes a second of silence at least, so nobody can flood
 * the room with it. */
static void
on_disturbed (GObject *transport, gboolean is_disturbed, gpointer user_data)
{
  SalonParticipant *self = user_data;
  gboolean was_silent = self->n_silent > 0;

  self->n_silent += is_disturbed ? 1 : -1;
  if (self->room == NULL || was_silent == (self->n_silent > 0))
    return;
  if (is_disturbed)
    self->silent_since_us = g_get_monotonic_time ();
  salon_participant_log (self, SALON_LOG_INFO, is_disturbed ? "participant_media_silent" : "participant_media_heard",
      NULL, is_disturbed ? "Nothing comes over the media connection" : "The media connection is back");
  salon_room_participant_updated (self->room, self);
}

void
salon_participant_watch (SalonParticipant *self, GObject *transport)
{
  g_signal_connect_object (transport, "disturbed", G_CALLBACK (on_disturbed), self, 0);
  g_signal_connect_object (transport, "failed", G_CALLBACK (salon_participant_on_transport_failed), self, 0);
}

/* -- data channels -- */

static void
on_data_channel_closed (const char *label, const char *reason, gpointer user_data)
{
  SalonParticipant *self = user_data;

  EMIT (self, data_channel_closed, label, reason);
}

static void
on_asked (const char *text, gsize size, gpointer user_data)
{
  SalonParticipant *self = user_data;

  if (self->ion != NULL)
    salon_ion_take (self->ion, text, size);
}

static const SalonDataMemberEvents data_events = { .closed = on_data_channel_closed, .asked = on_asked };

SalonDataMember *
salon_participant_ensure_data (SalonParticipant *self)
{
  if (self->data != NULL)
    return self->data;
  self->data = salon_data_fan_join (salon_room_get_data_fan (self->room), self->speaks_ion, &data_events, self);
  if (self->speaks_ion)
    self->ion = salon_ion_new (self, self->data);
  return self->data;
}

/* -- receiving -- */

static void
on_offer (SalonSubscriptions *subscriptions, guint target, const char *sdp, gpointer user_data)
{
  SalonParticipant *self = user_data;

  EMIT (self, offer, target, sdp);
}

static void
on_subscriber_candidate (
    SalonSubscriptions *subscriptions, guint target, guint m_line, const char *candidate, gpointer user_data)
{
  SalonParticipant *self = user_data;

  EMIT (self, candidate, target, m_line, candidate);
}

void
salon_participant_on_slot (GObject *transport, guint target, const char *mid, SalonTrack *track, gpointer user_data)
{
  SalonParticipant *self = user_data;

  if (self->room != NULL)
    EMIT (self, slot, target, mid, track != NULL ? find_publication_of_track (self, track) : NULL);
}

static void
on_layer (SalonSubscriptions *subscriptions, guint target, const char *mid, SalonTrack *track, gint spatial,
    gint temporal, gpointer user_data)
{
  SalonParticipant *self = user_data;
  const SalonPublication *publication = self->room != NULL ? find_publication_of_track (self, track) : NULL;

  if (publication == NULL)
    return;
  EMIT (self, layer, target, mid, publication, spatial, temporal);
  if (self->ion != NULL)
    salon_ion_tell_layer (self->ion, publication, spatial);
}

static void
on_form (SalonSubscriptions *subscriptions, SalonTrack *track, guint state, gint codec, const char *refusal,
    gpointer user_data)
{
  SalonParticipant *self = user_data;
  const SalonPublication *publication = self->room != NULL ? find_publication_of_track (self, track) : NULL;

  if (publication != NULL)
    EMIT (self, form, publication, state, codec >= 0 ? salon_codec_get_info (codec)->encoding_name : NULL, refusal);
}

static void
on_answer (SalonSubscriptions *subscriptions, const char *sdp, gpointer user_data)
{
  SalonParticipant *self = user_data;

  EMIT (self, answer, sdp);
}

static void
make_subscriptions (SalonParticipant *self)
{
  g_autofree char *name = g_strdup_printf ("subscriber-%s", self->id);

  self->subscriptions
      = salon_subscriptions_new (salon_room_get_graph (self->room), name, salon_room_get_media_options (self->room));
  g_signal_connect_object (self->subscriptions, "offer", G_CALLBACK (on_offer), self, 0);
  g_signal_connect_object (self->subscriptions, "answer", G_CALLBACK (on_answer), self, 0);
  g_signal_connect_object (self->subscriptions, "candidate", G_CALLBACK (on_subscriber_candidate), self, 0);
  g_signal_connect_object (self->subscriptions, "slot", G_CALLBACK (salon_participant_on_slot), self, 0);
  g_signal_connect_object (self->subscriptions, "layer", G_CALLBACK (on_layer), self, 0);
  g_signal_connect_object (self->subscriptions, "form", G_CALLBACK (on_form), self, 0);
  salon_participant_watch (self, G_OBJECT (self->subscriptions));
}

void
salon_participant_subscribe (SalonParticipant *self)
{
  if (self->room == NULL || self->receiver != NULL)
    return;
  make_subscriptions (self);
  if (self->takes_data)
    salon_subscriptions_set_data_events (self->subscriptions, &salon_data_member_events,
        salon_data_member_get_subscriber_end (salon_participant_ensure_data (self)));
  if (self->speaks_ion)
    salon_subscriptions_name_tracks (self->subscriptions);
  salon_subscriptions_start (self->subscriptions);
  self->receiver = SALON_RECEIVER (self->subscriptions);
  salon_view_start (self->view, self->receiver);
}

gboolean
salon_participant_subscribe_by_offer (SalonParticipant *self, const char *sdp, const char *followed, GError **error)
{
  SalonClientOffer *client;

  g_assert (self->receiver == NULL);
  client = salon_participant_check_in_room (self, error) ? salon_client_offer_parse (sdp, error) : NULL;
  if (client == NULL)
    return FALSE;
  salon_view_take_one (
      self->view, followed, salon_client_offer_has (client, FALSE), salon_client_offer_has (client, TRUE));
  make_subscriptions (self);
  salon_subscriptions_start_answering (self->subscriptions, client);
  self->receiver = SALON_RECEIVER (self->subscriptions);
  salon_view_start (self->view, self->receiver);
  return TRUE;
}

gboolean
salon_participant_pin (SalonParticipant *self, const char *participant_id, gboolean is_pinned, GError **error)
{
  if (!salon_participant_check_in_room (self, error))
    return FALSE;
  if (is_pinned && salon_room_find_participant (self->room, participant_id) == NULL)
    {
      g_set_error_literal (error, SALON_ERROR, SALON_ERROR_UNKNOWN_PARTICIPANT, "Nobody of this id is here");
      return FALSE;
    }
  salon_view_pin (self->view, participant_id, is_pinned);
  return TRUE;
}

gboolean
salon_participant_set_track_settings (
    SalonParticipant *self, const char *publication_id, const SalonTrackSettings *settings, GError **error)
{
  const SalonPublication *publication;

  if (!salon_participant_check_in_room (self, error))
    return FALSE;
  publication = find_publication_of_id (self, publication_id);
  if (publication != NULL && self->receiver != NULL
      && salon_receiver_set_settings (self->receiver, publication->track, settings))
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_UNKNOWN_TRACK, "You are sent no track of this id");
  return FALSE;
}

void
salon_participant_tell_wanted (SalonParticipant *self)
{
  for (guint i = 0; i < self->publications->len; i++)
    salon_participant_tell_unwanted (self, g_ptr_array_index (self->publications, i));
}

void
salon_participant_tell_slots (SalonParticipant *self)
{
  if (self->subscriptions != NULL)
    salon_subscriptions_tell_slots (self->subscriptions);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (salon_subscriptions_answer_finish (SALON_SUBSCRIPTIONS (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    salon_participant_return_error (task, error);
}

void
salon_participant_answer_async (
    SalonParticipant *self, guint target, const char *sdp, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;

  if (!salon_participant_check_in_room (self, &error))
    g_task_return_error (task, error);
  else if (self->subscriptions == NULL)
    g_task_return_new_error (task, SALON_ERROR, SALON_ERROR_MEDIA,
        "no rtc transport exists for this Peer; send an offer first, or wait for the server's");
  else
    {
      salon_subscriptions_answer_async (self->subscriptions, target, sdp, on_answered, task);
      return;
    }
  g_object_unref (task);
}

gboolean
salon_participant_answer_finish (SalonParticipant *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
salon_participant_add_candidate (
    SalonParticipant *self, guint target, guint m_line, const char *candidate, GError **error)
{
  if (!salon_participant_check_in_room (self, error))
    return FALSE;
  if (target == 0 ? self->publisher == NULL : self->subscriptions == NULL)
    {
      g_set_error_literal (error, SALON_ERROR, SALON_ERROR_MEDIA,
          "no rtc transport exists for this Peer; send an offer first, or wait for the server's");
      return FALSE;
    }
  if (target == 0)
    return salon_transport_add_candidate (SALON_TRANSPORT (self->publisher), m_line, candidate, error);
  return salon_subscriptions_add_candidate (self->subscriptions, target, m_line, candidate, error);
}

/* -- reading -- */

const char *
salon_participant_get_id (SalonParticipant *self)
{
  return self->id;
}

const char *
salon_participant_get_name (SalonParticipant *self)
{
  return self->name;
}

gboolean
salon_participant_speaks_ion (SalonParticipant *self)
{
  return self->speaks_ion;
}

const char *
salon_participant_get_session_token (SalonParticipant *self)
{
  return self->session_token;
}

const char *
salon_participant_get_session_id (SalonParticipant *self)
{
  return self->session_id;
}

SalonRoom *
salon_participant_get_room (SalonParticipant *self)
{
  return self->room;
}

gboolean
salon_participant_is_silent (SalonParticipant *self)
{
  return self->n_silent > 0;
}

gboolean
salon_participant_is_host (SalonParticipant *self)
{
  return self->room != NULL && g_strcmp0 (salon_room_get_info (self->room)->host, self->id) == 0;
}

gboolean
salon_participant_is_unattended (SalonParticipant *self)
{
  return self->is_unattended;
}

const SalonRoomInfo *
salon_participant_get_room_info (SalonParticipant *self)
{
  return self->room != NULL ? salon_room_get_info (self->room) : NULL;
}

SalonPerson
salon_participant_as_person (SalonParticipant *self)
{
  return (SalonPerson){ .id = self->id,
    .name = self->name,
    .is_host = salon_participant_is_host (self),
    .is_silent = salon_participant_is_silent (self),
    .is_unattended = self->is_unattended,
    .publications = self->publications };
}

SalonPerson
salon_member_as_person (const SalonMember *member, const SalonRoomInfo *room)
{
  return (SalonPerson){ .id = member->id, .name = member->name, .is_host = g_strcmp0 (room->host, member->id) == 0 };
}

GArray *
salon_participant_list_people (SalonParticipant *self)
{
  GArray *people = g_array_new (FALSE, FALSE, sizeof (SalonPerson));
  GPtrArray *participants = self->room != NULL ? salon_room_get_participants (self->room) : NULL;
  GPtrArray *remotes = self->room != NULL ? salon_room_get_remotes (self->room) : NULL;

  for (guint i = 0; participants != NULL && i < participants->len; i++)
    {
      SalonPerson person = salon_participant_as_person (g_ptr_array_index (participants, i));

      g_array_append_val (people, person);
    }
  for (guint i = 0; remotes != NULL && i < remotes->len; i++)
    {
      SalonPerson person = salon_member_as_person (g_ptr_array_index (remotes, i), salon_room_get_info (self->room));

      g_array_append_val (people, person);
    }
  return people;
}

GPtrArray *
salon_participant_get_waiting_list (SalonParticipant *self)
{
  return salon_participant_is_host (self) ? salon_room_get_waiting (self->room) : NULL;
}

GArray *
salon_participant_list_speaking (SalonParticipant *self, const char **leader)
{
  GArray *speaking = g_array_new (FALSE, FALSE, sizeof (SalonSpeaking));
  SalonFloor *floor = self->room != NULL ? salon_room_get_floor (self->room) : NULL;
  g_autoptr (GPtrArray) speakers = floor != NULL ? salon_floor_list_speaking (floor) : NULL;

  *leader = floor != NULL ? salon_floor_get_leader (floor) : NULL;
  for (guint i = 0; speakers != NULL && i < MIN (speakers->len, SALON_LIMIT_SPEAKING); i++)
    {
      const SalonSpeaker *speaker = g_ptr_array_index (speakers, i);
      SalonSpeaking one = { speaker->id, salon_voice_get_level (&speaker->voice) };

      g_array_append_val (speaking, one);
    }
  return speaking;
}

guint
salon_participant_get_max_video (SalonParticipant *self)
{
  return salon_view_get_max_video (self->view);
}

/* -- how well they receive -- */

GArray *
salon_participant_list_connections (SalonParticipant *self)
{
  if (self->subscriptions == NULL)
    return g_array_new (FALSE, FALSE, sizeof (SalonConnectionStats));
  return salon_subscriptions_list_connections (self->subscriptions);
}

GArray *
salon_participant_list_receptions (SalonParticipant *self)
{
  GArray *receptions;

  if (self->subscriptions == NULL || self->room == NULL)
    return g_array_new (FALSE, FALSE, sizeof (SalonReceptionStats));
  receptions = salon_subscriptions_list_receptions (self->subscriptions);
  for (guint i = receptions->len; i-- > 0;)
    {
      SalonReceptionStats *stats = &g_array_index (receptions, SalonReceptionStats, i);
      const SalonPublication *publication = find_publication_of_track (self, stats->track);

      stats->track_id = publication != NULL ? publication->id : NULL;
      if (publication == NULL || stats->mid == NULL)
        g_array_remove_index (receptions, i);
    }
  return receptions;
}

/* -- life -- */

SalonParticipant *
salon_participant_new (const SalonParticipantDetails *details, SalonRoom *room, const SalonParticipantEvents *events,
    gpointer session, const SalonParticipantOwner *owner, gpointer owner_data)
{
  SalonParticipant *self = g_object_new (SALON_TYPE_PARTICIPANT, NULL);

  self->id = g_strdup (details->id);
  self->name = g_strdup (details->name);
  self->session_id = g_strdup (details->session_id);
  self->session_token = g_strdup (details->session_token);
  self->is_unattended = details->is_unattended;
  self->may_publish = details->may_publish;
  self->takes_data = details->takes_data;
  self->speaks_ion = details->speaks_ion;
  self->grace_s = details->grace_s;
  self->joined_us = g_get_monotonic_time ();
  self->leave_reason = "left";
  self->room = g_object_ref (room);
  self->view = salon_view_new (room, self, details->max_video);
  self->events = events;
  self->session = session;
  self->owner = owner;
  self->owner_data = owner_data;
  return self;
}

static void
salon_participant_finalize (GObject *object)
{
  SalonParticipant *self = SALON_PARTICIPANT (object);

  g_assert (self->room == NULL); /* salon_participant_leave() was called */
  g_free (self->id);
  g_free (self->name);
  g_free (self->session_id);
  g_free (self->session_token);
  g_clear_object (&self->publisher);
  g_clear_object (&self->subscriptions);
  g_clear_object (&self->attachment);
  salon_view_free (self->view);
  g_ptr_array_unref (self->publications);
  G_OBJECT_CLASS (salon_participant_parent_class)->finalize (object);
}

static void
salon_participant_class_init (SalonParticipantClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = salon_participant_finalize;
}

static void
salon_participant_init (SalonParticipant *self)
{
  self->publications = g_ptr_array_new_with_free_func ((GDestroyNotify)salon_publication_free);
}
