/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-src.h"

#include "salon-bin.h"
#include "salon-branch.h"
#include "salon-endpoint.h"
#include "salon-json.h"
#include "salon-src-messages.h"
#include "salon-src-track.h"

GST_DEBUG_CATEGORY_STATIC (salon_src_debug);
#define GST_CAT_DEFAULT salon_src_debug

G_DECLARE_FINAL_TYPE (SalonSrc, salon_src, SALON, SRC, SalonEndpoint)

#define DEFAULT_LATENCY_MS 200
/* More than a room has members. */
#define MAX_SOURCES 4096
/* Publishers come back later than we do, if at all. */
#define RETURN_TIMEOUT_MS 20000
/* The end of a stream comes over the wire, after its last packet; for when it got lost there. */
#define END_TIMEOUT_MS 1000

typedef enum
{
  KIND_ANY,
  KIND_AUDIO,
  KIND_VIDEO,
} Kind;

#define AUDIO_CODECS (1u << SALON_CODEC_OPUS)
#define VIDEO_CODECS (1u << SALON_CODEC_VP8 | 1u << SALON_CODEC_VP9 | 1u << SALON_CODEC_H264 | 1u << SALON_CODEC_AV1)

struct _SalonSrc
{
  SalonEndpoint parent_instance;

  Kind kind;
  char *participant; /* (owned) (nullable) */
  char *source;      /* (owned) (nullable) */
  gboolean follows_speaker;
  gboolean decodes;
  guint latency_ms;
  SalonCodecs codecs;
  SalonWish wish; /* of pads to come */

  GHashTable *names; /* (owned) (element-type utf8 utf8): of participants, by id: the visit's thread */

  GMutex lock;
  GPtrArray *tracks;    /* (owned) (element-type SalonSrcTrack), lock; one that is taken out is the taker's */
  GPtrArray *ending;    /* (owned) (element-type SalonSrcTrack), lock: the end of the stream is on its way out */
  guint next_number[2]; /* of audio and video pads: lock */
  guint next_serial;    /* lock */
  gboolean is_ending;   /* lock: no new track is taken */
  gboolean is_stopped;  /* lock: nothing flows */
};

G_DEFINE_FINAL_TYPE (SalonSrc, salon_src, SALON_TYPE_ENDPOINT)
GST_ELEMENT_REGISTER_DEFINE (salonsrc, "salonsrc", GST_RANK_NONE, SALON_TYPE_SRC)

