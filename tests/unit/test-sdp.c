/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is left of a client's description, and of its candidates, for webrtcbin to see. */
#include <string.h>

#include "salon-candidate.h"
#include "salon-codec-caps.h"
#include "salon-error.h"
#include "salon-sdp.h"

static const char *const corpus[] = { "chromium-offer.sdp", "firefox-offer.sdp" };

static char *
read_offer (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", name, NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static SalonSdp *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  SalonSdp *sdp = salon_sdp_parse (text, &error);

  g_assert_no_error (error);
  return sdp;
}

static void
assert_known_attribute (const char *key)
{
  static const char *const known[] = { "group", "ice-options", "ice-ufrag", "ice-pwd", "fingerprint", "setup", "mid",
    "sendonly", "rtcp-mux", "rtcp-rsize", "rtpmap", "fmtp", "rtcp-fb", "extmap", "ssrc", NULL };

  if (!g_strv_contains (known, key))
    g_error ("a=%s got through", key);
}

static void
test_writes_what_it_understands (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (corpus); i++)
    {
      g_autofree char *text = read_offer (corpus[i]);
      g_autoptr (SalonSdp) sdp = parse (text);

      for (guint k = 0; k < gst_sdp_message_attributes_len (sdp->message); k++)
        assert_known_attribute (gst_sdp_message_get_attribute (sdp->message, k)->key);
      g_assert_cmpuint (gst_sdp_message_medias_len (sdp->message), ==, 4);
      for (guint m = 0; m < 4; m++)
        {
          const GstSDPMedia *media = gst_sdp_message_get_media (sdp->message, m);

          for (guint k = 0; k < gst_sdp_media_attributes_len (media); k++)
            assert_known_attribute (gst_sdp_media_get_attribute (media, k)->key);
        }
    }
}

/* What was written is understood, and written just so again. */
static void
test_is_stable (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (corpus); i++)
    {
      g_autofree char *text = read_offer (corpus[i]);
      g_autoptr (SalonSdp) first = parse (text);
      g_autofree char *once = gst_sdp_message_as_text (first->message);
      g_autoptr (SalonSdp) second = parse (once);
      g_autofree char *twice = gst_sdp_message_as_text (second->message);

      g_assert_cmpstr (once, ==, twice);
      g_assert_cmpuint (g_hash_table_size (first->ssrc_media), ==, g_hash_table_size (second->ssrc_media));
    }
}

/* A sanitizer makes each of 60,000 parses slow. A prime, so that cuts fall on every part of a line. */
static gsize
cut_step (void)
{
  return g_getenv ("SALON_TEST_SANITIZED") != NULL ? 29 : 1;
}

static void
test_survives_being_cut (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (corpus); i++)
    {
      g_autofree char *text = read_offer (corpus[i]);
      gsize size = strlen (text);

      for (gsize end = 0; end < size; end += cut_step ())
        {
          g_autofree char *cut = g_strndup (text, end);
          g_autoptr (GError) error = NULL;
          g_autoptr (SalonSdp) sdp = salon_sdp_parse (cut, &error);

          g_assert_true ((sdp == NULL) == (error != NULL));
          g_assert_true (error == NULL || g_error_matches (error, SALON_ERROR, SALON_ERROR_MEDIA));
        }
    }
}

static guint
count_attributes (const GstSDPMedia *media, const char *key)
{
  guint n = 0;

  while (gst_sdp_media_get_attribute_val_n (media, key, n) != NULL)
    n++;
  return n;
}

static void
test_keeps_known_formats (void)
{
  g_autofree char *text = read_offer ("chromium-offer.sdp");
  g_autoptr (SalonSdp) sdp = parse (text);
  const GstSDPMedia *audio = gst_sdp_message_get_media (sdp->message, 0);
  const GstSDPMedia *video = gst_sdp_message_get_media (sdp->message, 1);

  g_assert_cmpuint (gst_sdp_media_formats_len (audio), ==, 1);
  g_assert_cmpstr (gst_sdp_media_get_attribute_val (audio, "rtpmap"), ==, "111 opus/48000/2");
  g_assert_cmpstr (gst_sdp_media_get_attribute_val (audio, "fmtp"), ==, "111 minptime=10;useinbandfec=1");
  /* VP8, six H264, AV1 and two VP9, each with its retransmission; not RED nor its retransmission, nor ULPFEC. */
  g_assert_cmpuint (gst_sdp_media_formats_len (video), ==, 20);
  g_assert_cmpuint (count_attributes (video, "rtpmap"), ==, 20);
  g_assert_cmpuint (count_attributes (video, "extmap"), ==, 3);
  g_assert_cmpuint (salon_sdp_get_extension_id (sdp, "urn:ietf:params:rtp-hdrext:sdes:mid"), ==, 4);
  g_assert_cmpuint (salon_sdp_get_extension_id (sdp, "urn:ietf:params:rtp-hdrext:toffset"), ==, 0);
}

