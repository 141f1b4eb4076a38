/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-allocator.h"
#include "salon-sender.h"
#include "salon-track.h"

/* Shares what one subscriber connection can be sent among its slots: asks what each is wanted to carry, runs the
 * allocator, and tells the slots which layers there is room for. While there is less room than would be needed, five
 * times a second, and tries out with padding if there is more; else once a second.
 *
 * Owned by its subscriber; main context. */
typedef struct _SalonShares SalonShares;

/* What a slot's share is made of. */
typedef struct
{
  SalonTrack *track; /* (borrowed) (nullable): NULL: none */
  gboolean is_paused;
  gboolean is_red; /* sound that is sent with redundancy */
  SalonLayer cap;  /* what the client has use for */
  SalonPriority priority;
  guint area_pixels; /* that it is shown with; 0: not known */
} SalonShareWish;

typedef struct
{
  SalonShareWish (*get_wish) (gpointer owner, guint slot);
  /* There is room for no more than this layer of a picture. */
  void (*set_layer) (gpointer owner, guint slot, SalonLayer layer);
} SalonSharesOwner;

/* sender, owner, owner_data: (borrowed): must outlive it. */
SalonShares *salon_shares_new (
    SalonSender *sender, guint n_slots, const SalonSharesOwner *owner, gpointer owner_data) G_GNUC_WARN_UNUSED_RESULT;
void salon_shares_free (SalonShares *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonShares, salon_shares_free)

/* A slot has got something to carry, or has nothing any more. */
void salon_shares_add (SalonShares *self, guint slot);
void salon_shares_remove (SalonShares *self, guint slot);
/* Something has changed: shares anew, now. */
void salon_shares_run (SalonShares *self);

/* Returns: (transfer none) (nullable): NULL: it carries nothing. */
const SalonShare *salon_shares_get (SalonShares *self, guint slot);
