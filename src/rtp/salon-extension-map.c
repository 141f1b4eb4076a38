/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-extension-map.h"

static gboolean
ends_at_this_hop (const char *uri)
{
  static const char *const uris[] = {
    SALON_URI_MID,
    SALON_URI_RID,
    SALON_URI_REPAIRED_RID,
    SALON_URI_ABS_SEND_TIME,
    SALON_URI_TRANSMISSION_OFFSET,
    NULL,
  };

  return g_strv_contains (uris, uri);
}

void
salon_extension_map_add (SalonExtensionMap *map, const char *uri, guint8 in_id, guint8 out_id)
{
  if (g_str_equal (uri, SALON_URI_TRANSPORT_CC))
    map->transport_cc_id = out_id;
  else if (in_id != 0 && !ends_at_this_hop (uri))
    map->out_id[in_id] = out_id;
  if (in_id != 0 && g_str_equal (uri, SALON_URI_DEPENDENCY_DESCRIPTOR))
    map->dependency_id = in_id;
}
