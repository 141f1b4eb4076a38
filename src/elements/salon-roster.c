/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-roster.h"

#include "salon-json.h"

typedef struct
{
  char *id;     /* (owned) */
  char *source; /* (owned): as the protocol names it */
  gboolean is_muted;
} Track;

typedef struct
{
  char *id;   /* (owned) */
  char *name; /* (owned) */
  guint order;
  guint turn;        /* when they led last; 0: never */
  GPtrArray *tracks; /* (owned) (element-type Track) */
} Person;

struct _SalonRoster
{
  GPtrArray *people; /* (owned) (element-type Person): in the order of coming */
  guint next_order;
  guint last_turn;
};

static void
track_free (Track *track)
{
  g_free (track->id);
  g_free (track->source);
  g_free (track);
}

static void
person_free (Person *person)
{
  g_free (person->id);
  g_free (person->name);
  g_ptr_array_unref (person->tracks);
  g_free (person);
}

static Person *
find_person (SalonRoster *self, const char *id, guint *index)
{
  for (guint i = 0; i < self->people->len; i++)
    {
      Person *person = g_ptr_array_index (self->people, i);

      if (g_str_equal (person->id, id))
        {
          *index = i;
          return person;
        }
    }
  return NULL;
}

static Person *
ensure_person (SalonRoster *self, const char *id)
{
  guint index;
  Person *person = find_person (self, id, &index);

  if (person != NULL)
    return person;
  person = g_new0 (Person, 1);
  person->id = g_strdup (id);
  person->name = g_strdup ("");
  person->order = self->next_order++;
  person->tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)track_free);
  g_ptr_array_add (self->people, person);
  return person;
}

/* -- what the server tells -- */

static void
remove_track (Person *person, const char *id)
{
  for (guint i = 0; i < person->tracks->len; i++)
    {
      if (g_str_equal (((Track *)g_ptr_array_index (person->tracks, i))->id, id))
        {
          g_ptr_array_remove_index (person->tracks, i);
          return;
        }
    }
}

static gboolean
take_track (SalonRoster *self, JsonObject *object, gboolean is_gone)
{
  const char *id;
  const char *owner;
  const char *source;
  gboolean is_muted;
  guint index;
  Person *person;
  Track *track;

  if (!salon_json_get_string (object, "id", 1, G_MAXUINT, &id, NULL)
      || !salon_json_get_string (object, "participant", 1, G_MAXUINT, &owner, NULL)
      || !salon_json_get_string (object, "source", 1, G_MAXUINT, &source, NULL)
      || !salon_json_get_boolean (object, "muted", &is_muted, NULL))
    return FALSE;
  person = is_gone ? find_person (self, owner, &index) : ensure_person (self, owner);
  if (person != NULL)
    remove_track (person, id);
  if (is_gone)
    return person != NULL;
  track = g_new (Track, 1);
  *track = (Track){ g_strdup (id), g_strdup (source), is_muted };
  g_ptr_array_add (person->tracks, track);
  return TRUE;
}

static gboolean
take_person (SalonRoster *self, JsonObject *object)
{
  const char *id;
  const char *name;
  JsonArray *tracks;
  Person *person;

  if (!salon_json_get_string (object, "id", 1, G_MAXUINT, &id, NULL)
      || !salon_json_get_string (object, "name", 0, G_MAXUINT, &name, NULL)
      || !salon_json_get_array (object, "tracks", G_MAXUINT, &tracks, NULL))
    return FALSE;
  person = ensure_person (self, id);
  g_free (person->name);
  person->name = g_strdup (name);
  g_ptr_array_set_size (person->tracks, 0);
  for (guint i = 0; i < json_array_get_length (tracks); i++)
    {
      JsonObject *track;

      if (salon_json_array_get_object (tracks, "tracks", i, &track, NULL))
        take_track (self, track, FALSE);
    }
  return TRUE;
}

static gboolean
take_speakers (SalonRoster *self, JsonObject *params)
{
  const char *leader = NULL;
  guint index;
  Person *person;

  if (!salon_json_get_optional_string (params, "leader", 1, G_MAXUINT, &leader, NULL) || leader == NULL)
    return FALSE;
  person = find_person (self, leader, &index);
  if (person == NULL || (person->turn != 0 && person->turn == self->last_turn))
    return FALSE;
  person->turn = ++self->last_turn;
  return TRUE;
}

static gboolean
take_news_of_person (SalonRoster *self, JsonObject *params)
{
  const char *event;
  JsonObject *object;
  const char *id;
  guint index;

  if (!salon_json_get_string (params, "event", 1, G_MAXUINT, &event, NULL)
      || !salon_json_get_object (params, "participant", &object, NULL))
    return FALSE;
  if (!g_str_equal (event, "left"))
    return take_person (self, object);
  if (!salon_json_get_string (object, "id", 1, G_MAXUINT, &id, NULL) || find_person (self, id, &index) == NULL)
    return FALSE;
  g_ptr_array_remove_index (self->people, index);
  return TRUE;
}

