/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-track.h"

#include <gst/video/video.h>

#include "salon-ice-batch.h"
#include "salon-layer-meter.h"
#include "salon-level-meter.h"

GST_DEBUG_CATEGORY_STATIC (salon_track_debug);
#define GST_CAT_DEFAULT salon_track_debug

/* Where packets are missing over and over, keyframes, which are many packets, make it worse. */
#define MAX_PATIENCE_US (2 * G_TIME_SPAN_SECOND)
/* How often it is looked what arrives. */
#define SAMPLE_INTERVAL_MS 250
/* What is read of a packet to tell its layer or how loud it is: header, extensions, and the payload's descriptor. */
#define PACKET_HEAD_BYTES 256

typedef struct
{
  SalonTrack *track; /* (borrowed): is this stream's owner */
  guint index;
  GstElement *tee;  /* (owned) (nullable): NULL once closed */
  GstPad *tee_sink; /* (owned) */
  gulong probes[3]; /* of tee_sink: the gate, events from subscribers, and to them */
  gint codec;       /* atomic: a SalonCodec, or -1 */

  /* The last packet, and what was missing before it: its streaming thread's. */
  guint32 ssrc;
  guint16 sequence;
  gboolean is_broken; /* no keyframe was asked for since, and none came */
  gint64 mended_us;   /* when one was asked for, for such a reason; 0: never */
  gint64 patience_us; /* and how long after that the next may be */

  /* Keyframe requests come from any subscriber's thread. */
  gint64 last_keyframe_request_us; /* the track's lock */
  GSource *pending_request;        /* (owned) (nullable), the track's lock: fires when the interval is over */
} Stream;

struct _SalonTrack
{
  GObject parent_instance;

  SalonGraph *graph; /* (owned) */
  char *mid;         /* (owned) */
  char *stream;      /* (owned) (nullable) */
  char *msid;        /* (owned) (nullable) */
  gboolean is_video;
  Stream streams[SALON_MAX_SPATIAL_LAYERS];
  guint n_streams;
  gint is_open;                /* atomic */
  gint is_red;                 /* atomic */
  SalonLayerMeter layer_meter; /* of pictures */
  gint dependency_id;          /* atomic: of the extension that tells the layers of each packet; 0: none */
  gint level_id;               /* atomic: of the extension that tells how loud each packet is; 0: none */
  SalonLevelMeter level_meter;
  gint silent_ms; /* atomic */
  GMutex lock;
  GMutex link_lock;  /* each source of an m-line comes in a thread of its own */
  GPtrArray *drains; /* (owned) (element-type GstElement), link_lock: where replaced sources flow into */

  /* Main context. */
  guint sample_id;                           /* or 0 */
  guint n_wanting[SALON_MAX_SPATIAL_LAYERS]; /* slots, by the highest layer they want */
  gint wanted;                               /* atomic: streaming threads read it */
  SalonTrackLimit limit;
  SalonForms *forms; /* (owned) */
  guint unwanted_id; /* the source that lowers `wanted`, or 0 */
};

G_DEFINE_FINAL_TYPE (SalonTrack, salon_track, G_TYPE_OBJECT)

