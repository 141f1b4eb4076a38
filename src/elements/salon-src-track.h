/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>
#include <json-glib/json-glib.h>

#include "salon-codec.h"

/* One track, on its way or on a pad. */
typedef struct
{
  guint serial; /* ours, never used twice */
  guint stream;
  gboolean is_lost; /* nothing comes any more; its pad waits for another track: see add_track() and inherit_locked() */
  gboolean is_opening; /* lock: the reading thread makes its pad: others don't end it, but say that it */
  gboolean must_end;   /* lock */
  gboolean is_video;
  SalonCodec codec;  /* from the first packet on */
  char *id;          /* (owned) */
  char *participant; /* (owned): id */
  char *name;        /* (owned): of the participant */
  char *source;      /* (owned) */

  /* From the first packet on. */
  GstPad *wire_pad;   /* (owned) (nullable) */
  GstElement *branch; /* (owned) (nullable) */
  GstPad *ghost;      /* (owned) (nullable): our pad */
} SalonSrcTrack;

/* Of what the server tells of a track. names: (element-type utf8 utf8): of participants, by id. Returns: (transfer
 * full) (nullable): NULL: what it tells is not understood. */
SalonSrcTrack *salon_src_track_new (JsonObject *object, guint stream, GHashTable *names) G_GNUC_WARN_UNUSED_RESULT;
/* Lets go of what it has; stops nothing. */
void salon_src_track_free (SalonSrcTrack *self);

/* Its pad says whose it is. */
void salon_src_track_name_pad (SalonSrcTrack *self);
/* Returns: (transfer full): the message salon-track for the application. */
GstStructure *salon_src_track_tell (SalonSrcTrack *self, const char *event) G_GNUC_WARN_UNUSED_RESULT;
