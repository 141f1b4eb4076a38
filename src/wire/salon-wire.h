/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gst/gst.h>

#include "salon-codec.h"

/* One end of a Unix socket over which two processes of one machine give each other RTP streams: no ICE, no encryption,
 * nothing that could be lost or come out of order, and one clock for both.
 *
 *   RTP --> sink_0 \                                  / src_0 --> RTP
 *                   SalonWire  <--- socket --->  SalonWire
 *   RTP <-- src_7  /                                  \ sink_7 <-- RTP
 *
 * The socket is of SOCK_SEQPACKET; each message is a record: a header, and an RTP packet, a request for a keyframe, or
 * the end of a stream, which is answered. Who opens a stream numbers it, each side for itself. A packet's payload type
 * tells its codec, as in salon_codec_get_info(). Times are CLOCK_MONOTONIC, at which the packet's frame is due: so
 * sound and picture stay together, whichever clocks the pipelines have.
 *
 * A packet of sound may tell how loud it is (RFC 6464), by the header extension SALON_WIRE_LEVEL_ID.
 *
 * A sink pad drops all until a keyframe, for which it asks, whenever something of its stream was lost: at first, after
 * another socket was connected, and when the other end is slow. It never fails: without a socket everything is dropped.
 * A source pad is there from its first packet on, with caps; requests for a keyframe that come to it go to the other
 * end.
 *
 * Signals, in the thread that reads the socket:
 *   source-added (GstPad *)    a stream comes in, or goes on with another codec; whatever takes it, links it now
 *   source-ended (guint)       the other end has ended the stream; its pad is still there
 *   sink-ended (GstPad *)      end-of-stream came on a sink pad, and the other end has read to it; also, from the
 *                              streaming thread, if there is none
 *   closed ()                  the other end is gone, or does not keep to the format; not after salon_wire_disconnect()
 *
 * Owned by whoever puts it into a pipeline. Without a socket before it is disposed of. */
#define SALON_WIRE_LEVEL_ID 1
#define SALON_TYPE_WIRE (salon_wire_get_type ())
G_DECLARE_FINAL_TYPE (SalonWire, salon_wire, SALON, WIRE, GstElement)

/* patience_ms: how long a sink pad waits for room in the socket before it drops; latency_ms: what the source pads say
 * that their streams are late. max_sources: how many streams the other end may open. */
SalonWire *salon_wire_new (guint patience_ms, guint latency_ms, guint max_sources) G_GNUC_WARN_UNUSED_RESULT;

/* Any thread. */
void salon_wire_set_latency (SalonWire *self, guint latency_ms);

/* socket: connected. One thread connects and disconnects, and not the one that reads. */
void salon_wire_connect (SalonWire *self, GSocket *socket);
/* Waits for the reading thread, thus for whatever its stream is pushed into. */
void salon_wire_disconnect (SalonWire *self);

/* Returns: (transfer none): a new sink pad, active. */
GstPad *salon_wire_add_sink (SalonWire *self, guint stream);
guint salon_wire_get_stream (SalonWire *self, GstPad *pad);
/* Of a source pad. Its caps tell too, but are lost when the element stops. */
SalonCodec salon_wire_get_codec (SalonWire *self, GstPad *pad);
/* Tells the other end that nothing more comes on a sink pad. */
void salon_wire_end_stream (SalonWire *self, GstPad *pad);
/* Either kind. Nothing may be pushed into a sink pad any more; a source pad's stream is forgotten. */
void salon_wire_remove_pad (SalonWire *self, GstPad *pad);

typedef struct
{
  guint64 packets_sent;
  guint64 bytes_sent;
  guint64 packets_received;
  guint64 bytes_received;
  guint64 packets_dropped; /* for want of a keyframe, or of room in the socket */
  guint64 keyframe_requests;
} SalonWireStats;

/* Any thread. */
SalonWireStats salon_wire_get_stats (SalonWire *self);
