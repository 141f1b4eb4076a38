/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* salonrecorder: every track of a room that is wanted, in files, as it was published; see `gst-inspect-1.0
 * salonrecorder`.
 *
 *            / video_0 --> SalonRecorderTrack --> muxer --> file
 *   salonsrc
 *            \ audio_0 --> SalonRecorderTrack --> muxer --> file
 *
 * It needs no elements before or after it. Tracks that come while it plays get files of their own. It ends with the
 * end-of-stream that the application sends it, when the room is closed, or after `idle-timeout`; all files are whole by
 * the time it says so on the bus. When it is killed, they end a second before that, and can be played.
 *
 * What is written is a folder, `location`: media files, and `recording.json`, which tells what is in them, anew every
 * few seconds and then replaced as a whole:
 *
 *   version       1
 *   room          slug or id, as the property had it
 *   state         recording; complete; failed: with `error`. One that stays `recording` was cut off
 *   error         text, only if it failed
 *   began_at      ISO 8601, UTC, with ms: the 0 of all `begins_ms`
 *   duration_ms   from then to the end of the last file
 *   size_bytes    of all files
 *   files         in the order in which they began:
 *     file          its name, in this folder
 *     state         recording, complete, or broken: what it has can be played, `error` says why there is no more
 *     error         text, only if it is broken
 *     begins_ms     its own times begin with 0 here
 *     duration_ms, size_bytes
 *     tracks        one, or with per=participant up to two:
 *       track, participant   ids
 *       name                 the participant's: what they wrote, thus to be escaped
 *       source               camera, microphone, screen or screen_audio
 *       kind                 audio or video
 *       codec                opus, vp8, vp9, h264 or av1
 *       begins_ms, duration_ms
 *       frames               pictures, or packets of sound
 *       width, height        of the largest picture; of sound, and of what has no picture yet, they are missing
 *
 * Pauses keep their length: in sound by packets that say that nothing came, in pictures by their times. */
#define SALON_TYPE_RECORDER (salon_recorder_get_type ())
GST_ELEMENT_REGISTER_DECLARE (salonrecorder)
