/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-recorder-track.h"

#include <string.h>

GST_DEBUG_CATEGORY_STATIC (salon_recorder_track_debug);
#define GST_CAT_DEFAULT salon_recorder_track_debug

/* Longer gaps in sound are left as gaps of time: a day of packets would hold up what comes after it. */
#define LONGEST_FILLED_GAP (1 * 3600 * GST_SECOND)
/* What a picture lasts when nothing follows it, and a packet of sound that does not say. */
#define DEFAULT_PICTURE (33 * GST_MSECOND)
#define DEFAULT_SOUND (20 * GST_MSECOND)
#define OPUS_RATE 48000
/* What begins by no more than that before its file does, is taken to begin with it. */
#define EARLIEST (2 * GST_MSECOND)

/* Of its files. One may have grown too large; a disk that is broken is so for the next, too. */
#define MAX_FAILURES 3

typedef enum
{
  STATE_WAITING, /* for a file */
  STATE_RECORDING,
  STATE_DROPPING,
} State;

struct _SalonRecorderTrack
{
  GstElement parent_instance;

  GstStructure *information;              /* (owned) */
  const SalonRecorderTrackEvents *events; /* (borrowed) */
  gpointer user_data;
  gboolean is_video;
  GstPad *sink; /* (borrowed): the element's */
  GstPad *src;  /* (borrowed): likewise */

  /* The streaming thread. */
  GstSegment segment;
  GstClockTime last; /* running time */

  GMutex lock;
  GCond changed;           /* lock: the state, or that it is stopped */
  State state;             /* lock */
  gboolean is_stopped;     /* lock: it does not play */
  gboolean is_finishing;   /* lock: of the present file no more is to come */
  gboolean has_told_ready; /* lock: that it waits */
  gboolean is_opening;     /* lock: the file has had nothing yet */
  gboolean needs_picture;  /* lock: nothing before a keyframe */
  GstClockTime next;       /* lock: running time of what waits for a file */
  GstClockTime begin;      /* lock: running time of the first in the file */
  GstClockTime end;        /* lock: running time */
  GstClockTime base;       /* lock */
  gboolean needs_duration; /* lock */
  guint64 n_frames;        /* lock: in the present file */
  int width, height;       /* lock: of the largest picture so far */
  gint64 last_us;          /* lock */

  guint n_failures; /* the recorder's thread */
};

G_DEFINE_FINAL_TYPE (SalonRecorderTrack, salon_recorder_track, GST_TYPE_ELEMENT)

/* What muxers take: of H264, with the parameters in the stream, as they change with the picture's size. */
#define MEDIA                                                                                                          \
  "audio/x-opus; video/x-vp8; video/x-vp9; video/x-av1, stream-format=obu-stream, alignment=tu; "                      \
  "video/x-h264, stream-format=avc3, alignment=au"
static GstStaticPadTemplate sink_template
    = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (MEDIA));
static GstStaticPadTemplate src_template
    = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (MEDIA));

/* -- sound -- */

/* RFC 6716, 3.1: how long one frame of a packet is, by its first byte. */
static GstClockTime
get_opus_frame_duration (guint8 first)
{
  guint config = first >> 3;

  if (config < 12)
    return (guint[]){ 10, 20, 40, 60 }[config % 4] * GST_MSECOND;
  if (config < 16)
    return (guint[]){ 10, 20 }[config % 2] * GST_MSECOND;
  return (guint[]){ 2500, 5000, 10000, 20000 }[config % 4] * GST_USECOND;
}

static GstClockTime
get_opus_duration (const GstMapInfo *map)
{
  guint n_frames = 2;

  if (map->size == 0)
    return DEFAULT_SOUND;
  if ((map->data[0] & 3) == 0)
    n_frames = 1;
  else if ((map->data[0] & 3) == 3)
    n_frames = map->size > 1 ? map->data[1] & 63 : 1;
  return n_frames * get_opus_frame_duration (map->data[0]);
}

