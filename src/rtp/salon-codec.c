/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-codec.h"

#include "salon-vp8.h"
#include "salon-vp9.h"

/* Payload types: what Chromium offers for the same codecs, so that a capture reads as people expect. */
static const SalonCodecInfo codecs[] = {
  [SALON_CODEC_OPUS] = { "OPUS", SALON_KIND_AUDIO, 48000, 111, 0, "encoding-params=(string)2" },
  [SALON_CODEC_RED] = { "RED", SALON_KIND_AUDIO, 48000, 63, 0, "encoding-params=(string)2" },
  [SALON_CODEC_VP8] = { "VP8", SALON_KIND_VIDEO, 90000, 96, 97, "" },
  [SALON_CODEC_VP9] = { "VP9", SALON_KIND_VIDEO, 90000, 98, 99, "profile-id=(string)0" },
  [SALON_CODEC_H264] = { "H264", SALON_KIND_VIDEO, 90000, 102, 103,
      "packetization-mode=(string)1,level-asymmetry-allowed=(string)1,profile-level-id=(string)42e01f" },
  [SALON_CODEC_AV1] = { "AV1", SALON_KIND_VIDEO, 90000, 45, 46, "" },
};
G_STATIC_ASSERT (G_N_ELEMENTS (codecs) == SALON_N_CODECS);

const SalonCodecInfo *
salon_codec_get_info (SalonCodec codec)
{
  g_assert ((guint)codec < SALON_N_CODECS);
  return &codecs[codec];
}

gboolean
salon_codec_from_encoding_name (const char *name, SalonCodec *codec)
{
  for (guint i = 0; name != NULL && i < SALON_N_CODECS; i++)
    {
      if (g_ascii_strcasecmp (name, codecs[i].encoding_name) == 0)
        {
          *codec = i;
          return TRUE;
        }
    }
  return FALSE;
}

const char *
salon_kind_to_string (SalonKind kind)
{
  return kind == SALON_KIND_AUDIO ? "audio" : "video";
}

/* RFC 6184 section 5.2. The sequence parameter set decides, not the IDR slice after it: a decoder that starts at the
 * slice has no parameters, or worse, those of the stream it showed before. Browsers send one with every IDR picture. */
enum
{
  H264_NAL_SPS = 7,
  H264_NAL_STAP_A = 24,
  H264_NAL_FU_A = 28,
};

static gboolean
h264_stap_a_has_sps (const guint8 *payload, gsize size)
{
  gsize offset = 1;

  while (offset + 2 < size)
    {
      gsize unit_size = (gsize)payload[offset] << 8 | payload[offset + 1];

      if (unit_size == 0)
        return FALSE;
      if ((payload[offset + 2] & 0x1f) == H264_NAL_SPS)
        return TRUE;
      offset += 2 + unit_size;
    }
  return FALSE;
}

static gboolean
h264_is_keyframe_start (const guint8 *payload, gsize size)
{
  if (size < 2)
    return FALSE;
  switch (payload[0] & 0x1f)
    {
    case H264_NAL_SPS:
      return TRUE;
    case H264_NAL_STAP_A:
      return h264_stap_a_has_sps (payload, size);
    case H264_NAL_FU_A:
      return (payload[1] & 0x80) != 0 && (payload[1] & 0x1f) == H264_NAL_SPS;
    default:
      return FALSE;
    }
}

/* RTP payload format for AV1, section 4.4: |Z|Y| W |N|-|-|-|. N marks the first packet of a coded video sequence; Z
 * says that it continues an earlier packet, which contradicts N. */
static gboolean
av1_is_keyframe_start (const guint8 *payload, gsize size)
{
  return size >= 2 && (payload[0] & 0x88) == 0x08;
}

void
salon_codec_read_frame (SalonCodec codec, const guint8 *payload, gsize size, SalonFrame *frame)
{
  gboolean is_read;

  *frame = (SalonFrame){ 0 };
  switch (codec)
    {
    case SALON_CODEC_VP8:
      is_read = salon_vp8_parse (payload, size, frame);
      break;
    case SALON_CODEC_VP9:
      is_read = salon_vp9_parse (payload, size, frame);
      break;
    case SALON_CODEC_H264:
      frame->is_keyframe_start = h264_is_keyframe_start (payload, size);
      return;
    case SALON_CODEC_AV1:
      frame->is_keyframe_start = av1_is_keyframe_start (payload, size);
      return;
    default:
      frame->is_keyframe_start = TRUE;
      return;
    }
  if (!is_read)
    *frame = (SalonFrame){ 0 };
}

gboolean
salon_codec_is_keyframe_start (SalonCodec codec, const guint8 *payload, gsize size)
{
  SalonFrame frame;

  salon_codec_read_frame (codec, payload, size, &frame);
  return frame.is_keyframe_start;
}
