/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "salon-plugin.h"
#include "salon-slot.h"
#include "slot-fixture.h"

#define CAPS_H264 "application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=126"
#define CAPS_OPUS "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=109"

static const guint8 h264_sps[] = { 0x67, 0x42, 0xc0, 0x1f };
static const guint8 opus_frame[] = { 0x78, 0x01, 0x02 };

static void
test_forwards_only_the_active_pad (SlotFixture *f, gconstpointer data)
{
  push (f->other, 1, vp8_keyframe);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 0);
  push (f->h, 1, vp8_keyframe);
  push (f->other, 2, vp8_keyframe);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 1);
  g_object_set (f->slot, "active-pad", NULL, NULL);
  push (f->h, 2, vp8_keyframe);
  push (f->other, 3, vp8_keyframe);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 1);
}

static void
test_first_pad_is_active_until_told (void)
{
  g_autoptr (GstElement) slot = gst_object_ref_sink (gst_element_factory_make ("salonslot", NULL));
  g_autoptr (GstPad) first = gst_element_request_pad_simple (slot, "sink_%u");
  g_autoptr (GstPad) second = gst_element_request_pad_simple (slot, "sink_%u");
  g_autoptr (GstPad) active = NULL;

  g_object_get (slot, "active-pad", &active, NULL);
  g_assert_true (active == first);
  g_object_set (slot, "active-pad", NULL, NULL);
  gst_element_release_request_pad (slot, first);
  gst_element_release_request_pad (slot, second);
  second = (gst_object_unref (second), gst_element_request_pad_simple (slot, "sink_%u"));
  gst_clear_object (&active);
  g_object_get (slot, "active-pad", &active, NULL);
  g_assert_null (active);
}

static void
test_awaits_a_keyframe (SlotFixture *f, gconstpointer data)
{
  g_assert_true (slot_fixture_is_awaiting (f));
  push (f->h, 1, vp8_interframe);
  g_assert_true (slot_fixture_is_awaiting (f));
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 0);
  push (f->h, 2, vp8_keyframe);
  g_assert_false (slot_fixture_is_awaiting (f));
  push (f->h, 3, vp8_interframe);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 2);
  g_object_set (f->slot, "active-pad", f->other_pad, NULL);
  g_assert_true (slot_fixture_is_awaiting (f));
}

static void
test_switches_between_codecs (SlotFixture *f, gconstpointer data)
{
  g_autoptr (GstCaps) caps = NULL;
  SalonRtpPacket first;
  SalonRtpPacket second;

  gst_harness_set_src_caps_str (f->other, CAPS_H264);
  push (f->h, 500, vp8_keyframe);
  first = slot_fixture_pull_packet (f);
  g_assert_cmpuint (first.payload_type, ==, 96);

  g_object_set (f->slot, "active-pad", f->other_pad, NULL);
  push (f->other, 9, h264_sps);
  second = slot_fixture_pull_packet (f);
  g_assert_cmpuint (second.payload_type, ==, 102);
  g_assert_cmphex (second.ssrc, ==, SSRC_OUT);
  g_assert_cmpuint (second.sequence, ==, (guint16)(first.sequence + 1));
  g_assert_cmpuint (second.timestamp - first.timestamp, >=, 1);
  g_assert_cmpuint (second.timestamp - first.timestamp, <, 90000);

  caps = gst_pad_get_current_caps (f->h->sinkpad);
  g_assert_cmpstr (gst_structure_get_string (gst_caps_get_structure (caps, 0), "encoding-name"), ==, "H264");
  g_assert_cmpuint (slot_fixture_get_stat (f, "switches"), ==, 2);
}

/* One CAPS event a codec; a switch within the codec sends none. */
static void
test_sends_caps_only_when_they_change (SlotFixture *f, gconstpointer data)
{
  GstEvent *event;
  guint n_caps = 0;
  guint n_others = 0;

  push (f->h, 1, vp8_keyframe);
  g_object_set (f->slot, "active-pad", f->other_pad, NULL);
  push (f->other, 1, vp8_keyframe);
  while ((event = gst_harness_try_pull_event (f->h)) != NULL)
    {
      n_caps += GST_EVENT_TYPE (event) == GST_EVENT_CAPS;
      n_others += GST_EVENT_TYPE (event) != GST_EVENT_CAPS;
      gst_event_unref (event);
    }
  g_assert_cmpuint (n_caps, ==, 1);
  g_assert_cmpuint (n_others, ==, 2); /* stream-start, segment */
}

