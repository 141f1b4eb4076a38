/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-participant-private.h"

#include "salon-error.h"
#include "salon-limits.h"
#include "salon-publisher.h"
#include "salon-subscriptions.h"

struct _SalonParticipant
{
  GObject parent_instance;

  char *id;   /* (owned) */
  char *name; /* (owned) */
  gboolean may_publish;
  gboolean takes_data;
  SalonRoom *room; /* (owned) (nullable): NULL once out of it */
  gboolean is_replaced;

  const SalonParticipantEvents *events; /* (borrowed) (nullable): NULL once no event may come any more */
  gpointer session;                     /* (borrowed) */
  const SalonParticipantOwner *owner;   /* (borrowed) */
  gpointer owner_data;                  /* (borrowed) */

  char *session_id;    /* (owned) */
  char *session_token; /* (owned) */
  gint64 joined_us;
  const char *leave_reason; /* static */
  guint grace_s;
  guint grace_id; /* the source that ends the grace time, or 0 */

  SalonPublisher *publisher;         /* (owned) (nullable): from the first offer on */
  GPtrArray *publications;           /* (owned) (element-type SalonPublication) */
  SalonSubscriptions *subscriptions; /* (owned) (nullable): from salon_participant_subscribe() on */
  SalonDataMember *data;             /* (owned) (nullable): from the first connection that may have data channels on */
  guint n_silent;                    /* of the connections */
  gint64 silent_since_us;
};

G_DEFINE_FINAL_TYPE (SalonParticipant, salon_participant, G_TYPE_OBJECT)

/* Calls an event, if anybody still listens to it. */
#define EMIT(self, event, ...)                                                                                         \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    if ((self)->events != NULL)                                                                                        \
      (self)->events->event ((self)->session, __VA_ARGS__);                                                            \
  }                                                                                                                    \
  G_STMT_END

static gboolean
check_in_room (SalonParticipant *self, GError **error)
{
  if (self->room != NULL)
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_NOT_JOINED, "You have left the room; join again");
  return FALSE;
}

/* What was under way when the connection was closed is no failure of the server: the participant has left. */
static void
return_error (GTask *task, GError *error)
{
  SalonParticipant *self = g_task_get_source_object (task);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_clear_error (&error);
      if (check_in_room (self, &error))
        g_set_error_literal (&error, SALON_ERROR, SALON_ERROR_MEDIA, "The connection was closed; offer again");
    }
  g_task_return_error (task, error);
}

/* -- what others do -- */

static const SalonPublication *
find_publication_of_track (SalonParticipant *self, SalonTrack *track)
{
  GPtrArray *participants = salon_room_get_participants (self->room);

  for (guint i = 0; i < participants->len; i++)
    {
      GPtrArray *publications = ((SalonParticipant *)g_ptr_array_index (participants, i))->publications;

      for (guint k = 0; k < publications->len; k++)
        {
          const SalonPublication *publication = g_ptr_array_index (publications, k);

          if (publication->track == track)
            return publication;
        }
    }
  return NULL;
}

static void
seat (SalonParticipant *self, const SalonPublication *publication)
{
  g_autofree char *group = salon_publication_dup_group (publication);

  salon_subscriptions_add (self->subscriptions, publication->track, group, publication->is_muted);
}

static void
update_subscriptions (SalonParticipant *self, SalonTrackEvent event, const SalonPublication *publication)
{
  switch (event)
    {
    case SALON_TRACK_PUBLISHED:
      seat (self, publication);
      break;
    case SALON_TRACK_UNPUBLISHED:
      salon_subscriptions_remove (self->subscriptions, publication->track);
      break;
    case SALON_TRACK_MUTED:
    case SALON_TRACK_UNMUTED:
      salon_subscriptions_set_paused (self->subscriptions, publication->track, publication->is_muted);
      break;
    }
}

