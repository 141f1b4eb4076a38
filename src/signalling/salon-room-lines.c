/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-room-lines.h"

#include "salon-job-secrets.h"
#include "salon-job.h"
#include "salon-launch-line.h"
#include "salon-log.h"
#include "salon-participant.h"

/* What salonsrc gives of a codec, and what salonsink calls it (NULL: it takes raw sound as it is). */
static const struct
{
  const char *encoding_name;
  const char *media_type;
  const char *name;
} codecs[] = {
  { "OPUS", "audio/x-opus", NULL },
  { "VP8", "video/x-vp8", "vp8" },
  { "VP9", "video/x-vp9", "vp9" },
  { "H264", "video/x-h264", "h264" },
};

/* Returns: its place among the codecs; -1: another, or not known yet. */
static gint
find_codec (const SalonPublication *publication)
{
  const char *name = salon_publication_get_encoding_name (publication);

  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++)
    {
      if (g_strcmp0 (codecs[i].encoding_name, name) == 0)
        return (gint)i;
    }
  return -1;
}

/* A comment ends with its line. */
static void
add_comment (GString *text, const char *comment)
{
  g_autofree char *line = salon_log_to_line (comment);

  g_string_append_printf (text, "# %s\n", line);
}

static void
add_place (GString *text, const SalonRoomLines *room)
{
  salon_launch_line_add_property (text, "server", room->server);
  salon_launch_line_add_property (text, "room", room->slug);
}

/* Shows or plays it. */
static void
add_viewer (GString *text, const SalonRoomLines *room, const SalonPerson *person, const SalonPublication *publication)
{
  const char *source = salon_source_to_string (publication->source);
  const char *encoding = salon_publication_get_encoding_name (publication);
  g_autofree char *comment = g_strdup_printf (
      "%s, %s%s", source, encoding != NULL ? encoding : "nothing has come yet", publication->is_muted ? ", muted" : "");
  gint codec = find_codec (publication);

  add_comment (text, comment);
  if (codec < 0)
    return;
  g_string_append (text, "gst-launch-1.0 salonsrc");
  add_place (text, room);
  salon_launch_line_add_property (text, "participant", person->id);
  g_string_append_printf (text, " source=%s ! %s ! decodebin ! %s\n", source, codecs[codec].media_type,
      salon_source_is_video (publication->source) ? "videoconvert ! autovideosink"
                                                  : "audioconvert ! audioresample ! autoaudiosink");
}

/* What raw pictures or sound a stand-in makes of a publication. */
static void
add_test_source (GString *text, const SalonPublication *publication)
{
  guint width, height;

  if (!salon_source_is_video (publication->source))
    g_string_append (text, " audiotestsrc is-live=true wave=ticks ! publisher.");
  else if (salon_publication_get_size (publication, &width, &height))
    g_string_append_printf (
        text, " videotestsrc is-live=true ! video/x-raw,width=%u,height=%u ! publisher.", width, height);
  else
    g_string_append (text, " videotestsrc is-live=true ! publisher.");
}

/* Publishes the same as a person's camera and microphone do, or their screen and its sound. */
static void
add_stand_in (GString *text, const SalonRoomLines *room, const SalonPerson *person, gboolean is_screen)
{
  g_autoptr (GString) sources = g_string_new (NULL);
  const char *codec = NULL;

  for (guint i = 0; person->publications != NULL && i < person->publications->len; i++)
    {
      const SalonPublication *publication = g_ptr_array_index (person->publications, i);
      SalonSource source = publication->source;
      gint found = find_codec (publication);

      if ((source == SALON_SOURCE_SCREEN || source == SALON_SOURCE_SCREEN_AUDIO) != is_screen || found < 0)
        continue;
      codec = codecs[found].name != NULL ? codecs[found].name : codec;
      add_test_source (sources, publication);
    }
  if (sources->len == 0)
    return;
  add_comment (text, "the same, with test pictures and a tick");
  g_string_append (text, "gst-launch-1.0 -e salonsink name=publisher");
  add_place (text, room);
  salon_launch_line_add_property (text, "display-name", person->name);
  g_string_append_printf (text, " source=%s%s%s%s\n", is_screen ? "screen" : "camera",
      codec != NULL ? " video-codec=" : "", codec != NULL ? codec : "", sources->str);
}

static void
add_person (GString *text, const SalonRoomLines *room, const SalonPerson *person)
{
  g_string_append_c (text, '\n');
  add_comment (text, person->name);
  for (guint i = 0; person->publications != NULL && i < person->publications->len; i++)
    add_viewer (text, room, person, g_ptr_array_index (person->publications, i));
  add_stand_in (text, room, person, FALSE);
  add_stand_in (text, room, person, TRUE);
}

static void
add_job (GString *text, SalonJob *job)
{
  const SalonJobSpec *spec = salon_job_get_spec (job);
  g_autofree char *text_with_secrets = salon_job_spec_make_text (spec, salon_job_get_status (job)->n_restarts);
  g_autofree char *launch = salon_job_secrets_hide (spec->secrets, text_with_secrets);
  g_autofree char *line = salon_launch_line_from_text (launch);
  g_autofree char *comment = g_strdup_printf (
      "job %.8s%s%s", spec->id, spec->pipeline != NULL ? ", " : "", spec->pipeline != NULL ? spec->pipeline : "");

  g_string_append_c (text, '\n');
  add_comment (text, comment);
  g_string_append_printf (text, "%s\n", line);
}

char *
salon_room_lines_write (const SalonRoomLines *room)
{
  GString *text = g_string_new (NULL);
  g_autofree char *title = g_strdup_printf ("%s: each line runs by itself, until Ctrl-C", room->slug);

  add_comment (text, title);
  if (room->plugins != NULL)
    {
      g_autofree char *plugins = g_shell_quote (room->plugins);
      g_string_append_printf (text, "export GST_PLUGIN_PATH=%s\n", plugins);
    }
  for (guint i = 0; i < room->people->len; i++)
    add_person (text, room, &g_array_index (room->people, SalonPerson, i));
  for (guint i = 0; i < room->jobs->len; i++)
    {
      SalonJob *job = g_ptr_array_index (room->jobs, i);
      const SalonJobSpec *spec = salon_job_get_spec (job);

      if (!salon_job_is_over (job) && (room->has_admin_jobs || spec->pipeline != NULL))
        add_job (text, job);
    }
  return g_string_free (text, FALSE);
}