static void
test_renumbers_extensions (SlotFixture *f, gconstpointer data)
{
  SalonRtpPacket packet;
  const guint8 *level;
  gsize size;

  push (f->h, 1, vp8_keyframe);
  packet = slot_fixture_pull_packet (f);
  level = salon_rtp_packet_find_extension (&packet, 5, &size);
  g_assert_cmpmem (level, size, "\x7f", 1);

  /* The form that extension attributes take in caps. */
  gst_harness_set_src_caps_str (f->h, "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=120,"
                                      "extmap-3=(string)<\"\",\"" SALON_URI_AUDIO_LEVEL "\",\"vad=on\">");
  push (f->h, 2, vp8_interframe); /* no switch: the codec is the same */
  packet = slot_fixture_pull_packet (f);
  g_assert_nonnull (salon_rtp_packet_find_extension (&packet, 5, &size));
}

static void
test_drops_other_codecs (SlotFixture *f, gconstpointer data)
{
  g_autoptr (GstStructure) stats = NULL;
  gboolean is_unsupported;

  gst_harness_set_src_caps_str (f->h, CAPS_AV1);
  push (f->h, 1, vp8_keyframe);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 0);
  g_assert_cmpuint (slot_fixture_get_stat (f, "dropped"), ==, 1);
  g_object_get (f->slot, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_boolean (stats, "unsupported", &is_unsupported) && is_unsupported);

  gst_harness_set_src_caps_str (f->h, CAPS_VP8);
  push (f->h, 2, vp8_keyframe);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 1);
}

static void
test_drops_junk (SlotFixture *f, gconstpointer data)
{
  static const guint8 junk[] = { 0x00, 0x01 };
  static const guint8 padded[] = { 0xa0, 120, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 99 };

  g_assert_cmpint (gst_harness_push (f->h, gst_buffer_new ()), ==, GST_FLOW_OK);
  g_assert_cmpint (gst_harness_push (f->h, gst_buffer_new_memdup (junk, sizeof junk)), ==, GST_FLOW_OK);
  g_assert_cmpint (gst_harness_push (f->h, gst_buffer_new_memdup (padded, sizeof padded)), ==, GST_FLOW_OK);
  g_assert_cmpuint (slot_fixture_get_stat (f, "dropped"), ==, 3);
}

static void
test_shares_the_payload (SlotFixture *f, gconstpointer data)
{
  guint8 payload[1000] = { 0x10, 0x00 };
  GstBuffer *in = slot_fixture_new_packet (1, 1, payload, sizeof payload);
  g_autoptr (GstBuffer) out = NULL;
  GstMapInfo in_map;
  GstMapInfo out_map;
  SalonRtpPacket packet;

  gst_buffer_ref (in);
  g_assert_cmpint (gst_harness_push (f->h, in), ==, GST_FLOW_OK);
  out = slot_fixture_pull (f, &packet);
  g_assert_cmpuint (gst_buffer_n_memory (out), ==, 2);
  g_assert_true (gst_memory_map (gst_buffer_peek_memory (out, 1), &out_map, GST_MAP_READ));
  g_assert_true (gst_buffer_map (in, &in_map, GST_MAP_READ));
  g_assert_true (out_map.data == in_map.data + 20);
  g_assert_cmpuint (out_map.size, ==, sizeof payload);
  gst_buffer_unmap (in, &in_map);
  gst_memory_unmap (gst_buffer_peek_memory (out, 1), &out_map);
  gst_buffer_unref (in);
}

/* As payloaders make them: the header and the payload in memories of their own. */
static void
test_takes_scattered_buffers (SlotFixture *f, gconstpointer data)
{
  g_autoptr (GstBuffer) whole = PACKET (1, vp8_keyframe);
  GstBuffer *scattered = gst_buffer_new ();
  SalonRtpPacket packet;
  gsize size;
  const guint8 *payload;

  for (gsize at = 0; at < gst_buffer_get_size (whole); at++)
    {
      guint8 byte;

      gst_buffer_extract (whole, at, &byte, 1);
      gst_buffer_append (scattered, gst_buffer_new_memdup (&byte, 1));
    }
  g_assert_cmpint (gst_harness_push (f->h, scattered), ==, GST_FLOW_OK);
  packet = slot_fixture_pull_packet (f);
  payload = salon_rtp_packet_get_payload (&packet, &size);
  g_assert_cmpmem (payload, size, vp8_keyframe, sizeof vp8_keyframe);
}

