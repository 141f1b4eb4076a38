/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-data-fan.h"

#include <string.h>

#include "salon-limits.h"

/* How far a sender may be ahead of what it is granted. */
#define BURST_US G_TIME_SPAN_SECOND
/* How often it is looked at whether a receiver has caught up. */
#define WAIT_US (20 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  SalonDataMember *member;     /* (borrowed) */
  SalonDataChannels *channels; /* (borrowed) (nullable): NULL until they are up */
} End;

enum
{
  PUBLISHER,
  SUBSCRIBER,
  N_ENDS
};

struct _SalonDataMember
{
  SalonDataFan *fan; /* (borrowed) (nullable): NULL once it left */
  gboolean speaks_with_server;
  const SalonDataMemberEvents *events; /* (borrowed) */
  gpointer user_data;
  End ends[N_ENDS];
  gint64 behind_since_us; /* since when it has not caught up with what it is sent; 0: it has */
  gint64 paid_until_us;   /* when what it has sent is within what it is granted */
  guint resume_id;        /* the source that reads on, or 0 */
};

struct _SalonDataFan
{
  GPtrArray *members; /* (owned) (element-type SalonDataMember) */
  GPtrArray *labels;  /* (owned) (element-type SalonDataChannel): what to open channels like */
};

/* -- labels -- */

static void
label_free (SalonDataChannel *label)
{
  g_free (label->label);
  g_free (label->protocol);
  g_free (label);
}

static SalonDataChannel *
label_new (const SalonDataChannel *like)
{
  SalonDataChannel *label = g_memdup2 (like, sizeof *like);

  label->channels = NULL;
  label->label = g_strdup (like->label);
  label->protocol = g_strdup (like->protocol);
  return label;
}

static SalonDataChannel *
find_label (SalonDataFan *self, const char *name, guint *index)
{
  for (guint i = 0; i < self->labels->len; i++)
    {
      SalonDataChannel *label = g_ptr_array_index (self->labels, i);

      *index = i;
      if (g_str_equal (label->label, name))
        return label;
    }
  return NULL;
}

/* Returns: (nullable): the one, or two for as long as the second is being refused. */
static SalonDataChannel *
find_channel (SalonDataMember *member, const char *label, const SalonDataChannel *except)
{
  for (guint i = 0; i < N_ENDS; i++)
    {
      SalonDataChannels *channels = member->ends[i].channels;
      SalonDataChannel *channel = channels != NULL ? salon_data_channels_find (channels, label, except) : NULL;

      if (channel != NULL)
        return channel;
    }
  return NULL;
}

static void
open_channel (SalonDataMember *member, const SalonDataChannel *label)
{
  SalonDataChannels *channels = member->ends[SUBSCRIBER].channels;

  /* Without one it hears nothing of this label, which is no reason to do anything. */
  if (channels != NULL && find_channel (member, label->label, NULL) == NULL)
    salon_data_channels_open (channels, label);
}

static void
add_label (SalonDataFan *self, const SalonDataChannel *like)
{
  g_ptr_array_add (self->labels, label_new (like));
  for (guint i = 0; i < self->members->len; i++)
    open_channel (g_ptr_array_index (self->members, i), like);
}

/* Closes what we opened for a label when no client has a channel of its own any more. */
static void
drop_label_if_unused (SalonDataFan *self, const char *name, const SalonDataChannel *except)
{
  g_autofree char *label = g_strdup (name);
  guint index;

  if (find_label (self, label, &index) == NULL)
    return;
  for (guint i = 0; i < self->members->len; i++)
    {
      SalonDataChannel *channel = find_channel (g_ptr_array_index (self->members, i), label, except);

      if (channel != NULL && !channel->is_ours)
        return;
    }
  g_ptr_array_remove_index (self->labels, index);
  for (guint i = 0; i < self->members->len; i++)
    {
      SalonDataChannel *channel = find_channel (g_ptr_array_index (self->members, i), label, except);

      if (channel != NULL)
        salon_data_channels_close_channel (channel);
    }
}

/* -- what a sender is granted -- */

