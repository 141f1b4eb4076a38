/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-sink.h"

#include "salon-bin.h"
#include "salon-branch.h"
#include "salon-endpoint.h"

GST_DEBUG_CATEGORY_STATIC (salon_sink_debug);
#define GST_CAT_DEFAULT salon_sink_debug

G_DECLARE_FINAL_TYPE (SalonSink, salon_sink, SALON, SINK, SalonEndpoint)

/* The server reads at once; if it ever does not, a frame more or less. */
#define PATIENCE_MS 100
#define DEFAULT_VIDEO_BPS 1500000
#define DEFAULT_AUDIO_BPS 64000

typedef enum
{
  SOURCE_CAMERA,
  SOURCE_SCREEN,
} Source;

/* A pad, and what leads from it to the wire. */
typedef struct
{
  SalonSink *sink; /* (borrowed) */
  gboolean is_video;
  GstPad *ghost;      /* (borrowed): of the sink */
  GstElement *entry;  /* (owned): what the ghost pad stands for */
  GstElement *branch; /* (owned) (nullable): from entry to the wire, once there are caps: the streaming thread */
  GstPad *wire_pad;   /* (owned) */
  gboolean has_ended; /* the object lock */
  gulong wait_id;     /* of the probe that waits until it is published; the object lock */
} Input;

struct _SalonSink
{
  SalonEndpoint parent_instance;

  Source source;
  SalonEncoding encoding;
  guint next_stream;    /* the object lock */
  guint next_number[2]; /* of audio and video pads: the object lock */
  GPtrArray *inputs;    /* (owned) (element-type Input), the object lock */
  gboolean is_entered;  /* what pads there are was told: others are told one by one: the object lock */
  gboolean is_starting; /* the change to PAUSED is not done: the object lock */
  gint stay;            /* atomic: how often it has begun */
};

G_DEFINE_FINAL_TYPE (SalonSink, salon_sink, SALON_TYPE_ENDPOINT)
GST_ELEMENT_REGISTER_DEFINE (salonsink, "salonsink", GST_RANK_NONE, SALON_TYPE_SINK)