enum
{
  PROP_KIND = 1,
  PROP_PARTICIPANT,
  PROP_SOURCE,
  PROP_SPEAKER,
  PROP_DECODE,
  PROP_LATENCY,
  PROP_CODEC,
  PROP_WIDTH,
  PROP_HEIGHT,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

static GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE (
    "audio_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS ("audio/x-opus; audio/x-raw"));
static GstStaticPadTemplate video_template = GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SRC, GST_PAD_SOMETIMES,
    GST_STATIC_CAPS ("video/x-vp8; video/x-vp9; video/x-h264; video/x-av1; video/x-raw"));

static GType
kind_get_type (void)
{
  static const GEnumValue values[] = {
    { KIND_ANY, "Sound and pictures", "any" },
    { KIND_AUDIO, "Sound", "audio" },
    { KIND_VIDEO, "Pictures", "video" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("SalonSrcKind", values));
  return type;
}

static GType
codecs_get_type (void)
{
  static const GFlagsValue values[] = {
    { 1u << SALON_CODEC_OPUS, "Opus", "opus" },
    { 1u << SALON_CODEC_VP8, "VP8", "vp8" },
    { 1u << SALON_CODEC_VP9, "VP9", "vp9" },
    { 1u << SALON_CODEC_H264, "H264", "h264" },
    { 1u << SALON_CODEC_AV1, "AV1", "av1" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_flags_register_static ("SalonSrcCodecs", values));
  return type;
}

/* -- a track's pad -- */

static void
post_track (SalonSrc *self, const char *event, SalonSrcTrack *track)
{
  salon_endpoint_post (SALON_ENDPOINT (self), salon_src_track_tell (track, event));
}

static char *
make_pad_name (SalonSrc *self, SalonSrcTrack *track)
{
  guint number;

  g_mutex_lock (&self->lock);
  number = self->next_number[track->is_video]++;
  track->serial = self->next_serial++;
  g_mutex_unlock (&self->lock);
  return g_strdup_printf (track->is_video ? "video_%u" : "audio_%u", number);
}

/* Any thread. */
static void
on_wish_changed (SalonSrcPad *pad, SalonEndpoint *self)
{
  const SalonWish wish = salon_src_pad_get_wish (pad);
  g_autofree char *track_id = NULL;

  g_object_get (pad, "track", &track_id, NULL);
  salon_endpoint_request (self, "track_settings", salon_src_messages_new_settings (track_id, &wish));
}

static void
show_pad (SalonSrc *self, SalonSrcTrack *track)
{
  g_autofree char *name = make_pad_name (self, track);
  g_autoptr (GstPad) target = gst_element_get_static_pad (track->branch, "src");
  GstPadTemplate *template
      = gst_element_get_pad_template (GST_ELEMENT (self), track->is_video ? "video_%u" : "audio_%u");

  track->ghost = gst_object_ref_sink (salon_src_pad_new (name, template, target, &self->wish));
  salon_src_track_name_pad (track);
  g_signal_connect_object (track->ghost, "wish-changed", G_CALLBACK (on_wish_changed), self, 0);
  gst_pad_set_active (track->ghost, TRUE);
  gst_element_add_pad (GST_ELEMENT (self), track->ghost);
  post_track (self, "added", track);
}

static void
link_wire (SalonSrcTrack *track)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (track->branch, "sink");

  gst_pad_link (track->wire_pad, sink);
  /* What goes out now may have begun a while ago. */
  gst_pad_send_event (track->wire_pad,
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
          gst_structure_new ("GstForceKeyUnit", "running-time", GST_TYPE_CLOCK_TIME, GST_CLOCK_TIME_NONE, "all-headers",
              G_TYPE_BOOLEAN, TRUE, "count", G_TYPE_UINT, 0, NULL)));
}

static gboolean
open_branch (SalonSrc *self, SalonSrcTrack *track, SalonCodec codec)
{
  g_autoptr (GError) error = NULL;
  GstElement *branch = salon_branch_new_receiver (codec, self->decodes, &error);

  if (branch == NULL)
    {
      GST_ELEMENT_WARNING (self, CORE, MISSING_PLUGIN, ("%s", error->message), ("a track is left out"));
      return FALSE;
    }
  track->branch = gst_object_ref_sink (branch);
  gst_bin_add (GST_BIN (self), branch);
  salon_bin_start (branch);
  return TRUE;
}

/* track: (transfer full) */
static void
drop_track (SalonSrc *self, SalonSrcTrack *track)
{
  if (track->wire_pad != NULL)
    salon_wire_remove_pad (salon_endpoint_get_wire (SALON_ENDPOINT (self)), track->wire_pad);
  if (track->ghost != NULL)
    {
      gst_pad_set_active (track->ghost, FALSE);
      gst_element_remove_pad (GST_ELEMENT (self), track->ghost);
      post_track (self, "removed", track);
    }
  if (track->branch != NULL)
    salon_bin_remove (track->branch);
  salon_src_track_free (track);
}

/* -- its end: the pad goes when the end of the stream has come out of it -- */

/* Returns: (transfer full) (nullable): NULL when somebody else was faster. */
static SalonSrcTrack *
take_ending (SalonSrc *self, guint serial)
{
  SalonSrcTrack *track = NULL;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->ending->len && track == NULL; i++)
    {
      if (((SalonSrcTrack *)g_ptr_array_index (self->ending, i))->serial == serial)
        track = g_ptr_array_steal_index (self->ending, i);
    }
  g_mutex_unlock (&self->lock);
  return track;
}

static void
drop_ended (GstElement *element, gpointer serial)
{
  SalonSrcTrack *track = take_ending (SALON_SRC (element), GPOINTER_TO_UINT (serial));

  if (track != NULL)
    drop_track (SALON_SRC (element), track);
}

