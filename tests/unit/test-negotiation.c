/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What publishers are answered and subscribers are offered, by a real webrtcbin. */
#include <string.h>

#include "salon-error.h"
#include "salon-ice-hub.h"
#include "salon-limits.h"
#include "salon-plugin.h"
#include "salon-publisher.h"
#include "salon-subscriber.h"

static const char *const codecs[] = { "VP8", "H264", "VP9", "AV1", NULL };
static const char *const h264_first[] = { "H264", "VP8", NULL };

typedef struct
{
  SalonGraph *graph;
  SalonMediaOptions options;
  SalonIceHub *hub;    /* (nullable) */
  SalonShares *shares; /* (owned) (nullable) */
  char *text;
  GError *error;
  gboolean is_done;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->graph = salon_graph_new ("test");
  f->options = (SalonMediaOptions){ .ice_timeout_ms = 10000, .n_seats = 3, .video_codecs = codecs };
}

/* As servers do by default: webrtcbin negotiates a transport alone. */
static void
set_up_directly (Fixture *f, gconstpointer data)
{
  const SalonIceHubOptions hub_options = { .has_udp = TRUE, .n_threads = 1, .lost_ms = 30000 };
  const SalonBandwidthBounds bounds = { .min_bps = 50000, .start_bps = 1000000, .max_bps = 20000000 };
  g_autoptr (SalonBottleneck) bottleneck = salon_bottleneck_new (&bounds);
  g_autoptr (GError) error = NULL;

  set_up (f, data);
  f->shares = salon_shares_new (bottleneck);
  f->hub = salon_ice_hub_new (&hub_options, &error);
  g_assert_no_error (error);
  f->options.ice_hub = f->hub;
  f->options.sends_directly = TRUE;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->shares, salon_shares_free);
  salon_graph_close (f->graph);
  g_assert_finalize_object (f->graph);
  if (f->hub != NULL)
    salon_ice_hub_close (f->hub);
  g_clear_pointer (&f->hub, salon_ice_hub_unref);
  g_free (f->text);
  g_clear_error (&f->error);
}

static gboolean
on_watchdog (gpointer data)
{
  g_error ("no answer in 10 s");
  return G_SOURCE_REMOVE;
}

static void
wait_done (Fixture *f)
{
  guint watchdog = g_timeout_add_seconds (10, on_watchdog, NULL);

  while (!f->is_done)
    g_main_context_iteration (NULL, TRUE);
  f->is_done = FALSE;
  g_source_remove (watchdog);
}

/* What is still on its way to the main context holds references. */
static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *f = data;

  g_clear_pointer (&f->text, g_free);
  g_clear_error (&f->error);
  f->text = salon_publisher_offer_finish (SALON_PUBLISHER (source), result, &f->error);
  f->is_done = TRUE;
}

static void
offer (Fixture *f, SalonPublisher *publisher, const char *sdp)
{
  salon_publisher_offer_async (publisher, sdp, on_answered, f);
  wait_done (f);
}