enum
{
  SIGNAL_LAYERS_CHANGED,
  SIGNAL_WANTED_CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* Callbacks of other threads hold the track by one of its streams. */
static Stream *
stream_ref (Stream *stream)
{
  g_object_ref (stream->track);
  return stream;
}

static void
stream_unref (Stream *stream)
{
  g_object_unref (stream->track);
}

/* -- keyframe requests -- */

/* Straight to the publisher: past the tee's sink pad, whose probe would catch it again. */
static void
send_keyframe_request (Stream *stream)
{
  g_autoptr (GstPad) source = gst_pad_get_peer (stream->tee_sink);

  if (source == NULL)
    return;
  GST_DEBUG_OBJECT (source, "asking the publisher for a keyframe");
  gst_pad_send_event (source, gst_video_event_new_upstream_force_key_unit (GST_CLOCK_TIME_NONE, FALSE, 0));
}

static gboolean
on_interval_over (gpointer user_data)
{
  Stream *stream = user_data;

  g_mutex_lock (&stream->track->lock);
  g_clear_pointer (&stream->pending_request, g_source_unref);
  stream->last_keyframe_request_us = g_get_monotonic_time ();
  g_mutex_unlock (&stream->track->lock);

  if (stream->tee != NULL)
    send_keyframe_request (stream);
  return G_SOURCE_REMOVE;
}

static void
schedule_request_locked (Stream *stream, gint64 delay_us)
{
  stream->pending_request = g_timeout_source_new (delay_us / G_TIME_SPAN_MILLISECOND + 1);
  g_source_set_callback (stream->pending_request, on_interval_over, stream_ref (stream), (GDestroyNotify)stream_unref);
  g_source_attach (stream->pending_request, NULL);
}

/* Now or as soon as the interval allows. Any thread. */
static void
request_keyframe (Stream *stream)
{
  SalonTrack *self = stream->track;
  gint64 now_us = g_get_monotonic_time ();
  gboolean is_due = FALSE;

  if (!self->is_video || !g_atomic_int_get (&self->is_open))
    return;

  g_mutex_lock (&self->lock);
  if (stream->pending_request == NULL)
    {
      gint64 wait_us = stream->last_keyframe_request_us + SALON_TRACK_KEYFRAME_INTERVAL_US - now_us;

      is_due = wait_us <= 0;
      if (is_due)
        stream->last_keyframe_request_us = now_us;
      else
        schedule_request_locked (stream, wait_us);
    }
  g_mutex_unlock (&self->lock);

  if (is_due)
    send_keyframe_request (stream);
}

/* Whatever a slot sends upstream ends here: only keyframe requests mean something to a publisher. */
static GstPadProbeReturn
on_upstream_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  if (gst_video_event_is_force_key_unit (GST_PAD_PROBE_INFO_EVENT (info)))
    request_keyframe (user_data);
  return GST_PAD_PROBE_DROP;
}

/* Subscribers are told what webrtcbin does not know. */
static GstPadProbeReturn
on_downstream_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  Stream *stream = user_data;
  g_autoptr (GstCaps) caps = NULL;
  GstCaps *told;

  if (GST_EVENT_TYPE (event) != GST_EVENT_CAPS || !g_atomic_int_get (&stream->track->is_red))
    return GST_PAD_PROBE_OK;
  gst_event_parse_caps (event, &told);
  caps = gst_caps_copy (told);
  gst_caps_set_simple (
      caps, "encoding-name", G_TYPE_STRING, salon_codec_get_info (SALON_CODEC_RED)->encoding_name, NULL);
  info->data = gst_event_new_caps (caps);
  gst_event_unref (event);
  return GST_PAD_PROBE_OK;
}

/* -- the gate, and a look at what passes -- */

/* Who comes to what nobody watches asks for a keyframe anyway. */
static void
mend (Stream *stream)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 elapsed_us = now_us - stream->mended_us;
  gboolean is_steady = stream->mended_us != 0 && elapsed_us < 2 * MAX_PATIENCE_US;

  if (elapsed_us < stream->patience_us)
    return;
  stream->is_broken = FALSE;
  if ((gint)stream->index > g_atomic_int_get (&stream->track->wanted))
    return;
  stream->mended_us = now_us;
  stream->patience_us = is_steady ? MIN (2 * stream->patience_us, MAX_PATIENCE_US) : SALON_TRACK_KEYFRAME_INTERVAL_US;
  request_keyframe (stream);
}

/* Packets come in order, from a jitter buffer that waited for what was lost. What is missing now never comes: then no
 * picture can be shown before the next keyframe, and who watches would notice late, and each by themselves. */
