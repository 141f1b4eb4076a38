/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data channels of two sides on one wire, and of one side whose peer breaks the rules. */
#include <string.h>

#include "salon-data-channels.h"
#include "salon-limits.h"
#include "salon-sctp.h"

#define WATCHDOG_MS 20000

typedef struct _Side Side;

struct _Side
{
  Side *other;
  SalonDataChannels *channels; /* (owned) (nullable): of one that keeps the rules */
  SalonSctp *sctp;             /* (owned) (nullable): of one that doesn't */
  GQueue wire;                 /* (element-type GBytes): packets on their way to the other */
  guint n_packets;
  guint drop_each; /* of its packets, every so manieth is lost; 0: none */

  gboolean is_up;
  SalonDataChannel *opened; /* (borrowed): the last, by the other */
  GString *told;            /* what happened, a line each */
  GByteArray *heard;        /* the last message */
  guint n_heard;
  gboolean closes_on_message;
  gboolean pauses; /* now and then */
  guint read_on_id;
};

typedef struct
{
  Side a, b;
  guint watchdog_id;
} Fixture;

static void
tell (Side *side, const char *what, const char *label)
{
  g_string_append_printf (side->told, "%s %s\n", what, label != NULL ? label : "-");
}

static void
on_send (const guint8 *packet, gsize size, gpointer user_data)
{
  Side *side = user_data;

  g_assert_cmpuint (size, <=, 1188);
  if (side->drop_each == 0 || ++side->n_packets % side->drop_each != 0)
    g_queue_push_tail (&side->wire, g_bytes_new (packet, size));
}

static void
on_up (SalonDataChannels *channels, gpointer user_data)
{
  ((Side *)user_data)->is_up = TRUE;
}

static void
on_raw_up (gpointer user_data)
{
  ((Side *)user_data)->is_up = TRUE;
}

static void
on_opened (SalonDataChannel *channel, gpointer user_data)
{
  Side *side = user_data;

  side->opened = channel;
  tell (side, "opened", channel->label);
}

static gboolean
read_on (gpointer user_data)
{
  Side *side = user_data;

  side->read_on_id = 0;
  side->pauses = TRUE;
  salon_data_channels_set_reading (side->channels, TRUE);
  return G_SOURCE_REMOVE;
}

static void
on_message (SalonDataChannel *channel, gboolean is_text, const guint8 *data, gsize size, gpointer user_data)
{
  Side *side = user_data;

  side->n_heard++;
  g_byte_array_set_size (side->heard, 0);
  g_byte_array_append (side->heard, data, (guint)size);
  tell (side, is_text ? "text" : "binary", channel->label);
  if (side->pauses && side->n_heard % 50 == 0)
    {
      side->pauses = FALSE;
      salon_data_channels_set_reading (side->channels, FALSE);
      side->read_on_id = g_timeout_add (20, read_on, side);
    }
  if (side->closes_on_message)
    salon_data_channels_close (g_steal_pointer (&side->channels));
}

static void
on_closed (SalonDataChannel *channel, gpointer user_data)
{
  Side *side = user_data;

  if (side->opened == channel)
    side->opened = NULL;
  tell (side, "closed", channel->label);
}

static void
on_problem (SalonDataProblem problem, const char *label, gpointer user_data)
{
  static const char *const names[] = { "malformed", "too-large", "too-many" };

  tell (user_data, names[problem], label);
}

static const SalonDataChannelsEvents events = { on_up, on_opened, on_message, on_closed, on_problem };

static void
on_raw_message (guint16 stream, guint32 ppid, const guint8 *data, gsize size, gpointer user_data)
{
  ((Side *)user_data)->n_heard++;
}

static void
on_raw_reset (guint16 stream, gboolean is_ours, gpointer user_data)
{
  Side *side = user_data;

  if (!is_ours)
    g_string_append_printf (side->told, "reset %u\n", stream);
}

