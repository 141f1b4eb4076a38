/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-recorder.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "salon-bin.h"
#include "salon-recorder-file.h"
#include "salon-recorder-manifest.h"
#include "salon-src.h"

GST_DEBUG_CATEGORY_STATIC (salon_recorder_debug);
#define GST_CAT_DEFAULT salon_recorder_debug

#define TICK_S 1
/* How many ticks the manifest's figures may be old. */
#define MANIFEST_TICKS 2
/* How long a camera waits for its microphone, and the other way round. */
#define COMPANION_US (3 * G_TIME_SPAN_SECOND)
/* Of those 10 s that a job has to end. */
#define END_US (7 * G_TIME_SPAN_SECOND)
/* At once: of the 1024 descriptors that a process may have, and whatever else needs them. */
#define MAX_OPEN_FILES 256
#define DEFAULT_MAX_FILES 10000
/* Room for the ends of all files. */
#define RESERVE_BYTES (16 * 1024 * 1024)

typedef enum
{
  PER_TRACK,
  PER_PARTICIPANT,
} Per;

G_DECLARE_FINAL_TYPE (SalonRecorder, salon_recorder, SALON, RECORDER, GstBin)

struct _SalonRecorder
{
  GstBin parent_instance;

  GstElement *source; /* (borrowed): in the bin */

  /* Set before it plays. */
  char *location; /* (owned) */
  SalonRecorderFormat format;
  Per per;
  guint max_files;
  guint64 max_bytes;
  guint idle_timeout_s;

  GThread *thread;       /* (owned) (nullable): the recorder's, from the change to PAUSED on and back */
  GMainContext *context; /* (owned) (nullable): its */
  GMainLoop *loop;       /* (owned) (nullable): its */

  GMutex lock;
  GPtrArray *tracks;     /* (owned) (element-type SalonRecorderTrack), lock: until they have ended */
  gint64 began_us;       /* lock: Unix time, when it began to play */
  gboolean is_ending;    /* lock: no track is taken any more */
  gboolean has_recorded; /* lock */

  /* The recorder's thread. */
  GPtrArray *files; /* (owned) (element-type SalonRecorderFile) */
  guint n_files;    /* that were begun */
  guint n_ticks;
  gint64 ending_us;  /* since when; 0: not yet */
  gint64 idle_us;    /* since when; 0: something is recorded */
  char *failure;     /* (owned) (nullable): why it ends */
  gboolean is_over;  /* it has said so */
  gboolean has_news; /* for the manifest */
  gboolean has_warned;
};