static void
look_for_gap (Stream *stream, const SalonRtpPacket *packet, SalonCodec codec)
{
  gint16 step = (gint16)(packet->sequence - stream->sequence);
  gboolean is_same = packet->ssrc == stream->ssrc;
  const guint8 *payload;
  gsize size;

  if (is_same && step <= 0)
    return;
  stream->ssrc = packet->ssrc;
  stream->sequence = packet->sequence;
  stream->is_broken |= is_same && step > 1;
  if (!stream->is_broken)
    return;
  payload = salon_rtp_packet_get_payload (packet, &size);
  if (salon_codec_is_keyframe_start (codec, payload, size))
    stream->is_broken = FALSE;
  else
    mend (stream);
}

static void
look_at (Stream *stream, GstBuffer *buffer)
{
  SalonTrack *self = stream->track;
  gint codec = g_atomic_int_get (&stream->codec);
  gint level_id = g_atomic_int_get (&self->level_id);
  guint8 head[PACKET_HEAD_BYTES];
  gsize size = gst_buffer_get_size (buffer);
  gsize head_size;
  SalonRtpPacket packet;

  if (self->is_video ? codec < 0 : level_id == 0)
    return;
  head_size = gst_buffer_extract (buffer, 0, head, sizeof head);
  if (!self->is_video)
    salon_level_meter_add (&self->level_meter, head, head_size, size, (guint8)level_id);
  else if (salon_rtp_packet_parse_head (&packet, head, head_size, size))
    {
      salon_layer_meter_count (
          &self->layer_meter, stream->index, codec, (guint8)g_atomic_int_get (&self->dependency_id), &packet);
      look_for_gap (stream, &packet, codec);
    }
}

static gboolean
look_at_one (GstBuffer **buffer, guint index, gpointer user_data)
{
  look_at (user_data, *buffer);
  return TRUE;
}

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Stream *stream = user_data;

  if (!g_atomic_int_get (&stream->track->is_open))
    return GST_PAD_PROBE_DROP;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST)
    gst_buffer_list_foreach (GST_PAD_PROBE_INFO_BUFFER_LIST (info), look_at_one, stream);
  else
    look_at (stream, GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

GstElement *
salon_track_get_tee (SalonTrack *self, guint stream)
{
  return self->streams[stream].tee;
}

void
salon_track_set_open (SalonTrack *self, gboolean is_open)
{
  g_atomic_int_set (&self->is_open, is_open);
  for (guint i = 0; is_open && i < self->n_streams; i++)
    request_keyframe (&self->streams[i]);
}

/* -- how loud it is -- */

void
salon_track_set_level_id (SalonTrack *self, guint id)
{
  g_atomic_int_set (&self->level_id, (gint)id);
}

gboolean
salon_track_take_level (SalonTrack *self, int *level_dbov)
{
  return salon_level_meter_take (&self->level_meter, level_dbov);
}

void
salon_track_set_silent_ms (SalonTrack *self, guint silent_ms)
{
  g_atomic_int_set (&self->silent_ms, (gint)silent_ms);
}

guint
salon_track_get_silent_ms (SalonTrack *self)
{
  return (guint)g_atomic_int_get (&self->silent_ms);
}

/* -- layers -- */

void
salon_track_set_dependency_id (SalonTrack *self, guint id)
{
  g_atomic_int_set (&self->dependency_id, (gint)id);
}

static gboolean
on_sample (gpointer user_data)
{
  SalonTrack *self = user_data;

  if (salon_layer_meter_sample (&self->layer_meter, g_get_monotonic_time ()))
    g_signal_emit (self, signals[SIGNAL_LAYERS_CHANGED], 0);
  return G_SOURCE_CONTINUE;
}

/* Whoever waits for this stream, or has waited for another in vain, need not wait for a sample too. */
static gboolean
on_linked (gpointer user_data)
{
  Stream *stream = user_data;
  SalonTrack *self = stream->track;

  if (stream->tee == NULL)
    return G_SOURCE_REMOVE;
  if (self->sample_id == 0)
    {
      on_sample (self);
      self->sample_id = g_timeout_add (SAMPLE_INTERVAL_MS, on_sample, self);
    }
  salon_layer_meter_expect (&self->layer_meter, stream->index, g_get_monotonic_time ());
  g_signal_emit (self, signals[SIGNAL_LAYERS_CHANGED], 0);
  return G_SOURCE_REMOVE;
}

void
salon_track_get_layers (SalonTrack *self, SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS])
{
  salon_layer_meter_read (&self->layer_meter, layers);
}

