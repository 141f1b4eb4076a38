/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-recorder-file.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "salon-bin.h"
#include "salon-recorder-duration.h"

GST_DEBUG_CATEGORY_STATIC (salon_recorder_file_debug);
#define GST_CAT_DEFAULT salon_recorder_file_debug

/* Of two tracks in a file the muxer waits for both. Less than what a queue of salonsrc holds; a screen that stands
 * still may send nothing for a second. */
#define LONGEST_PAUSE_US (4 * G_TIME_SPAN_SECOND)
/* Of a name, in a file's name: with the rest less than the 255 bytes of a name on disk, at 4 bytes each. */
#define NAME_CHARS 40

typedef enum
{
  STATE_WAITING,
  STATE_RECORDING,
  STATE_COMPLETE,
  STATE_BROKEN,
} State;
static const char *const state_names[] = { "waiting", "recording", "complete", "broken" };

struct _SalonRecorderFile
{
  State state;
  gint64 since_us;
  GPtrArray *tracks;     /* (owned) (element-type SalonRecorderTrack): in it now */
  JsonArray *past;       /* (owned): what it has of others */
  GstElement *bin;       /* (owned) (nullable): while it records */
  char *name;            /* (owned) (nullable): from then on */
  char *path;            /* (owned) (nullable): likewise */
  char *error;           /* (owned) (nullable): of one that is broken */
  GstClockTime base;     /* running time of its 0 */
  GstClockTime past_end; /* running time: the last of the past tracks */
  gint64 size_bytes;     /* when it was closed */
};

/* Whether WebM and MP4 have a place for it; Matroska has. (mp4mux of GStreamer 1.22 wants to know more of VP9 than its
 * depayloader tells, and its parser loses the last pictures.) */
typedef struct
{
  const char *media_type;
  gboolean is_of_webm;
  gboolean is_of_mp4;
} Media;

static const Media media[] = {
  { "audio/x-opus", TRUE, TRUE },
  { "video/x-vp8", TRUE, FALSE },
  { "video/x-vp9", TRUE, FALSE },
  { "video/x-av1", TRUE, FALSE },
  { "video/x-h264", FALSE, TRUE },
};

/* -- what it is called -- */

/* Whatever people call themselves: letters and digits of any script stay, all else becomes a dash. */
static char *
make_readable (const char *text)
{
  g_autofree char *normal = g_utf8_normalize (text, -1, G_NORMALIZE_NFC);
  GString *name = g_string_new (NULL);
  guint n_chars = 0;

  for (const char *at = normal != NULL ? normal : ""; *at != '\0' && n_chars < NAME_CHARS; at = g_utf8_next_char (at))
    {
      gunichar letter = g_utf8_get_char (at);
      gboolean is_dash = !g_unichar_isalnum (letter) && !g_unichar_ismark (letter);

      if (is_dash && (name->len == 0 || name->str[name->len - 1] == '-'))
        continue;
      g_string_append_unichar (name, is_dash ? '-' : letter);
      n_chars++;
    }
  if (name->len > 0 && name->str[name->len - 1] == '-')
    g_string_truncate (name, name->len - 1);
  if (name->len == 0)
    g_string_append (name, "nobody");
  return g_string_free (name, FALSE);
}

/* 003-Ann-camera.webm; with two tracks 003-Ann.webm */
static char *
make_name (SalonRecorderFile *self, guint number, const char *suffix)
{
  SalonRecorderTrack *track = g_ptr_array_index (self->tracks, 0);
  g_autofree char *who = make_readable (salon_recorder_track_get_text (track, "name"));
  g_autofree char *what = make_readable (salon_recorder_track_get_text (track, "source"));

  if (self->tracks->len > 1)
    return g_strdup_printf ("%03u-%s.%s", number, who, suffix);
  return g_strdup_printf ("%03u-%s-%s.%s", number, who, what, suffix);
}

/* -- elements -- */

