/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>
#include <json-glib/json-glib.h>

/* A track on its way from salonsrc to the muxer of a file, and from one file to the next: it holds what comes while
 * there is no file, begins each with a keyframe and at 0, and fills gaps in sound. It never fails: without a file that
 * takes it, all is dropped, so that the others go on.
 *
 *   src --> sink  SalonRecorderTrack  src --> muxer
 *
 * In a pipeline; its functions may be called from one thread, the recorder's. */
#define SALON_TYPE_RECORDER_TRACK (salon_recorder_track_get_type ())
G_DECLARE_FINAL_TYPE (SalonRecorderTrack, salon_recorder_track, SALON, RECORDER_TRACK, GstElement)

/* From the streaming thread, which they must not hold up. */
typedef struct
{
  /* It waits for salon_recorder_track_record() or salon_recorder_track_drop(), once more after each end of a file. */
  void (*ready) (SalonRecorderTrack *track, gpointer user_data);
  /* The muxer can do nothing with it. */
  void (*refused) (SalonRecorderTrack *track, gpointer user_data);
  /* Nothing more comes, and the file it was in has heard so. */
  void (*ended) (SalonRecorderTrack *track, gpointer user_data);
} SalonRecorderTrackEvents;

/* information: of salonsrc's message salon-track: track, participant, name, source. events: (borrowed). */
SalonRecorderTrack *salon_recorder_track_new (const GstStructure *information, const SalonRecorderTrackEvents *events,
    gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer none): of the information */
const char *salon_recorder_track_get_text (SalonRecorderTrack *self, const char *field);
gboolean salon_recorder_track_is_video (SalonRecorderTrack *self);

/* The running time of what it waits with. */
GstClockTime salon_recorder_track_get_next (SalonRecorderTrack *self);
/* (transfer full): of what it waits with, or was waiting with. */
GstCaps *salon_recorder_track_get_caps (SalonRecorderTrack *self) G_GNUC_WARN_UNUSED_RESULT;

/* Goes on into this pad; base: the running time that is the file's 0, and not after a picture that waits.
 * needs_duration: of MP4, which shows no picture that ends its file and lasts no time. A guess, unless another follows:
 * no good to muxers that note each. */
void salon_recorder_track_record (SalonRecorderTrack *self, GstPad *pad, GstClockTime base, gboolean needs_duration);
/* Ends its file, or part of it, and begins anew with what then comes. May have to be said again while a muxer waits. */
void salon_recorder_track_finish (SalonRecorderTrack *self);
/* Its file is gone: it begins anew. FALSE: that was too often. */
gboolean salon_recorder_track_restart (SalonRecorderTrack *self) G_GNUC_WARN_UNUSED_RESULT;
/* Drops all that comes from now on. */
void salon_recorder_track_drop (SalonRecorderTrack *self);

/* When something came last: monotonic us. */
gint64 salon_recorder_track_get_last_us (SalonRecorderTrack *self);
/* Running time: the end of what is in the present file. */
GstClockTime salon_recorder_track_get_end (SalonRecorderTrack *self);

/* Returns: (transfer full): what the present file has of it, as in salon-recorder.h. */
JsonObject *salon_recorder_track_describe (SalonRecorderTrack *self) G_GNUC_WARN_UNUSED_RESULT;
