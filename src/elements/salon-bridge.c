/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-bridge.h"

#include <gst/webrtc/webrtc.h>
#include <sys/socket.h>

#include "salon-bin.h"
#include "salon-json.h"
#include "salon-wire.h"

GST_DEBUG_CATEGORY_STATIC (salon_bridge_debug);
#define GST_CAT_DEFAULT salon_bridge_debug

/* How long late packets are waited for; a part of what salonsrc says to be late. */
#define JITTER_BUFFER_MS 100
/* More than any connections have seats. */
#define MAX_STREAMS 1000
#define LONGEST_TEXT 4096

/* One m-line of a subscriber connection. */
typedef struct
{
  guint target;
  char *mid;          /* (owned) */
  GstElement *funnel; /* (owned) (nullable): from the first packet on: each codec has a pad of its own */
  GstElement *tee;    /* (owned) (nullable): likewise */
  GstPad *tee_pad;    /* (owned) (nullable) */
  GstPad *wire_pad;   /* (owned) (nullable): while it carries a track */
} Slot;

/* A stream that is published. */
typedef struct
{
  guint stream;
  GstElement *queue; /* (owned) */
} Outgoing;

struct _SalonBridge
{
  const SalonBridgeEvents *events; /* (borrowed) */
  gpointer user_data;
  SalonCodecs codecs;            /* that are received */
  GstElement *pipeline;          /* (owned) */
  SalonWire *wire;               /* (owned) */
  SalonNegotiation *negotiation; /* (owned) */
  GArray *outgoing;              /* (owned) (element-type Outgoing) */
  guint next_stream;
  guint n_connecting; /* connections that are not up yet */
  gint may_send;      /* atomic: the publisher's is */

  GMutex lock;
  GPtrArray *slots; /* (owned) (element-type Slot), lock */
};

static void
slot_free (Slot *slot)
{
  g_free (slot->mid);
  gst_clear_object (&slot->funnel);
  gst_clear_object (&slot->tee);
  gst_clear_object (&slot->tee_pad);
  gst_clear_object (&slot->wire_pad);
  g_free (slot);
}

static Slot *
ensure_slot_locked (SalonBridge *self, guint target, const char *mid)
{
  Slot *slot;

  for (guint i = 0; i < self->slots->len; i++)
    {
      slot = g_ptr_array_index (self->slots, i);
      if (slot->target == target && g_str_equal (slot->mid, mid))
        return slot;
    }
  slot = g_new0 (Slot, 1);
  slot->target = target;
  slot->mid = g_strdup (mid);
  g_ptr_array_add (self->slots, slot);
  return slot;
}

static void
link_slot_locked (Slot *slot)
{
  if (slot->tee == NULL || slot->wire_pad == NULL || slot->tee_pad != NULL)
    return;
  slot->tee_pad = gst_element_request_pad_simple (slot->tee, "src_%u");
  gst_pad_link (slot->tee_pad, slot->wire_pad);
}

/* Returns: (transfer full) (nullable): the pad of the wire, of which nothing comes any more. */
static GstPad *
unlink_slot_locked (Slot *slot)
{
  if (slot->tee_pad != NULL)
    gst_element_release_request_pad (slot->tee, slot->tee_pad);
  gst_clear_object (&slot->tee_pad);
  return g_steal_pointer (&slot->wire_pad);
}

JsonObject *
salon_bridge_take_slot (SalonBridge *self, JsonObject *params)
{
  JsonObject *track = NULL;
  JsonObject *told = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GstPad) ended = NULL;
  const char *mid;
  gint64 target;
  Slot *slot;

  if (!salon_json_get_int (params, "target", 1, G_MAXUINT, &target, NULL)
      || !salon_json_get_string (params, "mid", 1, LONGEST_TEXT, &mid, NULL)
      || !salon_json_get_optional_object (params, "track", &track, NULL))
    return NULL;
  g_mutex_lock (&self->lock);
  slot = ensure_slot_locked (self, (guint)target, mid);
  ended = unlink_slot_locked (slot);
  if (track != NULL)
    {
      text = g_strdup_printf ("%u", self->next_stream);
      slot->wire_pad = gst_object_ref (salon_wire_add_sink (self->wire, self->next_stream++));
      link_slot_locked (slot);
    }
  g_mutex_unlock (&self->lock);
  if (ended != NULL)
    {
      salon_wire_end_stream (self->wire, ended);
      salon_wire_remove_pad (self->wire, ended);
    }
  if (track == NULL)
    return NULL;
  told = json_object_new ();
  json_object_set_int_member (told, "target", 1);
  json_object_set_string_member (told, "mid", text);
  json_object_set_object_member (told, "track", json_object_ref (track));
  return told;
}

/* -- webrtcbins -- */

typedef struct
{
  SalonBridge *bridge; /* (borrowed): stops the webrtcbin before it goes */
  guint target;
} Subscriber;