G_DEFINE_FINAL_TYPE (SalonRecorder, salon_recorder, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE (salonrecorder, "salonrecorder", GST_RANK_NONE, SALON_TYPE_RECORDER)

enum
{
  PROP_LOCATION = 1,
  PROP_FORMAT,
  PROP_PER,
  PROP_MAX_FILES,
  PROP_MAX_SIZE,
  PROP_IDLE_TIMEOUT,
  PROP_OF_SOURCE, /* from here on: those of salonsrc */
};

/* Of its properties, those that are the recorder's too. */
static const char *const source_properties[]
    = { "server", "room", "display-name", "reconnect", "participant", "kind", "source" };

static GType
format_get_type (void)
{
  static const GEnumValue values[] = {
    { SALON_RECORDER_FORMAT_WEBM, "WebM; Matroska for H264", "webm" },
    { SALON_RECORDER_FORMAT_MKV, "Matroska", "mkv" },
    { SALON_RECORDER_FORMAT_MP4, "MP4, in fragments of a second; WebM for what is not H264 or Opus", "mp4" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("SalonRecorderFormat", values));
  return type;
}

static GType
per_get_type (void)
{
  static const GEnumValue values[] = {
    { PER_TRACK, "A file for each track", "track" },
    { PER_PARTICIPANT, "Camera and microphone in one file, and screen and its sound", "participant" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("SalonRecorderPer", values));
  return type;
}

/* -- to the recorder's thread -- */

typedef struct
{
  SalonRecorder *self; /* (borrowed): its thread ends before it does */
  void (*func) (SalonRecorder *self, gpointer object, const char *text);
  gpointer object; /* (owned) (nullable): a GstObject */
  char *text;      /* (owned) (nullable) */
} Errand;

static void
errand_free (Errand *errand)
{
  gst_clear_object (&errand->object);
  g_free (errand->text);
  g_free (errand);
}

static gboolean
run_errand (gpointer user_data)
{
  Errand *errand = user_data;

  errand->func (errand->self, errand->object, errand->text);
  return G_SOURCE_REMOVE;
}

/* Any thread, while it plays. */
static void
post (SalonRecorder *self, void (*func) (SalonRecorder *, gpointer, const char *), gpointer object, const char *text)
{
  Errand *errand;
  GSource *source;

  if (self->context == NULL)
    return;
  errand = g_new (Errand, 1);
  source = g_idle_source_new ();
  *errand = (Errand){ self, func, object != NULL ? gst_object_ref (object) : NULL, g_strdup (text) };
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, run_errand, errand, (GDestroyNotify)errand_free);
  g_source_attach (source, self->context);
  g_source_unref (source);
}

/* -- the manifest -- */

static void
write_manifest (SalonRecorder *self, const char *state)
{
  SalonRecorderManifest manifest = { .state = state, .error = self->failure, .files = self->files };
  g_autofree char *room = NULL;
  g_autoptr (GError) error = NULL;

  g_object_get (self->source, "room", &room, NULL);
  manifest.room = room;
  g_mutex_lock (&self->lock);
  manifest.began_us = self->began_us;
  g_mutex_unlock (&self->lock);
  self->has_news = FALSE;
  if (salon_recorder_manifest_write (&manifest, self->location, &error) || self->has_warned)
    return;
  self->has_warned = TRUE;
  GST_ELEMENT_WARNING (
      self, RESOURCE, WRITE, ("The recording goes on, but what is in it is not noted: %s", error->message), (NULL));
}

/* -- the end -- */

static void
tell_end (SalonRecorder *self)
{
  self->is_over = TRUE;
  write_manifest (self, self->failure != NULL ? "failed" : "complete");
  if (self->failure != NULL)
    GST_ELEMENT_ERROR (self, RESOURCE, WRITE, ("%s", self->failure), (NULL));
  else
    gst_element_post_message (GST_ELEMENT (self), gst_message_new_eos (GST_OBJECT (self)));
}

static gboolean
has_open_file (SalonRecorder *self)
{
  for (guint i = 0; i < self->files->len; i++)
    {
      SalonRecorderFile *file = g_ptr_array_index (self->files, i);

      if (salon_recorder_file_is_waiting (file) || salon_recorder_file_is_open (file))
        return TRUE;
    }
  return FALSE;
}

static gboolean
has_tracks (SalonRecorder *self)
{
  gboolean result;

  g_mutex_lock (&self->lock);
  result = self->tracks->len > 0;
  g_mutex_unlock (&self->lock);
  return result;
}

static void
check_end (SalonRecorder *self)
{
  if (self->ending_us != 0 && !self->is_over && !has_tracks (self) && !has_open_file (self))
    tell_end (self);
}

/* -- files -- */

static void
warn_of_file (SalonRecorder *self, const char *text)
{
  GST_ELEMENT_WARNING (self, RESOURCE, WRITE, ("%s", text), ("the other files go on"));
}

static guint
count_open (SalonRecorder *self)
{
  guint n_open = 0;

  for (guint i = 0; i < self->files->len; i++)
    n_open += salon_recorder_file_is_open (g_ptr_array_index (self->files, i));
  return n_open;
}

static gboolean
may_open (SalonRecorder *self, GError **error)
{
  if (self->n_files >= self->max_files)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
        "The recording has all %u files that it may have, and leaves a track out; max-files allows more",
        self->max_files);
  else if (count_open (self) >= MAX_OPEN_FILES)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES,
        "%d tracks are recorded at once, and one more is left out; kind, source and participant choose among them",
        MAX_OPEN_FILES);
  else
    return TRUE;
  return FALSE;
}

