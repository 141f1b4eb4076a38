/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-plugin.h"

#include "salon-slot.h"

gboolean
salon_plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (salonslot, plugin);
}

gboolean
salon_plugin_register_static (void)
{
  return gst_plugin_register_static (GST_VERSION_MAJOR, GST_VERSION_MINOR, "salon", SALON_PLUGIN_DESCRIPTION,
      salon_plugin_init, SALON_VERSION, "LGPL", "salon", "salon", "Unknown package origin");
}
