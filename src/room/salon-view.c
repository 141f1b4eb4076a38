/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-view.h"

#include "salon-limits.h"
#include "salon-participant-private.h"
#include "salon-picture-choice.h"
#include "salon-room.h"

struct _SalonView
{
  SalonRoom *room;          /* (borrowed) */
  SalonParticipant *viewer; /* (borrowed) */
  SalonReceiver *receiver;  /* (borrowed) (nullable): NULL before the start */
  guint max_video;
  gboolean takes_one;
  gboolean takes[2];  /* where it takes one: of sound, of pictures */
  char *followed;     /* (owned) (nullable): id or name */
  GHashTable *seated; /* (owned): SalonPublication (borrowed) */
  GPtrArray *pins;    /* (owned) (element-type utf8): ids of participants */
};

static gboolean
has_choice (SalonView *self, const SalonPublication *publication)
{
  return !self->takes_one && self->max_video != G_MAXUINT && salon_source_is_video (publication->source);
}

/* -- seating -- */

static void
seat (SalonView *self, const SalonPublication *publication)
{
  g_autofree char *group = NULL;

  if (!g_hash_table_add (self->seated, (gpointer)publication))
    return;
  group = self->takes_one ? g_strdup ("one") : salon_publication_dup_group (publication);
  salon_receiver_add (self->receiver, publication->track, group, publication->is_muted);
}

static void
unseat (SalonView *self, const SalonPublication *publication)
{
  if (g_hash_table_remove (self->seated, publication))
    salon_receiver_remove (self->receiver, publication->track);
}

/* -- where there is room for one -- */

static gboolean
is_followed (SalonView *self, SalonParticipant *participant)
{
  return self->followed == NULL || g_str_equal (salon_participant_get_id (participant), self->followed)
         || g_str_equal (salon_participant_get_name (participant), self->followed);
}

/* What is on goes before what is off; then screens before cameras, but microphones before a screen's sound; then who
 * leads; and who is shown. */
static guint
get_rank (SalonView *self, const SalonPublication *publication)
{
  const char *leader = salon_floor_get_leader (salon_room_get_floor (self->room));
  gboolean is_first = publication->source == SALON_SOURCE_SCREEN || publication->source == SALON_SOURCE_MICROPHONE;
  gboolean leads = g_strcmp0 (leader, salon_participant_get_id (publication->participant)) == 0;

  return 1 + (publication->is_muted ? 0 : 8) + (is_first ? 4 : 0) + (leads ? 2 : 0)
         + (g_hash_table_contains (self->seated, publication) ? 1 : 0);
}

static void
find_best (SalonView *self, SalonParticipant *participant, const SalonPublication *best[2], guint ranks[2])
{
  GPtrArray *publications = salon_participant_as_person (participant).publications;

  for (guint i = 0; i < publications->len; i++)
    {
      const SalonPublication *publication = g_ptr_array_index (publications, i);
      gboolean is_video = salon_source_is_video (publication->source);
      guint rank = self->takes[is_video] ? get_rank (self, publication) : 0;

      if (rank <= ranks[is_video])
        continue;
      best[is_video] = publication;
      ranks[is_video] = rank;
    }
}

/* Who goes, goes first: there is one seat. */
static void
seat_best (SalonView *self)
{
  GPtrArray *participants = salon_room_get_participants (self->room);
  g_autoptr (GList) seated = g_hash_table_get_keys (self->seated);
  const SalonPublication *best[2] = { NULL, NULL };
  guint ranks[2] = { 0, 0 };

  for (guint i = 0; i < participants->len; i++)
    {
      SalonParticipant *participant = g_ptr_array_index (participants, i);

      if (participant != self->viewer && is_followed (self, participant))
        find_best (self, participant, best, ranks);
    }
  for (const GList *link = seated; link != NULL; link = link->next)
    {
      if (link->data != best[0] && link->data != best[1])
        unseat (self, link->data);
    }
  for (guint i = 0; i < G_N_ELEMENTS (best); i++)
    {
      if (best[i] != NULL)
        seat (self, best[i]);
    }
}

void
salon_view_add (SalonView *self, const SalonPublication *publication)
{
  if (self->receiver == NULL || has_choice (self, publication))
    return;
  if (self->takes_one)
    seat_best (self);
  else if (salon_source_is_video (publication->source) || publication->is_heard)
    seat (self, publication);
}

void
salon_view_remove (SalonView *self, const SalonPublication *publication)
{
  if (self->receiver == NULL)
    return;
  unseat (self, publication);
  if (self->takes_one)
    seat_best (self);
}

void
salon_view_update (SalonView *self, const SalonPublication *publication)
{
  if (self->receiver == NULL)
    return;
  if (!self->takes_one && !salon_source_is_video (publication->source) && !publication->is_heard)
    unseat (self, publication);
  else
    salon_view_add (self, publication);
  if (g_hash_table_contains (self->seated, publication))
    salon_receiver_set_paused (self->receiver, publication->track, publication->is_muted);
}

/* -- choosing -- */

static gboolean
is_pinned (SalonView *self, SalonParticipant *participant)
{
  return g_ptr_array_find_with_equal_func (self->pins, salon_participant_get_id (participant), g_str_equal, NULL);
}

