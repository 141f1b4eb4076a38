/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libgstsalon.so: Salon's elements for gst-launch-1.0, gst-inspect-1.0 and other programs. */
#include "salon-composite.h"
#include "salon-media-src.h"
#include "salon-plugin.h"
#include "salon-recorder.h"
#include "salon-sink.h"
#include "salon-src.h"

#define PACKAGE "salon"

static gboolean
init (GstPlugin *plugin)
{
  return salon_plugin_init (plugin) && GST_ELEMENT_REGISTER (salonsrc, plugin)
         && GST_ELEMENT_REGISTER (salonsink, plugin) && GST_ELEMENT_REGISTER (saloncomposite, plugin)
         && GST_ELEMENT_REGISTER (salonmediasrc, plugin) && GST_ELEMENT_REGISTER (salonrecorder, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, salon, SALON_PLUGIN_DESCRIPTION, init, SALON_VERSION, "LGPL",
    "salon", "Unknown package origin")
