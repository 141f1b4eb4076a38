/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-composite.h"

#include <json-glib/json-glib.h>

#include "salon-bin.h"
#include "salon-late-sound.h"
#include "salon-roster.h"
#include "salon-src.h"
#include "salon-tile.h"

GST_DEBUG_CATEGORY_STATIC (salon_composite_debug);
#define GST_CAT_DEFAULT salon_composite_debug

G_DECLARE_FINAL_TYPE (SalonComposite, salon_composite, SALON, COMPOSITE, GstBin)

#define DEFAULT_WIDTH 1280
#define DEFAULT_HEIGHT 720
#define DEFAULT_FRAMERATE 30
#define DEFAULT_BACKGROUND 0x14161a
#define CARD_RGB 0x2b2f36
/* A busy machine decodes late. */
#define DEFAULT_LATENCY_MS 400

#define ZORDER_BACKGROUND 0
#define ZORDER_CARD 1
#define ZORDER_PICTURE 2

#define AUDIO_CAPS "audio/x-raw,format=S16LE,rate=48000,channels=2,layout=interleaved"
/* An encoder that can't keep up gets fewer pictures, and not all of them ever later. Sound is little. */
#define VIDEO_QUEUE "queue leaky=downstream max-size-time=1000000000 max-size-bytes=0 max-size-buffers=0"
#define AUDIO_QUEUE "queue leaky=downstream max-size-time=10000000000 max-size-bytes=0 max-size-buffers=0"
#define AUDIO_BLOCK (20 * GST_MSECOND)
#define SILENCE "audiotestsrc is-live=true wave=silence samplesperbuffer=960 ! capsfilter caps=" AUDIO_CAPS " ! queue"

/* Of any screen. */
#define MAX_PIXELS 8192

/* What comes on a pad of salonsrc. */
typedef struct
{
  char *pad_name;    /* (owned) */
  GstPad *source;    /* (owned) */
  char *participant; /* (owned): id */
  gboolean is_screen;
  SalonTile *tile;   /* (owned) (nullable): of a picture */
  GstPad *mixer_pad; /* (owned) (nullable): of a sound */
} Track;

/* Stands where somebody's picture is, or would be. */
typedef struct
{
  char *participant; /* (owned) */
  gboolean is_screen;
  gboolean is_used; /* while they are arranged */
  SalonTile *tile;  /* (owned) */
} Card;

/* A sound or a picture that is made. */
typedef struct
{
  GstPad *ghost;       /* (borrowed): our pad */
  GPtrArray *elements; /* (owned) (element-type GstElement): while it is made; the mixer is the first */
  GstClockTime last;   /* PTS; GST_CLOCK_TIME_NONE: none yet: the mixer's thread */
  gulong block;        /* of what it mixes; 0: it flows */
} Output;

struct _SalonComposite
{
  GstBin parent_instance;

  GstElement *room; /* (borrowed): our child */
  char *name;       /* (owned) (nullable): display-name */
  guint width;
  guint height;
  guint framerate;
  guint background; /* 0xRRGGBB */
  guint latency_ms;
  Output video;
  Output audio;
  gint is_over; /* atomic: only the end is to come */

  GMutex lock;
  SalonLayout layout;   /* lock */
  gboolean shows_names; /* lock */
  SalonRoster *roster;  /* (owned), lock */
  SalonTile *backdrop;  /* (owned) (nullable), lock */
  GPtrArray *tracks;    /* (owned) (element-type Track), lock */
  GPtrArray *cards;     /* (owned) (element-type Card), lock */
  gboolean is_open;     /* lock: it takes tracks */
};

