/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-participant-private.h"

#include "salon-error.h"
#include "salon-limits.h"

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

/* (transfer none) (nullable) */
static SalonTrack *
find_track (SalonParticipant *self, const char *mid)
{
  if (self->attachment != NULL)
    return salon_attachment_get_track (self->attachment, mid);
  return self->publisher != NULL ? salon_publisher_get_track (self->publisher, mid) : NULL;
}

static gboolean
check_source (SalonParticipant *self, const SalonTrackSource *source, GError **error)
{
  SalonTrack *track = find_track (self, source->mid);

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

/* -- what they are known by to those who are told by descriptions alone -- */

/* Whether somebody else in the room has a stream of this id: nobody could tell whose is whose. */
static gboolean
is_stream_of_another (SalonParticipant *self, const char *stream)
{
  GPtrArray *participants = salon_room_get_participants (self->room);

  for (guint i = 0; i < participants->len; i++)
    {
      SalonParticipant *other = g_ptr_array_index (participants, i);

      for (guint k = 0; k < other->publications->len && other != self; k++)
        {
          if (g_str_equal (
                  salon_track_get_stream (((SalonPublication *)g_ptr_array_index (other->publications, k))->track),
                  stream))
            return TRUE;
        }
    }
  return FALSE;
}

static gboolean
is_own_msid (SalonParticipant *self, const char *stream, const char *track)
{
  g_autofree char *msid = g_strconcat (stream, " ", track, NULL);

  for (guint i = 0; i < self->publications->len; i++)
    {
      if (g_str_equal (
              salon_track_get_msid (((SalonPublication *)g_ptr_array_index (self->publications, i))->track), msid))
        return TRUE;
    }
  return FALSE;
}

/* Returns: (transfer none) (nullable): NULL of what is not described, but attached. */
static const SalonSdpMedia *
find_description (SalonParticipant *self, const char *mid)
{
  const SalonSdp *offer
      = self->publisher != NULL ? salon_transport_get_remote (SALON_TRANSPORT (self->publisher)) : NULL;

  return offer != NULL ? salon_sdp_find_media (offer, mid) : NULL;
}

/* As its publisher calls it, unless that is not theirs alone. All that is told of somebody's own stream has their id
 * then, unless another took that, too. */
static void
name_track (SalonParticipant *self, const SalonPublication *publication)
{
  const SalonSdpMedia *media = find_description (self, publication->mid);
  const char *stream = media != NULL && media->stream != NULL ? media->stream : self->id;
  const char *track = media != NULL && media->track != NULL ? media->track : publication->id;

  if (is_stream_of_another (self, stream))
    stream = self->id;
  if (is_stream_of_another (self, stream))
    stream = publication->id;
  if (is_own_msid (self, stream, track))
    track = publication->id;
  salon_track_set_msid (publication->track, stream, track);
}

/* -- publishing -- */

const SalonPublication *
salon_participant_publish (SalonParticipant *self, const SalonTrackSource *source, GError **error)
{
  SalonPublication *publication;

  if (!salon_participant_check_in_room (self, error) || !check_source (self, source, error))
    return NULL;
  publication
      = salon_publication_new (self, find_track (self, source->mid), source->mid, source->source, source->is_muted);
  publication->is_squelched = salon_room_is_squelched (self->room, self->id, source->source);
  publication->is_muted |= publication->is_squelched;
  name_track (self, publication);
  g_ptr_array_add (self->publications, publication);
  salon_room_track_changed (self->room, SALON_TRACK_PUBLISHED, publication, NULL);
  salon_participant_tell_unwanted (self, publication);
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

  if (!salon_participant_check_in_room (self, error))
    return FALSE;
  if (find_publication (self, publication_id, &index) == NULL)
    return refuse_unknown_track (error);
  salon_participant_drop_publication (self, index);
  return TRUE;
}

static gboolean
mute_own (SalonParticipant *self, SalonPublication *publication, gboolean is_muted, GError **error)
{
  if (!is_muted && publication->is_squelched)
    {
      g_set_error_literal (error, SALON_ERROR, SALON_ERROR_FORBIDDEN, "The host keeps this off; ask them");
      return FALSE;
    }
  if (publication->is_muted == is_muted)
    return TRUE;
  publication->is_muted = is_muted;
  salon_room_track_changed (self->room, is_muted ? SALON_TRACK_MUTED : SALON_TRACK_UNMUTED, publication, NULL);
  return TRUE;
}

gboolean
salon_participant_set_muted (
    SalonParticipant *self, const char *publication_id, gboolean is_muted, gboolean is_squelched, GError **error)
{
  SalonPublication *publication;
  guint index;

  if (!salon_participant_check_in_room (self, error))
    return FALSE;
  publication = find_publication (self, publication_id, &index);
  if (publication != NULL)
    return mute_own (self, publication, is_muted, error);
  return salon_room_mute (self->room, self, publication_id, is_muted, is_squelched, error);
}

gboolean
salon_participant_set_limit (SalonParticipant *self, const char *publication_id, SalonTrackLimit limit, GError **error)
{
  SalonPublication *publication;
  guint index;

  if (!salon_participant_check_in_room (self, error))
    return FALSE;
  publication = find_publication (self, publication_id, &index);
  if (publication == NULL)
    return refuse_unknown_track (error);
  salon_track_set_limit (publication->track, limit);
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
  g_signal_connect_object (self->publisher, "candidate", G_CALLBACK (on_publisher_candidate), self, 0);
  salon_transport_set_data_events (SALON_TRANSPORT (self->publisher), &salon_data_member_events,
      salon_data_member_get_publisher_end (salon_participant_ensure_data (self)));
  salon_publisher_set_takes_media (self->publisher, self->may_publish);
  salon_participant_watch (self, G_OBJECT (self->publisher));
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
            salon_participant_drop_publication (self, k);
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
  if (answer == NULL || !salon_participant_check_in_room (self, &error)
      || !(
          offer->sources != NULL ? publish_listed (self, offer->sources, &error) : publish_as_described (self, &error)))
    salon_participant_return_error (task, error);
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
  if (!salon_participant_check_in_room (self, &error))
    g_task_return_error (task, error);
  else if (self->attachment != NULL)
    g_task_return_new_error (task, SALON_ERROR, SALON_ERROR_MEDIA, "You are attached; offer nothing");
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