/* In the pad's own thread, which can't stop itself. */
static GstPadProbeReturn
on_idle_after_end (GstPad *pad, GstPadProbeInfo *info, gpointer serial)
{
  g_autoptr (GstElement) element = gst_pad_get_parent_element (pad);

  if (element != NULL)
    gst_element_call_async (element, drop_ended, serial, NULL);
  return GST_PAD_PROBE_REMOVE;
}

static GstPadProbeReturn
on_event (GstPad *pad, GstPadProbeInfo *info, gpointer serial)
{
  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_EOS)
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_IDLE, on_idle_after_end, serial, NULL);
  return GST_PAD_PROBE_OK;
}

/* track: (transfer full): taken out of the list. */
static void
end_track (SalonSrc *self, SalonSrcTrack *track)
{
  g_autoptr (GstPad) sink = NULL;
  gboolean is_stopped;

  if (track->ghost == NULL)
    {
      drop_track (self, track);
      return;
    }
  if (track->wire_pad != NULL)
    salon_wire_remove_pad (salon_endpoint_get_wire (SALON_ENDPOINT (self)), track->wire_pad);
  gst_clear_object (&track->wire_pad);
  sink = gst_element_get_static_pad (track->branch, "sink");
  gst_pad_add_probe (
      track->ghost, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, GUINT_TO_POINTER (track->serial), NULL);
  g_mutex_lock (&self->lock);
  is_stopped = self->is_stopped;
  if (!is_stopped)
    g_ptr_array_add (self->ending, track);
  g_mutex_unlock (&self->lock);
  if (is_stopped)
    drop_track (self, track);
  else
    gst_pad_send_event (sink, gst_event_new_eos ());
}

/* -- the list of them -- */

static SalonSrcTrack *
find_stream_locked (SalonSrc *self, guint stream)
{
  for (guint i = 0; i < self->tracks->len; i++)
    {
      SalonSrcTrack *track = g_ptr_array_index (self->tracks, i);

      if (!track->is_lost && track->stream == stream)
        return track;
    }
  return NULL;
}

/* Returns: (transfer full) (nullable) */
static SalonSrcTrack *
take_stream (SalonSrc *self, guint stream)
{
  SalonSrcTrack *track;
  guint index;

  g_mutex_lock (&self->lock);
  track = find_stream_locked (self, stream);
  if (track != NULL && track->is_opening)
    {
      track->must_end = TRUE;
      track = NULL;
    }
  if (track != NULL && g_ptr_array_find (self->tracks, track, &index))
    g_ptr_array_steal_index (self->tracks, index);
  g_mutex_unlock (&self->lock);
  return track;
}

/* only_lost: those that were waited for in vain. */
static void
end_tracks (SalonSrc *self, gboolean only_lost)
{
  g_autoptr (GPtrArray) taken = g_ptr_array_new ();

  g_mutex_lock (&self->lock);
  for (guint i = self->tracks->len; i-- > 0;)
    {
      SalonSrcTrack *track = g_ptr_array_index (self->tracks, i);

      if (only_lost && !track->is_lost)
        continue;
      if (track->is_opening)
        track->must_end = TRUE;
      else
        g_ptr_array_add (taken, g_ptr_array_steal_index (self->tracks, i));
    }
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < taken->len; i++)
    end_track (self, g_ptr_array_index (taken, i));
}

/* At once, as nothing flows any more. */
static void
drop_tracks (SalonSrc *self)
{
  g_autoptr (GPtrArray) taken = g_ptr_array_new ();

  g_mutex_lock (&self->lock);
  self->is_stopped = TRUE;
  g_ptr_array_extend_and_steal (taken, g_steal_pointer (&self->tracks));
  g_ptr_array_extend_and_steal (taken, g_steal_pointer (&self->ending));
  self->tracks = g_ptr_array_new ();
  self->ending = g_ptr_array_new ();
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < taken->len; i++)
    drop_track (self, g_ptr_array_index (taken, i));
}