static char *
read_chromium_offer (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "chromium-offer.sdp", NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static char *
replace (const char *text, const char *from, const char *to)
{
  g_autoptr (GString) string = g_string_new (text);
  guint n = g_string_replace (string, from, to, 0);

  g_assert_cmpuint (n, >, 0);
  return g_string_free (g_steal_pointer (&string), FALSE);
}

static guint
count (const char *text, const char *what)
{
  guint n = 0;

  for (const char *at = text; (at = strstr (at, what)) != NULL; at++)
    n++;
  return n;
}

static void
test_answers_chromium (Fixture *f, gconstpointer data)
{
  SalonPublisher *publisher = salon_publisher_new (f->graph, "publisher", &f->options);
  g_autofree char *sdp = read_chromium_offer ();

  offer (f, publisher, sdp);
  g_assert_no_error (f->error);
  g_test_message ("%s", f->text);
  g_assert_cmpuint (count (f->text, "m=audio 9 "), ==, 2);
  g_assert_cmpuint (count (f->text, "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"), ==, 2);
  g_assert_cmpuint (count (f->text, "a=recvonly"), ==, 4);
  g_assert_cmpuint (count (f->text, "VP8/90000"), ==, 2);
  g_assert_cmpuint (count (f->text, "a=fmtp:97 apt=96"), ==, 2);
  g_assert_cmpuint (count (f->text, "transport-wide-cc-extensions-01"), ==, 4);
  g_assert_cmpuint (count (f->text, "sdes:mid"), ==, 4);
  /* What we don't use must not be sent to us. */
  g_assert_null (strstr (f->text, "playout-delay"));
  g_assert_null (strstr (f->text, "rtp-stream-id"));
  /* Chromium refuses NACK on audio. */
  g_assert_cmpuint (count (f->text, "a=rtcp-fb:111 nack"), ==, 0);
  g_assert_cmpuint (salon_publisher_get_tracks (publisher)->len, ==, 4);
  g_assert_true (salon_track_is_video (salon_publisher_get_track (publisher, "1")));
  g_assert_false (salon_track_is_video (salon_publisher_get_track (publisher, "3")));

  salon_publisher_close (publisher);
  settle ();
  g_assert_finalize_object (publisher);
}

static void
test_takes_preferred_codec (Fixture *f, gconstpointer data)
{
  SalonPublisher *publisher;
  g_autofree char *sdp = read_chromium_offer ();

  f->options.video_codecs = h264_first;
  publisher = salon_publisher_new (f->graph, "publisher", &f->options);
  offer (f, publisher, sdp);
  g_assert_no_error (f->error);
  g_assert_cmpuint (count (f->text, "H264/90000"), ==, 2);
  g_assert_cmpuint (count (f->text, "VP8/90000"), ==, 0);
  salon_publisher_close (publisher);
  settle ();
  g_assert_finalize_object (publisher);
}

/* Each of these aborts webrtcbin 1.22, or makes it useless, when it gets through. */
static const struct
{
  const char *name;
  const char *from;
  const char *to;
} bad_offers[] = {
  { "mids swapped", "a=mid:1\n", "a=mid:2\n" },
  { "m-line away from the bundle", "a=group:BUNDLE 0 1 2 3", "a=group:BUNDLE 0 1 2" },
  { "unknown mid in the bundle", "a=group:BUNDLE 0 1 2 3", "a=group:BUNDLE x 0 1 2 3" },
  { "no bundle", "a=group:BUNDLE 0 1 2 3\n", "" },
  { "no mid", "a=mid:1\n", "" },
  { "port 0", "m=video 9 ", "m=video 0 " },
  { "no fingerprint", "a=fingerprint", "a=fingerprimt" },
  { "weak fingerprint", "a=fingerprint:sha-256", "a=fingerprint:sha-1" },
  { "no ICE password", "a=ice-pwd", "a=ice-pwt" },
  { "no rtcp-mux", "a=rtcp-mux\n", "" },
  { "no setup", "a=setup:actpass\n", "" },
  { "plain RTP", "UDP/TLS/RTP/SAVPF", "RTP/AVP" },
  { "unknown kind", "m=video", "m=text" },
  { "no known codec", "VP8/90000", "XX/90000" },
};

static void
test_refuses_bad_offers (Fixture *f, gconstpointer data)
{
  g_autofree char *good = read_chromium_offer ();
  static const char *const only_vp8[] = { "VP8", NULL };

  f->options.video_codecs = only_vp8;
  for (guint i = 0; i < G_N_ELEMENTS (bad_offers); i++)
    {
      SalonPublisher *publisher = salon_publisher_new (f->graph, "publisher", &f->options);
      g_autofree char *bad = replace (good, bad_offers[i].from, bad_offers[i].to);

      g_test_message ("%s", bad_offers[i].name);
      offer (f, publisher, bad);
      g_assert_nonnull (f->error);
      salon_publisher_close (publisher);
      settle ();
      g_assert_finalize_object (publisher);
    }
}

static void
test_reoffer_keeps_lines (Fixture *f, gconstpointer data)
{
  SalonPublisher *publisher = salon_publisher_new (f->graph, "publisher", &f->options);
  g_autofree char *good = read_chromium_offer ();
  g_autofree char *renamed = replace (good, "a=mid:3", "a=mid:9");
  g_autofree char *renamed_too = replace (renamed, "BUNDLE 0 1 2 3", "BUNDLE 0 1 2 9");
  g_autofree char *other_peer = replace (good, "a=fingerprint:sha-256 ", "a=fingerprint:sha-256 0");

  offer (f, publisher, good);
  g_assert_no_error (f->error);
  offer (f, publisher, renamed_too);
  g_assert_nonnull (f->error);
  offer (f, publisher, other_peer);
  g_assert_nonnull (f->error);
  offer (f, publisher, good);
  g_assert_no_error (f->error);
  g_assert_cmpuint (salon_publisher_get_tracks (publisher)->len, ==, 4);
  salon_publisher_close (publisher);
  settle ();
  g_assert_finalize_object (publisher);
}

static void
on_offered (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *f = data;

  g_clear_pointer (&f->text, g_free);
  g_clear_error (&f->error);
  f->text = salon_subscriber_offer_finish (SALON_SUBSCRIBER (source), result, &f->error);
  f->is_done = TRUE;
}

static void
test_offers_seats (Fixture *f, gconstpointer data)
{
  SalonSubscriber *subscriber = salon_subscriber_new (f->graph, "subscriber", &f->options, f->shares, FALSE);

  salon_subscriber_offer_async (subscriber, on_offered, f);
  wait_done (f);
  g_assert_no_error (f->error);
  g_test_message ("%s", f->text);
  g_assert_cmpuint (count (f->text, "m=audio "), ==, 3);
  g_assert_cmpuint (count (f->text, "m=video "), ==, 3);
  g_assert_cmpuint (count (f->text, "a=sendonly"), ==, 6);
  for (guint codec = 0; codec < 4; codec++)
    {
      g_autofree char *rtpmap = g_strdup_printf (" %s/90000", codecs[codec]);

      g_assert_cmpuint (count (f->text, rtpmap), ==, 3);
    }
  g_assert_cmpuint (count (f->text, "rtx/90000") + count (f->text, "RTX/90000"), ==, 12);
  g_assert_cmpuint (count (f->text, "a=fmtp:97 apt=96"), ==, 3);
  g_assert_cmpuint (count (f->text, "ssrc-group:FID"), ==, 3);
  g_assert_cmpuint (count (f->text, "msid:seat-0 "), ==, 3);
  g_assert_cmpuint (count (f->text, "a=extmap:3 "), ==, 6);
  g_assert_cmpuint (count (f->text, "a=ice-ufrag:"), ==, 6);
  g_assert_cmpuint (count (f->text, "a=fingerprint:sha-256 "), ==, 6);
  g_assert_cmpuint (count (f->text, "a=bundle-only"), ==, 5);
  g_assert_cmpuint (count (f->text, "a=group:BUNDLE audio0 video1 audio2 video3 audio4 video5\r\n"), ==, 1);
  g_assert_nonnull (salon_subscriber_get_mid (subscriber, 2, TRUE));
  salon_subscriber_close (subscriber);
  settle ();
  g_assert_finalize_object (subscriber);
}

/* -- a client that is told of tracks by descriptions alone -- */

static const SalonDataChannelsEvents no_data_events;

static void
on_offered_again (SalonSubscriber *subscriber, const char *sdp, gpointer data)
{
  Fixture *f = data;

  g_free (f->text);
  f->text = g_strdup (sdp);
  f->is_done = TRUE;
}

static void
on_offer_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *f = data;

  g_clear_error (&f->error);
  f->is_done = salon_subscriber_answer_finish (SALON_SUBSCRIBER (source), result, &f->error) || f->error != NULL;
}