/* Returns: (transfer none): playing. */
static GstElement *
add_element (SalonBridge *self, const char *name)
{
  GstElement *element = gst_element_factory_make (name, NULL);

  gst_bin_add (GST_BIN (self->pipeline), element);
  salon_bin_start (element);
  return element;
}

static void
open_slot_locked (SalonBridge *self, Slot *slot)
{
  if (slot->tee != NULL)
    return;
  slot->tee = gst_object_ref (add_element (self, "tee"));
  g_object_set (slot->tee, "allow-not-linked", TRUE, NULL);
  slot->funnel = gst_object_ref (add_element (self, "funnel"));
  gst_element_link (slot->funnel, slot->tee);
  link_slot_locked (slot);
}

/* A streaming thread. Once for each codec that a slot carries. */
static void
on_pad_added (GstElement *webrtcbin, GstPad *pad, gpointer user_data)
{
  const Subscriber *subscriber = user_data;
  SalonBridge *self = subscriber->bridge;
  g_autoptr (GstWebRTCRTPTransceiver) transceiver = NULL;
  g_autofree char *mid = NULL;
  g_autoptr (GstPad) sink = NULL;
  Slot *slot;

  if (!GST_PAD_IS_SRC (pad))
    return;
  g_object_get (pad, "transceiver", &transceiver, NULL);
  g_object_get (transceiver, "mid", &mid, NULL);
  g_mutex_lock (&self->lock);
  slot = ensure_slot_locked (self, subscriber->target, mid);
  open_slot_locked (self, slot);
  sink = gst_element_request_pad_simple (slot->funnel, "sink_%u");
  g_mutex_unlock (&self->lock);
  gst_pad_link (pad, sink);
}

/* Returns: (transfer full) */
static GstElement *
add_webrtcbin (SalonBridge *self, const char *name)
{
  GstElement *webrtcbin = gst_element_factory_make ("webrtcbin", name);

  g_object_set (webrtcbin, "latency", JITTER_BUFFER_MS, NULL);
  gst_bin_add (GST_BIN (self->pipeline), gst_object_ref (webrtcbin));
  return webrtcbin;
}

static GstElement *
on_new_subscriber (guint target, gpointer user_data)
{
  SalonBridge *self = user_data;
  g_autofree char *name = g_strdup_printf ("subscriber-%u", target);
  GstElement *webrtcbin = add_webrtcbin (self, name);
  Subscriber *subscriber = g_new (Subscriber, 1);
  g_autoptr (GstElement) rtpbin = NULL;

  *subscriber = (Subscriber){ self, target };
  g_signal_connect_data (
      webrtcbin, "pad-added", G_CALLBACK (on_pad_added), subscriber, (GClosureNotify)(void (*) (void))g_free, 0);
  rtpbin = gst_bin_get_by_name (GST_BIN (webrtcbin), "rtpbin");
  /* The decoder of an error correction that nobody offers would be linked to a slot's first codec for good. */
  g_signal_handlers_disconnect_matched (rtpbin, G_SIGNAL_MATCH_ID | G_SIGNAL_MATCH_DATA,
      g_signal_lookup ("request-fec-decoder-full", G_OBJECT_TYPE (rtpbin)), 0, NULL, NULL, webrtcbin);
  salon_bin_start (webrtcbin);
  return webrtcbin;
}

/* One to publish, one to receive; the server may offer more of these later. */
static void
on_connected (SalonPeer *peer, gpointer user_data)
{
  SalonBridge *self = user_data;

  GST_DEBUG ("%s is connected", GST_OBJECT_NAME (salon_peer_get_webrtcbin (peer)));
  if (peer == salon_negotiation_find (self->negotiation, SALON_NEGOTIATION_PUBLISHER))
    g_atomic_int_set (&self->may_send, TRUE);
  if (self->n_connecting > 0 && --self->n_connecting == 0)
    self->events->connected (self->user_data);
}

static void
on_failed (const char *message, gpointer user_data)
{
  SalonBridge *self = user_data;

  self->events->failed (message, self->user_data);
}

static const SalonNegotiationEvents negotiation_events
    = { .new_subscriber = on_new_subscriber, .connected = on_connected, .failed = on_failed };

/* -- what is published -- */

static void
on_negotiable (SalonPeer *publisher, gpointer user_data)
{
  SalonBridge *self = user_data;

  self->events->negotiable (self->user_data);
}

/* The wire's reading thread. */
static void
on_source_added (SalonWire *wire, GstPad *pad, gpointer user_data)
{
  SalonBridge *self = user_data;

  for (guint i = 0; i < self->outgoing->len; i++)
    {
      const Outgoing *outgoing = &g_array_index (self->outgoing, Outgoing, i);
      g_autoptr (GstPad) sink = gst_element_get_static_pad (outgoing->queue, "sink");

      if (outgoing->stream == salon_wire_get_stream (wire, pad) && !gst_pad_is_linked (sink))
        gst_pad_link (pad, sink);
    }
}

