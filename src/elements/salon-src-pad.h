/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* A pad of salonsrc: whose track comes out of it, and what the application has use for. Properties, any thread:
 *
 *   track, participant, display-name, source   read-only; they change (with a notify) when the pad goes on with another
 *   width, height       in how many pixels the picture is shown; 0: no bound. The server sends the layer that fits.
 *   paused              nothing is sent; its end comes nevertheless
 *
 * Signals:
 *   wish-changed ()   the application set one of the last three
 *
 * Owned by its salonsrc. */
#define SALON_TYPE_SRC_PAD (salon_src_pad_get_type ())
G_DECLARE_FINAL_TYPE (SalonSrcPad, salon_src_pad, SALON, SRC_PAD, GstGhostPad)

/* More than any picture has. */
#define SALON_SRC_MAX_PIXELS 16384

typedef struct
{
  guint width;
  guint height;
  gboolean is_paused;
} SalonWish;

/* Returns: (transfer full): floating, inactive. */
GstPad *salon_src_pad_new (
    const char *name, GstPadTemplate *template, GstPad *target, const SalonWish *wish) G_GNUC_WARN_UNUSED_RESULT;

void salon_src_pad_set_track (
    SalonSrcPad *self, const char *track, const char *participant, const char *name, const char *source);
SalonWish salon_src_pad_get_wish (SalonSrcPad *self);