static GstClockTime
get_duration (SalonRecorderTrack *self, GstBuffer *buffer, guint8 *first)
{
  GstClockTime duration = GST_BUFFER_DURATION (buffer);
  GstMapInfo map;

  if (self->is_video)
    return GST_CLOCK_TIME_IS_VALID (duration) ? duration : DEFAULT_PICTURE;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return DEFAULT_SOUND;
  duration = get_opus_duration (&map);
  *first = map.size > 0 ? map.data[0] : 0;
  gst_buffer_unmap (buffer, &map);
  return duration;
}

/* -- what goes out: the streaming thread -- */

static void
count_locked (SalonRecorderTrack *self, GstClockTime time, GstClockTime duration)
{
  self->n_frames++;
  self->end = MAX (self->end, time + duration);
}

static void
open_file (SalonRecorderTrack *self)
{
  g_autoptr (GstCaps) caps = gst_caps_make_writable (gst_pad_get_current_caps (self->sink));
  g_autofree char *id = gst_pad_create_stream_id (self->src, GST_ELEMENT (self), NULL);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  /* What muxers want to know, and is always so (RFC 7845, 5.1). */
  if (!self->is_video)
    gst_caps_set_simple (caps, "rate", G_TYPE_INT, OPUS_RATE, NULL);
  gst_pad_push_event (self->src, gst_event_new_stream_start (id));
  gst_pad_push_event (self->src, gst_event_new_caps (caps));
  gst_pad_push_event (self->src, gst_event_new_segment (&segment));
}

/* The largest frame that fits, as the first byte of a packet has it: one like those of the sound itself, or else CELT's
 * of 10, 5 or 2.5 ms. Returns: 0 when none does. */
static guint8
choose_filling (guint8 first, GstClockTime gap)
{
  if (get_opus_frame_duration (first) <= gap)
    return first & ~3;
  for (guint config = 30; config >= 28; config--)
    {
      guint8 byte = (guint8)(config << 3) | (first & 4);

      if (get_opus_frame_duration (byte) <= gap)
        return byte;
    }
  return 0;
}

/* What players do with a gap differs: some go on with what comes after it, as if there were none. So there is none: a
 * packet without a frame is what a decoder is given for one that is lost, or was not sent (RFC 6716, 3.2.1 and 4.4). */
static GstFlowReturn
fill_gap (SalonRecorderTrack *self, GstClockTime from, GstClockTime until, GstClockTime base, guint8 first)
{
  GstFlowReturn result = GST_FLOW_OK;
  GstClockTime time = from;
  guint8 byte;

  if (until - from > LONGEST_FILLED_GAP)
    return GST_FLOW_OK;
  while (result == GST_FLOW_OK && (byte = choose_filling (first, until - time)) != 0)
    {
      GstBuffer *nothing = gst_buffer_new_memdup (&byte, 1);
      GstClockTime duration = get_opus_frame_duration (byte);

      GST_BUFFER_PTS (nothing) = GST_BUFFER_DTS (nothing) = time - base;
      GST_BUFFER_DURATION (nothing) = duration;
      result = gst_pad_push (self->src, nothing);
      g_mutex_lock (&self->lock);
      count_locked (self, time, duration);
      g_mutex_unlock (&self->lock);
      time += duration;
    }
  return result;
}

/* buffer: (transfer full) */
static GstFlowReturn
push (SalonRecorderTrack *self, GstBuffer *buffer, GstClockTime time)
{
  guint8 first = 0;
  GstClockTime duration = get_duration (self, buffer, &first);
  GstFlowReturn result = GST_FLOW_OK;
  GstClockTime base, end;
  gboolean is_opening, is_early, needs_duration;

  g_mutex_lock (&self->lock);
  base = self->base;
  needs_duration = self->needs_duration || !self->is_video;
  end = self->end;
  is_early = time + EARLIEST < base;
  is_opening = self->is_opening && !is_early;
  self->is_opening &= is_early;
  g_mutex_unlock (&self->lock);
  if (is_early)
    {
      gst_buffer_unref (buffer);
      return GST_FLOW_OK;
    }
  if (is_opening)
    open_file (self);
  if (!self->is_video && time > end)
    result = fill_gap (self, end, time, base, first);
  buffer = gst_buffer_make_writable (buffer);
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = MAX (time, base) - base;
  GST_BUFFER_DURATION (buffer) = needs_duration ? duration : GST_CLOCK_TIME_NONE;
  if (result == GST_FLOW_OK)
    result = gst_pad_push (self->src, buffer);
  else
    gst_buffer_unref (buffer);
  g_mutex_lock (&self->lock);
  count_locked (self, time, duration);
  g_mutex_unlock (&self->lock);
  return result;
}