enum
{
  PROP_SOURCE = 1,
  PROP_VIDEO_CODEC,
  PROP_VIDEO_BITRATE,
  PROP_AUDIO_BITRATE,
  PROP_MEASURE,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

static GType
source_get_type (void)
{
  static const GEnumValue values[] = {
    { SOURCE_CAMERA, "Camera and microphone", "camera" },
    { SOURCE_SCREEN, "Screen and its sound", "screen" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("SalonSinkSource", values));
  return type;
}

static GType
video_codec_get_type (void)
{
  static const GEnumValue values[] = {
    { SALON_CODEC_VP8, "VP8", "vp8" },
    { SALON_CODEC_VP9, "VP9", "vp9" },
    { SALON_CODEC_H264, "H264, constrained baseline", "h264" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("SalonSinkVideoCodec", values));
  return type;
}

/* -- the change to PAUSED ends when it is in the room: as splitmuxsink does it -- */

static void
begin_async (SalonSink *self)
{
  GST_OBJECT_LOCK (self);
  self->is_starting = TRUE;
  GST_OBJECT_UNLOCK (self);
  GST_BIN_CLASS (salon_sink_parent_class)
      ->handle_message (GST_BIN (self), gst_message_new_async_start (GST_OBJECT (self)));
}

/* With the state lock. */
static void
end_async (SalonSink *self)
{
  gboolean was_starting;

  GST_OBJECT_LOCK (self);
  was_starting = self->is_starting;
  self->is_starting = FALSE;
  GST_OBJECT_UNLOCK (self);
  if (was_starting)
    GST_BIN_CLASS (salon_sink_parent_class)
        ->handle_message (GST_BIN (self), gst_message_new_async_done (GST_OBJECT (self), GST_CLOCK_TIME_NONE));
}

/* The change may not have come to its asynchronous part yet: this waits for it, in a thread that nobody waits for. */
static void
end_async_when_due (GstElement *element, gpointer user_data)
{
  GST_STATE_LOCK (element);
  end_async (SALON_SINK (element));
  GST_STATE_UNLOCK (element);
}

static void
salon_sink_flowing (SalonEndpoint *endpoint)
{
  gst_element_call_async (GST_ELEMENT (endpoint), end_async_when_due, NULL, NULL);
}

static const char *
get_source_name (SalonSink *self, gboolean is_video)
{
  if (self->source == SOURCE_SCREEN)
    return is_video ? "screen" : "screen_audio";
  return is_video ? "camera" : "microphone";
}

static void
enter_room (SalonSink *self)
{
  SalonVisit *visit = salon_endpoint_get_visit (SALON_ENDPOINT (self));
  SalonWire *wire = salon_endpoint_get_wire (SALON_ENDPOINT (self));

  GST_OBJECT_LOCK (self);
  self->is_entered = TRUE;
  for (guint i = 0; i < self->inputs->len; i++)
    {
      Input *input = g_ptr_array_index (self->inputs, i);

      input->has_ended = FALSE;
      salon_visit_publish (
          visit, salon_wire_get_stream (wire, input->wire_pad), get_source_name (self, input->is_video));
    }
  /* With the lock: who adds another finds it begun. */
  salon_visit_start (visit);
  GST_OBJECT_UNLOCK (self);
}

static void
leave_room (SalonSink *self)
{
  GST_OBJECT_LOCK (self);
  self->is_entered = FALSE;
  self->is_starting = FALSE;
  GST_OBJECT_UNLOCK (self);
}

static GstStateChangeReturn
salon_sink_change_state (GstElement *element, GstStateChange transition)
{
  SalonSink *self = SALON_SINK (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    {
      g_atomic_int_inc (&self->stay);
      begin_async (self);
    }
  result = GST_ELEMENT_CLASS (salon_sink_parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE)
    end_async (self);
  else if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    {
      enter_room (self);
      result = GST_STATE_CHANGE_ASYNC;
    }
  else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    end_async (self);
  if (salon_bin_has_stopped (transition, result))
    leave_room (self);
  return result;
}

/* -- the end -- */

/* A thread of its own: it waits for the server to hear that we leave. By then it may have stopped, or begun anew. */
static void
leave_and_tell (GstElement *element, gpointer stay)
{
  SalonSink *self = SALON_SINK (element);

  GST_STATE_LOCK (element);
  if (g_atomic_int_get (&self->stay) == GPOINTER_TO_INT (stay) && GST_STATE_TARGET (element) >= GST_STATE_PAUSED)
    {
      salon_endpoint_leave (SALON_ENDPOINT (element));
      /* There may have been nothing to enter the room for. */
      end_async (self);
      gst_element_post_message (element, gst_message_new_eos (GST_OBJECT (element)));
    }
  GST_STATE_UNLOCK (element);
}

static void
leave_soon (SalonSink *self)
{
  gst_element_call_async (GST_ELEMENT (self), leave_and_tell, GINT_TO_POINTER (g_atomic_int_get (&self->stay)), NULL);
}

/* Whether there is nothing more to come; not, if there are no pads yet. */
static gboolean
have_all_ended_locked (SalonSink *self)
{
  for (guint i = 0; i < self->inputs->len; i++)
    {
      if (!((Input *)g_ptr_array_index (self->inputs, i))->has_ended)
        return FALSE;
    }
  return self->inputs->len > 0;
}

static Input *
find_stream_locked (SalonSink *self, guint stream)
{
  SalonWire *wire = salon_endpoint_get_wire (SALON_ENDPOINT (self));

  for (guint i = 0; i < self->inputs->len; i++)
    {
      Input *input = g_ptr_array_index (self->inputs, i);

      if (salon_wire_get_stream (wire, input->wire_pad) == stream)
        return input;
    }
  return NULL;
}

static void
end_stream (SalonSink *self, guint stream)
{
  gboolean is_over;
  Input *input;

  GST_OBJECT_LOCK (self);
  input = find_stream_locked (self, stream);
  if (input != NULL)
    input->has_ended = TRUE;
  is_over = have_all_ended_locked (self);
  GST_OBJECT_UNLOCK (self);
  if (input != NULL && is_over)
    leave_soon (self);
  else if (input != NULL)
    salon_endpoint_withdraw (SALON_ENDPOINT (self), stream);
}

static void
on_sink_ended (SalonWire *wire, GstPad *pad, gpointer user_data)
{
  end_stream (user_data, salon_wire_get_stream (wire, pad));
}

/* -- branches -- */

static gboolean
link_branch (Input *input, GstElement *branch)
{
  g_autoptr (GstPad) entry_src = gst_element_get_static_pad (input->entry, "src");
  g_autoptr (GstPad) sink = gst_element_get_static_pad (branch, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (branch, "src");

  return !GST_PAD_LINK_FAILED (gst_pad_link (src, input->wire_pad))
         && !GST_PAD_LINK_FAILED (gst_pad_link (entry_src, sink));
}

/* The caps event is on its way from the entry, and goes on through what is linked here. */
static void
open_branch (Input *input, const GstCaps *caps)
{
  SalonSink *self = input->sink;
  g_autoptr (GError) error = NULL;
  GstElement *branch = salon_branch_new_sender (caps, &self->encoding, &error);

  if (branch == NULL)
    {
      GST_ELEMENT_ERROR (self, CORE, MISSING_PLUGIN, ("%s", error->message), (NULL));
      return;
    }
  input->branch = gst_object_ref_sink (branch);
  gst_bin_add (GST_BIN (self), branch);
  if (!link_branch (input, branch))
    GST_ELEMENT_ERROR (self, CORE, NEGOTIATION, ("Caps that cannot be published"), ("%" GST_PTR_FORMAT, caps));
  salon_bin_start (branch);
}

static GstPadProbeReturn
on_entry_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Input *input = user_data;
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  GstCaps *caps;

  if (input->branch != NULL)
    return GST_PAD_PROBE_OK;
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS)
    {
      gst_event_parse_caps (event, &caps);
      open_branch (input, caps);
    }
  else if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    end_stream (
        input->sink, salon_wire_get_stream (salon_endpoint_get_wire (SALON_ENDPOINT (input->sink)), input->wire_pad));
  return GST_PAD_PROBE_OK;
}

/* A parser that is put behind a source of files would pull from it, which is pushing just now. */
static GstPadProbeReturn
on_entry_query (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);

  if (GST_QUERY_TYPE (query) != GST_QUERY_SCHEDULING)
    return GST_PAD_PROBE_OK;
  gst_query_set_scheduling (query, GST_SCHEDULING_FLAG_SEQUENTIAL, 1, -1, 0);
  gst_query_add_scheduling_mode (query, GST_PAD_MODE_PUSH);
  return GST_PAD_PROBE_HANDLED;
}

static void
input_free (Input *input)
{
  gst_object_unref (input->entry);
  gst_clear_object (&input->branch);
  gst_object_unref (input->wire_pad);
  g_free (input);
}

static Input *
input_new (SalonSink *self, guint stream)
{
  Input *input = g_new0 (Input, 1);
  g_autoptr (GstPad) src = NULL;

  input->sink = self;
  input->entry = gst_object_ref_sink (gst_element_factory_make ("identity", NULL));
  g_object_set (input->entry, "silent", TRUE, NULL);
  gst_bin_add (GST_BIN (self), input->entry);
  src = gst_element_get_static_pad (input->entry, "src");
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_entry_event, input, NULL);
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_QUERY_UPSTREAM | GST_PAD_PROBE_TYPE_PUSH, on_entry_query, NULL, NULL);
  input->wire_pad = gst_object_ref (salon_wire_add_sink (salon_endpoint_get_wire (SALON_ENDPOINT (self)), stream));
  salon_bin_start (input->entry);
  return input;
}

