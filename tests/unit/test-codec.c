/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-codec.h"
#include "salon-vp8.h"
#include "salon-vp9.h"

typedef struct
{
  const char *what;
  SalonCodec codec;
  gboolean is_keyframe;
  gsize size;
  guint8 bytes[24];
} Vector;

/* The first bytes of payloads: VP8 and H.264 ones as libvpx and x264 make them (a keyframe's three tag bytes, then its
 * start code 9d 01 2a; SPS of the constrained baseline profile 42 c0 1f), the others by the letter of their RFCs. */
static const Vector vectors[] = {
  { "vp8 keyframe, bare descriptor", SALON_CODEC_VP8, TRUE, 8, { 0x10, 0x50, 0x2f, 0x00, 0x9d, 0x01, 0x2a, 0x40 } },
  { "vp8 keyframe, 15 bit picture id", SALON_CODEC_VP8, TRUE, 8, { 0x90, 0x80, 0x92, 0x34, 0x50, 0x2f, 0x00, 0x9d } },
  { "vp8 keyframe, all fields", SALON_CODEC_VP8, TRUE, 8, { 0x90, 0xe0, 0x81, 0x02, 0x07, 0x20, 0x10, 0x02 } },
  { "vp8 interframe", SALON_CODEC_VP8, FALSE, 6, { 0x90, 0x80, 0x12, 0x51, 0x0a, 0x00 } },
  { "vp8 keyframe, second packet", SALON_CODEC_VP8, FALSE, 6, { 0x80, 0x80, 0x12, 0x50, 0x2f, 0x00 } },
  { "vp8 keyframe, second partition", SALON_CODEC_VP8, FALSE, 6, { 0x91, 0x80, 0x12, 0x50, 0x2f, 0x00 } },
  { "vp8 cut in the picture id", SALON_CODEC_VP8, FALSE, 3, { 0x90, 0x80, 0x92 } },
  { "vp8 without data", SALON_CODEC_VP8, FALSE, 3, { 0x90, 0x80, 0x12 } },
  { "vp8 empty", SALON_CODEC_VP8, FALSE, 0, { 0 } },

  { "vp9 keyframe, no layers", SALON_CODEC_VP9, TRUE, 5, { 0x8a, 0x81, 0x23, 0x18, 0x00 } },
  { "vp9 keyframe, base layer", SALON_CODEC_VP9, TRUE, 6, { 0xa8, 0x81, 0x23, 0x00, 0x07, 0x82 } },
  { "vp9 keyframe, flexible mode", SALON_CODEC_VP9, TRUE, 5, { 0xb8, 0x81, 0x23, 0x00, 0x82 } },
  { "vp9 keyframe picture, upper layer", SALON_CODEC_VP9, FALSE, 6, { 0xa8, 0x81, 0x23, 0x03, 0x07, 0x82 } },
  { "vp9 interframe", SALON_CODEC_VP9, FALSE, 6, { 0xe8, 0x81, 0x23, 0x00, 0x07, 0x82 } },
  { "vp9 keyframe, second packet", SALON_CODEC_VP9, FALSE, 6, { 0xa0, 0x81, 0x23, 0x00, 0x07, 0x82 } },
  { "vp9 cut in the layers", SALON_CODEC_VP9, FALSE, 4, { 0xa8, 0x81, 0x23, 0x00 } },

  { "h264 SPS", SALON_CODEC_H264, TRUE, 4, { 0x67, 0x42, 0xc0, 0x1f } },
  { "h264 STAP-A, SPS first", SALON_CODEC_H264, TRUE, 12, { 0x78, 0, 4, 0x67, 0x42, 0xc0, 0x1f, 0, 2, 0x68, 0xce, 0 } },
  { "h264 STAP-A, SPS after AUD", SALON_CODEC_H264, TRUE, 10, { 0x78, 0, 2, 0x09, 0x10, 0, 3, 0x67, 0x42, 0xc0 } },
  { "h264 STAP-A without SPS", SALON_CODEC_H264, FALSE, 9, { 0x78, 0, 2, 0x06, 0x05, 0, 2, 0x61, 0xe0 } },
  { "h264 STAP-A with an empty unit", SALON_CODEC_H264, FALSE, 6, { 0x78, 0, 0, 0, 3, 0x67 } },
  { "h264 STAP-A cut", SALON_CODEC_H264, FALSE, 3, { 0x78, 0, 4 } },
  { "h264 FU-A, SPS starts", SALON_CODEC_H264, TRUE, 4, { 0x7c, 0x87, 0x42, 0xc0 } },
  { "h264 FU-A, SPS goes on", SALON_CODEC_H264, FALSE, 4, { 0x7c, 0x07, 0x42, 0xc0 } },
  { "h264 IDR slice without SPS", SALON_CODEC_H264, FALSE, 4, { 0x65, 0x88, 0x84, 0x00 } },
  { "h264 FU-A, IDR starts", SALON_CODEC_H264, FALSE, 4, { 0x7c, 0x85, 0x88, 0x84 } },
  { "h264 interframe", SALON_CODEC_H264, FALSE, 4, { 0x61, 0xe0, 0x00, 0x40 } },

  { "av1 new sequence", SALON_CODEC_AV1, TRUE, 4, { 0x28, 0x0a, 0x0b, 0x00 } },
  { "av1 new sequence, goes on", SALON_CODEC_AV1, TRUE, 4, { 0x68, 0x0a, 0x0b, 0x00 } },
  { "av1 interframe", SALON_CODEC_AV1, FALSE, 4, { 0x10, 0x32, 0x0b, 0x00 } },
  { "av1 continuation", SALON_CODEC_AV1, FALSE, 4, { 0x90, 0x32, 0x0b, 0x00 } },
  { "av1 contradiction", SALON_CODEC_AV1, FALSE, 4, { 0x98, 0x32, 0x0b, 0x00 } },
  { "av1 without data", SALON_CODEC_AV1, FALSE, 1, { 0x08 } },

  { "opus", SALON_CODEC_OPUS, TRUE, 2, { 0x78, 0x00 } },
  { "opus empty", SALON_CODEC_OPUS, TRUE, 0, { 0 } },
};