static void
lose_track (SalonSrc *self, SalonSrcTrack *track)
{
  track->is_lost = TRUE;
  if (track->wire_pad != NULL)
    salon_wire_remove_pad (salon_endpoint_get_wire (SALON_ENDPOINT (self)), track->wire_pad);
  gst_clear_object (&track->wire_pad);
}

/* -- the wire's reading thread -- */

/* The pad of who led goes on with who leads now: the end of the one's stream came before the beginning of the other's.
 */
static void
inherit_locked (SalonSrc *self, SalonSrcTrack *track, SalonCodec codec)
{
  for (guint i = 0; i < self->tracks->len; i++)
    {
      SalonSrcTrack *other = g_ptr_array_index (self->tracks, i);

      if (!other->is_lost || !other->is_video || other->ghost == NULL || other->codec != codec)
        continue;
      track->serial = other->serial;
      track->branch = g_steal_pointer (&other->branch);
      track->ghost = g_steal_pointer (&other->ghost);
      salon_src_track_free (g_ptr_array_steal_index (self->tracks, i));
      return;
    }
}

/* Returns: (transfer none) (nullable) */
static SalonSrcTrack *
begin_track (SalonSrc *self, GstPad *pad, guint stream)
{
  SalonSrcTrack *track;

  g_mutex_lock (&self->lock);
  track = find_stream_locked (self, stream);
  if (track != NULL)
    {
      track->wire_pad = gst_object_ref (pad);
      track->codec = salon_wire_get_codec (salon_endpoint_get_wire (SALON_ENDPOINT (self)), pad);
      track->is_opening = TRUE;
    }
  if (track != NULL && track->ghost == NULL && track->is_video && self->follows_speaker)
    inherit_locked (self, track, track->codec);
  g_mutex_unlock (&self->lock);
  return track;
}

static void
open_track (SalonSrc *self, SalonSrcTrack *track)
{
  gboolean has_heir = track->ghost != NULL;

  if (track->branch == NULL && !open_branch (self, track, track->codec))
    return;
  link_wire (track);
  if (has_heir)
    {
      salon_src_track_name_pad (track);
      on_wish_changed (SALON_SRC_PAD (track->ghost), SALON_ENDPOINT (self));
      post_track (self, "changed", track);
    }
  if (track->ghost == NULL)
    show_pad (self, track);
}

static void
on_source_added (SalonWire *wire, GstPad *pad, gpointer user_data)
{
  SalonSrc *self = user_data;
  SalonSrcTrack *track = begin_track (self, pad, salon_wire_get_stream (wire, pad));
  gboolean must_end = FALSE;
  guint index;

  /* What it is comes another way, and may come later: the next packet asks again. */
  if (track == NULL)
    {
      salon_wire_remove_pad (wire, pad);
      return;
    }
  open_track (self, track);
  g_mutex_lock (&self->lock);
  track->is_opening = FALSE;
  must_end = track->must_end && g_ptr_array_find (self->tracks, track, &index);
  if (must_end)
    g_ptr_array_steal_index (self->tracks, index);
  g_mutex_unlock (&self->lock);
  if (must_end)
    end_track (self, track);
}

/* Whether the pad of this stream, of who leads no more, goes on with another's. */
static gboolean
leave_pad (SalonSrc *self, guint stream)
{
  SalonSrcTrack *track;

  g_mutex_lock (&self->lock);
  track = self->follows_speaker ? find_stream_locked (self, stream) : NULL;
  if (track != NULL && (!track->is_video || track->is_opening || track->ghost == NULL))
    track = NULL;
  if (track != NULL)
    lose_track (self, track);
  g_mutex_unlock (&self->lock);
  return track != NULL;
}

static void
on_source_ended (SalonWire *wire, guint stream, gpointer user_data)
{
  SalonSrcTrack *track = leave_pad (user_data, stream) ? NULL : take_stream (user_data, stream);

  if (track != NULL)
    end_track (user_data, track);
}

/* -- who is there -- */

static void
note_person (SalonSrc *self, JsonObject *person)
{
  const char *id;
  const char *name;

  if (salon_json_get_string (person, "id", 1, G_MAXUINT, &id, NULL)
      && salon_json_get_string (person, "name", 0, G_MAXUINT, &name, NULL))
    g_hash_table_insert (self->names, g_strdup (id), g_strdup (name));
}