static void
test_knows_its_ssrcs (void)
{
  g_autofree char *text = read_offer ("chromium-offer.sdp");
  g_autoptr (SalonSdp) sdp = parse (text);

  g_assert_cmpstr (salon_sdp_get_mid_of_ssrc (sdp, 3476723010), ==, "0");
  g_assert_cmpstr (salon_sdp_get_mid_of_ssrc (sdp, 3718344802), ==, "1");
  g_assert_null (salon_sdp_get_mid_of_ssrc (sdp, 1));
}

static void
test_matches_certificate (void)
{
  static const guint8 der[] = "a certificate";
  g_autofree char *text = read_offer ("chromium-offer.sdp");
  g_autofree char *digest = g_compute_checksum_for_data (G_CHECKSUM_SHA512, der, sizeof der);
  g_autoptr (GString) line = g_string_new ("a=fingerprint:SHA-512 ");
  g_auto (GStrv) parts = NULL;
  g_autofree char *promising = NULL;
  g_autoptr (SalonSdp) other = parse (text);
  g_autoptr (SalonSdp) sdp = NULL;

  for (gsize i = 0; digest[i] != '\0'; i += 2)
    g_string_append_printf (line, "%s%.2s", i == 0 ? "" : ":", digest + i);
  parts = g_strsplit (text,
      "a=fingerprint:sha-256 CC:D7:F8:24:F4:44:33:D8:5C:36:A4:9E:10:79:1F:07:4D:0D:30:58:2D:1E:6C:D3:E4:1F:86:"
      "46:04:20:F5:5D",
      -1);
  promising = g_strjoinv (line->str, parts);
  sdp = parse (promising);
  g_assert_true (salon_sdp_matches_certificate (sdp, der, sizeof der));
  g_assert_false (salon_sdp_matches_certificate (sdp, der, sizeof der - 1));
  g_assert_false (salon_sdp_matches_certificate (other, der, sizeof der));
}

static const struct
{
  const char *text;
  const char *expected; /* NULL: passed over */
} candidates[] = {
  { "candidate:1 1 udp 2113937151 192.0.2.1 5000 typ host", "candidate:1 1 UDP 2113937151 192.0.2.1 5000 typ host" },
  { "candidate:a+/Z 1 UDP 1 2001:db8::1 1 typ srflx raddr 10.0.0.1 rport 9 generation 0 ufrag x",
      "candidate:a+/Z 1 UDP 1 2001:db8::1 1 typ srflx" },
  { "candidate:1 2 udp 1 192.0.2.1 5000 typ host", NULL },
  { "candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active", NULL },
  { "candidate:1 1 tcp 1 127.0.0.1 22 typ host tcptype passive", NULL },
  { "candidate:1 1 udp 1 1f4712db.local 5000 typ host", NULL },
  { "candidate:1 1 udp 1 example.com 5000 typ host", NULL },
  { "candidate:1 1 udp 1 0.0.0.0 5000 typ host", NULL },
  { "candidate:1 1 udp 1 224.0.0.251 5353 typ host", NULL },
  { "candidate:1 1 udp 1 255.255.255.255 5000 typ host", NULL },
  { "candidate:1 1 udp 1 :: 5000 typ host", NULL },
  { "candidate:1 1 udp 1 192.0.2.1 0 typ host", NULL },
};

