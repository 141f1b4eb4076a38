/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is measured of a track's layers, and which of them fits what a client has use for. */
#include <string.h>

#include "salon-layer-choice.h"
#include "salon-layer-meter.h"

#define STEP_US (250 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  SalonLayerMeter meter;
  gint64 now_us;
  gboolean is_changed; /* by the last sample */
  SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS];
  guint8 dependency_id;
} Fixture;

static void
sample (Fixture *f)
{
  f->now_us += STEP_US;
  f->is_changed = salon_layer_meter_sample (&f->meter, f->now_us);
  salon_layer_meter_read (&f->meter, f->layers);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->now_us = G_USEC_PER_SEC;
  sample (f);
}

static void
count (Fixture *f, guint stream, SalonCodec codec, const guint8 *payload, gsize payload_size, gsize size)
{
  guint8 bytes[64] = { 0x80, 0x80 | 96 };
  SalonRtpPacket packet;

  memcpy (bytes + 12, payload, payload_size);
  g_assert_true (salon_rtp_packet_parse_head (&packet, bytes, 12 + payload_size, size));
  salon_layer_meter_count (&f->meter, stream, codec, f->dependency_id, &packet);
}

/* A picture in one packet. */
static void
count_vp8 (Fixture *f, guint stream, guint8 temporal, gsize size)
{
  const guint8 payload[] = { 0x90, 0x20, temporal << 6, 0x01, 0xee };

  count (f, stream, SALON_CODEC_VP8, payload, sizeof payload, size);
}

static void
count_vp8_keyframe (Fixture *f, guint stream, guint8 width)
{
  const guint8 payload[] = { 0x10, 0x00, 0x00, 0x00, 0x9d, 0x01, 0x2a, width, 0x00, 0x30, 0x00 };

  count (f, stream, SALON_CODEC_VP8, payload, sizeof payload, 1000);
}

static void
count_vp9 (Fixture *f, guint8 spatial, gsize size)
{
  const guint8 payload[] = { 0xac, 0x01, spatial << 1, 0x01, 0x82 };

  count (f, 0, SALON_CODEC_VP9, payload, sizeof payload, size);
}

static void
test_arrives_and_falls_silent (Fixture *f, gconstpointer data)
{
  g_assert_false (f->layers[0].arrives || f->layers[1].arrives);
  count_vp8 (f, 1, 0, 500);
  sample (f);
  g_assert_true (f->is_changed && f->layers[1].arrives && !f->layers[0].arrives);
  for (guint i = 0; i < 3; i++)
    {
      sample (f);
      g_assert_true (!f->is_changed && f->layers[1].arrives);
    }
  sample (f); /* a second */
  g_assert_true (f->is_changed && !f->layers[1].arrives);
  g_assert_cmpuint (f->layers[1].rate_bps[3], ==, 0);
  g_assert_cmpuint (salon_layer_meter_count_layers (&f->meter), ==, 0);
}

/* The first sample only begins the time that is measured: nobody listens to it yet. */
static void
test_first_sample_tells_nothing (Fixture *f, gconstpointer data)
{
  f->meter = (SalonLayerMeter){ 0 };
  count_vp8 (f, 0, 0, 500);
  sample (f);
  g_assert_true (!f->is_changed && !f->layers[0].arrives);
  sample (f);
  g_assert_true (f->is_changed && f->layers[0].arrives);
  g_assert_cmpuint (f->layers[0].rate_bps[0], ==, 16000);
}

static void
test_expected_layer_arrives (Fixture *f, gconstpointer data)
{
  salon_layer_meter_expect (&f->meter, 2, f->now_us);
  salon_layer_meter_read (&f->meter, f->layers);
  g_assert_true (f->layers[2].arrives);
  count_vp8 (f, 2, 0, 500);
  sample (f);
  g_assert_false (f->is_changed);
  g_assert_cmpuint (f->layers[2].rate_bps[0], ==, 16000); /* at once, not by and by */
  for (guint i = 0; i < 4; i++)
    sample (f);
  g_assert_true (f->is_changed && !f->layers[2].arrives);
}

