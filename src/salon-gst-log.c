/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-gst-log.h"

#include <gst/gst.h>
#include <string.h>
#include <unistd.h>

#include "salon-log.h"

/* webrtcbin names the TURN server with user and password. */
static gboolean
has_password (const char *text)
{
  return text != NULL && strchr (text, '@') != NULL
         && (strstr (text, "turn://") != NULL || strstr (text, "turns://") != NULL);
}

static void
log_message (GstDebugCategory *category, SalonLogLevel level, GObject *object, GstDebugMessage *message)
{
  const char *component = gst_debug_category_get_name (category);
  const char *text = gst_debug_message_get (message);
  const char *shown = has_password (text) ? "(not shown: names a TURN server with its password)" : text;
  g_autofree char *text_of_object = NULL;

  /* Of other objects there is only an address. */
  if (object != NULL && GST_IS_OBJECT (object))
    text_of_object = g_strdup_printf ("%s: %s", gst_debug_message_get_id (message), shown);
  salon_log_foreign (level, component, text_of_object != NULL ? text_of_object : shown);
}

/* On any thread. */
static void
on_message (GstDebugCategory *category, GstDebugLevel level, const char *file, const char *function, int line,
    GObject *object, GstDebugMessage *message, gpointer takes_details)
{
  if (level == GST_LEVEL_ERROR)
    log_message (category, SALON_LOG_ERROR, object, message);
  else if (level == GST_LEVEL_WARNING)
    log_message (category, SALON_LOG_WARNING, object, message);
  else if (!GPOINTER_TO_INT (takes_details))
    return;
  else if (salon_log_is_text () && !has_password (gst_debug_message_get (message)))
    gst_debug_log_default (category, level, file, function, line, object, message, NULL);
  else
    log_message (category, SALON_LOG_DEBUG, object, message);
}

void
salon_gst_log_redirect (const char *levels)
{
  gboolean has_file = g_getenv ("GST_DEBUG_FILE") != NULL;

  /* With a file, GStreamer's own function writes all of it there. */
  if (!has_file)
    gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_add_log_function (on_message, GINT_TO_POINTER (!has_file), NULL);
  if (g_getenv ("GST_DEBUG") == NULL)
    gst_debug_set_threshold_from_string (levels, TRUE);
  if (!isatty (STDERR_FILENO))
    gst_debug_set_color_mode (GST_DEBUG_COLOR_MODE_OFF);
}