static void
wait_for_keyframe_locked (SalonRecorderTrack *self)
{
  self->needs_picture = self->is_video;
  self->has_told_ready = FALSE;
}

static void
ask_for_keyframe (SalonRecorderTrack *self)
{
  if (self->is_video)
    gst_pad_push_event (
        self->sink, gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
                        gst_structure_new ("GstForceKeyUnit", "running-time", GST_TYPE_CLOCK_TIME, GST_CLOCK_TIME_NONE,
                            "all-headers", G_TYPE_BOOLEAN, TRUE, "count", G_TYPE_UINT, 0, NULL)));
}

/* With the sink pad's stream lock. */
static void
finish_now (SalonRecorderTrack *self, State next)
{
  g_autoptr (GstPad) peer = gst_pad_get_peer (self->src);
  gboolean was_recording;

  g_mutex_lock (&self->lock);
  was_recording = self->state == STATE_RECORDING;
  self->state = next;
  self->is_finishing = FALSE;
  wait_for_keyframe_locked (self);
  g_mutex_unlock (&self->lock);
  if (was_recording && peer != NULL)
    {
      gst_pad_push_event (self->src, gst_event_new_eos ());
      gst_pad_unlink (self->src, peer);
    }
  if (next == STATE_WAITING)
    ask_for_keyframe (self);
}

static gboolean
is_finishing (SalonRecorderTrack *self)
{
  gboolean result;

  g_mutex_lock (&self->lock);
  result = self->is_finishing;
  g_mutex_unlock (&self->lock);
  return result;
}

/* Waits for a file. Whether this buffer is to go into it. */
static gboolean
wait_for_file (SalonRecorderTrack *self, GstBuffer *buffer, GstClockTime time)
{
  gboolean is_wanted;

  g_mutex_lock (&self->lock);
  self->last_us = g_get_monotonic_time ();
  if (self->needs_picture && GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    {
      g_mutex_unlock (&self->lock);
      return FALSE;
    }
  if (self->state == STATE_WAITING)
    self->next = time;
  while (self->state == STATE_WAITING && !self->is_stopped)
    {
      gboolean is_news = !self->has_told_ready;

      self->has_told_ready = TRUE;
      g_mutex_unlock (&self->lock);
      if (is_news)
        self->events->ready (self, self->user_data);
      g_mutex_lock (&self->lock);
      if (self->state == STATE_WAITING && !self->is_stopped && !is_news)
        g_cond_wait (&self->changed, &self->lock);
    }
  is_wanted = self->state == STATE_RECORDING && !self->is_stopped;
  if (is_wanted)
    self->needs_picture = FALSE;
  g_mutex_unlock (&self->lock);
  return is_wanted;
}

static GstFlowReturn
salon_recorder_track_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  SalonRecorderTrack *self = SALON_RECORDER_TRACK (parent);
  GstClockTime time = gst_segment_to_running_time (&self->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));

  if (is_finishing (self))
    finish_now (self, STATE_WAITING);
  if (!GST_CLOCK_TIME_IS_VALID (time) || !wait_for_file (self, buffer, time))
    {
      gst_buffer_unref (buffer);
      return GST_FLOW_OK;
    }
  /* Never back: muxers take that ill. */
  time = self->last = MAX (time, self->last);
  /* Other errors are told by the element where they are. */
  if (push (self, buffer, time) == GST_FLOW_NOT_NEGOTIATED)
    self->events->refused (self, self->user_data);
  if (is_finishing (self))
    finish_now (self, STATE_WAITING);
  return GST_FLOW_OK;
}