/* To f->text, as a browser answers. formats (nullable): of pictures; NULL: all. */
static void
answer (Fixture *f, SalonSubscriber *subscriber, const char *formats)
{
  g_autoptr (GRegex) picture_line = g_regex_new ("^(m=video 9 \\S+) .*$", G_REGEX_MULTILINE, 0, NULL);
  g_autofree char *taken = g_strconcat ("\\1 ", formats, "\r", NULL);
  g_autoptr (GString) all = g_string_new (f->text);
  g_autofree char *narrowed = NULL;

  g_string_replace (all, "a=sendonly", "a=recvonly", 0);
  g_string_replace (all, "a=setup:actpass", "a=setup:active", 0);
  g_string_replace (all, " 0 UDP/TLS/RTP/SAVPF", " 9 UDP/TLS/RTP/SAVPF", 0);
  narrowed = g_regex_replace (picture_line, all->str, -1, 0, taken, 0, NULL);
  salon_subscriber_answer_async (subscriber, formats != NULL ? narrowed : all->str, on_offer_answered, f);
  wait_done (f);
}

/* Returns: (transfer full): connected to nobody, its first offer in f->text. */
static SalonSubscriber *
offer_names (Fixture *f)
{
  SalonSubscriber *subscriber = salon_subscriber_new (f->graph, "subscriber", &f->options, f->shares, TRUE);

  salon_transport_set_data_events (SALON_TRANSPORT (subscriber), &no_data_events, NULL);
  g_signal_connect (subscriber, "offer", G_CALLBACK (on_offered_again), f);
  salon_subscriber_offer_async (subscriber, on_offered, f);
  wait_done (f);
  g_assert_no_error (f->error);
  return subscriber;
}

