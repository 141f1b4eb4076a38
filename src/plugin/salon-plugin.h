/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* Makes Salon's elements known to this process, after gst_init(), without a plugin file or path. FALSE when
 * GStreamer refuses, which only a broken build brings about. */
gboolean salon_plugin_register_static (void) G_GNUC_WARN_UNUSED_RESULT;

/* Adds those that a server needs to `plugin`, for the static plugin and for libgstsalon.so, which adds more. */
gboolean salon_plugin_init (GstPlugin *plugin);