/* What came before the connection would go out in one burst, of each stream another length: whoever receives it takes
 * that for the network's delay, and sound and picture would be apart. */
static GstPadProbeReturn
drop_early (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  SalonBridge *self = user_data;

  return g_atomic_int_get (&self->may_send) ? GST_PAD_PROBE_REMOVE : GST_PAD_PROBE_DROP;
}

/* A queue, since webrtcbin must not hold up the other streams. */
static void
add_outgoing (SalonBridge *self, GstElement *webrtcbin, guint stream)
{
  Outgoing outgoing = { stream, gst_element_factory_make ("queue", NULL) };
  g_autoptr (GstPad) src = gst_element_get_static_pad (outgoing.queue, "src");
  g_autoptr (GstPad) sink = gst_element_request_pad_simple (webrtcbin, "sink_%u");
  g_autoptr (GstPad) entry = gst_element_get_static_pad (outgoing.queue, "sink");

  gst_pad_add_probe (entry, GST_PAD_PROBE_TYPE_BUFFER, drop_early, self, NULL);
  gst_util_set_object_arg (G_OBJECT (outgoing.queue), "leaky", "downstream");
  gst_bin_add (GST_BIN (self->pipeline), gst_object_ref (outgoing.queue));
  gst_pad_link (src, sink);
  g_array_append_val (self->outgoing, outgoing);
}

static void
open_publisher (SalonBridge *self, const guint *streams, guint n_streams)
{
  g_autoptr (GstElement) webrtcbin = add_webrtcbin (self, "publisher");

  for (guint i = 0; i < n_streams; i++)
    add_outgoing (self, webrtcbin, streams[i]);
  g_signal_connect (salon_negotiation_add (self->negotiation, SALON_NEGOTIATION_PUBLISHER, webrtcbin), "negotiable",
      G_CALLBACK (on_negotiable), self);
}

/* -- life -- */

GSocket *
salon_bridge_connect (SalonBridge *self, GError **error)
{
  g_autoptr (GSocket) ours = NULL;
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES, "There are no file descriptors left");
      return NULL;
    }
  ours = g_socket_new_from_fd (fds[0], error);
  if (ours == NULL)
    return NULL;
  salon_wire_connect (self->wire, ours);
  return g_socket_new_from_fd (fds[1], error);
}

SalonNegotiation *
salon_bridge_get_negotiation (SalonBridge *self)
{
  return self->negotiation;
}

static void
clear_outgoing (Outgoing *outgoing)
{
  gst_object_unref (outgoing->queue);
}

/* Returns: (transfer full) */
static char **
list_formats (SalonCodecs codecs)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; i < SALON_N_CODECS; i++)
    {
      if ((codecs & 1u << i) != 0 && i != SALON_CODEC_RED)
        g_strv_builder_add (names, salon_codec_get_info (i)->encoding_name);
    }
  return g_strv_builder_end (names);
}

SalonBridge *
salon_bridge_new (SalonClient *client, const guint *streams, guint n_streams, SalonCodecs codecs,
    const SalonBridgeEvents *events, gpointer user_data)
{
  SalonBridge *self = g_new0 (SalonBridge, 1);
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();

  GST_DEBUG_CATEGORY_INIT (salon_bridge_debug, "salon-bridge", 0, "Salon: elements on other machines");
  self->codecs = codecs;
  self->events = events;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  self->slots = g_ptr_array_new_with_free_func ((GDestroyNotify)slot_free);
  self->outgoing = g_array_new (FALSE, FALSE, sizeof (Outgoing));
  g_array_set_clear_func (self->outgoing, (GDestroyNotify)clear_outgoing);
  self->pipeline = gst_object_ref_sink (gst_pipeline_new ("salon-bridge"));
  gst_pipeline_use_clock (GST_PIPELINE (self->pipeline), clock);
  self->wire = gst_object_ref_sink (salon_wire_new (0, 0, MAX_STREAMS));
  gst_bin_add (GST_BIN (self->pipeline), GST_ELEMENT (self->wire));
  g_signal_connect (self->wire, "source-added", G_CALLBACK (on_source_added), self);
  self->negotiation = salon_negotiation_new (client, &negotiation_events, self);
  salon_negotiation_set_formats (self->negotiation, list_formats (codecs));
  self->n_connecting = (n_streams > 0 ? 1 : 0) + (codecs != 0 ? 1 : 0);
  if (n_streams > 0)
    open_publisher (self, streams, n_streams);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  return self;
}

void
salon_bridge_free (SalonBridge *self)
{
  salon_negotiation_free (self->negotiation);
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  salon_wire_disconnect (self->wire);
  g_ptr_array_unref (self->slots);
  g_array_unref (self->outgoing);
  gst_object_unref (self->pipeline);
  gst_object_unref (self->wire);
  g_mutex_clear (&self->lock);
  g_free (self);
}