static void
test_tells_sizes (Fixture *f, gconstpointer data)
{
  count_vp8_keyframe (f, 2, 64);
  sample (f);
  g_assert_cmpuint (f->layers[2].width, ==, 64);
  g_assert_cmpuint (f->layers[2].height, ==, 48);
  count_vp8_keyframe (f, 2, 64);
  sample (f);
  g_assert_false (f->is_changed);
  count_vp8_keyframe (f, 2, 32);
  sample (f);
  g_assert_true (f->is_changed);
  for (guint i = 0; i < 8; i++)
    sample (f);
  g_assert_false (f->layers[2].arrives);
  g_assert_cmpuint (f->layers[2].width, ==, 32); /* as it was */
  g_assert_cmpuint (salon_layer_meter_count_layers (&f->meter), ==, 3);
}

/* T0 T2 T1 T2 of 500 bytes each, 20 a second: 80 kbit/s in all. */
static void
test_measures_temporal_cuts (Fixture *f, gconstpointer data)
{
  static const guint8 pattern[] = { 0, 2, 1, 2 };

  for (guint i = 0; i < 80; i++)
    {
      count_vp8 (f, 0, pattern[i % 4], 500);
      if (i % 5 == 4)
        sample (f);
    }
  g_assert_cmpfloat_with_epsilon (f->layers[0].rate_bps[0], 20000, 3000);
  g_assert_cmpfloat_with_epsilon (f->layers[0].rate_bps[1], 40000, 4000);
  g_assert_cmpfloat_with_epsilon (f->layers[0].rate_bps[2], 80000, 4000);
  g_assert_cmpuint (f->layers[0].rate_bps[3], ==, f->layers[0].rate_bps[2]);
  g_assert_cmpfloat_with_epsilon (f->layers[0].frame_rate[0], 5, 1);
  g_assert_cmpfloat_with_epsilon (f->layers[0].frame_rate[3], 20, 1);
}

/* A subscriber of an upper layer is sent those below. */
static void
test_counts_lower_spatial_layers_in (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 40; i++)
    {
      count_vp9 (f, 0, 100);
      count_vp9 (f, 1, 300);
      if (i % 5 == 4)
        sample (f);
    }
  g_assert_cmpfloat_with_epsilon (f->layers[0].rate_bps[3], 16000, 500);
  g_assert_cmpfloat_with_epsilon (f->layers[1].rate_bps[3], 64000, 1000);
  g_assert_cmpfloat_with_epsilon (f->layers[1].frame_rate[3], 20, 1);
  g_assert_false (f->layers[2].arrives);
}

/* Each is two packets; the marker says where all of a picture ends, and where one layer does, the packet's own. */
static void
test_pictures_end_in_each_layer (Fixture *f, gconstpointer data)
{
  static const guint8 vp9[][5] = { { 0xa8, 0x01, 0x00, 0x01, 0x82 }, { 0xa4, 0x01, 0x00, 0x01, 0x82 } };

  for (guint i = 0; i < 10; i++)
    count (f, 0, SALON_CODEC_VP9, vp9[i % 2], sizeof vp9[0], 100);
  sample (f);
  g_assert_cmpfloat_with_epsilon (f->layers[0].frame_rate[0], 20, 1);
}

/* AV1's payload does not say; the extension does. */
static void
test_measures_described_layers (Fixture *f, gconstpointer data)
{
  /* Two spatial layers, each a template and a decode target. */
  static const guint8 templates[] = { 0x80, 0, 1, 0x80, 0x01, 0xba, 0x20 };
  const guint8 ids[] = { 0x80, 0x40, 0x81, 0x41 };

  for (guint i = 0; i < 20; i++)
    {
      guint8 bytes[48] = { 0x90, 0x80 | 45, [12] = 0x10, [15] = 3, [16] = 7, [17] = 3, [18] = ids[i % 4] };
      SalonRtpPacket packet;

      if (i == 0)
        {
          bytes[17] = sizeof templates;
          memcpy (bytes + 18, templates, sizeof templates);
        }
      g_assert_true (salon_rtp_packet_parse_head (&packet, bytes, sizeof bytes, 1000));
      salon_layer_meter_count (&f->meter, 0, SALON_CODEC_AV1, 7, &packet);
    }
  sample (f);
  g_assert_true (f->layers[0].arrives && f->layers[1].arrives && !f->layers[2].arrives);
  g_assert_cmpfloat_with_epsilon (f->layers[0].frame_rate[0], 20, 1);
  g_assert_cmpfloat_with_epsilon (f->layers[1].frame_rate[0], 20, 1);
}

