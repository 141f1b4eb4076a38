/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* What GstBin leaves to its subclasses: elements come and go while it may be changing its state, and an error of one of
 * them may cut such a change short. */

/* Whether a bin has nothing running after this change of its state, which came to this result. To be asked after the
 * parent class has done its part, and to be answered by letting go of what the change to PAUSED began: more than once,
 * as there is no change from PAUSED to READY if an error cut the one to PAUSED short. */
gboolean salon_bin_has_stopped (GstStateChange transition, GstStateChangeReturn result);

/* Brings an element that was added to a bin to the bin's state. Any thread. FALSE: it can't be (it has told of that on
 * the bus), or was taken out again. */
gboolean salon_bin_start (GstElement *element);

/* Stops an element, which the caller holds, and takes it out of its bin, if that has not let go of it already. Any
 * thread but the element's own. */
void salon_bin_remove (GstElement *element);
