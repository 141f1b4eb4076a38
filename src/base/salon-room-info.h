/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum
{
  SALON_LIFETIME_PERMANENT, /* stays until deleted */
  SALON_LIFETIME_EPHEMERAL, /* gone with its last member */
  SALON_LIFETIME_TIMED,     /* closes at a certain age; its name stays blocked for a while */
} SalonLifetime;

/* What the host switches. */
typedef enum
{
  SALON_ROOM_IS_LOCKED,
  SALON_ROOM_HAS_WAITING_ROOM,
} SalonRoomFlag;

/* What the store knows of a room: plain data, a snapshot. */
typedef struct
{
  char *id;   /* (owned): UUID */
  char *slug; /* (owned): unique; the id when nobody chose one */
  SalonLifetime lifetime;
  guint max_members;
  guint n_members;
  gboolean is_locked;        /* nobody new may join */
  gboolean has_waiting_room; /* whoever is new waits until the host lets them in */
  char *host;                /* (owned) (nullable): the host's member id */
  gint64 created_at_s;       /* Unix time */
  gint64 expires_at_s;       /* Unix time; 0: never. Of a timed room */
} SalonRoomInfo;

SalonRoomInfo *salon_room_info_copy (const SalonRoomInfo *info) G_GNUC_WARN_UNUSED_RESULT;
void salon_room_info_free (SalonRoomInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonRoomInfo, salon_room_info_free)

/* (transfer none): "permanent", "ephemeral", "timed". */
const char *salon_lifetime_to_string (SalonLifetime lifetime);
gboolean salon_lifetime_from_string (const char *text, SalonLifetime *lifetime) G_GNUC_WARN_UNUSED_RESULT;

/* What a new room is to be. */
typedef struct
{
  const char *slug; /* (nullable): NULL: the id is the slug */
  SalonLifetime lifetime;
  guint max_members;
  guint max_age_s;     /* of a timed room: from its creation until it closes */
  double block_factor; /* of a timed room: for how many times max_age_s nobody can join or make it again */
  gboolean has_waiting_room;
} SalonRoomSpec;

/* Somebody in a room, or who waits to be let in, on whichever server: plain data, a snapshot. */
typedef struct
{
  char *id;      /* (owned): UUID; stays while they come and go */
  char *name;    /* (owned) */
  char *node;    /* (owned): the server they are on */
  char *session; /* (owned): UUID of their present stay: a newer one replaces it */
} SalonMember;

SalonMember *salon_member_new (
    const char *id, const char *name, const char *node, const char *session) G_GNUC_WARN_UNUSED_RESULT;
SalonMember *salon_member_copy (const SalonMember *member) G_GNUC_WARN_UNUSED_RESULT;
void salon_member_free (SalonMember *member);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonMember, salon_member_free)

/* A room and all its people at one moment. */
typedef struct
{
  SalonRoomInfo *info; /* (owned) */
  GPtrArray *members;  /* (owned) (element-type SalonMember): by time of joining, the unattended at last */
  GPtrArray *waiting;  /* (owned) (element-type SalonMember): to be let in by the host, longest first */
  gboolean was_lost;   /* by the store, and put back by its members' servers: some may not have done so yet */
} SalonRoomState;

void salon_room_state_free (SalonRoomState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonRoomState, salon_room_state_free)