static void
test_forwards_lists (SlotFixture *f, gconstpointer data)
{
  GstBufferList *list = gst_buffer_list_new ();

  gst_buffer_list_add (list, PACKET (1, vp8_interframe));
  gst_buffer_list_add (list, PACKET (2, vp8_keyframe));
  gst_buffer_list_add (list, PACKET (3, vp8_interframe));
  g_assert_cmpint (gst_pad_push_list (f->h->srcpad, list), ==, GST_FLOW_OK);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 2);
  g_assert_cmpuint (slot_fixture_get_stat (f, "packets"), ==, 2);
}

static void
test_converts_to_running_time (SlotFixture *f, gconstpointer data)
{
  GstBuffer *in = PACKET (1, vp8_keyframe);
  g_autoptr (GstBuffer) out = NULL;
  SalonRtpPacket packet;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 10 * GST_SECOND;
  segment.base = 2 * GST_SECOND;
  gst_harness_push_event (f->h, gst_event_new_segment (&segment));
  GST_BUFFER_PTS (in) = 11 * GST_SECOND;
  g_assert_cmpint (gst_harness_push (f->h, in), ==, GST_FLOW_OK);
  out = slot_fixture_pull (f, &packet);
  g_assert_cmpuint (GST_BUFFER_PTS (out), ==, 3 * GST_SECOND);
}

static void
test_slots_share_one_segment_event (SlotFixture *f, gconstpointer data)
{
  SlotFixture second = { 0 };
  g_autoptr (GstEvent) one = NULL;
  g_autoptr (GstEvent) two = NULL;

  slot_fixture_set_up (&second, NULL);
  push (f->h, 1, vp8_keyframe);
  push (second.h, 1, vp8_keyframe);
  one = gst_pad_get_sticky_event (f->h->sinkpad, GST_EVENT_SEGMENT, 0);
  two = gst_pad_get_sticky_event (second.h->sinkpad, GST_EVENT_SEGMENT, 0);
  g_assert_nonnull (one);
  g_assert_true (one == two);
  slot_fixture_tear_down (&second, NULL);
}

/* --- The barrier --- */

static GstFlowReturn flow_downstream;

static GstFlowReturn
chain_with_flow (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gst_buffer_unref (buffer);
  return flow_downstream;
}

static void
test_downstream_flow_stays_downstream (SlotFixture *f, gconstpointer data)
{
  const GstFlowReturn flows[] = { GST_FLOW_ERROR, GST_FLOW_NOT_LINKED, GST_FLOW_EOS, GST_FLOW_FLUSHING,
    GST_FLOW_NOT_NEGOTIATED, GST_FLOW_NOT_SUPPORTED };

  gst_pad_set_chain_function (f->h->sinkpad, chain_with_flow);
  for (guint i = 0; i < G_N_ELEMENTS (flows); i++)
    {
      flow_downstream = flows[i];
      push (f->h, i + 1, vp8_keyframe);
    }
  g_assert_cmpuint (slot_fixture_get_stat (f, "flow-errors"), ==, G_N_ELEMENTS (flows));
}

static void
test_unlinked_output_is_no_error (void)
{
  GstHarness *h = gst_harness_new_with_padnames ("salonslot", "sink_0", NULL);

  gst_harness_set_src_caps_str (h, CAPS_VP8);
  push (h, 1, vp8_keyframe);
  gst_harness_teardown (h);
}

static GstPadProbeReturn
count_upstream (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  guint *n = user_data;

  *n += 1;
  return GST_PAD_PROBE_OK;
}