static void
begin_file (SalonRecorder *self, SalonRecorderFile *file)
{
  g_autoptr (GPtrArray) tracks
      = g_ptr_array_copy (salon_recorder_file_get_tracks (file), (GCopyFunc)(void (*) (void))gst_object_ref, NULL);
  g_autoptr (GError) error = NULL;

  g_ptr_array_set_free_func (tracks, gst_object_unref);
  self->has_news = TRUE;
  if (may_open (self, &error)
      && salon_recorder_file_begin (file, GST_BIN (self), self->location, self->format, self->n_files + 1, &error))
    {
      self->n_files++;
      return;
    }
  warn_of_file (self, error->message);
  for (guint i = 0; i < tracks->len; i++)
    salon_recorder_track_drop (g_ptr_array_index (tracks, i));
  salon_recorder_file_close (file, error->message);
  g_ptr_array_remove (self->files, file);
}

static SalonRecorderFile *
find_companion (SalonRecorder *self, SalonRecorderTrack *track)
{
  for (guint i = 0; i < self->files->len; i++)
    {
      SalonRecorderFile *file = g_ptr_array_index (self->files, i);

      if (salon_recorder_file_can_add (file, track))
        return file;
    }
  return NULL;
}

static void
leave_files (SalonRecorder *self, SalonRecorderTrack *track)
{
  for (guint i = 0; i < self->files->len; i++)
    salon_recorder_file_let_go (g_ptr_array_index (self->files, i), track);
}

static void
take_ready (SalonRecorder *self, gpointer object, const char *text)
{
  SalonRecorderTrack *track = object;
  SalonRecorderFile *file = NULL;

  leave_files (self, track);
  if (self->per == PER_PARTICIPANT)
    file = find_companion (self, track);
  if (file != NULL)
    salon_recorder_file_add (file, track);
  else
    g_ptr_array_add (self->files, salon_recorder_file_new (track));
  if (file != NULL || self->per == PER_TRACK || self->ending_us != 0)
    begin_file (self, file != NULL ? file : g_ptr_array_index (self->files, self->files->len - 1));
  check_end (self);
}

static SalonRecorderFile *
find_owner (SalonRecorder *self, GstObject *object)
{
  for (guint i = 0; i < self->files->len; i++)
    {
      SalonRecorderFile *file = g_ptr_array_index (self->files, i);

      if (salon_recorder_file_owns (file, object))
        return file;
    }
  return NULL;
}

static void
take_file_end (SalonRecorder *self, gpointer object, const char *text)
{
  SalonRecorderFile *file = find_owner (self, object);

  if (file == NULL)
    return;
  salon_recorder_file_close (file, NULL);
  self->has_news = TRUE;
  check_end (self);
}

static void
break_file (SalonRecorder *self, SalonRecorderFile *file, const char *text)
{
  g_autoptr (GPtrArray) tracks
      = g_ptr_array_copy (salon_recorder_file_get_tracks (file), (GCopyFunc)(void (*) (void))gst_object_ref, NULL);

  g_ptr_array_set_free_func (tracks, gst_object_unref);
  salon_recorder_file_close (file, text);
  self->has_news = TRUE;
  for (guint i = 0; i < tracks->len; i++)
    {
      if (!salon_recorder_track_restart (g_ptr_array_index (tracks, i)))
        salon_recorder_track_drop (g_ptr_array_index (tracks, i));
    }
}

static void
take_file_error (SalonRecorder *self, gpointer object, const char *text)
{
  SalonRecorderFile *file = find_owner (self, object);

  if (file == NULL)
    return;
  break_file (self, file, text);
  warn_of_file (self, text);
  check_end (self);
}

