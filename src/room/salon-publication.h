/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* A track that a participant publishes: what the others in the room are told of, and are sent.
 * Owned by its participant, borrowed by everybody else; main context. */

typedef enum
{
  SALON_SOURCE_CAMERA,
  SALON_SOURCE_MICROPHONE,
  SALON_SOURCE_SCREEN,
  SALON_SOURCE_SCREEN_AUDIO,
} SalonSource;

typedef struct _SalonParticipant SalonParticipant;
typedef struct _SalonTrack SalonTrack;

typedef struct
{
  char *id;                      /* (owned): UUID */
  SalonParticipant *participant; /* (borrowed): who publishes it */
  SalonTrack *track;             /* (borrowed): its media, owned by the participant's publisher */
  char *mid;                     /* (owned) */
  SalonSource source;
  gboolean is_muted;
  gboolean is_squelched; /* muted by the host, who alone can change that */
  gboolean is_heard;     /* of a sound: it is among those that everybody hears (see SalonFloor) */
} SalonPublication;

SalonPublication *salon_publication_new (SalonParticipant *participant, SalonTrack *track, const char *mid,
    SalonSource source, gboolean is_muted) G_GNUC_WARN_UNUSED_RESULT;
void salon_publication_free (SalonPublication *self);

/* Returns: (transfer full): the seat group: camera and microphone sit together, screen and its sound too. */
char *salon_publication_dup_group (const SalonPublication *self) G_GNUC_WARN_UNUSED_RESULT;

/* A spatial layer of its picture, 0 being the smallest. */
typedef struct
{
  guint spatial;
  guint width; /* 0: not known yet */
  guint height;
} SalonPublicationLayer;

#define SALON_PUBLICATION_MAX_LAYERS 3

/* The layers that arrive now, the smallest first. Returns: how many; 0 where there is no choice: of sound, of a picture
 * that comes in one size, or not yet. */
guint salon_publication_list_layers (
    const SalonPublication *self, SalonPublicationLayer layers[SALON_PUBLICATION_MAX_LAYERS]);

/* What it comes in. (transfer none) (nullable): "VP8", "OPUS" ...; NULL: nothing has come yet. */
const char *salon_publication_get_encoding_name (const SalonPublication *self);
/* The largest that its picture was lately. FALSE: of sound, or not known yet. */
gboolean salon_publication_get_size (
    const SalonPublication *self, guint *width, guint *height) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer none): "camera", "microphone", "screen", "screen_audio". */
const char *salon_source_to_string (SalonSource source);
gboolean salon_source_from_string (const char *text, SalonSource *source) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_source_is_video (SalonSource source);
