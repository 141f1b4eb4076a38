/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-forms.h"

#include "salon-track.h"

struct _SalonForms
{
  GObject parent_instance;

  struct
  {
    SalonTrack *track;                         /* (owned) (nullable) */
    guint n_needing[SALON_MAX_SPATIAL_LAYERS]; /* by the highest layer that they have use for */
    const char *refusal;                       /* static (nullable) */
  } forms[SALON_N_CODECS];
};

G_DEFINE_FINAL_TYPE (SalonForms, salon_forms, G_TYPE_OBJECT)

enum
{
  SIGNAL_NEED_CHANGED,
  SIGNAL_CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* -1: it is not needed. */
static gint
get_layer (SalonForms *self, guint codec)
{
  gint layer = SALON_MAX_SPATIAL_LAYERS - 1;

  while (layer >= 0 && self->forms[codec].n_needing[layer] == 0)
    layer--;
  return layer;
}

static void
tell_if_changed (SalonForms *self, gint codec, gint layer_before)
{
  if (codec >= 0 && get_layer (self, (guint)codec) != layer_before)
    g_signal_emit (self, signals[SIGNAL_NEED_CHANGED], 0, (guint)codec);
}

void
salon_forms_change_need (SalonForms *self, SalonFormNeed before, SalonFormNeed now)
{
  gint layer_before = before.codec >= 0 ? get_layer (self, (guint)before.codec) : -1;
  gint layer_now = now.codec >= 0 ? get_layer (self, (guint)now.codec) : -1;

  if (before.codec >= 0)
    self->forms[before.codec].n_needing[before.spatial]--;
  if (now.codec >= 0)
    self->forms[now.codec].n_needing[now.spatial]++;
  tell_if_changed (self, before.codec, layer_before);
  if (now.codec != before.codec)
    tell_if_changed (self, now.codec, layer_now);
}

gboolean
salon_forms_is_needed (SalonForms *self, SalonCodec codec)
{
  return get_layer (self, codec) >= 0;
}

gint
salon_forms_get_needed_layer (SalonForms *self)
{
  gint highest = -1;

  for (guint codec = 0; codec < SALON_N_CODECS; codec++)
    highest = MAX (highest, get_layer (self, codec));
  return highest;
}

void
salon_forms_set (SalonForms *self, SalonCodec codec, SalonTrack *form)
{
  if (!g_set_object (&self->forms[codec].track, form))
    return;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

SalonTrack *
salon_forms_get (SalonForms *self, SalonCodec codec)
{
  return self->forms[codec].track;
}

void
salon_forms_refuse (SalonForms *self, SalonCodec codec, const char *reason)
{
  if (g_strcmp0 (self->forms[codec].refusal, reason) == 0)
    return;
  self->forms[codec].refusal = reason;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

const char *
salon_forms_get_refusal (SalonForms *self, SalonCodec codec)
{
  return self->forms[codec].refusal;
}

static void
salon_forms_dispose (GObject *object)
{
  SalonForms *self = SALON_FORMS (object);

  for (guint i = 0; i < G_N_ELEMENTS (self->forms); i++)
    g_clear_object (&self->forms[i].track);
  G_OBJECT_CLASS (salon_forms_parent_class)->dispose (object);
}

static void
salon_forms_class_init (SalonFormsClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = salon_forms_dispose;
  signals[SIGNAL_NEED_CHANGED]
      = g_signal_new ("need-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
salon_forms_init (SalonForms *self)
{
}

SalonForms *
salon_forms_new (void)
{
  return g_object_new (SALON_TYPE_FORMS, NULL);
}