G_DEFINE_FINAL_TYPE (SalonComposite, salon_composite, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE (saloncomposite, "saloncomposite", GST_RANK_NONE, SALON_TYPE_COMPOSITE)

enum
{
  /* salonsrc's own. */
  PROP_SERVER = 1,
  PROP_ROOM,
  PROP_RECONNECT,
  PROP_TOKEN,
  N_FORWARDED,

  PROP_DISPLAY_NAME = N_FORWARDED,
  PROP_LAYOUT,
  PROP_WIDTH,
  PROP_HEIGHT,
  PROP_FRAMERATE,
  PROP_BACKGROUND,
  PROP_NAMES,
  PROP_LATENCY,
};
static const char *const forwarded[N_FORWARDED]
    = { [PROP_SERVER] = "server", [PROP_ROOM] = "room", [PROP_RECONNECT] = "reconnect", [PROP_TOKEN] = "token" };

static GstStaticPadTemplate video_template
    = GST_STATIC_PAD_TEMPLATE ("video", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (SALON_TILE_CAPS));
static GstStaticPadTemplate audio_template
    = GST_STATIC_PAD_TEMPLATE ("audio", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (AUDIO_CAPS));

static GType
layout_get_type (void)
{
  static const GEnumValue values[] = {
    { SALON_LAYOUT_GRID, "All alike", "grid" },
    { SALON_LAYOUT_SPEAKER, "Who leads the talk, or a screen, large; others in a strip", "speaker" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("SalonCompositeLayout", values));
  return type;
}

/* (transfer none) (nullable): while nothing is made of it. */
static GstElement *
get_mixer (const Output *output)
{
  return output->elements->len > 0 ? g_ptr_array_index (output->elements, 0) : NULL;
}

/* -- what is where -- */

static Track *
find_picture_locked (SalonComposite *self, const SalonSight *sight)
{
  for (guint i = 0; i < self->tracks->len; i++)
    {
      Track *track = g_ptr_array_index (self->tracks, i);

      if (track->tile != NULL && track->is_screen == sight->is_screen
          && g_str_equal (track->participant, sight->participant))
        return track;
    }
  return NULL;
}

static void
card_free (Card *card)
{
  salon_tile_free (card->tile);
  g_free (card->participant);
  g_free (card);
}

/* Returns: (transfer none) (nullable) */
static SalonTile *
make_card (SalonComposite *self, guint rgb)
{
  g_autoptr (GError) error = NULL;
  SalonTile *tile
      = salon_tile_new_card (GST_BIN (self), get_mixer (&self->video), rgb, self->latency_ms * GST_MSECOND, &error);

  if (tile == NULL)
    GST_ELEMENT_ERROR (self, CORE, MISSING_PLUGIN, ("%s", error->message), (NULL));
  return tile;
}

/* Returns: (transfer none) (nullable) */
static Card *
ensure_card_locked (SalonComposite *self, const SalonSight *sight)
{
  Card *card;
  SalonTile *tile;

  for (guint i = 0; i < self->cards->len; i++)
    {
      card = g_ptr_array_index (self->cards, i);
      if (card->is_screen == sight->is_screen && g_str_equal (card->participant, sight->participant))
        return card;
    }
  tile = make_card (self, CARD_RGB);
  if (tile == NULL)
    return NULL;
  card = g_new (Card, 1);
  *card = (Card){ g_strdup (sight->participant), sight->is_screen, FALSE, tile };
  g_ptr_array_add (self->cards, card);
  return card;
}

static void
remove_unused_cards_locked (SalonComposite *self)
{
  for (guint i = self->cards->len; i-- > 0;)
    {
      if (!((Card *)g_ptr_array_index (self->cards, i))->is_used)
        g_ptr_array_remove_index (self->cards, i);
    }
}

static void
show_picture (Track *track, const char *text, const SalonPlace *place)
{
  salon_tile_set_text (track->tile, text);
  salon_tile_show (track->tile, place, ZORDER_PICTURE);
  g_object_set (track->source, "height", (guint)place->height, "paused", FALSE, NULL);
}

static void
show_sight_locked (SalonComposite *self, const SalonSight *sight, const SalonPlace *place, GPtrArray *hidden)
{
  const char *text = self->shows_names ? sight->name : "";
  Card *card = ensure_card_locked (self, sight);
  Track *picture = sight->is_on ? find_picture_locked (self, sight) : NULL;

  if (card != NULL)
    {
      card->is_used = TRUE;
      salon_tile_set_text (card->tile, text);
      salon_tile_show (card->tile, place, ZORDER_CARD);
    }
  if (picture == NULL)
    return;
  show_picture (picture, text, place);
  g_ptr_array_remove (hidden, picture);
}

/* After every change. */
static void
arrange_locked (SalonComposite *self)
{
  SalonPlace places[SALON_LAYOUT_MAX_PLACES];
  g_autoptr (GArray) sights = NULL;
  g_autoptr (GPtrArray) hidden = g_ptr_array_new ();

  if (!self->is_open || get_mixer (&self->video) == NULL)
    return;
  sights = salon_roster_choose (self->roster, self->layout);
  salon_layout_place (self->layout, self->width, self->height, sights->len, places);
  for (guint i = 0; i < self->cards->len; i++)
    ((Card *)g_ptr_array_index (self->cards, i))->is_used = FALSE;
  for (guint i = 0; i < self->tracks->len; i++)
    {
      Track *track = g_ptr_array_index (self->tracks, i);

      if (track->tile != NULL)
        g_ptr_array_add (hidden, track);
    }
  for (guint i = 0; i < sights->len; i++)
    show_sight_locked (self, &g_array_index (sights, SalonSight, i), &places[i], hidden);
  for (guint i = 0; i < hidden->len; i++)
    {
      Track *track = g_ptr_array_index (hidden, i);

      salon_tile_hide (track->tile);
      g_object_set (track->source, "paused", TRUE, NULL);
    }
  remove_unused_cards_locked (self);
}

/* -- what the server tells: the visit's thread -- */

static void
on_told (GstElement *room, const char *method, JsonObject *params, SalonComposite *self)
{
  gboolean has_changed = TRUE;

  g_mutex_lock (&self->lock);
  if (g_str_equal (method, "join"))
    salon_roster_join (self->roster, params);
  else
    has_changed = salon_roster_tell (self->roster, method, params);
  if (has_changed)
    arrange_locked (self);
  g_mutex_unlock (&self->lock);
}

/* -- tracks, as they come and go -- */

/* In the thread of whoever feeds it, or when nobody does any more. */
static void
track_free (Track *track)
{
  g_autoptr (GstElement) mixer = NULL;

  if (track->tile != NULL)
    salon_tile_free (track->tile);
  if (track->mixer_pad != NULL)
    mixer = gst_pad_get_parent_element (track->mixer_pad);
  if (mixer != NULL)
    gst_element_release_request_pad (mixer, track->mixer_pad);
  gst_clear_object (&track->mixer_pad);
  gst_object_unref (track->source);
  g_free (track->pad_name);
  g_free (track->participant);
  g_free (track);
}

static gboolean
link_track_locked (SalonComposite *self, Track *track, gboolean is_video)
{
  g_autoptr (GError) error = NULL;

  if (!is_video)
    {
      track->mixer_pad = gst_element_request_pad_simple (get_mixer (&self->audio), "sink_%u");
      salon_late_sound_watch (track->mixer_pad, self->latency_ms * GST_MSECOND);
      return !GST_PAD_LINK_FAILED (gst_pad_link (track->source, track->mixer_pad));
    }
  track->tile = salon_tile_new_picture (GST_BIN (self), get_mixer (&self->video), track->source, &error);
  if (track->tile == NULL)
    GST_ELEMENT_ERROR (self, CORE, MISSING_PLUGIN, ("%s", error->message), (NULL));
  return track->tile != NULL;
}

/* Before its first packet. */
static void
add_track (SalonComposite *self, const GstStructure *structure)
{
  const char *source = gst_structure_get_string (structure, "source");
  Track *track = g_new0 (Track, 1);

  track->pad_name = g_strdup (gst_structure_get_string (structure, "pad"));
  track->source = gst_element_get_static_pad (self->room, track->pad_name);
  track->participant = g_strdup (gst_structure_get_string (structure, "participant"));
  track->is_screen = g_str_has_prefix (source, "screen");
  g_mutex_lock (&self->lock);
  if (self->is_open && link_track_locked (self, track, g_str_has_prefix (track->pad_name, "video")))
    {
      g_ptr_array_add (self->tracks, g_steal_pointer (&track));
      arrange_locked (self);
    }
  g_mutex_unlock (&self->lock);
  if (track != NULL)
    track_free (track);
}

/* Returns: (transfer full) (nullable) */
static Track *
take_track_locked (SalonComposite *self, const char *pad_name)
{
  for (guint i = 0; i < self->tracks->len; i++)
    {
      if (g_strcmp0 (((Track *)g_ptr_array_index (self->tracks, i))->pad_name, pad_name) == 0)
        return g_ptr_array_steal_index (self->tracks, i);
    }
  return NULL;
}

static void
remove_track (SalonComposite *self, const GstStructure *structure)
{
  Track *track;

  g_mutex_lock (&self->lock);
  track = take_track_locked (self, gst_structure_get_string (structure, "pad"));
  g_mutex_unlock (&self->lock);
  if (track != NULL)
    track_free (track);
}

/* The same person came back as another, or another track of theirs in its stead. */
static void
change_track (SalonComposite *self, const GstStructure *structure)
{
  Track *track;

  g_mutex_lock (&self->lock);
  track = take_track_locked (self, gst_structure_get_string (structure, "pad"));
  if (track != NULL)
    {
      g_free (track->participant);
      track->participant = g_strdup (gst_structure_get_string (structure, "participant"));
      g_ptr_array_add (self->tracks, track);
      arrange_locked (self);
    }
  g_mutex_unlock (&self->lock);
}

static void
on_track (SalonComposite *self, const GstStructure *structure)
{
  const char *event = gst_structure_get_string (structure, "event");

  if (g_str_equal (event, "added"))
    add_track (self, structure);
  else if (g_str_equal (event, "removed"))
    remove_track (self, structure);
  else
    change_track (self, structure);
}

static void
end_outputs (SalonComposite *self)
{
  g_atomic_int_set (&self->is_over, TRUE);
}

static void
salon_composite_handle_message (GstBin *bin, GstMessage *message)
{
  SalonComposite *self = SALON_COMPOSITE (bin);
  gboolean is_ours = GST_MESSAGE_SRC (message) == GST_OBJECT (self->room);
  const GstStructure *structure = gst_message_get_structure (message);

  if (is_ours && gst_message_has_name (message, "salon-track"))
    on_track (self, structure);
  else if (is_ours && gst_message_has_name (message, "salon-ended"))
    end_outputs (self);
  /* The room's end is ours, too, and no failure. */
  if (is_ours && GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR && g_atomic_int_get (&self->is_over))
    gst_message_unref (message);
  else
    GST_BIN_CLASS (salon_composite_parent_class)->handle_message (bin, message);
}

/* -- what goes out -- */

/* When somebody comes, the compositor may draw what it has just drawn once more. */
static GstPadProbeReturn
on_mixed (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  SalonComposite *self = user_data;
  Output *output = g_str_has_prefix (GST_OBJECT_NAME (GST_PAD_PARENT (pad)), "video") ? &self->video : &self->audio;
  GstClockTime pts = GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info));

  if (g_atomic_int_get (&self->is_over))
    {
      gst_pad_push_event (pad, gst_event_new_eos ());
      return GST_PAD_PROBE_DROP;
    }
  if (GST_CLOCK_TIME_IS_VALID (output->last) && pts <= output->last)
    return GST_PAD_PROBE_DROP;
  output->last = pts;
  return GST_PAD_PROBE_OK;
}

