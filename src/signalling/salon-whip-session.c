/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-whip-session.h"

#include <gst/gst.h>

#include "salon-error.h"

GST_DEBUG_CATEGORY_STATIC (salon_whip_session_debug);
#define GST_CAT_DEFAULT salon_whip_session_debug

/* Our candidates are known at once, unless servers elsewhere are asked for some: those that have not answered by then
 * are hardly worth waiting for. */
#define GATHERING_MS 3000

struct _SalonWhipSession
{
  GObject parent_instance;

  SalonRooms *rooms; /* (borrowed) */
  gboolean is_watching;
  char *followed;                /* (owned) (nullable) */
  SalonParticipant *participant; /* (owned) (nullable): from the store's yes to the join on, until the end */
  char *offer;                   /* (owned) (nullable): the last that is answered, or being so the first time */
  char *answer;                  /* (owned) (nullable): to that, without candidates */
  GPtrArray *candidates;         /* (owned) (element-type utf8): ours */
  gboolean has_gathered;
  guint gathering_id; /* the timer that gives up on more of them, or 0 */
  GTask *opening;     /* (owned) (nullable) */
  GError *end;        /* (owned) (nullable): why it ended, by no act of the client */
  gboolean is_restarting;
  guint n_restarts;
};

enum
{
  SIGNAL_ENDED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SalonWhipSession, salon_whip_session, G_TYPE_OBJECT)

/* -- opening -- */

static void
fail_opening (SalonWhipSession *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->opening);

  salon_whip_session_close (self);
  g_task_return_error (task, error);
}

/* A participant without media would be in the way of everybody. */
static gboolean
publishes_something (SalonWhipSession *self)
{
  g_autoptr (GArray) people = salon_participant_list_people (self->participant);

  for (guint i = 0; i < people->len; i++)
    {
      const SalonPerson *person = &g_array_index (people, SalonPerson, i);

      if (g_str_equal (person->id, salon_participant_get_id (self->participant)))
        return person->publications->len > 0;
    }
  return FALSE;
}

static GError *
error_elsewhere (void)
{
  return g_error_new_literal (SALON_ERROR, SALON_ERROR_NOT_JOINED, "You are in this room from elsewhere now");
}

/* Whoever asks may have gone while the rooms were asked, or have been sent out. */
static GError *
find_reason_to_fail (SalonWhipSession *self)
{
  GError *error = NULL;

  if (g_cancellable_set_error_if_cancelled (g_task_get_cancellable (self->opening), &error))
    return error;
  if (self->end != NULL)
    return g_error_copy (self->end);
  return self->participant == NULL ? error_elsewhere () : NULL;
}

static void
finish_opening (SalonWhipSession *self)
{
  GError *error = find_reason_to_fail (self);
  g_autoptr (GTask) task = NULL;

  g_clear_handle_id (&self->gathering_id, g_source_remove);
  if (error != NULL)
    {
      fail_opening (self, error);
      return;
    }
  task = g_steal_pointer (&self->opening);
  g_task_return_pointer (task, salon_whip_sdp_add_candidates (self->answer, self->candidates), g_free);
}

static gboolean
on_gathering_deadline (gpointer user_data)
{
  SalonWhipSession *self = user_data;

  self->gathering_id = 0;
  finish_opening (self);
  return G_SOURCE_REMOVE;
}

/* answer: (transfer full). */
static void
take_answer (SalonWhipSession *self, char *answer)
{
  self->answer = answer;
  if (self->has_gathered)
    finish_opening (self);
  else
    self->gathering_id = g_timeout_add (GATHERING_MS, on_gathering_deadline, self);
}

static void
on_offer_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SalonWhipSession) self = user_data;
  GError *error = NULL;
  g_autofree char *answer = salon_participant_offer_finish (SALON_PARTICIPANT (source), result, &error);

  if (error == NULL)
    error = find_reason_to_fail (self);
  if (error == NULL && !publishes_something (self))
    error = g_error_new_literal (SALON_ERROR, SALON_ERROR_MEDIA, "The offer sends neither audio nor video");
  if (error != NULL)
    fail_opening (self, error);
  else
    take_answer (self, g_steal_pointer (&answer));
}