static void
test_upstream_events_stay_downstream (SlotFixture *f, gconstpointer data)
{
  GstPad *sinkpad = f->h->sinkpad;
  guint n_leaked = 0;

  gst_pad_add_probe (f->h->srcpad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM | GST_PAD_PROBE_TYPE_QUERY_UPSTREAM,
      count_upstream, &n_leaked, NULL);
  gst_pad_push_event (sinkpad, gst_event_new_reconfigure ());
  gst_pad_push_event (sinkpad, gst_event_new_latency (GST_SECOND));
  gst_pad_push_event (sinkpad, gst_event_new_qos (GST_QOS_TYPE_OVERFLOW, 2.0, 0, 0));
  gst_pad_push_event (sinkpad, gst_event_new_flush_start ());
  gst_pad_push_event (sinkpad, gst_event_new_flush_stop (TRUE));
  gst_pad_push_event (sinkpad,
      gst_event_new_seek (1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, 0));
  gst_pad_push_event (
      sinkpad, gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM, gst_structure_new_empty ("RTPTWCCPackets")));
  g_assert_cmpuint (n_leaked, ==, 0);
}

static void
test_answers_queries_itself (SlotFixture *f, gconstpointer data)
{
  g_autoptr (GstQuery) latency = gst_query_new_latency ();
  g_autoptr (GstQuery) allocation = gst_query_new_allocation (NULL, FALSE);
  g_autoptr (GstCaps) caps = NULL;
  GstClockTime min;
  gboolean is_live;
  guint n_leaked = 0;

  push (f->h, 1, vp8_keyframe);
  gst_pad_add_probe (f->h->srcpad, GST_PAD_PROBE_TYPE_QUERY_UPSTREAM, count_upstream, &n_leaked, NULL);
  g_assert_true (gst_pad_peer_query (f->h->sinkpad, latency));
  gst_query_parse_latency (latency, &is_live, &min, NULL);
  g_assert_true (is_live);
  g_assert_cmpuint (min, ==, 0);
  caps = gst_pad_peer_query_caps (f->h->sinkpad, NULL);
  g_assert_cmpstr (gst_structure_get_name (gst_caps_get_structure (caps, 0)), ==, "application/x-rtp");
  g_assert_cmpint (gst_structure_n_fields (gst_caps_get_structure (caps, 0)), ==, 0);
  g_assert_false (gst_pad_peer_query (f->h->srcpad, allocation));
  g_assert_cmpuint (n_leaked, ==, 0);
}