/* For a moment on its way to PLAYING a pipeline has a clock already, and its base time not yet. A mixer that asks then
 * how late it is takes itself to be late by the machine's uptime, and mixes seconds ahead of time. */
static void
block_output (Output *output)
{
  g_autoptr (GstPad) mixed = NULL;

  if (get_mixer (output) == NULL || output->block != 0)
    return;
  mixed = gst_element_get_static_pad (get_mixer (output), "src");
  output->block = gst_pad_add_probe (mixed, GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, NULL, NULL, NULL);
}

static void
unblock_output (Output *output)
{
  g_autoptr (GstPad) mixed = NULL;

  if (output->block == 0)
    return;
  mixed = gst_element_get_static_pad (get_mixer (output), "src");
  gst_pad_remove_probe (mixed, output->block);
  output->block = 0;
}

/* Asked whenever somebody comes, what buffers are wanted would wait for whatever is downstream: for another sink that
 * has to begin first, say. The mixer's own do. And nobody knows how long it is going to take. */
static GstPadProbeReturn
on_query (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstQueryType type = GST_QUERY_TYPE (GST_PAD_PROBE_INFO_QUERY (info));

  return type == GST_QUERY_ALLOCATION || type == GST_QUERY_DURATION ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

/* Returns: (transfer full) (nullable): floating. */
static GstElement *
parse (SalonComposite *self, const char *description)
{
  g_autoptr (GError) error = NULL;
  GstElement *bin = gst_parse_bin_from_description (description, TRUE, &error);

  if (bin == NULL)
    GST_ELEMENT_ERROR (self, CORE, MISSING_PLUGIN, ("%s", error->message), (NULL));
  return bin;
}

static gboolean
add_element (SalonComposite *self, Output *output, GstElement *element)
{
  if (element == NULL)
    return FALSE;
  g_ptr_array_add (output->elements, gst_object_ref_sink (element));
  gst_bin_add (GST_BIN (self), element);
  return TRUE;
}

/* The mixer stands in the composite itself, since what comes and goes is linked to it. end: what follows it; filler:
 * (nullable): what is always mixed in. */
static gboolean
open_output (SalonComposite *self, Output *output, const char *factory, const char *end, const char *filler)
{
  GstElement *mixer = gst_element_factory_make (factory, output == &self->video ? "video-mixer" : "audio-mixer");
  g_autoptr (GstPad) mixed = NULL;
  g_autoptr (GstPad) target = NULL;

  if (mixer == NULL)
    {
      GST_ELEMENT_ERROR (self, CORE, MISSING_PLUGIN, ("There is no element \"%s\"", factory), (NULL));
      return FALSE;
    }
  output->last = GST_CLOCK_TIME_NONE;
  add_element (self, output, mixer);
  g_object_set (mixer, "min-upstream-latency", self->latency_ms * GST_MSECOND, NULL);
  if (!add_element (self, output, parse (self, end)))
    return FALSE;
  mixed = gst_element_get_static_pad (mixer, "src");
  target = gst_element_get_static_pad (g_ptr_array_index (output->elements, 1), "src");
  gst_element_link (mixer, g_ptr_array_index (output->elements, 1));
  gst_pad_add_probe (mixed, GST_PAD_PROBE_TYPE_BUFFER, on_mixed, self, NULL);
  gst_pad_add_probe (mixed, GST_PAD_PROBE_TYPE_QUERY_BOTH, on_query, NULL, NULL);
  gst_ghost_pad_set_target (GST_GHOST_PAD (output->ghost), target);
  if (filler == NULL)
    return TRUE;
  if (!add_element (self, output, parse (self, filler)))
    return FALSE;
  return gst_element_link (g_ptr_array_index (output->elements, 2), mixer);
}

static gboolean
open_video (SalonComposite *self)
{
  g_autofree char *end
      = g_strdup_printf ("capsfilter caps=" SALON_TILE_CAPS ",width=%u,height=%u,framerate=%u/1 ! " VIDEO_QUEUE,
          self->width, self->height, self->framerate);
  const SalonPlace whole = { 0, 0, (int)self->width, (int)self->height };

  if (!open_output (self, &self->video, "compositor", end, NULL))
    return FALSE;
  gst_util_set_object_arg (g_ptr_array_index (self->video.elements, 0), "background", "black");
  self->backdrop = make_card (self, self->background);
  if (self->backdrop == NULL)
    return FALSE;
  salon_tile_show (self->backdrop, &whole, ZORDER_BACKGROUND);
  return TRUE;
}

/* What was muted goes on at its time. */
static gboolean
open_audio (SalonComposite *self)
{
  if (!open_output (self, &self->audio, "audiomixer", "capsfilter caps=" AUDIO_CAPS " ! " AUDIO_QUEUE, SILENCE))
    return FALSE;
  g_object_set (
      get_mixer (&self->audio), "discont-wait", G_GUINT64_CONSTANT (0), "output-buffer-duration", AUDIO_BLOCK, NULL);
  return TRUE;
}

static void
close_output (SalonComposite *self, Output *output)
{
  gst_ghost_pad_set_target (GST_GHOST_PAD (output->ghost), NULL);
  unblock_output (output);
  for (guint i = 0; i < output->elements->len; i++)
    {
      GstElement *element = g_ptr_array_index (output->elements, i);

      gst_element_set_state (element, GST_STATE_NULL);
      gst_bin_remove (GST_BIN (self), element);
    }
  g_ptr_array_set_size (output->elements, 0);
}

/* Nothing flows any more. */
static void
close_all (SalonComposite *self)
{
  g_autoptr (GPtrArray) tracks = NULL;

  g_mutex_lock (&self->lock);
  self->is_open = FALSE;
  tracks = g_steal_pointer (&self->tracks);
  self->tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)track_free);
  g_ptr_array_set_size (self->cards, 0);
  g_clear_pointer (&self->backdrop, salon_tile_free);
  g_mutex_unlock (&self->lock);
  close_output (self, &self->video);
  close_output (self, &self->audio);
}