/* Returns: (transfer full): with as long a name as clients may give. */
static SalonTrack *
attach_track (Fixture *f, SalonSubscriber *subscriber, guint seat, gboolean is_video)
{
  SalonTrack *track = salon_track_new (f->graph, "0", is_video, 1);
  g_autofree char *stream = g_strdup_printf ("%064u", seat);
  g_autofree char *name = g_strdup_printf ("%064u", 2 * seat + is_video);

  salon_track_set_msid (track, stream, name);
  salon_subscriber_attach (subscriber, seat, track);
  return track;
}

static void
track_free (SalonTrack *track)
{
  salon_track_close (track);
  g_object_unref (track);
}

static void
test_names_as_many_as_there_are_seats (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)track_free);
  SalonSubscriber *subscriber;

  f->options.has_red = TRUE;
  subscriber = offer_names (f);
  answer (f, subscriber, NULL);
  g_assert_no_error (f->error);
  for (guint i = 0; i < 2 * SALON_LIMIT_SEATS; i++)
    g_ptr_array_add (tracks, attach_track (f, subscriber, i / 2, i % 2 == 1));
  wait_done (f);
  g_test_message ("%" G_GSIZE_FORMAT " bytes", strlen (f->text));
  g_assert_cmpuint (count (f->text, "\nm="), ==, 1 + 2 * SALON_LIMIT_SEATS);
  /* A line's end is four characters in JSON. */
  g_assert_cmpuint (strlen (f->text) + 2 * count (f->text, "\n"), <, SALON_LIMIT_MESSAGE_BYTES);
  answer (f, subscriber, NULL);
  g_assert_no_error (f->error);
  salon_subscriber_close (subscriber);
  settle ();
  g_assert_finalize_object (subscriber);
}

static guint
count_formats (SalonSubscriber *subscriber)
{
  GstElement *webrtc = salon_transport_get_webrtcbin (SALON_TRANSPORT (subscriber));
  g_autoptr (GstObject) graph = gst_object_get_parent (GST_OBJECT (webrtc));
  g_autofree char *name = g_strconcat (GST_OBJECT_NAME (webrtc), "-video-0", NULL);
  g_autoptr (GstElement) slot = gst_bin_get_by_name (GST_BIN (graph), name);
  g_autoptr (GstCaps) caps = NULL;

  g_object_get (slot, "caps", &caps, NULL);
  return gst_caps_get_size (caps);
}

/* Each offer lists all codecs again, and the last answer counts. */
static void
test_takes_back_what_was_refused (Fixture *f, gconstpointer data)
{
  SalonSubscriber *subscriber = offer_names (f);
  SalonTrack *track;

  answer (f, subscriber, "96 97");
  g_assert_no_error (f->error);
  track = attach_track (f, subscriber, 0, TRUE);
  g_assert_cmpuint (count_formats (subscriber), ==, 2);
  wait_done (f);
  answer (f, subscriber, NULL);
  g_assert_no_error (f->error);
  g_assert_cmpuint (count_formats (subscriber), ==, 2 * (G_N_ELEMENTS (codecs) - 1));
  salon_subscriber_close (subscriber);
  track_free (track);
  settle ();
  g_assert_finalize_object (subscriber);
}

static void
on_failed (SalonTransport *transport, const GError *error, gpointer data)
{
  *(gboolean *)data = TRUE;
}

/* It would hear of no further track. The first one may be tried again. */
static void
test_refused_answer_ends_it (Fixture *f, gconstpointer data)
{
  SalonSubscriber *subscriber = offer_names (f);
  gboolean has_failed = FALSE;
  SalonTrack *track;

  g_signal_connect (subscriber, "failed", G_CALLBACK (on_failed), &has_failed);
  answer (f, subscriber, "0");
  g_assert_error (f->error, SALON_ERROR, SALON_ERROR_MEDIA);
  g_assert_false (has_failed);
  answer (f, subscriber, NULL);
  g_assert_no_error (f->error);
  track = attach_track (f, subscriber, 0, TRUE);
  wait_done (f);
  answer (f, subscriber, "0");
  g_assert_error (f->error, SALON_ERROR, SALON_ERROR_MEDIA);
  g_assert_true (has_failed);
  salon_subscriber_close (subscriber);
  track_free (track);
  settle ();
  g_assert_finalize_object (subscriber);
}

