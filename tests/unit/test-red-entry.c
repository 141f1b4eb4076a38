/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes in at a session of GStreamer's, as if webrtcbin had made it. */
#include <gst/check/gstharness.h>

#include "salon-red-entry.h"

#define RED 63
#define OPUS 111
#define VIDEO 96

typedef struct
{
  GstElement *bin; /* in webrtcbin's place */
  SalonRedEntry *entry;
  GstHarness *h; /* the session's pads */
} Fixture;

static GstCaps *
on_request_pt_map (GstElement *session, guint payload_type, gpointer user_data)
{
  return gst_caps_new_simple ("application/x-rtp", "media", G_TYPE_STRING, "audio", "clock-rate", G_TYPE_INT, 48000,
      "encoding-name", G_TYPE_STRING, "OPUS", "payload", G_TYPE_INT, (int)payload_type, NULL);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  GstElement *session = gst_element_factory_make ("rtpsession", NULL);

  f->bin = gst_object_ref_sink (gst_bin_new (NULL));
  f->entry = salon_red_entry_new (f->bin);
  g_object_set (session, "probation", 0, NULL);
  g_signal_connect (session, "request-pt-map", G_CALLBACK (on_request_pt_map), NULL);
  gst_bin_add (GST_BIN (f->bin), gst_object_ref (session));
  f->h = gst_harness_new_with_element (session, "recv_rtp_sink", "recv_rtp_src");
  gst_object_unref (session);
  gst_harness_set_src_caps_str (f->h, "application/x-rtp,media=audio,clock-rate=48000");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gst_harness_teardown (f->h);
  gst_clear_object (&f->bin);
  salon_red_entry_unref (f->entry);
}

/* Goes in, and what comes out has this payload type, then this payload. */
static void
check (Fixture *f, guint8 type_in, const char *in, guint8 type_out, const char *out)
{
  static guint16 sequence = 100;
  /* Marked, with an extension, the payload after it. */
  const guint8 header[] = { 0x90, 0x80 | type_in, sequence >> 8, sequence & 0xff, 0, 0, sequence & 0xff, 0, 0, 0, 0, 7,
    0xbe, 0xde, 0, 1, 0x10, 0x55, 0, 0 };
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, sizeof header + strlen (in), NULL);
  GstMapInfo map;

  sequence++;
  gst_buffer_fill (buffer, 0, header, sizeof header);
  gst_buffer_fill (buffer, sizeof header, in, strlen (in));
  g_assert_cmpint (gst_harness_push (f->h, buffer), ==, GST_FLOW_OK);
  buffer = gst_harness_try_pull (f->h);
  g_assert_nonnull (buffer);
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_assert_cmphex (map.data[1], ==, 0x80 | type_out);
  g_assert_cmpmem (map.data + 2, sizeof header - 2, header + 2, sizeof header - 2);
  g_assert_cmpmem (map.data + sizeof header, map.size - sizeof header, out, strlen (out));
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
}

/* Whatever comes is one stream, of one payload type, that says RED everywhere. */
static void
test_makes_one_stream (Fixture *f, gconstpointer data)
{
  salon_red_entry_set (f->entry, &(SalonSdpRed){ RED, OPUS });
  check (f, RED,
      "o\x78"
      "one",
      OPUS,
      "o\x78"
      "one");
  check (f, OPUS,
      "\x78"
      "two",
      OPUS,
      "o\x78"
      "two"); /* 'o' is 111 */
  check (f, RED,
      "o\x78"
      "three",
      OPUS,
      "o\x78"
      "three");
  check (f, VIDEO, "picture", VIDEO, "picture");
}

static void
test_leaves_others_alone (Fixture *f, gconstpointer data)
{
  check (f, OPUS,
      "\x78"
      "one",
      OPUS,
      "\x78"
      "one");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add ("/red-entry/makes-one-stream", Fixture, NULL, set_up, test_makes_one_stream, tear_down);
  g_test_add ("/red-entry/leaves-others-alone", Fixture, NULL, set_up, test_leaves_others_alone, tear_down);
  return g_test_run ();
}
