/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* One SCTP association (RFC 9260) whose packets a DTLS connection carries (RFC 8261), by usrsctp. It has no thread:
 * packets that come are given to it, those that go are given to a function, and a timer of the main context runs while
 * there are associations.
 *
 * Both sides connect at once, as WebRTC has it (RFC 8841 section 9.3). Memory is bounded, both ways: what is not read
 * closes the window of who sends, and what is not taken is refused to who wants to send more.
 *
 * Owned by who made it; main context; salon_sctp_close() ends it, also from its own events. */
typedef struct _SalonSctp SalonSctp;

typedef struct
{
  guint16 stream;
  guint32 ppid; /* what it is: RFC 8831 section 8 */
  gboolean is_unordered;
  gint max_retransmits; /* -1: as many as it takes */
  gint max_lifetime_ms; /* -1: for ever; one of the two */
} SalonSctpMode;

typedef struct
{
  void (*send) (const guint8 *packet, gsize size, gpointer user_data);
  /* Messages can be sent. Once. */
  void (*up) (gpointer user_data);
  /* data (nullable): NULL when it was larger than SALON_LIMIT_DATA_MESSAGE_BYTES. */
  void (*message) (guint16 stream, guint32 ppid, const guint8 *data, gsize size, gpointer user_data);
  /* The peer sends no more on this stream; or knows that we don't: what comes then begins anew. */
  void (*reset) (guint16 stream, gboolean is_ours, gpointer user_data);
  /* It is over, by the peer or by its silence. Once. */
  void (*down) (gpointer user_data);
} SalonSctpEvents;

/* events (borrowed) must outlive it. Returns: (nullable): NULL when there is no memory for it. */
SalonSctp *salon_sctp_new (const SalonSctpEvents *events, gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
void salon_sctp_close (SalonSctp *self);

/* The DTLS connection is there. */
void salon_sctp_connect (SalonSctp *self);
void salon_sctp_receive (SalonSctp *self, const guint8 *packet, gsize size);

/* FALSE: what comes waits, and so does the peer, in the end. */
void salon_sctp_set_reading (SalonSctp *self, gboolean is_reading);

typedef enum
{
  SALON_SCTP_SENT,
  SALON_SCTP_FULL, /* SALON_LIMIT_DATA_QUEUE_BYTES, of what may get lost _LOSSY_QUEUE_BYTES, wait for the peer already
                    */
  SALON_SCTP_DOWN,
} SalonSctpResult;

SalonSctpResult salon_sctp_send (
    SalonSctp *self, const SalonSctpMode *mode, const guint8 *data, gsize size) G_GNUC_WARN_UNUSED_RESULT;
/* Whether about so many bytes wait for the peer, sent or not. */
gboolean salon_sctp_has_queued (SalonSctp *self, gsize bytes);
/* Sends no more on a stream, after what waits; the peer is told (RFC 6525). */
void salon_sctp_reset_stream (SalonSctp *self, guint16 stream);
