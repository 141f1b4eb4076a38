/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-room-log.h"

#include "salon-json.h"
#include "salon-log.h"

/* More than any text of the protocol. */
#define LONGEST_TEXT (256 * 1024)
#define LAST_TARGET 15
#define MOST_PARTICIPANTS 1000

struct _SalonRoomLog
{
  GHashTable *names; /* (owned) (element-type utf8 utf8): of participants, by id */
};

SalonRoomLog *
salon_room_log_new (void)
{
  SalonRoomLog *self = g_new (SalonRoomLog, 1);

  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
salon_room_log_free (SalonRoomLog *self)
{
  g_hash_table_unref (self->names);
  g_free (self);
}

void
salon_room_log_print (const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  line = salon_log_to_line (text);
  g_print ("%s\n", line);
}

static const char *
name_of (SalonRoomLog *self, const char *participant)
{
  const char *name = g_hash_table_lookup (self->names, participant);

  return name != NULL ? name : "somebody";
}

/* "Ann's camera". Returns: (transfer full) (nullable) */
static char *
describe_track (SalonRoomLog *self, JsonObject *track)
{
  const char *participant;
  const char *source;

  if (!salon_json_get_string (track, "participant", 1, LONGEST_TEXT, &participant, NULL)
      || !salon_json_get_string (track, "source", 1, LONGEST_TEXT, &source, NULL))
    return NULL;
  return g_strdup_printf ("%s's %s", name_of (self, participant), source);
}

static void
tell_slot (SalonRoomLog *self, JsonObject *params)
{
  g_autofree char *description = NULL;
  JsonObject *track = NULL;
  const char *mid;
  gint64 target;

  if (!salon_json_get_int (params, "target", 1, LAST_TARGET, &target, NULL)
      || !salon_json_get_string (params, "mid", 1, LONGEST_TEXT, &mid, NULL)
      || !salon_json_get_optional_object (params, "track", &track, NULL))
    return;
  description = track != NULL ? describe_track (self, track) : NULL;
  salon_room_log_print ("slot %d/%s carries %s", (int)target, mid, description != NULL ? description : "nothing");
}

/* Remembers the name, and returns it. (nullable) */
static const char *
read_participant (SalonRoomLog *self, JsonObject *participant)
{
  const char *id;
  const char *name;

  if (!salon_json_get_string (participant, "id", 1, LONGEST_TEXT, &id, NULL)
      || !salon_json_get_string (participant, "name", 1, LONGEST_TEXT, &name, NULL))
    return NULL;
  g_hash_table_insert (self->names, g_strdup (id), g_strdup (name));
  return name;
}

static void
tell_participant (SalonRoomLog *self, JsonObject *params)
{
  JsonObject *participant;
  const char *event;
  const char *name;
  const char *connection;

  if (!salon_json_get_string (params, "event", 1, LONGEST_TEXT, &event, NULL)
      || !salon_json_get_object (params, "participant", &participant, NULL))
    return;
  name = read_participant (self, participant);
  if (name == NULL || !salon_json_get_string (participant, "connection", 1, LONGEST_TEXT, &connection, NULL))
    return;
  if (g_str_equal (event, "updated"))
    salon_room_log_print ("%s %s, connection %s", name, event, connection);
  else
    salon_room_log_print ("%s %s", name, event);
}

static void
tell_track (SalonRoomLog *self, JsonObject *params)
{
  g_autofree char *description = NULL;
  JsonObject *track;
  const char *event;

  if (!salon_json_get_string (params, "event", 1, LONGEST_TEXT, &event, NULL)
      || !salon_json_get_object (params, "track", &track, NULL))
    return;
  description = describe_track (self, track);
  if (description != NULL)
    salon_room_log_print ("%s %s", description, event);
}

static void
tell_chat (SalonRoomLog *self, JsonObject *params)
{
  const char *name;
  const char *message;

  if (salon_json_get_string (params, "name", 1, LONGEST_TEXT, &name, NULL)
      && salon_json_get_string (params, "message", 1, LONGEST_TEXT, &message, NULL))
    salon_room_log_print ("%s says: %s", name, message);
}

void
salon_room_log_join (SalonRoomLog *self, JsonObject *result)
{
  JsonArray *participants = NULL;
  const char *own_id = "";

  if (!salon_json_get_array (result, "participants", MOST_PARTICIPANTS, &participants, NULL)
      || !salon_json_get_string (result, "participant", 1, LONGEST_TEXT, &own_id, NULL))
    return;
  for (guint i = 0; i < json_array_get_length (participants); i++)
    {
      JsonObject *participant;
      const char *id;
      const char *name;

      if (!salon_json_array_get_object (participants, "participants", i, &participant, NULL)
          || !salon_json_get_string (participant, "id", 1, LONGEST_TEXT, &id, NULL))
        continue;
      name = read_participant (self, participant);
      if (name != NULL && !g_str_equal (id, own_id))
        salon_room_log_print ("%s is here", name);
    }
}

void
salon_room_log_notification (SalonRoomLog *self, const char *method, JsonObject *params)
{
  static const struct
  {
    const char *method;
    void (*tell) (SalonRoomLog *self, JsonObject *params);
  } events[] = {
    { "slot", tell_slot },
    { "participant", tell_participant },
    { "track", tell_track },
    { "chat", tell_chat },
  };

  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    {
      if (g_str_equal (method, events[i].method))
        events[i].tell (self, params);
    }
}
