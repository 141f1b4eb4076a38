/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-subscriptions.h"

#include "salon-error.h"
#include "salon-limits.h"
#include "salon-subscriber.h"

GST_DEBUG_CATEGORY_STATIC (salon_subscriptions_debug);
#define GST_CAT_DEFAULT salon_subscriptions_debug

typedef struct
{
  char *group;           /* (owned) (nullable): NULL while free */
  SalonTrack *tracks[2]; /* (owned) (nullable): audio, video */
} Seat;

/* A track that found no seat. */
typedef struct
{
  SalonTrack *track; /* (owned) */
  char *group;       /* (owned) */
  gboolean is_paused;
  SalonTrackSettings settings;
  SalonPriority priority;
} Waiting;

struct _SalonSubscriptions
{
  GObject parent_instance;

  SalonGraph *graph; /* (owned) */
  char *name;        /* (owned) */
  SalonMediaOptions options;
  gboolean names_tracks;                      /* there is one connection, whose offers tell what it carries */
  guint n_seats;                              /* of one connection */
  SalonShares *shares;                        /* (owned) (nullable): NULL if packets pass webrtcbin */
  GPtrArray *subscribers;                     /* (owned) (element-type SalonSubscriber): target - 1 is the index */
  GPtrArray *seats;                           /* (owned) (element-type Seat): n_seats for each subscriber */
  GPtrArray *waiting;                         /* (owned) (element-type Waiting): in order of coming */
  const SalonDataChannelsEvents *data_events; /* (borrowed) (nullable) */
  gpointer data_events_data;
  SalonClientOffer *client; /* (owned) (nullable): of who offers, and is answered */
  gboolean is_opening;      /* a connection for those waiting is on its way */
  gboolean is_closed;
};

static void salon_subscriptions_receiver_init (SalonReceiverInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SalonSubscriptions, salon_subscriptions, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (SALON_TYPE_RECEIVER, salon_subscriptions_receiver_init))

