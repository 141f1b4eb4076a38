/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When a slot begins with a picture: what it keeps until it opens, when it asks for a keyframe, and how the next pad
 * takes its turn. */
#include "salon-plugin.h"
#include "slot-fixture.h"
static void
count_call (guint *n_calls)
{
  (*n_calls)++;
}

static GstPad *
get_active_pad (SlotFixture *f)
{
  g_autoptr (GstPad) active = NULL;

  g_object_get (f->slot, "active-pad", &active, NULL);
  return active;
}

static void
test_closed_drops_and_opening_awaits (SlotFixture *f, gconstpointer data)
{
  push (f->h, 1, vp8_keyframe);
  slot_fixture_take_requests (f->h);
  g_object_set (f->slot, "open", FALSE, NULL);
  push (f->h, 2, vp8_interframe);
  g_assert_cmpuint (slot_fixture_take_requests (f->h), ==, 0);
  g_object_set (f->slot, "open", TRUE, NULL);
  g_assert_cmpuint (slot_fixture_take_requests (f->h), ==, 1);
  push (f->h, 3, vp8_interframe);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 1);
  push (f->h, 4, vp8_keyframe);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 2);
}

/* From the last keyframe on, as if it had been open. */
static void
test_opening_begins_with_what_was_kept (SlotFixture *f, gconstpointer data)
{
  g_object_set (f->slot, "open", FALSE, NULL);
  slot_fixture_take_requests (f->h);
  push (f->h, 1, vp8_interframe);
  push (f->h, 2, vp8_keyframe);
  push (f->h, 3, vp8_interframe);
  push (f->h, 4, vp8_keyframe);
  push (f->h, 5, vp8_interframe);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 0);
  g_object_set (f->slot, "open", TRUE, NULL);
  g_assert_cmpuint (slot_fixture_take_requests (f->h), ==, 0);
  push (f->h, 6, vp8_interframe);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 3);
  g_assert_cmpuint ((guint16)(slot_fixture_pull_packet (f).sequence + 1), ==, slot_fixture_pull_packet (f).sequence);
  g_assert_false (slot_fixture_is_awaiting (f));
}

/* A slot that opens on a connection that carries less than was thought: it begins with the layer that fits. */
static void
test_next_pad_takes_its_turn_before_opening (SlotFixture *f, gconstpointer data)
{
  g_object_set (f->slot, "open", FALSE, NULL);
  push (f->h, 1, vp8_keyframe);
  g_object_set (f->slot, "next-pad", f->other_pad, NULL);
  g_assert_cmpuint (slot_fixture_take_requests (f->other), ==, 1);
  push (f->other, 70, vp8_interframe);
  push (f->h, 2, vp8_interframe);
  g_assert_true (get_active_pad (f) == f->pad);
  push (f->other, 71, vp8_keyframe);
  push (f->h, 3, vp8_interframe);
  push (f->other, 72, vp8_interframe);
  g_assert_true (get_active_pad (f) == f->other_pad);
  g_object_set (f->slot, "open", TRUE, NULL);
  push (f->h, 4, vp8_interframe);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 0);
  push (f->other, 73, vp8_interframe);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 3);
  g_assert_cmpuint (slot_fixture_take_requests (f->other), ==, 0);
}

/* What was kept in the meantime has a hole where the other pad had its turn. */
static void
test_another_turn_begins_anew (SlotFixture *f, gconstpointer data)
{
  g_object_set (f->slot, "open", FALSE, NULL);
  push (f->h, 1, vp8_keyframe);
  g_object_set (f->slot, "active-pad", f->other_pad, NULL);
  push (f->h, 2, vp8_interframe);
  push (f->other, 1, vp8_interframe);
  g_object_set (f->slot, "active-pad", f->pad, "open", TRUE, NULL);
  push (f->h, 3, vp8_interframe);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 0);
}

static void
note_gone (gpointer user_data, GstMiniObject *buffer)
{
  *(gboolean *)user_data = TRUE;
}

/* Of a codec that the client turns out not to take; and of a track that goes before the slot opens. */
static void
test_what_cannot_go_out_is_let_go (SlotFixture *f, gconstpointer data)
{
  static const guint8 av1_keyframe[] = { 0x28, 0x0a, 0x0b };
  GstBuffer *foreign = PACKET (1, av1_keyframe);
  GstBuffer *orphan = PACKET (1, vp8_keyframe);
  gboolean is_foreign_gone = FALSE;
  gboolean is_orphan_gone = FALSE;

  gst_mini_object_weak_ref (GST_MINI_OBJECT (foreign), note_gone, &is_foreign_gone);
  gst_mini_object_weak_ref (GST_MINI_OBJECT (orphan), note_gone, &is_orphan_gone);
  gst_harness_set_src_caps_str (f->h, CAPS_AV1);
  g_object_set (f->slot, "open", FALSE, NULL);
  g_assert_cmpint (gst_harness_push (f->h, foreign), ==, GST_FLOW_OK);
  g_assert_false (is_foreign_gone);
  g_object_set (f->slot, "open", TRUE, NULL);
  push (f->h, 2, vp8_interframe);
  g_assert_true (is_foreign_gone);

  g_object_set (f->slot, "open", FALSE, "active-pad", f->other_pad, NULL);
  g_assert_cmpint (gst_harness_push (f->other, orphan), ==, GST_FLOW_OK);
  g_assert_false (is_orphan_gone);
  g_object_set (f->slot, "active-pad", NULL, NULL);
  gst_pad_unlink (f->other->srcpad, f->other_pad);
  gst_element_release_request_pad (f->slot, f->other_pad);
  gst_clear_object (&f->other_pad);
  g_assert_true (is_orphan_gone);
}

