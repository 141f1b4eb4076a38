/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libgstsalon.so: the same elements for gst-launch-1.0, gst-inspect-1.0 and other programs. */
#include "salon-plugin.h"

#define PACKAGE "salon"
GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, salon, SALON_PLUGIN_DESCRIPTION, salon_plugin_init,
    SALON_VERSION, "LGPL", "salon", "Unknown package origin")
