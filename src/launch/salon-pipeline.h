/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* A pipeline from a description, and its ends: the sinks that show or write, and the sink pads of webrtcbins, which
 * send. It has ended when end-of-stream has reached all of them.
 *
 * Signals, all on the main context:
 *   failed (const char *message)   an element's error; nothing of use plays any more
 *   playing ()                     once; not before there is something to play, or it is live
 *   ended ()                       once
 *
 * Main context. salon_pipeline_stop() ends it. */
#define SALON_TYPE_PIPELINE (salon_pipeline_get_type ())
G_DECLARE_FINAL_TYPE (SalonPipeline, salon_pipeline, SALON, PIPELINE, GObject)

/* context: (nullable): gathers the elements that there are not. Returns: (transfer full) (nullable): NULL when there is
 * no such pipeline. */
SalonPipeline *salon_pipeline_new (
    const char *description, GstParseContext *context, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full) (nullable): of any depth. */
GstElement *salon_pipeline_find_element (SalonPipeline *self, const char *name) G_GNUC_WARN_UNUSED_RESULT;

/* Of what has been played, in ns; GST_CLOCK_TIME_NONE: not known. May wait for the elements. */
GstClockTime salon_pipeline_get_position (SalonPipeline *self);

/* Returns: (transfer full) (nullable): the webrtcbin of this name. Errors: there is an element of that name, but it is
 * none. */
GstElement *salon_pipeline_find_webrtcbin (
    SalonPipeline *self, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: (transfer full): a new one, playing with the rest. */
GstElement *salon_pipeline_add_webrtcbin (SalonPipeline *self, const char *name) G_GNUC_WARN_UNUSED_RESULT;

void salon_pipeline_play (SalonPipeline *self);

/* Whether there are sinks which should see the end of the stream before they stop: a file wants its index. */
gboolean salon_pipeline_needs_ending (SalonPipeline *self);
/* Brings the end of the stream to all ends; `ended` follows. */
void salon_pipeline_end (SalonPipeline *self);

void salon_pipeline_stop (SalonPipeline *self);
