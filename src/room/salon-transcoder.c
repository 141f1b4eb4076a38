/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-transcoder.h"

#include "salon-log.h"
#include "salon-participant-private.h"
#include "salon-room.h"

GST_DEBUG_CATEGORY_STATIC (salon_transcoder_debug);
#define GST_CAT_DEFAULT salon_transcoder_debug

#define PIPELINE "transcode"
/* Who leaves a tile, or comes back with a new connection, needs it again soon; to begin takes a second. */
#define LINGER_MS 3000
/* When there are too many. */
#define FULL_RETRY_MS 2000
/* After a failure; twice as long each time, until one has run for as long as it was needed. */
#define RETRY_MS 2000
#define MAX_RETRY_MS (5 * 60 * 1000)
/* What x264 and libvpx need at their fastest, up to a picture of 720 lines. */
#define MAX_BITRATE_BPS 1500000
#define MIN_BITRATE_BPS 200000
#define BITS_PER_PIXEL_S 1.6

/* One picture in one codec, once somebody has needed it. */
typedef struct
{
  SalonTranscoder *transcoder;   /* (borrowed) (nullable): NULL once the publication is gone */
  SalonPublication *publication; /* (borrowed): likewise */
  SalonTranscodeBudget *budget;  /* (borrowed) */
  SalonCodec codec;
  SalonJob *job;        /* (owned) (nullable) */
  gboolean is_starting; /* its job */
  gint64 started_us;
  guint timer_id;       /* when to look again whether it is needed, or 0 */
  gint64 not_before_us; /* another job */
  guint retry_ms;
} Transcode;

/* A picture of the room. */
typedef struct
{
  SalonTranscoder *transcoder; /* (borrowed) */
  SalonPublication *publication;
  Transcode *transcodes[SALON_N_CODECS]; /* (owned) (nullable) */
} Picture;

struct _SalonTranscoder
{
  SalonRoom *room;              /* (borrowed) */
  SalonTranscodeBudget *budget; /* (borrowed) */
  GHashTable *pictures;         /* (owned): SalonPublication (borrowed) -> Picture (owned) */
  GPtrArray *ends;              /* (owned) (element-type SalonTranscodeEnd) (borrowed) */
};

static void look_again (Transcode *self, guint delay_ms);

static SalonForms *
get_forms (Transcode *self)
{
  return salon_track_get_forms (self->publication->track);
}

static void
log_transcode (Transcode *self, SalonLogLevel level, const char *event, const char *reason, const char *text)
{
  salon_log_event (level, event,
      (SalonLogFields){ .room = salon_room_get_info (self->transcoder->room)->id,
          .participant = salon_participant_get_id (self->publication->participant),
          .job = self->job != NULL ? salon_job_get_spec (self->job)->id : NULL,
          .reason = reason,
          .duration_us = g_str_equal (event, "transcode_ended") ? g_get_monotonic_time () - self->started_us : 0 },
      "A picture %s (%s)", text, salon_codec_get_info (self->codec)->encoding_name);
}

/* -- the job -- */

static gboolean
is_deleted (Transcode *self, SalonJob *job)
{
  return salon_jobs_find (self->budget->jobs, salon_job_get_spec (job)->id, NULL) != job;
}

/* Returns: (transfer full) */
static SalonJob *
let_go_of_job (Transcode *self)
{
  g_signal_handlers_disconnect_by_data (self->budget->jobs, self);
  self->budget->n_running--;
  return g_steal_pointer (&self->job);
}

/* It is killed: it leaves no files that were worth finishing. */
static void
drop_job (Transcode *self)
{
  g_autoptr (SalonJob) job = let_go_of_job (self);

  if (!is_deleted (self, job))
    salon_jobs_remove_async (self->budget->jobs, job, NULL, NULL);
}

static void
refuse (Transcode *self, const char *reason)
{
  if (g_strcmp0 (salon_forms_get_refusal (get_forms (self), self->codec), reason) != 0)
    log_transcode (self, SALON_LOG_WARNING, "transcode_refused", reason, "is not transcoded");
  salon_forms_refuse (get_forms (self), self->codec, reason);
}

static void
retry_later (Transcode *self)
{
  self->not_before_us = g_get_monotonic_time () + self->retry_ms * G_TIME_SPAN_MILLISECOND;
  look_again (self, self->retry_ms);
}

static void
note_failure (Transcode *self)
{
  refuse (self, "failed");
  retry_later (self);
  self->retry_ms = MIN (2 * self->retry_ms, MAX_RETRY_MS);
}

/* Of any job: also when somebody deletes it, which it does not tell by itself. What is over is left to be looked at:
 * nothing else tells why. */