enum
{
  SIGNAL_OFFER,
  SIGNAL_ANSWER,
  SIGNAL_CANDIDATE,
  SIGNAL_SLOT,
  SIGNAL_LAYER,
  SIGNAL_FORM,
  SIGNAL_DISTURBED,
  SIGNAL_FAILED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
seat_free (Seat *seat)
{
  g_free (seat->group);
  g_clear_object (&seat->tracks[0]);
  g_clear_object (&seat->tracks[1]);
  g_free (seat);
}

static void
waiting_free (Waiting *waiting)
{
  g_object_unref (waiting->track);
  g_free (waiting->group);
  g_free (waiting);
}

static Seat *
get_seat (SalonSubscriptions *self, guint index)
{
  return g_ptr_array_index (self->seats, index);
}

static SalonSubscriber *
get_subscriber (SalonSubscriptions *self, guint seat_index)
{
  return g_ptr_array_index (self->subscribers, seat_index / self->n_seats);
}

static gboolean
find_seat_of_track (SalonSubscriptions *self, SalonTrack *track, guint *index)
{
  for (guint i = 0; i < self->seats->len; i++)
    {
      if (get_seat (self, i)->tracks[salon_track_is_video (track)] == track)
        {
          *index = i;
          return TRUE;
        }
    }
  return FALSE;
}

/* -- telling the client -- */

static void
emit_slot (SalonSubscriptions *self, guint seat_index, gboolean is_video)
{
  const char *mid = salon_subscriber_get_mid (get_subscriber (self, seat_index), seat_index % self->n_seats, is_video);

  /* Before the offer there is no mid to name; on_offer_created() tells all at once. */
  if (mid != NULL)
    g_signal_emit (self, signals[SIGNAL_SLOT], 0, seat_index / self->n_seats + 1, mid,
        get_seat (self, seat_index)->tracks[is_video]);
}

static void
tell_seats (SalonSubscriptions *self, guint begin, guint end)
{
  for (guint i = begin; i < end; i++)
    {
      for (guint is_video = 0; is_video < 2; is_video++)
        {
          if (get_seat (self, i)->tracks[is_video] != NULL)
            emit_slot (self, i, is_video);
        }
    }
}

static void
emit_layer (SalonSubscriptions *self, guint seat_index)
{
  SalonSubscriber *subscriber = get_subscriber (self, seat_index);
  guint seat = seat_index % self->n_seats;
  const char *mid = salon_subscriber_get_mid (subscriber, seat, TRUE);
  SalonLayer layer = salon_subscriber_get_layer (subscriber, seat);

  if (mid != NULL)
    g_signal_emit (self, signals[SIGNAL_LAYER], 0, seat_index / self->n_seats + 1, mid,
        salon_subscriber_get_track (subscriber, seat, TRUE), layer.spatial, layer.temporal);
}

void
salon_subscriptions_tell_layer (SalonSubscriptions *self, SalonTrack *track)
{
  guint index;

  if (find_seat_of_track (self, track, &index))
    emit_layer (self, index);
}

void
salon_subscriptions_tell_slots (SalonSubscriptions *self)
{
  SalonTrack *track;

  for (guint i = 0; i < self->seats->len; i++)
    {
      emit_slot (self, i, FALSE);
      emit_slot (self, i, TRUE);
      track = get_seat (self, i)->tracks[TRUE];
      if (track != NULL && salon_track_get_n_layers (track) > 1)
        emit_layer (self, i);
      if (track != NULL)
        salon_subscriber_tell_form (get_subscriber (self, i), i % self->n_seats);
    }
}

static guint
target_of (SalonSubscriptions *self, gpointer subscriber)
{
  guint index = 0;
  gboolean is_ours = g_ptr_array_find (self->subscribers, subscriber, &index);

  g_assert (is_ours);
  return index + 1;
}

static void
on_failed (SalonTransport *transport, const GError *error, gpointer user_data)
{
  g_signal_emit (user_data, signals[SIGNAL_FAILED], 0, error);
}

static void
on_disturbed (SalonTransport *transport, gboolean is_disturbed, gpointer user_data)
{
  g_signal_emit (user_data, signals[SIGNAL_DISTURBED], 0, is_disturbed);
}

static void
on_layer_changed (SalonSubscriber *subscriber, guint seat, gpointer user_data)
{
  emit_layer (user_data, (target_of (user_data, subscriber) - 1) * ((SalonSubscriptions *)user_data)->n_seats + seat);
}

static void
on_form_changed (
    SalonSubscriber *subscriber, guint seat, guint state, gint codec, const char *refusal, gpointer user_data)
{
  g_signal_emit (
      user_data, signals[SIGNAL_FORM], 0, salon_subscriber_get_track (subscriber, seat, TRUE), state, codec, refusal);
}

static void
on_candidate (SalonTransport *transport, guint m_line, const char *text, gpointer user_data)
{
  SalonSubscriptions *self = user_data;

  g_signal_emit (self, signals[SIGNAL_CANDIDATE], 0, target_of (self, transport), m_line, text);
}

typedef struct
{
  SalonSubscriptions *subscriptions; /* (owned) */
  char *answer;                      /* (owned): the client's */
} Answering;

static void
on_client_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Answering *answering = user_data;
  g_autoptr (SalonSubscriptions) self = answering->subscriptions;
  g_autofree char *answer = answering->answer;
  g_autoptr (GError) error = NULL;
  gboolean is_good = salon_subscriber_answer_finish (SALON_SUBSCRIBER (source), result, &error);

  if (salon_transport_is_closed (SALON_TRANSPORT (source)))
    return;
  if (is_good)
    g_signal_emit (self, signals[SIGNAL_ANSWER], 0, answer);
  else
    g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
}

/* ours: the subscriber's offer, which the client never sees. */
static void
answer_client (SalonSubscriptions *self, SalonSubscriber *subscriber, const char *ours)
{
  g_autofree char *theirs = salon_client_offer_write_as_answer (self->client, ours);
  Answering *answering = g_new (Answering, 1);

  *answering = (Answering){ g_object_ref (self), salon_client_offer_write_answer (self->client, ours) };
  salon_subscriber_answer_async (subscriber, theirs, on_client_answered, answering);
}

