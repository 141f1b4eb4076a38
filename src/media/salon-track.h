/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-forms.h"
#include "salon-graph.h"
#include "salon-layer.h"
#include "salon-track-settings.h"

/* The media of one m-line of a publisher, in the room's graph. It exists from the moment the m-line is negotiated,
 * before and between packets.
 *
 *   one stream a layer (simulcast), or one in all:   publisher --> tee --+--> slots
 *                                                    publisher --> tee --+--> ...
 *
 * It gathers the keyframe requests of all subscribers: for each stream the publisher sees at most one in
 * SALON_TRACK_KEYFRAME_INTERVAL_US, and none is lost. It measures what arrives, and knows which layers anybody wants.
 *
 * Signals, on the main context:
 *   layers-changed ()            which layers arrive, or how large they are
 *   wanted-changed (gint)        see salon_track_get_wanted()
 *
 * Owned by its publisher, borrowed by rooms and subscribers. Main context but for the functions that say otherwise. */
#define SALON_TYPE_TRACK (salon_track_get_type ())
G_DECLARE_FINAL_TYPE (SalonTrack, salon_track, SALON, TRACK, GObject)

/* A keyframe is some ten times a delta frame: asked for more often, it would eat the publisher's uplink. */
#define SALON_TRACK_KEYFRAME_INTERVAL_US (300 * G_TIME_SPAN_MILLISECOND)
/* How long nobody has to want a layer before it counts as unwanted: who leaves a tile often comes back, and each pause
 * costs a keyframe. */
#define SALON_TRACK_UNWANTED_MS 2000

/* n_streams: 1, or as many as there are layers in simulcast, SALON_MAX_SPATIAL_LAYERS at most. */
SalonTrack *salon_track_new (
    SalonGraph *graph, const char *mid, gboolean is_video, guint n_streams) G_GNUC_WARN_UNUSED_RESULT;
/* Every subscriber must have been detached before. */
void salon_track_close (SalonTrack *self);

const char *salon_track_get_mid (SalonTrack *self);
/* tracks: (element-type SalonTrack). Returns: (transfer none) (nullable): the one of this m-line. Any thread. */
SalonTrack *salon_track_find (GPtrArray *tracks, const char *mid);
/* What clients that are told by descriptions alone know it by (RFC 8830): the ids of a MediaStream and of its track.
 * Before it is subscribed to. (nullable): NULL before it is set. */
void salon_track_set_msid (SalonTrack *self, const char *stream, const char *track);
const char *salon_track_get_stream (SalonTrack *self);
/* "STREAM TRACK" */
const char *salon_track_get_msid (SalonTrack *self);
gboolean salon_track_is_video (SalonTrack *self);
guint salon_track_get_n_streams (SalonTrack *self);
/* A SalonCodec; -1: nothing has come yet. `layers-changed` tells when it does. */
gint salon_track_get_codec (SalonTrack *self);
/* Returns: (transfer none): the same in other codecs. */
SalonForms *salon_track_get_forms (SalonTrack *self);

/* Returns: (transfer none): where a stream branches, for drawings. */
GstElement *salon_track_get_tee (SalonTrack *self, guint stream);

/* While not open, nothing passes: the state before the publisher's certificate is verified. Any thread. */
void salon_track_set_open (SalonTrack *self, gboolean is_open);

/* Feeds a stream from a pad of the publisher; an earlier pad's media is thrown away from now on. Any thread. */
void salon_track_link_source (SalonTrack *self, guint stream, GstPad *source);

/* Its sound comes as RED: see salon-red-entry.h. Before media comes. */
void salon_track_set_red (SalonTrack *self);
gboolean salon_track_is_red (SalonTrack *self);

/* id: of the header extension with which the publisher says how loud each packet is (RFC 6464); 0: it doesn't. Any
 * thread. */
void salon_track_set_level_id (SalonTrack *self, guint id);
/* How loud it was since the last call: see salon_level_meter_take(). Any thread, but one at a time. */
gboolean salon_track_take_level (SalonTrack *self, int *level_dbov) G_GNUC_WARN_UNUSED_RESULT;
/* How long ago its owner was last heard to say something; 0: just now, or nobody can know. Any thread. */
void salon_track_set_silent_ms (SalonTrack *self, guint silent_ms);
guint salon_track_get_silent_ms (SalonTrack *self);

/* Returns: (transfer full): a new pad of the stream's tee, to be linked to a slot. */
GstPad *salon_track_request_pad (SalonTrack *self, guint stream) G_GNUC_WARN_UNUSED_RESULT;
/* pad: (transfer full) */
void salon_track_release_pad (SalonTrack *self, guint stream, GstPad *pad);

/* id: of the header extension with which the publisher tells of each packet which layers it belongs to, whatever the
 * codec (see salon-dependencies.h); 0: it doesn't. Any thread. */
void salon_track_set_dependency_id (SalonTrack *self, guint id);
/* How many spatial layers it has, as far as is known: its streams, or those seen within the one. */
guint salon_track_get_n_layers (SalonTrack *self);
/* What arrives, and at what rate, as measured a quarter of a second ago at most. */
void salon_track_get_layers (SalonTrack *self, SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS]);

/* The highest spatial layer that somebody wants; -1: nobody wants anything. It falls only after a while, see above. */
gint salon_track_get_wanted (SalonTrack *self);
SalonTrackLimit salon_track_get_limit (SalonTrack *self);
void salon_track_set_limit (SalonTrack *self, SalonTrackLimit limit);

/* A slot wanted no layer above `before`, and wants none above `now`; -1: nothing. */
void salon_track_change_wish (SalonTrack *self, gint before, gint now);