static void
test_input_events_stay_upstream (SlotFixture *f, gconstpointer data)
{
  GstEvent *event;

  push (f->h, 1, vp8_keyframe);
  while ((event = gst_harness_try_pull_event (f->h)) != NULL)
    gst_event_unref (event);
  gst_harness_push_event (f->h, gst_event_new_gap (0, GST_SECOND));
  gst_harness_push_event (f->h, gst_event_new_tag (gst_tag_list_new_empty ()));
  gst_harness_push_event (f->h, gst_event_new_flush_start ());
  gst_harness_push_event (f->h, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (f->other, gst_event_new_eos ());
  gst_harness_push_event (f->h, gst_event_new_eos ());
  g_assert_null (gst_harness_try_pull_event (f->h));
}

static void
test_audio_needs_no_keyframes (void)
{
  GstHarness *h = gst_harness_new_with_padnames ("salonslot", "sink_0", "src");
  g_autoptr (GstCaps) caps = gst_caps_from_string (CAPS_OPUS);

  g_object_set (h->element, "caps", caps, NULL);
  gst_harness_set_src_caps_str (h, CAPS_OPUS);
  push (h, 1, opus_frame);
  g_signal_emit_by_name (h->element, "request-keyframe");
  g_assert_cmpuint (gst_harness_buffers_received (h), ==, 1);
  g_assert_cmpuint (slot_fixture_take_requests (h), ==, 0);
  gst_harness_teardown (h);
}

static void
test_passes_unchanged_without_caps (void)
{
  GstHarness *h = gst_harness_new_with_padnames ("salonslot", "sink_0", "src");
  g_autoptr (GstCaps) caps = NULL;
  int payload_type;

  gst_harness_set_src_caps_str (h, CAPS_VP8);
  push (h, 1, vp8_keyframe);
  caps = gst_pad_get_current_caps (h->sinkpad);
  g_assert_true (gst_structure_get_int (gst_caps_get_structure (caps, 0), "payload", &payload_type));
  g_assert_cmpint (payload_type, ==, 120);
  gst_harness_teardown (h);
}

/* --- Threads --- */

typedef struct
{
  GMutex lock;
  GCond cond;
  gboolean is_blocked;
  gboolean may_go;
} Block;
static Block block;

static GstFlowReturn
chain_that_blocks (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gst_buffer_unref (buffer);
  g_mutex_lock (&block.lock);
  block.is_blocked = TRUE;
  g_cond_signal (&block.cond);
  while (!block.may_go)
    g_cond_wait (&block.cond, &block.lock);
  g_mutex_unlock (&block.lock);
  return GST_FLOW_OK;
}

static gpointer
push_one (gpointer data)
{
  SlotFixture *f = data;

  push (f->h, 1, vp8_keyframe);
  return NULL;
}

/* With a push stuck downstream, everything that control does must still return. */
static void
test_control_never_waits (SlotFixture *f, gconstpointer data)
{
  g_autoptr (GstStructure) stats = NULL;
  g_autoptr (GstCaps) caps = gst_caps_from_string (CAPS_VP8);
  GThread *thread;

  gst_pad_set_chain_function (f->h->sinkpad, chain_that_blocks);
  thread = g_thread_new ("push", push_one, f);
  g_mutex_lock (&block.lock);
  while (!block.is_blocked)
    g_cond_wait (&block.cond, &block.lock);
  g_mutex_unlock (&block.lock);

  g_object_set (f->slot, "open", FALSE, NULL);
  g_object_set (f->slot, "open", TRUE, "caps", caps, "ssrc", 7, NULL);
  g_object_set (f->slot, "active-pad", f->other_pad, NULL);
  g_object_get (f->slot, "stats", &stats, NULL);
  g_assert_true (slot_fixture_is_awaiting (f));
  g_signal_emit_by_name (f->slot, "request-keyframe");
  gst_element_release_request_pad (f->slot, f->pad);

  g_mutex_lock (&block.lock);
  block.may_go = TRUE;
  g_cond_signal (&block.cond);
  g_mutex_unlock (&block.lock);
  g_thread_join (thread);
}

typedef struct
{
  GstPad *pad;
  gint should_stop; /* atomic */
  guint n_pushed;
} Pusher;

static GstPad *
new_source (void)
{
  GstPad *pad = gst_pad_new (NULL, GST_PAD_SRC);
  g_autoptr (GstCaps) caps = gst_caps_from_string (CAPS_VP8);
  GstSegment segment;

  gst_pad_set_active (pad, TRUE);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (pad, gst_event_new_stream_start ("test"));
  gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
  return pad;
}

/* A tee stops its publisher for anything but these two. */
static gpointer
push_on (gpointer data)
{
  Pusher *pusher = data;

  while (!g_atomic_int_get (&pusher->should_stop))
    {
      GstFlowReturn flow = gst_pad_push (pusher->pad, PACKET (pusher->n_pushed, vp8_keyframe));

      g_assert_true (flow == GST_FLOW_OK || flow == GST_FLOW_NOT_LINKED);
      pusher->n_pushed++;
    }
  return NULL;
}

static gboolean
send_sticky (GstPad *pad, GstEvent **event, gpointer user_data)
{
  gst_pad_send_event (user_data, gst_event_ref (*event));
  return TRUE;
}

static void
test_pads_come_and_go_while_streaming (SlotFixture *f, gconstpointer data)
{
  Pusher pushers[2] = { { new_source () }, { new_source () } };
  gint64 end_us = g_get_monotonic_time () + G_USEC_PER_SEC;
  GThread *threads[2];
  guint n_cycles = 0;
  guint16 next = 0;

  gst_harness_set_drop_buffers (f->h, FALSE);
  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("push", push_on, &pushers[i]);
  while (g_get_monotonic_time () < end_us)
    {
      GstPad *source = pushers[n_cycles % 2].pad;
      g_autoptr (GstPad) sink = gst_element_request_pad_simple (f->slot, "sink_%u");
      GstBuffer *buffer;

      /* As subscribers do: a packet under way may come through the link before the source's events. */
      gst_pad_sticky_events_foreach (source, send_sticky, sink);
      g_assert_cmpint (gst_pad_link (source, sink), ==, GST_PAD_LINK_OK);
      g_object_set (f->slot, "active-pad", sink, NULL);
      if (n_cycles % 3 != 0 && (buffer = gst_harness_pull (f->h)) != NULL)
        gst_buffer_unref (buffer);
      gst_element_release_request_pad (f->slot, sink);
      n_cycles++;
    }
  for (guint i = 0; i < 2; i++)
    {
      g_atomic_int_set (&pushers[i].should_stop, TRUE);
      g_thread_join (threads[i]);
      gst_object_unref (pushers[i].pad);
    }
  g_test_message ("%u cycles", n_cycles);
  g_assert_cmpuint (n_cycles, >, 10);
  g_assert_cmpuint (slot_fixture_get_stat (f, "flow-errors"), ==, 0);

  /* Whatever raced, the numbers that came out never did. */
  for (GstBuffer *buffer; (buffer = gst_harness_try_pull (f->h)) != NULL; gst_buffer_unref (buffer))
    {
      guint8 sequence[2];

      gst_buffer_extract (buffer, 2, sequence, 2);
      if (next != 0)
        g_assert_cmpint ((gint16)((sequence[0] << 8 | sequence[1]) - next), >=, 0);
      next = (sequence[0] << 8 | sequence[1]) + 1;
    }
}

/* From PLAYING to NULL and back: the events are sent again, the sequence goes on. */
static void
test_survives_a_restart (SlotFixture *f, gconstpointer data)
{
  SalonRtpPacket first;
  SalonRtpPacket second;

  push (f->h, 1, vp8_keyframe);
  first = slot_fixture_pull_packet (f);
  gst_element_set_state (f->slot, GST_STATE_NULL);
  gst_element_set_state (f->slot, GST_STATE_PLAYING);
  gst_harness_set_src_caps_str (f->h, CAPS_VP8);
  push (f->h, 2, vp8_keyframe);
  second = slot_fixture_pull_packet (f);
  g_assert_cmpuint (second.sequence, ==, (guint16)(first.sequence + 1));
}

static void
test_leaves_layers_out (SlotFixture *f, gconstpointer data)
{
  static const guint8 keyframe[] = { 0x90, 0x20, 0x00, 0x00, 0xee };
  static const guint8 upper[] = { 0x90, 0x20, 0x60, 0x01, 0xee };
  static const guint8 base[] = { 0x90, 0x20, 0x00, 0x01, 0xee };
  guint16 sequence;

  g_object_set (f->slot, "max-temporal-layer", 0, NULL);
  push (f->h, 1, keyframe);
  sequence = slot_fixture_pull_packet (f).sequence;
  push (f->h, 2, upper);
  push (f->h, 3, base);
  g_assert_cmpuint (slot_fixture_pull_packet (f).sequence, ==, (guint16)(sequence + 1));
  g_assert_cmpuint (slot_fixture_get_stat (f, "dropped"), ==, 1);
  g_object_set (f->slot, "max-temporal-layer", 7, NULL);
  push (f->h, 4, upper);
  g_assert_cmpuint (slot_fixture_pull_packet (f).sequence, ==, (guint16)(sequence + 2));
}

static void
push_described (SlotFixture *f, guint16 sequence, const guint8 *descriptor, gsize size)
{
  guint8 bytes[] = { 0x90, 0x80 | 126, 0, (guint8)sequence, 0, 0, (guint8)sequence, 0, 0, 0, 0, 1, 0xbe, 0xde, 0, 5,
    0x30 | (guint8)(size - 1), [16 + 20] = 0x67, 0x42, 0xc0, 0x1f };

  memcpy (bytes + 17, descriptor, size);
  g_assert_cmpint (gst_harness_push (f->h, gst_buffer_new_memdup (bytes, sizeof bytes)), ==, GST_FLOW_OK);
}

/* Firefox knows no dependency descriptors: they are read for it all the same. */
static void
test_reads_descriptors_that_do_not_pass (SlotFixture *f, gconstpointer data)
{
  static const guint8 templates[]
      = { 0x80, 0, 1, 0x80, 0x02, 0x14, 0xea, 0xa8, 0x60, 0x41, 0x4d, 0x14, 0x10, 0x20, 0x84, 0x26 };
  static const guint8 upper[] = { 0xc3, 0, 2 };
  static const guint8 base[] = { 0xc1, 0, 3 };
  guint16 sequence;
  SalonRtpPacket packet;

  g_object_set (f->slot, "max-temporal-layer", 0, NULL);
  gst_harness_set_src_caps_str (f->h, CAPS_H264 ",extmap-3=(string)\"" SALON_URI_DEPENDENCY_DESCRIPTOR "\"");
  push_described (f, 1, templates, sizeof templates);
  sequence = slot_fixture_pull_packet (f).sequence;
  push_described (f, 2, upper, sizeof upper);
  push_described (f, 3, base, sizeof base);
  packet = slot_fixture_pull_packet (f);
  g_assert_cmpuint (packet.sequence, ==, (guint16)(sequence + 1));
  g_assert_cmpuint (packet.extension_size, ==, 0);
  g_assert_cmpuint (slot_fixture_get_stat (f, "dropped"), ==, 1);
}

/* A spatial layer that can only begin with a keyframe is asked for. */
static void
test_asks_for_a_higher_spatial_layer (SlotFixture *f, gconstpointer data)
{
  static const guint8 keyframe[] = { 0xac, 0x80, 0x01, 0x00, 0x01, 0x82 };
  static const guint8 upper[] = { 0xac, 0x80, 0x01, 0x02, 0x01, 0x82 };
  gint64 deadline_us = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  g_autoptr (GstCaps) caps = gst_caps_from_string ("application/x-rtp,media=video,encoding-name=VP9,payload=98");
  guint n_requests = 0;

  g_object_set (f->slot, "caps", caps, "max-spatial-layer", 0, NULL);
  gst_harness_set_src_caps_str (f->h, "application/x-rtp,media=video,encoding-name=VP9,clock-rate=90000,payload=98");
  push (f->h, 1, keyframe);
  push (f->h, 2, upper);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 1);
  g_object_set (f->slot, "max-spatial-layer", 1, NULL);
  slot_fixture_take_requests (f->h);
  for (guint16 i = 3; n_requests == 0 && g_get_monotonic_time () < deadline_us; i++)
    {
      push (f->h, i, upper);
      n_requests = slot_fixture_take_requests (f->h);
      g_usleep (1000);
    }
  g_assert_cmpuint (n_requests, ==, 1);
}

