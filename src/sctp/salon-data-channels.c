/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-data-channels.h"

#include <string.h>

#include "salon-dcep.h"
#include "salon-limits.h"
#include "salon-sctp.h"

/* RFC 8831 section 8, and 8.1 for those that are not used any more. */
enum
{
  PPID_CONTROL = 50,
  PPID_TEXT = 51,
  PPID_BINARY = 53,
  PPID_TEXT_EMPTY = 56,
  PPID_BINARY_EMPTY = 57,
};

typedef struct
{
  SalonDataChannel channel; /* (owned contents); label is NULL while nothing uses the stream */
  gboolean awaits_ours;     /* once closed: the peer's word that it knows */
  gboolean awaits_theirs;   /* and that it closes its side too */
} Stream;

struct _SalonDataChannels
{
  const SalonDataChannelsEvents *events;
  gpointer user_data;
  SalonDataSendFunc send;
  gpointer send_data;
  SalonSctp *sctp; /* (owned) (nullable): NULL once closed */
  gboolean is_dtls_client;
  gboolean is_up;
  guint n_users; /* calls on the stack */
  Stream streams[SALON_LIMIT_DATA_STREAMS];
};

static gboolean
is_closing (const Stream *stream)
{
  return stream->awaits_ours || stream->awaits_theirs;
}

static void
unuse (SalonDataChannels *self)
{
  if (--self->n_users == 0)
    g_free (self);
}

static void
clear_channel (SalonDataChannel *channel)
{
  g_clear_pointer (&channel->label, g_free);
  g_clear_pointer (&channel->protocol, g_free);
}

/* -- sending -- */

static gboolean
is_lossy (const SalonDataChannel *channel)
{
  return channel->max_retransmits >= 0 || channel->max_lifetime_ms >= 0;
}

gboolean
salon_data_channel_is_reliable (const SalonDataChannel *channel)
{
  return !is_lossy (channel);
}

static gboolean
send_control (SalonDataChannels *self, guint16 stream, const guint8 *data, gsize size)
{
  const SalonSctpMode mode = { .stream = stream, .ppid = PPID_CONTROL, .max_retransmits = -1, .max_lifetime_ms = -1 };

  return salon_sctp_send (self->sctp, &mode, data, size) == SALON_SCTP_SENT;
}

gboolean
salon_data_channel_send (SalonDataChannel *channel, gboolean is_text, const guint8 *data, gsize size)
{
  static const guint8 nothing = 0; /* SCTP has no empty messages */
  SalonSctpMode mode = {
    .stream = channel->stream,
    .is_unordered = channel->is_unordered,
    .max_retransmits = channel->max_retransmits,
    .max_lifetime_ms = channel->max_lifetime_ms,
  };

  if (size == 0)
    mode.ppid = is_text ? PPID_TEXT_EMPTY : PPID_BINARY_EMPTY;
  else
    mode.ppid = is_text ? PPID_TEXT : PPID_BINARY;
  return salon_sctp_send (channel->channels->sctp, &mode, size > 0 ? data : &nothing, MAX (size, 1)) == SALON_SCTP_SENT;
}

/* -- opening -- */

/* Our streams are those whose numbers fit our role in DTLS (RFC 8832 section 6). */
static Stream *
find_free_stream (SalonDataChannels *self)
{
  for (guint i = self->is_dtls_client ? 0 : 1; i < SALON_LIMIT_DATA_STREAMS; i += 2)
    {
      if (self->streams[i].channel.label == NULL && !is_closing (&self->streams[i]))
        return &self->streams[i];
    }
  return NULL;
}

static void
fill_channel (SalonDataChannels *self, Stream *stream, const SalonDataChannel *like)
{
  stream->channel = *like;
  stream->channel.channels = self;
  stream->channel.stream = (guint16)(stream - self->streams);
  stream->channel.is_ours = (stream->channel.stream % 2 == 0) == self->is_dtls_client;
  stream->channel.label = g_strdup (like->label);
  stream->channel.protocol = g_strdup (like->protocol);
}