static gboolean
open_all (SalonComposite *self)
{
  gboolean has_video = gst_pad_is_linked (self->video.ghost);
  gboolean has_audio = gst_pad_is_linked (self->audio.ghost);

  if (!has_video && !has_audio)
    {
      GST_ELEMENT_ERROR (self, CORE, PAD, ("Link the pad video, or audio, before it starts"), (NULL));
      return FALSE;
    }
  gst_util_set_object_arg (G_OBJECT (self->room), "kind", !has_video ? "audio" : !has_audio ? "video" : "any");
  g_object_set (self->room, "latency", self->latency_ms, "display-name",
      self->name != NULL ? self->name : GST_OBJECT_NAME (self), NULL);
  g_atomic_int_set (&self->is_over, FALSE);
  g_mutex_lock (&self->lock);
  self->is_open = (!has_video || open_video (self)) && (!has_audio || open_audio (self));
  g_mutex_unlock (&self->lock);
  return self->is_open;
}

/* -- states and events -- */

static GstStateChangeReturn
salon_composite_change_state (GstElement *element, GstStateChange transition)
{
  SalonComposite *self = SALON_COMPOSITE (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !open_all (self))
    {
      close_all (self);
      return GST_STATE_CHANGE_FAILURE;
    }
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED || transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    {
      block_output (&self->video);
      block_output (&self->audio);
    }
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    {
      g_mutex_lock (&self->lock);
      self->is_open = FALSE;
      g_mutex_unlock (&self->lock);
    }
  result = GST_ELEMENT_CLASS (salon_composite_parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING)
    {
      unblock_output (&self->video);
      unblock_output (&self->audio);
    }
  if (salon_bin_has_stopped (transition, result))
    close_all (self);
  return result;
}

