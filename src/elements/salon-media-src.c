/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-media-src.h"

#include "salon-bin.h"
#include "salon-branch.h"

GST_DEBUG_CATEGORY_STATIC (salon_media_src_debug);
#define GST_CAT_DEFAULT salon_media_src_debug

#define N_KINDS 2

typedef struct
{
  SalonMediaSrc *element;
  GstPad *ghost;      /* (borrowed): the element's */
  GstPad *entry;      /* (owned): where rounds are linked to */
  gboolean is_begun;  /* its segment has been sent: the streaming thread */
  GstSegment segment; /* the round's own: the streaming thread */

  /* The object lock. */
  gboolean is_in_round; /* the present round brings some of it */
  gboolean has_ended;   /* for good */
  gboolean is_missing;  /* there is nothing of it, and its end is on its way */
} Output;

struct _SalonMediaSrc
{
  GstBin parent_instance;

  Output outputs[N_KINDS]; /* by SalonKind */
  GstElement *decoder;     /* (owned) (nullable): the present round's: the state lock */

  /* The object lock. */
  char *location; /* (owned) (nullable): a path, or a URI */
  guint loops;    /* 0: for ever */
  gboolean decodes;
  guint n_begun;        /* rounds */
  guint n_open;         /* outputs of this round that have not ended it */
  gboolean is_complete; /* all outputs of this round are known */
  gboolean is_ending;   /* somebody wants it to end */
  GstClockTime base;    /* where this round begins, as running time */
  GstClockTime end;     /* of all that came, as running time */
};

G_DEFINE_FINAL_TYPE (SalonMediaSrc, salon_media_src, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE (salonmediasrc, "salonmediasrc", GST_RANK_NONE, SALON_TYPE_MEDIA_SRC)

enum
{
  PROP_LOCATION = 1,
  PROP_LOOPS,
  PROP_DECODE,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

static void begin_round (GstElement *element, gpointer user_data);

/* -- rounds -- */

/* With the object lock. */
static gboolean
is_last_round_locked (SalonMediaSrc *self)
{
  return self->is_ending || (self->loops != 0 && self->n_begun >= self->loops);
}

/* Once all outputs of a round have ended it. */
static void
end_round (SalonMediaSrc *self)
{
  gboolean is_over, is_last, is_empty;

  GST_OBJECT_LOCK (self);
  is_over = self->is_complete && self->n_open == 0;
  is_last = is_last_round_locked (self);
  is_empty = self->end <= self->base;
  /* Once. */
  self->is_complete = self->is_complete && !is_over;
  GST_OBJECT_UNLOCK (self);
  if (!is_over || is_last)
    return;
  /* Or else it would be begun anew at once, and for ever. */
  if (is_empty)
    GST_ELEMENT_ERROR (self, STREAM, WRONG_TYPE,
        ("There is nothing to play over and over: it has neither sound nor pictures, or lasts no time"), (NULL));
  else
    gst_element_call_async (GST_ELEMENT (self), begin_round, NULL, NULL);
}

/* Returns: whether the end goes on to the elements behind. */
static gboolean
take_end (Output *output)
{
  SalonMediaSrc *self = output->element;
  gboolean was_in_round, has_ended;

  GST_OBJECT_LOCK (self);
  was_in_round = output->is_in_round;
  output->is_in_round = FALSE;
  self->n_open -= was_in_round;
  has_ended = output->has_ended || !was_in_round || is_last_round_locked (self);
  output->has_ended = has_ended;
  GST_OBJECT_UNLOCK (self);
  if (was_in_round)
    end_round (self);
  return has_ended;
}

/* -- what comes -- */

/* Where in the whole a round's time is, as running time. */
static GstClockTime
place (const Output *output, GstClockTime time)
{
  GstClockTime running = 0;
  gboolean is_after = GST_CLOCK_TIME_IS_VALID (time)
                      && gst_segment_to_running_time_full (&output->segment, GST_FORMAT_TIME, time, &running) > 0;

  /* Only the first round may have something before the beginning, and that is cut off. */
  return GST_CLOCK_TIME_IS_VALID (time) ? output->element->base + (is_after ? running : 0) : GST_CLOCK_TIME_NONE;
}

static void
note_end (SalonMediaSrc *self, GstClockTime time, GstClockTime duration)
{
  GstClockTime end = time + (GST_CLOCK_TIME_IS_VALID (duration) ? duration : 0);

  GST_OBJECT_LOCK (self);
  if (GST_CLOCK_TIME_IS_VALID (time))
    self->end = MAX (self->end, end);
  GST_OBJECT_UNLOCK (self);
}

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Output *output = user_data;
  GstBuffer *buffer = gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));

  GST_BUFFER_PTS (buffer) = place (output, GST_BUFFER_PTS (buffer));
  GST_BUFFER_DTS (buffer) = place (output, GST_BUFFER_DTS (buffer));
  note_end (output->element, GST_BUFFER_DTS_OR_PTS (buffer), GST_BUFFER_DURATION (buffer));
  GST_PAD_PROBE_INFO_DATA (info) = buffer;
  return GST_PAD_PROBE_OK;
}