static void
pause_reading (SalonDataMember *self)
{
  for (guint i = 0; i < N_ENDS; i++)
    {
      if (self->ends[i].channels != NULL)
        salon_data_channels_set_reading (self->ends[i].channels, FALSE);
    }
}

/* -- how fast a receiver takes it -- */

static gboolean
has_queued (SalonDataMember *self, gsize bytes)
{
  for (guint i = 0; i < N_ENDS; i++)
    {
      if (self->ends[i].channels != NULL && salon_data_channels_have_queued (self->ends[i].channels, bytes))
        return TRUE;
    }
  return FALSE;
}

/* Whether those who send to it should wait: not for ever. */
static gboolean
is_worth_waiting_for (SalonDataMember *self, gint64 now_us)
{
  gsize limit = self->behind_since_us != 0 ? SALON_LIMIT_DATA_QUEUE_BYTES / 4 : SALON_LIMIT_DATA_QUEUE_BYTES / 2;

  if (!has_queued (self, limit))
    {
      self->behind_since_us = 0;
      return FALSE;
    }
  if (self->behind_since_us == 0)
    self->behind_since_us = now_us;
  return now_us - self->behind_since_us < SALON_LIMIT_DATA_PATIENCE_MS * G_TIME_SPAN_MILLISECOND;
}

static gboolean
must_wait_for_others (SalonDataMember *self)
{
  gint64 now_us = g_get_monotonic_time ();
  gboolean must_wait = FALSE;

  for (guint i = 0; i < self->fan->members->len; i++)
    {
      SalonDataMember *other = g_ptr_array_index (self->fan->members, i);

      must_wait |= other != self && is_worth_waiting_for (other, now_us);
    }
  return must_wait;
}

/* -- a sender waits -- */

static gboolean on_resume (gpointer user_data);

static void
pause_for (SalonDataMember *self, gint64 us)
{
  if (self->resume_id != 0)
    return;
  pause_reading (self);
  self->resume_id = g_timeout_add ((guint)(us / G_TIME_SPAN_MILLISECOND) + 1, on_resume, self);
}

/* What is read may make it leave, or pause again. */
static gboolean
on_resume (gpointer user_data)
{
  SalonDataMember *self = g_rc_box_acquire (user_data);

  self->resume_id = 0;
  if (must_wait_for_others (self))
    pause_for (self, WAIT_US);
  for (guint i = 0; i < N_ENDS && self->fan != NULL && self->resume_id == 0; i++)
    {
      if (self->ends[i].channels != NULL)
        salon_data_channels_set_reading (self->ends[i].channels, TRUE);
    }
  g_rc_box_release (self);
  return G_SOURCE_REMOVE;
}

static void
charge (SalonDataMember *self, guint n_receivers, gsize size)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 n_deliveries = MAX (n_receivers, 1);
  gint64 by_count_us = n_deliveries * G_TIME_SPAN_SECOND / SALON_LIMIT_DATA_DELIVERIES_PER_S;
  gint64 by_size_us = n_deliveries * (gint64)size * G_TIME_SPAN_SECOND / SALON_LIMIT_DATA_DELIVERED_BYTES_PER_S;

  self->paid_until_us = MAX (self->paid_until_us, now_us) + MAX (by_count_us, by_size_us);
  if (self->paid_until_us - now_us > BURST_US)
    pause_for (self, self->paid_until_us - now_us - BURST_US);
}

/* -- the server's own -- */

static gboolean
is_for_server (const SalonDataChannel *channel)
{
  return g_str_equal (channel->label, SALON_DATA_SERVER_LABEL);
}

/* However many it sends, no more are looked at than of the requests of a WebSocket. */
static void
ask (SalonDataMember *self, gboolean is_text, const guint8 *data, gsize size)
{
  charge (self, SALON_LIMIT_DATA_DELIVERIES_PER_S / SALON_LIMIT_REQUESTS_PER_S, size);
  if (is_text)
    self->events->asked ((const char *)data, size, self->user_data);
}

