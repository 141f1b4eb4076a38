/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-room-info.h"

static const char *const lifetimes[] = {
  [SALON_LIFETIME_PERMANENT] = "permanent",
  [SALON_LIFETIME_EPHEMERAL] = "ephemeral",
  [SALON_LIFETIME_TIMED] = "timed",
};

SalonRoomInfo *
salon_room_info_copy (const SalonRoomInfo *info)
{
  SalonRoomInfo *copy = g_new (SalonRoomInfo, 1);

  *copy = *info;
  copy->id = g_strdup (info->id);
  copy->slug = g_strdup (info->slug);
  copy->host = g_strdup (info->host);
  return copy;
}

void
salon_room_info_free (SalonRoomInfo *info)
{
  if (info == NULL)
    return;
  g_free (info->id);
  g_free (info->slug);
  g_free (info->host);
  g_free (info);
}

const char *
salon_lifetime_to_string (SalonLifetime lifetime)
{
  return lifetimes[lifetime];
}

gboolean
salon_lifetime_from_string (const char *text, SalonLifetime *lifetime)
{
  for (guint i = 0; i < G_N_ELEMENTS (lifetimes); i++)
    {
      if (g_strcmp0 (text, lifetimes[i]) == 0)
        {
          *lifetime = i;
          return TRUE;
        }
    }
  return FALSE;
}

SalonMember *
salon_member_new (const char *id, const char *name, const char *node, const char *session)
{
  SalonMember *member = g_new (SalonMember, 1);

  *member = (SalonMember){ g_strdup (id), g_strdup (name), g_strdup (node), g_strdup (session) };
  return member;
}

SalonMember *
salon_member_copy (const SalonMember *member)
{
  return salon_member_new (member->id, member->name, member->node, member->session);
}

void
salon_member_free (SalonMember *member)
{
  if (member == NULL)
    return;
  g_free (member->id);
  g_free (member->name);
  g_free (member->node);
  g_free (member->session);
  g_free (member);
}

void
salon_room_state_free (SalonRoomState *state)
{
  if (state == NULL)
    return;
  salon_room_info_free (state->info);
  g_ptr_array_unref (state->members);
  g_ptr_array_unref (state->waiting);
  g_free (state);
}
