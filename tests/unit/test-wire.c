/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "salon-unix-socket.h"
#include "salon-wire-door.h"
#include "salon-wire.h"

#define MAX_SOURCES 2
#define STREAM 7
#define OPUS 111
#define VP8 96

typedef struct
{
  guint32 stream;
  guint32 type;
  gint64 time_ns;
  guint8 packet[2100];
} Record;

typedef struct
{
  SalonWire *wires[2];
  GSocket *sockets[2];
  GMutex lock;
  GCond changed;
  guint n_buffers; /* that came out of the second wire: lock */
  guint n_at_end;  /* of them, when the end of the stream came: lock */
  gboolean has_ended;
  gboolean was_read;
  gboolean is_closed;
  guint watchdog_id;
} Fixture;

static void
set_flag (Fixture *f, gboolean *flag)
{
  g_mutex_lock (&f->lock);
  f->n_at_end = f->n_buffers;
  *flag = TRUE;
  g_cond_broadcast (&f->changed);
  g_mutex_unlock (&f->lock);
}

static void
wait_for (Fixture *f, gboolean *flag)
{
  gint64 deadline_us = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  g_mutex_lock (&f->lock);
  while (!*flag)
    g_assert_true (g_cond_wait_until (&f->changed, &f->lock, deadline_us));
  g_mutex_unlock (&f->lock);
}

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Fixture *f = user_data;

  g_mutex_lock (&f->lock);
  f->n_buffers++;
  g_cond_broadcast (&f->changed);
  g_mutex_unlock (&f->lock);
  return GST_PAD_PROBE_DROP;
}

static void
on_source_added (SalonWire *wire, GstPad *pad, Fixture *f)
{
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, f, NULL);
}

static void
on_source_ended (SalonWire *wire, guint stream, Fixture *f)
{
  g_assert_cmpuint (stream, ==, STREAM);
  set_flag (f, &f->has_ended);
}

static void
on_sink_ended (SalonWire *wire, GstPad *pad, Fixture *f)
{
  set_flag (f, &f->was_read);
}

static void
on_closed (SalonWire *wire, Fixture *f)
{
  set_flag (f, &f->is_closed);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), ==, 0);
  g_mutex_init (&f->lock);
  g_cond_init (&f->changed);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      f->sockets[i] = g_socket_new_from_fd (fds[i], &error);
      g_assert_no_error (error);
      f->wires[i] = gst_object_ref_sink (salon_wire_new (0, 0, MAX_SOURCES));
      gst_element_set_state (GST_ELEMENT (f->wires[i]), GST_STATE_PLAYING);
    }
  g_signal_connect (f->wires[1], "source-added", G_CALLBACK (on_source_added), f);
  g_signal_connect (f->wires[1], "source-ended", G_CALLBACK (on_source_ended), f);
  g_signal_connect (f->wires[1], "closed", G_CALLBACK (on_closed), f);
  g_signal_connect (f->wires[0], "sink-ended", G_CALLBACK (on_sink_ended), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      salon_wire_disconnect (f->wires[i]);
      gst_element_set_state (GST_ELEMENT (f->wires[i]), GST_STATE_NULL);
      g_assert_cmpint (GST_OBJECT_REFCOUNT (f->wires[i]), ==, 1);
      gst_object_unref (f->wires[i]);
      g_object_unref (f->sockets[i]);
    }
  g_mutex_clear (&f->lock);
  g_cond_clear (&f->changed);
}

/* An RTP packet; of VP8, with or without the first byte of a keyframe. */
static void
write_packet (guint8 *packet, guint8 payload_type, gboolean is_keyframe)
{
  static const guint8 header[] = { 0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0x10, 0x01, 0xee };

  memcpy (packet, header, sizeof header);
  packet[1] = payload_type;
  packet[13] = is_keyframe ? 0 : 1;
}

#define PACKET_BYTES 15

static GstPad *
open_sink (Fixture *f)
{
  GstPad *pad = salon_wire_add_sink (f->wires[0], STREAM);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (pad, gst_event_new_stream_start ("test"));
  gst_pad_send_event (pad, gst_event_new_segment (&segment));
  return pad;
}