/* It is of another picture; or of the same, which was not to be seen meanwhile. */
static void
test_switching_forgets_what_was_kept (SlotFixture *f, gconstpointer data)
{
  g_object_set (f->slot, "open", FALSE, NULL);
  push (f->h, 1, vp8_keyframe);
  g_object_set (f->slot, "active-pad", NULL, NULL);
  g_object_set (f->slot, "active-pad", f->pad, "open", TRUE, NULL);
  push (f->h, 2, vp8_interframe);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 0);
  g_object_set (f->slot, "open", FALSE, NULL);
  push (f->h, 3, vp8_keyframe);
  g_object_set (f->slot, "active-pad", f->other_pad, NULL);
  g_assert_cmpuint (slot_fixture_take_requests (f->other), ==, 1); /* it may come in time */
  push (f->other, 1, vp8_interframe);
  g_object_set (f->slot, "open", TRUE, NULL);
  g_assert_cmpuint (slot_fixture_take_requests (f->other), ==, 1);
  push (f->other, 2, vp8_interframe);
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 0);
}

static void
test_switching_requests_a_keyframe (SlotFixture *f, gconstpointer data)
{
  g_assert_cmpuint (slot_fixture_take_requests (f->h), ==, 1);
  push (f->h, 1, vp8_keyframe);
  g_object_set (f->slot, "active-pad", f->other_pad, NULL);
  g_assert_cmpuint (slot_fixture_take_requests (f->h), ==, 0);
  g_assert_cmpuint (slot_fixture_take_requests (f->other), ==, 1);
}

static void
test_requests_are_limited (SlotFixture *f, gconstpointer data)
{
  slot_fixture_take_requests (f->h);
  for (guint i = 0; i < 50; i++)
    push (f->h, i, vp8_interframe);
  for (guint i = 0; i < 50; i++)
    gst_harness_push_upstream_event (
        f->h, gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM, gst_structure_new_empty ("GstForceKeyUnit")));
  g_assert_cmpuint (slot_fixture_take_requests (f->h), ==, 0);

  g_usleep (510 * 1000); /* the interval is what is tested */
  push (f->h, 51, vp8_interframe);
  g_assert_cmpuint (slot_fixture_take_requests (f->h), ==, 1);
  g_usleep (510 * 1000);
  gst_harness_push_upstream_event (
      f->h, gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM, gst_structure_new_empty ("GstForceKeyUnit")));
  g_assert_cmpuint (slot_fixture_take_requests (f->h), ==, 1);
  g_assert_cmpuint (slot_fixture_take_requests (f->other), ==, 0);
}

static void
test_action_requests_at_once (SlotFixture *f, gconstpointer data)
{
  GstEvent *event;
  const GstStructure *structure;

  slot_fixture_take_requests (f->h);
  g_signal_emit_by_name (f->slot, "request-keyframe");
  event = gst_harness_pull_upstream_event (f->h);
  structure = gst_event_get_structure (event);
  g_assert_true (gst_structure_has_name (structure, "GstForceKeyUnit"));
  g_assert_false (gst_structure_has_field (structure, "ssrc"));
  g_assert_true (gst_structure_has_field_typed (structure, "running-time", G_TYPE_UINT64));
  gst_event_unref (event);
}

static void
test_next_pad_waits_for_its_keyframe (SlotFixture *f, gconstpointer data)
{
  guint n_notified = 0;
  SalonRtpPacket packet;

  push (f->h, 1, vp8_keyframe);
  slot_fixture_take_requests (f->h);
  g_signal_connect_swapped (f->slot, "notify::active-pad", G_CALLBACK (count_call), &n_notified);
  g_object_set (f->slot, "next-pad", f->other_pad, NULL);
  g_assert_cmpuint (slot_fixture_take_requests (f->other), ==, 1);
  g_assert_cmpuint (slot_fixture_take_requests (f->h), ==, 0);
  push (f->other, 70, vp8_interframe);
  push (f->h, 2, vp8_interframe);
  g_assert_true (get_active_pad (f) == f->pad);
  g_assert_false (slot_fixture_is_awaiting (f));
  g_assert_cmpuint (gst_harness_buffers_received (f->h), ==, 2);

  push (f->other, 71, vp8_keyframe);
  push (f->h, 3, vp8_interframe); /* too late */
  push (f->other, 72, vp8_interframe);
  g_assert_true (get_active_pad (f) == f->other_pad);
  g_assert_cmpuint (n_notified, ==, 1);
  packet = slot_fixture_pull_packet (f);
  for (guint i = 1; i < 4; i++)
    g_assert_cmpuint (slot_fixture_pull_packet (f).sequence, ==, (guint16)(packet.sequence + i));
  g_assert_null (gst_harness_try_pull (f->h));
}

