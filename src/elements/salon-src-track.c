/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-src-track.h"

#include "salon-json.h"
#include "salon-src-pad.h"

SalonSrcTrack *
salon_src_track_new (JsonObject *object, guint stream, GHashTable *names)
{
  const char *id;
  const char *participant;
  const char *kind;
  const char *source;
  const char *name;
  SalonSrcTrack *self;

  if (!salon_json_get_string (object, "id", 1, G_MAXUINT, &id, NULL)
      || !salon_json_get_string (object, "participant", 1, G_MAXUINT, &participant, NULL)
      || !salon_json_get_string (object, "kind", 1, G_MAXUINT, &kind, NULL)
      || !salon_json_get_string (object, "source", 1, G_MAXUINT, &source, NULL))
    return NULL;
  name = g_hash_table_lookup (names, participant);
  self = g_new0 (SalonSrcTrack, 1);
  self->stream = stream;
  self->is_video = g_str_equal (kind, "video");
  self->id = g_strdup (id);
  self->participant = g_strdup (participant);
  self->name = g_strdup (name != NULL ? name : "");
  self->source = g_strdup (source);
  return self;
}

void
salon_src_track_free (SalonSrcTrack *self)
{
  g_free (self->id);
  g_free (self->participant);
  g_free (self->name);
  g_free (self->source);
  gst_clear_object (&self->wire_pad);
  gst_clear_object (&self->branch);
  gst_clear_object (&self->ghost);
  g_free (self);
}

void
salon_src_track_name_pad (SalonSrcTrack *self)
{
  salon_src_pad_set_track (SALON_SRC_PAD (self->ghost), self->id, self->participant, self->name, self->source);
}

GstStructure *
salon_src_track_tell (SalonSrcTrack *self, const char *event)
{
  return gst_structure_new ("salon-track", "event", G_TYPE_STRING, event, "pad", G_TYPE_STRING,
      GST_OBJECT_NAME (self->ghost), "track", G_TYPE_STRING, self->id, "participant", G_TYPE_STRING, self->participant,
      "name", G_TYPE_STRING, self->name, "source", G_TYPE_STRING, self->source, NULL);
}
