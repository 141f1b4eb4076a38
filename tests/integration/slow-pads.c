/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Preloaded into the server: webrtcbin lets go of a pad slowly. It clears the pad first and removes it afterwards, and
 * its thread that makes an offer in between would meet a pad without a transceiver; so those microseconds become
 * milliseconds, which a test can hit. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <gst/gst.h>

#define PAUSE_US 2000

__attribute__ ((visibility ("default"))) gboolean
gst_element_remove_pad (GstElement *element, GstPad *pad)
{
  gboolean (*remove_pad) (GstElement *, GstPad *) = dlsym (RTLD_NEXT, "gst_element_remove_pad");

  if (g_str_equal (G_OBJECT_TYPE_NAME (element), "GstWebRTCBin"))
    g_usleep (PAUSE_US);
  return remove_pad (element, pad);
}
