/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-transcode-end.h"

#include "salon-attachment.h"
#include "salon-error.h"
#include "salon-room.h"

/* What goes to and fro is one stream a direction. */
#define STREAM "0"
/* Of the shorter side: more costs more processor time than a call has for somebody's sake. */
#define MAX_LINES 720

struct _SalonTranscodeEnd
{
  const SalonPublication *publication; /* (borrowed) (nullable): NULL when it is over */
  SalonTranscodeRequest request;
  SalonAttachment *attachment; /* (owned) (nullable): likewise */
  SalonTrack *form;            /* (borrowed) (nullable): the attachment's, of who gives */
  gint codec;                  /* in which the form is known; -1: not yet */
  gulong layers_changed_id;    /* of the track that it takes, or gives; or 0 */
  gulong need_changed_id;      /* of its forms, of who takes; or 0 */
  SalonTranscodeEndFunc func;
  gpointer user_data;
};

const SalonPublication *
salon_transcode_end_get_publication (SalonTranscodeEnd *self)
{
  return self->publication;
}

/* -- who takes -- */

/* The highest that somebody has use for, and is not too large. */
static gint
choose_layer (SalonTrack *track)
{
  SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS];
  gint highest = MAX (salon_forms_get_needed_layer (salon_track_get_forms (track)), 0);

  salon_track_get_layers (track, layers);
  while (highest > 0 && MIN (layers[highest].width, layers[highest].height) > MAX_LINES)
    highest--;
  return highest;
}

static void
follow_layers (SalonTranscodeEnd *self)
{
  SalonTrack *track = self->publication->track;
  SalonTrackSettings settings = SALON_TRACK_SETTINGS_ALL;

  settings.max_layer = choose_layer (track);
  (void)salon_receiver_set_settings (SALON_RECEIVER (self->attachment), track, &settings);
}

static void
on_layers_changed (SalonTrack *track, gpointer user_data)
{
  follow_layers (user_data);
}

static void
on_need_changed (SalonForms *forms, guint codec, gpointer user_data)
{
  follow_layers (user_data);
}

static void
on_slot (SalonAttachment *attachment, guint target, const char *mid, SalonTrack *track, SalonTranscodeEnd *self)
{
  self->request.events->slot (self->request.session, target, mid, track != NULL ? self->publication : NULL);
}

static gboolean
take (SalonTranscodeEnd *self)
{
  SalonTrack *track = self->publication->track;

  g_signal_connect (self->attachment, "slot", G_CALLBACK (on_slot), self);
  salon_receiver_add (SALON_RECEIVER (self->attachment), track, STREAM, self->publication->is_muted);
  self->layers_changed_id = g_signal_connect (track, "layers-changed", G_CALLBACK (on_layers_changed), self);
  self->need_changed_id
      = g_signal_connect (salon_track_get_forms (track), "need-changed", G_CALLBACK (on_need_changed), self);
  follow_layers (self);
  return TRUE;
}

void
salon_transcode_end_follow (SalonTranscodeEnd *self)
{
  if (self->request.receives)
    salon_receiver_set_paused (
        SALON_RECEIVER (self->attachment), self->publication->track, self->publication->is_muted);
}

/* -- who gives -- */

/* As what it comes is seen when it does. */
static void
on_form_changed (SalonTrack *form, gpointer user_data)
{
  SalonTranscodeEnd *self = user_data;
  gint codec = salon_track_get_codec (form);

  if (self->codec >= 0 || codec < 0)
    return;
  self->codec = codec;
  salon_forms_set (salon_track_get_forms (self->publication->track), codec, form);
}

static gboolean
give (SalonTranscodeEnd *self, GError **error)
{
  if (!salon_attachment_add_track (self->attachment, STREAM, TRUE, error))
    return FALSE;
  self->form = salon_attachment_get_track (self->attachment, STREAM);
  self->layers_changed_id = g_signal_connect (self->form, "layers-changed", G_CALLBACK (on_form_changed), self);
  return TRUE;
}

/* -- its end -- */

static void
let_go (SalonTranscodeEnd *self)
{
  SalonTrack *track = self->publication->track;
  SalonForms *forms = salon_track_get_forms (track);

  g_signal_handlers_disconnect_by_data (self->attachment, self);
  if (self->layers_changed_id != 0)
    g_signal_handler_disconnect (self->request.receives ? track : self->form, self->layers_changed_id);
  if (self->need_changed_id != 0)
    g_signal_handler_disconnect (forms, self->need_changed_id);
  if (self->request.receives)
    salon_receiver_remove (SALON_RECEIVER (self->attachment), track);
  else if (self->codec >= 0 && salon_forms_get (forms, self->codec) == self->form)
    salon_forms_set (forms, self->codec, NULL);
  salon_attachment_close (self->attachment);
  g_clear_object (&self->attachment);
  self->publication = NULL;
}

static void
finish (SalonTranscodeEnd *self)
{
  if (self->publication == NULL)
    return;
  let_go (self);
  self->func (self, self->user_data);
}

void
salon_transcode_end_close (SalonTranscodeEnd *self, const char *reason, const char *message)
{
  finish (self);
  self->request.events->ended (self->request.session, reason, message);
}

static void
on_failed (SalonAttachment *attachment, const GError *error, gpointer user_data)
{
  salon_transcode_end_close (user_data, "media_failed", error->message);
}

/* -- life -- */

static gboolean
expect (SalonTranscodeEnd *self, const char **secret, GError **error)
{
  *secret = salon_attachment_expect (self->attachment);
  if (*secret != NULL)
    return TRUE;
  g_set_error_literal (
      error, SALON_ERROR, SALON_ERROR_TOO_MANY_REQUESTS, "Too many programs attach at once; try again in some seconds");
  return FALSE;
}

SalonTranscodeEnd *
salon_transcode_end_new (SalonRoom *room, const SalonPublication *publication, const SalonTranscodeRequest *request,
    SalonTranscodeEndFunc func, gpointer user_data, const char **path, const char **secret, GError **error)
{
  SalonWireDoor *door = salon_room_get_media_options (room)->wire_door;
  SalonTranscodeEnd *self;

  if (door == NULL)
    {
      g_set_error_literal (error, SALON_ERROR, SALON_ERROR_MEDIA, "This server takes no programs of its machine");
      return NULL;
    }
  self = g_new0 (SalonTranscodeEnd, 1);
  self->publication = publication;
  self->request = *request;
  self->codec = -1;
  self->func = func;
  self->user_data = user_data;
  self->attachment = salon_attachment_new (salon_room_get_graph (room), door);
  g_signal_connect (self->attachment, "failed", G_CALLBACK (on_failed), self);
  *path = salon_wire_door_get_path (door);
  if (expect (self, secret, error) && (request->receives ? take (self) : give (self, error)))
    return self;
  salon_transcode_end_free (self);
  return NULL;
}

void
salon_transcode_end_free (SalonTranscodeEnd *self)
{
  finish (self);
  g_free (self);
}
