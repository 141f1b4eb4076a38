/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-packet-guard.h"

#include <gst/rtp/rtp.h>
#include <string.h>

#include "salon-buffer-map.h"
#include "salon-bytes.h"
#include "salon-limits.h"
#include "salon-rtcp.h"

/* A frame's worth: larger RTCP was made to hold thousands of SSRCs. */
#define MAX_RTCP_BYTES 1500
/* What one transport-wide report may tell about: at 100 Mbit/s, half a second. */
#define MAX_REPORTED_PACKETS 4096

typedef struct
{
  guint32 ssrcs[SALON_LIMIT_PACKET_SSRCS];
  guint n_ssrcs;
} SsrcSet;

/* Transport-wide numbers (draft-holmer-rmcat-transport-wide-cc-extensions-01) of a window of time. */
typedef struct
{
  gint64 began_at_us;
  guint n_bytes; /* the report's, at worst */
  guint span;    /* how far the numbers went on */
  gboolean is_empty;
  gboolean has_last;
  guint16 last;
} ReportWindow;

struct _SalonPacketGuard
{
  SalonAdmits admits;
  gint transport_cc_id; /* atomic */
  gint n_unreported;    /* atomic: numbered packets sent since the peer last reported about any */

  /* The receiving thread's. */
  SsrcSet rtp;
  SsrcSet rtcp;
  ReportWindow window;
};

