/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-red-entry.h"

#include "salon-buffer-map.h"
#include "salon-rtp-packet.h"

/* What is read of a packet: its header and extensions. */
#define PACKET_HEAD_BYTES 256
#define PAYLOAD_TYPE_MASK 0x7f

struct _SalonRedEntry
{
  gint payload_types; /* atomic: RED's << 8 | Opus'; 0: none */
};

void
salon_red_entry_unref (SalonRedEntry *self)
{
  g_atomic_rc_box_release (self);
}

static void
closure_unref (gpointer self, GClosure *closure)
{
  salon_red_entry_unref (self);
}

void
salon_red_entry_set (SalonRedEntry *self, const SalonSdpRed *red)
{
  g_atomic_int_set (&self->payload_types, red->payload_type << 8 | red->opus_payload_type);
}

/* buffer: (transfer full). Returns: (transfer full) */
static GstBuffer *
set_payload_type (GstBuffer *buffer, guint8 marker, guint8 payload_type)
{
  GstBuffer *writable = gst_buffer_make_writable (buffer);
  guint8 byte = marker | payload_type;

  gst_buffer_fill (writable, 1, &byte, 1);
  return writable;
}

/* RFC 2198 section 3: a header of one byte, before the primary. buffer: (transfer full). Returns: (transfer full) */
static GstBuffer *
wrap (GstBuffer *buffer, guint8 payload_type)
{
  guint8 head[PACKET_HEAD_BYTES + 1];
  gsize size = gst_buffer_get_size (buffer);
  gsize head_size = gst_buffer_extract (buffer, 0, head, PACKET_HEAD_BYTES);
  SalonRtpPacket packet;
  GstBuffer *wrapped;

  if (!salon_rtp_packet_parse_head (&packet, head, head_size, size))
    return buffer;
  wrapped = gst_buffer_new_allocate (NULL, packet.payload_offset + 1, NULL);
  head[packet.payload_offset] = payload_type;
  gst_buffer_fill (wrapped, 0, head, packet.payload_offset + 1);
  gst_buffer_copy_into (wrapped, buffer, GST_BUFFER_COPY_METADATA, 0, -1);
  gst_buffer_copy_into (wrapped, buffer, GST_BUFFER_COPY_MEMORY, packet.payload_offset, size - packet.payload_offset);
  gst_buffer_unref (buffer);
  return wrapped;
}

/* buffer: (transfer full). Returns: (transfer full): the same or another one. */
static GstBuffer *
take (gpointer user_data, GstBuffer *buffer)
{
  SalonRedEntry *self = user_data;
  gint payload_types = g_atomic_int_get (&self->payload_types);
  guint8 opus = payload_types & PAYLOAD_TYPE_MASK;
  guint8 start[2];

  if (payload_types == 0 || gst_buffer_extract (buffer, 0, start, sizeof start) < sizeof start)
    return buffer;
  if ((start[1] & PAYLOAD_TYPE_MASK) == payload_types >> 8)
    return set_payload_type (buffer, start[1] & ~PAYLOAD_TYPE_MASK, opus);
  return (start[1] & PAYLOAD_TYPE_MASK) == opus ? wrap (buffer, opus) : buffer;
}

static GstPadProbeReturn
on_rtp (GstPad *pad, GstPadProbeInfo *info, gpointer self)
{
  salon_buffer_map (info, take, self);
  return GST_PAD_PROBE_OK;
}

/* -- attaching -- */

static void
on_session_pad_added (GstElement *rtpsession, GstPad *pad, gpointer self)
{
  if (g_str_equal (GST_OBJECT_NAME (pad), "recv_rtp_sink"))
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_rtp,
        g_atomic_rc_box_acquire (self), (GDestroyNotify)salon_red_entry_unref);
}

static void
on_deep_element_added (GstBin *bin, GstBin *sub_bin, GstElement *element, gpointer self)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  if (factory != NULL && g_str_equal (GST_OBJECT_NAME (factory), "rtpsession"))
    g_signal_connect_data (
        element, "pad-added", G_CALLBACK (on_session_pad_added), g_atomic_rc_box_acquire (self), closure_unref, 0);
}

SalonRedEntry *
salon_red_entry_new (GstElement *webrtc)
{
  SalonRedEntry *self = g_atomic_rc_box_new0 (SalonRedEntry);

  g_signal_connect_data (webrtc, "deep-element-added", G_CALLBACK (on_deep_element_added),
      g_atomic_rc_box_acquire (self), closure_unref, 0);
  return self;
}