static void
take_refused (SalonRecorder *self, gpointer object, const char *text)
{
  for (guint i = 0; i < self->files->len; i++)
    {
      SalonRecorderFile *file = g_ptr_array_index (self->files, i);

      if (!salon_recorder_file_is_open (file) || !salon_recorder_file_has (file, object))
        continue;
      break_file (self, file, "The muxer can do nothing with this track");
      warn_of_file (self, "A track is not recorded: the muxer can do nothing with it");
    }
  check_end (self);
}

/* -- tracks -- */

static void
on_track_refused (SalonRecorderTrack *track, gpointer user_data)
{
  post (user_data, take_refused, track, NULL);
}

static void
on_track_ready (SalonRecorderTrack *track, gpointer user_data)
{
  post (user_data, take_ready, track, NULL);
}

static void
take_track_end (SalonRecorder *self, gpointer object, const char *text)
{
  leave_files (self, object);
  salon_bin_remove (object);
  g_mutex_lock (&self->lock);
  g_ptr_array_remove (self->tracks, object);
  g_mutex_unlock (&self->lock);
  self->has_news = TRUE;
  check_end (self);
}

static void
on_track_ended (SalonRecorderTrack *track, gpointer user_data)
{
  post (user_data, take_track_end, track, NULL);
}

static const SalonRecorderTrackEvents track_events
    = { .ready = on_track_ready, .refused = on_track_refused, .ended = on_track_ended };

/* The thread that reads of the server, before anything comes out of the pad. */
static void
add_track (SalonRecorder *self, const GstStructure *information)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (self->source, gst_structure_get_string (information, "pad"));
  g_autoptr (GstPad) sink = NULL;
  SalonRecorderTrack *track;
  gboolean is_taken;

  track = gst_object_ref_sink (salon_recorder_track_new (information, &track_events, self));
  g_mutex_lock (&self->lock);
  is_taken = pad != NULL && !self->is_ending;
  self->has_recorded |= is_taken;
  if (is_taken)
    g_ptr_array_add (self->tracks, gst_object_ref (track));
  g_mutex_unlock (&self->lock);
  if (is_taken)
    {
      sink = gst_element_get_static_pad (GST_ELEMENT (track), "sink");
      gst_bin_add (GST_BIN (self), GST_ELEMENT (track));
      salon_bin_start (GST_ELEMENT (track));
      gst_pad_link (pad, sink);
    }
  gst_object_unref (track);
}

/* -- ending -- */

/* What waits for a companion is written now. */
static void
begin_ending (SalonRecorder *self, gpointer object, const char *text)
{
  g_autoptr (GPtrArray) files = g_ptr_array_copy (self->files, NULL, NULL);

  if (self->ending_us == 0)
    self->ending_us = g_get_monotonic_time ();
  g_ptr_array_set_free_func (files, NULL);
  for (guint i = 0; i < files->len; i++)
    {
      if (salon_recorder_file_is_waiting (g_ptr_array_index (files, i)))
        begin_file (self, g_ptr_array_index (files, i));
    }
  check_end (self);
}

/* Any thread. */
static void
stop_taking (SalonRecorder *self)
{
  g_mutex_lock (&self->lock);
  self->is_ending = TRUE;
  g_mutex_unlock (&self->lock);
  post (self, begin_ending, NULL, NULL);
}

static void
end_by_itself (SalonRecorder *self)
{
  if (self->ending_us != 0)
    return;
  stop_taking (self);
  gst_element_send_event (self->source, gst_event_new_eos ());
}