static const Media *
find_media (SalonRecorderTrack *track)
{
  g_autoptr (GstCaps) caps = salon_recorder_track_get_caps (track);
  const char *type = caps != NULL ? gst_structure_get_name (gst_caps_get_structure (caps, 0)) : "";

  for (guint i = 0; i < G_N_ELEMENTS (media); i++)
    {
      if (g_str_equal (media[i].media_type, type))
        return &media[i];
    }
  return NULL;
}

typedef struct
{
  const char *description; /* of the muxer */
  const char *suffix;
} Container;

/* Without streamable, a muxer notes duration and index at the end. A cluster or fragment is all that a player has to
 * have whole, and all that is lost when one is cut off. */
static const Container webm = { "webmmux streamable=false max-cluster-duration=1000000000", "webm" };
static const Container mkv = { "matroskamux streamable=false max-cluster-duration=1000000000", "mkv" };
static const Container mp4 = { "mp4mux fragment-duration=1000 fragment-mode=dash-or-mss", "mp4" };

/* Returns: (transfer none) (nullable) */
static const Container *
choose_container (SalonRecorderFile *self, SalonRecorderFormat format, GError **error)
{
  gboolean is_of_webm = TRUE;
  gboolean is_of_mp4 = TRUE;

  for (guint i = 0; i < self->tracks->len; i++)
    {
      const Media *one = find_media (g_ptr_array_index (self->tracks, i));

      if (one == NULL)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "No file has a place for this codec");
          return NULL;
        }
      is_of_webm &= one->is_of_webm;
      is_of_mp4 &= one->is_of_mp4;
    }
  if (format == SALON_RECORDER_FORMAT_MP4 && is_of_mp4)
    return &mp4;
  return format != SALON_RECORDER_FORMAT_MKV && is_of_webm ? &webm : &mkv;
}

/* What is written is with the system at once, and outlives this process. */
static GstElement *
make_bin (SalonRecorderFile *self, const Container *container, GError **error)
{
  g_autofree char *text = g_strdup_printf (
      "%s name=muxer ! filesink name=disk sync=false async=false buffer-mode=unbuffered", container->description);
  GstElement *bin = gst_parse_bin_from_description_full (text, FALSE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
  g_autoptr (GstElement) disk = NULL;

  if (bin == NULL)
    return NULL;
  disk = gst_bin_get_by_name (GST_BIN (bin), "disk");
  g_object_set (disk, "location", self->path, NULL);
  return gst_object_ref_sink (bin);
}

/* Returns: (transfer full): the pad for a track to go into. */
static GstPad *
add_pad (SalonRecorderFile *self, SalonRecorderTrack *track, guint index)
{
  g_autoptr (GstElement) muxer = gst_bin_get_by_name (GST_BIN (self->bin), "muxer");
  g_autoptr (GstPad) pad
      = gst_element_request_pad_simple (muxer, salon_recorder_track_is_video (track) ? "video_%u" : "audio_%u");
  g_autofree char *name = g_strdup_printf ("sink_%u", index);
  GstPad *ghost;

  ghost = gst_ghost_pad_new (name, pad);
  gst_pad_set_active (ghost, TRUE);
  gst_element_add_pad (self->bin, ghost);
  return gst_object_ref (ghost);
}

/* An existing file is somebody's, and a link might lead anywhere. */
static gboolean
create_file (const char *path, GError **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  int code = errno;

  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "Cannot write %s: %s", path, g_strerror (code));
      return FALSE;
    }
  close (fd);
  return TRUE;
}

/* In fragments of MP4 all tracks begin at 0, whatever their times: there the picture, which cannot be filled in before
 * its beginning, is what begins the file. */
static GstClockTime
choose_base (SalonRecorderFile *self, const Container *container)
{
  GstClockTime base = GST_CLOCK_TIME_NONE;

  for (guint i = 0; i < self->tracks->len; i++)
    {
      SalonRecorderTrack *track = g_ptr_array_index (self->tracks, i);

      if (container == &mp4 && salon_recorder_track_is_video (track))
        return salon_recorder_track_get_next (track);
      base = MIN (base, salon_recorder_track_get_next (track));
    }
  return base;
}

