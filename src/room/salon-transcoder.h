/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-jobs.h"
#include "salon-transcode-end.h"

/* For the odd client out: pictures of a room that somebody can't play in the codec they are published in come in
 * another, too. Each is made once for all who need it, by the pipeline `transcode` in a job of its own, from when the
 * first needs it until some seconds after the last.
 *
 *   slots --need--> SalonForms --> SalonTranscoder --> job: salonsrc --> decoder --> encoder --> salonsink
 *     ^                  ^                                    ^                                     |
 *     |                  |                            SalonTranscodeEnd                             |
 *     '------form--------'----------------------- SalonTranscodeEnd <-------------------------------'
 *
 * Owned by its room; main context. */
typedef struct _SalonTranscoder SalonTranscoder;

/* All rooms share it. Plain data. */
typedef struct
{
  SalonJobs *jobs; /* (owned) (nullable): NULL: nothing is transcoded */
  guint max;       /* how many at once; any member of a room may cause one */
  guint n_running;
} SalonTranscodeBudget;

/* room, budget: (borrowed): must outlive it, and it all publications in the room. */
SalonTranscoder *salon_transcoder_new (SalonRoom *room, SalonTranscodeBudget *budget) G_GNUC_WARN_UNUSED_RESULT;
void salon_transcoder_free (SalonTranscoder *self);

/* Of any publication in the room; before it is gone. */
void salon_transcoder_track_changed (SalonTranscoder *self, SalonTrackEvent event, SalonPublication *publication);

/* See salon_rooms_transcode(). */
SalonTranscodeEnd *salon_transcoder_open (SalonTranscoder *self, const SalonPublication *publication,
    const SalonTranscodeRequest *request, const char **path, const char **secret,
    GError **error) G_GNUC_WARN_UNUSED_RESULT;