static void
note_size (SalonRecorderTrack *self, GstCaps *caps)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  int width = 0;
  int height = 0;

  gst_structure_get_int (structure, "width", &width);
  gst_structure_get_int (structure, "height", &height);
  g_mutex_lock (&self->lock);
  if (width * height > self->width * self->height)
    {
      self->width = width;
      self->height = height;
    }
  g_mutex_unlock (&self->lock);
}

/* A muxer knows the caps of a track when it begins, and refuses others: a picture's new size stands in the picture. */
static gboolean
salon_recorder_track_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  SalonRecorderTrack *self = SALON_RECORDER_TRACK (parent);
  GstCaps *caps;

  switch (GST_EVENT_TYPE (event))
    {
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &self->segment);
      break;
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      note_size (self, caps);
      break;
    case GST_EVENT_EOS:
      finish_now (self, STATE_DROPPING);
      self->events->ended (self, self->user_data);
      break;
    default:
      break;
    }
  gst_event_unref (event);
  return TRUE;
}

/* -- the recorder's thread -- */

static void
set_state (SalonRecorderTrack *self, State state)
{
  g_mutex_lock (&self->lock);
  self->state = state;
  self->is_finishing = FALSE;
  if (state != STATE_RECORDING)
    wait_for_keyframe_locked (self);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
salon_recorder_track_record (SalonRecorderTrack *self, GstPad *pad, GstClockTime base, gboolean needs_duration)
{
  g_mutex_lock (&self->lock);
  self->base = base;
  self->needs_duration = needs_duration;
  /* Sound begins with the file: what there is of it before that is left out, what is missing is filled in. */
  self->begin = self->end = self->is_video ? self->next : base;
  self->n_frames = 0;
  self->is_opening = TRUE;
  g_mutex_unlock (&self->lock);
  gst_pad_link (self->src, pad);
  set_state (self, STATE_RECORDING);
}

void
salon_recorder_track_finish (SalonRecorderTrack *self)
{
  gboolean is_recording;

  g_mutex_lock (&self->lock);
  is_recording = self->state == STATE_RECORDING;
  self->is_finishing = is_recording;
  g_mutex_unlock (&self->lock);
  /* Nothing comes just now: the streaming thread, which would do it, may be long in coming. */
  if (is_recording && g_rec_mutex_trylock (GST_PAD_GET_STREAM_LOCK (self->sink)))
    {
      if (is_finishing (self))
        finish_now (self, STATE_WAITING);
      g_rec_mutex_unlock (GST_PAD_GET_STREAM_LOCK (self->sink));
    }
}

gboolean
salon_recorder_track_restart (SalonRecorderTrack *self)
{
  if (++self->n_failures > MAX_FAILURES)
    return FALSE;
  set_state (self, STATE_WAITING);
  ask_for_keyframe (self);
  return TRUE;
}

void
salon_recorder_track_drop (SalonRecorderTrack *self)
{
  set_state (self, STATE_DROPPING);
}

const char *
salon_recorder_track_get_text (SalonRecorderTrack *self, const char *field)
{
  const char *text = gst_structure_get_string (self->information, field);

  return text != NULL ? text : "";
}

gboolean
salon_recorder_track_is_video (SalonRecorderTrack *self)
{
  return self->is_video;
}

GstCaps *
salon_recorder_track_get_caps (SalonRecorderTrack *self)
{
  return gst_pad_get_current_caps (self->sink);
}

GstClockTime
salon_recorder_track_get_next (SalonRecorderTrack *self)
{
  GstClockTime next;

  g_mutex_lock (&self->lock);
  next = self->next;
  g_mutex_unlock (&self->lock);
  return next;
}

GstClockTime
salon_recorder_track_get_end (SalonRecorderTrack *self)
{
  GstClockTime end;

  g_mutex_lock (&self->lock);
  end = self->end;
  g_mutex_unlock (&self->lock);
  return end;
}

gint64
salon_recorder_track_get_last_us (SalonRecorderTrack *self)
{
  gint64 last_us;

  g_mutex_lock (&self->lock);
  last_us = self->last_us;
  g_mutex_unlock (&self->lock);
  return last_us;
}

JsonObject *
salon_recorder_track_describe (SalonRecorderTrack *self)
{
  static const char *const texts[] = { "track", "participant", "name", "source" };
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (self->sink);
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    json_object_set_string_member (object, texts[i], salon_recorder_track_get_text (self, texts[i]));
  json_object_set_string_member (object, "kind", self->is_video ? "video" : "audio");
  /* video/x-vp8 */
  if (caps != NULL)
    json_object_set_string_member (
        object, "codec", strchr (gst_structure_get_name (gst_caps_get_structure (caps, 0)), '-') + 1);
  g_mutex_lock (&self->lock);
  json_object_set_int_member (object, "begins_ms", (gint64)GST_TIME_AS_MSECONDS (self->begin));
  json_object_set_int_member (object, "duration_ms", (gint64)GST_TIME_AS_MSECONDS (self->end - self->begin));
  json_object_set_int_member (object, "frames", (gint64)self->n_frames);
  if (self->width > 0 && self->height > 0)
    {
      json_object_set_int_member (object, "width", self->width);
      json_object_set_int_member (object, "height", self->height);
    }
  g_mutex_unlock (&self->lock);
  return object;
}

/* -- life -- */

/* Whoever waits for a file holds up the change to READY. */
static GstStateChangeReturn
salon_recorder_track_change_state (GstElement *element, GstStateChange transition)
{
  SalonRecorderTrack *self = SALON_RECORDER_TRACK (element);

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED || transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    {
      g_mutex_lock (&self->lock);
      self->is_stopped = transition == GST_STATE_CHANGE_PAUSED_TO_READY;
      g_cond_broadcast (&self->changed);
      g_mutex_unlock (&self->lock);
    }
  return GST_ELEMENT_CLASS (salon_recorder_track_parent_class)->change_state (element, transition);
}

static void
salon_recorder_track_finalize (GObject *object)
{
  SalonRecorderTrack *self = SALON_RECORDER_TRACK (object);

  gst_structure_free (self->information);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  G_OBJECT_CLASS (salon_recorder_track_parent_class)->finalize (object);
}

static void
salon_recorder_track_class_init (SalonRecorderTrackClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (salon_recorder_track_debug, "salon-recorder-track", 0, "Salon: a track that is recorded");
  G_OBJECT_CLASS (klass)->finalize = salon_recorder_track_finalize;
  element_class->change_state = salon_recorder_track_change_state;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Track that is recorded", "Generic",
      "Brings a track into one file after the other", "The Salon developers");
}

static void
salon_recorder_track_init (SalonRecorderTrack *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
  self->sink = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (self->sink, salon_recorder_track_chain);
  gst_pad_set_event_function (self->sink, salon_recorder_track_sink_event);
  gst_element_add_pad (GST_ELEMENT (self), self->sink);
  self->src = gst_pad_new_from_static_template (&src_template, "src");
  gst_element_add_pad (GST_ELEMENT (self), self->src);
}

SalonRecorderTrack *
salon_recorder_track_new (const GstStructure *information, const SalonRecorderTrackEvents *events, gpointer user_data)
{
  SalonRecorderTrack *self = g_object_new (SALON_TYPE_RECORDER_TRACK, NULL);

  self->information = gst_structure_copy (information);
  self->events = events;
  self->user_data = user_data;
  self->is_video = g_str_has_prefix (salon_recorder_track_get_text (self, "pad"), "video");
  self->needs_picture = self->is_video;
  self->last_us = g_get_monotonic_time ();
  return self;
}
