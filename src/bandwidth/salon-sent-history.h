/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The last packets that were sent over a transport: when, and how large. A ring by transport-wide sequence number
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 2). Plain data: whoever has it, locks it. */

/* Two seconds at 10 Mbit/s; browsers tell of packets after a quarter of a second at most, and a round trip. */
#define SALON_SENT_HISTORY_SIZE 2048

typedef struct
{
  guint32 sent_us; /* the low bits: 71 minutes */
  guint16 size_bytes;
  guint16 state;
} SalonSentEntry;

typedef struct
{
  guint64 next;    /* the number of the next packet, of which 16 bits are sent */
  guint64 n_bytes; /* sent in all */
  SalonSentEntry entries[SALON_SENT_HISTORY_SIZE];
} SalonSentHistory;

typedef struct
{
  guint64 number;
  gint64 sent_us;
  gint64 received_us; /* by the receiver's clock; -1: it did not come */
  guint size_bytes;
} SalonSentPacket;

/* Zeroed, it is empty. Returns: the packet's number. */
guint16 salon_sent_history_add (SalonSentHistory *self, gint64 now_us, gsize size_bytes);

/* What is known of a packet that a receiver speaks of. FALSE: nothing, since it was not sent, or is too long ago, or
 * nothing new is said of it. Only received_us is left to the caller. */
gboolean salon_sent_history_take (SalonSentHistory *self, guint16 number, gboolean is_received, gint64 now_us,
    SalonSentPacket *packet) G_GNUC_WARN_UNUSED_RESULT;