/* event: (transfer full) */
static GstPadProbeReturn
replace (GstPadProbeInfo *info, GstEvent *event)
{
  gst_event_set_seqnum (event, gst_event_get_seqnum (GST_PAD_PROBE_INFO_EVENT (info)));
  gst_event_unref (GST_PAD_PROBE_INFO_EVENT (info));
  GST_PAD_PROBE_INFO_DATA (info) = event;
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
take_segment (Output *output, GstPadProbeInfo *info)
{
  GstSegment whole;
  gboolean was_begun = output->is_begun;

  gst_event_copy_segment (GST_PAD_PROBE_INFO_EVENT (info), &output->segment);
  output->is_begun = TRUE;
  if (was_begun)
    return GST_PAD_PROBE_DROP;
  gst_segment_init (&whole, GST_FORMAT_TIME);
  return replace (info, gst_event_new_segment (&whole));
}

static GstPadProbeReturn
take_gap (Output *output, GstPadProbeInfo *info)
{
  GstClockTime time, duration;

  gst_event_parse_gap (GST_PAD_PROBE_INFO_EVENT (info), &time, &duration);
  time = place (output, time);
  note_end (output->element, time, duration);
  return replace (info, gst_event_new_gap (time, duration));
}

static GstPadProbeReturn
on_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Output *output = user_data;

  switch (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)))
    {
    case GST_EVENT_STREAM_START:
      return output->is_begun ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
    case GST_EVENT_SEGMENT:
      return take_segment (output, info);
    case GST_EVENT_GAP:
      return take_gap (output, info);
    case GST_EVENT_EOS:
      return take_end (output) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
    default:
      return GST_PAD_PROBE_OK;
    }
}