static void
on_offer_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SalonSubscriptions) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *sdp = salon_subscriber_offer_finish (SALON_SUBSCRIBER (source), result, &error);
  guint target;

  if (salon_transport_is_closed (SALON_TRANSPORT (source)))
    return;
  if (sdp == NULL)
    {
      g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
      return;
    }
  target = target_of (self, source);
  if (self->client != NULL)
    answer_client (self, SALON_SUBSCRIBER (source), sdp);
  else
    g_signal_emit (self, signals[SIGNAL_OFFER], 0, target, sdp);
  tell_seats (self, (target - 1) * self->n_seats, target * self->n_seats);
}

static void
on_offer (SalonSubscriber *subscriber, const char *sdp, gpointer user_data)
{
  SalonSubscriptions *self = user_data;

  g_signal_emit (self, signals[SIGNAL_OFFER], 0, target_of (self, subscriber), sdp);
}

/* -- connections -- */

static gboolean
open_subscriber (SalonSubscriptions *self)
{
  g_autofree char *name = g_strdup_printf ("%s-%u", self->name, self->subscribers->len + 1);
  SalonSubscriber *subscriber
      = salon_subscriber_new (self->graph, name, &self->options, self->shares, self->names_tracks);

  if (subscriber == NULL)
    return FALSE;
  if (self->subscribers->len == 0 && self->data_events != NULL)
    salon_transport_set_data_events (SALON_TRANSPORT (subscriber), self->data_events, self->data_events_data);
  g_ptr_array_add (self->subscribers, subscriber);
  for (guint i = 0; i < self->n_seats; i++)
    g_ptr_array_add (self->seats, g_new0 (Seat, 1));
  g_signal_connect_object (subscriber, "candidate", G_CALLBACK (on_candidate), self, 0);
  g_signal_connect_object (subscriber, "disturbed", G_CALLBACK (on_disturbed), self, 0);
  g_signal_connect_object (subscriber, "layer-changed", G_CALLBACK (on_layer_changed), self, 0);
  g_signal_connect_object (subscriber, "form-changed", G_CALLBACK (on_form_changed), self, 0);
  g_signal_connect_object (subscriber, "failed", G_CALLBACK (on_failed), self, 0);
  g_signal_connect_object (subscriber, "offer", G_CALLBACK (on_offer), self, 0);
  if (self->client != NULL)
    salon_subscriber_set_client_offer (subscriber, self->client);
  salon_subscriber_offer_async (subscriber, on_offer_created, g_object_ref (self));
  return TRUE;
}