static guint
take_stream (SalonSink *self)
{
  guint stream;

  GST_OBJECT_LOCK (self);
  stream = self->next_stream++;
  GST_OBJECT_UNLOCK (self);
  return stream;
}

static char *
make_pad_name (SalonSink *self, gboolean is_video)
{
  guint number;

  GST_OBJECT_LOCK (self);
  number = self->next_number[is_video]++;
  GST_OBJECT_UNLOCK (self);
  return g_strdup_printf (is_video ? "video_%u" : "audio_%u", number);
}

static gboolean
has_pad (GstElement *element, const char *name)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, name);

  return pad != NULL;
}

/* -- a pad of an element that is in the room already waits until it is published -- */

static GstPadProbeReturn
wait_for_room (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return GST_PAD_PROBE_OK;
}

static gboolean
open_input (SalonSink *self, Input *input)
{
  guint stream = salon_wire_get_stream (salon_endpoint_get_wire (SALON_ENDPOINT (self)), input->wire_pad);
  g_autoptr (GstPad) src = gst_element_get_static_pad (input->entry, "src");
  gboolean is_late;
  guint index;

  GST_OBJECT_LOCK (self);
  is_late = self->is_entered;
  if (is_late)
    input->wait_id
        = gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
            wait_for_room, NULL, NULL);
  g_ptr_array_add (self->inputs, input);
  GST_OBJECT_UNLOCK (self);
  if (!is_late || salon_endpoint_publish (SALON_ENDPOINT (self), stream, get_source_name (self, input->is_video)))
    return TRUE;
  GST_OBJECT_LOCK (self);
  if (g_ptr_array_find (self->inputs, input, &index))
    g_ptr_array_steal_index (self->inputs, index);
  GST_OBJECT_UNLOCK (self);
  return FALSE;
}

