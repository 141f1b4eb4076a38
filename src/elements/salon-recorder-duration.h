/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* A muxer notes how long its file is when the file ends. For the one that is cut off, this notes it while it grows: in
 * the place that the muxer has left free in the head, of Matroska (Info, Duration: RFC 9559, 5.1.2.10) or of fragmented
 * MP4 (mehd: ISO/IEC 14496-12, 8.8.2). What has no such place yet, is left as it is. Blocks for the file. */
void salon_recorder_duration_note (const char *path, GstClockTime duration);