static void
start_tracks (SalonRecorderFile *self, const Container *container)
{
  g_autoptr (GPtrArray) pads = g_ptr_array_new_with_free_func (gst_object_unref);

  self->base = choose_base (self, container);
  for (guint i = 0; i < self->tracks->len; i++)
    g_ptr_array_add (pads, add_pad (self, g_ptr_array_index (self->tracks, i), i));
  salon_bin_start (self->bin);
  for (guint i = 0; i < self->tracks->len; i++)
    salon_recorder_track_record (
        g_ptr_array_index (self->tracks, i), g_ptr_array_index (pads, i), self->base, container == &mp4);
}

gboolean
salon_recorder_file_begin (
    SalonRecorderFile *self, GstBin *bin, const char *folder, SalonRecorderFormat format, guint number, GError **error)
{
  const Container *container = choose_container (self, format, error);

  g_assert (self->state == STATE_WAITING);
  self->state = STATE_BROKEN;
  self->since_us = g_get_monotonic_time ();
  if (container == NULL)
    return FALSE;
  self->name = make_name (self, number, container->suffix);
  self->path = g_build_filename (folder, self->name, NULL);
  if (!create_file (self->path, error))
    return FALSE;
  self->bin = make_bin (self, container, error);
  if (self->bin == NULL)
    return FALSE;
  self->state = STATE_RECORDING;
  gst_bin_add (bin, self->bin);
  start_tracks (self, container);
  return TRUE;
}

/* -- its tracks -- */

/* Of whom they are, and whether they are a screen's. */
static gboolean
belong_together (SalonRecorderTrack *one, SalonRecorderTrack *other)
{
  const char *const sources[]
      = { salon_recorder_track_get_text (one, "source"), salon_recorder_track_get_text (other, "source") };

  return salon_recorder_track_is_video (one) != salon_recorder_track_is_video (other)
         && g_str_equal (
             salon_recorder_track_get_text (one, "participant"), salon_recorder_track_get_text (other, "participant"))
         && g_str_has_prefix (sources[0], "screen") == g_str_has_prefix (sources[1], "screen");
}

gboolean
salon_recorder_file_can_add (SalonRecorderFile *self, SalonRecorderTrack *track)
{
  return self->state == STATE_WAITING && self->tracks->len == 1
         && belong_together (g_ptr_array_index (self->tracks, 0), track);
}

void
salon_recorder_file_add (SalonRecorderFile *self, SalonRecorderTrack *track)
{
  g_ptr_array_add (self->tracks, gst_object_ref (track));
}

void
salon_recorder_file_let_go (SalonRecorderFile *self, SalonRecorderTrack *track)
{
  JsonObject *part;

  if (!salon_recorder_file_has (self, track))
    return;
  if (self->state != STATE_WAITING)
    {
      part = salon_recorder_track_describe (track);
      json_array_add_object_element (self->past, part);
      self->past_end = MAX (self->past_end, salon_recorder_track_get_end (track));
    }
  g_ptr_array_remove (self->tracks, track);
}

gboolean
salon_recorder_file_has (SalonRecorderFile *self, SalonRecorderTrack *track)
{
  return g_ptr_array_find (self->tracks, track, NULL);
}

GPtrArray *
salon_recorder_file_get_tracks (SalonRecorderFile *self)
{
  return self->tracks;
}

/* -- while it records -- */

static gint64
measure (SalonRecorderFile *self)
{
  GStatBuf status;

  return self->path != NULL && g_stat (self->path, &status) == 0 ? status.st_size : 0;
}

static gboolean
is_anyone_silent (SalonRecorderFile *self)
{
  gint64 now_us = g_get_monotonic_time ();

  for (guint i = 0; i < self->tracks->len; i++)
    {
      SalonRecorderTrack *track = g_ptr_array_index (self->tracks, i);

      if (now_us - MAX (salon_recorder_track_get_last_us (track), self->since_us) > LONGEST_PAUSE_US)
        return TRUE;
    }
  return FALSE;
}

void
salon_recorder_file_look_after (SalonRecorderFile *self)
{
  if (self->state != STATE_RECORDING)
    return;
  if (self->tracks->len > 1 && is_anyone_silent (self))
    g_ptr_array_foreach (self->tracks, (GFunc)(void (*) (void))salon_recorder_track_finish, NULL);
  salon_recorder_duration_note (self->path, salon_recorder_file_get_end (self) - self->base);
}