static void
on_raw_down (gpointer user_data)
{
  tell (user_data, "down", NULL);
}

static const SalonSctpEvents raw_events = { on_send, on_raw_up, on_raw_message, on_raw_reset, on_raw_down };

/* -- the wire -- */

static void
deliver (Side *side)
{
  GBytes *packet;

  while ((packet = g_queue_pop_head (&side->wire)) != NULL)
    {
      gsize size;
      const guint8 *data = g_bytes_get_data (packet, &size);

      if (side->other->channels != NULL)
        salon_data_channels_receive (side->other->channels, data, size);
      else if (side->other->sctp != NULL)
        salon_sctp_receive (side->other->sctp, data, size);
      g_bytes_unref (packet);
    }
}

static gboolean
on_watchdog (gpointer user_data)
{
  g_error ("waited in vain");
  return G_SOURCE_REMOVE;
}

/* Until a condition holds, under the watchdog. */
#define RUN_UNTIL(fixture, condition)                                                                                  \
  while (!(condition))                                                                                                 \
    {                                                                                                                  \
      deliver (&(fixture)->a);                                                                                         \
      deliver (&(fixture)->b);                                                                                         \
      if (!(condition))                                                                                                \
        g_main_context_iteration (                                                                                     \
            NULL, g_queue_is_empty (&(fixture)->a.wire) && g_queue_is_empty (&(fixture)->b.wire));                     \
    }

static void
side_init (Side *side, Side *other)
{
  side->other = other;
  side->told = g_string_new (NULL);
  side->heard = g_byte_array_new ();
}

static void
side_clear (Side *side)
{
  g_clear_handle_id (&side->read_on_id, g_source_remove);
  g_clear_pointer (&side->channels, salon_data_channels_close);
  g_clear_pointer (&side->sctp, salon_sctp_close);
  g_queue_clear_full (&side->wire, (GDestroyNotify)g_bytes_unref);
  g_string_free (side->told, TRUE);
  g_byte_array_unref (side->heard);
}

/* is_hostile: b speaks SCTP alone. */
static void
set_up (Fixture *fixture, gconstpointer is_hostile)
{
  side_init (&fixture->a, &fixture->b);
  side_init (&fixture->b, &fixture->a);
  fixture->watchdog_id = g_timeout_add (WATCHDOG_MS, on_watchdog, NULL);
  fixture->a.channels = salon_data_channels_new (FALSE, on_send, &fixture->a, &events, &fixture->a);
  salon_data_channels_start (fixture->a.channels);
  if (is_hostile != NULL)
    {
      fixture->b.sctp = salon_sctp_new (&raw_events, &fixture->b);
      salon_sctp_connect (fixture->b.sctp);
    }
  else
    {
      fixture->b.channels = salon_data_channels_new (TRUE, on_send, &fixture->b, &events, &fixture->b);
      salon_data_channels_start (fixture->b.channels);
    }
  RUN_UNTIL (fixture, fixture->a.is_up && fixture->b.is_up);
}

static void
tear_down (Fixture *fixture, gconstpointer is_hostile)
{
  side_clear (&fixture->a);
  side_clear (&fixture->b);
  g_source_remove (fixture->watchdog_id);
}

static SalonDataChannel *
open_channel (Fixture *fixture, const char *label)
{
  const SalonDataChannel like
      = { .label = (char *)label, .protocol = (char *)"", .max_retransmits = -1, .max_lifetime_ms = -1 };
  SalonDataChannel *channel = salon_data_channels_open (fixture->b.channels, &like);

  g_assert_nonnull (channel);
  RUN_UNTIL (fixture, fixture->a.opened != NULL && g_strcmp0 (fixture->a.opened->label, label) == 0);
  return channel;
}

static void
send_text (SalonDataChannel *channel, const char *text)
{
  g_assert_true (salon_data_channel_send (channel, TRUE, (const guint8 *)text, strlen (text)));
}

/* -- tests -- */