static void
test_simulcast_rates_stand_alone (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 5; i++)
    {
      count_vp8 (f, 0, 0, 100);
      count_vp8 (f, 2, 0, 1000);
    }
  sample (f);
  g_assert_cmpuint (f->layers[0].rate_bps[0], ==, 16000);
  g_assert_cmpuint (f->layers[2].rate_bps[0], ==, 160000);
}

static void
test_rates_follow_within_a_second (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 12; i++)
    {
      count_vp8 (f, 0, 0, i < 4 ? 1000 : 4000);
      sample (f);
    }
  g_assert_cmpuint (f->layers[0].rate_bps[0], >, 110000);
  g_assert_cmpuint (f->layers[0].rate_bps[0], <=, 128000);
}

/* Hostile numbers stay within the arrays. */
static void
test_high_layers_count_as_the_highest (Fixture *f, gconstpointer data)
{
  const guint8 payload[] = { 0xac, 0x01, 7 << 5 | 7 << 1, 0x01, 0x82 };

  count (f, 0, SALON_CODEC_VP9, payload, sizeof payload, 500);
  sample (f);
  g_assert_true (f->layers[2].arrives);
  g_assert_cmpuint (f->layers[2].rate_bps[2], ==, 0);
  g_assert_cmpuint (f->layers[2].rate_bps[3], >, 0);
}

/* -- the choice -- */

static const SalonTrackLayer three[] = {
  { .arrives = TRUE, .width = 320, .height = 180, .frame_rate = { 7.5, 15, 30, 30 } },
  { .arrives = TRUE, .width = 640, .height = 360, .frame_rate = { 7.5, 15, 30, 30 } },
  { .arrives = TRUE, .width = 1280, .height = 720, .frame_rate = { 7.4, 14.9, 30.2, 30.2 } },
};

static SalonLayer
choose (SalonTrackSettings settings)
{
  return salon_layer_choose (&settings, three, 3);
}