static void
push (GstPad *pad, guint8 payload_type, gboolean is_keyframe, gsize size)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);
  guint8 packet[PACKET_BYTES];

  write_packet (packet, payload_type, is_keyframe);
  gst_buffer_memset (buffer, 0, 0, size);
  gst_buffer_fill (buffer, 0, packet, sizeof packet);
  g_assert_cmpint (gst_pad_chain (pad, buffer), ==, GST_FLOW_OK);
}

static void
test_all_before_the_end (Fixture *f, gconstpointer data)
{
  GstPad *pad;

  salon_wire_connect (f->wires[0], f->sockets[0]);
  salon_wire_connect (f->wires[1], f->sockets[1]);
  pad = open_sink (f);
  for (guint i = 0; i < 50; i++)
    push (pad, OPUS, FALSE, 100);
  gst_pad_send_event (pad, gst_event_new_eos ());
  wait_for (f, &f->was_read);
  g_assert_true (f->has_ended);
  g_assert_cmpuint (f->n_at_end, ==, 50);
}

static void
test_ends_without_another_end (Fixture *f, gconstpointer data)
{
  GstPad *pad = open_sink (f);

  gst_pad_send_event (pad, gst_event_new_eos ());
  wait_for (f, &f->was_read);

  /* And of one that goes before it has read. */
  f->was_read = FALSE;
  salon_wire_connect (f->wires[0], f->sockets[0]);
  pad = salon_wire_add_sink (f->wires[0], STREAM + 1);
  gst_pad_send_event (pad, gst_event_new_stream_start ("other"));
  gst_pad_send_event (pad, gst_event_new_eos ());
  g_assert_false (f->was_read);
  g_socket_close (f->sockets[1], NULL);
  wait_for (f, &f->was_read);
}

/* Nobody reads: what does not fit is dropped, also all that comes after it until a keyframe. */
static void
test_slow_reader (Fixture *f, gconstpointer data)
{
  GstPad *pad;
  guint n_sent;

  salon_wire_connect (f->wires[0], f->sockets[0]);
  pad = open_sink (f);
  push (pad, VP8, FALSE, 1200);
  g_assert_cmpuint (salon_wire_get_stats (f->wires[0]).packets_sent, ==, 0);
  push (pad, VP8, TRUE, 1200);
  for (guint i = 0; i < 5000; i++)
    push (pad, VP8, FALSE, 1200);
  n_sent = salon_wire_get_stats (f->wires[0]).packets_sent;
  g_assert_cmpuint (n_sent, >, 10);
  g_assert_cmpuint (n_sent, <, 5000);

  salon_wire_connect (f->wires[1], f->sockets[1]);
  g_mutex_lock (&f->lock);
  while (f->n_buffers < n_sent)
    g_assert_true (g_cond_wait_until (&f->changed, &f->lock, g_get_monotonic_time () + 20 * G_USEC_PER_SEC));
  g_mutex_unlock (&f->lock);
  push (pad, VP8, FALSE, 1200);
  g_assert_cmpuint (salon_wire_get_stats (f->wires[0]).packets_sent, ==, n_sent);
  push (pad, VP8, TRUE, 1200);
  push (pad, VP8, FALSE, 1200);
  g_assert_cmpuint (salon_wire_get_stats (f->wires[0]).packets_sent, ==, n_sent + 2);
}

typedef struct
{
  const char *what;
  guint32 type;
  guint8 payload_type;
  gsize packet_size;
  gsize cut; /* of the record */
} Hostile;

static const Hostile hostile[] = {
  { "cut", 0, OPUS, 0, 5 },
  { "without-a-packet", 0, OPUS, 0, 0 },
  { "packet-cut", 0, OPUS, 4, 0 },
  { "packet-too-long", 0, OPUS, 2049, 0 },
  { "unknown-codec", 0, 77, PACKET_BYTES, 0 },
  { "unknown-type", 9, 0, 0, 0 },
  { "order-with-a-packet", 1, OPUS, PACKET_BYTES, 0 },
};