guint
salon_track_get_n_layers (SalonTrack *self)
{
  return MAX (self->n_streams, salon_layer_meter_count_layers (&self->layer_meter));
}

/* The highest that somebody wants just now. */
static gint
get_highest_wish (SalonTrack *self)
{
  gint highest = SALON_MAX_SPATIAL_LAYERS - 1;

  while (highest >= 0 && self->n_wanting[highest] == 0)
    highest--;
  return highest;
}

static void
set_wanted (SalonTrack *self, gint wanted)
{
  g_atomic_int_set (&self->wanted, wanted);
  g_signal_emit (self, signals[SIGNAL_WANTED_CHANGED], 0, wanted);
}

static gboolean
on_unwanted (gpointer user_data)
{
  SalonTrack *self = user_data;

  self->unwanted_id = 0;
  set_wanted (self, get_highest_wish (self));
  return G_SOURCE_REMOVE;
}

static void
follow_wishes (SalonTrack *self)
{
  gint highest = get_highest_wish (self);

  if (highest >= self->wanted)
    g_clear_handle_id (&self->unwanted_id, g_source_remove);
  else if (self->unwanted_id == 0)
    self->unwanted_id = g_timeout_add (SALON_TRACK_UNWANTED_MS, on_unwanted, self);
  if (highest > self->wanted)
    set_wanted (self, highest);
}

void
salon_track_change_wish (SalonTrack *self, gint before, gint now)
{
  g_assert (before < SALON_MAX_SPATIAL_LAYERS && now < SALON_MAX_SPATIAL_LAYERS);
  if (before >= 0)
    self->n_wanting[before]--;
  if (now >= 0)
    self->n_wanting[now]++;
  if (before != now)
    follow_wishes (self);
}

gint
salon_track_get_wanted (SalonTrack *self)
{
  return self->wanted;
}

SalonTrackLimit
salon_track_get_limit (SalonTrack *self)
{
  return self->limit;
}

void
salon_track_set_limit (SalonTrack *self, SalonTrackLimit limit)
{
  self->limit = limit;
}

/* -- the fan-out: what one packet becomes leaves in one system call -- */

/* The tee's own function is the pad's data. */
static GstFlowReturn
chain_in_batch (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstPadChainFunction chain = (GstPadChainFunction)pad->chaindata;
  GstFlowReturn result;

  salon_ice_batch_begin ();
  result = chain (pad, parent, buffer);
  salon_ice_batch_end ();
  return result;
}

static GstFlowReturn
chain_list_in_batch (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  GstPadChainListFunction chain = (GstPadChainListFunction)pad->chainlistdata;
  GstFlowReturn result;

  salon_ice_batch_begin ();
  result = chain (pad, parent, list);
  salon_ice_batch_end ();
  return result;
}

static void
batch_fan_out (GstPad *tee_sink)
{
  gst_pad_set_chain_function_full (tee_sink, chain_in_batch, (gpointer)GST_PAD_CHAINFUNC (tee_sink), NULL);
  gst_pad_set_chain_list_function_full (
      tee_sink, chain_list_in_batch, (gpointer)GST_PAD_CHAINLISTFUNC (tee_sink), NULL);
}

/* -- pads -- */