static void
test_smallest_that_is_large_enough (void)
{
  static const struct
  {
    SalonTrackSettings settings;
    gint spatial;
  } cases[] = {
    { { 2, 0, 0, 0 }, 2 },
    { { 2, 1, 1, 0 }, 0 },
    { { 2, 320, 180, 0 }, 0 },
    { { 2, 321, 180, 0 }, 1 },
    { { 2, 320, 181, 0 }, 1 },
    { { 2, 0, 361, 0 }, 2 },
    { { 2, 4000, 3000, 0 }, 2 },
    { { 1, 4000, 3000, 0 }, 1 },
    { { 0, 0, 0, 0 }, 0 },
    { { -1, 4000, 3000, 0 }, -1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (choose (cases[i].settings).spatial, ==, cases[i].spatial);
}

static void
test_frame_rate_bounds_temporal_layers (void)
{
  g_assert_cmpint (choose ((SalonTrackSettings){ 2, 0, 0, 0 }).temporal, ==, 3);
  g_assert_cmpint (choose ((SalonTrackSettings){ 2, 0, 0, 30 }).temporal, ==, 3);
  g_assert_cmpint (choose ((SalonTrackSettings){ 2, 0, 0, 29 }).temporal, ==, 3);
  g_assert_cmpint (choose ((SalonTrackSettings){ 2, 0, 0, 20 }).temporal, ==, 1);
  g_assert_cmpint (choose ((SalonTrackSettings){ 2, 0, 0, 10 }).temporal, ==, 0);
  g_assert_cmpint (choose ((SalonTrackSettings){ 2, 0, 0, 1 }).temporal, ==, 0); /* there is no less */
}

/* Not by that of the chosen one, which has none while it does not arrive. */
static void
test_frame_rate_is_that_of_what_arrives (void)
{
  const SalonTrackLayer lowest[3] = { three[0] };
  const SalonTrackLayer highest[3] = { { 0 }, { 0 }, three[2] };
  SalonTrackSettings settings = { 2, 0, 0, 10 };

  g_assert_cmpint (salon_layer_choose (&settings, lowest, 3).temporal, ==, 0);
  settings.max_layer = 0;
  g_assert_cmpint (salon_layer_choose (&settings, highest, 3).temporal, ==, 0);
}

/* A layer that rests, or has not come yet, is taken for half or twice its neighbour. */
static void
test_unknown_sizes_are_guessed (void)
{
  const SalonTrackLayer unknown[3] = { { 0 } };
  const SalonTrackLayer lowest[3] = { { .width = 200, .height = 100 } };
  SalonTrackSettings settings = { 2, 400, 200, 0 };

  g_assert_cmpint (salon_layer_choose (&settings, lowest, 3).spatial, ==, 1);
  g_assert_cmpint (salon_layer_choose (&settings, unknown, 3).spatial, ==, 1);
  g_assert_cmpint (salon_layer_choose (&settings, unknown, 2).spatial, ==, 0);
  g_assert_cmpint (salon_layer_choose (&settings, unknown, 1).spatial, ==, 0);
}

static void
test_finds_what_arrives (void)
{
  const SalonTrackLayer none[3] = { { 0 } };
  const SalonTrackLayer middle[3] = { { 0 }, { .arrives = TRUE } };
  const SalonTrackLayer both_ends[3] = { { .arrives = TRUE }, { 0 }, { .arrives = TRUE } };

  g_assert_cmpint (salon_layer_find_highest (none, 2), ==, -1);
  g_assert_cmpint (salon_layer_find_highest (middle, 2), ==, 1);
  g_assert_cmpint (salon_layer_find_highest (middle, 0), ==, -1);
  g_assert_cmpint (salon_layer_find_highest (both_ends, 1), ==, 0);
  g_assert_cmpint (salon_layer_find_highest (both_ends, -1), ==, -1);
  g_assert_cmpint (salon_layer_find_arriving (none, 3, 1), ==, 1);
  g_assert_cmpint (salon_layer_find_arriving (middle, 3, 2), ==, 1);
  g_assert_cmpint (salon_layer_find_arriving (middle, 3, 0), ==, 1);
  g_assert_cmpint (salon_layer_find_arriving (middle, 1, 0), ==, 0); /* there is but one */
  g_assert_cmpint (salon_layer_find_arriving (both_ends, 3, 1), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/layers/" name, Fixture, NULL, set_up, func, NULL)
  ADD ("arrive-and-fall-silent", test_arrives_and_falls_silent);
  ADD ("first-sample-tells-nothing", test_first_sample_tells_nothing);
  ADD ("expected-layer-arrives", test_expected_layer_arrives);
  ADD ("sizes-are-told", test_tells_sizes);
  ADD ("temporal-cuts-are-measured", test_measures_temporal_cuts);
  ADD ("lower-spatial-layers-are-counted-in", test_counts_lower_spatial_layers_in);
  ADD ("pictures-end-in-each-layer", test_pictures_end_in_each_layer);
  ADD ("described-layers-are-measured", test_measures_described_layers);
  ADD ("simulcast-rates-stand-alone", test_simulcast_rates_stand_alone);
  ADD ("rates-follow-within-a-second", test_rates_follow_within_a_second);
  ADD ("high-layers-count-as-the-highest", test_high_layers_count_as_the_highest);
  g_test_add_func ("/layers/smallest-that-is-large-enough", test_smallest_that_is_large_enough);
  g_test_add_func ("/layers/frame-rate-bounds-temporal-layers", test_frame_rate_bounds_temporal_layers);
  g_test_add_func ("/layers/frame-rate-is-that-of-what-arrives", test_frame_rate_is_that_of_what_arrives);
  g_test_add_func ("/layers/unknown-sizes-are-guessed", test_unknown_sizes_are_guessed);
  g_test_add_func ("/layers/what-arrives-is-found", test_finds_what_arrives);
  return g_test_run ();
}
