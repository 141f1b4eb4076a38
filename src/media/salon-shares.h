/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-allocator.h"
#include "salon-sender.h"
#include "salon-track.h"

/* Shares what one who watches can be sent among the slots of all their connections: asks what each is wanted to carry,
 * runs the allocator, and tells the slots which layers there is room for. While there is less room than would be
 * needed, five times a second, or twenty times in a link's first second, and tries out with padding if there is more;
 * else once a second.
 *
 * Owned by its SalonSubscriptions; main context; salon_shares_stop() before the connections close. */
typedef struct _SalonShares SalonShares;

/* What a slot's share is made of. */
typedef struct
{
  SalonTrack *track; /* (borrowed) (nullable): NULL: none */
  gboolean is_paused;
  gboolean is_red; /* sound that can be sent with redundancy */
  SalonLayer cap;  /* what the client has use for */
  SalonPriority priority;
  guint silent_ms;   /* of sound: see salon_track_get_silent_ms() */
  guint area_pixels; /* that it is shown with; 0: not known */
  SalonLayer layer;  /* what it was told last; NONE at first */
} SalonShareWish;

typedef struct
{
  SalonShareWish (*get_wish) (gpointer owner, guint slot);
  /* There is room for no more than this layer of a picture. */
  void (*set_layer) (gpointer owner, guint slot, SalonLayer layer);
  /* There is room for this sound, or not; and for redundancy beside it. */
  void (*set_sound) (gpointer owner, guint slot, gboolean is_sent, gboolean has_redundancy);
} SalonSharesOwner;

SalonShares *salon_shares_new (SalonBottleneck *bottleneck) G_GNUC_WARN_UNUSED_RESULT;
/* Nobody's layer is changed any more. */
void salon_shares_stop (SalonShares *self);
void salon_shares_free (SalonShares *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonShares, salon_shares_free)

/* Returns: (transfer none): that of the bottleneck's connections. */
SalonBottleneck *salon_shares_get_bottleneck (SalonShares *self);

/* A slot has got something to carry, which goes out over sender; all (borrowed) until it is removed. Soon it is told
 * what there is room for. Returns: (transfer none): its share. */
const SalonShare *salon_shares_add (
    SalonShares *self, SalonSender *sender, guint slot, const SalonSharesOwner *owner, gpointer owner_data);
/* It has nothing to carry any more. */
void salon_shares_remove (SalonShares *self, const SalonShare *share);
/* Something has changed: shares anew, once for all that changes in this turn of the main loop, and before all else that
 * is due then. */
void salon_shares_run_soon (SalonShares *self);
