/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-track.h"

#include <gst/video/video.h>

#include "salon-ice-batch.h"
#include "salon-level-meter.h"

GST_DEBUG_CATEGORY_STATIC (salon_track_debug);
#define GST_CAT_DEFAULT salon_track_debug

/* What is read of a packet of audio: its header and extensions, which are 20 to 60 bytes in everyday life. */
#define PACKET_HEAD_BYTES 256

struct _SalonTrack
{
  GObject parent_instance;

  SalonGraph *graph; /* (owned) */
  char *mid;         /* (owned) */
  gboolean is_video;
  GstElement *tee;  /* (owned) (nullable): NULL once closed */
  GstPad *tee_sink; /* (owned) */
  gulong probes[2]; /* of tee_sink: the gate, and events from subscribers */
  gint is_open;     /* atomic */
  gint level_id;    /* atomic: of the extension that tells how loud each packet is; 0: none */
  SalonLevelMeter level_meter;
  GMutex link_lock; /* each source of an m-line comes in a thread of its own */

  /* Keyframe requests come from any subscriber's thread. */
  GMutex lock;
  gint64 last_keyframe_request_us; /* lock */
  GSource *pending_request;        /* (owned) (nullable), lock: fires when the interval is over */
  GPtrArray *drains;               /* (owned) (element-type GstElement), link_lock: where replaced sources flow into */
};

G_DEFINE_FINAL_TYPE (SalonTrack, salon_track, G_TYPE_OBJECT)

/* -- keyframe requests -- */

/* Straight to the publisher: past the tee's sink pad, whose probe would catch it again. */
static void
send_keyframe_request (SalonTrack *self)
{
  g_autoptr (GstPad) source = gst_pad_get_peer (self->tee_sink);

  if (source == NULL)
    return;
  GST_DEBUG_OBJECT (source, "asking the publisher for a keyframe");
  gst_pad_send_event (source, gst_video_event_new_upstream_force_key_unit (GST_CLOCK_TIME_NONE, FALSE, 0));
}

static gboolean
on_interval_over (gpointer user_data)
{
  SalonTrack *self = user_data;

  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->pending_request, g_source_unref);
  self->last_keyframe_request_us = g_get_monotonic_time ();
  g_mutex_unlock (&self->lock);

  if (self->tee != NULL)
    send_keyframe_request (self);
  return G_SOURCE_REMOVE;
}

static void
schedule_request_locked (SalonTrack *self, gint64 delay_us)
{
  self->pending_request = g_timeout_source_new (delay_us / G_TIME_SPAN_MILLISECOND + 1);
  g_source_set_callback (self->pending_request, on_interval_over, g_object_ref (self), g_object_unref);
  g_source_attach (self->pending_request, NULL);
}

void
salon_track_request_keyframe (SalonTrack *self)
{
  gint64 now_us = g_get_monotonic_time ();
  gboolean is_due = FALSE;

  if (!self->is_video || !g_atomic_int_get (&self->is_open))
    return;

  g_mutex_lock (&self->lock);
  if (self->pending_request == NULL)
    {
      gint64 wait_us = self->last_keyframe_request_us + SALON_TRACK_KEYFRAME_INTERVAL_US - now_us;

      is_due = wait_us <= 0;
      if (is_due)
        self->last_keyframe_request_us = now_us;
      else
        schedule_request_locked (self, wait_us);
    }
  g_mutex_unlock (&self->lock);

  if (is_due)
    send_keyframe_request (self);
}

/* Whatever a slot sends upstream ends here: only keyframe requests mean something to a publisher. */
static GstPadProbeReturn
on_upstream_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  if (gst_video_event_is_force_key_unit (GST_PAD_PROBE_INFO_EVENT (info)))
    salon_track_request_keyframe (user_data);
  return GST_PAD_PROBE_DROP;
}

/* -- how loud it is -- */

static void
measure (SalonTrack *self, GstBuffer *buffer)
{
  gint level_id = g_atomic_int_get (&self->level_id);
  guint8 head[PACKET_HEAD_BYTES];

  if (level_id != 0)
    salon_level_meter_add (&self->level_meter, head, gst_buffer_extract (buffer, 0, head, sizeof head),
        gst_buffer_get_size (buffer), (guint8)level_id);
}

static gboolean
measure_one (GstBuffer **buffer, guint index, gpointer user_data)
{
  measure (user_data, *buffer);
  return TRUE;
}

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