static void
tell_speakers (SalonSrc *self, JsonObject *params)
{
  GstStructure *structure = salon_src_messages_read_speakers (params);

  if (structure != NULL)
    salon_endpoint_post (SALON_ENDPOINT (self), structure);
}

static void
salon_src_joined (SalonEndpoint *endpoint, JsonObject *result)
{
  SalonSrc *self = SALON_SRC (endpoint);
  JsonArray *people = NULL;
  JsonObject *speaking;

  if (!salon_json_get_array (result, "participants", G_MAXUINT, &people, NULL))
    people = NULL;
  for (guint i = 0; people != NULL && i < json_array_get_length (people); i++)
    {
      JsonObject *person;

      if (salon_json_array_get_object (people, "participants", i, &person, NULL))
        note_person (self, person);
    }
  SALON_ENDPOINT_CLASS (salon_src_parent_class)->joined (endpoint, result);
  if (salon_json_get_object (result, "speaking", &speaking, NULL))
    tell_speakers (self, speaking);
}

/* -- which tracks -- */

static gboolean
is_wanted (SalonSrc *self, const SalonSrcTrack *track)
{
  if ((self->codecs & (track->is_video ? VIDEO_CODECS : AUDIO_CODECS)) == 0)
    return FALSE;
  if (self->kind != KIND_ANY && track->is_video != (self->kind == KIND_VIDEO))
    return FALSE;
  if (self->source != NULL && !g_str_equal (self->source, track->source))
    return FALSE;
  return self->participant == NULL || g_str_equal (self->participant, track->participant)
         || g_str_equal (self->participant, track->name);
}

/* The same person's, by id or, as they had to join anew, by name. */
static SalonSrcTrack *
find_lost_locked (SalonSrc *self, const SalonSrcTrack *wanted)
{
  for (guint i = 0; i < self->tracks->len; i++)
    {
      SalonSrcTrack *track = g_ptr_array_index (self->tracks, i);

      if (track->is_lost && track->is_video == wanted->is_video && g_str_equal (track->source, wanted->source)
          && (g_str_equal (track->participant, wanted->participant) || g_str_equal (track->name, wanted->name)))
        return track;
    }
  return NULL;
}

static void
replace_text (char **text, const char *now)
{
  g_free (*text);
  *text = g_strdup (now);
}

/* The lost one goes on as this. Returns: (transfer full) (nullable): its pad. */
static GstPad *
come_back_locked (SalonSrcTrack *lost, const SalonSrcTrack *track)
{
  lost->is_lost = FALSE;
  lost->stream = track->stream;
  replace_text (&lost->id, track->id);
  replace_text (&lost->participant, track->participant);
  return lost->ghost != NULL ? gst_object_ref (lost->ghost) : NULL;
}

/* track: (transfer full). Whether it is taken; wish: what is wanted of it then. */
static gboolean
add_track (SalonSrc *self, SalonSrcTrack *track, SalonWish *wish)
{
  g_autoptr (GstPad) pad = NULL;
  gboolean is_taken;
  SalonSrcTrack *lost;

  *wish = self->wish;
  g_mutex_lock (&self->lock);
  is_taken = !self->is_ending && is_wanted (self, track);
  lost = is_taken ? find_lost_locked (self, track) : NULL;
  if (lost != NULL)
    pad = come_back_locked (lost, track);
  else if (is_taken)
    g_ptr_array_add (self->tracks, track);
  g_mutex_unlock (&self->lock);
  if (pad != NULL)
    {
      salon_src_pad_set_track (SALON_SRC_PAD (pad), track->id, track->participant, track->name, track->source);
      *wish = salon_src_pad_get_wish (SALON_SRC_PAD (pad));
    }
  if (lost != NULL || !is_taken)
    salon_src_track_free (track);
  return is_taken;
}

typedef struct
{
  SalonSrc *src; /* (borrowed): the visit, whose timer it is, ends before it */
  guint stream;
} Ending;