static const char *const malformed[] = {
  "",
  "candidate:",
  "Candidate:1 1 udp 1 192.0.2.1 5000 typ host",
  "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host",
  "candidate:1 1 udp 1 192.0.2.1 5000 typ",
  "candidate:1 1 udp 1 192.0.2.1 5000 type host",
  "candidate:1 1 udp 1 192.0.2.1 5000 typ home",
  "candidate:1 1 udp 1 192.0.2.1 65536 typ host",
  "candidate:1 1 udp -1 192.0.2.1 5000 typ host",
  "candidate:1 1 udp 2147483648 192.0.2.1 5000 typ host",
  "candidate:1 0 udp 1 192.0.2.1 5000 typ host",
  "candidate:1 257 udp 1 192.0.2.1 5000 typ host",
  "candidate:1  1 udp 1 192.0.2.1 5000 typ host",
  "candidate:- 1 udp 1 192.0.2.1 5000 typ host",
  "candidate:123456789012345678901234567890123 1 udp 1 192.0.2.1 5000 typ host",
};

static void
test_reads_candidates (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (candidates); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *candidate = NULL;

      g_assert_true (salon_candidate_read (candidates[i].text, &candidate, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (candidate, ==, candidates[i].expected);
    }
}

static void
test_refuses_malformed_candidates (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (malformed); i++)
    {
      g_autoptr (GError) error = NULL;
      char *candidate = NULL;

      g_test_message ("%s", malformed[i]);
      g_assert_false (salon_candidate_read (malformed[i], &candidate, &error));
      g_assert_error (error, SALON_ERROR, SALON_ERROR_MEDIA);
      g_assert_null (candidate);
    }
}

/* -- simulcast -- */

/* Chromium's offer, whose first video m-line says this too. (transfer full) */
static char *
read_offer_with (const char *lines)
{
  g_autofree char *text = read_offer ("chromium-offer.sdp");
  g_auto (GStrv) parts = g_strsplit (text, "a=mid:1", 2);

  g_assert_nonnull (parts[1]);
  return g_strconcat (parts[0], lines, "a=mid:1", parts[1], NULL);
}

#define RID(rid) "a=rid:" rid " send\r\n"

static void
test_reads_simulcast (void)
{
  static const struct
  {
    const char *lines;
    const char *written;
    const char *answer;
  } cases[] = {
    { RID ("q") RID ("h") RID ("f") "a=simulcast:send q;h;f\r\n", "send q;h;f", "recv q;h;f" },
    { "a=rid:f send pt=96;max-width=1280\r\n" RID ("h") RID ("q") "a=simulcast: send f;~h;q recv x\r\n", "send q;h;f",
        "recv q;h;f" },
    { RID ("h") RID ("m") RID ("l") "a=simulcast:recv x send h;m;l\r\n", "send l;m;h", "recv l;m;h" },
    { RID ("1") RID ("0") "a=simulcast:send 1,2;0\r\n", "send 1;0", "recv 1;0" },
  };
  static const SalonCodec vp8 = SALON_CODEC_VP8;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = read_offer_with (cases[i].lines);
      g_autoptr (SalonSdp) sdp = parse (text);
      const GstSDPMedia *media = gst_sdp_message_get_media (sdp->message, 1);
      g_autoptr (GstCaps) caps = salon_codec_caps_choose (media, &vp8, 1);
      const GstStructure *structure = gst_caps_get_structure (caps, 0);

      g_assert_cmpstr (gst_sdp_media_get_attribute_val (media, "simulcast"), ==, cases[i].written);
      g_assert_cmpstr (gst_structure_get_string (structure, "a-simulcast"), ==, cases[i].answer);
      g_assert_cmpuint (count_attributes (media, "extmap"), ==, 5);
      g_assert_cmpuint (salon_sdp_get_media (sdp, 1)->n_rids, ==, count_attributes (media, "rid"));
      g_assert_cmpuint (salon_sdp_get_media (sdp, 2)->n_rids, ==, 0);
      g_assert_true (salon_sdp_has_simulcast (sdp));
    }
}

static void
test_finds_rids (void)
{
  g_autofree char *text = read_offer_with (RID ("q") RID ("h") "a=simulcast:send q;h\r\n");
  g_autoptr (SalonSdp) sdp = parse (text);
  const SalonSdpMedia *media = salon_sdp_get_media (sdp, 1);

  g_assert_cmpint (salon_sdp_media_find_rid (media, "qq", 1), ==, 0);
  g_assert_cmpint (salon_sdp_media_find_rid (media, "h", 1), ==, 1);
  g_assert_cmpint (salon_sdp_media_find_rid (media, "hh", 2), ==, -1);
  g_assert_cmpint (salon_sdp_media_find_rid (media, "", 0), ==, -1);
}