/* What one side says before the other listens is lost. */
static void
test_begins_in_any_order (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      Side *first = i == 0 ? &fixture->a : &fixture->b;

      g_clear_pointer (&fixture->a.channels, salon_data_channels_close);
      g_clear_pointer (&fixture->b.channels, salon_data_channels_close);
      g_queue_clear_full (&fixture->a.wire, (GDestroyNotify)g_bytes_unref);
      g_queue_clear_full (&fixture->b.wire, (GDestroyNotify)g_bytes_unref);
      fixture->a.is_up = fixture->b.is_up = FALSE;
      fixture->a.opened = NULL;
      fixture->a.channels = salon_data_channels_new (FALSE, on_send, &fixture->a, &events, &fixture->a);
      fixture->b.channels = salon_data_channels_new (TRUE, on_send, &fixture->b, &events, &fixture->b);
      salon_data_channels_start (first->channels);
      deliver (first);
      salon_data_channels_start (first->other->channels);
      RUN_UNTIL (fixture, fixture->a.is_up && fixture->b.is_up);
      open_channel (fixture, "chat");
    }
}

static void
test_both_ways (Fixture *fixture, gconstpointer data)
{
  SalonDataChannel *channel = open_channel (fixture, "chat");
  const guint8 bytes[] = { 0, 255, 0 };

  send_text (channel, "hello");
  RUN_UNTIL (fixture, fixture->a.n_heard == 1);
  g_assert_cmpmem (fixture->a.heard->data, fixture->a.heard->len, "hello", 5);
  g_assert_true (salon_data_channel_send (fixture->a.opened, FALSE, bytes, sizeof bytes));
  RUN_UNTIL (fixture, fixture->b.n_heard == 1);
  g_assert_cmpmem (fixture->b.heard->data, fixture->b.heard->len, bytes, sizeof bytes);
  g_assert_true (salon_data_channel_send (fixture->a.opened, TRUE, NULL, 0));
  RUN_UNTIL (fixture, fixture->b.n_heard == 2);
  g_assert_cmpuint (fixture->b.heard->len, ==, 0);
  g_assert_cmpstr (fixture->a.told->str, ==, "opened chat\ntext chat\n");
  g_assert_cmpstr (fixture->b.told->str, ==, "binary chat\ntext chat\n");
}

static void
test_says_how_reliable (Fixture *fixture, gconstpointer data)
{
  const SalonDataChannel lossy = {
    .label = (char *)"päth", .protocol = (char *)"v1", .is_unordered = TRUE, .max_retransmits = 0, .max_lifetime_ms = -1
  };
  const SalonDataChannel timed
      = { .label = (char *)"timed", .protocol = (char *)"", .max_retransmits = -1, .max_lifetime_ms = 250 };

  g_assert_nonnull (salon_data_channels_open (fixture->b.channels, &lossy));
  RUN_UNTIL (fixture, fixture->a.opened != NULL);
  g_assert_cmpstr (fixture->a.opened->label, ==, "päth");
  g_assert_cmpstr (fixture->a.opened->protocol, ==, "v1");
  g_assert_true (fixture->a.opened->is_unordered);
  g_assert_cmpint (fixture->a.opened->max_retransmits, ==, 0);
  g_assert_false (salon_data_channel_is_reliable (fixture->a.opened));
  g_assert_nonnull (salon_data_channels_open (fixture->b.channels, &timed));
  RUN_UNTIL (fixture, g_str_equal (fixture->a.opened->label, "timed"));
  g_assert_cmpint (fixture->a.opened->max_lifetime_ms, ==, 250);
  g_assert_false (fixture->a.opened->is_unordered);
}