static SalonSubscriber *
find_target (SalonSubscriptions *self, guint target, GError **error)
{
  if (target >= 1 && target <= self->subscribers->len)
    return g_ptr_array_index (self->subscribers, target - 1);
  g_set_error (error, SALON_ERROR, SALON_ERROR_MEDIA, "There is no subscriber connection %u", target);
  return NULL;
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (salon_subscriber_answer_finish (SALON_SUBSCRIBER (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
salon_subscriptions_answer_async (
    SalonSubscriptions *self, guint target, const char *sdp, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;
  SalonSubscriber *subscriber = find_target (self, target, &error);

  if (subscriber == NULL)
    g_task_return_error (task, error);
  else
    salon_subscriber_answer_async (subscriber, sdp, on_answered, g_steal_pointer (&task));
}

gboolean
salon_subscriptions_answer_finish (SalonSubscriptions *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
salon_subscriptions_add_candidate (
    SalonSubscriptions *self, guint target, guint m_line, const char *candidate, GError **error)
{
  SalonSubscriber *subscriber = find_target (self, target, error);

  return subscriber != NULL && salon_transport_add_candidate (SALON_TRANSPORT (subscriber), m_line, candidate, error);
}

gboolean
salon_subscriptions_are_verified (SalonSubscriptions *self)
{
  for (guint i = 0; i < self->subscribers->len; i++)
    {
      if (!salon_transport_is_verified (g_ptr_array_index (self->subscribers, i)))
        return FALSE;
    }
  return TRUE;
}

/* -- seating -- */

static gboolean
find_seat_for (SalonSubscriptions *self, const char *group, gboolean is_video, guint *index)
{
  gboolean is_found = FALSE;

  for (guint i = self->seats->len; i-- > 0;)
    {
      Seat *seat = get_seat (self, i);

      if (g_strcmp0 (seat->group, group) == 0 && seat->tracks[is_video] == NULL)
        {
          *index = i;
          return TRUE;
        }
      if (seat->group == NULL)
        {
          *index = i;
          is_found = TRUE;
        }
    }
  return is_found;
}

static void ensure_seats (SalonSubscriptions *self);

static void
take_seat (SalonSubscriptions *self, guint index, const Waiting *who)
{
  SalonTrack *track = who->track;
  gboolean is_video = salon_track_is_video (track);
  SalonSubscriber *subscriber = get_subscriber (self, index);
  Seat *seat = get_seat (self, index);

  g_free (seat->group);
  seat->group = g_strdup (who->group);
  seat->tracks[is_video] = g_object_ref (track);
  salon_subscriber_set_paused (subscriber, index % self->n_seats, is_video, who->is_paused);
  salon_subscriber_set_settings (subscriber, index % self->n_seats, is_video, &who->settings);
  salon_subscriber_set_priority (subscriber, index % self->n_seats, is_video, who->priority);
  salon_subscriber_attach (subscriber, index % self->n_seats, track);
  emit_slot (self, index, is_video);
}

static void
seat_waiting (SalonSubscriptions *self)
{
  for (guint i = 0; i < self->waiting->len;)
    {
      Waiting *waiting = g_ptr_array_index (self->waiting, i);
      guint index;

      if (find_seat_for (self, waiting->group, salon_track_is_video (waiting->track), &index))
        {
          take_seat (self, index, waiting);
          g_ptr_array_remove_index (self->waiting, i);
        }
      else
        i++;
    }
}

static void
open_for_waiting (gpointer object)
{
  SalonSubscriptions *self = object;

  self->is_opening = FALSE;
  if (self->is_closed || self->waiting->len == 0)
    return;
  /* If not, they wait until the next track comes. */
  if (!open_subscriber (self))
    return;
  seat_waiting (self);
  ensure_seats (self);
}

static void
ensure_seats (SalonSubscriptions *self)
{
  if (self->waiting->len == 0 || self->is_opening || self->subscribers->len == 0 || self->client != NULL)
    return;
  if (self->subscribers->len == (self->names_tracks ? 1 : SALON_LIMIT_SUBSCRIBERS))
    {
      GST_WARNING (
          "%s: all %u seats are taken; %u tracks wait for one", self->name, self->seats->len, self->waiting->len);
      return;
    }
  self->is_opening = TRUE;
  salon_graph_defer (self->graph, open_for_waiting, G_OBJECT (self));
}

static void
salon_subscriptions_add (SalonReceiver *receiver, SalonTrack *track, const char *group, gboolean is_paused)
{
  SalonSubscriptions *self = SALON_SUBSCRIPTIONS (receiver);
  Waiting *waiting = g_new (Waiting, 1);
  guint index;

  *waiting
      = (Waiting){ g_object_ref (track), g_strdup (group), is_paused, SALON_TRACK_SETTINGS_ALL, SALON_PRIORITY_OTHER };
  if (find_seat_for (self, group, salon_track_is_video (track), &index))
    {
      take_seat (self, index, waiting);
      waiting_free (waiting);
      return;
    }
  g_ptr_array_add (self->waiting, waiting);
  ensure_seats (self);
}

static Waiting *
find_waiting (SalonSubscriptions *self, SalonTrack *track)
{
  for (guint i = 0; i < self->waiting->len; i++)
    {
      Waiting *waiting = g_ptr_array_index (self->waiting, i);

      if (waiting->track == track)
        return waiting;
    }
  return NULL;
}

static void
salon_subscriptions_remove (SalonReceiver *receiver, SalonTrack *track)
{
  SalonSubscriptions *self = SALON_SUBSCRIPTIONS (receiver);
  gboolean is_video = salon_track_is_video (track);
  guint index;
  Seat *seat;

  if (!find_seat_of_track (self, track, &index))
    {
      g_ptr_array_remove (self->waiting, find_waiting (self, track));
      return;
    }
  salon_subscriber_detach (get_subscriber (self, index), index % self->n_seats, is_video);
  seat = get_seat (self, index);
  g_clear_object (&seat->tracks[is_video]);
  if (seat->tracks[!is_video] == NULL)
    g_clear_pointer (&seat->group, g_free);
  emit_slot (self, index, is_video);
  seat_waiting (self);
}

static void
salon_subscriptions_set_paused (SalonReceiver *receiver, SalonTrack *track, gboolean is_paused)
{
  SalonSubscriptions *self = SALON_SUBSCRIPTIONS (receiver);
  Waiting *waiting = find_waiting (self, track);
  guint index;

  if (waiting != NULL)
    waiting->is_paused = is_paused;
  else if (find_seat_of_track (self, track, &index))
    salon_subscriber_set_paused (
        get_subscriber (self, index), index % self->n_seats, salon_track_is_video (track), is_paused);
}

static void
salon_subscriptions_set_priority (SalonReceiver *receiver, SalonTrack *track, SalonPriority priority)
{
  SalonSubscriptions *self = SALON_SUBSCRIPTIONS (receiver);
  Waiting *waiting = find_waiting (self, track);
  guint index;

  if (waiting != NULL)
    waiting->priority = priority;
  else if (find_seat_of_track (self, track, &index))
    salon_subscriber_set_priority (
        get_subscriber (self, index), index % self->n_seats, salon_track_is_video (track), priority);
}

static gboolean
salon_subscriptions_set_settings (SalonReceiver *receiver, SalonTrack *track, const SalonTrackSettings *settings)
{
  SalonSubscriptions *self = SALON_SUBSCRIPTIONS (receiver);
  Waiting *waiting = find_waiting (self, track);
  guint index;

  if (waiting != NULL)
    waiting->settings = *settings;
  else if (find_seat_of_track (self, track, &index))
    salon_subscriber_set_settings (
        get_subscriber (self, index), index % self->n_seats, salon_track_is_video (track), settings);
  else
    return FALSE;
  return TRUE;
}

static void
salon_subscriptions_receiver_init (SalonReceiverInterface *interface)
{
  interface->add = salon_subscriptions_add;
  interface->remove = salon_subscriptions_remove;
  interface->set_paused = salon_subscriptions_set_paused;
  interface->set_priority = salon_subscriptions_set_priority;
  interface->set_settings = salon_subscriptions_set_settings;
}

/* -- how well it is received -- */

GArray *
salon_subscriptions_list_connections (SalonSubscriptions *self)
{
  GArray *connections = g_array_new (FALSE, FALSE, sizeof (SalonConnectionStats));

  for (guint i = 0; i < self->subscribers->len; i++)
    {
      SalonConnectionStats stats;

      if (!salon_subscriber_get_stats (g_ptr_array_index (self->subscribers, i), &stats))
        continue;
      stats.target = i + 1;
      g_array_append_val (connections, stats);
    }
  return connections;
}

GArray *
salon_subscriptions_list_receptions (SalonSubscriptions *self)
{
  GArray *receptions = g_array_new (FALSE, FALSE, sizeof (SalonReceptionStats));

  for (guint i = 0; i < 2 * self->seats->len; i++)
    {
      guint seat = i / 2;
      SalonReceptionStats stats;

      if (!salon_subscriber_get_slot_stats (get_subscriber (self, seat), seat % self->n_seats, i % 2 == 1, &stats))
        continue;
      stats.target = seat / self->n_seats + 1;
      g_array_append_val (receptions, stats);
    }
  return receptions;
}

/* -- life -- */

static SalonShares *
make_shares (const SalonMediaOptions *options)
{
  const SalonBandwidthBounds bounds = { .min_bps = options->min_bandwidth_bps,
    .start_bps = options->start_bandwidth_bps,
    .max_bps = options->max_bandwidth_bps };
  g_autoptr (SalonBottleneck) bottleneck = salon_bottleneck_new (&bounds);

  return salon_shares_new (bottleneck);
}

SalonSubscriptions *
salon_subscriptions_new (SalonGraph *graph, const char *name, const SalonMediaOptions *options)
{
  SalonSubscriptions *self = g_object_new (SALON_TYPE_SUBSCRIPTIONS, NULL);

  self->graph = g_object_ref (graph);
  self->name = g_strdup (name);
  self->options = *options;
  self->n_seats = options->n_seats;
  if (options->sends_directly)
    self->shares = make_shares (options);
  return self;
}

void
salon_subscriptions_name_tracks (SalonSubscriptions *self)
{
  g_assert (self->subscribers->len == 0);
  /* Where webrtcbin writes the offers, they are as it wrote them first. */
  self->names_tracks = self->options.sends_directly;
  if (self->names_tracks)
    self->n_seats = SALON_LIMIT_SEATS;
}

void
salon_subscriptions_set_data_events (
    SalonSubscriptions *self, const SalonDataChannelsEvents *events, gpointer user_data)
{
  self->data_events = events;
  self->data_events_data = user_data;
}

static void
fail_to_start (gpointer object)
{
  SalonSubscriptions *self = object;
  g_autoptr (GError) error = salon_transport_error_no_room ();

  if (!self->is_closed)
    g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
}

void
salon_subscriptions_start (SalonSubscriptions *self)
{
  g_assert (self->subscribers->len == 0);
  if (!open_subscriber (self))
    salon_graph_defer (self->graph, fail_to_start, G_OBJECT (self));
}

void
salon_subscriptions_start_answering (SalonSubscriptions *self, SalonClientOffer *client)
{
  self->client = client;
  self->n_seats = self->options.n_seats = 1;
  salon_subscriptions_start (self);
}

void
salon_subscriptions_close (SalonSubscriptions *self)
{
  self->is_closed = TRUE;
  g_ptr_array_set_size (self->waiting, 0);
  if (self->shares != NULL)
    salon_shares_stop (self->shares);
  for (guint i = 0; i < self->subscribers->len; i++)
    salon_subscriber_close (g_ptr_array_index (self->subscribers, i));
}

static void
salon_subscriptions_finalize (GObject *object)
{
  SalonSubscriptions *self = SALON_SUBSCRIPTIONS (object);

  g_clear_object (&self->graph);
  g_clear_pointer (&self->client, salon_client_offer_free);
  g_free (self->name);
  g_ptr_array_unref (self->subscribers);
  g_clear_pointer (&self->shares, salon_shares_free);
  g_ptr_array_unref (self->seats);
  g_ptr_array_unref (self->waiting);
  G_OBJECT_CLASS (salon_subscriptions_parent_class)->finalize (object);
}

static void
salon_subscriptions_class_init (SalonSubscriptionsClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (salon_subscriptions_debug, "salon-subscriptions", 0, "Salon subscriptions");
  G_OBJECT_CLASS (klass)->finalize = salon_subscriptions_finalize;
  signals[SIGNAL_OFFER] = g_signal_new (
      "offer", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING);
  signals[SIGNAL_ANSWER]
      = g_signal_new ("answer", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SIGNAL_CANDIDATE] = g_signal_new ("candidate", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
      G_TYPE_UINT, G_TYPE_UINT, G_TYPE_STRING);
  signals[SIGNAL_SLOT] = g_signal_new ("slot", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
      G_TYPE_UINT, G_TYPE_STRING, SALON_TYPE_TRACK);
  signals[SIGNAL_LAYER] = g_signal_new ("layer", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 5,
      G_TYPE_UINT, G_TYPE_STRING, SALON_TYPE_TRACK, G_TYPE_INT, G_TYPE_INT);
  signals[SIGNAL_FORM] = g_signal_new ("form", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 4,
      SALON_TYPE_TRACK, G_TYPE_UINT, G_TYPE_INT, G_TYPE_STRING);
  signals[SIGNAL_DISTURBED]
      = g_signal_new ("disturbed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  signals[SIGNAL_FAILED]
      = g_signal_new ("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
salon_subscriptions_init (SalonSubscriptions *self)
{
  self->subscribers = g_ptr_array_new_with_free_func (g_object_unref);
  self->seats = g_ptr_array_new_with_free_func ((GDestroyNotify)seat_free);
  self->waiting = g_ptr_array_new_with_free_func ((GDestroyNotify)waiting_free);
}