static gboolean
salon_recorder_send_event (GstElement *element, GstEvent *event)
{
  SalonRecorder *self = SALON_RECORDER (element);

  if (GST_EVENT_TYPE (event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS (salon_recorder_parent_class)->send_event (element, event);
  stop_taking (self);
  return gst_element_send_event (self->source, event);
}

/* -- now and then -- */

static void
begin_those_alone (SalonRecorder *self)
{
  for (guint i = self->files->len; i-- > 0;)
    {
      SalonRecorderFile *file = g_ptr_array_index (self->files, i);

      if (salon_recorder_file_is_waiting (file) && salon_recorder_file_get_age_us (file) > COMPANION_US)
        begin_file (self, file);
    }
}

static void
break_those_late (SalonRecorder *self)
{
  if (self->ending_us == 0 || self->is_over || g_get_monotonic_time () - self->ending_us < END_US)
    return;
  for (guint i = 0; i < self->files->len; i++)
    {
      SalonRecorderFile *file = g_ptr_array_index (self->files, i);

      if (salon_recorder_file_is_open (file))
        break_file (self, file, "The end of the file did not come in time");
    }
  tell_end (self);
}

static void
check_disk (SalonRecorder *self)
{
  struct statvfs disk;
  gint64 size_bytes = 0;

  if (self->ending_us != 0)
    return;
  for (guint i = 0; i < self->files->len; i++)
    size_bytes += salon_recorder_file_get_size (g_ptr_array_index (self->files, i));
  if (self->max_bytes > 0 && (guint64)size_bytes > self->max_bytes)
    {
      GST_ELEMENT_WARNING (self, RESOURCE, NO_SPACE_LEFT,
          ("The recording has the bytes that it may have, and ends; max-size allows more"), (NULL));
      end_by_itself (self);
    }
  else if (statvfs (self->location, &disk) == 0 && (guint64)disk.f_bavail * disk.f_frsize < RESERVE_BYTES)
    {
      self->failure = g_strdup_printf (
          "The disk of %s is full: what was recorded is whole; make room there, and begin another recording",
          self->location);
      end_by_itself (self);
    }
}

static void
check_idle (SalonRecorder *self)
{
  gboolean is_idle;

  g_mutex_lock (&self->lock);
  is_idle = self->has_recorded && self->tracks->len == 0;
  g_mutex_unlock (&self->lock);
  if (!is_idle)
    self->idle_us = 0;
  else if (self->idle_us == 0)
    self->idle_us = g_get_monotonic_time ();
  else if (self->idle_timeout_s > 0 && g_get_monotonic_time () - self->idle_us > self->idle_timeout_s * G_USEC_PER_SEC)
    end_by_itself (self);
}

static gboolean
on_tick (gpointer user_data)
{
  SalonRecorder *self = user_data;

  if (self->is_over)
    return G_SOURCE_CONTINUE;
  begin_those_alone (self);
  for (guint i = 0; i < self->files->len; i++)
    salon_recorder_file_look_after (g_ptr_array_index (self->files, i));
  check_disk (self);
  check_idle (self);
  break_those_late (self);
  if (!self->is_over && (self->has_news || ++self->n_ticks % MANIFEST_TICKS == 0))
    write_manifest (self, "recording");
  return G_SOURCE_CONTINUE;
}

/* -- messages -- */

static void
take_source_message (SalonRecorder *self, const GstStructure *structure)
{
  if (gst_structure_has_name (structure, "salon-ended"))
    stop_taking (self);
  else if (gst_structure_has_name (structure, "salon-track")
           && g_strcmp0 (gst_structure_get_string (structure, "event"), "added") == 0)
    add_track (self, structure);
}

static gboolean
has_recorded (SalonRecorder *self)
{
  gboolean result;

  g_mutex_lock (&self->lock);
  result = self->has_recorded;
  g_mutex_unlock (&self->lock);
  return result;
}

/* One file's, or one track's, is not the others'; and when the room is no more, the recording of it is complete. */
static gboolean
take_error (SalonRecorder *self, GstMessage *message)
{
  GstObject *origin = GST_MESSAGE_SRC (message);
  g_autoptr (GError) error = NULL;
  g_autofree char *details = NULL;

  if (origin == GST_OBJECT (self) || (origin == GST_OBJECT (self->source) && !has_recorded (self)))
    return FALSE;
  gst_message_parse_error (message, &error, &details);
  GST_INFO_OBJECT (self, "%s", details);
  if (origin == GST_OBJECT (self->source))
    stop_taking (self);
  if (gst_object_has_as_ancestor (origin, GST_OBJECT (self->source)) || origin == GST_OBJECT (self->source))
    GST_ELEMENT_WARNING (self, RESOURCE, READ, ("%s", error->message), ("%s", details));
  else
    post (self, take_file_error, origin, error->message);
  return TRUE;
}

/* Any thread. What elements inside say of their ends is not the recorder's own. */
static void
salon_recorder_handle_message (GstBin *bin, GstMessage *message)
{
  SalonRecorder *self = SALON_RECORDER (bin);
  gboolean is_taken = FALSE;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT && GST_MESSAGE_SRC (message) == GST_OBJECT (self->source))
    take_source_message (self, gst_message_get_structure (message));
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    is_taken = take_error (self, message);
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
    {
      post (self, take_file_end, GST_MESSAGE_SRC (message), NULL);
      is_taken = TRUE;
    }
  if (is_taken)
    gst_message_unref (message);
  else
    GST_BIN_CLASS (salon_recorder_parent_class)->handle_message (bin, message);
}

/* -- states -- */

static gpointer
run (gpointer user_data)
{
  SalonRecorder *self = user_data;
  GSource *tick = g_timeout_source_new_seconds (TICK_S);

  g_main_context_push_thread_default (self->context);
  g_source_set_callback (tick, on_tick, self, NULL);
  g_source_attach (tick, self->context);
  g_main_loop_run (self->loop);
  g_source_destroy (tick);
  g_source_unref (tick);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static gboolean
prepare_folder (SalonRecorder *self)
{
  g_autofree char *manifest = g_build_filename (self->location, SALON_RECORDER_MANIFEST, NULL);

  if (g_mkdir_with_parents (self->location, 0700) != 0)
    {
      GST_ELEMENT_ERROR (self, RESOURCE, OPEN_WRITE,
          ("Cannot make the folder %s: %s; set the property location", self->location, g_strerror (errno)), (NULL));
      return FALSE;
    }
  if (g_file_test (manifest, G_FILE_TEST_EXISTS))
    {
      GST_ELEMENT_ERROR (self, RESOURCE, OPEN_WRITE,
          ("There is a recording in the folder %s: set the property location to another", self->location), (NULL));
      return FALSE;
    }
  return TRUE;
}

static void
begin (SalonRecorder *self)
{
  self->began_us = g_get_real_time ();
  self->is_ending = self->has_recorded = self->is_over = self->has_warned = FALSE;
  self->ending_us = self->idle_us = 0;
  self->n_files = self->n_ticks = 0;
  g_clear_pointer (&self->failure, g_free);
  self->has_news = TRUE;
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->thread = g_thread_new ("salon-recorder", run, self);
}

/* In a thread of its own state changes, the recorder's has gone. */
static void
cut_off (SalonRecorder *self)
{
  for (guint i = 0; i < self->files->len; i++)
    {
      SalonRecorderFile *file = g_ptr_array_index (self->files, i);

      if (salon_recorder_file_is_waiting (file) || salon_recorder_file_is_open (file))
        salon_recorder_file_close (file, "The recorder was stopped without an end of the stream");
    }
  if (!self->is_over)
    write_manifest (self, "recording");
  g_ptr_array_set_size (self->files, 0);
  while (self->tracks->len > 0)
    {
      salon_bin_remove (g_ptr_array_index (self->tracks, 0));
      g_ptr_array_remove_index (self->tracks, 0);
    }
}

static void
stop (SalonRecorder *self)
{
  if (self->thread == NULL)
    return;
  g_main_loop_quit (self->loop);
  g_thread_join (g_steal_pointer (&self->thread));
  cut_off (self);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
}

/* Returns: the running time now, or GST_CLOCK_TIME_NONE while there is none. */
static GstClockTime
get_running_time (SalonRecorder *self)
{
  return gst_element_get_current_running_time (GST_ELEMENT (self));
}

/* What running time 0 is by the calendar. */
static void
note_beginning (SalonRecorder *self)
{
  GstClockTime now = get_running_time (self);

  g_mutex_lock (&self->lock);
  self->began_us = g_get_real_time () - (GST_CLOCK_TIME_IS_VALID (now) ? (gint64)(now / GST_USECOND) : 0);
  g_mutex_unlock (&self->lock);
}

/* How long it has recorded, whether or not there was anything. */
static gboolean
salon_recorder_query (GstElement *element, GstQuery *query)
{
  GstClockTime now = get_running_time (SALON_RECORDER (element));
  GstFormat format;

  if (GST_QUERY_TYPE (query) != GST_QUERY_POSITION)
    return GST_ELEMENT_CLASS (salon_recorder_parent_class)->query (element, query);
  gst_query_parse_position (query, &format, NULL);
  if (format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID (now))
    return FALSE;
  gst_query_set_position (query, format, (gint64)now);
  return TRUE;
}

static GstStateChangeReturn
salon_recorder_change_state (GstElement *element, GstStateChange transition)
{
  SalonRecorder *self = SALON_RECORDER (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    {
      if (!prepare_folder (self))
        return GST_STATE_CHANGE_FAILURE;
      begin (self);
    }
  else if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING)
    note_beginning (self);
  result = GST_ELEMENT_CLASS (salon_recorder_parent_class)->change_state (element, transition);
  if (salon_bin_has_stopped (transition, result))
    stop (self);
  return result;
}

/* -- properties -- */

static void
salon_recorder_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  SalonRecorder *self = SALON_RECORDER (object);

  switch (id)
    {
    case PROP_LOCATION:
      g_free (self->location);
      self->location = g_strdup (g_value_get_string (value) != NULL ? g_value_get_string (value) : ".");
      break;
    case PROP_FORMAT:
      self->format = g_value_get_enum (value);
      break;
    case PROP_PER:
      self->per = g_value_get_enum (value);
      break;
    case PROP_MAX_FILES:
      self->max_files = g_value_get_uint (value);
      break;
    case PROP_MAX_SIZE:
      self->max_bytes = g_value_get_uint64 (value);
      break;
    case PROP_IDLE_TIMEOUT:
      self->idle_timeout_s = g_value_get_uint (value);
      break;
    default:
      g_object_set_property (G_OBJECT (self->source), pspec->name, value);
    }
}

static void
salon_recorder_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SalonRecorder *self = SALON_RECORDER (object);

  switch (id)
    {
    case PROP_LOCATION:
      g_value_set_string (value, self->location);
      break;
    case PROP_FORMAT:
      g_value_set_enum (value, self->format);
      break;
    case PROP_PER:
      g_value_set_enum (value, self->per);
      break;
    case PROP_MAX_FILES:
      g_value_set_uint (value, self->max_files);
      break;
    case PROP_MAX_SIZE:
      g_value_set_uint64 (value, self->max_bytes);
      break;
    case PROP_IDLE_TIMEOUT:
      g_value_set_uint (value, self->idle_timeout_s);
      break;
    default:
      g_object_get_property (G_OBJECT (self->source), pspec->name, value);
    }
}

