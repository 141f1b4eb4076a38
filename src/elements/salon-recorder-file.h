/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "salon-recorder-track.h"

/* One file of a recording: which tracks, and the muxer and sink that write it. The recorder's thread.
 *
 *   waiting --> recording --> complete
 *          \-------------\--> broken
 *
 * Waiting, it may be given another track; recording, it is in a bin, and on disk. */
typedef struct _SalonRecorderFile SalonRecorderFile;

typedef enum
{
  SALON_RECORDER_FORMAT_WEBM, /* Matroska, for what WebM has no place for */
  SALON_RECORDER_FORMAT_MKV,
  SALON_RECORDER_FORMAT_MP4, /* in fragments; WebM, for what is not H264 or Opus */
} SalonRecorderFormat;

SalonRecorderFile *salon_recorder_file_new (SalonRecorderTrack *track) G_GNUC_WARN_UNUSED_RESULT;
void salon_recorder_file_free (SalonRecorderFile *self);

/* Whether this one belongs with the track that is there: a microphone with its camera, a screen with its sound. */
gboolean salon_recorder_file_can_add (SalonRecorderFile *self, SalonRecorderTrack *track);
void salon_recorder_file_add (SalonRecorderFile *self, SalonRecorderTrack *track);

/* number: in its name. Errors: the disk, or an element that is missing; it is broken then. */
gboolean salon_recorder_file_begin (SalonRecorderFile *self, GstBin *bin, const char *folder,
    SalonRecorderFormat format, guint number, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The track is in it no more, or goes on in another. */
void salon_recorder_file_let_go (SalonRecorderFile *self, SalonRecorderTrack *track);
gboolean salon_recorder_file_has (SalonRecorderFile *self, SalonRecorderTrack *track);

/* Called every now and then: of two tracks, none is waited for longer than the muxer may hold up the other; and the
 * file's duration is noted in it, so that who is cut off leaves one behind. */
void salon_recorder_file_look_after (SalonRecorderFile *self);

/* Nothing more is written. error: (nullable): why it is broken. Its tracks are to be told by the caller. */
void salon_recorder_file_close (SalonRecorderFile *self, const char *error);

gboolean salon_recorder_file_is_waiting (SalonRecorderFile *self);
gboolean salon_recorder_file_is_open (SalonRecorderFile *self);
gint64 salon_recorder_file_get_age_us (SalonRecorderFile *self);
gint64 salon_recorder_file_get_size (SalonRecorderFile *self);
/* Running time. */
GstClockTime salon_recorder_file_get_end (SalonRecorderFile *self);
/* Whether this message comes from its elements. */
gboolean salon_recorder_file_owns (SalonRecorderFile *self, GstObject *object);
/* (transfer none) (element-type SalonRecorderTrack): those that are in it still. */
GPtrArray *salon_recorder_file_get_tracks (SalonRecorderFile *self);

/* Returns: (transfer full): as in salon-recorder.h. */
JsonObject *salon_recorder_file_describe (SalonRecorderFile *self) G_GNUC_WARN_UNUSED_RESULT;
