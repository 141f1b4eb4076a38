/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* A room's graph as Graphviz reads it, everybody's elements in a box of their own. Plain: the elements that stand in
 * the room itself, without slots at rest, and links that carry nothing now are dashed. In full: also what is inside of
 * them, all pads that are linked, and their caps.
 *
 * Told of people on the main context, written by one other thread: neither touches the room, and what changes meanwhile
 * is drawn in the one way or the other. */
typedef struct _SalonDrawing SalonDrawing;

/* title: any text, as all labels. */
SalonDrawing *salon_drawing_new (const char *title, gboolean is_full) G_GNUC_WARN_UNUSED_RESULT;
/* On the main context, as it may hold the last reference to an element. */
void salon_drawing_free (SalonDrawing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonDrawing, salon_drawing_free)

/* A box for elements with this id in their names. Returns: its number. */
guint salon_drawing_add_box (SalonDrawing *self, const char *id, const char *label);
/* An element whose name does not tell whose it is. label (nullable): what it is there for. */
void salon_drawing_add_element (SalonDrawing *self, guint box, GstElement *element, const char *label);
/* elements: (transfer full) (element-type GstElement): all that stand in the room. */
void salon_drawing_set_elements (SalonDrawing *self, GPtrArray *elements);

/* Returns: (transfer full) (nullable). Any thread. Errors: INVALID_PARAMS: it would be too long. */
char *salon_drawing_write (SalonDrawing *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