/* Until its keyframe comes, as long as packets do; the subscriber's own requests are about what it sees. */
static void
test_next_pad_is_asked_again (SlotFixture *f, gconstpointer data)
{
  gint64 deadline_us = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  guint n_requests = 0;

  push (f->h, 1, vp8_keyframe);
  g_object_set (f->slot, "next-pad", f->other_pad, NULL);
  slot_fixture_take_requests (f->other);
  for (guint16 i = 1; n_requests == 0 && g_get_monotonic_time () < deadline_us; i++)
    {
      push (f->other, i, vp8_interframe);
      n_requests = slot_fixture_take_requests (f->other);
      g_usleep (1000);
    }
  g_assert_cmpuint (n_requests, ==, 1);
  slot_fixture_take_requests (f->h);
  g_signal_emit_by_name (f->slot, "request-keyframe");
  g_assert_cmpuint (slot_fixture_take_requests (f->h), ==, 1);
  g_assert_cmpuint (slot_fixture_take_requests (f->other), ==, 0);
}

static void
test_next_pad_can_be_called_off (SlotFixture *f, gconstpointer data)
{
  push (f->h, 1, vp8_keyframe);
  g_object_set (f->slot, "next-pad", f->other_pad, NULL);
  g_object_set (f->slot, "next-pad", NULL, NULL);
  push (f->other, 70, vp8_keyframe);
  g_assert_true (get_active_pad (f) == f->pad);
  g_object_set (f->slot, "next-pad", f->other_pad, NULL);
  g_object_set (f->slot, "active-pad", NULL, NULL);
  push (f->other, 71, vp8_keyframe);
  g_assert_null (get_active_pad (f));
}

static void
test_released_next_pad_is_forgotten (void)
{
  g_autoptr (GstElement) slot = gst_object_ref_sink (gst_element_factory_make ("salonslot", NULL));
  g_autoptr (GstPad) first = gst_element_request_pad_simple (slot, "sink_%u");
  g_autoptr (GstPad) second = gst_element_request_pad_simple (slot, "sink_%u");
  g_autoptr (GstPad) next = NULL;

  g_object_set (slot, "active-pad", first, "next-pad", second, NULL);
  gst_element_release_request_pad (slot, second);
  g_object_get (slot, "next-pad", &next, NULL);
  g_assert_null (next);
}

/* One that the output cannot carry would never go out. */
static void
test_next_pad_of_a_foreign_codec_stays_next (SlotFixture *f, gconstpointer data)
{
  static const guint8 av1_keyframe[] = { 0x28, 0x0a, 0x0b };

  gst_harness_set_src_caps_str (f->other, CAPS_AV1);
  push (f->h, 1, vp8_keyframe);
  g_object_set (f->slot, "next-pad", f->other_pad, NULL);
  push (f->other, 70, av1_keyframe);
  g_assert_true (get_active_pad (f) == f->pad);
}

int
main (int argc, char **argv)
{
  int status;

  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_assert_true (salon_plugin_register_static ());
#define ADD(name, func) g_test_add ("/slot/" name, SlotFixture, NULL, slot_fixture_set_up, func, slot_fixture_tear_down)
  ADD ("closed-drops-and-opening-awaits", test_closed_drops_and_opening_awaits);
  ADD ("opening-begins-with-what-was-kept", test_opening_begins_with_what_was_kept);
  ADD ("next-pad-takes-its-turn-before-opening", test_next_pad_takes_its_turn_before_opening);
  ADD ("another-turn-begins-anew", test_another_turn_begins_anew);
  ADD ("what-cannot-go-out-is-let-go", test_what_cannot_go_out_is_let_go);
  ADD ("switching-forgets-what-was-kept", test_switching_forgets_what_was_kept);
  ADD ("switching-requests-a-keyframe", test_switching_requests_a_keyframe);
  ADD ("requests-are-limited", test_requests_are_limited);
  ADD ("action-requests-at-once", test_action_requests_at_once);
  ADD ("next-pad-waits-for-its-keyframe", test_next_pad_waits_for_its_keyframe);
  ADD ("next-pad-is-asked-again", test_next_pad_is_asked_again);
  ADD ("next-pad-can-be-called-off", test_next_pad_can_be_called_off);
  g_test_add_func ("/slot/released-next-pad-is-forgotten", test_released_next_pad_is_forgotten);
  ADD ("next-pad-of-a-foreign-codec-stays-next", test_next_pad_of_a_foreign_codec_stays_next);
  status = g_test_run ();
  gst_deinit ();
  return status;
}
