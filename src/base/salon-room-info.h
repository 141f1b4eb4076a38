/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum
{
  SALON_LIFETIME_PERMANENT, /* stays until deleted */
  SALON_LIFETIME_EPHEMERAL, /* gone with its last member */
} SalonLifetime;

/* What the store knows of a room: plain data, a snapshot. */
typedef struct
{
  char *id;   /* (owned): UUID */
  char *slug; /* (owned): unique; the id when nobody chose one */
  SalonLifetime lifetime;
  guint max_members;
  guint n_members;
  gboolean is_locked;  /* nobody new may join */
  char *host;          /* (owned) (nullable): the host's member id */
  gint64 created_at_s; /* Unix time */
} SalonRoomInfo;

SalonRoomInfo *salon_room_info_copy (const SalonRoomInfo *info) G_GNUC_WARN_UNUSED_RESULT;
void salon_room_info_free (SalonRoomInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonRoomInfo, salon_room_info_free)

/* (transfer none): "permanent", "ephemeral". */
const char *salon_lifetime_to_string (SalonLifetime lifetime);
gboolean salon_lifetime_from_string (const char *text, SalonLifetime *lifetime) G_GNUC_WARN_UNUSED_RESULT;
