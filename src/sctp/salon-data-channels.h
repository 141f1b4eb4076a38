/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* The data channels of one peer connection (RFC 8831), opened by either side (DCEP, RFC 8832), over whatever carries
 * DTLS's application data. Nothing comes or goes before salon_data_channels_start().
 *
 * Owned by its transport; main context; salon_data_channels_close() ends it, also from its own events. */
typedef struct _SalonDataChannels SalonDataChannels;

/* One of them; lives until its `closed` event, or our salon_data_channels_close_channel(). */
typedef struct
{
  SalonDataChannels *channels; /* (borrowed) */
  guint16 stream;
  gboolean is_ours; /* opened by us */
  char *label;      /* (owned): UTF-8 */
  char *protocol;   /* (owned): UTF-8 */
  gboolean is_unordered;
  gint max_retransmits; /* -1: reliable, as far as this goes */
  gint max_lifetime_ms; /* -1: the same */
} SalonDataChannel;

/* What a client did with a channel that is closed for it. */
typedef enum
{
  SALON_DATA_MALFORMED, /* a message that is none of RFC 8831's or 8832's */
  SALON_DATA_TOO_LARGE,
  SALON_DATA_TOO_MANY,
} SalonDataProblem;

/* Where its packets go. */
typedef void (*SalonDataSendFunc) (const guint8 *packet, gsize size, gpointer user_data);

typedef struct
{
  /* Channels can be opened. */
  void (*up) (SalonDataChannels *channels, gpointer user_data);
  /* By the peer. */
  void (*opened) (SalonDataChannel *channel, gpointer user_data);
  void (*message) (SalonDataChannel *channel, gboolean is_text, const guint8 *data, gsize size, gpointer user_data);
  /* By the peer, or with all of them. */
  void (*closed) (SalonDataChannel *channel, gpointer user_data);
  /* A channel was refused or closed for what came on it, which `closed` tells, if it was ever opened.
   * label (nullable): NULL when it came to none. */
  void (*problem) (SalonDataProblem problem, const char *label, gpointer user_data);
} SalonDataChannelsEvents;

/* events (borrowed) must outlive it. is_dtls_client: whose streams have even numbers. Returns: (nullable) */
SalonDataChannels *salon_data_channels_new (gboolean is_dtls_client, SalonDataSendFunc send, gpointer send_data,
    const SalonDataChannelsEvents *events, gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
void salon_data_channels_close (SalonDataChannels *self);
/* DTLS is up and its peer is who it should be. */
void salon_data_channels_start (SalonDataChannels *self);
gboolean salon_data_channels_are_up (SalonDataChannels *self);
void salon_data_channels_receive (SalonDataChannels *self, const guint8 *packet, gsize size);
/* FALSE: what comes waits, and so does the peer, in the end. */
void salon_data_channels_set_reading (SalonDataChannels *self, gboolean is_reading);

/* Whether about so many bytes wait for the peer. */
gboolean salon_data_channels_have_queued (SalonDataChannels *self, gsize bytes);

/* How many the peer has opened. */
guint salon_data_channels_count_foreign (SalonDataChannels *self);

/* like: label, protocol and reliability to open a channel with. Returns: (transfer none) (nullable): NULL when it is
 * not up, or all streams are in use. */
SalonDataChannel *salon_data_channels_open (SalonDataChannels *self, const SalonDataChannel *like);
void salon_data_channels_close_channel (SalonDataChannel *channel);
/* except (nullable): not this one. Returns: (transfer none) (nullable) */
SalonDataChannel *salon_data_channels_find (SalonDataChannels *self, const char *label, const SalonDataChannel *except);

gboolean salon_data_channel_is_reliable (const SalonDataChannel *channel);
/* FALSE: the peer does not take as much as it is sent: a lossy channel has lost this message, as it may; a reliable one
 * has lost it too, and so is good for nothing any more. */
gboolean salon_data_channel_send (
    SalonDataChannel *channel, gboolean is_text, const guint8 *data, gsize size) G_GNUC_WARN_UNUSED_RESULT;
