/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "slot-fixture.h"

#define CAPS_OUT                                                                                                       \
  "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=96,extmap-5=" SALON_URI_AUDIO_LEVEL ";"    \
  "application/x-rtp,media=video,encoding-name=RTX,clock-rate=90000,payload=97,apt=(string)96;"                        \
  "application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=102"

void
slot_fixture_set_up (SlotFixture *f, gconstpointer data)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (CAPS_OUT);

  f->slot = gst_element_factory_make ("salonslot", NULL);
  g_object_set (f->slot, "ssrc", SSRC_OUT, "caps", caps, NULL);
  f->h = gst_harness_new_with_element (f->slot, "sink_0", "src");
  f->other = gst_harness_new_with_element (f->slot, "sink_1", NULL);
  gst_object_unref (f->slot);
  gst_harness_set_src_caps_str (f->h, CAPS_VP8);
  gst_harness_set_src_caps_str (f->other, CAPS_VP8);
  f->pad = gst_element_get_static_pad (f->slot, "sink_0");
  f->other_pad = gst_element_get_static_pad (f->slot, "sink_1");
  g_object_set (f->slot, "active-pad", f->pad, NULL);
}

void
slot_fixture_tear_down (SlotFixture *f, gconstpointer data)
{
  gst_object_unref (f->pad);
  gst_clear_object (&f->other_pad);
  gst_harness_teardown (f->other);
  gst_harness_teardown (f->h);
}

GstBuffer *
slot_fixture_new_packet (guint16 sequence, guint32 timestamp, const guint8 *payload, gsize size)
{
  const guint8 header[] = { 0x90, 0x80 | 120, sequence >> 8, sequence & 0xff, timestamp >> 24 & 0xff,
    timestamp >> 16 & 0xff, timestamp >> 8 & 0xff, timestamp & 0xff, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x30, 0x7f, 0, 0 };
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, sizeof header + size, NULL);

  gst_buffer_fill (buffer, 0, header, sizeof header);
  gst_buffer_fill (buffer, sizeof header, payload, size);
  return buffer;
}

GstBuffer *
slot_fixture_pull (SlotFixture *f, SalonRtpPacket *packet)
{
  static guint8 bytes[2048];
  GstBuffer *buffer = gst_harness_try_pull (f->h);
  gsize size;

  g_assert_nonnull (buffer);
  size = gst_buffer_extract (buffer, 0, bytes, sizeof bytes);
  g_assert_true (salon_rtp_packet_parse (packet, bytes, size));
  return buffer;
}

SalonRtpPacket
slot_fixture_pull_packet (SlotFixture *f)
{
  SalonRtpPacket packet;

  gst_buffer_unref (slot_fixture_pull (f, &packet));
  return packet;
}

guint64
slot_fixture_get_stat (SlotFixture *f, const char *name)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 value;

  g_object_get (f->slot, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, name, &value));
  return value;
}

gboolean
slot_fixture_is_awaiting (SlotFixture *f)
{
  gboolean is_awaiting_keyframe;

  g_object_get (f->slot, "awaiting-keyframe", &is_awaiting_keyframe, NULL);
  return is_awaiting_keyframe;
}

guint
slot_fixture_take_requests (GstHarness *h)
{
  GstEvent *event;
  guint n = 0;

  while ((event = gst_harness_try_pull_upstream_event (h)) != NULL)
    {
      n += gst_event_has_name (event, "GstForceKeyUnit");
      gst_event_unref (event);
    }
  return n;
}
