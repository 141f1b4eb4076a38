/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-rooms-private.h"

/* Returns: (transfer full): "camera 640x360, muted". */
static char *
describe_stream (const SalonPublication *publication, guint stream)
{
  SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS];
  GString *text = g_string_new (salon_source_to_string (publication->source));

  salon_track_get_layers (publication->track, layers);
  if (layers[stream].width != 0)
    g_string_append_printf (text, " %ux%u", layers[stream].width, layers[stream].height);
  if (publication->is_muted)
    g_string_append (text, ", muted");
  return g_string_free (text, FALSE);
}

/* publication (nullable): NULL: it is agreed on, and not published. */
static void
draw_track (SalonDrawing *drawing, guint box, SalonTrack *track, const SalonPublication *publication)
{
  for (guint i = 0; i < salon_track_get_n_streams (track); i++)
    {
      g_autofree char *label = publication != NULL ? describe_stream (publication, i) : NULL;

      salon_drawing_add_element (drawing, box, salon_track_get_tee (track, i), label);
    }
}

static void
draw_participant (SalonDrawing *drawing, SalonParticipant *participant)
{
  guint box = salon_drawing_add_box (drawing, participant->id, participant->name);
  GPtrArray *tracks = participant->publisher != NULL ? salon_publisher_get_tracks (participant->publisher) : NULL;
  GstElement *wire = participant->attachment != NULL ? salon_attachment_get_wire (participant->attachment) : NULL;

  if (wire != NULL)
    salon_drawing_add_element (drawing, box, wire, "a program of this machine");
  for (guint i = 0; tracks != NULL && i < tracks->len; i++)
    draw_track (drawing, box, g_ptr_array_index (tracks, i), NULL);
  for (guint i = 0; i < participant->publications->len; i++)
    {
      const SalonPublication *publication = g_ptr_array_index (participant->publications, i);

      draw_track (drawing, box, publication->track, publication);
    }
}

static void
on_drawn (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  char *text = salon_graph_draw_finish (SALON_GRAPH (source), result, &error);

  if (text != NULL)
    g_task_return_pointer (task, text, g_free);
  else
    g_task_return_error (task, error);
}

void
salon_rooms_draw_async (
    SalonRooms *self, const SalonRoomInfo *info, gboolean is_full, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  SalonRoom *room = salon_rooms_find_open (self, info->id);
  GPtrArray *participants = room != NULL ? salon_room_get_participants (room) : NULL;
  SalonDrawing *drawing;

  if (room == NULL)
    {
      g_task_return_pointer (
          task, g_strdup ("digraph room { label=\"Nobody of this server is in the room\"; }\n"), g_free);
      g_object_unref (task);
      return;
    }
  drawing = salon_drawing_new (info->slug, is_full);
  for (guint i = 0; i < participants->len; i++)
    draw_participant (drawing, g_ptr_array_index (participants, i));
  salon_graph_draw_async (salon_room_get_graph (room), drawing, on_drawn, task);
}

char *
salon_rooms_draw_finish (SalonRooms *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

GArray *
salon_rooms_list_people (SalonRooms *self, const char *id)
{
  SalonRoom *room = salon_rooms_find_open (self, id);
  GPtrArray *participants = room != NULL ? salon_room_get_participants (room) : NULL;
  GArray *people = g_array_new (FALSE, FALSE, sizeof (SalonPerson));

  for (guint i = 0; participants != NULL && i < participants->len; i++)
    {
      SalonPerson person = salon_participant_as_person (g_ptr_array_index (participants, i));

      g_array_append_val (people, person);
    }
  return people;
}
