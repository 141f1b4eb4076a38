/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-publication.h"
#include "salon-receiver.h"

/* What one participant is sent of what the others publish: it seats all of it or, where that would be more pictures
 * than they take, chooses.
 *
 * Owned by its participant; main context. */
typedef struct _SalonView SalonView;
typedef struct _SalonRoom SalonRoom;

/* room, viewer: (borrowed): must outlive it. max_video: cameras and screens; G_MAXUINT: all. */
SalonView *salon_view_new (SalonRoom *room, SalonParticipant *viewer, guint max_video) G_GNUC_WARN_UNUSED_RESULT;
void salon_view_free (SalonView *self);

/* It has room for one sound and one picture, or one of them: of the one whom the viewer follows (nullable), by id or
 * name; without one, of who leads, as far as they have any. Before it is started. */
void salon_view_take_one (SalonView *self, const char *followed, gboolean takes_sound, gboolean takes_picture);
/* From here on it seats, beginning with all that is published. receiver: (borrowed): must outlive it. Once. */
void salon_view_start (SalonView *self, SalonReceiver *receiver);

/* Somebody else's, as it comes and goes, is muted, unmuted, or heard (see is_heard) or not any more. */
void salon_view_add (SalonView *self, const SalonPublication *publication);
void salon_view_remove (SalonView *self, const SalonPublication *publication);
void salon_view_update (SalonView *self, const SalonPublication *publication);

/* Chooses anew, where there is a choice, and says what is most important: pictures came, went, or were muted or
 * unmuted, or another leads. */
void salon_view_choose (SalonView *self);
/* The viewer wants to see somebody, whoever speaks, or no more. Of too many, those pinned first are let go of. */
void salon_view_pin (SalonView *self, const char *participant_id, gboolean is_pinned);

guint salon_view_get_max_video (SalonView *self);
