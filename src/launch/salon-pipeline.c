/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-pipeline.h"

#include <gio/gio.h>
#include <glib/gi18n.h>

/* What has come into a network's sink, is out of it. */
#define FAREWELL_MS 300
/* Warnings that wait to be printed. */
#define MAX_WARNINGS 100

/* What the bus needs to know in other threads. Counted (g_atomic_rc_box). */
typedef struct
{
  GstObject *pipeline; /* (borrowed): to be compared alone */
  int n_warnings;      /* atomic: that wait on the bus */
} Door;

struct _SalonPipeline
{
  GObject parent_instance;

  GstElement *pipeline;  /* (owned) (nullable): NULL once stopped */
  GHashTable *open_ends; /* (owned) (element-type GstObject): sinks, and sink pads of webrtcbins */
  Door *door;            /* (owned) (nullable) */
  guint bus_watch_id;
  gboolean has_played;
};

G_DEFINE_FINAL_TYPE (SalonPipeline, salon_pipeline, G_TYPE_OBJECT)

enum
{
  SIGNAL_FAILED,
  SIGNAL_PLAYING,
  SIGNAL_ENDED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static gboolean
is_made_by (GstElement *element, const char *name)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  return factory != NULL && g_str_equal (GST_OBJECT_NAME (factory), name);
}

static gboolean
is_webrtcbin (GstElement *element)
{
  return is_made_by (element, "webrtcbin");
}

/* -- ends -- */

static void
close_end (SalonPipeline *self, gpointer end)
{
  if (g_hash_table_remove (self->open_ends, end) && g_hash_table_size (self->open_ends) == 0)
    g_signal_emit (self, signals[SIGNAL_ENDED], 0);
}

typedef struct
{
  GWeakRef pipeline;
  GstPad *pad; /* (owned) */
} EndedPad;

static void
ended_pad_free (EndedPad *ended)
{
  g_weak_ref_clear (&ended->pipeline);
  gst_object_unref (ended->pad);
  g_free (ended);
}

static gboolean
pad_ended_on_main (gpointer user_data)
{
  EndedPad *ended = user_data;
  g_autoptr (SalonPipeline) self = g_weak_ref_get (&ended->pipeline);

  if (self != NULL)
    close_end (self, ended->pad);
  return G_SOURCE_REMOVE;
}

static void
note_end (SalonPipeline *self, GstPad *pad, guint delay_ms, GSourceFunc func)
{
  EndedPad *ended = g_new (EndedPad, 1);

  g_weak_ref_init (&ended->pipeline, self);
  ended->pad = gst_object_ref (pad);
  g_timeout_add_full (G_PRIORITY_DEFAULT, delay_ms, func, ended, (GDestroyNotify)ended_pad_free);
}

/* A streaming thread. */
static GstPadProbeReturn
on_sending_pad_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) != GST_EVENT_EOS)
    return GST_PAD_PROBE_OK;
  note_end (user_data, pad, 0, pad_ended_on_main);
  /* The end of one pad is the end of webrtcbin's whole session. */
  return GST_PAD_PROBE_DROP;
}

static gboolean
open_sending_pad (GstElement *webrtc, GstPad *pad, gpointer user_data)
{
  SalonPipeline *self = user_data;

  g_hash_table_add (self->open_ends, gst_object_ref (pad));
  /* Lives as long as the pipeline, which has stopped by the time self goes. */
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_sending_pad_event, self, NULL);
  return TRUE;
}

/* -- rtspclientsink (of GStreamer 1.22, at least) does not always tell that it has come to its end -- */

static gboolean
have_pads_ended (GstElement *element)
{
  gboolean result = TRUE;

  GST_OBJECT_LOCK (element);
  for (GList *pad = element->sinkpads; pad != NULL; pad = pad->next)
    result &= GST_PAD_IS_EOS (pad->data);
  GST_OBJECT_UNLOCK (element);
  return result;
}

