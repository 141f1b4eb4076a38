/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-participant-private.h"

#include "salon-error.h"
#include "salon-limits.h"

/* A stream of a program on this machine is published no more. */
static void
on_ended (SalonAttachment *attachment, const char *mid, gpointer user_data)
{
  SalonParticipant *self = user_data;

  for (guint i = self->publications->len; i-- > 0;)
    {
      if (g_str_equal (((SalonPublication *)g_ptr_array_index (self->publications, i))->mid, mid))
        salon_participant_drop_publication (self, i);
    }
}

static gboolean
check_attach (SalonParticipant *self, GArray *sources, GError **error)
{
  guint n_sources = sources != NULL ? sources->len : 0;

  if (!salon_participant_check_in_room (self, error))
    return FALSE;
  if (salon_room_get_media_options (self->room)->wire_door == NULL)
    g_set_error_literal (error, SALON_ERROR, SALON_ERROR_MEDIA, "This server takes no programs of its machine");
  else if (self->publisher != NULL || self->subscriptions != NULL)
    g_set_error_literal (error, SALON_ERROR, SALON_ERROR_MEDIA,
        "You have a WebRTC connection; to attach, join with NoSubscribe and without an offer");
  else if (n_sources > 0 && !self->may_publish)
    g_set_error_literal (
        error, SALON_ERROR, SALON_ERROR_MEDIA, "You joined with NoPublish; join again without it to publish");
  else if (self->publications->len + n_sources > SALON_LIMIT_TRACKS)
    g_set_error (error, SALON_ERROR, SALON_ERROR_TOO_MANY_TRACKS, "You may publish %d tracks; unpublish one first",
        SALON_LIMIT_TRACKS);
  else
    return TRUE;
  return FALSE;
}

static gboolean
publish (SalonParticipant *self, GArray *sources, GError **error)
{
  for (guint i = 0; sources != NULL && i < sources->len; i++)
    {
      const SalonTrackSource *source = &g_array_index (sources, SalonTrackSource, i);

      if (!salon_attachment_add_track (self->attachment, source->mid, salon_source_is_video (source->source), error)
          || salon_participant_publish (self, source, error) == NULL)
        return FALSE;
    }
  return TRUE;
}

static gboolean
open_attachment (SalonParticipant *self, const char **path, const char **secret, GError **error)
{
  SalonWireDoor *door = salon_room_get_media_options (self->room)->wire_door;

  self->attachment = salon_attachment_new (salon_room_get_graph (self->room), door);
  g_signal_connect_object (self->attachment, "slot", G_CALLBACK (salon_participant_on_slot), self, 0);
  g_signal_connect_object (self->attachment, "ended", G_CALLBACK (on_ended), self, 0);
  g_signal_connect_object (self->attachment, "failed", G_CALLBACK (salon_participant_on_transport_failed), self, 0);
  *path = salon_wire_door_get_path (door);
  *secret = salon_attachment_expect (self->attachment);
  if (*secret != NULL)
    return TRUE;
  salon_attachment_close (self->attachment);
  g_clear_object (&self->attachment);
  g_set_error_literal (
      error, SALON_ERROR, SALON_ERROR_TOO_MANY_REQUESTS, "Too many programs attach at once; try again in some seconds");
  return FALSE;
}

/* Nothing is published unless all of it can be. */
static void
undo (SalonParticipant *self, guint n_publications, gboolean was_attached)
{
  while (self->publications->len > n_publications)
    salon_participant_drop_publication (self, self->publications->len - 1);
  if (was_attached)
    return;
  salon_attachment_close (self->attachment);
  g_clear_object (&self->attachment);
}

gboolean
salon_participant_attach (
    SalonParticipant *self, const SalonAttachRequest *request, const char **path, const char **secret, GError **error)
{
  gboolean was_attached = self->attachment != NULL;
  guint n_publications = self->publications->len;

  *path = *secret = NULL;
  if (!check_attach (self, request->sources, error) || (!was_attached && !open_attachment (self, path, secret, error)))
    return FALSE;
  if (!publish (self, request->sources, error))
    {
      undo (self, n_publications, was_attached);
      return FALSE;
    }
  if (request->receives && self->receiver == NULL)
    {
      salon_attachment_set_codecs (self->attachment, request->codecs);
      self->receiver = SALON_RECEIVER (self->attachment);
      salon_view_start (self->view, self->receiver);
    }
  return TRUE;
}