void
salon_participant_notify_track (SalonParticipant *self, SalonTrackEvent event, const SalonPublication *publication)
{
  EMIT (self, track, event, publication);
  if (self->subscriptions != NULL)
    update_subscriptions (self, event, publication);
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

static void
drop_publication (SalonParticipant *self, guint index)
{
  SalonPublication *publication = g_ptr_array_steal_index (self->publications, index);

  /* Off everybody's seats while its track still lives. */
  salon_room_track_changed (self->room, SALON_TRACK_UNPUBLISHED, publication);
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
    drop_publication (self, self->publications->len - 1);
  g_clear_pointer (&self->data, salon_data_member_leave);
  if (self->subscriptions != NULL)
    salon_subscriptions_close (self->subscriptions);
  if (self->publisher != NULL)
    salon_publisher_close (self->publisher);
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
  return self->room != NULL && (self->publisher == NULL || can_publisher_resume (self->publisher))
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
static void
on_transport_failed (GObject *transport, const GError *error, gpointer user_data)
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

/* -- data channels -- */

static void
on_data_channel_closed (const char *label, const char *reason, gpointer user_data)
{
  SalonParticipant *self = user_data;

  EMIT (self, data_channel_closed, label, reason);
}

static SalonDataMember *
ensure_data_member (SalonParticipant *self)
{
  if (self->data == NULL)
    self->data = salon_data_fan_join (salon_room_get_data_fan (self->room), on_data_channel_closed, self);
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

static void
on_slot (SalonSubscriptions *subscriptions, guint target, const char *mid, SalonTrack *track, gpointer user_data)
{
  SalonParticipant *self = user_data;

  if (self->room != NULL)
    EMIT (self, slot, target, mid, track != NULL ? find_publication_of_track (self, track) : NULL);
}

void
salon_participant_subscribe (SalonParticipant *self)
{
  g_autofree char *name = NULL;
  GPtrArray *participants;

  if (self->room == NULL || self->subscriptions != NULL)
    return;
  name = g_strdup_printf ("subscriber-%s", self->id);
  self->subscriptions
      = salon_subscriptions_new (salon_room_get_graph (self->room), name, salon_room_get_media_options (self->room));
  g_signal_connect_object (self->subscriptions, "offer", G_CALLBACK (on_offer), self, 0);
  g_signal_connect_object (self->subscriptions, "candidate", G_CALLBACK (on_subscriber_candidate), self, 0);
  g_signal_connect_object (self->subscriptions, "slot", G_CALLBACK (on_slot), self, 0);
  g_signal_connect_object (self->subscriptions, "disturbed", G_CALLBACK (on_disturbed), self, 0);
  g_signal_connect_object (self->subscriptions, "failed", G_CALLBACK (on_transport_failed), self, 0);
  if (self->takes_data)
    salon_subscriptions_set_data_events (self->subscriptions, &salon_data_member_events,
        salon_data_member_get_subscriber_end (ensure_data_member (self)));
  salon_subscriptions_start (self->subscriptions);

  participants = salon_room_get_participants (self->room);
  for (guint i = 0; i < participants->len; i++)
    {
      SalonParticipant *other = g_ptr_array_index (participants, i);

      for (guint k = 0; other != self && k < other->publications->len; k++)
        seat (self, g_ptr_array_index (other->publications, k));
    }
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
    return_error (task, error);
}

void
salon_participant_answer_async (
    SalonParticipant *self, guint target, const char *sdp, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;

  if (!check_in_room (self, &error))
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
  if (!check_in_room (self, error))
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

/* -- publishing -- */

static SalonPublication *
find_publication (SalonParticipant *self, const char *id, guint *index)
{
  for (guint i = 0; i < self->publications->len; i++)
    {
      SalonPublication *publication = g_ptr_array_index (self->publications, i);

      *index = i;
      if (g_str_equal (publication->id, id))
        return publication;
    }
  return NULL;
}

static gboolean
is_published (SalonParticipant *self, const char *mid)
{
  for (guint i = 0; i < self->publications->len; i++)
    {
      if (g_str_equal (((SalonPublication *)g_ptr_array_index (self->publications, i))->mid, mid))
        return TRUE;
    }
  return FALSE;
}

static gboolean
check_source (SalonParticipant *self, const SalonTrackSource *source, GError **error)
{
  SalonTrack *track = self->publisher != NULL ? salon_publisher_get_track (self->publisher, source->mid) : NULL;

  if (track == NULL)
    g_set_error (error, SALON_ERROR, SALON_ERROR_UNKNOWN_MID,
        "Your publisher connection sends on no m-line \"%s\"; offer it first", source->mid);
  else if (salon_track_is_video (track) != salon_source_is_video (source->source))
    g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "m-line \"%s\" can't be a %s: it is %s", source->mid,
        salon_source_to_string (source->source), salon_track_is_video (track) ? "video" : "audio");
  else if (is_published (self, source->mid))
    g_set_error (error, SALON_ERROR, SALON_ERROR_ALREADY_PUBLISHED, "m-line \"%s\" is published already", source->mid);
  else if (self->publications->len >= SALON_LIMIT_TRACKS)
    g_set_error (error, SALON_ERROR, SALON_ERROR_TOO_MANY_TRACKS, "You may publish %d tracks; unpublish one first",
        SALON_LIMIT_TRACKS);
  else
    return TRUE;
  return FALSE;
}

const SalonPublication *
salon_participant_publish (SalonParticipant *self, const SalonTrackSource *source, GError **error)
{
  SalonPublication *publication;

  if (!check_in_room (self, error) || !check_source (self, source, error))
    return NULL;
  publication = salon_publication_new (
      self, salon_publisher_get_track (self->publisher, source->mid), source->mid, source->source, source->is_muted);
  g_ptr_array_add (self->publications, publication);
  salon_room_track_changed (self->room, SALON_TRACK_PUBLISHED, publication);
  return publication;
}

static gboolean
refuse_unknown_track (GError **error)
{
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_UNKNOWN_TRACK, "You publish no track of this id");
  return FALSE;
}

gboolean
salon_participant_unpublish (SalonParticipant *self, const char *publication_id, GError **error)
{
  guint index;

  if (!check_in_room (self, error))
    return FALSE;
  if (find_publication (self, publication_id, &index) == NULL)
    return refuse_unknown_track (error);
  drop_publication (self, index);
  return TRUE;
}

gboolean
salon_participant_set_muted (SalonParticipant *self, const char *publication_id, gboolean is_muted, GError **error)
{
  SalonPublication *publication;
  guint index;

  if (!check_in_room (self, error))
    return FALSE;
  publication = find_publication (self, publication_id, &index);
  if (publication == NULL)
    return refuse_unknown_track (error);
  if (publication->is_muted == is_muted)
    return TRUE;
  publication->is_muted = is_muted;
  salon_room_track_changed (self->room, is_muted ? SALON_TRACK_MUTED : SALON_TRACK_UNMUTED, publication);
  return TRUE;
}

/* -- the publisher connection -- */

typedef struct
{
  GArray *sources; /* (owned) (element-type SalonTrackSource) (nullable): NULL publishes all that sends */
} Offer;

static void
clear_source (SalonTrackSource *source)
{
  g_free ((char *)source->mid);
}

static void
offer_free (Offer *offer)
{
  g_clear_pointer (&offer->sources, g_array_unref);
  g_free (offer);
}

static Offer *
offer_new (GArray *sources)
{
  Offer *offer = g_new0 (Offer, 1);

  if (sources == NULL)
    return offer;
  offer->sources = g_array_new (FALSE, FALSE, sizeof (SalonTrackSource));
  g_array_set_clear_func (offer->sources, (GDestroyNotify)clear_source);
  for (guint i = 0; i < sources->len; i++)
    {
      SalonTrackSource source = g_array_index (sources, SalonTrackSource, i);

      source.mid = g_strdup (source.mid);
      g_array_append_val (offer->sources, source);
    }
  return offer;
}

static void
on_publisher_candidate (SalonTransport *transport, guint m_line, const char *candidate, gpointer user_data)
{
  SalonParticipant *self = user_data;

  EMIT (self, candidate, 0, m_line, candidate);
}

static void
open_publisher (SalonParticipant *self)
{
  g_autofree char *name = g_strdup_printf ("publisher-%s", self->id);

  self->publisher
      = salon_publisher_new (salon_room_get_graph (self->room), name, salon_room_get_media_options (self->room));
  salon_transport_set_data_events (SALON_TRANSPORT (self->publisher), &salon_data_member_events,
      salon_data_member_get_publisher_end (ensure_data_member (self)));
  g_signal_connect_object (self->publisher, "candidate", G_CALLBACK (on_publisher_candidate), self, 0);
  g_signal_connect_object (self->publisher, "disturbed", G_CALLBACK (on_disturbed), self, 0);
  g_signal_connect_object (self->publisher, "failed", G_CALLBACK (on_transport_failed), self, 0);
}

static gboolean
publish_listed (SalonParticipant *self, GArray *sources, GError **error)
{
  for (guint i = 0; i < sources->len; i++)
    {
      const SalonTrackSource *source = &g_array_index (sources, SalonTrackSource, i);

      /* A later offer may list again what is published. */
      if (!is_published (self, source->mid) && !check_source (self, source, error))
        return FALSE;
    }
  for (guint i = 0; i < sources->len; i++)
    {
      const SalonTrackSource *source = &g_array_index (sources, SalonTrackSource, i);

      if (!is_published (self, source->mid) && salon_participant_publish (self, source, error) == NULL)
        return FALSE;
    }
  return TRUE;
}

/* What a client without `tracks` means: whatever sends is published, and what has stopped is not. */
static gboolean
publish_as_described (SalonParticipant *self, GError **error)
{
  const SalonSdp *offer = salon_transport_get_remote (SALON_TRANSPORT (self->publisher));

  for (guint i = 0; i < offer->media->len; i++)
    {
      const SalonSdpMedia *media = salon_sdp_get_media (offer, i);
      SalonTrackSource source
          = { media->mid, media->kind == SALON_SDP_VIDEO ? SALON_SOURCE_CAMERA : SALON_SOURCE_MICROPHONE, FALSE };

      if (media->sends && !is_published (self, media->mid) && salon_participant_publish (self, &source, error) == NULL)
        return FALSE;
      for (guint k = self->publications->len; !media->sends && k-- > 0;)
        {
          if (g_str_equal (((SalonPublication *)g_ptr_array_index (self->publications, k))->mid, media->mid))
            drop_publication (self, k);
        }
    }
  return TRUE;
}

/* A first offer that failed leaves nothing behind: the next one starts afresh. */
static void
drop_unused_publisher (SalonParticipant *self)
{
  if (self->publisher == NULL || salon_publisher_is_negotiating (self->publisher)
      || salon_transport_get_remote (SALON_TRANSPORT (self->publisher)) != NULL)
    return;
  salon_publisher_close (self->publisher);
  g_clear_object (&self->publisher);
}

static void
on_offer_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SalonParticipant *self = g_task_get_source_object (task);
  Offer *offer = g_task_get_task_data (task);
  GError *error = NULL;
  g_autofree char *answer = salon_publisher_offer_finish (SALON_PUBLISHER (source), result, &error);

  if (answer == NULL)
    drop_unused_publisher (self);
  if (answer == NULL || !check_in_room (self, &error)
      || !(
          offer->sources != NULL ? publish_listed (self, offer->sources, &error) : publish_as_described (self, &error)))
    return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&answer), g_free);
}