static void
test_refuses_other_simulcast (void)
{
  static const char *const refused[] = {
    RID ("a") RID ("b") RID ("c") RID ("d") "a=simulcast:send a;b;c;d\r\n",
    RID ("q") "a=simulcast:send q;h\r\n",
    RID ("q") "a=simulcast:send q;q\r\n",
    RID ("abc") "a=simulcast:send abc\r\n", /* GStreamer would remember it for ever */
    RID ("") "a=simulcast:send ;\r\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *text = read_offer_with (refused[i]);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", refused[i]);
      g_assert_null (salon_sdp_parse (text, &error));
      g_assert_error (error, SALON_ERROR, SALON_ERROR_MEDIA);
    }
}

static void
test_simulcast_stays (void)
{
  g_autofree char *plain = read_offer ("chromium-offer.sdp");
  g_autofree char *layered = read_offer_with (RID ("q") RID ("h") "a=simulcast:send q;h\r\n");
  g_autoptr (SalonSdp) first = parse (layered);
  g_autoptr (SalonSdp) second = parse (plain);
  g_autoptr (GError) error = NULL;

  g_assert_true (salon_sdp_check_offer (first, first, NULL));
  g_assert_false (salon_sdp_check_offer (second, first, &error));
  g_assert_error (error, SALON_ERROR, SALON_ERROR_MEDIA);
}

/* Chromium's, and what it can be made of: only where all of it is the first Opus. */
static void
test_finds_redundancy (void)
{
  static const struct
  {
    const char *from, *to;
    guint8 payload_type;
  } cases[] = {
    { "a=fmtp:63 111/111", "a=fmtp:63 111/111", 63 },
    { "a=fmtp:63 111/111", "a=fmtp:63 111/111/111", 63 },
    { "a=fmtp:63 111/111", "a=fmtp:63 111/9", 0 },
    { "a=fmtp:63 111/111", "a=fmtp:63 110/110", 0 },
    { "a=fmtp:63 111/111", "a=fmtp:63 x", 0 },
    { "a=rtpmap:63 red/48000/2", "a=rtpmap:63 red/8000", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *offer = read_offer ("chromium-offer.sdp");
      g_auto (GStrv) parts = g_strsplit (offer, cases[i].from, -1);
      g_autofree char *text = g_strjoinv (cases[i].to, parts);
      g_autoptr (SalonSdp) sdp = parse (text);
      const SalonSdpRed *red = &salon_sdp_get_media (sdp, 0)->red;
      g_autofree char *written = gst_sdp_message_as_text (sdp->message);

      g_test_message ("%s", cases[i].to);
      g_assert_cmpuint (g_strv_length (parts), >, 1);
      g_assert_cmpuint (red->payload_type, ==, cases[i].payload_type);
      g_assert_cmpuint (red->opus_payload_type, ==, cases[i].payload_type != 0 ? 111 : 0);
      g_assert_null (strstr (written, "red/"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);

  g_test_add_func ("/sdp/writes-what-it-understands", test_writes_what_it_understands);
  g_test_add_func ("/sdp/what-it-writes-it-reads-the-same", test_is_stable);
  g_test_add_func ("/sdp/survives-being-cut-anywhere", test_survives_being_cut);
  g_test_add_func ("/sdp/keeps-the-formats-it-knows", test_keeps_known_formats);
  g_test_add_func ("/sdp/knows-which-m-line-an-ssrc-is-of", test_knows_its_ssrcs);
  g_test_add_func ("/sdp/matches-the-promised-certificate", test_matches_certificate);
  g_test_add_func ("/sdp/finds-redundancy", test_finds_redundancy);
  g_test_add_func ("/sdp/reads-simulcast", test_reads_simulcast);
  g_test_add_func ("/sdp/finds-rids", test_finds_rids);
  g_test_add_func ("/sdp/refuses-other-simulcast", test_refuses_other_simulcast);
  g_test_add_func ("/sdp/simulcast-stays", test_simulcast_stays);
  g_test_add_func ("/candidate/is-written-anew-or-passed-over", test_reads_candidates);
  g_test_add_func ("/candidate/is-refused-when-malformed", test_refuses_malformed_candidates);
  return g_test_run ();
}