static SalonPacketGuard *
guard_ref (SalonPacketGuard *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
salon_packet_guard_unref (SalonPacketGuard *self)
{
  g_atomic_rc_box_release (self);
}

static void
closure_unref (gpointer self, GClosure *closure)
{
  salon_packet_guard_unref (self);
}

void
salon_packet_guard_set_transport_cc_id (SalonPacketGuard *self, guint8 id)
{
  g_atomic_int_set (&self->transport_cc_id, id);
}

/* -- before it: SSRCs -- */

static gboolean
admit_ssrc (SsrcSet *set, guint32 ssrc)
{
  for (guint i = 0; i < set->n_ssrcs; i++)
    {
      if (set->ssrcs[i] == ssrc)
        return TRUE;
    }
  if (set->n_ssrcs == SALON_LIMIT_PACKET_SSRCS)
    return FALSE;
  set->ssrcs[set->n_ssrcs++] = ssrc;
  return TRUE;
}

/* RFC 3550 sections 5.1 and 6.4.1; what is RTCP, RFC 5761 section 4. SSRC and CSRCs are not encrypted. */
static gboolean
admit_encrypted (SalonPacketGuard *self, GstBuffer *buffer)
{
  guint8 header[12];

  if (self->admits == SALON_ADMITS_NOTHING || gst_buffer_extract (buffer, 0, header, sizeof header) < sizeof header)
    return FALSE;
  if (salon_rtcp_is (header, sizeof header))
    return salon_rtcp_get_least_size (header[1], header[0] & 0x1f) != 0
           && admit_ssrc (&self->rtcp, salon_read_u32 (header + 4));
  /* Only mixers name CSRCs. */
  return self->admits == SALON_ADMITS_MEDIA && (header[0] & 0x0f) == 0
         && admit_ssrc (&self->rtp, salon_read_u32 (header + 8));
}

static gboolean
filter_encrypted (GstBuffer **buffer, guint index, gpointer guard)
{
  if (!admit_encrypted (guard, *buffer))
    gst_clear_buffer (buffer);
  return TRUE;
}

static GstPadProbeReturn
on_encrypted (GstPad *pad, GstPadProbeInfo *info, gpointer guard)
{
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    return admit_encrypted (guard, GST_PAD_PROBE_INFO_BUFFER (info)) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
  info->data = gst_buffer_list_make_writable (GST_PAD_PROBE_INFO_BUFFER_LIST (info));
  gst_buffer_list_foreach (info->data, filter_encrypted, guard);
  return GST_PAD_PROBE_OK;
}

/* -- after it: RTCP -- */

static gboolean
is_modest_rtcp (SalonPacketGuard *self, const guint8 *data, gsize size)
{
  SalonRtcpPacket packet;

  while (salon_rtcp_next (&data, &size, &packet))
    {
      if (packet.type != SALON_RTCP_RTPFB || packet.count != SALON_RTCP_RTPFB_TRANSPORT_CC)
        continue;
      if (packet.size < 20 || salon_read_u16 (packet.data + 14) > MAX_REPORTED_PACKETS)
        return FALSE;
      g_atomic_int_set (&self->n_unreported, 0);
    }
  return size == 0;
}

static GstPadProbeReturn
on_rtcp (GstPad *pad, GstPadProbeInfo *info, gpointer guard)
{
  g_autoptr (GstElement) rtpsession = gst_pad_get_parent_element (pad);
  g_autoptr (GObject) session = NULL;
  guint8 data[MAX_RTCP_BYTES];
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  gsize size = gst_buffer_get_size (buffer);
  guint n_sources;

  if (size > sizeof data || gst_buffer_extract (buffer, 0, data, size) != size || !is_modest_rtcp (guard, data, size))
    return GST_PAD_PROBE_DROP;
  g_object_get (rtpsession, "internal-session", &session, NULL);
  g_object_get (session, "num-sources", &n_sources, NULL);
  return n_sources < SALON_LIMIT_RTP_SOURCES ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

/* -- after it: transport-wide numbers -- */

/* The session reports once in an interval, in one packet of 1,400 bytes of which the numbers have 1,380. An interval
 * touches two windows of that length, so each may have half. */
#define WINDOW_US (SALON_TRANSPORT_CC_INTERVAL_MS * G_TIME_SPAN_MILLISECOND)
#define WINDOW_BYTES 650
/* Two windows together must not go round: the session takes a number that comes again for one 65,535 further on. */
#define WINDOW_SPAN 0x3fff

/* What a packet adds to the report at worst: 2 bytes of time, and of the chunks that tell which packets came, its part
 * of one when it follows the last, one or two of its own after a small gap; a large one takes up to nine. */
static guint
count_report_bytes (guint16 step)
{
  if (step == 1)
    return 3;
  return step <= 15 ? 8 : 24;
}

/* Whether the report has room for this number; then it is counted. */
static gboolean
admit_number (ReportWindow *window, guint16 number, gint64 now_us)
{
  guint16 step;
  guint n_bytes;

  if (now_us - window->began_at_us >= WINDOW_US)
    {
      /* After a window in which none fitted, wherever the sender is now is as good. */
      window->has_last = window->has_last && !window->is_empty;
      window->began_at_us = now_us;
      window->n_bytes = 0;
      window->span = 0;
      window->is_empty = TRUE;
    }
  step = window->has_last ? number - window->last : 16;
  n_bytes = count_report_bytes (step);
  /* Behind the last: late, or once more. */
  if (step == 0 || step >= 0x8000 || window->n_bytes + n_bytes > WINDOW_BYTES || window->span + step > WINDOW_SPAN)
    return FALSE;
  window->n_bytes += n_bytes;
  window->span += step;
  window->is_empty = FALSE;
  window->has_last = TRUE;
  window->last = number;
  return TRUE;
}

/* The first element of this id, if it is a number. */
static guint8 *
find_number (GstRTPBuffer *rtp, guint8 id)
{
  gpointer data;
  guint size;

  if (!gst_rtp_buffer_get_extension_onebyte_header (rtp, id, 0, &data, &size) || size != 2)
    return NULL;
  return data;
}

/* Overwrites them with padding (RFC 8285 section 4.2). Returns: (transfer full) */
static GstBuffer *
hide_numbers (GstBuffer *buffer, guint8 id)
{
  GstBuffer *writable = gst_buffer_make_writable (buffer);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  guint8 *number;

  if (!gst_rtp_buffer_map (writable, GST_MAP_READWRITE, &rtp))
    return writable;
  while ((number = find_number (&rtp, id)) != NULL)
    memset (number - 1, 0, 3);
  gst_rtp_buffer_unmap (&rtp);
  return writable;
}

/* buffer: (transfer full). Returns: (transfer full): the same or another one. */
static GstBuffer *
guard_rtp (gpointer guard, GstBuffer *buffer)
{
  SalonPacketGuard *self = guard;
  guint8 id = (guint8)g_atomic_int_get (&self->transport_cc_id);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  gboolean is_admitted = TRUE;
  const guint8 *number;

  if (id == 0 || !gst_rtp_buffer_map (buffer, GST_MAP_READ, &rtp))
    return buffer;
  number = find_number (&rtp, id);
  if (number != NULL)
    is_admitted = admit_number (&self->window, salon_read_u16 (number), g_get_monotonic_time ());
  gst_rtp_buffer_unmap (&rtp);
  return is_admitted ? buffer : hide_numbers (buffer, id);
}

static GstPadProbeReturn
on_rtp (GstPad *pad, GstPadProbeInfo *info, gpointer guard)
{
  salon_buffer_map (info, guard_rtp, guard);
  return GST_PAD_PROBE_OK;
}

/* -- before sending -- */

/* The session remembers each numbered packet, at 40 bytes, until the peer reports about it or a later one. Who doesn't
 * is sent only as many numbers as it takes to notice that he does again. */
#define MAX_UNREPORTED 16384
#define UNREPORTED_INTERVAL 256

static GstPadProbeReturn
on_send (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  SalonPacketGuard *self = user_data;
  guint8 id = (guint8)g_atomic_int_get (&self->transport_cc_id);
  gint n_unreported = g_atomic_int_add (&self->n_unreported, 1);

  if (id == 0 || n_unreported < MAX_UNREPORTED)
    return GST_PAD_PROBE_OK;
  if (n_unreported < MAX_UNREPORTED + UNREPORTED_INTERVAL)
    info->data = hide_numbers (GST_PAD_PROBE_INFO_BUFFER (info), id);
  else
    g_atomic_int_set (&self->n_unreported, MAX_UNREPORTED);
  return GST_PAD_PROBE_OK;
}

/* -- attaching -- */

static void
add_probe (SalonPacketGuard *self, GstPad *pad, GstPadProbeType types, GstPadProbeCallback callback)
{
  gst_pad_add_probe (pad, types, callback, guard_ref (self), (GDestroyNotify)salon_packet_guard_unref);
}

static void
on_session_pad_added (GstElement *rtpsession, GstPad *pad, gpointer guard)
{
  if (g_str_equal (GST_OBJECT_NAME (pad), "recv_rtp_sink"))
    add_probe (guard, pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_rtp);
  else if (g_str_equal (GST_OBJECT_NAME (pad), "recv_rtcp_sink"))
    add_probe (guard, pad, GST_PAD_PROBE_TYPE_BUFFER, on_rtcp);
  else if (g_str_equal (GST_OBJECT_NAME (pad), "send_rtp_sink"))
    add_probe (guard, pad, GST_PAD_PROBE_TYPE_BUFFER, on_send);
}

static void
attach_to_srtpdec (SalonPacketGuard *self, GstElement *srtpdec)
{
  /* RTCP comes by the same pad: it is multiplexed. */
  g_autoptr (GstPad) pad = gst_element_get_static_pad (srtpdec, "rtp_sink");

  add_probe (self, pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_encrypted);
}

static void
on_deep_element_added (GstBin *bin, GstBin *sub_bin, GstElement *element, gpointer guard)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  if (factory == NULL)
    return;
  if (g_str_equal (GST_OBJECT_NAME (factory), "srtpdec"))
    attach_to_srtpdec (guard, element);
  else if (g_str_equal (GST_OBJECT_NAME (factory), "rtpsession"))
    g_signal_connect_data (
        element, "pad-added", G_CALLBACK (on_session_pad_added), guard_ref (guard), closure_unref, 0);
}

SalonPacketGuard *
salon_packet_guard_new (GstElement *webrtc, SalonAdmits admits)
{
  SalonPacketGuard *self = g_atomic_rc_box_new0 (SalonPacketGuard);

  self->admits = admits;
  g_signal_connect_data (
      webrtc, "deep-element-added", G_CALLBACK (on_deep_element_added), guard_ref (self), closure_unref, 0);
  return self;
}
