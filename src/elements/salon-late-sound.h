/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* Of a live mixer, which leaves out what comes too late. A sound that is late all the time would never be heard: after
 * half a second it is moved to where it can be, and back once it has been early enough for ten. What is late only once,
 * as after a pause of the machine, is not moved. No sound is moved by more than ten seconds.
 *
 * pad: the mixer's, on which raw sound comes in time format; watched as long as it lives. latency: how long after a
 * buffer's time the mixer wants it, in ns. */
void salon_late_sound_watch (GstPad *pad, GstClockTime latency);