/* Of its own accord it ends only with the room. */
static gboolean
salon_composite_send_event (GstElement *element, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS (salon_composite_parent_class)->send_event (element, event);
  gst_event_unref (event);
  end_outputs (SALON_COMPOSITE (element));
  return TRUE;
}

/* -- properties -- */

static void
change_look (SalonComposite *self, guint id, const GValue *value)
{
  g_mutex_lock (&self->lock);
  if (id == PROP_LAYOUT)
    self->layout = g_value_get_enum (value);
  else
    self->shows_names = g_value_get_boolean (value);
  arrange_locked (self);
  g_mutex_unlock (&self->lock);
}

static void
salon_composite_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  SalonComposite *self = SALON_COMPOSITE (object);

  switch (id)
    {
    case PROP_SERVER:
    case PROP_ROOM:
    case PROP_RECONNECT:
    case PROP_TOKEN:
      g_object_set_property (G_OBJECT (self->room), pspec->name, value);
      break;
    case PROP_DISPLAY_NAME:
      g_free (self->name);
      self->name = g_value_dup_string (value);
      break;
    case PROP_LAYOUT:
    case PROP_NAMES:
      change_look (self, id, value);
      break;
    case PROP_WIDTH:
      self->width = g_value_get_uint (value) & ~1U;
      break;
    case PROP_HEIGHT:
      self->height = g_value_get_uint (value) & ~1U;
      break;
    case PROP_FRAMERATE:
      self->framerate = g_value_get_uint (value);
      break;
    case PROP_BACKGROUND:
      self->background = g_value_get_uint (value);
      break;
    case PROP_LATENCY:
      self->latency_ms = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
salon_composite_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SalonComposite *self = SALON_COMPOSITE (object);

  switch (id)
    {
    case PROP_SERVER:
    case PROP_ROOM:
    case PROP_RECONNECT:
      g_object_get_property (G_OBJECT (self->room), pspec->name, value);
      break;
    case PROP_DISPLAY_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_LAYOUT:
      g_value_set_enum (value, self->layout);
      break;
    case PROP_NAMES:
      g_value_set_boolean (value, self->shows_names);
      break;
    case PROP_WIDTH:
      g_value_set_uint (value, self->width);
      break;
    case PROP_HEIGHT:
      g_value_set_uint (value, self->height);
      break;
    case PROP_FRAMERATE:
      g_value_set_uint (value, self->framerate);
      break;
    case PROP_BACKGROUND:
      g_value_set_uint (value, self->background);
      break;
    case PROP_LATENCY:
      g_value_set_uint (value, self->latency_ms);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

/* Those of the salonsrc inside, under its words. */
static void
forward_properties (GObjectClass *object_class)
{
  g_autoptr (GTypeClass) source_class = g_type_class_ref (SALON_TYPE_SRC);

  for (guint id = 1; id < N_FORWARDED; id++)
    {
      GParamSpec *theirs = g_object_class_find_property (G_OBJECT_CLASS (source_class), forwarded[id]);
      const char *nick = g_param_spec_get_nick (theirs);
      const char *blurb = g_param_spec_get_blurb (theirs);
      GParamSpec *ours;

      if (G_IS_PARAM_SPEC_UINT (theirs))
        ours = g_param_spec_uint (theirs->name, nick, blurb, G_PARAM_SPEC_UINT (theirs)->minimum,
            G_PARAM_SPEC_UINT (theirs)->maximum, G_PARAM_SPEC_UINT (theirs)->default_value, theirs->flags);
      else
        ours = g_param_spec_string (
            theirs->name, nick, blurb, G_PARAM_SPEC_STRING (theirs)->default_value, theirs->flags);
      g_object_class_install_property (object_class, id, ours);
    }
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags live = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  g_object_class_install_property (object_class, PROP_DISPLAY_NAME,
      g_param_spec_string (
          "display-name", "Display name", "What others in the room see; the element's name by default", NULL, flags));
  g_object_class_install_property (object_class, PROP_LAYOUT,
      g_param_spec_enum ("layout", "Layout", "What stands where", layout_get_type (), SALON_LAYOUT_GRID, live));
  g_object_class_install_property (object_class, PROP_NAMES,
      g_param_spec_boolean ("names", "Names", "Whether names are written on the pictures", TRUE, live));
  g_object_class_install_property (object_class, PROP_WIDTH,
      g_param_spec_uint ("width", "Width", "Of the picture, in pixels; even", 64, MAX_PIXELS, DEFAULT_WIDTH, flags));
  g_object_class_install_property (object_class, PROP_HEIGHT,
      g_param_spec_uint ("height", "Height", "Of the picture, in pixels; even", 64, MAX_PIXELS, DEFAULT_HEIGHT, flags));
  g_object_class_install_property (object_class, PROP_FRAMERATE,
      g_param_spec_uint ("framerate", "Framerate", "Pictures a second", 1, 120, DEFAULT_FRAMERATE, flags));
  g_object_class_install_property (object_class, PROP_BACKGROUND,
      g_param_spec_uint (
          "background", "Background", "Colour between the pictures: 0xRRGGBB", 0, 0xffffff, DEFAULT_BACKGROUND, flags));
  g_object_class_install_property (object_class, PROP_LATENCY,
      g_param_spec_uint ("latency", "Latency",
          "How many ms after they were taken sound and pictures are mixed, if they come by then", 0, 60000,
          DEFAULT_LATENCY_MS, flags));
}

/* -- life -- */

static void
salon_composite_finalize (GObject *object)
{
  SalonComposite *self = SALON_COMPOSITE (object);

  salon_roster_free (self->roster);
  g_ptr_array_unref (self->tracks);
  g_ptr_array_unref (self->cards);
  g_ptr_array_unref (self->video.elements);
  g_ptr_array_unref (self->audio.elements);
  g_mutex_clear (&self->lock);
  g_free (self->name);
  G_OBJECT_CLASS (salon_composite_parent_class)->finalize (object);
}

static void
salon_composite_class_init (SalonCompositeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (salon_composite_debug, "saloncomposite", 0, "Salon: a room in one picture and one sound");
  object_class->finalize = salon_composite_finalize;
  object_class->set_property = salon_composite_set_property;
  object_class->get_property = salon_composite_get_property;
  forward_properties (object_class);
  install_properties (object_class);
  element_class->change_state = salon_composite_change_state;
  element_class->send_event = salon_composite_send_event;
  GST_BIN_CLASS (klass)->handle_message = salon_composite_handle_message;
  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (element_class, "Salon composite", "Source/Network",
      "Receives a room of a Salon server, mixed live into one picture and one sound", "The Salon developers");
}

static GstPad *
add_ghost (SalonComposite *self, const char *name, GstStaticPadTemplate *static_template)
{
  g_autoptr (GstPadTemplate) template = gst_static_pad_template_get (static_template);
  GstPad *ghost = gst_ghost_pad_new_no_target_from_template (name, template);

  gst_element_add_pad (GST_ELEMENT (self), ghost);
  return ghost;
}

static void
salon_composite_init (SalonComposite *self)
{
  self->width = DEFAULT_WIDTH;
  self->height = DEFAULT_HEIGHT;
  self->framerate = DEFAULT_FRAMERATE;
  self->background = DEFAULT_BACKGROUND;
  self->latency_ms = DEFAULT_LATENCY_MS;
  self->shows_names = TRUE;
  g_mutex_init (&self->lock);
  self->roster = salon_roster_new ();
  self->tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)track_free);
  self->cards = g_ptr_array_new_with_free_func ((GDestroyNotify)card_free);
  self->video
      = (Output){ add_ghost (self, "video", &video_template), g_ptr_array_new_with_free_func (gst_object_unref) };
  self->audio
      = (Output){ add_ghost (self, "audio", &audio_template), g_ptr_array_new_with_free_func (gst_object_unref) };
  self->room = g_object_new (SALON_TYPE_SRC, "name", "room", "decode", TRUE, NULL);
  g_signal_connect (self->room, "told", G_CALLBACK (on_told), self);
  gst_bin_add (GST_BIN (self), self->room);
  /* It is one, whatever is inside. */
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
  gst_bin_set_suppressed_flags (GST_BIN (self), GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE);
}