static gboolean
on_end_timeout (gpointer user_data)
{
  Ending *ending = user_data;

  on_source_ended (salon_endpoint_get_wire (SALON_ENDPOINT (ending->src)), ending->stream, ending->src);
  return G_SOURCE_REMOVE;
}

static void
end_track_soon (SalonSrc *self, guint stream)
{
  SalonVisit *visit = salon_endpoint_get_visit (SALON_ENDPOINT (self));
  Ending *ending = g_new (Ending, 1);

  *ending = (Ending){ self, stream };
  salon_visit_add_timeout (visit, END_TIMEOUT_MS, on_end_timeout, ending, g_free);
}

static void
on_slot (SalonSrc *self, JsonObject *params)
{
  const char *mid;
  guint64 stream;
  JsonObject *object = NULL;
  g_autofree char *id = NULL;
  SalonWish wish;
  SalonSrcTrack *track;

  if (!salon_json_get_string (params, "mid", 1, G_MAXUINT, &mid, NULL)
      || !g_ascii_string_to_unsigned (mid, 10, 0, G_MAXUINT, &stream, NULL)
      || !salon_json_get_optional_object (params, "track", &object, NULL))
    return;
  if (object == NULL)
    {
      end_track_soon (self, (guint)stream);
      return;
    }
  track = salon_src_track_new (object, (guint)stream, self->names);
  if (track == NULL)
    return;
  id = g_strdup (track->id);
  /* What is not wanted would come, too, over WebRTC. */
  salon_visit_request (salon_endpoint_get_visit (SALON_ENDPOINT (self)), "track_settings",
      salon_src_messages_new_settings (id, add_track (self, track, &wish) ? &wish : NULL));
}

static void
salon_src_told (SalonEndpoint *endpoint, const char *method, JsonObject *params)
{
  JsonObject *person;

  if (g_str_equal (method, "slot"))
    on_slot (SALON_SRC (endpoint), params);
  else if (g_str_equal (method, "participant") && salon_json_get_object (params, "participant", &person, NULL))
    note_person (SALON_SRC (endpoint), person);
  else if (g_str_equal (method, "speakers"))
    tell_speakers (SALON_SRC (endpoint), params);
}

/* -- the connection -- */

static void
salon_src_prepare (SalonEndpoint *endpoint, SalonVisitOptions *options)
{
  options->is_receiving = TRUE;
  options->codecs = SALON_SRC (endpoint)->codecs;
  options->has_one_picture = SALON_SRC (endpoint)->follows_speaker;
}

/* The wire is silent by now. */
static void
salon_src_lost (SalonEndpoint *endpoint)
{
  SalonSrc *self = SALON_SRC (endpoint);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->tracks->len; i++)
    {
      lose_track (self, g_ptr_array_index (self->tracks, i));
    }
  g_mutex_unlock (&self->lock);
  SALON_ENDPOINT_CLASS (salon_src_parent_class)->lost (endpoint);
}

static gboolean
on_return_timeout (gpointer user_data)
{
  if (!SALON_SRC (user_data)->follows_speaker)
    end_tracks (user_data, TRUE);
  return G_SOURCE_REMOVE;
}

static void
salon_src_attached (SalonEndpoint *endpoint)
{
  SALON_ENDPOINT_CLASS (salon_src_parent_class)->attached (endpoint);
  salon_visit_add_timeout (salon_endpoint_get_visit (endpoint), RETURN_TIMEOUT_MS, on_return_timeout, endpoint, NULL);
}

/* A recording of a room that was closed is complete. */
static void
salon_src_ended (SalonEndpoint *endpoint, const GError *error, gboolean was_there)
{
  SalonSrc *self = SALON_SRC (endpoint);
  gboolean has_pads;

  g_mutex_lock (&self->lock);
  has_pads = self->tracks->len > 0;
  g_mutex_unlock (&self->lock);
  if (was_there && has_pads)
    {
      GST_ELEMENT_WARNING (self, RESOURCE, READ, ("%s", error->message), ("all tracks have ended"));
      end_tracks (self, FALSE);
    }
  else
    SALON_ENDPOINT_CLASS (salon_src_parent_class)->ended (endpoint, error, was_there);
}