static void
offer (SalonWhipSession *self)
{
  GError *error = NULL;

  if (!self->is_watching)
    salon_participant_offer_async (self->participant, self->offer, NULL, on_offer_answered, g_object_ref (self));
  else if (!salon_participant_subscribe_by_offer (self->participant, self->offer, self->followed, &error))
    fail_opening (self, error);
}

static void
on_joined (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SalonWhipSession) self = user_data;
  g_auto (SalonJoinOutcome) outcome = { 0 };
  GError *error = NULL;

  self->participant = salon_rooms_join_finish (SALON_ROOMS (source), result, &outcome, &error);
  /* Somebody with the same secret may have come a moment later. */
  if (self->participant != NULL && !salon_participant_belongs_to (self->participant, self))
    g_clear_object (&self->participant);
  if (error == NULL)
    error = find_reason_to_fail (self);
  if (error != NULL)
    fail_opening (self, error);
  else
    offer (self);
}

/* -- events of the room -- */

/* To who watches. */
static void
on_answer (gpointer session, const char *sdp)
{
  take_answer (session, g_strdup (sdp));
}

static void
on_candidate (gpointer session, guint target, guint m_line, const char *candidate)
{
  SalonWhipSession *self = session;

  if (*candidate != '\0')
    {
      g_ptr_array_add (self->candidates, g_strdup (candidate));
      return;
    }
  self->has_gathered = TRUE;
  if (self->gathering_id != 0)
    finish_opening (self);
}

static void
on_ended (gpointer session, const char *reason, const char *message)
{
  g_autoptr (SalonWhipSession) self = g_object_ref (session);

  GST_DEBUG ("ended: %s", reason);
  self->end = g_error_new_literal (
      SALON_ERROR, g_str_equal (reason, "media_failed") ? SALON_ERROR_MEDIA : SALON_ERROR_NOT_JOINED, message);
  /* It may be another session's by now. */
  g_clear_object (&self->participant);
  if (self->gathering_id != 0 || (self->is_watching && self->opening != NULL))
    finish_opening (self);
  g_signal_emit (self, signals[SIGNAL_ENDED], 0);
}

static const SalonParticipantEvents events = {
  .answer = on_answer,
  .candidate = on_candidate,
  .ended = on_ended,
};

void
salon_whip_session_open_async (SalonWhipSession *self, const SalonWhipRequest *request, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  g_assert (self->offer == NULL);
  self->offer = g_strdup (request->offer);
  self->followed = g_strdup (request->followed);
  self->is_watching = !request->join.may_publish;
  self->opening = g_task_new (self, cancellable, callback, user_data);
  g_task_set_check_cancellable (self->opening, FALSE);
  salon_rooms_join_async (self->rooms, &request->join, &events, self, cancellable, on_joined, g_object_ref (self));
}

char *
salon_whip_session_open_finish (SalonWhipSession *self, GAsyncResult *result, GError **error)
{
  g_autofree char *answer = g_task_propagate_pointer (G_TASK (result), error);

  /* It may have ended just now: nothing else takes the participant of one that is not closed. */
  if (answer == NULL || self->participant != NULL)
    return g_steal_pointer (&answer);
  g_propagate_error (error, g_error_copy (self->end));
  return NULL;
}

const char *
salon_whip_session_get_id (SalonWhipSession *self)
{
  return salon_participant_get_id (self->participant);
}

/* -- ICE, later -- */

gboolean
salon_whip_session_has_ice (SalonWhipSession *self, const SalonSdpFragment *fragment)
{
  return salon_sdp_fragment_is_of (fragment, self->offer);
}