static void
test_closes_at_every_step (Fixture *f, gconstpointer data)
{
  g_autofree char *sdp = read_chromium_offer ();

  for (guint n_iterations = 0; n_iterations < 40; n_iterations++)
    {
      SalonPublisher *publisher = salon_publisher_new (f->graph, "publisher", &f->options);
      SalonSubscriber *subscriber = salon_subscriber_new (f->graph, "subscriber", &f->options, f->shares, FALSE);

      salon_publisher_offer_async (publisher, sdp, on_answered, f);
      salon_subscriber_offer_async (subscriber, on_offered, f);
      for (guint i = 0; i < n_iterations; i++)
        g_main_context_iteration (NULL, FALSE);
      salon_publisher_close (publisher);
      salon_subscriber_close (subscriber);
      while (G_OBJECT (publisher)->ref_count > 1 || G_OBJECT (subscriber)->ref_count > 1)
        g_main_context_iteration (NULL, TRUE);
      g_assert_finalize_object (publisher);
      g_assert_finalize_object (subscriber);
      g_clear_pointer (&f->text, g_free);
      g_clear_error (&f->error);
    }
}

/* GLib keeps each name of a caps or structure field for ever: neither the client's words nor our numbers may be any. */
static void
test_leaves_no_names (Fixture *f, gconstpointer data)
{
  g_autofree char *good = read_chromium_offer ();
  GQuark before = 0;
  guint n_probes = 0;

  for (guint round = 0; round < 5; round++)
    {
      SalonPublisher *publisher = salon_publisher_new (f->graph, "publisher", &f->options);
      SalonSubscriber *subscriber = salon_subscriber_new (f->graph, "subscriber", &f->options, f->shares, FALSE);
      g_autofree char *odd_name = g_strdup_printf ("a=odd-%u:1\r\na=sendonly", round);
      g_autofree char *odd_parameter = g_strdup_printf ("odd-parameter-%u=1;useinbandfec", round);
      g_autofree char *odd = replace (good, "a=sendonly", odd_name);
      g_autofree char *odder = replace (odd, "useinbandfec", odd_parameter);
      g_autofree char *probe = g_strdup_printf ("probe-%u", round);

      offer (f, publisher, odder);
      g_assert_no_error (f->error);
      salon_subscriber_offer_async (subscriber, on_offered, f);
      wait_done (f);
      g_assert_no_error (f->error);
      salon_publisher_close (publisher);
      salon_subscriber_close (subscriber);
      settle ();
      g_object_unref (publisher);
      g_object_unref (subscriber);
      /* The first rounds make the names that everybody shares; quarks are numbered as they are made. */
      if (round == 2)
        before = g_quark_from_string (probe);
      else if (round > 2)
        g_assert_cmpuint (g_quark_from_string (probe), ==, before + ++n_probes);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  if (!salon_plugin_register_static ())
    g_error ("can't register the plugin");

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
#define ADD_DIRECTLY(path, func) g_test_add (path, Fixture, NULL, set_up_directly, func, tear_down)
  ADD ("/negotiation/answers-chromium", test_answers_chromium);
  ADD ("/negotiation/takes-the-preferred-codec", test_takes_preferred_codec);
  ADD ("/negotiation/refuses-bad-offers", test_refuses_bad_offers);
  ADD ("/negotiation/a-new-offer-keeps-the-lines", test_reoffer_keeps_lines);
  ADD ("/negotiation/offers-seats", test_offers_seats);
  ADD_DIRECTLY ("/negotiation/offers-seats/directly", test_offers_seats);
  ADD_DIRECTLY ("/negotiation/names-as-many-tracks-as-there-are-seats", test_names_as_many_as_there_are_seats);
  ADD_DIRECTLY ("/negotiation/takes-back-what-was-refused", test_takes_back_what_was_refused);
  ADD_DIRECTLY ("/negotiation/a-refused-answer-to-a-later-offer-ends-the-connection", test_refused_answer_ends_it);
  ADD ("/negotiation/leaves-no-names-behind", test_leaves_no_names);
  ADD_DIRECTLY ("/negotiation/leaves-no-names-behind/directly", test_leaves_no_names);
  ADD ("/negotiation/closes-at-every-step", test_closes_at_every_step);
  ADD_DIRECTLY ("/negotiation/closes-at-every-step/directly", test_closes_at_every_step);
  return g_test_run ();
}