void
salon_participant_offer_async (
    SalonParticipant *self, const char *sdp, GArray *sources, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;

  g_task_set_task_data (task, offer_new (sources), (GDestroyNotify)offer_free);
  if (!check_in_room (self, &error))
    g_task_return_error (task, error);
  else if (!self->may_publish)
    g_task_return_new_error (
        task, SALON_ERROR, SALON_ERROR_MEDIA, "You joined with NoPublish; join again without it to publish");
  else
    {
      if (self->publisher == NULL)
        open_publisher (self);
      salon_publisher_offer_async (self->publisher, sdp, on_offer_answered, task);
      return;
    }
  g_object_unref (task);
}

char *
salon_participant_offer_finish (SalonParticipant *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
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

const SalonRoomInfo *
salon_participant_get_room_info (SalonParticipant *self)
{
  return self->room != NULL ? salon_room_get_info (self->room) : NULL;
}

SalonPerson
salon_participant_as_person (SalonParticipant *self)
{
  return (SalonPerson){ self->id, self->name, salon_participant_is_host (self), salon_participant_is_silent (self),
    self->publications };
}

SalonPerson
salon_member_as_person (const SalonMember *member, const SalonRoomInfo *room)
{
  return (SalonPerson){ member->id, member->name, g_strcmp0 (room->host, member->id) == 0, FALSE, NULL };
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
  self->may_publish = details->may_publish;
  self->takes_data = details->takes_data;
  self->grace_s = details->grace_s;
  self->joined_us = g_get_monotonic_time ();
  self->leave_reason = "left";
  self->room = g_object_ref (room);
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