SalonDataChannel *
salon_data_channels_open (SalonDataChannels *self, const SalonDataChannel *like)
{
  const SalonDcepOpen message
      = { like->label, like->protocol, like->is_unordered, like->max_retransmits, like->max_lifetime_ms };
  Stream *stream = self->sctp != NULL && self->is_up ? find_free_stream (self) : NULL;
  g_autoptr (GByteArray) open = NULL;

  if (stream == NULL)
    return NULL;
  fill_channel (self, stream, like);
  open = salon_dcep_open_write (&message);
  if (send_control (self, stream->channel.stream, open->data, open->len))
    return &stream->channel;
  clear_channel (&stream->channel);
  return NULL;
}

SalonDataChannel *
salon_data_channels_find (SalonDataChannels *self, const char *label, const SalonDataChannel *except)
{
  for (guint i = 0; i < SALON_LIMIT_DATA_STREAMS; i++)
    {
      SalonDataChannel *channel = &self->streams[i].channel;

      if (channel != except && g_strcmp0 (channel->label, label) == 0)
        return channel;
    }
  return NULL;
}

void
salon_data_channels_close_channel (SalonDataChannel *channel)
{
  SalonDataChannels *self = channel->channels;
  guint16 stream = channel->stream;

  clear_channel (channel);
  self->streams[stream].awaits_ours = TRUE;
  self->streams[stream].awaits_theirs = TRUE;
  if (self->sctp != NULL)
    salon_sctp_reset_stream (self->sctp, stream);
}

/* -- what comes -- */

guint
salon_data_channels_count_foreign (SalonDataChannels *self)
{
  guint n = 0;

  for (guint i = self->is_dtls_client ? 1 : 0; i < SALON_LIMIT_DATA_STREAMS; i += 2)
    n += self->streams[i].channel.label != NULL ? 1 : 0;
  return n;
}

static void
refuse (SalonDataChannels *self, guint16 stream, SalonDataProblem problem)
{
  Stream *at = &self->streams[stream];
  g_autofree char *label = g_strdup (at->channel.label);

  if (label != NULL)
    self->events->closed (&at->channel, self->user_data);
  if (self->sctp == NULL)
    return;
  at->channel.channels = self;
  at->channel.stream = stream;
  salon_data_channels_close_channel (&at->channel);
  self->events->problem (problem, label, self->user_data);
}

static void
on_open (SalonDataChannels *self, guint16 stream, const guint8 *data, gsize size)
{
  static const guint8 ack = SALON_DCEP_ACK;
  gboolean is_ours = (stream % 2 == 0) == self->is_dtls_client;
  g_auto (SalonDcepOpen) open = { 0 };
  gboolean is_good = salon_dcep_open_read (&open, data, size);
  const SalonDataChannel like = { .label = open.label,
    .protocol = open.protocol,
    .is_unordered = open.is_unordered,
    .max_retransmits = open.max_retransmits,
    .max_lifetime_ms = open.max_lifetime_ms };

  if (!is_good || is_ours || self->streams[stream].channel.label != NULL)
    refuse (self, stream, SALON_DATA_MALFORMED);
  else if (salon_data_channels_count_foreign (self) >= SALON_LIMIT_DATA_CHANNELS)
    refuse (self, stream, SALON_DATA_TOO_MANY);
  else if (send_control (self, stream, &ack, sizeof ack))
    {
      fill_channel (self, &self->streams[stream], &like);
      self->events->opened (&self->streams[stream].channel, self->user_data);
    }
}

static void
take_message (SalonDataChannels *self, guint16 stream, guint32 ppid, const guint8 *data, gsize size)
{
  SalonDataChannel *channel;
  gboolean is_text = ppid == PPID_TEXT || ppid == PPID_TEXT_EMPTY;

  /* The association has no more streams; and what is on its way when we close a channel has nowhere to go. */
  if (stream >= SALON_LIMIT_DATA_STREAMS || self->streams[stream].awaits_theirs)
    return;
  channel = &self->streams[stream].channel;
  if (data == NULL)
    refuse (self, stream, SALON_DATA_TOO_LARGE);
  else if (ppid == PPID_CONTROL && size >= 1 && data[0] == SALON_DCEP_OPEN)
    on_open (self, stream, data, size);
  else if (ppid == PPID_CONTROL && size == 1 && data[0] == SALON_DCEP_ACK && channel->label != NULL)
    return;
  else if (channel->label == NULL || (!is_text && ppid != PPID_BINARY && ppid != PPID_BINARY_EMPTY))
    refuse (self, stream, SALON_DATA_MALFORMED);
  else
    self->events->message (
        channel, is_text, data, ppid == PPID_TEXT_EMPTY || ppid == PPID_BINARY_EMPTY ? 0 : size, self->user_data);
}

