/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-element-list.h"

/* Plugins all of whose elements are on the list. */
static const char *const plugins[] = {
  "salon",
  /* Raw media. */
  "adder",
  "alpha",
  "alphacolor",
  "app",
  "audiobuffersplit",
  "audioconvert",
  "audiofx",
  "audiofxbad",
  "audiolatency",
  "audiomixer",
  "audiomixmatrix",
  "audiorate",
  "audioresample",
  "audiotestsrc",
  "audiovisualizers",
  "autoconvert",
  "bayer",
  "cairo",
  "chromaprint",
  "coloreffects",
  "colormanagement",
  "compositor",
  "cutter",
  "deinterlace",
  "effectv",
  "equalizer",
  "freeverb",
  "gaudieffects",
  "geometrictransform",
  "goom",
  "goom2k1",
  "imagefreeze",
  "inter",
  "interlace",
  "interleave",
  "level",
  "monoscope",
  "overlaycomposition",
  "pango",
  "proxy",
  "qroverlay",
  "rawparse",
  "removesilence",
  "replaygain",
  "segmentclip",
  "shapewipe",
  "smooth",
  "smpte",
  "soundtouch",
  "spectrum",
  "speed",
  "staticelements",
  "switchbin",
  "timecode",
  "videobox",
  "videoconvertscale",
  "videocrop",
  "videofilter",
  "videofiltersbad",
  "videoframe_audiolevel",
  "videomixer",
  "videorate",
  "videosignal",
  "videotestsrc",
  "volume",
  "webrtcdsp",
  /* Codecs. */
  "a52dec",
  "adpcmdec",
  "adpcmenc",
  "alaw",
  "amrnb",
  "amrwbdec",
  "aom",
  "codecalpha",
  "dav1d",
  "de265",
  "faad",
  "fdkaac",
  "flac",
  "gsm",
  "jpeg",
  "lame",
  "libav",
  "mpeg2dec",
  "mpeg2enc",
  "mpg123",
  "mulaw",
  "openh264",
  "openjpeg",
  "opus",
  "png",
  "pnm",
  "sbc",
  "siren",
  "speex",
  "svtav1",
  "theora",
  "twolame",
  "voaacenc",
  "voamrwbenc",
  "vorbis",
  "vpx",
  "wavpack",
  "webp",
  "x264",
  "x265",
  "y4mdec",
  "y4menc",
  /* Files and containers. */
  "aiff",
  "apetag",
  "asf",
  "asfmux",
  "audioparsers",
  "auparse",
  "avi",
  "closedcaption",
  "codectimestamper",
  "encoding",
  "flv",
  "icydemux",
  "id3demux",
  "id3tag",
  "isomp4",
  "ivfparse",
  "jpegformat",
  "matroska",
  "mpegpsdemux",
  "mpegpsmux",
  "mpegtsdemux",
  "mpegtsmux",
  "multifile",
  "multipart",
  "mxf",
  "ogg",
  "opusparse",
  "subenc",
  "subparse",
  "taglib",
  "transcode",
  "typefindfunctions",
  "videoparsersbad",
  "wavenc",
  "wavparse",
  "xingmux",
  /* Networks. */
  "dash",
  "dtls",
  "hls",
  "nice",
  "rist",
  "rtmp",
  "rtmp2",
  "rtp",
  "rtpmanager",
  "rtpmanagerbad",
  "rtsp",
  "rtspclientsink",
  "sctp",
  "sdpelem",
  "smoothstreaming",
  "srt",
  "srtp",
  "udp",
  "webrtc",
};

/* Of other plugins. giostreamsink and its like are what hlssink2 writes through, into a stream that is open already. */
static const char *const elements[] = { "appsink", "appsrc", "capsfilter", "capssetter", "clocksync", "concat",
  "dataurisrc", "decodebin", "decodebin3", "fakesink", "fakesrc", "fakeaudiosink", "fakevideosink", "filesink",
  "filesrc", "fpsdisplaysink", "funnel", "giostreamsink", "giostreamsrc", "identity", "input-selector", "multiqueue",
  "output-selector", "parsebin", "progressreport", "queue", "queue2", "streamiddemux", "streamsynchronizer", "tee",
  "typefind", "uridecodebin", "uridecodebin3", "urisourcebin", "valve" };

static gboolean
is_listed (const char *const *list, guint n_items, const char *name)
{
  for (guint i = 0; name != NULL && i < n_items; i++)
    {
      if (g_str_equal (list[i], name))
        return TRUE;
    }
  return FALSE;
}

static gboolean
matches (const char *const *patterns, const char *name)
{
  for (guint i = 0; patterns != NULL && patterns[i] != NULL; i++)
    {
      if (g_pattern_match_simple (patterns[i], name))
        return TRUE;
    }
  return FALSE;
}

struct _SalonElementList
{
  GMutex lock;
  GHashTable *removed; /* (owned) (element-type utf8 utf8), by lock: a set */
  char **extra;        /* (owned) */
};

static gboolean
is_allowed (SalonElementList *self, GstPluginFeature *feature)
{
  const char *name = GST_OBJECT_NAME (feature);

  return is_listed (plugins, G_N_ELEMENTS (plugins), gst_plugin_feature_get_plugin_name (feature))
         || is_listed (elements, G_N_ELEMENTS (elements), name) || matches ((const char *const *)self->extra, name);
}

/* Any thread: a plugin is loaded when the first of its elements is made, and then brings all of them. */
static void
check_feature (GstRegistry *registry, GstPluginFeature *feature, SalonElementList *self)
{
  if (!GST_IS_ELEMENT_FACTORY (feature) || is_allowed (self, feature))
    return;
  g_mutex_lock (&self->lock);
  g_hash_table_add (self->removed, g_strdup (GST_OBJECT_NAME (feature)));
  g_mutex_unlock (&self->lock);
  gst_registry_remove_feature (registry, feature);
}

SalonElementList *
salon_element_list_apply (const char *const *extra)
{
  SalonElementList *self = g_new0 (SalonElementList, 1);
  GstRegistry *registry = gst_registry_get ();
  GList *factories = gst_registry_get_feature_list (registry, GST_TYPE_ELEMENT_FACTORY);

  g_mutex_init (&self->lock);
  self->removed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->extra = g_strdupv ((char **)extra);
  g_signal_connect (registry, "feature-added", G_CALLBACK (check_feature), self);
  for (GList *item = factories; item != NULL; item = item->next)
    check_feature (registry, item->data, self);
  gst_plugin_feature_list_free (factories);
  return self;
}

gboolean
salon_element_list_forbids (SalonElementList *self, const char *name)
{
  gboolean is_removed;

  g_mutex_lock (&self->lock);
  is_removed = g_hash_table_contains (self->removed, name);
  g_mutex_unlock (&self->lock);
  return is_removed;
}