gboolean
salon_data_member_tell (SalonDataMember *self, const char *text)
{
  SalonDataChannels *channels = self->ends[SUBSCRIBER].channels;
  SalonDataChannel *channel
      = channels != NULL ? salon_data_channels_find (channels, SALON_DATA_SERVER_LABEL, NULL) : NULL;

  return channel != NULL && salon_data_channel_send (channel, TRUE, (const guint8 *)text, strlen (text));
}

/* -- messages -- */

static void
close_slow (SalonDataMember *self, SalonDataChannel *channel)
{
  SalonDataFan *fan = self->fan;
  g_autofree char *label = g_strdup (channel->label);

  salon_data_channels_close_channel (channel);
  drop_label_if_unused (fan, label, NULL);
  self->events->closed (label, "too_slow", self->user_data);
}

static void
members_unref (GPtrArray *slow)
{
  g_ptr_array_unref (slow);
}

/* Returns: (transfer full) (element-type SalonDataMember) (nullable): who can't take it; number of receivers. */
static GPtrArray *
fan_out (SalonDataMember *from, const SalonDataChannel *channel, gboolean is_text, const guint8 *data, gsize size,
    guint *n_receivers)
{
  SalonDataFan *fan = from->fan;
  GPtrArray *slow = NULL;

  for (guint i = 0; i < fan->members->len; i++)
    {
      SalonDataMember *to = g_ptr_array_index (fan->members, i);
      SalonDataChannel *out = to != from ? find_channel (to, channel->label, NULL) : NULL;

      if (out == NULL)
        continue;
      ++*n_receivers;
      if (salon_data_channel_send (out, is_text, data, size) || !salon_data_channel_is_reliable (out))
        continue;
      if (slow == NULL)
        slow = g_ptr_array_new_with_free_func ((GDestroyNotify)g_rc_box_release);
      g_ptr_array_add (slow, g_rc_box_acquire (to));
    }
  return slow;
}

static void
on_message (SalonDataChannel *channel, gboolean is_text, const guint8 *data, gsize size, gpointer user_data)
{
  SalonDataMember *self = ((End *)user_data)->member;
  g_autofree char *label = g_strdup (channel->label);
  guint n_receivers = 0;
  GPtrArray *slow;

  if (is_for_server (channel))
    {
      ask (self, is_text, data, size);
      return;
    }
  slow = fan_out (self, channel, is_text, data, size, &n_receivers);
  charge (self, n_receivers, size);
  if (salon_data_channel_is_reliable (channel) && must_wait_for_others (self))
    pause_for (self, WAIT_US);
  for (guint i = 0; slow != NULL && i < slow->len; i++)
    {
      SalonDataMember *member = g_ptr_array_index (slow, i);
      SalonDataChannel *out = member->fan != NULL ? find_channel (member, label, NULL) : NULL;

      if (out != NULL)
        close_slow (member, out);
    }
  g_clear_pointer (&slow, members_unref);
}

/* -- channels come and go -- */

/* Reliable, in order. */
static const SalonDataChannel for_server = { .label = (char *)SALON_DATA_SERVER_LABEL,
  .protocol = (char *)"",
  .max_retransmits = -1,
  .max_lifetime_ms = -1 };

static void
on_up (SalonDataChannels *channels, gpointer user_data)
{
  End *end = user_data;
  SalonDataMember *self = end->member;

  end->channels = channels;
  if (self->speaks_with_server && end == &self->ends[SUBSCRIBER])
    salon_data_channels_open (channels, &for_server);
  for (guint i = 0; i < self->fan->labels->len; i++)
    open_channel (self, g_ptr_array_index (self->fan->labels, i));
}

static void
refuse (SalonDataMember *self, SalonDataChannel *channel, const char *reason)
{
  g_autofree char *label = g_strdup (channel->label);

  salon_data_channels_close_channel (channel);
  self->events->closed (label, reason, self->user_data);
}

/* On both connections. */
static guint
count_foreign (SalonDataMember *self)
{
  guint n = 0;

  for (guint i = 0; i < N_ENDS; i++)
    n += self->ends[i].channels != NULL ? salon_data_channels_count_foreign (self->ends[i].channels) : 0;
  return n;
}

