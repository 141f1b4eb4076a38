/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-late-sound.h"

/* How long all has to be late before it is moved, and how long it has to be early to be moved back. */
#define PATIENCE (GST_SECOND / 2)
#define WINDOW (10 * GST_SECOND)
/* For what varies: on top of how late it is. */
#define MARGIN (100 * GST_MSECOND)
/* What a queue of salonsrc holds. */
#define MAX_DELAY (10 * GST_SECOND)

/* The pad's streaming thread. Times are running times. */
typedef struct
{
  GstClockTimeDiff latency;
  GstClockTimeDiff delay;  /* by which it is moved */
  GstClockTime late_since; /* GST_CLOCK_TIME_NONE: the last was not */
  GstClockTime since;      /* of the window */
  GstClockTimeDiff latest; /* in the window, unmoved; less than 0: before it was due */
} Watch;

static void
begin_window (Watch *self, GstClockTime now, GstClockTimeDiff late)
{
  self->late_since = GST_CLOCK_TIME_NONE;
  self->since = now;
  self->latest = late;
}

static GstClockTimeDiff
choose_delay (GstClockTimeDiff late)
{
  return late > 0 ? MIN (late + (GstClockTimeDiff)MARGIN, (GstClockTimeDiff)MAX_DELAY) : 0;
}

/* late: unmoved. */
static void
follow (Watch *self, GstClockTime now, GstClockTimeDiff late)
{
  if (!GST_CLOCK_TIME_IS_VALID (self->since))
    begin_window (self, now, late);
  self->latest = MAX (self->latest, late);
  if (late <= self->delay)
    self->late_since = GST_CLOCK_TIME_NONE;
  else if (!GST_CLOCK_TIME_IS_VALID (self->late_since))
    self->late_since = now;
  if (GST_CLOCK_TIME_IS_VALID (self->late_since) && now - self->late_since >= PATIENCE)
    {
      self->delay = choose_delay (late);
      begin_window (self, now, late);
    }
  else if (now - self->since >= WINDOW)
    {
      if (choose_delay (self->latest) + (GstClockTimeDiff)MARGIN <= self->delay)
        self->delay = choose_delay (self->latest);
      begin_window (self, now, late);
    }
}

/* FALSE: nobody knows. */
static gboolean
measure (GstPad *pad, const GstBuffer *buffer, GstClockTime *now, GstClockTime *due)
{
  g_autoptr (GstElement) mixer = gst_pad_get_parent_element (pad);
  g_autoptr (GstEvent) event = gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  const GstSegment *segment;

  if (mixer == NULL || event == NULL)
    return FALSE;
  gst_event_parse_segment (event, &segment);
  *now = gst_element_get_current_running_time (mixer);
  *due = gst_segment_to_running_time (segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  return GST_CLOCK_TIME_IS_VALID (*now) && GST_CLOCK_TIME_IS_VALID (*due);
}

static GstPadProbeReturn
on_sound (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Watch *self = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  GstClockTime now, due;

  if (!measure (pad, buffer, &now, &due))
    return GST_PAD_PROBE_OK;
  follow (self, now, GST_CLOCK_DIFF (due + self->latency, now));
  if (self->delay == 0)
    return GST_PAD_PROBE_OK;
  buffer = gst_buffer_make_writable (buffer);
  GST_BUFFER_PTS (buffer) += self->delay;
  GST_PAD_PROBE_INFO_DATA (info) = buffer;
  return GST_PAD_PROBE_OK;
}

void
salon_late_sound_watch (GstPad *pad, GstClockTime latency)
{
  Watch *self = g_new (Watch, 1);

  *self = (Watch){ (GstClockTimeDiff)latency, 0, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE, 0 };
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_sound, self, g_free);
}