static gboolean
take_news_of_track (SalonRoster *self, JsonObject *params)
{
  const char *event;
  JsonObject *object;

  return salon_json_get_string (params, "event", 1, G_MAXUINT, &event, NULL)
         && salon_json_get_object (params, "track", &object, NULL)
         && take_track (self, object, g_str_equal (event, "unpublished"));
}

gboolean
salon_roster_tell (SalonRoster *self, const char *method, JsonObject *params)
{
  if (g_str_equal (method, "participant"))
    return take_news_of_person (self, params);
  if (g_str_equal (method, "track"))
    return take_news_of_track (self, params);
  return g_str_equal (method, "speakers") && take_speakers (self, params);
}

void
salon_roster_join (SalonRoster *self, JsonObject *result)
{
  JsonArray *people = NULL;
  JsonObject *speaking;

  g_ptr_array_set_size (self->people, 0);
  if (!salon_json_get_array (result, "participants", G_MAXUINT, &people, NULL))
    return;
  for (guint i = 0; i < json_array_get_length (people); i++)
    {
      JsonObject *person;

      if (salon_json_array_get_object (people, "participants", i, &person, NULL))
        take_person (self, person);
    }
  if (salon_json_get_object (result, "speaking", &speaking, NULL))
    take_speakers (self, speaking);
}

/* -- what is shown -- */

static const Track *
find_track (const Person *person, const char *source)
{
  for (guint i = 0; i < person->tracks->len; i++)
    {
      const Track *track = g_ptr_array_index (person->tracks, i);

      if (g_str_equal (track->source, source))
        return track;
    }
  return NULL;
}

static void
add_sights (const Person *person, GArray *sights)
{
  const Track *camera = find_track (person, "camera");
  const Track *screen = find_track (person, "screen");
  SalonSight sight = { .participant = person->id, .name = person->name, .order = person->order };

  if (screen != NULL && !screen->is_muted)
    {
      sight.is_screen = sight.is_on = TRUE;
      g_array_append_val (sights, sight);
    }
  if (camera == NULL && find_track (person, "microphone") == NULL)
    return;
  sight.is_screen = FALSE;
  sight.is_on = camera != NULL && !camera->is_muted;
  sight.turn = person->turn;
  g_array_append_val (sights, sight);
}

/* Screens come first. */
static int
compare_places (gconstpointer a, gconstpointer b)
{
  const SalonSight *one = a;
  const SalonSight *other = b;

  if (one->is_screen != other->is_screen)
    return one->is_screen ? -1 : 1;
  return one->order < other->order ? -1 : one->order > other->order;
}

static int
compare_ranks (gconstpointer a, gconstpointer b)
{
  const SalonSight *one = a;
  const SalonSight *other = b;

  if (one->is_screen != other->is_screen)
    return one->is_screen ? -1 : 1;
  if (one->is_on != other->is_on)
    return one->is_on ? -1 : 1;
  if (one->turn != other->turn)
    return one->turn > other->turn ? -1 : 1;
  return compare_places (a, b);
}

/* Who leads goes first, also without a camera; but not before a screen. */
static void
put_leader_first (GArray *sights)
{
  guint leader = 0;

  for (guint i = 0; i < sights->len; i++)
    {
      if (g_array_index (sights, SalonSight, i).turn > g_array_index (sights, SalonSight, leader).turn)
        leader = i;
    }
  if (sights->len > 0 && !g_array_index (sights, SalonSight, 0).is_screen)
    {
      SalonSight first = g_array_index (sights, SalonSight, leader);

      g_array_remove_index (sights, leader);
      g_array_prepend_val (sights, first);
    }
}

GArray *
salon_roster_choose (SalonRoster *self, SalonLayout layout)
{
  GArray *sights = g_array_new (FALSE, FALSE, sizeof (SalonSight));
  guint n_kept = layout == SALON_LAYOUT_SPEAKER ? 1 : 0;
  guint capacity = salon_layout_get_capacity (layout);

  for (guint i = 0; i < self->people->len; i++)
    add_sights (g_ptr_array_index (self->people, i), sights);
  g_array_sort (sights, compare_ranks);
  if (layout == SALON_LAYOUT_SPEAKER)
    put_leader_first (sights);
  g_array_set_size (sights, MIN (sights->len, capacity));
  if (sights->len > n_kept)
    qsort (&g_array_index (sights, SalonSight, n_kept), sights->len - n_kept, sizeof (SalonSight), compare_places);
  return sights;
}

/* -- life -- */

SalonRoster *
salon_roster_new (void)
{
  SalonRoster *self = g_new0 (SalonRoster, 1);

  self->people = g_ptr_array_new_with_free_func ((GDestroyNotify)person_free);
  return self;
}

void
salon_roster_free (SalonRoster *self)
{
  g_ptr_array_unref (self->people);
  g_free (self);
}
