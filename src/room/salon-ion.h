/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-data-fan.h"
#include "salon-participant.h"

/* What one client of ion-sfu's dialect and the server say to each other over the data channel "ion-sfu", in ion-sfu's
 * own JSON: it chooses what it is sent of a stream, and hears who speaks and which layer it gets. Streams are called by
 * the ids that their publishers gave them.
 *
 * Owned by its participant; main context. */
typedef struct _SalonIon SalonIon;

/* participant, member: (borrowed): member ends first, or with it. */
SalonIon *salon_ion_new (SalonParticipant *participant, SalonDataMember *member) G_GNUC_WARN_UNUSED_RESULT;
void salon_ion_free (SalonIon *self);

/* A message of the client. What is none is passed over: there is no answer to these. */
void salon_ion_take (SalonIon *self, const char *text, gsize size);
/* Who speaks, if it is others than it was told of last. */
void salon_ion_tell_speakers (SalonIon *self);
/* This is what is sent of a track, if it has layers to choose from. */
void salon_ion_tell_layer (SalonIon *self, const SalonPublication *publication, gint spatial);