static void
test_tells_keyframes (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      const Vector *vector = &vectors[i];
      g_autofree guint8 *copy = g_memdup2 (vector->bytes, vector->size);

      g_test_message ("%s", vector->what);
      g_assert_cmpint (salon_codec_is_keyframe_start (vector->codec, copy, vector->size), ==, vector->is_keyframe);
    }
}

static void
test_knows_names (void)
{
  SalonCodec codec;

  for (guint i = 0; i < SALON_N_CODECS; i++)
    {
      const SalonCodecInfo *info = salon_codec_get_info (i);
      g_autofree char *lower = g_ascii_strdown (info->encoding_name, -1);

      g_assert_true (salon_codec_from_encoding_name (info->encoding_name, &codec));
      g_assert_cmpint (codec, ==, i);
      g_assert_true (salon_codec_from_encoding_name (lower, &codec));
      g_assert_cmpint (codec, ==, i);
    }
  g_assert_false (salon_codec_from_encoding_name ("RTX", &codec));
  g_assert_false (salon_codec_from_encoding_name ("", &codec));
  g_assert_false (salon_codec_from_encoding_name (NULL, &codec));
}

static void
test_payload_types_are_dynamic_and_distinct (void)
{
  gboolean is_taken[128] = { FALSE };

  for (guint i = 0; i < SALON_N_CODECS; i++)
    {
      const SalonCodecInfo *info = salon_codec_get_info (i);
      const guint8 types[] = { info->payload_type, info->rtx_payload_type };

      for (guint j = 0; j < G_N_ELEMENTS (types); j++)
        {
          /* RFC 5761 section 4: 64 to 95 would be taken for RTCP; below 35 the numbers are assigned. */
          g_assert_true (types[j] == 0 || (types[j] >= 35 && types[j] < 64) || (types[j] >= 96 && types[j] < 128));
          g_assert_false (is_taken[types[j]]);
          is_taken[types[j]] = types[j] != 0;
        }
      g_assert_cmpint (info->kind == SALON_KIND_VIDEO, ==, info->rtx_payload_type != 0);
    }
}

static void
test_vp8_finds_picture_ids (void)
{
  const guint8 wide[] = { 0x90, 0xe0, 0x92, 0x34, 0x56, 0x20, 0x10 };
  const guint8 narrow[] = { 0x90, 0x80, 0x12, 0x10 };
  SalonFrame frame;

  g_assert_true (salon_vp8_parse (wide, sizeof wide, &frame));
  g_assert_cmpuint (frame.ids.id_bits, ==, 15);
  g_assert_cmphex (frame.ids.id, ==, 0x1234);
  g_assert_cmphex (frame.ids.tl0, ==, 0x56);
  g_assert_cmpuint (salon_picture_ids_size (&frame.ids), ==, 5);

  g_assert_true (salon_vp8_parse (narrow, sizeof narrow, &frame));
  g_assert_cmpuint (frame.ids.id_bits, ==, 7);
  g_assert_cmphex (frame.ids.id, ==, 0x12);
  g_assert_cmpuint (frame.ids.tl0_offset, ==, 0);
  g_assert_cmpuint (salon_picture_ids_size (&frame.ids), ==, 3);
}

