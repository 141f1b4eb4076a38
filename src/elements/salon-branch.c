/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-branch.h"

#include <gio/gio.h>

#include "salon-level.h"

/* By codec. */
typedef struct
{
  const char *media_type;
  const char *encode; /* from raw, at %u bit/s */
  const char *pay;    /* to RTP, of payload type %u; NULL: Debian has no such element */
  const char *depay;  /* from RTP */
  const char *decode; /* to raw */
} Steps;

/* Encoders as for a call: no look-ahead, no frame that waits for another, and keyframes when somebody asks. Chromium
 * needs H264 in its baseline profile, with its parameters before each keyframe. Decoders of many pictures have cores
 * enough with one thread each; more would spend much of their time waiting for each other. So does VP8's encoder, whose
 * threads spin: with two, a job on a busy machine took seconds for each picture. */
static const Steps steps[] = {
  [SALON_CODEC_OPUS] = { "audio/x-opus", "audioconvert ! audioresample ! opusenc name=samples bitrate=%u ! ",
      "rtpopuspay name=packets pt=%u", "rtpopusdepay", " ! opusdec" },
  [SALON_CODEC_VP8] = { "video/x-vp8",
      "videoconvert ! vp8enc deadline=1 cpu-used=8 end-usage=cbr keyframe-max-dist=600 lag-in-frames=0 "
      "error-resilient=default buffer-size=1000 buffer-initial-size=500 buffer-optimal-size=600 threads=1 "
      "target-bitrate=%u ! ",
      "rtpvp8pay pt=%u picture-id-mode=15-bit", "rtpvp8depay", " ! vp8dec threads=1" },
  [SALON_CODEC_VP9] = { "video/x-vp9",
      "videoconvert ! vp9enc deadline=1 cpu-used=8 end-usage=cbr keyframe-max-dist=600 lag-in-frames=0 "
      "error-resilient=default threads=2 target-bitrate=%u ! ",
      "rtpvp9pay pt=%u picture-id-mode=15-bit", "rtpvp9depay", " ! vp9dec" },
  [SALON_CODEC_H264] = { "video/x-h264",
      "videoconvert ! video/x-raw,format=I420 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=600 "
      "bitrate=%u ! video/x-h264,profile=constrained-baseline ! ",
      "h264parse ! rtph264pay pt=%u config-interval=-1 aggregate-mode=zero-latency", "rtph264depay ! h264parse",
      " ! avdec_h264" },
  [SALON_CODEC_AV1] = { "video/x-av1", NULL, NULL, "rtpav1depay", " ! av1parse ! av1dec" },
};
G_STATIC_ASSERT (G_N_ELEMENTS (steps) == SALON_N_CODECS);

static const char *
get_raw_type (SalonKind kind)
{
  return kind == SALON_KIND_AUDIO ? "audio/x-raw" : "video/x-raw";
}

GstCaps *
salon_branch_get_caps (SalonKind kind)
{
  GstCaps *caps = gst_caps_new_empty_simple (get_raw_type (kind));

  for (guint i = 0; i < SALON_N_CODECS; i++)
    {
      if (salon_codec_get_info (i)->kind == kind && steps[i].pay != NULL)
        gst_caps_append (caps, gst_caps_new_empty_simple (steps[i].media_type));
    }
  return caps;
}

/* Returns: (transfer full) (nullable) */
static GstElement *
parse (const char *description, GError **error)
{
  GstElement *bin = gst_parse_bin_from_description_full (description, TRUE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);

  if (bin == NULL)
    g_prefix_error (error, "This needs \"%s\": ", description);
  return bin;
}

static gboolean
find_codec (const char *media_type, SalonCodec *codec)
{
  for (guint i = 0; i < SALON_N_CODECS; i++)
    {
      if (g_strcmp0 (media_type, steps[i].media_type) == 0)
        {
          *codec = i;
          return TRUE;
        }
    }
  return FALSE;
}

/* libvpx and Opus count in bits, x264 in thousands of them. */
static guint
get_encoder_rate (SalonCodec codec, const SalonEncoding *encoding)
{
  if (codec == SALON_CODEC_OPUS)
    return encoding->audio_bps;
  return codec == SALON_CODEC_H264 ? MAX (encoding->video_bps / 1000, 1) : encoding->video_bps;
}

/* Beside the way that it takes: what is late there is of no use. */
#define MEASURE                                                                                                        \
  "tee name=split split. ! queue leaky=downstream max-size-time=200000000 ! opusdec ! "                                \
  "fakesink name=samples sync=false async=false split. ! "

static void
tell_level (GstElement *branch)
{
  g_autoptr (GstElement) listener = gst_bin_get_by_name (GST_BIN (branch), "samples");
  g_autoptr (GstElement) payloader = gst_bin_get_by_name (GST_BIN (branch), "packets");
  g_autoptr (GstPad) raw = listener != NULL ? gst_element_get_static_pad (listener, "sink") : NULL;
  g_autoptr (GstPad) rtp = payloader != NULL ? gst_element_get_static_pad (payloader, "src") : NULL;

  if (raw != NULL && rtp != NULL)
    salon_level_tell (raw, rtp);
}

/* The formats are the table's. */
static void
append (GString *text, const char *format, guint number)
{
  g_string_append_printf (text, format, number);
}

GstElement *
salon_branch_new_sender (const GstCaps *caps, const SalonEncoding *encoding, GError **error)
{
  const char *type = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  g_autoptr (GString) text = g_string_new (NULL);
  GstElement *branch;
  SalonCodec codec;

  if (!find_codec (type, &codec))
    {
      codec = g_str_equal (type, get_raw_type (SALON_KIND_AUDIO)) ? SALON_CODEC_OPUS : encoding->video_codec;
      append (text, steps[codec].encode, get_encoder_rate (codec, encoding));
    }
  else if (codec == SALON_CODEC_OPUS && encoding->measures)
    g_string_append (text, MEASURE);
  if (steps[codec].pay == NULL)
    {
      g_set_error (
          error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s cannot be published: GStreamer 1.22 has no payloader", type);
      return NULL;
    }
  append (text, steps[codec].pay, salon_codec_get_info (codec)->payload_type);
  g_string_append (text, " ! clocksync");
  branch = parse (text->str, error);
  if (branch == NULL)
    return NULL;
  /* What only measures ends nothing. */
  gst_bin_set_suppressed_flags (GST_BIN (branch), GST_ELEMENT_FLAG_SINK);
  GST_OBJECT_FLAG_UNSET (branch, GST_ELEMENT_FLAG_SINK);
  tell_level (branch);
  return branch;
}

/* All streams come in one thread. A muxer that waits for the one holds up the other; 10 s of it, or 64 MB. */
#define QUEUE " ! queue max-size-time=10000000000 max-size-bytes=67108864 max-size-buffers=0"

GstElement *
salon_branch_new_receiver (SalonCodec codec, gboolean decodes, GError **error)
{
  g_autofree char *text = g_strconcat (steps[codec].depay, QUEUE, decodes ? steps[codec].decode : "", NULL);

  return parse (text, error);
}
