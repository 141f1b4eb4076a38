/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "salon-layout.h"

/* One picture among those that a compositor draws, and the text on it: a card, which stands still, or what comes on a
 * pad.
 *
 *   card:     appsrc ------------------------------> textoverlay --> compositor
 *   picture:  pad --> videoconvertscale --> size --> textoverlay --> compositor
 *
 * It is scaled in the thread that brings it, once for each picture that comes; by the compositor only what stands there
 * when it moves to another place. Not drawn before it has a place. The calls are made one at a time.
 *
 * Owned by its composite. */
typedef struct _SalonTile SalonTile;

/* As all that the compositor gets and gives, so that it converts nothing: WebRTC's pictures are of BT.601, whatever
 * their size. */
#define SALON_TILE_CAPS "video/x-raw,format=I420,interlace-mode=progressive,pixel-aspect-ratio=1/1,colorimetry=bt601"

/* bin: (borrowed): of the compositor. rgb: 0xRRGGBB. latency: of the compositor, in ns. Returns: (nullable). Errors:
 * the element that is missing. */
SalonTile *salon_tile_new_card (
    GstBin *bin, GstElement *compositor, guint rgb, GstClockTime latency, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* pad: raw video; it is linked. */
SalonTile *salon_tile_new_picture (
    GstBin *bin, GstElement *compositor, GstPad *pad, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Waits for its streaming thread. */
void salon_tile_free (SalonTile *self);

/* text: plain; "" for none. */
void salon_tile_set_text (SalonTile *self, const char *text);
/* The picture keeps its shape, between black bars. */
void salon_tile_show (SalonTile *self, const SalonPlace *place, guint zorder);
/* What was last there is not seen again. */
void salon_tile_hide (SalonTile *self);