static void
on_jobs_changed (SalonJobs *jobs, SalonJob *job, Transcode *self)
{
  if (job != self->job || (!salon_job_is_over (job) && !is_deleted (self, job)))
    return;
  g_object_unref (let_go_of_job (self));
  note_failure (self);
}

static void
transcode_free (Transcode *self)
{
  g_assert (self->job == NULL && self->timer_id == 0);
  g_free (self);
}

static void
on_job_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Transcode *self = user_data;
  g_autoptr (GError) error = NULL;
  SalonJob *job = salon_jobs_start_finish (SALON_JOBS (source), result, &error);

  self->is_starting = FALSE;
  if (job == NULL)
    {
      GST_WARNING ("no job to transcode: %s", error->message);
      self->budget->n_running--;
    }
  else
    self->job = g_object_ref (job);
  if (self->transcoder == NULL)
    {
      if (job != NULL)
        drop_job (self);
      transcode_free (self);
    }
  else if (job == NULL)
    note_failure (self);
  else
    {
      g_signal_connect (self->budget->jobs, "changed", G_CALLBACK (on_jobs_changed), self);
      log_transcode (self, SALON_LOG_INFO, "transcode_started", NULL, "is transcoded");
      look_again (self, 0);
    }
}

/* By what the picture is like now: a larger one that comes later is not worth a new encoder. */
static guint
choose_bitrate (Transcode *self)
{
  SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS];
  double highest = 0;

  salon_track_get_layers (self->publication->track, layers);
  for (guint i = 0; i < SALON_MAX_SPATIAL_LAYERS; i++)
    highest = MAX (highest, layers[i].width * layers[i].height * BITS_PER_PIXEL_S);
  return highest == 0 ? MAX_BITRATE_BPS : (guint)CLAMP (highest, MIN_BITRATE_BPS, MAX_BITRATE_BPS);
}

static void
start_job (Transcode *self)
{
  const SalonRoomInfo *info = salon_room_get_info (self->transcoder->room);
  g_autofree char *codec = g_ascii_strdown (salon_codec_get_info (self->codec)->encoding_name, -1);
  g_autoptr (JsonObject) parameters = json_object_new ();
  const SalonJobRequest request
      = { .room = info->id, .slug = info->slug, .pipeline = PIPELINE, .parameters = parameters, .is_own = TRUE };

  json_object_set_string_member (parameters, "track", self->publication->id);
  json_object_set_string_member (parameters, "codec", codec);
  json_object_set_int_member (parameters, "bitrate", choose_bitrate (self));
  self->is_starting = TRUE;
  self->started_us = g_get_monotonic_time ();
  self->budget->n_running++;
  salon_forms_refuse (get_forms (self), self->codec, NULL);
  salon_jobs_start_async (self->budget->jobs, &request, on_job_started, self);
}

/* GStreamer 1.22 takes no AV1 out of RTP, unless it has the plugins that are written in Rust. */
static gboolean
can_decode (gint codec)
{
  g_autoptr (GstElementFactory) factory = codec == SALON_CODEC_AV1 ? gst_element_factory_find ("rtpav1depay") : NULL;

  return codec != SALON_CODEC_AV1 || factory != NULL;
}

static void
try_to_start (Transcode *self)
{
  if (self->budget->jobs == NULL || self->budget->max == 0)
    refuse (self, "disabled");
  else if (!can_decode (salon_track_get_codec (self->publication->track)))
    refuse (self, "no_decoder");
  else if (self->budget->n_running < self->budget->max)
    start_job (self);
  else
    {
      refuse (self, "too_many");
      look_again (self, FULL_RETRY_MS);
    }
}

/* -- who needs it -- */

static gboolean
on_look (gpointer user_data)
{
  Transcode *self = user_data;
  gboolean is_needed = salon_forms_is_needed (get_forms (self), self->codec);

  self->timer_id = 0;
  if (is_needed && self->job == NULL && !self->is_starting)
    try_to_start (self);
  else if (!is_needed && self->job != NULL)
    {
      log_transcode (self, SALON_LOG_INFO, "transcode_ended", "unneeded", "is not transcoded any more");
      drop_job (self);
      self->retry_ms = RETRY_MS;
    }
  return G_SOURCE_REMOVE;
}

static void
look_again (Transcode *self, guint delay_ms)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  self->timer_id = g_timeout_add (delay_ms, on_look, self);
}