static void
salon_sink_published (SalonEndpoint *endpoint, guint stream, const GError *error)
{
  SalonSink *self = SALON_SINK (endpoint);
  g_autoptr (GstPad) src = NULL;
  gulong wait_id = 0;
  Input *input;

  if (error != NULL)
    GST_ELEMENT_WARNING (self, RESOURCE, OPEN_WRITE, ("%s", error->message), ("a pad that was added is not published"));
  GST_OBJECT_LOCK (self);
  input = find_stream_locked (self, stream);
  if (input != NULL && error == NULL)
    {
      src = gst_object_ref (input->entry->srcpads->data);
      wait_id = input->wait_id;
      input->wait_id = 0;
    }
  GST_OBJECT_UNLOCK (self);
  if (wait_id != 0)
    gst_pad_remove_probe (src, wait_id);
}

/* input: (transfer full) */
static void
drop_input (SalonSink *self, Input *input)
{
  salon_bin_remove (input->entry);
  if (input->branch != NULL)
    salon_bin_remove (input->branch);
  salon_wire_remove_pad (salon_endpoint_get_wire (SALON_ENDPOINT (self)), input->wire_pad);
  input_free (input);
}

static GstPad *
salon_sink_request_new_pad (GstElement *element, GstPadTemplate *template, const char *name, const GstCaps *caps)
{
  SalonSink *self = SALON_SINK (element);
  gboolean is_video = g_str_has_prefix (GST_PAD_TEMPLATE_NAME_TEMPLATE (template), "video");
  g_autofree char *own_name = name != NULL ? g_strdup (name) : make_pad_name (self, is_video);
  Input *input;
  g_autoptr (GstPad) target = NULL;

  if (has_pad (element, own_name))
    {
      GST_WARNING_OBJECT (self, "there is a pad %s", own_name);
      return NULL;
    }
  input = input_new (self, take_stream (self));
  input->is_video = is_video;
  target = gst_element_get_static_pad (input->entry, "sink");
  input->ghost = gst_ghost_pad_new_from_template (own_name, target, template);
  if (!open_input (self, input))
    {
      GST_WARNING_OBJECT (self, "over WebRTC pads are requested before it is in the room");
      gst_object_unref (gst_object_ref_sink (input->ghost));
      drop_input (self, input);
      return NULL;
    }
  gst_pad_set_active (input->ghost, TRUE);
  gst_element_add_pad (element, input->ghost);
  return input->ghost;
}

static void
salon_sink_release_pad (GstElement *element, GstPad *pad)
{
  SalonSink *self = SALON_SINK (element);
  Input *input = NULL;
  gboolean is_over;

  GST_OBJECT_LOCK (self);
  for (guint i = 0; i < self->inputs->len && input == NULL; i++)
    {
      if (((Input *)g_ptr_array_index (self->inputs, i))->ghost == pad)
        input = g_ptr_array_steal_index (self->inputs, i);
    }
  is_over = self->is_entered && have_all_ended_locked (self);
  GST_OBJECT_UNLOCK (self);
  gst_pad_set_active (pad, FALSE);
  gst_element_remove_pad (element, pad);
  if (input == NULL)
    return;
  salon_endpoint_withdraw (
      SALON_ENDPOINT (self), salon_wire_get_stream (salon_endpoint_get_wire (SALON_ENDPOINT (self)), input->wire_pad));
  salon_wire_end_stream (salon_endpoint_get_wire (SALON_ENDPOINT (self)), input->wire_pad);
  drop_input (self, input);
  if (is_over)
    leave_soon (self);
}

/* -- properties -- */