int
main (int argc, char **argv)
{
  int status;

  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_assert_true (salon_plugin_register_static ());
#define ADD(name, func) g_test_add ("/slot/" name, SlotFixture, NULL, slot_fixture_set_up, func, slot_fixture_tear_down)
  ADD ("forwards-only-the-active-pad", test_forwards_only_the_active_pad);
  g_test_add_func ("/slot/first-pad-is-active-until-told", test_first_pad_is_active_until_told);
  ADD ("awaits-a-keyframe", test_awaits_a_keyframe);
  ADD ("switches-between-codecs", test_switches_between_codecs);
  ADD ("sends-caps-only-when-they-change", test_sends_caps_only_when_they_change);
  ADD ("renumbers-extensions", test_renumbers_extensions);
  ADD ("drops-other-codecs", test_drops_other_codecs);
  ADD ("drops-junk", test_drops_junk);
  ADD ("shares-the-payload", test_shares_the_payload);
  ADD ("takes-scattered-buffers", test_takes_scattered_buffers);
  ADD ("forwards-lists", test_forwards_lists);
  ADD ("converts-to-running-time", test_converts_to_running_time);
  ADD ("slots-share-one-segment-event", test_slots_share_one_segment_event);
  ADD ("downstream-flow-stays-downstream", test_downstream_flow_stays_downstream);
  g_test_add_func ("/slot/unlinked-output-is-no-error", test_unlinked_output_is_no_error);
  ADD ("upstream-events-stay-downstream", test_upstream_events_stay_downstream);
  ADD ("answers-queries-itself", test_answers_queries_itself);
  ADD ("input-events-stay-upstream", test_input_events_stay_upstream);
  g_test_add_func ("/slot/audio-needs-no-keyframes", test_audio_needs_no_keyframes);
  g_test_add_func ("/slot/passes-unchanged-without-caps", test_passes_unchanged_without_caps);
  ADD ("control-never-waits", test_control_never_waits);
  ADD ("pads-come-and-go-while-streaming", test_pads_come_and_go_while_streaming);
  ADD ("survives-a-restart", test_survives_a_restart);
  ADD ("leaves-layers-out", test_leaves_layers_out);
  ADD ("reads-descriptors-that-do-not-pass", test_reads_descriptors_that_do_not_pass);
  ADD ("asks-for-a-higher-spatial-layer", test_asks_for_a_higher_spatial_layer);
  status = g_test_run ();
  gst_deinit ();
  return status;
}