/* A seek would move one round alone. */
static GstPadProbeReturn
on_request (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_SEEK ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

/* -- the decoder -- */

static Output *
find_output (SalonMediaSrc *self, GstPad *pad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  const char *type;

  if (caps == NULL)
    caps = gst_pad_query_caps (pad, NULL);
  type = gst_caps_is_empty (caps) || gst_caps_is_any (caps) ? ""
                                                            : gst_structure_get_name (gst_caps_get_structure (caps, 0));
  if (g_str_has_prefix (type, "audio/"))
    return &self->outputs[SALON_KIND_AUDIO];
  return g_str_has_prefix (type, "video/") || g_str_has_prefix (type, "image/") ? &self->outputs[SALON_KIND_VIDEO]
                                                                                : NULL;
}

/* What has no output is left unlinked, and thrown away. */
static void
on_pad_added (GstElement *decoder, GstPad *pad, SalonMediaSrc *self)
{
  Output *output = find_output (self, pad);
  gboolean is_wanted;

  if (output == NULL || !gst_pad_is_linked (output->ghost))
    return;
  GST_OBJECT_LOCK (self);
  is_wanted = !output->is_in_round && !output->has_ended;
  output->is_in_round = output->is_in_round || is_wanted;
  self->n_open += is_wanted;
  GST_OBJECT_UNLOCK (self);
  if (is_wanted && GST_PAD_LINK_FAILED (gst_pad_link (pad, output->entry)))
    GST_ELEMENT_ERROR (self, CORE, NEGOTIATION, ("What is played cannot be linked"), (NULL));
}

/* Nothing more of it comes, or nothing at all. */
static void
end_output (Output *output)
{
  gst_pad_send_event (output->entry, gst_event_new_stream_start (GST_OBJECT_NAME (output->ghost)));
  gst_pad_send_event (output->entry, gst_event_new_eos ());
}

/* A thread of its own: a sink may keep it until it plays. */
static void
end_missing (GstElement *element, gpointer user_data)
{
  SalonMediaSrc *self = SALON_MEDIA_SRC (element);

  for (guint i = 0; i < N_KINDS; i++)
    {
      gboolean is_missing;

      GST_OBJECT_LOCK (self);
      is_missing = self->outputs[i].is_missing;
      self->outputs[i].is_missing = FALSE;
      GST_OBJECT_UNLOCK (self);
      if (is_missing)
        end_output (&self->outputs[i]);
    }
}

static void
on_no_more_pads (GstElement *decoder, SalonMediaSrc *self)
{
  GST_OBJECT_LOCK (self);
  for (guint i = 0; i < N_KINDS; i++)
    {
      Output *output = &self->outputs[i];

      output->is_missing = !output->is_in_round && !output->has_ended;
      output->has_ended = output->has_ended || output->is_missing;
    }
  self->is_complete = TRUE;
  GST_OBJECT_UNLOCK (self);
  gst_element_call_async (GST_ELEMENT (self), end_missing, NULL, NULL);
  end_round (self);
}

/* Returns: (transfer full) (nullable) */
static char *
make_uri (SalonMediaSrc *self, GError **error)
{
  g_autofree char *location = NULL;

  GST_OBJECT_LOCK (self);
  location = g_strdup (self->location);
  GST_OBJECT_UNLOCK (self);
  if (location != NULL && *location != '\0')
    return gst_uri_is_valid (location) ? g_steal_pointer (&location) : gst_filename_to_uri (location, error);
  g_set_error_literal (error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI, "Set the property location: a path, or a URI");
  return NULL;
}

/* Returns: (transfer full): (floating) */
static GstElement *
new_decoder (SalonMediaSrc *self, const char *uri)
{
  GstElement *decoder = gst_element_factory_make ("uridecodebin", NULL);
  g_autoptr (GstCaps) caps = NULL;

  if (decoder == NULL)
    return NULL;
  g_object_set (decoder, "uri", uri, NULL);
  if (!self->decodes)
    {
      caps = gst_caps_merge (salon_branch_get_caps (SALON_KIND_AUDIO), salon_branch_get_caps (SALON_KIND_VIDEO));
      g_object_set (decoder, "caps", caps, NULL);
    }
  g_signal_connect (decoder, "pad-added", G_CALLBACK (on_pad_added), self);
  g_signal_connect (decoder, "no-more-pads", G_CALLBACK (on_no_more_pads), self);
  return decoder;
}

/* With the state lock. */
static void
drop_decoder (SalonMediaSrc *self)
{
  g_autoptr (GstElement) decoder = g_steal_pointer (&self->decoder);

  if (decoder == NULL)
    return;
  g_signal_handlers_disconnect_by_data (decoder, self);
  salon_bin_remove (decoder);
}

/* With the state lock. */
static gboolean
add_decoder (SalonMediaSrc *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *uri = make_uri (self, &error);
  GstElement *decoder = uri != NULL ? new_decoder (self, uri) : NULL;

  if (decoder == NULL)
    {
      GST_ELEMENT_ERROR (
          self, RESOURCE, NOT_FOUND, ("%s", error != NULL ? error->message : "There is no uridecodebin"), (NULL));
      return FALSE;
    }
  self->decoder = gst_object_ref_sink (decoder);
  GST_OBJECT_LOCK (self);
  self->n_begun++;
  self->base = self->end;
  GST_OBJECT_UNLOCK (self);
  GST_DEBUG_OBJECT (self, "round %u begins at %" GST_TIME_FORMAT, self->n_begun, GST_TIME_ARGS (self->base));
  return gst_bin_add (GST_BIN (self), decoder);
}

static gboolean
has_to_end (SalonMediaSrc *self)
{
  gboolean is_ending;

  GST_OBJECT_LOCK (self);
  is_ending = self->is_ending;
  GST_OBJECT_UNLOCK (self);
  return is_ending;
}

/* A thread of its own: what has just ended waits for its threads. */
static void
begin_round (GstElement *element, gpointer user_data)
{
  SalonMediaSrc *self = SALON_MEDIA_SRC (element);

  GST_STATE_LOCK (self);
  if (GST_STATE_TARGET (self) >= GST_STATE_PAUSED && self->decoder != NULL && !has_to_end (self))
    {
      drop_decoder (self);
      if (add_decoder (self))
        salon_bin_start (self->decoder);
    }
  GST_STATE_UNLOCK (self);
}

/* A thread of its own: an event waits for the buffer before it. */
static void
end_all (GstElement *element, gpointer user_data)
{
  for (guint i = 0; i < N_KINDS; i++)
    end_output (&SALON_MEDIA_SRC (element)->outputs[i]);
}

/* The end of the stream is that of all rounds. */
static gboolean
salon_media_src_send_event (GstElement *element, GstEvent *event)
{
  SalonMediaSrc *self = SALON_MEDIA_SRC (element);

  if (GST_EVENT_TYPE (event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS (salon_media_src_parent_class)->send_event (element, event);
  gst_event_unref (event);
  GST_OBJECT_LOCK (self);
  self->is_ending = TRUE;
  GST_OBJECT_UNLOCK (self);
  gst_element_call_async (element, end_all, NULL, NULL);
  return TRUE;
}

/* -- life -- */

static void
rewind_all (SalonMediaSrc *self)
{
  GST_OBJECT_LOCK (self);
  self->n_begun = 0;
  self->n_open = 0;
  self->is_complete = FALSE;
  self->is_ending = FALSE;
  self->base = 0;
  self->end = 0;
  for (guint i = 0; i < N_KINDS; i++)
    {
      self->outputs[i].is_begun = FALSE;
      self->outputs[i].is_in_round = FALSE;
      self->outputs[i].has_ended = FALSE;
      self->outputs[i].is_missing = FALSE;
    }
  GST_OBJECT_UNLOCK (self);
}

/* Nobody waits for what is played to be ready: elements behind it wait by themselves, a new round must not make the
 * whole pipeline pause, and uridecodebin, if it is ready too soon, does not say so. */
static void
salon_media_src_handle_message (GstBin *bin, GstMessage *message)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ASYNC_START || GST_MESSAGE_TYPE (message) == GST_MESSAGE_ASYNC_DONE)
    gst_message_unref (message);
  else
    GST_BIN_CLASS (salon_media_src_parent_class)->handle_message (bin, message);
}

static GstStateChangeReturn
salon_media_src_change_state (GstElement *element, GstStateChange transition)
{
  SalonMediaSrc *self = SALON_MEDIA_SRC (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    {
      rewind_all (self);
      if (!add_decoder (self))
        return GST_STATE_CHANGE_FAILURE;
    }
  result = GST_ELEMENT_CLASS (salon_media_src_parent_class)->change_state (element, transition);
  if (salon_bin_has_stopped (transition, result))
    drop_decoder (self);
  return result == GST_STATE_CHANGE_ASYNC ? GST_STATE_CHANGE_SUCCESS : result;
}

static void
add_output (SalonMediaSrc *self, SalonKind kind, const char *name)
{
  Output *output = &self->outputs[kind];
  GstElement *entry = gst_element_factory_make ("identity", NULL);
  GstPadTemplate *template = gst_element_class_get_pad_template (GST_ELEMENT_GET_CLASS (self), name);
  g_autoptr (GstPad) src = gst_element_get_static_pad (entry, "src");

  g_object_set (entry, "silent", TRUE, NULL);
  gst_bin_add (GST_BIN (self), entry);
  output->element = self;
  output->entry = gst_element_get_static_pad (entry, "sink");
  output->ghost = gst_ghost_pad_new_from_template (name, src, template);
  gst_pad_add_probe (output->entry, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, output, NULL);
  gst_pad_add_probe (output->entry, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, output, NULL);
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_request, NULL, NULL);
  gst_element_add_pad (GST_ELEMENT (self), output->ghost);
}

static void
salon_media_src_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  SalonMediaSrc *self = SALON_MEDIA_SRC (object);

  GST_OBJECT_LOCK (self);
  switch (id)
    {
    case PROP_LOCATION:
      g_free (self->location);
      self->location = g_value_dup_string (value);
      break;
    case PROP_LOOPS:
      self->loops = g_value_get_uint (value);
      break;
    case PROP_DECODE:
      self->decodes = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
  GST_OBJECT_UNLOCK (self);
}

static void
salon_media_src_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SalonMediaSrc *self = SALON_MEDIA_SRC (object);

  GST_OBJECT_LOCK (self);
  switch (id)
    {
    case PROP_LOCATION:
      g_value_set_string (value, self->location);
      break;
    case PROP_LOOPS:
      g_value_set_uint (value, self->loops);
      break;
    case PROP_DECODE:
      g_value_set_boolean (value, self->decodes);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
  GST_OBJECT_UNLOCK (self);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  properties[PROP_LOCATION]
      = g_param_spec_string ("location", "Location", "What is played: a file's path, or a URI", NULL, flags);
  properties[PROP_LOOPS]
      = g_param_spec_uint ("loops", "Loops", "How often, if it is a file; 0: for ever", 0, G_MAXUINT, 1, flags);
  properties[PROP_DECODE] = g_param_spec_boolean ("decode", "Decode",
      "Raw sound and pictures; else what salonsink takes stays as it is, and only the rest is decoded", TRUE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
salon_media_src_finalize (GObject *object)
{
  SalonMediaSrc *self = SALON_MEDIA_SRC (object);

  for (guint i = 0; i < N_KINDS; i++)
    gst_clear_object (&self->outputs[i].entry);
  g_free (self->location);
  G_OBJECT_CLASS (salon_media_src_parent_class)->finalize (object);
}

static void
add_template (GstElementClass *element_class, const char *name, SalonKind kind)
{
  g_autoptr (GstCaps) caps = salon_branch_get_caps (kind);

  gst_element_class_add_pad_template (element_class, gst_pad_template_new (name, GST_PAD_SRC, GST_PAD_ALWAYS, caps));
}

static void
salon_media_src_class_init (SalonMediaSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (salon_media_src_debug, "salonmediasrc", 0, "Salon: plays files");
  object_class->finalize = salon_media_src_finalize;
  object_class->set_property = salon_media_src_set_property;
  object_class->get_property = salon_media_src_get_property;
  install_properties (object_class);
  GST_BIN_CLASS (klass)->handle_message = salon_media_src_handle_message;
  element_class->change_state = salon_media_src_change_state;
  element_class->send_event = salon_media_src_send_event;
  add_template (element_class, "audio", SALON_KIND_AUDIO);
  add_template (element_class, "video", SALON_KIND_VIDEO);
  gst_element_class_set_static_metadata (element_class, "Salon media source", "Source/File",
      "The sound and the picture of a file or a stream, once, several times or for ever, without a seam",
      "The Salon developers");
}

static void
salon_media_src_init (SalonMediaSrc *self)
{
  self->loops = 1;
  self->decodes = TRUE;
  add_output (self, SALON_KIND_VIDEO, "video");
  add_output (self, SALON_KIND_AUDIO, "audio");
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}
