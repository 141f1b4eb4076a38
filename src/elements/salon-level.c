/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-level.h"

#include <gst/rtp/rtp.h>
#include <math.h>

#include "salon-wire.h"

/* RFC 6464, section 3: in dB below overload. */
#define SILENCE 127

/* How loud what was last heard is: atomic, counted. */
typedef gint Level;

static guint8
measure (const gint16 *samples, gsize n_samples)
{
  double sum = 0;
  double level;

  for (gsize i = 0; i < n_samples; i++)
    sum += (double)samples[i] * samples[i];
  if (sum <= 0)
    return SILENCE;
  level = -10 * log10 (sum / (double)n_samples / ((double)G_MAXINT16 * G_MAXINT16));
  return (guint8)CLAMP (lrint (level), 0, SILENCE);
}

static GstPadProbeReturn
on_samples (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Level *level = user_data;
  GstMapInfo map;

  if (!gst_buffer_map (GST_PAD_PROBE_INFO_BUFFER (info), &map, GST_MAP_READ))
    return GST_PAD_PROBE_OK;
  g_atomic_int_set (level, measure ((const gint16 *)map.data, map.size / sizeof (gint16)));
  gst_buffer_unmap (GST_PAD_PROBE_INFO_BUFFER (info), &map);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_packet (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  const guint8 level = (guint8)g_atomic_int_get ((Level *)user_data);
  GstBuffer *buffer = gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

  info->data = buffer;
  if (!gst_rtp_buffer_map (buffer, GST_MAP_READWRITE, &rtp))
    return GST_PAD_PROBE_OK;
  if (!gst_rtp_buffer_add_extension_onebyte_header (&rtp, SALON_WIRE_LEVEL_ID, &level, sizeof level))
    GST_WARNING_OBJECT (pad, "a packet has no room to tell how loud it is");
  gst_rtp_buffer_unmap (&rtp);
  return GST_PAD_PROBE_OK;
}

void
salon_level_tell (GstPad *raw, GstPad *rtp)
{
  Level *level = g_atomic_rc_box_new (Level);

  *level = SILENCE;
  gst_pad_add_probe (
      raw, GST_PAD_PROBE_TYPE_BUFFER, on_samples, g_atomic_rc_box_acquire (level), g_atomic_rc_box_release);
  gst_pad_add_probe (rtp, GST_PAD_PROBE_TYPE_BUFFER, on_packet, level, g_atomic_rc_box_release);
}
