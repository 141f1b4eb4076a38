/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-buffer-map.h"

typedef struct
{
  SalonBufferMapFunc func;
  gpointer object;
} Map;

static gboolean
map_listed (GstBuffer **buffer, guint index, gpointer user_data)
{
  const Map *map = user_data;

  *buffer = map->func (map->object, *buffer);
  return TRUE;
}

void
salon_buffer_map (GstPadProbeInfo *info, SalonBufferMapFunc func, gpointer object)
{
  Map map = { func, object };

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    {
      info->data = func (object, GST_PAD_PROBE_INFO_BUFFER (info));
      return;
    }
  info->data = gst_buffer_list_make_writable (GST_PAD_PROBE_INFO_BUFFER_LIST (info));
  gst_buffer_list_foreach (info->data, map_listed, &map);
}