/* -- the application ends it -- */

static void
end_all (GstElement *element, gpointer user_data)
{
  end_tracks (SALON_SRC (element), FALSE);
}

/* An end that waits for the buffer before it must not hold up the application. */
static gboolean
salon_src_send_event (GstElement *element, GstEvent *event)
{
  SalonSrc *self = SALON_SRC (element);

  if (GST_EVENT_TYPE (event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS (salon_src_parent_class)->send_event (element, event);
  gst_event_unref (event);
  g_mutex_lock (&self->lock);
  self->is_ending = TRUE;
  g_mutex_unlock (&self->lock);
  gst_element_call_async (element, end_all, NULL, NULL);
  return TRUE;
}

static GstStateChangeReturn
salon_src_change_state (GstElement *element, GstStateChange transition)
{
  SalonSrc *self = SALON_SRC (element);
  GstStateChangeReturn result = GST_ELEMENT_CLASS (salon_src_parent_class)->change_state (element, transition);

  if (salon_bin_has_stopped (transition, result))
    drop_tracks (self);
  if (result == GST_STATE_CHANGE_FAILURE)
    return result;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    {
      self->is_ending = FALSE;
      self->is_stopped = FALSE;
      salon_visit_start (salon_endpoint_get_visit (SALON_ENDPOINT (self)));
    }
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED || transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    result = GST_STATE_CHANGE_NO_PREROLL;
  return result;
}

/* -- properties -- */

static void
salon_src_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  SalonSrc *self = SALON_SRC (object);

  switch (id)
    {
    case PROP_KIND:
      self->kind = g_value_get_enum (value);
      break;
    case PROP_PARTICIPANT:
      g_free (self->participant);
      self->participant = g_value_dup_string (value);
      /* As a file of pipelines/ says that it is not set. */
      if (g_strcmp0 (self->participant, "") == 0)
        g_clear_pointer (&self->participant, g_free);
      break;
    case PROP_SOURCE:
      g_free (self->source);
      self->source = g_value_dup_string (value);
      break;
    case PROP_SPEAKER:
      self->follows_speaker = g_value_get_boolean (value);
      break;
    case PROP_DECODE:
      self->decodes = g_value_get_boolean (value);
      break;
    case PROP_LATENCY:
      self->latency_ms = g_value_get_uint (value);
      salon_wire_set_latency (salon_endpoint_get_wire (SALON_ENDPOINT (self)), self->latency_ms);
      break;
    case PROP_CODEC:
      self->codecs = g_value_get_flags (value);
      break;
    case PROP_WIDTH:
      self->wish.width = g_value_get_uint (value);
      break;
    case PROP_HEIGHT:
      self->wish.height = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
salon_src_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SalonSrc *self = SALON_SRC (object);

  switch (id)
    {
    case PROP_KIND:
      g_value_set_enum (value, self->kind);
      break;
    case PROP_PARTICIPANT:
      g_value_set_string (value, self->participant);
      break;
    case PROP_SOURCE:
      g_value_set_string (value, self->source);
      break;
    case PROP_SPEAKER:
      g_value_set_boolean (value, self->follows_speaker);
      break;
    case PROP_DECODE:
      g_value_set_boolean (value, self->decodes);
      break;
    case PROP_LATENCY:
      g_value_set_uint (value, self->latency_ms);
      break;
    case PROP_CODEC:
      g_value_set_flags (value, self->codecs);
      break;
    case PROP_WIDTH:
      g_value_set_uint (value, self->wish.width);
      break;
    case PROP_HEIGHT:
      g_value_set_uint (value, self->wish.height);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  properties[PROP_KIND]
      = g_param_spec_enum ("kind", "Kind", "Which tracks: any, audio or video", kind_get_type (), KIND_ANY, flags);
  properties[PROP_PARTICIPANT] = g_param_spec_string (
      "participant", "Participant", "Whose tracks, by id or name; everybody's by default", NULL, flags);
  properties[PROP_SOURCE] = g_param_spec_string (
      "source", "Source", "Which tracks: camera, microphone, screen or screen_audio; all by default", NULL, flags);
  properties[PROP_SPEAKER] = g_param_spec_boolean ("speaker", "Speaker",
      "Of the pictures only that of who leads the talk, on one pad that goes on when another does; all must be of one "
      "codec",
      FALSE, flags);
  properties[PROP_DECODE] = g_param_spec_boolean (
      "decode", "Decode", "Give raw sound and pictures, and not what was published", FALSE, flags);
  properties[PROP_LATENCY] = g_param_spec_uint ("latency", "Latency",
      "How many ms after they were taken sound and pictures are due: what the slowest of the publishers needs", 0,
      60000, DEFAULT_LATENCY_MS, flags);
  properties[PROP_CODEC] = g_param_spec_flags ("codec", "Codec",
      "Which tracks, by what they are encoded with, as codec=h264+opus; of others nothing comes", codecs_get_type (),
      AUDIO_CODECS | VIDEO_CODECS, flags);
  properties[PROP_WIDTH] = g_param_spec_uint (
      "width", "Width", "Of pads to come: see their property width", 0, SALON_SRC_MAX_PIXELS, 0, flags);
  properties[PROP_HEIGHT] = g_param_spec_uint (
      "height", "Height", "Of pads to come: see their property height", 0, SALON_SRC_MAX_PIXELS, 0, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* -- life -- */

static void
salon_src_constructed (GObject *object)
{
  SalonWire *wire;

  G_OBJECT_CLASS (salon_src_parent_class)->constructed (object);
  wire = salon_endpoint_get_wire (SALON_ENDPOINT (object));
  salon_wire_set_latency (wire, SALON_SRC (object)->latency_ms);
  g_signal_connect (wire, "source-added", G_CALLBACK (on_source_added), object);
  g_signal_connect (wire, "source-ended", G_CALLBACK (on_source_ended), object);
}

static void
salon_src_finalize (GObject *object)
{
  SalonSrc *self = SALON_SRC (object);

  g_ptr_array_unref (self->tracks);
  g_ptr_array_unref (self->ending);
  g_hash_table_unref (self->names);
  g_mutex_clear (&self->lock);
  g_free (self->participant);
  g_free (self->source);
  G_OBJECT_CLASS (salon_src_parent_class)->finalize (object);
}

static void
salon_src_class_init (SalonSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  SalonEndpointClass *endpoint_class = SALON_ENDPOINT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (salon_src_debug, "salonsrc", 0, "Salon: receives from a room");
  object_class->constructed = salon_src_constructed;
  object_class->finalize = salon_src_finalize;
  object_class->set_property = salon_src_set_property;
  object_class->get_property = salon_src_get_property;
  install_properties (object_class);
  element_class->change_state = salon_src_change_state;
  element_class->send_event = salon_src_send_event;
  endpoint_class->prepare = salon_src_prepare;
  endpoint_class->max_sources = MAX_SOURCES;
  endpoint_class->joined = salon_src_joined;
  endpoint_class->attached = salon_src_attached;
  endpoint_class->told = salon_src_told;
  endpoint_class->lost = salon_src_lost;
  endpoint_class->ended = salon_src_ended;
  gst_element_class_add_static_pad_template_with_gtype (element_class, &audio_template, SALON_TYPE_SRC_PAD);
  gst_element_class_add_static_pad_template_with_gtype (element_class, &video_template, SALON_TYPE_SRC_PAD);
  gst_element_class_set_static_metadata (element_class, "Salon source", "Source/Network",
      "Receives the sound and pictures of a room of a Salon server, as they were published or decoded",
      "The Salon developers");
}

static void
salon_src_init (SalonSrc *self)
{
  self->latency_ms = DEFAULT_LATENCY_MS;
  self->codecs = AUDIO_CODECS | VIDEO_CODECS;
  g_mutex_init (&self->lock);
  self->tracks = g_ptr_array_new ();
  self->ending = g_ptr_array_new ();
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  /* It is one, whatever is inside. */
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
  gst_bin_set_suppressed_flags (GST_BIN (self), GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE);
}
