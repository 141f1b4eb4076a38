/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/sdp/sdp.h>

/* webrtcbin 1.22 answers with one codec an m-line, and takes all that its answer has. So, before it becomes the local
 * description, an answer gets all codecs of the offer that are named, "VP8", "H264", with their retransmissions (RFC
 * 4588); an m-line that offers none of them stays as it is. Pure. */
void salon_answer_accept (GstSDPMessage *answer, const GstSDPMessage *offer, const char *const *names);