void
salon_recorder_file_close (SalonRecorderFile *self, const char *error)
{
  while (self->tracks->len > 0)
    salon_recorder_file_let_go (self, g_ptr_array_index (self->tracks, 0));
  if (error != NULL && self->state == STATE_RECORDING)
    salon_recorder_duration_note (self->path, salon_recorder_file_get_end (self) - self->base);
  self->error = g_strdup (error);
  self->state = error != NULL ? STATE_BROKEN : STATE_COMPLETE;
  if (self->bin != NULL)
    salon_bin_remove (self->bin);
  gst_clear_object (&self->bin);
  self->size_bytes = measure (self);
}

/* -- how it is -- */

gboolean
salon_recorder_file_is_waiting (SalonRecorderFile *self)
{
  return self->state == STATE_WAITING;
}

gboolean
salon_recorder_file_is_open (SalonRecorderFile *self)
{
  return self->state == STATE_RECORDING;
}

gint64
salon_recorder_file_get_age_us (SalonRecorderFile *self)
{
  return g_get_monotonic_time () - self->since_us;
}

gint64
salon_recorder_file_get_size (SalonRecorderFile *self)
{
  return self->state == STATE_RECORDING ? measure (self) : self->size_bytes;
}

GstClockTime
salon_recorder_file_get_end (SalonRecorderFile *self)
{
  GstClockTime end = MAX (self->past_end, self->base);

  for (guint i = 0; self->state == STATE_RECORDING && i < self->tracks->len; i++)
    end = MAX (end, salon_recorder_track_get_end (g_ptr_array_index (self->tracks, i)));
  return end;
}

gboolean
salon_recorder_file_owns (SalonRecorderFile *self, GstObject *object)
{
  return self->bin != NULL
         && (object == GST_OBJECT (self->bin) || gst_object_has_as_ancestor (object, GST_OBJECT (self->bin)));
}

JsonObject *
salon_recorder_file_describe (SalonRecorderFile *self)
{
  JsonObject *object = json_object_new ();
  JsonArray *tracks = json_array_new ();

  json_object_set_string_member (object, "file", self->name);
  json_object_set_string_member (object, "state", state_names[self->state]);
  if (self->error != NULL)
    json_object_set_string_member (object, "error", self->error);
  json_object_set_int_member (object, "begins_ms", (gint64)GST_TIME_AS_MSECONDS (self->base));
  json_object_set_int_member (
      object, "duration_ms", (gint64)GST_TIME_AS_MSECONDS (salon_recorder_file_get_end (self) - self->base));
  json_object_set_int_member (object, "size_bytes", salon_recorder_file_get_size (self));
  for (guint i = 0; i < json_array_get_length (self->past); i++)
    json_array_add_object_element (tracks, json_object_ref (json_array_get_object_element (self->past, i)));
  for (guint i = 0; i < self->tracks->len; i++)
    json_array_add_object_element (tracks, salon_recorder_track_describe (g_ptr_array_index (self->tracks, i)));
  json_object_set_array_member (object, "tracks", tracks);
  return object;
}

/* -- life -- */

SalonRecorderFile *
salon_recorder_file_new (SalonRecorderTrack *track)
{
  SalonRecorderFile *self = g_new0 (SalonRecorderFile, 1);

  GST_DEBUG_CATEGORY_INIT (salon_recorder_file_debug, "salon-recorder-file", 0, "Salon: a file of a recording");
  self->since_us = g_get_monotonic_time ();
  self->tracks = g_ptr_array_new_with_free_func (gst_object_unref);
  self->past = json_array_new ();
  salon_recorder_file_add (self, track);
  return self;
}

void
salon_recorder_file_free (SalonRecorderFile *self)
{
  g_assert (self->bin == NULL); /* it was closed */
  g_ptr_array_unref (self->tracks);
  json_array_unref (self->past);
  g_free (self->name);
  g_free (self->path);
  g_free (self->error);
  g_free (self);
}