static void
test_closes (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 3 * SALON_LIMIT_DATA_STREAMS; i++)
    {
      SalonDataChannel *channel;

      fixture->a.opened = NULL;
      channel = open_channel (fixture, "brief");
      g_string_truncate (fixture->a.told, 0);
      g_string_truncate (fixture->b.told, 0);
      if (i % 2 == 0)
        salon_data_channels_close_channel (channel);
      else
        salon_data_channels_close_channel (fixture->a.opened);
      RUN_UNTIL (fixture, g_str_equal ((i % 2 == 0 ? &fixture->a : &fixture->b)->told->str, "closed brief\n"));
    }
}

static void
test_message_bound (Fixture *fixture, gconstpointer data)
{
  SalonDataChannel *channel = open_channel (fixture, "files");
  g_autofree guint8 *file = g_malloc (SALON_LIMIT_DATA_MESSAGE_BYTES + 1);

  memset (file, 7, SALON_LIMIT_DATA_MESSAGE_BYTES + 1);
  g_assert_true (salon_data_channel_send (channel, FALSE, file, SALON_LIMIT_DATA_MESSAGE_BYTES));
  RUN_UNTIL (fixture, fixture->a.n_heard == 1);
  g_assert_cmpmem (fixture->a.heard->data, fixture->a.heard->len, file, SALON_LIMIT_DATA_MESSAGE_BYTES);
  g_assert_true (salon_data_channel_send (channel, FALSE, file, SALON_LIMIT_DATA_MESSAGE_BYTES + 1));
  RUN_UNTIL (fixture, strstr (fixture->b.told->str, "closed files") != NULL);
  g_assert_cmpstr (fixture->a.told->str, ==, "opened files\nbinary files\nclosed files\ntoo-large files\n");
  open_channel (fixture, "goes on");
}

static void
test_channel_bound (Fixture *fixture, gconstpointer data)
{
  const SalonDataChannel like
      = { .label = (char *)"more", .protocol = (char *)"", .max_retransmits = -1, .max_lifetime_ms = -1 };

  for (guint i = 0; i < SALON_LIMIT_DATA_CHANNELS; i++)
    {
      g_autofree char *label = g_strdup_printf ("%u", i);

      open_channel (fixture, label);
    }
  g_string_truncate (fixture->a.told, 0);
  g_assert_nonnull (salon_data_channels_open (fixture->b.channels, &like));
  RUN_UNTIL (fixture, strstr (fixture->b.told->str, "closed more") != NULL);
  g_assert_cmpstr (fixture->a.told->str, ==, "too-many -\n");
}

static void
test_waits (Fixture *fixture, gconstpointer data)
{
  SalonDataChannel *channel = open_channel (fixture, "much");
  static const guint8 kilobyte[1024];
  guint n_sent = 0, n_taken;

  salon_data_channels_set_reading (fixture->a.channels, FALSE);
  /* All that waits on both sides; twice as much would mean that there is no bound. */
  for (guint i = 0; i < 20; i++)
    {
      while (salon_data_channel_send (channel, FALSE, kilobyte, sizeof kilobyte))
        n_sent++;
      deliver (&fixture->b);
      deliver (&fixture->a);
      g_main_context_iteration (NULL, TRUE);
    }
  n_taken = n_sent;
  g_assert_cmpuint (n_taken, <=, 2 * (SALON_LIMIT_DATA_QUEUE_BYTES + SALON_LIMIT_DATA_RECEIVE_BYTES) / 1024);
  g_assert_cmpuint (n_taken, >=, SALON_LIMIT_DATA_QUEUE_BYTES / 2048);
  g_assert_cmpuint (fixture->a.n_heard, ==, 0);
  salon_data_channels_set_reading (fixture->a.channels, TRUE);
  RUN_UNTIL (fixture, fixture->a.n_heard == n_sent);
  send_text (channel, "again");
  RUN_UNTIL (fixture, fixture->a.n_heard == n_sent + 1);
}

