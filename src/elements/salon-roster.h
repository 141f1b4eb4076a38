/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "salon-layout.h"

/* Who is in a room, and what of them there is to see: kept by what the server tells.
 *
 * Whoever publishes something has a place: with the camera's picture or, while that is off, with the name alone; who
 * only watches (a recorder, another composite) has none. A screen that is shared has a place of its own.
 *
 * Not thread-safe. */
typedef struct _SalonRoster SalonRoster;

/* What is to be shown in one place. */
typedef struct
{
  const char *participant; /* id */
  const char *name;
  gboolean is_screen;
  gboolean is_on; /* there is a picture */
  guint order;    /* of coming */
  guint turn;     /* when its owner led last; 0: never, or it is none of those who talk */
} SalonSight;

SalonRoster *salon_roster_new (void) G_GNUC_WARN_UNUSED_RESULT;
void salon_roster_free (SalonRoster *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonRoster, salon_roster_free)

/* result: of a join; what was known before goes. */
void salon_roster_join (SalonRoster *self, JsonObject *result);
/* A notification. Returns: whether anything has changed. */
gboolean salon_roster_tell (SalonRoster *self, const char *method, JsonObject *params);

/* Returns: (transfer container) (element-type SalonSight): what is shown, in the order of places, at most the layout's
 * capacity: screens, then pictures, then names; where there are too many, of those who led last. Good until the next
 * change. */
GArray *salon_roster_choose (SalonRoster *self, SalonLayout layout) G_GNUC_WARN_UNUSED_RESULT;
