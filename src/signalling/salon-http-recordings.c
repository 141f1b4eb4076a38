/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-http-recordings.h"

#include "salon-protocol.h"
#include "salon-recording-list.h"
#include "salon-reply.h"

static void
on_list_made (GObject *source, GAsyncResult *result, gpointer user_data)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, salon_recording_list_make_finish (result));
  salon_http_deed_end (user_data, SOUP_STATUS_OK, salon_protocol_wrap ("recordings", node), NULL);
}

static void
list (SalonHttpDeed *deed)
{
  const SalonHttpRecordings *self = deed->user_data;
  const char *room = deed->room != NULL ? deed->room->id : NULL;

  salon_recording_list_make_async (
      salon_recordings_list (self->recordings, room, NULL), self->link_key, on_list_made, deed);
}

void
salon_http_recordings_list (const SalonHttpRecordings *self, SoupServerMessage *message)
{
  g_autofree char *room = salon_http_deed_get_room_of_query (message);

  salon_http_deed_begin (self->deeds, message, room, &(SalonHttpDeedInput){ .user_data = (gpointer)self }, list);
}

static void
on_one_made (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (JsonArray) array = salon_recording_list_make_finish (result);

  salon_http_deed_end (
      user_data, SOUP_STATUS_OK, salon_protocol_wrap ("recording", json_array_dup_element (array, 0)), NULL);
}

static void
get (SalonHttpDeed *deed)
{
  const SalonHttpRecordings *self = deed->user_data;
  g_autoptr (GError) error = NULL;
  SalonJob *job = salon_recordings_find (self->recordings, deed->id, &error);
  GPtrArray *jobs;

  if (job == NULL)
    {
      salon_http_deed_end (deed, 0, NULL, error);
      return;
    }
  jobs = g_ptr_array_new ();
  g_ptr_array_add (jobs, job);
  salon_recording_list_make_async (jobs, self->link_key, on_one_made, deed);
}

void
salon_http_recordings_get (const SalonHttpRecordings *self, SoupServerMessage *message, const char *id)
{
  salon_http_deed_begin_with_job (self->deeds, message, &(SalonHttpDeedInput){ id, .user_data = (gpointer)self }, get);
}

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (salon_recordings_delete_finish (SALON_RECORDINGS (source), result, &error))
    salon_http_deed_end (user_data, SOUP_STATUS_OK, salon_protocol_object (json_object_new ()), NULL);
  else
    salon_http_deed_end (user_data, 0, NULL, error);
}

static void delete (SalonHttpDeed *deed)
{
  const SalonHttpRecordings *self = deed->user_data;

  salon_recordings_delete_async (self->recordings, deed->id, on_deleted, deed);
}

void
salon_http_recordings_delete (const SalonHttpRecordings *self, SoupServerMessage *message, const char *id)
{
  salon_http_deed_begin_with_job (
      self->deeds, message, &(SalonHttpDeedInput){ id, .user_data = (gpointer)self }, delete);
}