static gboolean
silent_pad_ended_on_main (gpointer user_data)
{
  EndedPad *ended = user_data;
  g_autoptr (SalonPipeline) self = g_weak_ref_get (&ended->pipeline);
  g_autoptr (GstElement) element = gst_pad_get_parent_element (ended->pad);

  if (self != NULL && element != NULL && have_pads_ended (element))
    close_end (self, element);
  return G_SOURCE_REMOVE;
}

/* A streaming thread. */
static GstPadProbeReturn
on_silent_pad_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_EOS)
    note_end (user_data, pad, FAREWELL_MS, silent_pad_ended_on_main);
  return GST_PAD_PROBE_OK;
}

static gboolean
watch_silent_pad (GstElement *element, GstPad *pad, gpointer user_data)
{
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_silent_pad_event, user_data, NULL);
  return TRUE;
}

static void
open_end (const GValue *item, gpointer user_data)
{
  SalonPipeline *self = user_data;
  GstElement *element = g_value_get_object (item);

  if (is_made_by (element, "rtspclientsink"))
    gst_element_foreach_sink_pad (element, watch_silent_pad, self);
  if (is_webrtcbin (element))
    gst_element_foreach_sink_pad (element, open_sending_pad, self);
  else if (GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SINK))
    g_hash_table_add (self->open_ends, gst_object_ref (element));
}

static gboolean
end_peer (GstElement *element, GstPad *pad, gpointer user_data)
{
  g_autoptr (GstPad) peer = gst_pad_get_peer (pad);

  if (peer != NULL)
    gst_pad_send_event (peer, gst_event_new_eos ());
  return TRUE;
}

/* A link that still waits for its media to appear. */
static gboolean
end_unlinked (GstElement *element, GstPad *pad, gpointer user_data)
{
  if (!gst_pad_is_linked (pad))
    gst_pad_send_event (pad, gst_event_new_eos ());
  return TRUE;
}

static void
end_source (const GValue *item, gpointer user_data)
{
  GstElement *element = g_value_get_object (item);

  if (is_webrtcbin (element))
    gst_element_foreach_src_pad (element, end_peer, NULL);
  else if (GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SOURCE))
    gst_element_send_event (element, gst_event_new_eos ());
  else
    gst_element_foreach_sink_pad (element, end_unlinked, NULL);
}

static void
for_each_element (GstElement *pipeline, GstIteratorForeachFunction func, gpointer user_data)
{
  GstIterator *elements = gst_bin_iterate_elements (GST_BIN (pipeline));

  while (gst_iterator_foreach (elements, func, user_data) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (elements);
  gst_iterator_free (elements);
}

/* A thread of its own: an event waits for the buffer before it. */
static void
end_sources (GstElement *pipeline, gpointer user_data)
{
  for_each_element (pipeline, end_source, NULL);
}

gboolean
salon_pipeline_needs_ending (SalonPipeline *self)
{
  GHashTableIter ends;
  gpointer end;

  g_hash_table_iter_init (&ends, self->open_ends);
  while (g_hash_table_iter_next (&ends, &end, NULL))
    {
      if (GST_IS_ELEMENT (end))
        return TRUE;
    }
  return FALSE;
}

void
salon_pipeline_end (SalonPipeline *self)
{
  gst_element_call_async (self->pipeline, end_sources, NULL, NULL);
}

/* -- the bus -- */

static void
handle_error (SalonPipeline *self, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *details = NULL;
  g_autofree char *text = NULL;

  gst_message_parse_error (message, &error, &details);
  g_debug ("%s", details);
  text = g_strdup_printf (_ ("element \"%s\": %s"), GST_MESSAGE_SRC_NAME (message), error->message);
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, text);
}

static void
print_warning (GstMessage *message)
{
  g_autoptr (GError) error = NULL;

  gst_message_parse_warning (message, &error, NULL);
  g_printerr (_ ("warning of element \"%s\": %s\n"), GST_MESSAGE_SRC_NAME (message), error->message);
}

