/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-codec.h"
#include "salon-media-options.h"
#include "salon-receiver.h"
#include "salon-wire-door.h"

/* The media of a participant who is a program on this machine: all that it publishes and receives, over one SalonWire.
 *
 *   SalonWire --> tee, one a track it publishes
 *   SalonWire <-- SalonTap, one a track it may receive
 *
 * A SalonReceiver. An m-line is here a stream of the wire, its mid the stream's number, which is never used twice.
 *
 * Signals, on the main context:
 *   slot (guint target, const char *mid, SalonTrack *or NULL)   as SalonSubscriptions', with target 1
 *   ended (const char *mid)       the program publishes nothing more there
 *   failed (const GError *)       the program is gone, or did not come; the owner closes
 *
 * Owned by its participant; main context; salon_attachment_close() ends it. */
#define SALON_TYPE_ATTACHMENT (salon_attachment_get_type ())
G_DECLARE_FINAL_TYPE (SalonAttachment, salon_attachment, SALON, ATTACHMENT, GObject)

/* door: (borrowed). */
SalonAttachment *salon_attachment_new (SalonGraph *graph, SalonWireDoor *door) G_GNUC_WARN_UNUSED_RESULT;
/* What the program can take; of tracks of other codecs nothing comes. Before the first track. */
void salon_attachment_set_codecs (SalonAttachment *self, SalonCodecs codecs);
void salon_attachment_close (SalonAttachment *self);
/* Nothing goes out any more, nor comes in: the program, which is told elsewhere why, must not take it for the ends of
 * the tracks. */
void salon_attachment_hang_up (SalonAttachment *self);

/* Returns: (transfer none) (nullable): with what the program comes to the door, once; NULL when too many are on their
 * way. */
const char *salon_attachment_expect (SalonAttachment *self) G_GNUC_WARN_UNUSED_RESULT;

/* A track that the program is going to send, as stream `mid`. Errors: INVALID_PARAMS, TOO_MANY_TRACKS. */
gboolean salon_attachment_add_track (
    SalonAttachment *self, const char *mid, gboolean is_video, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: (transfer none) (nullable) */
SalonTrack *salon_attachment_get_track (SalonAttachment *self, const char *mid);
