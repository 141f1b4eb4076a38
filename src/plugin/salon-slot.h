/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/*        track's tee --> sink_0 \
 *                                \  salonslot: gate, rewriter --> src --> subscriber
 *  next track's tee --> sink_1   /
 *
 * One m-line of a subscriber, fed by one published track at a time, as one RTP stream that never breaks: see
 * salon-rewriter.h. And a barrier: whatever the subscriber does, the publisher's streaming thread gets GST_FLOW_OK, and
 * of all that travels upstream only requests for a keyframe pass. It has no thread: it pushes in the active input's.
 *
 * Properties (all may be set at any time and from any thread; none waits for streaming):
 * - active-pad (GstPad): the sink pad whose packets go out; NULL: none do. Setting another one switches, and asks
 *   it for a keyframe. Until it is set for the first time, the first pad requested is active.
 * - next-pad (GstPad): the sink pad that becomes the active one as soon as it brings a keyframe, for which it is asked;
 *   the active one goes out until then, so that nobody sees a break; or, while not open, is kept, so that there is a
 *   beginning at any time. NULL, or setting active-pad, calls it off.
 * - max-spatial-layer, max-temporal-layer (guint, 0 to 7): layers within the active track that go out, as
 *   salon-rewriter.h says. Default 7: all.
 * - open (gboolean): FALSE lets nothing out; then it begins with the last keyframe of this second and what followed it,
 *   or waits for the next. Default TRUE.
 * - caps (GstCaps): what the output may carry: one application/x-rtp structure per codec, with its payload and
 *   extmap-N fields. A track of another codec is dropped. NULL: all keep their payload type and extension ids.
 * - ssrc (guint): of the output; random unless set.
 * - awaiting-keyframe (gboolean, read-only): the active track's next keyframe has not come yet.
 * - stats (GstStructure, read-only): packets, bytes, dropped (of the active track), flow-errors, switches,
 *   keyframe-requests (guint64); unsupported (gboolean): the active track's codec is not among the caps.
 *
 * Action signal:
 * - request-keyframe: sends a GstForceKeyUnit to the active track at once, from the calling thread.
 *
 * Keyframes are asked for at each switch, also while it is not open, and at an opening for which none is kept; then
 * every 500 ms as long as packets come without one; the subscriber's requests (GstForceKeyUnit at the src pad) pass at
 * the same rate.
 *
 * Releasing a sink pad is safe while upstream pushes into it: the pusher sees GST_FLOW_OK, then GST_FLOW_NOT_LINKED
 * (give the tee allow-not-linked). Release the pads before the slot leaves PAUSED: an element in READY is FLUSHING, and
 * a tee takes that for the end. */
#define SALON_TYPE_SLOT (salon_slot_get_type ())
G_DECLARE_FINAL_TYPE (SalonSlot, salon_slot, SALON, SLOT, GstElement)

GST_ELEMENT_REGISTER_DECLARE (salonslot)