static gsize
send_raw (Fixture *f, guint32 stream, const Hostile *what)
{
  Record record = { .stream = stream, .type = what->type };
  gsize size = G_STRUCT_OFFSET (Record, packet) + what->packet_size - what->cut;

  write_packet (record.packet, what->payload_type, TRUE);
  g_assert_cmpint (send (g_socket_get_fd (f->sockets[0]), &record, size, MSG_NOSIGNAL), ==, size);
  return size;
}

static void
test_hostile (Fixture *f, gconstpointer data)
{
  salon_wire_connect (f->wires[1], f->sockets[1]);
  send_raw (f, STREAM, data);
  wait_for (f, &f->is_closed);
  g_assert_cmpuint (f->n_buffers, ==, 0);
}

static void
test_too_many_streams (Fixture *f, gconstpointer data)
{
  const Hostile good = { "good", 0, OPUS, PACKET_BYTES, 0 };

  salon_wire_connect (f->wires[1], f->sockets[1]);
  for (guint i = 0; i <= MAX_SOURCES; i++)
    send_raw (f, i, &good);
  wait_for (f, &f->is_closed);
  g_assert_cmpuint (f->n_buffers, ==, MAX_SOURCES);
}

/* -- the door -- */

static void
on_came (GSocket *socket, gpointer user_data)
{
  g_set_object ((GSocket **)user_data, socket);
}

static GSocket *
dial (const char *path, const char *secret)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket = salon_unix_socket_connect (path, G_SOCKET_TYPE_SEQPACKET, &error);

  g_assert_no_error (error);
  g_socket_send (socket, secret, strlen (secret), NULL, &error);
  g_assert_no_error (error);
  return socket;
}

static gboolean
is_hung_up (GSocket *socket)
{
  char byte;

  while (g_main_context_iteration (NULL, FALSE))
    continue;
  return g_socket_receive_with_blocking (socket, &byte, 1, FALSE, NULL, NULL) == 0;
}

static void
test_door (void)
{
  g_autofree char *folder = g_dir_make_tmp ("salon-door-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "media.sock", NULL);
  g_autoptr (GError) error = NULL;
  SalonWireDoor *door = salon_wire_door_new (path, &error);
  g_autoptr (GSocket) came = NULL;
  g_autofree char *secret = NULL;
  GStatBuf status;

  g_assert_no_error (error);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);
  secret = g_strdup (salon_wire_door_expect (door, on_came, &came));
  {
    g_autoptr (GSocket) stranger = dial (path, "open sesame");

    while (!is_hung_up (stranger))
      g_main_context_iteration (NULL, TRUE);
    g_assert_null (came);
  }
  {
    g_autoptr (GSocket) guest = dial (path, secret);

    while (came == NULL)
      g_main_context_iteration (NULL, TRUE);
  }
  {
    g_autoptr (GSocket) late = dial (path, secret);

    while (!is_hung_up (late))
      g_main_context_iteration (NULL, TRUE);
  }
  salon_wire_door_free (door);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/wire/all-is-read-before-the-end", Fixture, NULL, set_up, test_all_before_the_end, tear_down);
  g_test_add ("/wire/ends-without-another-end", Fixture, NULL, set_up, test_ends_without_another_end, tear_down);
  g_test_add ("/wire/drops-to-the-next-keyframe", Fixture, NULL, set_up, test_slow_reader, tear_down);
  for (guint i = 0; i < G_N_ELEMENTS (hostile); i++)
    {
      g_autofree char *path = g_strdup_printf ("/wire/hangs-up-on-a-record/%s", hostile[i].what);

      g_test_add (path, Fixture, &hostile[i], set_up, test_hostile, tear_down);
    }
  g_test_add ("/wire/hangs-up-on-too-many-streams", Fixture, NULL, set_up, test_too_many_streams, tear_down);
  g_test_add_func ("/wire/door/knows-a-secret-once", test_door);
  return g_test_run ();
}