static void
add_pictures (SalonView *self, SalonParticipant *participant, GArray *pictures)
{
  SalonPerson person = salon_participant_as_person (participant);

  for (guint i = 0; i < person.publications->len; i++)
    {
      SalonPublication *publication = g_ptr_array_index (person.publications, i);
      SalonPicture picture = {
        .picture = publication,
        .is_off = publication->is_muted,
        .is_screen = publication->source == SALON_SOURCE_SCREEN,
        .is_pinned = is_pinned (self, participant),
        .turn = salon_floor_get_turn (salon_room_get_floor (self->room), person.id),
        .is_shown = g_hash_table_contains (self->seated, publication),
      };

      if (salon_source_is_video (publication->source))
        g_array_append_val (pictures, picture);
    }
}

/* Who goes, goes first: their seats are for those who come. */
static void
seat_chosen (SalonView *self, GArray *pictures)
{
  for (guint i = 0; i < pictures->len; i++)
    {
      const SalonPicture *picture = &g_array_index (pictures, SalonPicture, i);

      if (!picture->is_shown)
        unseat (self, picture->picture);
    }
  for (guint i = 0; i < pictures->len; i++)
    {
      const SalonPicture *picture = &g_array_index (pictures, SalonPicture, i);

      if (picture->is_shown)
        seat (self, picture->picture);
    }
}

static void
choose (SalonView *self)
{
  GPtrArray *participants = salon_room_get_participants (self->room);
  g_autoptr (GArray) pictures = g_array_new (FALSE, FALSE, sizeof (SalonPicture));

  for (guint i = 0; i < participants->len; i++)
    {
      if (g_ptr_array_index (participants, i) != self->viewer)
        add_pictures (self, g_ptr_array_index (participants, i), pictures);
    }
  salon_picture_choice (pictures, self->max_video);
  seat_chosen (self, pictures);
}

/* Whose picture and voice are the last to suffer where the connection bears too little. */
static SalonPriority
get_priority (SalonView *self, const SalonPublication *publication)
{
  const char *leader = salon_floor_get_leader (salon_room_get_floor (self->room));

  if (g_strcmp0 (leader, salon_participant_get_id (publication->participant)) == 0)
    return SALON_PRIORITY_SPEAKER;
  if (is_pinned (self, publication->participant))
    return SALON_PRIORITY_PINNED;
  return publication->source == SALON_SOURCE_SCREEN ? SALON_PRIORITY_SCREEN : SALON_PRIORITY_OTHER;
}

static void
prioritise (SalonView *self)
{
  GHashTableIter iter;
  gpointer publication;

  g_hash_table_iter_init (&iter, self->seated);
  while (g_hash_table_iter_next (&iter, &publication, NULL))
    {
      salon_receiver_set_priority (
          self->receiver, ((SalonPublication *)publication)->track, get_priority (self, publication));
    }
}

void
salon_view_choose (SalonView *self)
{
  if (self->receiver == NULL)
    return;
  if (self->takes_one)
    seat_best (self);
  else if (self->max_video != G_MAXUINT)
    choose (self);
  prioritise (self);
}

void
salon_view_pin (SalonView *self, const char *participant_id, gboolean is_pinned_now)
{
  guint index;

  if (g_ptr_array_find_with_equal_func (self->pins, participant_id, g_str_equal, &index))
    g_ptr_array_remove_index (self->pins, index);
  if (is_pinned_now)
    g_ptr_array_add (self->pins, g_strdup (participant_id));
  if (self->pins->len > SALON_LIMIT_PINS)
    g_ptr_array_remove_index (self->pins, 0);
  salon_view_choose (self);
}

guint
salon_view_get_max_video (SalonView *self)
{
  return self->max_video;
}

/* -- life -- */

void
salon_view_take_one (SalonView *self, const char *followed, gboolean takes_sound, gboolean takes_picture)
{
  g_assert (self->receiver == NULL);
  self->takes_one = TRUE;
  self->takes[FALSE] = takes_sound;
  self->takes[TRUE] = takes_picture;
  self->followed = g_strdup (followed);
}

void
salon_view_start (SalonView *self, SalonReceiver *receiver)
{
  GPtrArray *participants = salon_room_get_participants (self->room);

  g_assert (self->receiver == NULL);
  self->receiver = receiver;
  for (guint i = 0; i < participants->len; i++)
    {
      SalonPerson person = salon_participant_as_person (g_ptr_array_index (participants, i));

      for (guint k = 0; g_ptr_array_index (participants, i) != self->viewer && k < person.publications->len; k++)
        salon_view_add (self, g_ptr_array_index (person.publications, k));
    }
  salon_view_choose (self);
}

SalonView *
salon_view_new (SalonRoom *room, SalonParticipant *viewer, guint max_video)
{
  SalonView *self = g_new0 (SalonView, 1);

  self->room = room;
  self->viewer = viewer;
  self->max_video = max_video;
  self->seated = g_hash_table_new (NULL, NULL);
  self->pins = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
salon_view_free (SalonView *self)
{
  g_hash_table_unref (self->seated);
  g_ptr_array_unref (self->pins);
  g_free (self->followed);
  g_free (self);
}
