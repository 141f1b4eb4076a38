/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-data-link.h"

#include "salon-limits.h"
#include "salon-rate-limit.h"
#include "salon-webrtc-bypass.h"

/* Packets of one connection in one turn of the main context. */
#define BATCH 16

struct _SalonDataLink
{
  SalonDataChannels *channels; /* (owned) (nullable): NULL before it is opened, and once closed */
  GstPad *receive_pad;         /* (owned) */
  GstPad *send_pad;            /* (owned) */
  gulong probe_id;
  gint is_open; /* atomic */

  /* The receiving thread's. */
  SalonRateLimit rate;

  struct
  {
    GMutex lock;
    GQueue waiting;  /* lock (element-type GstBuffer) (owned) */
    guint source_id; /* lock: what takes them, or 0 */
  } shared;
};

static void
clear (SalonDataLink *self)
{
  g_queue_clear_full (&self->shared.waiting, (GDestroyNotify)gst_buffer_unref);
  g_mutex_clear (&self->shared.lock);
  gst_clear_object (&self->receive_pad);
  gst_clear_object (&self->send_pad);
}

static void
link_unref (SalonDataLink *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify)clear);
}

/* -- from the network -- */

static GstBuffer *
take_waiting (SalonDataLink *self)
{
  GstBuffer *buffer;

  g_mutex_lock (&self->shared.lock);
  buffer = g_queue_pop_head (&self->shared.waiting);
  if (buffer == NULL)
    self->shared.source_id = 0;
  g_mutex_unlock (&self->shared.lock);
  return buffer;
}

/* A few, and then the others' turn: more may come as fast as they are taken. */
static gboolean
receive_on_main (gpointer user_data)
{
  SalonDataLink *self = user_data;

  for (guint i = 0; i < BATCH; i++)
    {
      g_autoptr (GstBuffer) buffer = take_waiting (self);
      GstMapInfo map;

      if (buffer == NULL)
        return G_SOURCE_REMOVE;
      if (self->channels == NULL || !gst_buffer_map (buffer, &map, GST_MAP_READ))
        continue;
      salon_data_channels_receive (self->channels, map.data, map.size);
      gst_buffer_unmap (buffer, &map);
    }
  return G_SOURCE_CONTINUE;
}

static void
post (SalonDataLink *self, GstBuffer *buffer)
{
  g_mutex_lock (&self->shared.lock);
  if (self->shared.waiting.length < SALON_LIMIT_DATA_PACKETS_WAITING)
    g_queue_push_tail (&self->shared.waiting, gst_buffer_ref (buffer));
  if (self->shared.source_id == 0)
    self->shared.source_id = g_idle_add_full (
        G_PRIORITY_DEFAULT, receive_on_main, g_atomic_rc_box_acquire (self), (GDestroyNotify)link_unref);
  g_mutex_unlock (&self->shared.lock);
}

/* What is too much is lost: SCTP takes it for a narrow network, and slows down. */
static gboolean
receive (GstBuffer **buffer, guint index, gpointer user_data)
{
  SalonDataLink *self = user_data;

  if (g_atomic_int_get (&self->is_open)
      && salon_rate_limit_take (
          &self->rate, SALON_LIMIT_DATA_PACKETS_BURST, SALON_LIMIT_DATA_PACKETS_PER_S, g_get_monotonic_time ()))
    post (self, *buffer);
  return TRUE;
}

/* Nothing goes further than here: behind the pad is nothing, and to push there would end all that comes. */
static GstPadProbeReturn
on_receive (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    receive ((GstBuffer **)&info->data, 0, user_data);
  else
    gst_buffer_list_foreach (GST_PAD_PROBE_INFO_BUFFER_LIST (info), receive, user_data);
  return GST_PAD_PROBE_DROP;
}

/* -- to the network -- */

static void
on_send (const guint8 *packet, gsize size, gpointer user_data)
{
  SalonDataLink *self = user_data;

  /* A connection that is closing refuses it, and says so to its transport. */
  gst_pad_chain (self->send_pad, gst_buffer_new_memdup (packet, size));
}

static void
begin_stream (GstPad *pad)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_BYTES);
  gst_pad_send_event (pad, gst_event_new_stream_start ("data-channels"));
  gst_pad_send_event (pad, gst_event_new_segment (&segment));
}

/* -- life -- */

static GstPad *
find_pad (GstElement *webrtc, const char *factory_name, const char *pad_name)
{
  g_autoptr (GstElement) element = salon_webrtc_find_element (webrtc, factory_name);

  return element != NULL ? gst_element_get_static_pad (element, pad_name) : NULL;
}

SalonDataLink *
salon_data_link_new (GstElement *webrtc)
{
  SalonDataLink *self = g_atomic_rc_box_new0 (SalonDataLink);

  g_mutex_init (&self->shared.lock);
  self->receive_pad = find_pad (webrtc, "dtlssrtpdec", "data_src");
  self->send_pad = find_pad (webrtc, "dtlssrtpenc", "data_sink");
  if (self->receive_pad == NULL || self->send_pad == NULL)
    {
      link_unref (self);
      return NULL;
    }
  self->probe_id = gst_pad_add_probe (self->receive_pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
      on_receive, g_atomic_rc_box_acquire (self), (GDestroyNotify)link_unref);
  return self;
}

void
salon_data_link_open (
    SalonDataLink *self, gboolean is_dtls_client, const SalonDataChannelsEvents *events, gpointer user_data)
{
  if (self->channels == NULL)
    self->channels = salon_data_channels_new (is_dtls_client, on_send, self, events, user_data);
}

void
salon_data_link_start (SalonDataLink *self)
{
  if (self->channels == NULL || g_atomic_int_get (&self->is_open))
    return;
  begin_stream (self->send_pad);
  g_atomic_int_set (&self->is_open, TRUE);
  salon_data_channels_start (self->channels);
}

void
salon_data_link_close (SalonDataLink *self)
{
  g_atomic_int_set (&self->is_open, FALSE);
  g_clear_pointer (&self->channels, salon_data_channels_close);
  gst_pad_remove_probe (self->receive_pad, self->probe_id);
  link_unref (self);
}