static void
on_message (guint16 stream, guint32 ppid, const guint8 *data, gsize size, gpointer user_data)
{
  SalonDataChannels *self = user_data;

  self->n_users++;
  take_message (self, stream, ppid, data, size);
  unuse (self);
}

/* RFC 8831 section 6.7: whoever is told of a reset closes its own side too. */
static void
take_reset (SalonDataChannels *self, guint16 number, gboolean is_ours)
{
  Stream *stream = number < SALON_LIMIT_DATA_STREAMS ? &self->streams[number] : NULL;

  if (stream == NULL)
    return;
  if (is_ours)
    {
      stream->awaits_ours = FALSE;
      return;
    }
  if (stream->channel.label != NULL)
    {
      self->events->closed (&stream->channel, self->user_data);
      if (self->sctp == NULL)
        return;
      salon_data_channels_close_channel (&stream->channel);
    }
  stream->awaits_theirs = FALSE;
}

static void
on_reset (guint16 number, gboolean is_ours, gpointer user_data)
{
  SalonDataChannels *self = user_data;

  self->n_users++;
  take_reset (self, number, is_ours);
  unuse (self);
}

static void
on_up (gpointer user_data)
{
  SalonDataChannels *self = user_data;

  self->is_up = TRUE;
  /* The last word of this function: it may have been closed. */
  self->events->up (self, self->user_data);
}

static void
on_down (gpointer user_data)
{
  SalonDataChannels *self = user_data;

  self->n_users++;
  self->is_up = FALSE;
  for (guint i = 0; i < SALON_LIMIT_DATA_STREAMS && self->sctp != NULL; i++)
    {
      if (self->streams[i].channel.label == NULL)
        continue;
      self->events->closed (&self->streams[i].channel, self->user_data);
      clear_channel (&self->streams[i].channel);
    }
  unuse (self);
}

static void
on_send (const guint8 *packet, gsize size, gpointer user_data)
{
  SalonDataChannels *self = user_data;

  self->send (packet, size, self->send_data);
}

void
salon_data_channels_receive (SalonDataChannels *self, const guint8 *packet, gsize size)
{
  if (self->sctp != NULL)
    salon_sctp_receive (self->sctp, packet, size);
}

void
salon_data_channels_set_reading (SalonDataChannels *self, gboolean is_reading)
{
  if (self->sctp != NULL)
    salon_sctp_set_reading (self->sctp, is_reading);
}

gboolean
salon_data_channels_have_queued (SalonDataChannels *self, gsize bytes)
{
  return self->sctp != NULL && salon_sctp_has_queued (self->sctp, bytes);
}

/* -- life -- */

static const SalonSctpEvents sctp_events = { on_send, on_up, on_message, on_reset, on_down };

SalonDataChannels *
salon_data_channels_new (gboolean is_dtls_client, SalonDataSendFunc send, gpointer send_data,
    const SalonDataChannelsEvents *events, gpointer user_data)
{
  SalonDataChannels *self = g_new0 (SalonDataChannels, 1);

  self->events = events;
  self->user_data = user_data;
  self->send = send;
  self->send_data = send_data;
  self->is_dtls_client = is_dtls_client;
  self->n_users = 1;
  self->sctp = salon_sctp_new (&sctp_events, self);
  if (self->sctp == NULL)
    unuse (self);
  return self->sctp != NULL ? self : NULL;
}

void
salon_data_channels_start (SalonDataChannels *self)
{
  if (self->sctp != NULL)
    salon_sctp_connect (self->sctp);
}

gboolean
salon_data_channels_are_up (SalonDataChannels *self)
{
  return self->is_up;
}

void
salon_data_channels_close (SalonDataChannels *self)
{
  SalonSctp *sctp = g_steal_pointer (&self->sctp);

  if (sctp == NULL)
    return;
  self->is_up = FALSE;
  salon_sctp_close (sctp);
  for (guint i = 0; i < SALON_LIMIT_DATA_STREAMS; i++)
    clear_channel (&self->streams[i].channel);
  unuse (self);
}