/* An unlinked pad would be an error to the publisher's jitter buffer. */
static void
drain_locked (Stream *stream, GstPad *source)
{
  GstElement *drain = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (drain, "sink");

  g_object_set (drain, "async", FALSE, "sync", FALSE, NULL);
  salon_graph_add (stream->track->graph, drain);
  gst_pad_unlink (source, stream->tee_sink);
  gst_pad_link (source, sink);
  g_ptr_array_add (stream->track->drains, drain);
}

static gint
get_codec (GstPad *source)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (source);
  SalonCodec codec;

  if (caps != NULL && gst_caps_get_size (caps) > 0
      && salon_codec_from_encoding_name (
          gst_structure_get_string (gst_caps_get_structure (caps, 0), "encoding-name"), &codec))
    return (gint)codec;
  return -1;
}

void
salon_track_link_source (SalonTrack *self, guint stream_index, GstPad *source)
{
  Stream *stream = &self->streams[stream_index];
  g_autoptr (GstPad) old = NULL;

  g_assert (stream_index < self->n_streams);
  g_mutex_lock (&self->link_lock);
  g_atomic_int_set (&stream->codec, get_codec (source));
  old = gst_pad_get_peer (stream->tee_sink);
  if (old != NULL)
    drain_locked (stream, old);
  if (GST_PAD_LINK_FAILED (gst_pad_link (source, stream->tee_sink)))
    GST_WARNING_OBJECT (source, "can't link %" GST_PTR_FORMAT, source);
  g_mutex_unlock (&self->link_lock);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_linked, stream_ref (stream), (GDestroyNotify)stream_unref);
  request_keyframe (stream);
}

GstPad *
salon_track_request_pad (SalonTrack *self, guint stream)
{
  g_assert (stream < self->n_streams);
  return gst_element_request_pad_simple (self->streams[stream].tee, "src_%u");
}

void
salon_track_release_pad (SalonTrack *self, guint stream, GstPad *pad)
{
  gst_element_release_request_pad (self->streams[stream].tee, pad);
  gst_object_unref (pad);
}

/* -- life -- */

const char *
salon_track_get_mid (SalonTrack *self)
{
  return self->mid;
}

SalonTrack *
salon_track_find (GPtrArray *tracks, const char *mid)
{
  for (guint i = 0; i < tracks->len; i++)
    {
      SalonTrack *track = g_ptr_array_index (tracks, i);

      if (g_str_equal (track->mid, mid))
        return track;
    }
  return NULL;
}

void
salon_track_set_msid (SalonTrack *self, const char *stream, const char *track)
{
  g_free (self->stream);
  g_free (self->msid);
  self->stream = g_strdup (stream);
  self->msid = g_strdup_printf ("%s %s", stream, track);
}

const char *
salon_track_get_stream (SalonTrack *self)
{
  return self->stream;
}

const char *
salon_track_get_msid (SalonTrack *self)
{
  return self->msid;
}

gboolean
salon_track_is_video (SalonTrack *self)
{
  return self->is_video;
}

guint
salon_track_get_n_streams (SalonTrack *self)
{
  return self->n_streams;
}

gint
salon_track_get_codec (SalonTrack *self)
{
  gint codec = -1;

  for (guint i = 0; i < self->n_streams && codec < 0; i++)
    codec = g_atomic_int_get (&self->streams[i].codec);
  return codec;
}

SalonForms *
salon_track_get_forms (SalonTrack *self)
{
  return self->forms;
}

void
salon_track_set_red (SalonTrack *self)
{
  g_atomic_int_set (&self->is_red, TRUE);
}

gboolean
salon_track_is_red (SalonTrack *self)
{
  return g_atomic_int_get (&self->is_red);
}