static GParamSpec *
copy_spec (GParamSpec *spec)
{
  const char *nick = g_param_spec_get_nick (spec);
  const char *blurb = g_param_spec_get_blurb (spec);

  if (G_IS_PARAM_SPEC_ENUM (spec))
    return g_param_spec_enum (
        spec->name, nick, blurb, spec->value_type, G_PARAM_SPEC_ENUM (spec)->default_value, spec->flags);
  if (G_IS_PARAM_SPEC_UINT (spec))
    return g_param_spec_uint (spec->name, nick, blurb, G_PARAM_SPEC_UINT (spec)->minimum,
        G_PARAM_SPEC_UINT (spec)->maximum, G_PARAM_SPEC_UINT (spec)->default_value, spec->flags);
  g_assert (G_IS_PARAM_SPEC_STRING (spec));
  return g_param_spec_string (spec->name, nick, blurb, G_PARAM_SPEC_STRING (spec)->default_value, spec->flags);
}

static void
install_source_properties (GObjectClass *object_class)
{
  GObjectClass *source_class = g_type_class_ref (SALON_TYPE_SRC);

  for (guint i = 0; i < G_N_ELEMENTS (source_properties); i++)
    g_object_class_install_property (object_class, PROP_OF_SOURCE + i,
        copy_spec (g_object_class_find_property (source_class, source_properties[i])));
  g_type_class_unref (source_class);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  g_object_class_install_property (object_class, PROP_LOCATION,
      g_param_spec_string ("location", "Location",
          "The folder of the recording, which is made if need be: files, and recording.json, which says what is in "
          "them",
          ".", flags));
  g_object_class_install_property (object_class, PROP_FORMAT,
      g_param_spec_enum ("format", "Format", "Of the files; what it has no place for gets one that has",
          format_get_type (), SALON_RECORDER_FORMAT_WEBM, flags));
  g_object_class_install_property (object_class, PROP_PER,
      g_param_spec_enum ("per", "Per",
          "What a file is for; with participant, the second track is waited for 3 s, and later has a file of its own",
          per_get_type (), PER_TRACK, flags));
  g_object_class_install_property (object_class, PROP_MAX_FILES,
      g_param_spec_uint ("max-files", "Most files", "What comes when there are so many, is left out", 1, G_MAXINT32,
          DEFAULT_MAX_FILES, flags));
  g_object_class_install_property (object_class, PROP_MAX_SIZE,
      g_param_spec_uint64 ("max-size", "Largest size", "The recording ends when its files have so many bytes; 0: never",
          0, G_MAXUINT64, 0, flags));
  g_object_class_install_property (object_class, PROP_IDLE_TIMEOUT,
      g_param_spec_uint ("idle-timeout", "Idle timeout",
          "The recording ends when for so many seconds nothing has come any more; 0: never", 0, G_MAXINT32, 0, flags));
  install_source_properties (object_class);
}

