/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What DTLS hands on is taken, one by one and in lists, and ends nothing when there is too much of it. */
#include <gst/gst.h>

#include "salon-data-link.h"
#include "salon-limits.h"

typedef struct
{
  GstElement *bin;
  GstPad *pad; /* where DTLS pushes what comes */
  SalonDataLink *link;
} Fixture;

static void
on_up (SalonDataChannels *channels, gpointer user_data)
{
}

static const SalonDataChannelsEvents events = { .up = on_up };

static void
set_up (Fixture *fixture, gconstpointer data)
{
  GstElement *decoder = gst_element_factory_make ("dtlssrtpdec", NULL);
  GstElement *encoder = gst_element_factory_make ("dtlssrtpenc", NULL);
  g_autoptr (GstPad) out = NULL;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_BYTES);
  fixture->bin = gst_object_ref_sink (gst_pipeline_new (NULL));
  gst_bin_add_many (GST_BIN (fixture->bin), decoder, encoder, NULL);
  fixture->pad = gst_element_request_pad_simple (decoder, "data_src");
  out = gst_element_request_pad_simple (encoder, "data_sink");
  /* What goes out has no DTLS to go by. */
  gst_pad_set_active (out, FALSE);
  gst_pad_set_active (fixture->pad, TRUE);
  gst_pad_push_event (fixture->pad, gst_event_new_stream_start ("test"));
  gst_pad_push_event (fixture->pad, gst_event_new_segment (&segment));
  fixture->link = salon_data_link_new (fixture->bin);
  g_assert_nonnull (fixture->link);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  salon_data_link_close (fixture->link);
  gst_object_unref (fixture->pad);
  gst_element_set_state (fixture->bin, GST_STATE_NULL);
  gst_object_unref (fixture->bin);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static GstBuffer *
make_packet (void)
{
  return gst_buffer_new_allocate (NULL, 100, NULL);
}

static void
push_some (Fixture *fixture)
{
  GstBufferList *list = gst_buffer_list_new ();

  gst_buffer_list_add (list, make_packet ());
  gst_buffer_list_add (list, make_packet ());
  g_assert_cmpint (gst_pad_push (fixture->pad, make_packet ()), ==, GST_FLOW_OK);
  g_assert_cmpint (gst_pad_push_list (fixture->pad, list), ==, GST_FLOW_OK);
}

static void
test_takes_lists (Fixture *fixture, gconstpointer data)
{
  /* What comes before anybody has agreed on it ends nothing either. */
  push_some (fixture);
  salon_data_link_start (fixture->link);
  push_some (fixture);
  g_assert_false (g_main_context_iteration (NULL, FALSE));
  salon_data_link_open (fixture->link, FALSE, &events, NULL);
  push_some (fixture);
  salon_data_link_start (fixture->link);
  push_some (fixture);
  g_assert_true (g_main_context_iteration (NULL, FALSE));
}

static void
test_takes_too_much (Fixture *fixture, gconstpointer data)
{
  salon_data_link_open (fixture->link, FALSE, &events, NULL);
  salon_data_link_start (fixture->link);
  for (guint i = 0; i < 2 * SALON_LIMIT_DATA_PACKETS_BURST; i++)
    push_some (fixture);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/data-link/takes-packets-and-lists", Fixture, NULL, set_up, test_takes_lists, tear_down);
  g_test_add ("/data-link/takes-more-than-it-hands-on", Fixture, NULL, set_up, test_takes_too_much, tear_down);
  return g_test_run ();
}
