/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-bin.h"

gboolean
salon_bin_has_stopped (GstStateChange transition, GstStateChangeReturn result)
{
  return GST_STATE_TRANSITION_NEXT (transition) <= GST_STATE_READY
         || (transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE);
}

static GstState
get_state_to_be (GstElement *bin)
{
  GstState state;

  GST_OBJECT_LOCK (bin);
  state = GST_STATE_PENDING (bin) != GST_STATE_VOID_PENDING ? GST_STATE_PENDING (bin) : GST_STATE (bin);
  GST_OBJECT_UNLOCK (bin);
  return state;
}

/* gst_element_sync_state_with_parent() looks at the bin once. Were the bin to change right then, and come to the
 * element first, the element would be left behind: paused in a bin that stops, which then waits for its thread for
 * ever. */
gboolean
salon_bin_start (GstElement *element)
{
  g_autoptr (GstElement) bin = GST_ELEMENT (gst_object_get_parent (GST_OBJECT (element)));
  GstState state;

  if (bin == NULL)
    return FALSE;
  do
    {
      state = get_state_to_be (bin);
      if (gst_element_set_state (element, state) == GST_STATE_CHANGE_FAILURE)
        return FALSE;
    }
  while (get_state_to_be (bin) != state);
  return TRUE;
}

void
salon_bin_remove (GstElement *element)
{
  g_autoptr (GstObject) bin = NULL;

  /* Locked first: a state change of the bin must not wake it before it is out. */
  gst_element_set_locked_state (element, TRUE);
  gst_element_set_state (element, GST_STATE_NULL);
  bin = gst_object_get_parent (GST_OBJECT (element));
  if (bin != NULL)
    gst_bin_remove (GST_BIN (bin), element);
}
