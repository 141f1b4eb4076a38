/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-http-text.h"

#include "salon-build.h"
#include "salon-error.h"
#include "salon-reply.h"
#include "salon-room-lines.h"

/* text: (transfer full) (nullable): NULL: the error. */
static void
end_with_text (SalonHttpDeed *deed, const char *type, char *text, const GError *error)
{
  if (text == NULL)
    {
      salon_http_deed_end (deed, 0, NULL, error);
      return;
    }
  if (salon_http_call_is_gone (deed->call))
    g_free (text);
  else
    salon_reply_text (deed->call->message, SOUP_STATUS_OK, type, text);
  salon_http_deed_end_answered (deed);
}

/* -- as a drawing -- */

static gboolean
read_detail (SoupServerMessage *message, gboolean *is_full, GError **error)
{
  g_autofree char *detail = salon_http_get_query_field (message, "detail");

  *is_full = g_strcmp0 (detail, "full") == 0;
  if (detail == NULL || *is_full || g_str_equal (detail, "simple"))
    return TRUE;
  g_set_error_literal (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "\"detail\" must be \"simple\" or \"full\"");
  return FALSE;
}

static void
on_drawn (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  char *text = salon_rooms_draw_finish (SALON_ROOMS (source), result, &error);

  end_with_text (user_data, "text/vnd.graphviz; charset=utf-8", text, error);
}

static void
draw (SalonHttpDeed *deed)
{
  const SalonHttpText *self = deed->user_data;
  g_autoptr (GError) error = NULL;
  gboolean is_full;

  if (read_detail (deed->call->message, &is_full, &error))
    salon_rooms_draw_async (self->deeds.rooms_api->rooms, deed->room, is_full, on_drawn, deed);
  else
    salon_http_deed_end (deed, 0, NULL, error);
}

void
salon_http_text_draw (const SalonHttpText *self, SoupServerMessage *message, const char *room)
{
  SalonHttpDeedInput input = { .user_data = (gpointer)self };

  salon_http_deed_begin (&self->deeds, message, room, &input, draw);
}

/* -- as lines for a shell -- */

/* Programs of the administrator's are on this machine; an owner's may be anywhere. */
static void
list_lines (SalonHttpDeed *deed)
{
  const SalonHttpText *self = deed->user_data;
  gboolean is_local = deed->is_admin && self->socket_path != NULL;
  const char *plugins = salon_build_choose (SALON_BUILD_ROOT "/src/plugin", "");
  g_autofree char *url = salon_http_api_make_base_url (self->deeds.rooms_api, deed->call->message);
  g_autoptr (GArray) people = salon_rooms_list_people (self->deeds.rooms_api->rooms, deed->room->id);
  g_autoptr (GPtrArray) jobs = salon_jobs_list (deed->jobs, deed->room->id);

  end_with_text (deed, "text/plain; charset=utf-8",
      salon_room_lines_write (&(SalonRoomLines){
          .slug = deed->room->slug,
          .server = is_local ? self->socket_path : url,
          .plugins = is_local && *plugins != '\0' ? plugins : NULL,
          .people = people,
          .jobs = jobs,
          .has_admin_jobs = deed->is_admin,
      }),
      NULL);
}

void
salon_http_text_list_lines (const SalonHttpText *self, SoupServerMessage *message, const char *room)
{
  SalonHttpDeedInput input = { .user_data = (gpointer)self };

  salon_http_deed_begin (&self->deeds, message, room, &input, list_lines);
}
