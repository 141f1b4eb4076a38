/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-room-info.h"

static const char *const lifetimes[] = {
  [SALON_LIFETIME_PERMANENT] = "permanent",
  [SALON_LIFETIME_EPHEMERAL] = "ephemeral",
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