static void
open_stream (SalonTrack *self, guint index)
{
  Stream *stream = &self->streams[index];

  stream->track = self;
  stream->index = index;
  stream->codec = -1;
  stream->tee = gst_object_ref_sink (gst_element_factory_make ("tee", NULL));
  /* A track nobody watches is no error. */
  g_object_set (stream->tee, "allow-not-linked", TRUE, NULL);
  stream->tee_sink = gst_element_get_static_pad (stream->tee, "sink");
  batch_fan_out (stream->tee_sink);
  /* A subscriber's thread may still be in a probe when the track is closed: each holds the track. */
  stream->probes[0] = gst_pad_add_probe (stream->tee_sink, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
      on_buffer, stream_ref (stream), (GDestroyNotify)stream_unref);
  stream->probes[1] = gst_pad_add_probe (stream->tee_sink, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream_event,
      stream_ref (stream), (GDestroyNotify)stream_unref);
  stream->probes[2] = gst_pad_add_probe (stream->tee_sink, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_downstream_event,
      stream_ref (stream), (GDestroyNotify)stream_unref);
  salon_graph_add (self->graph, stream->tee);
}

SalonTrack *
salon_track_new (SalonGraph *graph, const char *mid, gboolean is_video, guint n_streams)
{
  SalonTrack *self = g_object_new (SALON_TYPE_TRACK, NULL);

  g_assert (n_streams >= 1 && n_streams <= SALON_MAX_SPATIAL_LAYERS);
  self->graph = g_object_ref (graph);
  self->mid = g_strdup (mid);
  self->is_video = is_video;
  self->n_streams = n_streams;
  for (guint i = 0; i < n_streams; i++)
    open_stream (self, i);
  return self;
}

static void
close_stream (Stream *stream)
{
  GstElement *tee = g_steal_pointer (&stream->tee);

  g_mutex_lock (&stream->track->lock);
  if (stream->pending_request != NULL)
    {
      g_source_destroy (stream->pending_request);
      g_clear_pointer (&stream->pending_request, g_source_unref);
    }
  g_mutex_unlock (&stream->track->lock);
  for (guint i = 0; i < G_N_ELEMENTS (stream->probes); i++)
    gst_pad_remove_probe (stream->tee_sink, stream->probes[i]);
  salon_graph_remove (stream->track->graph, tee);
  gst_object_unref (tee);
}

void
salon_track_close (SalonTrack *self)
{
  if (self->streams[0].tee == NULL)
    return;
  g_clear_handle_id (&self->sample_id, g_source_remove);
  g_clear_handle_id (&self->unwanted_id, g_source_remove);
  for (guint i = 0; i < self->drains->len; i++)
    salon_graph_remove (self->graph, g_ptr_array_index (self->drains, i));
  for (guint i = 0; i < self->n_streams; i++)
    close_stream (&self->streams[i]);
}

static void
salon_track_finalize (GObject *object)
{
  SalonTrack *self = SALON_TRACK (object);

  g_assert (self->streams[0].tee == NULL); /* salon_track_close() was called */
  g_clear_object (&self->graph);
  for (guint i = 0; i < self->n_streams; i++)
    gst_clear_object (&self->streams[i].tee_sink);
  g_ptr_array_unref (self->drains);
  g_object_unref (self->forms);
  g_free (self->mid);
  g_free (self->stream);
  g_free (self->msid);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->link_lock);
  G_OBJECT_CLASS (salon_track_parent_class)->finalize (object);
}

static void
salon_track_class_init (SalonTrackClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (salon_track_debug, "salon-track", 0, "Salon published track");
  G_OBJECT_CLASS (klass)->finalize = salon_track_finalize;
  signals[SIGNAL_LAYERS_CHANGED]
      = g_signal_new ("layers-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_WANTED_CHANGED]
      = g_signal_new ("wanted-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
}

static void
salon_track_init (SalonTrack *self)
{
  g_mutex_init (&self->lock);
  g_mutex_init (&self->link_lock);
  self->drains = g_ptr_array_new ();
  self->forms = salon_forms_new ();
  self->wanted = -1;
}
