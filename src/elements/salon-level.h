/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* Tells in each RTP packet of sound how loud it is (RFC 6464), by the header extension SALON_WIRE_LEVEL_ID: without it
 * nobody who publishes by a pipeline would ever be seen to speak.
 *
 * raw: where the sound passes as samples (S16LE) in the machine's order, before its packets do. rtp: where these leave;
 * in one thread or two. Both (borrowed); what is measured goes with them. */
void salon_level_tell (GstPad *raw, GstPad *rtp);
