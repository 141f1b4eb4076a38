/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-codec.h"
#include "salon-track-settings.h"
#include "salon-track.h"
#include "salon-wire.h"

/* One track on its way to a program of this machine:
 *
 *   track's tee --> salonslot --> SalonWire
 *
 * Of a picture that comes in layers, the slot takes the one the program has use for. Nothing goes out until it says so:
 * most programs want one track of many.
 *
 * Owned by its SalonAttachment; main context. */
typedef struct _SalonTap SalonTap;

/* codecs: nothing comes of a track of another. */
SalonTap *salon_tap_new (SalonGraph *graph, SalonWire *wire, SalonTrack *track, guint stream, gboolean is_paused,
    SalonCodecs codecs) G_GNUC_WARN_UNUSED_RESULT;
/* The other end is told that the stream has ended. */
void salon_tap_free (SalonTap *self);

/* (transfer none) */
SalonTrack *salon_tap_get_track (SalonTap *self);
/* (transfer none): the number of its stream. */
const char *salon_tap_get_mid (SalonTap *self);

void salon_tap_set_paused (SalonTap *self, gboolean is_paused);
void salon_tap_set_settings (SalonTap *self, const SalonTrackSettings *settings);
