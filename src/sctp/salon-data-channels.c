/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-data-channels.h"

#include <string.h>

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

/* RFC 8832 section 5. */
enum
{
  MESSAGE_ACK = 0x02,
  MESSAGE_OPEN = 0x03,
};
enum
{
  TYPE_RELIABLE = 0x00,
  TYPE_RETRANSMITS = 0x01,
  TYPE_LIFETIME = 0x02,
  TYPE_UNORDERED = 0x80,
};
#define OPEN_BYTES 12
/* "Normal": section 6.4 of RFC 8831. */
#define PRIORITY 256

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

static GByteArray *
write_open (const SalonDataChannel *channel)
{
  GByteArray *out = g_byte_array_new ();
  guint label_size = (guint)strlen (channel->label), protocol_size = (guint)strlen (channel->protocol);
  guint32 parameter = (guint32)MAX (0, MAX (channel->max_retransmits, channel->max_lifetime_ms));
  guint8 type = channel->max_retransmits >= 0   ? TYPE_RETRANSMITS
                : channel->max_lifetime_ms >= 0 ? TYPE_LIFETIME
                                                : TYPE_RELIABLE;
  const guint8 head[OPEN_BYTES] = { MESSAGE_OPEN, type | (channel->is_unordered ? TYPE_UNORDERED : 0), PRIORITY >> 8,
    PRIORITY & 0xff, parameter >> 24, (parameter >> 16) & 0xff, (parameter >> 8) & 0xff, parameter & 0xff,
    label_size >> 8, label_size & 0xff, protocol_size >> 8, protocol_size & 0xff };

  g_byte_array_append (out, head, sizeof head);
  g_byte_array_append (out, (const guint8 *)channel->label, label_size);
  g_byte_array_append (out, (const guint8 *)channel->protocol, protocol_size);
  return out;
}

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
  Stream *stream = self->sctp != NULL && self->is_up ? find_free_stream (self) : NULL;
  g_autoptr (GByteArray) open = NULL;

  if (stream == NULL)
    return NULL;
  fill_channel (self, stream, like);
  open = write_open (&stream->channel);
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

/* RFC 8832 section 5.1. channel: (out): its strings are (transfer full). */
static gboolean
read_open (const guint8 *data, gsize size, SalonDataChannel *channel)
{
  guint label_size, protocol_size, type;
  gint parameter;

  *channel = (SalonDataChannel){ .max_retransmits = -1, .max_lifetime_ms = -1 };
  if (size < OPEN_BYTES)
    return FALSE;
  type = data[1] & ~TYPE_UNORDERED;
  /* Larger ones are longer than any call. */
  parameter = (gint)MIN ((guint32)data[4] << 24 | data[5] << 16 | data[6] << 8 | data[7], G_MAXINT);
  label_size = data[8] << 8 | data[9];
  protocol_size = data[10] << 8 | data[11];
  data += OPEN_BYTES;
  if (type > TYPE_LIFETIME || label_size > SALON_LIMIT_DATA_LABEL_BYTES || protocol_size > SALON_LIMIT_DATA_LABEL_BYTES
      || size != OPEN_BYTES + (gsize)label_size + protocol_size
      || !g_utf8_validate_len ((const char *)data + label_size, protocol_size, NULL)
      || !g_utf8_validate_len ((const char *)data, label_size, NULL))
    return FALSE;
  channel->is_unordered = (data[1 - OPEN_BYTES] & TYPE_UNORDERED) != 0;
  if (type == TYPE_RETRANSMITS)
    channel->max_retransmits = parameter;
  else if (type == TYPE_LIFETIME)
    channel->max_lifetime_ms = parameter;
  channel->label = g_strndup ((const char *)data, label_size);
  channel->protocol = g_strndup ((const char *)data + label_size, protocol_size);
  return TRUE;
}

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
  static const guint8 ack = MESSAGE_ACK;
  gboolean is_ours = (stream % 2 == 0) == self->is_dtls_client;
  g_auto (GStrv) strings = g_new0 (char *, 3);
  SalonDataChannel like;
  gboolean is_good = read_open (data, size, &like);

  strings[0] = like.label;
  strings[1] = like.protocol;
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
  else if (ppid == PPID_CONTROL && size >= 1 && data[0] == MESSAGE_OPEN)
    on_open (self, stream, data, size);
  else if (ppid == PPID_CONTROL && size == 1 && data[0] == MESSAGE_ACK && channel->label != NULL)
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