void
salon_whip_session_add_candidates (SalonWhipSession *self, const SalonSdpFragment *fragment)
{
  for (guint i = 0; self->participant != NULL && i < fragment->candidates->len; i++)
    {
      g_autoptr (GError) error = NULL;

      if (!salon_participant_add_candidate (
              self->participant, self->is_watching ? 1 : 0, 0, g_ptr_array_index (fragment->candidates, i), &error))
        GST_DEBUG ("a candidate: %s", error->message);
    }
}

gboolean
salon_whip_session_can_restart (SalonWhipSession *self)
{
  return !self->is_watching;
}

typedef struct
{
  char *offer;                /* (owned): that began it */
  SalonSdpFragment *fragment; /* (owned): candidates of it */
} Restart;

static void
restart_free (Restart *restart)
{
  g_free (restart->offer);
  salon_sdp_fragment_free (restart->fragment);
  g_free (restart);
}

static void
on_restart_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SalonWhipSession *self = g_task_get_source_object (task);
  Restart *restart = g_task_get_task_data (task);
  GError *error = NULL;
  char *answer = salon_participant_offer_finish (SALON_PARTICIPANT (source), result, &error);

  self->is_restarting = FALSE;
  if (answer == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_free (self->answer);
  self->answer = answer;
  g_free (self->offer);
  self->offer = g_steal_pointer (&restart->offer);
  self->n_restarts++;
  salon_whip_session_add_candidates (self, restart->fragment);
  g_task_return_pointer (task, salon_whip_sdp_write_fragment (self->answer, self->candidates), g_free);
}

void
salon_whip_session_restart_async (
    SalonWhipSession *self, SalonSdpFragment *fragment, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  Restart *restart = g_new (Restart, 1);

  *restart = (Restart){ salon_whip_sdp_restart (self->offer, fragment), fragment };
  g_task_set_task_data (task, restart, (GDestroyNotify)restart_free);
  if (self->is_restarting || self->participant == NULL)
    {
      g_task_return_new_error (task, SALON_ERROR, SALON_ERROR_NOT_JOINED, "An ICE restart is on its way; wait for it");
      return;
    }
  self->is_restarting = TRUE;
  salon_participant_offer_async (self->participant, restart->offer, NULL, on_restart_answered, g_steal_pointer (&task));
}

char *
salon_whip_session_restart_finish (SalonWhipSession *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

guint
salon_whip_session_get_n_restarts (SalonWhipSession *self)
{
  return self->n_restarts;
}

/* -- life -- */

SalonWhipSession *
salon_whip_session_new (SalonRooms *rooms)
{
  SalonWhipSession *self = g_object_new (SALON_TYPE_WHIP_SESSION, NULL);

  self->rooms = rooms;
  return self;
}

void
salon_whip_session_close (SalonWhipSession *self)
{
  g_autoptr (SalonParticipant) participant = g_steal_pointer (&self->participant);

  if (participant != NULL && salon_participant_belongs_to (participant, self))
    salon_participant_leave (participant);
}

static void
salon_whip_session_finalize (GObject *object)
{
  SalonWhipSession *self = SALON_WHIP_SESSION (object);

  g_assert (self->participant == NULL && self->opening == NULL);
  g_clear_error (&self->end);
  g_free (self->followed);
  g_free (self->offer);
  g_free (self->answer);
  g_ptr_array_unref (self->candidates);
  G_OBJECT_CLASS (salon_whip_session_parent_class)->finalize (object);
}

static void
salon_whip_session_class_init (SalonWhipSessionClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_whip_session_debug, "salon-whip-session", 0, "Salon: participants by plain HTTP");
  G_OBJECT_CLASS (klass)->finalize = salon_whip_session_finalize;
  signals[SIGNAL_ENDED]
      = g_signal_new ("ended", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
salon_whip_session_init (SalonWhipSession *self)
{
  self->candidates = g_ptr_array_new_with_free_func (g_free);
}