static void
salon_sink_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  SalonSink *self = SALON_SINK (object);

  switch (id)
    {
    case PROP_SOURCE:
      self->source = g_value_get_enum (value);
      break;
    case PROP_VIDEO_CODEC:
      self->encoding.video_codec = g_value_get_enum (value);
      break;
    case PROP_VIDEO_BITRATE:
      self->encoding.video_bps = g_value_get_uint (value);
      break;
    case PROP_AUDIO_BITRATE:
      self->encoding.audio_bps = g_value_get_uint (value);
      break;
    case PROP_MEASURE:
      self->encoding.measures = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
salon_sink_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SalonSink *self = SALON_SINK (object);

  switch (id)
    {
    case PROP_SOURCE:
      g_value_set_enum (value, self->source);
      break;
    case PROP_VIDEO_CODEC:
      g_value_set_enum (value, self->encoding.video_codec);
      break;
    case PROP_VIDEO_BITRATE:
      g_value_set_uint (value, self->encoding.video_bps);
      break;
    case PROP_AUDIO_BITRATE:
      g_value_set_uint (value, self->encoding.audio_bps);
      break;
    case PROP_MEASURE:
      g_value_set_boolean (value, self->encoding.measures);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  properties[PROP_SOURCE] = g_param_spec_enum (
      "source", "Source", "What others are told that this is", source_get_type (), SOURCE_CAMERA, flags);
  properties[PROP_VIDEO_CODEC] = g_param_spec_enum ("video-codec", "Video codec", "What raw pictures are encoded with",
      video_codec_get_type (), SALON_CODEC_VP8, flags);
  properties[PROP_VIDEO_BITRATE] = g_param_spec_uint (
      "video-bitrate", "Video bitrate", "Bits a second for raw pictures", 10000, 100000000, DEFAULT_VIDEO_BPS, flags);
  properties[PROP_AUDIO_BITRATE] = g_param_spec_uint (
      "audio-bitrate", "Audio bitrate", "Bits a second for raw sound", 6000, 510000, DEFAULT_AUDIO_BPS, flags);
  properties[PROP_MEASURE] = g_param_spec_boolean ("measure", "Measure",
      "Decode sound that comes encoded, to tell how loud it is: without it, and where it isn't raw, the room never "
      "takes "
      "it for who speaks",
      FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* -- life -- */

static void
salon_sink_constructed (GObject *object)
{
  G_OBJECT_CLASS (salon_sink_parent_class)->constructed (object);
  g_signal_connect (
      salon_endpoint_get_wire (SALON_ENDPOINT (object)), "sink-ended", G_CALLBACK (on_sink_ended), object);
}

static void
salon_sink_finalize (GObject *object)
{
  SalonSink *self = SALON_SINK (object);

  g_ptr_array_unref (self->inputs);
  G_OBJECT_CLASS (salon_sink_parent_class)->finalize (object);
}

static void
add_template (GstElementClass *element_class, const char *name, SalonKind kind)
{
  g_autoptr (GstCaps) caps = salon_branch_get_caps (kind);

  gst_element_class_add_pad_template (element_class, gst_pad_template_new (name, GST_PAD_SINK, GST_PAD_REQUEST, caps));
}

static void
salon_sink_class_init (SalonSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  SalonEndpointClass *endpoint_class = SALON_ENDPOINT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (salon_sink_debug, "salonsink", 0, "Salon: publishes in a room");
  object_class->constructed = salon_sink_constructed;
  object_class->finalize = salon_sink_finalize;
  object_class->set_property = salon_sink_set_property;
  object_class->get_property = salon_sink_get_property;
  install_properties (object_class);
  element_class->change_state = salon_sink_change_state;
  element_class->request_new_pad = salon_sink_request_new_pad;
  element_class->release_pad = salon_sink_release_pad;
  endpoint_class->patience_ms = PATIENCE_MS;
  endpoint_class->flowing = salon_sink_flowing;
  endpoint_class->published = salon_sink_published;
  add_template (element_class, "audio_%u", SALON_KIND_AUDIO);
  add_template (element_class, "video_%u", SALON_KIND_VIDEO);
  gst_element_class_set_static_metadata (element_class, "Salon sink", "Sink/Network",
      "Publishes sound and pictures, encoded or raw, in a room of a Salon server", "The Salon developers");
}

static void
salon_sink_init (SalonSink *self)
{
  self->encoding = (SalonEncoding){ SALON_CODEC_VP8, DEFAULT_VIDEO_BPS, DEFAULT_AUDIO_BPS };
  self->inputs = g_ptr_array_new_with_free_func ((GDestroyNotify)input_free);
  /* It is one, whatever is inside. */
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
  gst_bin_set_suppressed_flags (GST_BIN (self), GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE);
}
