/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-src-pad.h"

struct _SalonSrcPad
{
  GstGhostPad parent_instance;

  /* The object lock. */
  char *track;       /* (owned) (nullable) */
  char *participant; /* (owned) (nullable): id */
  char *name;        /* (owned) (nullable) */
  char *source;      /* (owned) (nullable) */
  SalonWish wish;
};

G_DEFINE_FINAL_TYPE (SalonSrcPad, salon_src_pad, GST_TYPE_GHOST_PAD)

enum
{
  PROP_TRACK = 1,
  PROP_PARTICIPANT,
  PROP_DISPLAY_NAME,
  PROP_SOURCE,
  PROP_WIDTH,
  PROP_HEIGHT,
  PROP_PAUSED,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

enum
{
  SIGNAL_WISH_CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
replace (char **text, const char *now)
{
  g_free (*text);
  *text = g_strdup (now);
}

void
salon_src_pad_set_track (
    SalonSrcPad *self, const char *track, const char *participant, const char *name, const char *source)
{
  GST_OBJECT_LOCK (self);
  replace (&self->track, track);
  replace (&self->participant, participant);
  replace (&self->name, name);
  replace (&self->source, source);
  GST_OBJECT_UNLOCK (self);
  for (guint i = PROP_TRACK; i <= PROP_SOURCE; i++)
    g_object_notify_by_pspec (G_OBJECT (self), properties[i]);
}

SalonWish
salon_src_pad_get_wish (SalonSrcPad *self)
{
  SalonWish wish;

  GST_OBJECT_LOCK (self);
  wish = self->wish;
  GST_OBJECT_UNLOCK (self);
  return wish;
}

static void
salon_src_pad_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  SalonSrcPad *self = SALON_SRC_PAD (object);

  GST_OBJECT_LOCK (self);
  switch (id)
    {
    case PROP_WIDTH:
      self->wish.width = g_value_get_uint (value);
      break;
    case PROP_HEIGHT:
      self->wish.height = g_value_get_uint (value);
      break;
    case PROP_PAUSED:
      self->wish.is_paused = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
  GST_OBJECT_UNLOCK (self);
  g_signal_emit (self, signals[SIGNAL_WISH_CHANGED], 0);
}

static void
salon_src_pad_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SalonSrcPad *self = SALON_SRC_PAD (object);

  GST_OBJECT_LOCK (self);
  switch (id)
    {
    case PROP_TRACK:
      g_value_set_string (value, self->track);
      break;
    case PROP_PARTICIPANT:
      g_value_set_string (value, self->participant);
      break;
    case PROP_DISPLAY_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_SOURCE:
      g_value_set_string (value, self->source);
      break;
    case PROP_WIDTH:
      g_value_set_uint (value, self->wish.width);
      break;
    case PROP_HEIGHT:
      g_value_set_uint (value, self->wish.height);
      break;
    case PROP_PAUSED:
      g_value_set_boolean (value, self->wish.is_paused);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
  GST_OBJECT_UNLOCK (self);
}

static void
salon_src_pad_finalize (GObject *object)
{
  SalonSrcPad *self = SALON_SRC_PAD (object);

  g_free (self->track);
  g_free (self->participant);
  g_free (self->name);
  g_free (self->source);
  G_OBJECT_CLASS (salon_src_pad_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags told = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags wish = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;

  properties[PROP_TRACK] = g_param_spec_string ("track", "Track", "Id of the track", NULL, told);
  properties[PROP_PARTICIPANT] = g_param_spec_string ("participant", "Participant", "Id of whose it is", NULL, told);
  properties[PROP_DISPLAY_NAME] = g_param_spec_string ("display-name", "Display name", "Their name", NULL, told);
  properties[PROP_SOURCE]
      = g_param_spec_string ("source", "Source", "camera, microphone, screen or screen_audio", NULL, told);
  properties[PROP_WIDTH] = g_param_spec_uint ("width", "Width",
      "In how many pixels the picture is shown, so that no larger layer of it comes than is of use; 0: the largest", 0,
      SALON_SRC_MAX_PIXELS, 0, wish);
  properties[PROP_HEIGHT]
      = g_param_spec_uint ("height", "Height", "Likewise; a layer has to fit both", 0, SALON_SRC_MAX_PIXELS, 0, wish);
  properties[PROP_PAUSED]
      = g_param_spec_boolean ("paused", "Paused", "Nothing is sent, until there is use for it again", FALSE, wish);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
salon_src_pad_class_init (SalonSrcPadClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = salon_src_pad_set_property;
  object_class->get_property = salon_src_pad_get_property;
  object_class->finalize = salon_src_pad_finalize;
  install_properties (object_class);
  signals[SIGNAL_WISH_CHANGED] = g_signal_new (
      "wish-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
salon_src_pad_init (SalonSrcPad *self)
{
}

GstPad *
salon_src_pad_new (const char *name, GstPadTemplate *template, GstPad *target, const SalonWish *wish)
{
  SalonSrcPad *self
      = g_object_new (SALON_TYPE_SRC_PAD, "name", name, "direction", GST_PAD_SRC, "template", template, NULL);

  self->wish = *wish;
  gst_ghost_pad_set_target (GST_GHOST_PAD (self), target);
  return GST_PAD (self);
}
