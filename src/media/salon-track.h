/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-graph.h"

/* The media of one m-line of a publisher, in the room's graph: a `tee` that slots are linked to. It exists from the
 * moment the m-line is negotiated, before and between packets. It gathers the keyframe requests of all subscribers:
 * the publisher sees at most one in SALON_TRACK_KEYFRAME_INTERVAL_US, and none is lost.
 *
 * Owned by its publisher, borrowed by rooms and subscribers. Main context but for the functions that say otherwise. */
#define SALON_TYPE_TRACK (salon_track_get_type ())
G_DECLARE_FINAL_TYPE (SalonTrack, salon_track, SALON, TRACK, GObject)

/* A keyframe is some ten times a delta frame: asked for more often, it would eat the publisher's uplink. */
#define SALON_TRACK_KEYFRAME_INTERVAL_US (300 * G_TIME_SPAN_MILLISECOND)

SalonTrack *salon_track_new (SalonGraph *graph, const char *mid, gboolean is_video) G_GNUC_WARN_UNUSED_RESULT;
/* Every subscriber must have been detached before. */
void salon_track_close (SalonTrack *self);

const char *salon_track_get_mid (SalonTrack *self);
gboolean salon_track_is_video (SalonTrack *self);

/* While not open, nothing passes: the state before the publisher's certificate is verified. Any thread. */
void salon_track_set_open (SalonTrack *self, gboolean is_open);

/* Feeds the track from a pad of the publisher; an earlier pad's media is thrown away from now on. Any thread. */
void salon_track_link_source (SalonTrack *self, GstPad *source);

/* id: of the header extension with which the publisher says how loud each packet is (RFC 6464); 0: it doesn't. Any
 * thread. */
void salon_track_set_level_id (SalonTrack *self, guint id);
/* How loud it was since the last call: see salon_level_meter_take(). Any thread, but one at a time. */
gboolean salon_track_take_level (SalonTrack *self, int *level_dbov) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): a new pad of the tee, to be linked to a slot. */
GstPad *salon_track_request_pad (SalonTrack *self) G_GNUC_WARN_UNUSED_RESULT;
/* pad: (transfer full) */
void salon_track_release_pad (SalonTrack *self, GstPad *pad);

/* Asks the publisher for a keyframe, now or as soon as the interval allows. Any thread. */
void salon_track_request_keyframe (SalonTrack *self);
