/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "salon-drawing.h"

/* The live GStreamer graph of one room: a pipeline that always plays.
 *
 *   publisher (webrtcbin) --> tee --+--> salonslot --> SalonSender   one tee a track, one salonslot an m-line,
 *                                   +--> salonslot --> SalonSender   one sender a subscriber
 *
 * A subscriber's webrtcbin stands beside, without media; where there is no sender (send-path, ice=full), its slots lead
 * there.
 * An error of one element ends the transport it belongs to (see salon_graph_watch_element) and nothing else.
 * Owned by its room; main context; salon_graph_close() ends it. */
#define SALON_TYPE_GRAPH (salon_graph_get_type ())
G_DECLARE_FINAL_TYPE (SalonGraph, salon_graph, SALON, GRAPH, GObject)

typedef void (*SalonGraphErrorFunc) (GstElement *element, gpointer user_data);

/* name: for logs and drawings, e.g. the room's id. */
SalonGraph *salon_graph_new (const char *name) G_GNUC_WARN_UNUSED_RESULT;
void salon_graph_close (SalonGraph *self);

/* Adds a floating element and brings it to the graph's state. Any thread. */
void salon_graph_add (SalonGraph *self, GstElement *element);
/* Stops an element and takes it out. Main context. */
void salon_graph_remove (SalonGraph *self, GstElement *element);

/* Writes it down, in another thread. drawing: (transfer full): told of everything but the elements. Errors:
 * TOO_MANY_REQUESTS: it is just being drawn; those of salon_drawing_write(). */
void salon_graph_draw_async (SalonGraph *self, SalonDrawing *drawing, GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full) */
char *salon_graph_draw_finish (SalonGraph *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Calls func soon, one such call a turn of the main loop: for what costs milliseconds and would, done for everybody in
 * the room at once, hold all of them up. object: func's first argument, held until then. */
typedef void (*SalonGraphJobFunc) (gpointer object);
void salon_graph_defer (SalonGraph *self, SalonGraphJobFunc func, GObject *object);

/* func is called, on the main context, when `element` or something inside it posts an error; until unwatched. */
void salon_graph_watch_element (SalonGraph *self, GstElement *element, SalonGraphErrorFunc func, gpointer user_data);
void salon_graph_unwatch_element (SalonGraph *self, GstElement *element);