/* -- the gate -- */

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  SalonTrack *self = user_data;

  if (!g_atomic_int_get (&self->is_open))
    return GST_PAD_PROBE_DROP;
  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER_LIST)
    gst_buffer_list_foreach (GST_PAD_PROBE_INFO_BUFFER_LIST (info), measure_one, self);
  else
    measure (self, GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

void
salon_track_set_open (SalonTrack *self, gboolean is_open)
{
  g_atomic_int_set (&self->is_open, is_open);
  if (is_open)
    salon_track_request_keyframe (self);
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
drain_locked (SalonTrack *self, GstPad *source)
{
  GstElement *drain = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (drain, "sink");

  g_object_set (drain, "async", FALSE, "sync", FALSE, NULL);
  salon_graph_add (self->graph, drain);
  gst_pad_unlink (source, self->tee_sink);
  gst_pad_link (source, sink);
  g_ptr_array_add (self->drains, drain);
}

void
salon_track_link_source (SalonTrack *self, GstPad *source)
{
  g_autoptr (GstPad) old = NULL;

  g_mutex_lock (&self->link_lock);
  old = gst_pad_get_peer (self->tee_sink);
  if (old != NULL)
    drain_locked (self, old);
  if (GST_PAD_LINK_FAILED (gst_pad_link (source, self->tee_sink)))
    GST_WARNING_OBJECT (source, "can't link %" GST_PTR_FORMAT, source);
  g_mutex_unlock (&self->link_lock);
  salon_track_request_keyframe (self);
}

GstPad *
salon_track_request_pad (SalonTrack *self)
{
  return gst_element_request_pad_simple (self->tee, "src_%u");
}

void
salon_track_release_pad (SalonTrack *self, GstPad *pad)
{
  gst_element_release_request_pad (self->tee, pad);
  gst_object_unref (pad);
}

/* -- life -- */

const char *
salon_track_get_mid (SalonTrack *self)
{
  return self->mid;
}

gboolean
salon_track_is_video (SalonTrack *self)
{
  return self->is_video;
}

SalonTrack *
salon_track_new (SalonGraph *graph, const char *mid, gboolean is_video)
{
  SalonTrack *self = g_object_new (SALON_TYPE_TRACK, NULL);

  self->graph = g_object_ref (graph);
  self->mid = g_strdup (mid);
  self->is_video = is_video;
  self->tee = gst_object_ref_sink (gst_element_factory_make ("tee", NULL));
  /* A track nobody watches is no error. */
  g_object_set (self->tee, "allow-not-linked", TRUE, NULL);
  self->tee_sink = gst_element_get_static_pad (self->tee, "sink");
  batch_fan_out (self->tee_sink);
  /* A subscriber's thread may still be in a probe when the track is closed: each holds the track. */
  self->probes[0] = gst_pad_add_probe (self->tee_sink, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
      on_buffer, g_object_ref (self), g_object_unref);
  self->probes[1] = gst_pad_add_probe (
      self->tee_sink, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream_event, g_object_ref (self), g_object_unref);
  salon_graph_add (graph, self->tee);
  return self;
}

void
salon_track_close (SalonTrack *self)
{
  GstElement *tee = g_steal_pointer (&self->tee);

  if (tee == NULL)
    return;
  g_mutex_lock (&self->lock);
  if (self->pending_request != NULL)
    {
      g_source_destroy (self->pending_request);
      g_clear_pointer (&self->pending_request, g_source_unref);
    }
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < G_N_ELEMENTS (self->probes); i++)
    gst_pad_remove_probe (self->tee_sink, self->probes[i]);
  for (guint i = 0; i < self->drains->len; i++)
    salon_graph_remove (self->graph, g_ptr_array_index (self->drains, i));
  salon_graph_remove (self->graph, tee);
  gst_object_unref (tee);
}

static void
salon_track_finalize (GObject *object)
{
  SalonTrack *self = SALON_TRACK (object);

  g_assert (self->tee == NULL); /* salon_track_close() was called */
  g_clear_object (&self->graph);
  gst_clear_object (&self->tee_sink);
  g_ptr_array_unref (self->drains);
  g_free (self->mid);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->link_lock);
  G_OBJECT_CLASS (salon_track_parent_class)->finalize (object);
}

static void
salon_track_class_init (SalonTrackClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_track_debug, "salon-track", 0, "Salon published track");
  G_OBJECT_CLASS (klass)->finalize = salon_track_finalize;
}

static void
salon_track_init (SalonTrack *self)
{
  g_mutex_init (&self->lock);
  g_mutex_init (&self->link_lock);
  self->drains = g_ptr_array_new ();
}