/* Returns: (nullable): why not; the word goes to the client. */
static const char *
get_objection (SalonDataMember *self, const SalonDataChannel *channel, const SalonDataChannel *other)
{
  guint index;

  if (other != NULL && !other->is_ours)
    return "already_open";
  if (count_foreign (self) > SALON_LIMIT_DATA_CHANNELS)
    return "too_many_channels";
  if (is_for_server (channel))
    return self->speaks_with_server ? NULL : "reserved_label";
  if (find_label (self->fan, channel->label, &index) == NULL && self->fan->labels->len >= SALON_LIMIT_DATA_LABELS)
    return "too_many_labels";
  return NULL;
}

static void
on_opened (SalonDataChannel *channel, gpointer user_data)
{
  SalonDataMember *self = ((End *)user_data)->member;
  SalonDataChannel *other = find_channel (self, channel->label, channel);
  const char *objection = get_objection (self, channel, other);
  guint index;

  charge (self, 1, 0);
  if (objection != NULL)
    {
      refuse (self, channel, objection);
      return;
    }
  if (is_for_server (channel))
    return;
  /* Its own instead. */
  if (other != NULL)
    salon_data_channels_close_channel (other);
  if (find_label (self->fan, channel->label, &index) != NULL)
    return;
  /* Everybody's is opened, and closed with it. */
  charge (self, 2 * self->fan->members->len, 0);
  add_label (self->fan, channel);
}

static void
on_closed (SalonDataChannel *channel, gpointer user_data)
{
  SalonDataMember *self = ((End *)user_data)->member;

  if (!channel->is_ours)
    drop_label_if_unused (self->fan, channel->label, channel);
}

static void
on_problem (SalonDataProblem problem, const char *label, gpointer user_data)
{
  static const char *const reasons[] = {
    [SALON_DATA_MALFORMED] = "malformed",
    [SALON_DATA_TOO_LARGE] = "too_large",
    [SALON_DATA_TOO_MANY] = "too_many_channels",
  };
  SalonDataMember *self = ((End *)user_data)->member;

  self->events->closed (label, reasons[problem], self->user_data);
}

const SalonDataChannelsEvents salon_data_member_events = { on_up, on_opened, on_message, on_closed, on_problem };

/* -- members -- */

gpointer
salon_data_member_get_publisher_end (SalonDataMember *self)
{
  return &self->ends[PUBLISHER];
}

gpointer
salon_data_member_get_subscriber_end (SalonDataMember *self)
{
  return &self->ends[SUBSCRIBER];
}

SalonDataMember *
salon_data_fan_join (
    SalonDataFan *self, gboolean speaks_with_server, const SalonDataMemberEvents *events, gpointer user_data)
{
  SalonDataMember *member = g_rc_box_new0 (SalonDataMember);

  member->fan = self;
  member->speaks_with_server = speaks_with_server;
  member->events = events;
  member->user_data = user_data;
  for (guint i = 0; i < N_ENDS; i++)
    member->ends[i].member = member;
  g_ptr_array_add (self->members, member);
  return member;
}

void
salon_data_member_leave (SalonDataMember *self)
{
  SalonDataFan *fan = g_steal_pointer (&self->fan);

  g_clear_handle_id (&self->resume_id, g_source_remove);
  g_ptr_array_remove_fast (fan->members, g_rc_box_acquire (self));
  for (guint i = fan->labels->len; i-- > 0;)
    drop_label_if_unused (fan, ((SalonDataChannel *)g_ptr_array_index (fan->labels, i))->label, NULL);
  g_rc_box_release (self);
}

SalonDataFan *
salon_data_fan_new (void)
{
  SalonDataFan *self = g_new (SalonDataFan, 1);

  self->members = g_ptr_array_new_with_free_func ((GDestroyNotify)g_rc_box_release);
  self->labels = g_ptr_array_new_with_free_func ((GDestroyNotify)label_free);
  return self;
}

void
salon_data_fan_free (SalonDataFan *self)
{
  g_assert (self->members->len == 0);
  g_ptr_array_unref (self->members);
  g_ptr_array_unref (self->labels);
  g_free (self);
}