/* Again and again, as when somebody sends more than they are granted. */
static void
test_waits_often (Fixture *fixture, gconstpointer data)
{
  SalonDataChannel *channel = open_channel (fixture, "much");
  static const guint8 kilobyte[1024];
  guint n_sent = 0;

  fixture->a.pauses = TRUE;
  while (n_sent < 3000)
    {
      guint n_heard = fixture->a.n_heard;

      while (n_sent < 3000 && salon_data_channel_send (channel, FALSE, kilobyte, sizeof kilobyte))
        n_sent++;
      RUN_UNTIL (fixture, fixture->a.n_heard > n_heard);
    }
  RUN_UNTIL (fixture, fixture->a.n_heard == n_sent);
}

static void
test_lossy_drops (Fixture *fixture, gconstpointer data)
{
  const SalonDataChannel lossy
      = { .label = (char *)"lossy", .protocol = (char *)"", .max_retransmits = 0, .max_lifetime_ms = -1 };
  SalonDataChannel *channel = salon_data_channels_open (fixture->b.channels, &lossy);
  static const guint8 kilobyte[1024];
  guint n_sent = 0;

  RUN_UNTIL (fixture, fixture->a.opened != NULL);
  for (guint i = 0; i < 1000; i++)
    n_sent += salon_data_channel_send (channel, FALSE, kilobyte, sizeof kilobyte) ? 1 : 0;
  /* With what SCTP adds to each. */
  g_assert_cmpuint (n_sent, <=, SALON_LIMIT_DATA_LOSSY_QUEUE_BYTES / sizeof kilobyte);
  g_assert_cmpuint (n_sent, >=, SALON_LIMIT_DATA_LOSSY_QUEUE_BYTES / sizeof kilobyte / 2);
  RUN_UNTIL (fixture, fixture->a.n_heard == n_sent);
  /* There is room again. */
  for (guint i = 0; i < n_sent / 2; i++)
    g_assert_true (salon_data_channel_send (channel, FALSE, kilobyte, sizeof kilobyte));
  RUN_UNTIL (fixture, fixture->a.n_heard == n_sent + n_sent / 2);
}

static void
test_survives_loss (Fixture *fixture, gconstpointer data)
{
  SalonDataChannel *channel = open_channel (fixture, "reliable");
  static const guint8 message[3000];

  fixture->a.drop_each = 7;
  fixture->b.drop_each = 5;
  for (guint i = 0; i < 30; i++)
    g_assert_true (salon_data_channel_send (channel, FALSE, message, sizeof message));
  RUN_UNTIL (fixture, fixture->a.n_heard == 30);
}

static void
test_closes_in_an_event (Fixture *fixture, gconstpointer data)
{
  SalonDataChannel *channel = open_channel (fixture, "last");

  fixture->a.closes_on_message = TRUE;
  for (guint i = 0; i < 5; i++)
    send_text (channel, "and out");
  RUN_UNTIL (fixture, strstr (fixture->b.told->str, "closed last") != NULL);
  g_assert_cmpuint (fixture->a.n_heard, ==, 1);
  g_assert_null (salon_data_channels_open (fixture->b.channels, channel));
}

/* -- a peer that breaks the rules -- */

static void
send_raw (Fixture *fixture, guint16 stream, guint32 ppid, gconstpointer data, gsize size)
{
  const SalonSctpMode mode = { .stream = stream, .ppid = ppid, .max_retransmits = -1, .max_lifetime_ms = -1 };

  g_assert_cmpint (salon_sctp_send (fixture->b.sctp, &mode, data, size), ==, SALON_SCTP_SENT);
}

typedef struct
{
  guint16 stream;
  guint32 ppid;
  const char *data;
  gsize size;
} RawMessage;

