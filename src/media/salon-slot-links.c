/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-slot-links.h"

#include "salon-layer-choice.h"

static gboolean
send_sticky (GstPad *pad, GstEvent **event, gpointer user_data)
{
  gst_pad_send_event (user_data, gst_event_ref (*event));
  return TRUE;
}

/* A packet that the tee is just pushing may come through a new link before the events that go before it: so the slot
 * is told of stream and caps first. */
static void
link_while_flowing (GstPad *tee_pad, GstPad *sink_pad)
{
  gst_pad_sticky_events_foreach (tee_pad, send_sticky, sink_pad);
  gst_pad_link (tee_pad, sink_pad);
}

/* Returns: (transfer none): the slot's pad for it. */
static GstPad *
ensure_link (SalonSlotLinks *self, GstElement *slot, SalonTrack *track, guint stream)
{
  if (self->streams[stream].sink_pad == NULL)
    {
      self->streams[stream].tee_pad = salon_track_request_pad (track, stream);
      self->streams[stream].sink_pad = gst_element_request_pad_simple (slot, "sink_%u");
      link_while_flowing (self->streams[stream].tee_pad, self->streams[stream].sink_pad);
    }
  return self->streams[stream].sink_pad;
}

static void
unlink_stream (SalonSlotLinks *self, GstElement *slot, SalonTrack *track, guint stream)
{
  if (self->streams[stream].sink_pad == NULL)
    return;
  /* The tee's pad first: after it nothing flows into the slot's. */
  salon_track_release_pad (track, stream, g_steal_pointer (&self->streams[stream].tee_pad));
  gst_element_release_request_pad (slot, self->streams[stream].sink_pad);
  gst_clear_object (&self->streams[stream].sink_pad);
}

/* The stream that fits a bound: of a simulcast track, or the only one. */
static guint
choose_stream (SalonTrack *track, gint bound)
{
  guint n_streams = salon_track_get_n_streams (track);
  SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS];

  if (n_streams == 1)
    return 0;
  salon_track_get_layers (track, layers);
  return (guint)salon_layer_find_arriving (layers, n_streams, MIN (bound, (gint)n_streams - 1));
}

void
salon_slot_links_follow (SalonSlotLinks *self, GstElement *slot, SalonTrack *track, SalonLayer bound)
{
  g_autoptr (GstPad) active = NULL;
  GstPad *pad;

  if (bound.spatial < 0)
    {
      g_object_set (slot, "active-pad", NULL, NULL);
      return;
    }
  pad = ensure_link (self, slot, track, choose_stream (track, bound.spatial));
  g_object_get (slot, "active-pad", &active, NULL);
  g_object_set (slot, "max-temporal-layer", (guint)bound.temporal, "max-spatial-layer", (guint)bound.spatial,
      active != NULL ? "next-pad" : "active-pad", pad, NULL);
}

void
salon_slot_links_trim (SalonSlotLinks *self, GstElement *slot, SalonTrack *track)
{
  g_autoptr (GstPad) active = NULL;
  g_autoptr (GstPad) next = NULL;

  /* In this order: the next may become the active one meanwhile. */
  g_object_get (slot, "next-pad", &next, "active-pad", &active, NULL);
  for (guint i = 0; i < SALON_MAX_SPATIAL_LAYERS; i++)
    {
      if (self->streams[i].sink_pad != active && self->streams[i].sink_pad != next)
        unlink_stream (self, slot, track, i);
    }
}

void
salon_slot_links_clear (SalonSlotLinks *self, GstElement *slot, SalonTrack *track)
{
  g_object_set (slot, "active-pad", NULL, NULL);
  for (guint i = 0; i < SALON_MAX_SPATIAL_LAYERS; i++)
    unlink_stream (self, slot, track, i);
}

gint
salon_slot_links_get_active (const SalonSlotLinks *self, GstElement *slot)
{
  g_autoptr (GstPad) active = NULL;
  gint stream = SALON_MAX_SPATIAL_LAYERS - 1;

  g_object_get (slot, "active-pad", &active, NULL);
  while (stream >= 0 && (active == NULL || self->streams[stream].sink_pad != active))
    stream--;
  return stream;
}