/* -- life -- */

static void
salon_recorder_finalize (GObject *object)
{
  SalonRecorder *self = SALON_RECORDER (object);

  g_assert (self->thread == NULL); /* elements are disposed of in NULL */
  g_ptr_array_unref (self->files);
  g_ptr_array_unref (self->tracks);
  g_mutex_clear (&self->lock);
  g_free (self->location);
  g_free (self->failure);
  G_OBJECT_CLASS (salon_recorder_parent_class)->finalize (object);
}

static void
salon_recorder_class_init (SalonRecorderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (salon_recorder_debug, "salonrecorder", 0, "Salon: records a room");
  object_class->finalize = salon_recorder_finalize;
  object_class->set_property = salon_recorder_set_property;
  object_class->get_property = salon_recorder_get_property;
  install_properties (object_class);
  element_class->change_state = salon_recorder_change_state;
  element_class->send_event = salon_recorder_send_event;
  element_class->query = salon_recorder_query;
  GST_BIN_CLASS (klass)->handle_message = salon_recorder_handle_message;
  gst_element_class_set_static_metadata (element_class, "Salon recorder", "Sink/File",
      "Records the tracks of a room of a Salon server in files, as they were published", "The Salon developers");
}

static void
salon_recorder_init (SalonRecorder *self)
{
  g_mutex_init (&self->lock);
  self->tracks = g_ptr_array_new_with_free_func (gst_object_unref);
  self->files = g_ptr_array_new_with_free_func ((GDestroyNotify)salon_recorder_file_free);
  self->location = g_strdup (".");
  self->max_files = DEFAULT_MAX_FILES;
  self->source = g_object_new (SALON_TYPE_SRC, "name", "source", "display-name", "Recorder", NULL);
  gst_bin_add (GST_BIN (self), self->source);
  /* It is both, whatever is inside: it is told to end, and says when it has. */
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE | GST_ELEMENT_FLAG_SINK);
  gst_bin_set_suppressed_flags (GST_BIN (self), GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE);
}
