/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* buffer: (transfer full). Returns: (transfer full): the same or another in its place. */
typedef GstBuffer *(*SalonBufferMapFunc) (gpointer object, GstBuffer *buffer);

/* In a probe for buffers and lists of them: calls func for each that passes. */
void salon_buffer_map (GstPadProbeInfo *info, SalonBufferMapFunc func, gpointer object);