static void
test_malformed (Fixture *fixture, gconstpointer data)
{
  static const RawMessage messages[] = {
    { 0, 50, "\x03", 1 },                                     /* cut short */
    { 2, 50, "\x03\0\0\0\0\0\0\0\0\x02\0\0a", 13 },           /* a label longer than the message */
    { 4, 50, "\x03\0\0\0\0\0\0\0\0\x01\0\0ab", 14 },          /* shorter */
    { 6, 50, "\x03\0\0\0\0\0\0\0\xff\xff\xff\xff", 12 },      /* far longer */
    { 8, 50, "\x03\x03\0\0\0\0\0\0\0\x01\0\0a", 13 },         /* a reliability that there isn't */
    { 10, 50, "\x03\0\0\0\0\0\0\0\0\x02\0\0\xc3\x28", 14 },   /* no UTF-8 */
    { 12, 50, "\x03\0\0\0\0\0\0\0\0\x01\0\x01\xc3\xa9", 14 }, /* a character cut in two */
    { 1, 50, "\x03\0\0\0\0\0\0\0\0\x01\0\0a", 13 },           /* a stream that is ours to open */
    { 14, 50, "\x02", 1 },                                    /* an answer to nothing */
    { 16, 50, "\x07", 1 },                                    /* no known message */
    { 18, 51, "hi", 2 },                                      /* before it is opened */
    { 20, 99, "hi", 2 },                                      /* of no known kind */
    { 22, 52, "hi", 2 },                                      /* a part of a message, long abolished */
  };

  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      g_autofree char *reset = g_strdup_printf ("reset %u\n", messages[i].stream);

      send_raw (fixture, messages[i].stream, messages[i].ppid, messages[i].data, messages[i].size);
      RUN_UNTIL (fixture, strstr (fixture->b.told->str, reset) != NULL);
      g_assert_cmpstr (fixture->a.told->str, ==, "malformed -\n");
      g_string_truncate (fixture->a.told, 0);
    }
  send_raw (fixture, 40, 50, "\x03\0\0\0\0\0\0\0\0\x01\0\0a", 13);
  send_raw (fixture, 40, 50, "\x03\0\0\0\0\0\0\0\0\x01\0\0a", 13);
  RUN_UNTIL (fixture, strstr (fixture->b.told->str, "reset 40\n") != NULL);
  g_assert_cmpstr (fixture->a.told->str, ==, "opened a\nclosed a\nmalformed a\n");
}

static void
test_stream_bound (Fixture *fixture, gconstpointer data)
{
  const SalonSctpMode mode
      = { .stream = SALON_LIMIT_DATA_STREAMS, .ppid = 51, .max_retransmits = -1, .max_lifetime_ms = -1 };

  /* The association has none of that number: SCTP agreed on how many there are. */
  g_assert_cmpint (salon_sctp_send (fixture->b.sctp, &mode, (const guint8 *)"x", 1), ==, SALON_SCTP_DOWN);
}

static void
test_noise (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);

  for (guint i = 0; i < 20000; i++)
    {
      guint8 packet[200];
      gsize size = (gsize)g_rand_int_range (random, 0, sizeof packet);

      for (gsize k = 0; k < size; k++)
        packet[k] = (guint8)g_rand_int (random);
      salon_data_channels_receive (fixture->a.channels, packet, size);
    }
  send_raw (fixture, 2, 50, "\x03\0\0\0\0\0\0\0\0\x01\0\0a", 13);
  RUN_UNTIL (fixture, fixture->a.opened != NULL);
}