static void
test_vp9_finds_picture_ids (void)
{
  const guint8 layered[] = { 0xa8, 0x81, 0x23, 0x00, 0x07, 0x82 };
  const guint8 flexible[] = { 0xb8, 0x12, 0x00, 0x82 };
  SalonFrame frame;

  g_assert_true (salon_vp9_parse (layered, sizeof layered, &frame));
  g_assert_cmpuint (frame.ids.id_bits, ==, 15);
  g_assert_cmphex (frame.ids.id, ==, 0x0123);
  g_assert_cmphex (frame.ids.tl0, ==, 0x07);
  g_assert_true (salon_vp9_parse (flexible, sizeof flexible, &frame));
  g_assert_cmpuint (frame.ids.id_bits, ==, 7);
  g_assert_cmpuint (frame.ids.tl0_offset, ==, 0);
}

static void
test_picture_ids_keep_their_width (void)
{
  guint8 bytes[] = { 0x90, 0xe0, 0x92, 0x34, 0x56, 0x20, 0x10 };
  SalonFrame frame;

  g_assert_true (salon_vp8_parse (bytes, sizeof bytes, &frame));
  frame.ids.id = 5;
  frame.ids.tl0 = 255;
  salon_picture_ids_write (&frame.ids, bytes);
  g_assert_cmpmem (bytes, sizeof bytes, "\x90\xe0\x80\x05\xff\x20\x10", 7);
}

static void
test_vp8_tells_layers_and_size (void)
{
  const guint8 layered[] = { 0x90, 0xe0, 0x92, 0x34, 0x56, 0x60, 0x11 };
  const guint8 indexed[] = { 0x90, 0x90, 0x12, 0xe5, 0x11 }; /* a key index without a temporal layer */
  const guint8 keyframe[] = { 0x10, 0x50, 0x2f, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0xe0, 0x01 };
  SalonFrame frame;

  g_assert_true (salon_vp8_parse (layered, sizeof layered, &frame));
  g_assert_cmpuint (frame.temporal, ==, 1);
  g_assert_true (frame.is_start && frame.needs_base_only && !frame.is_keyframe_start);
  g_assert_true (salon_vp8_parse (indexed, sizeof indexed, &frame));
  g_assert_cmpuint (frame.temporal, ==, 0);
  g_assert_false (frame.needs_base_only);
  g_assert_true (salon_vp8_parse (keyframe, sizeof keyframe, &frame));
  g_assert_cmpuint (frame.n_sizes, ==, 1);
  g_assert_cmpuint (frame.sizes[0].width, ==, 640); /* without the scale in the two bits above */
  g_assert_cmpuint (frame.sizes[0].height, ==, 480);
  g_assert_true (salon_vp8_parse (keyframe, sizeof keyframe - 1, &frame));
  g_assert_cmpuint (frame.n_sizes, ==, 0);
}

static void
test_vp9_tells_layers_and_sizes (void)
{
  const guint8 upper[] = { 0xec, 0x81, 0x23, 0x53, 0x07, 0x82 };
  const guint8 keyframe[]
      = { 0xaa, 0x81, 0x23, 0x00, 0x07, 0x38, 0x01, 0x40, 0x00, 0xb4, 0x02, 0x80, 0x01, 0x68, 0x82 };
  const guint8 flexible[] = { 0xfa, 0x12, 0x10, 0x05, 0x06, 0x18, 0x01, 0x40, 0x00, 0xb4, 0x82 };
  SalonFrame frame;

  g_assert_true (salon_vp9_parse (upper, sizeof upper, &frame));
  g_assert_cmpuint (frame.temporal, ==, 2);
  g_assert_cmpuint (frame.spatial, ==, 1);
  g_assert_true (frame.is_switching_up && frame.is_start && frame.is_end && frame.has_references);
  g_assert_true (salon_vp9_parse (keyframe, sizeof keyframe, &frame));
  g_assert_cmpuint (frame.n_sizes, ==, 2);
  g_assert_cmpuint (frame.sizes[1].width, ==, 640);
  g_assert_cmpuint (frame.sizes[1].height, ==, 360);
  g_assert_true (salon_vp9_parse (keyframe, sizeof keyframe - 2, &frame));
  g_assert_cmpuint (frame.n_sizes, ==, 0);
  /* No keyframe: what stands there is not asked for. */
  g_assert_true (salon_vp9_parse (flexible, sizeof flexible, &frame));
  g_assert_cmpuint (frame.n_sizes, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/codec/tells-keyframes", test_tells_keyframes);
  g_test_add_func ("/codec/knows-names", test_knows_names);
  g_test_add_func ("/codec/payload-types-are-dynamic-and-distinct", test_payload_types_are_dynamic_and_distinct);
  g_test_add_func ("/codec/vp8-finds-picture-ids", test_vp8_finds_picture_ids);
  g_test_add_func ("/codec/vp9-finds-picture-ids", test_vp9_finds_picture_ids);
  g_test_add_func ("/codec/picture-ids-keep-their-width", test_picture_ids_keep_their_width);
  g_test_add_func ("/codec/vp8-tells-layers-and-size", test_vp8_tells_layers_and_size);
  g_test_add_func ("/codec/vp9-tells-layers-and-sizes", test_vp9_tells_layers_and_sizes);
  return g_test_run ();
}