static void
note_playing (SalonPipeline *self)
{
  if (self->has_played)
    return;
  self->has_played = TRUE;
  g_signal_emit (self, signals[SIGNAL_PLAYING], 0);
}

static void
handle_state (SalonPipeline *self, GstMessage *message)
{
  GstState state;

  gst_message_parse_state_changed (message, NULL, &state, NULL);
  if (GST_MESSAGE_SRC (message) == GST_OBJECT (self->pipeline) && state == GST_STATE_PLAYING)
    note_playing (self);
}

/* The end of one sink; the pipeline itself keeps silent as long as a webrtcbin, which never ends, is in it. */
static void
handle_forwarded (SalonPipeline *self, const GstStructure *structure)
{
  g_autoptr (GstMessage) message = NULL;

  if (gst_structure_has_name (structure, "GstBinForwarded")
      && gst_structure_get (structure, "message", GST_TYPE_MESSAGE, &message, NULL)
      && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
    close_end (self, GST_MESSAGE_SRC (message));
}

static gboolean
on_bus_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  g_autoptr (SalonPipeline) self = g_object_ref (user_data);

  if (self->pipeline == NULL)
    return G_SOURCE_CONTINUE;
  switch (GST_MESSAGE_TYPE (message))
    {
    case GST_MESSAGE_ERROR:
      handle_error (self, message);
      break;
    case GST_MESSAGE_WARNING:
      g_atomic_int_add (&self->door->n_warnings, -1);
      print_warning (message);
      break;
    case GST_MESSAGE_STATE_CHANGED:
      handle_state (self, message);
      break;
    case GST_MESSAGE_LATENCY:
      gst_bin_recalculate_latency (GST_BIN (self->pipeline));
      break;
    case GST_MESSAGE_ELEMENT:
      handle_forwarded (self, gst_message_get_structure (message));
      break;
    default:
      break;
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
is_looked_at (GstMessage *message, Door *door)
{
  switch (GST_MESSAGE_TYPE (message))
    {
    case GST_MESSAGE_ERROR:
    case GST_MESSAGE_LATENCY:
      return TRUE;
    case GST_MESSAGE_WARNING:
      if (g_atomic_int_add (&door->n_warnings, 1) < MAX_WARNINGS)
        return TRUE;
      g_atomic_int_add (&door->n_warnings, -1);
      return FALSE;
    case GST_MESSAGE_STATE_CHANGED:
      return GST_MESSAGE_SRC (message) == door->pipeline;
    case GST_MESSAGE_ELEMENT:
      return gst_structure_has_name (gst_message_get_structure (message), "GstBinForwarded");
    default:
      return FALSE;
    }
}

/* Any thread. What nobody looks at does not wait on the bus, nor do more warnings than anybody reads: an element may
 * tell of every buffer, faster than the main context listens. */
static GstBusSyncReply
on_sync_message (GstBus *bus, GstMessage *message, gpointer door)
{
  if (is_looked_at (message, door))
    return GST_BUS_PASS;
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* -- elements -- */

GstElement *
salon_pipeline_find_element (SalonPipeline *self, const char *name)
{
  return self->pipeline != NULL ? gst_bin_get_by_name (GST_BIN (self->pipeline), name) : NULL;
}

GstClockTime
salon_pipeline_get_position (SalonPipeline *self)
{
  gint64 position = 0;

  if (self->pipeline == NULL || !gst_element_query_position (self->pipeline, GST_FORMAT_TIME, &position))
    return GST_CLOCK_TIME_NONE;
  return position >= 0 ? (GstClockTime)position : GST_CLOCK_TIME_NONE;
}

/* -- webrtcbins -- */

GstElement *
salon_pipeline_find_webrtcbin (SalonPipeline *self, const char *name, GError **error)
{
  g_autoptr (GstElement) element = salon_pipeline_find_element (self, name);

  if (element == NULL || is_webrtcbin (element))
    return g_steal_pointer (&element);
  g_set_error (
      error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("\"%s\" must name a webrtcbin; rename the other element"), name);
  return NULL;
}

GstElement *
salon_pipeline_add_webrtcbin (SalonPipeline *self, const char *name)
{
  GstElement *webrtc = gst_element_factory_make ("webrtcbin", name);

  g_assert (webrtc != NULL);
  gst_bin_add (GST_BIN (self->pipeline), gst_object_ref (webrtc));
  gst_element_sync_state_with_parent (webrtc);
  return webrtc;
}

/* -- life -- */

/* What is live plays from now on, whether or not anything has come to its sinks: GStreamer itself calls it playing when
 * something has come to all of them, and in a room a sink may wait for ever. */
void
salon_pipeline_play (SalonPipeline *self)
{
  gboolean is_live = gst_element_set_state (self->pipeline, GST_STATE_PAUSED) == GST_STATE_CHANGE_NO_PREROLL;

  /* A failure is told on the bus. */
  if (gst_element_set_state (self->pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE && is_live)
    note_playing (self);
}

void
salon_pipeline_stop (SalonPipeline *self)
{
  g_autoptr (GstElement) pipeline = g_steal_pointer (&self->pipeline);

  if (pipeline == NULL)
    return;
  g_clear_handle_id (&self->bus_watch_id, g_source_remove);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static void
salon_pipeline_dispose (GObject *object)
{
  salon_pipeline_stop (SALON_PIPELINE (object));
  G_OBJECT_CLASS (salon_pipeline_parent_class)->dispose (object);
}

static void
salon_pipeline_finalize (GObject *object)
{
  g_hash_table_unref (SALON_PIPELINE (object)->open_ends);
  g_clear_pointer (&SALON_PIPELINE (object)->door, g_atomic_rc_box_release);
  G_OBJECT_CLASS (salon_pipeline_parent_class)->finalize (object);
}

static void
salon_pipeline_class_init (SalonPipelineClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = salon_pipeline_dispose;
  G_OBJECT_CLASS (klass)->finalize = salon_pipeline_finalize;
  signals[SIGNAL_FAILED]
      = g_signal_new ("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SIGNAL_PLAYING] = g_signal_new ("playing", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_ENDED] = g_signal_new ("ended", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
salon_pipeline_init (SalonPipeline *self)
{
  self->open_ends = g_hash_table_new_full (NULL, NULL, gst_object_unref, NULL);
}

SalonPipeline *
salon_pipeline_new (const char *description, GstParseContext *context, GError **error)
{
  g_autoptr (SalonPipeline) self = g_object_new (SALON_TYPE_PIPELINE, NULL);
  g_autoptr (GstElement) element = gst_parse_launch_full (description, context, GST_PARSE_FLAG_FATAL_ERRORS, error);
  g_autoptr (GstBus) bus = NULL;

  if (element == NULL)
    return NULL;
  gst_object_ref_sink (element);
  self->pipeline = GST_IS_PIPELINE (element) ? g_steal_pointer (&element) : gst_pipeline_new (NULL);
  /* A single element comes without one. */
  if (element != NULL)
    gst_bin_add (GST_BIN (self->pipeline), element);
  g_object_set (self->pipeline, "message-forward", TRUE, NULL);
  for_each_element (self->pipeline, open_end, self);
  bus = gst_element_get_bus (self->pipeline);
  self->door = g_atomic_rc_box_new0 (Door);
  self->door->pipeline = GST_OBJECT (self->pipeline);
  gst_bus_set_sync_handler (bus, on_sync_message, g_atomic_rc_box_acquire (self->door), g_atomic_rc_box_release);
  self->bus_watch_id = gst_bus_add_watch (bus, on_bus_message, self);
  return g_steal_pointer (&self);
}