/* Never at once: it may be in the midst of what made the need. */
static void
on_need_changed (SalonForms *forms, guint codec, Picture *picture)
{
  gint64 now_us = g_get_monotonic_time ();
  Transcode *self = picture->transcodes[codec];

  if (self == NULL)
    {
      self = picture->transcodes[codec] = g_new0 (Transcode, 1);
      *self = (Transcode){ .transcoder = picture->transcoder,
        .publication = picture->publication,
        .budget = picture->transcoder->budget,
        .codec = codec,
        .retry_ms = RETRY_MS };
    }
  if (salon_forms_is_needed (forms, codec))
    look_again (self, (guint)(MAX (self->not_before_us - now_us, 0) / G_TIME_SPAN_MILLISECOND));
  else
    look_again (self, LINGER_MS);
}

/* -- pictures come and go -- */

static void
transcode_drop (Transcode *self)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  if (self->job != NULL)
    {
      log_transcode (self, SALON_LOG_INFO, "transcode_ended", "track_ended", "is not transcoded any more");
      drop_job (self);
    }
  self->transcoder = NULL;
  if (!self->is_starting)
    transcode_free (self);
}

static void
picture_free (Picture *self)
{
  g_signal_handlers_disconnect_by_data (salon_track_get_forms (self->publication->track), self);
  for (guint i = 0; i < G_N_ELEMENTS (self->transcodes); i++)
    {
      if (self->transcodes[i] != NULL)
        transcode_drop (self->transcodes[i]);
    }
  g_free (self);
}

static void
add_picture (SalonTranscoder *self, SalonPublication *publication)
{
  SalonForms *forms = salon_track_get_forms (publication->track);
  Picture *picture = g_new0 (Picture, 1);

  picture->transcoder = self;
  picture->publication = publication;
  g_signal_connect (forms, "need-changed", G_CALLBACK (on_need_changed), picture);
  g_hash_table_insert (self->pictures, publication, picture);
  for (guint codec = 0; codec < SALON_N_CODECS; codec++)
    {
      if (salon_forms_is_needed (forms, codec))
        on_need_changed (forms, codec, picture);
    }
}

static void
remove_picture (SalonTranscoder *self, SalonPublication *publication)
{
  for (guint i = self->ends->len; i-- > 0;)
    {
      SalonTranscodeEnd *end = g_ptr_array_index (self->ends, i);

      if (salon_transcode_end_get_publication (end) == publication)
        salon_transcode_end_close (end, "track_ended", "The track is not published any more");
    }
  g_hash_table_remove (self->pictures, publication);
}

static void
follow_picture (SalonTranscoder *self, SalonPublication *publication)
{
  for (guint i = 0; i < self->ends->len; i++)
    {
      SalonTranscodeEnd *end = g_ptr_array_index (self->ends, i);

      if (salon_transcode_end_get_publication (end) == publication)
        salon_transcode_end_follow (end);
    }
}

void
salon_transcoder_track_changed (SalonTranscoder *self, SalonTrackEvent event, SalonPublication *publication)
{
  if (!salon_source_is_video (publication->source))
    return;
  if (event == SALON_TRACK_PUBLISHED)
    add_picture (self, publication);
  else if (event == SALON_TRACK_UNPUBLISHED)
    remove_picture (self, publication);
  else if (event == SALON_TRACK_MUTED || event == SALON_TRACK_UNMUTED)
    follow_picture (self, publication);
}

/* -- its programs -- */

static void
on_end_over (SalonTranscodeEnd *end, gpointer user_data)
{
  SalonTranscoder *self = user_data;

  g_ptr_array_remove_fast (self->ends, end);
}

SalonTranscodeEnd *
salon_transcoder_open (SalonTranscoder *self, const SalonPublication *publication, const SalonTranscodeRequest *request,
    const char **path, const char **secret, GError **error)
{
  SalonTranscodeEnd *end
      = salon_transcode_end_new (self->room, publication, request, on_end_over, self, path, secret, error);

  if (end != NULL)
    g_ptr_array_add (self->ends, end);
  return end;
}

/* -- life -- */

SalonTranscoder *
salon_transcoder_new (SalonRoom *room, SalonTranscodeBudget *budget)
{
  SalonTranscoder *self = g_new0 (SalonTranscoder, 1);

  GST_DEBUG_CATEGORY_INIT (salon_transcoder_debug, "salon-transcoder", 0, "Salon: pictures in other codecs");
  self->room = room;
  self->budget = budget;
  self->pictures = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)picture_free);
  self->ends = g_ptr_array_new ();
  return self;
}

void
salon_transcoder_free (SalonTranscoder *self)
{
  g_assert (g_hash_table_size (self->pictures) == 0 && self->ends->len == 0);
  g_hash_table_unref (self->pictures);
  g_ptr_array_unref (self->ends);
  g_free (self);
}