/* What is nearly right, on every stream, as every kind of message. */
static void
test_hostile_opening (Fixture *fixture, gconstpointer data)
{
  static const guint8 good[] = "\x03\x00\x01\x00\x00\x00\x00\x00\x00\x02\x00\x02"
                               "abv1";
  static const guint32 ppids[] = { 50, 50, 50, 51, 52, 53, 54, 56, 57, 0 };
  g_autoptr (GRand) random = g_rand_new_with_seed (4711);

  for (guint i = 0; i < 3000; i++)
    {
      guint8 message[sizeof good];
      gsize size
          = g_rand_int_range (random, 0, 3) > 0 ? sizeof good - 1 : (gsize)g_rand_int_range (random, 1, sizeof good);
      SalonSctpMode mode = { .stream = (guint16)g_rand_int_range (random, 0, SALON_LIMIT_DATA_STREAMS),
        .ppid = ppids[g_rand_int_range (random, 0, G_N_ELEMENTS (ppids))],
        .is_unordered = g_rand_boolean (random),
        .max_retransmits = -1,
        .max_lifetime_ms = -1 };

      memcpy (message, good, sizeof good);
      message[g_rand_int_range (random, 0, sizeof good - 1)] = (guint8)g_rand_int (random);
      RUN_UNTIL (fixture, salon_sctp_send (fixture->b.sctp, &mode, message, size) == SALON_SCTP_SENT);
      g_assert_cmpuint (salon_data_channels_count_foreign (fixture->a.channels), <=, SALON_LIMIT_DATA_CHANNELS);
      if (i % 3 == 0)
        salon_sctp_reset_stream (fixture->b.sctp, mode.stream);
    }
  g_assert_nonnull (strstr (fixture->a.told->str, "opened"));
  g_assert_nonnull (strstr (fixture->a.told->str, "malformed"));
  g_assert_true (salon_data_channels_are_up (fixture->a.channels));
  /* And it still hears. */
  g_string_truncate (fixture->a.told, 0);
  for (guint16 stream = 0; stream < SALON_LIMIT_DATA_STREAMS; stream++)
    {
      const SalonSctpMode mode = { .stream = stream, .ppid = 50, .max_retransmits = -1, .max_lifetime_ms = -1 };

      RUN_UNTIL (fixture, salon_sctp_send (fixture->b.sctp, &mode, good, sizeof good - 1) == SALON_SCTP_SENT);
    }
  RUN_UNTIL (fixture, fixture->a.told->len > 0);
}

static void
test_peer_goes (Fixture *fixture, gconstpointer data)
{
  send_raw (fixture, 2, 50, "\x03\0\0\0\0\0\0\0\0\x01\0\0a", 13);
  RUN_UNTIL (fixture, fixture->a.opened != NULL);
  g_clear_pointer (&fixture->b.sctp, salon_sctp_close);
  RUN_UNTIL (fixture, strstr (fixture->a.told->str, "closed a") != NULL);
  g_assert_false (salon_data_channels_are_up (fixture->a.channels));
}

#define ADD(name, hostile, function) g_test_add (name, Fixture, hostile, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  static const gboolean hostile = TRUE;

  g_test_init (&argc, &argv, NULL);
  ADD ("/data-channels/begins-in-any-order", NULL, test_begins_in_any_order);
  ADD ("/data-channels/text-and-binary-go-both-ways", NULL, test_both_ways);
  ADD ("/data-channels/says-how-reliable-a-channel-is", NULL, test_says_how_reliable);
  ADD ("/data-channels/a-closed-channel-frees-its-stream", NULL, test_closes);
  ADD ("/data-channels/a-message-has-a-bound", NULL, test_message_bound);
  ADD ("/data-channels/channels-have-a-bound", NULL, test_channel_bound);
  ADD ("/data-channels/who-sends-waits-for-who-does-not-read", NULL, test_waits);
  ADD ("/data-channels/waits-and-goes-on-many-times", NULL, test_waits_often);
  ADD ("/data-channels/a-lossy-channel-does-not-wait-long", NULL, test_lossy_drops);
  ADD ("/data-channels/a-reliable-channel-survives-loss", NULL, test_survives_loss);
  ADD ("/data-channels/may-be-closed-by-its-own-event", NULL, test_closes_in_an_event);
  ADD ("/data-channels/what-is-malformed-closes-its-channel", &hostile, test_malformed);
  ADD ("/data-channels/streams-have-a-bound", &hostile, test_stream_bound);
  ADD ("/data-channels/noise-is-passed-over", &hostile, test_noise);
  ADD ("/data-channels/hostile-openings-harm-nothing", &hostile, test_hostile_opening);
  ADD ("/data-channels/channels-go-with-the-peer", &hostile, test_peer_goes);
  return g_test_run ();
}
