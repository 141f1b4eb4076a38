/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a receiver says of when packets came, over all streams of a transport: an RTCP packet of
 * draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1, read in place. Pure functions of bytes; what is not
 * whole, is refused before anything of it is told. */
typedef struct
{
  guint16 first;    /* transport-wide sequence number of the first packet */
  guint n_packets;  /* of which it says something */
  gint32 reference; /* in SALON_TRANSPORT_FEEDBACK_TICK_US, 24 bits, signed: what arrival times count from */

  /* How far it was read. */
  const guint8 *chunks; /* (borrowed): the present one */
  const guint8 *deltas; /* (borrowed): the next */
  guint in_chunk;       /* how many of the chunk's */
  guint n_read;
  gint64 after_us; /* the last arrival, after the reference */
} SalonTransportFeedback;

#define SALON_TRANSPORT_FEEDBACK_TICK_US (64 * G_TIME_SPAN_MILLISECOND)

/* data: a whole RTCP packet of this type (salon_rtcp_next()), which must outlive self. */
gboolean salon_transport_feedback_parse (
    SalonTransportFeedback *self, const guint8 *data, gsize size) G_GNUC_WARN_UNUSED_RESULT;

typedef struct
{
  guint16 number; /* transport-wide sequence number */
  gboolean is_received;
  gint64 after_us; /* if received: when, after the reference; packets may have come in any order */
} SalonPacketStatus;

/* The next packet, in order of their numbers. FALSE at the end. */
gboolean salon_transport_feedback_next (SalonTransportFeedback *self, SalonPacketStatus *status);
