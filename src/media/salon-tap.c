/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-tap.h"

#include "salon-codec-caps.h"
#include "salon-layer-choice.h"
#include "salon-slot-links.h"

struct _SalonTap
{
  SalonGraph *graph; /* (owned) */
  SalonWire *wire;   /* (owned) */
  SalonTrack *track; /* (owned) */
  char *mid;         /* (owned) */
  GstElement *slot;  /* (owned) */
  GstPad *wire_pad;  /* (owned): of the wire */
  SalonSlotLinks links;
  gboolean is_paused;
  SalonTrackSettings settings;
  gint wish; /* what the track was told is wanted of it */
  gulong layers_changed_id;
};

static void
set_wish (SalonTap *self, gint wish)
{
  salon_track_change_wish (self->track, self->wish, wish);
  self->wish = wish;
}

static void
follow (SalonTap *self)
{
  SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS];
  SalonLayer cap;

  salon_track_get_layers (self->track, layers);
  cap = salon_layer_choose (&self->settings, layers, MAX (salon_track_get_n_layers (self->track), 1));
  set_wish (self, self->is_paused ? -1 : cap.spatial);
  salon_slot_links_follow (&self->links, self->slot, self->track, (SalonLayer){ self->wish, cap.temporal });
  salon_slot_links_trim (&self->links, self->slot, self->track);
}

static void
on_layers_changed (SalonTrack *track, gpointer user_data)
{
  follow (user_data);
}

void
salon_tap_set_paused (SalonTap *self, gboolean is_paused)
{
  self->is_paused = is_paused;
  follow (self);
}

void
salon_tap_set_settings (SalonTap *self, const SalonTrackSettings *settings)
{
  self->settings = *settings;
  follow (self);
}

SalonTrack *
salon_tap_get_track (SalonTap *self)
{
  return self->track;
}

const char *
salon_tap_get_mid (SalonTap *self)
{
  return self->mid;
}

/* Returns: (transfer full): what it can carry. */
static GstCaps *
make_caps (SalonTrack *track, SalonCodecs codecs)
{
  GstCaps *caps = salon_codec_caps_offer_all (salon_track_is_video (track), FALSE);

  for (guint codec = 0; codec < SALON_N_CODECS; codec++)
    {
      if ((codecs & 1u << codec) == 0)
        gst_caps_take (&caps, salon_codec_caps_without (caps, codec));
    }
  return caps;
}

static void
open_slot (SalonTap *self, guint stream, SalonCodecs codecs)
{
  g_autoptr (GstCaps) caps = make_caps (self->track, codecs);
  g_autoptr (GstPad) src = NULL;

  self->slot = gst_object_ref_sink (gst_element_factory_make ("salonslot", NULL));
  g_object_set (self->slot, "caps", caps, "active-pad", NULL, NULL);
  salon_graph_add (self->graph, self->slot);
  self->wire_pad = gst_object_ref (salon_wire_add_sink (self->wire, stream));
  src = gst_element_get_static_pad (self->slot, "src");
  gst_pad_link (src, self->wire_pad);
}

SalonTap *
salon_tap_new (
    SalonGraph *graph, SalonWire *wire, SalonTrack *track, guint stream, gboolean is_paused, SalonCodecs codecs)
{
  SalonTap *self = g_new0 (SalonTap, 1);

  self->graph = g_object_ref (graph);
  self->wire = g_object_ref (wire);
  self->track = g_object_ref (track);
  self->mid = g_strdup_printf ("%u", stream);
  self->is_paused = is_paused;
  self->settings = (SalonTrackSettings){ .max_layer = -1 };
  self->wish = -1;
  open_slot (self, stream, codecs);
  self->layers_changed_id = g_signal_connect (track, "layers-changed", G_CALLBACK (on_layers_changed), self);
  return self;
}

void
salon_tap_free (SalonTap *self)
{
  g_signal_handler_disconnect (self->track, self->layers_changed_id);
  set_wish (self, -1);
  salon_slot_links_clear (&self->links, self->slot, self->track);
  salon_graph_remove (self->graph, self->slot);
  salon_wire_end_stream (self->wire, self->wire_pad);
  salon_wire_remove_pad (self->wire, self->wire_pad);
  gst_object_unref (self->wire_pad);
  gst_object_unref (self->slot);
  g_object_unref (self->track);
  g_object_unref (self->wire);
  g_object_unref (self->graph);
  g_free (self->mid);
  g_free (self);
}
