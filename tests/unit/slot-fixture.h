/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/check/gstharness.h>

#include "salon-extension-map.h"
#include "salon-rtp-packet.h"

/* A slot with two inputs of VP8, of which the first is active, and what its tests look at it with. */

#define SSRC_OUT 0xcafe0001

#define CAPS_VP8                                                                                                       \
  "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=120,extmap-3=" SALON_URI_AUDIO_LEVEL
#define CAPS_AV1 "application/x-rtp,media=video,encoding-name=AV1,clock-rate=90000,payload=45"

static const guint8 vp8_keyframe[] = { 0x10, 0x00, 0xee };
static const guint8 vp8_interframe[] = { 0x10, 0x01, 0xee };

typedef struct
{
  GstHarness *h;     /* sink_0 and src */
  GstHarness *other; /* sink_1 */
  GstElement *slot;  /* (borrowed) */
  GstPad *pad;       /* sink_0 */
  GstPad *other_pad; /* sink_1 */
} SlotFixture;

void slot_fixture_set_up (SlotFixture *f, gconstpointer data);
void slot_fixture_tear_down (SlotFixture *f, gconstpointer data);

GstBuffer *slot_fixture_new_packet (guint16 sequence, guint32 timestamp, const guint8 *payload, gsize size);

#define PACKET(sequence, payload) slot_fixture_new_packet (sequence, 3000 * (sequence), payload, sizeof payload)
#define push(harness, sequence, payload)                                                                               \
  g_assert_cmpint (gst_harness_push (harness, PACKET (sequence, payload)), ==, GST_FLOW_OK)

/* Takes the next buffer that came out, and reads its header. */
GstBuffer *slot_fixture_pull (SlotFixture *f, SalonRtpPacket *packet);
SalonRtpPacket slot_fixture_pull_packet (SlotFixture *f);

guint64 slot_fixture_get_stat (SlotFixture *f, const char *name);
gboolean slot_fixture_is_awaiting (SlotFixture *f);
/* How many keyframe requests reached an input since the last call. */
guint slot_fixture_take_requests (GstHarness *h);
