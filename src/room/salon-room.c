/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-room.h"

#include "salon-error.h"
#include "salon-limits.h"
#include "salon-log.h"
#include "salon-participant-private.h"

/* How long others see somebody who has left, while the store says nothing. */
#define LEAVING_MS 1000
/* How long choosing pictures may hold up everything else at a time. */
#define CHOOSE_SLICE_US (5 * G_TIME_SPAN_MILLISECOND)

struct _SalonRoom
{
  GObject parent_instance;

  const char *node_id;            /* (borrowed): of this server */
  SalonRoomInfo *info;            /* (owned) */
  const SalonMediaOptions *media; /* (borrowed) */
  SalonGraph *graph;              /* (owned) */
  SalonDataFan *data_fan;         /* (owned) */
  GPtrArray *participants;        /* (owned) (element-type SalonParticipant): by time of joining */
  GPtrArray *remotes;             /* (owned) (element-type SalonMember): those on other servers, by time of joining, and
                                   * those on this one whose leave the store has not confirmed */
  GPtrArray *waiting;             /* (owned) (element-type SalonMember): to be let in by the host, longest first */
  guint expiry_id;                /* the source that ends a timed room, or 0 */
  GPtrArray *order;               /* (owned) (element-type utf8): ids of all members, as the store had them last */
  GHashTable *awaited;            /* (owned): ids of members whose servers may not have claimed them yet */
  gint64 await_until_us;
  GHashTable *unkept; /* (owned): ids of messages that were told without the store's word */
  gint64 opened_us;
  GHashTable *squelched;       /* (owned): "participant/source": what the host keeps muted */
  guint leaving_id;            /* the source that stops waiting for the store's word on a leave, or 0 */
  SalonFloor *floor;           /* (owned) */
  SalonTranscoder *transcoder; /* (owned) */
  guint choose_id;             /* the source in which everybody's pictures are chosen anew, or 0 */
  guint next_to_choose;        /* of the participants */
  guint n_to_choose;           /* how many are left */
};

G_DEFINE_FINAL_TYPE (SalonRoom, salon_room, G_TYPE_OBJECT)

/* For loops whose body may make somebody leave. */
static GPtrArray *
list_others (SalonRoom *self, SalonParticipant *except)
{
  GPtrArray *others = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < self->participants->len; i++)
    {
      SalonParticipant *participant = g_ptr_array_index (self->participants, i);

      if (participant != except)
        g_ptr_array_add (others, g_object_ref (participant));
    }
  return others;
}

const SalonRoomInfo *
salon_room_get_info (SalonRoom *self)
{
  return self->info;
}

/* Returns: whether clients are to be told. */
static gboolean
take_info (SalonRoom *self, const SalonRoomInfo *info)
{
  gboolean is_news = g_strcmp0 (self->info->host, info->host) != 0 || self->info->is_locked != info->is_locked
                     || self->info->has_waiting_room != info->has_waiting_room;

  if (self->info->is_locked != info->is_locked)
    salon_log_event (SALON_LOG_INFO, info->is_locked ? "room_locked" : "room_unlocked",
        (SalonLogFields){ .room = info->id }, info->is_locked ? "Room locked" : "Room unlocked");
  salon_room_info_free (self->info);
  self->info = salon_room_info_copy (info);
  return is_news;
}

static void
tell_info (SalonRoom *self)
{
  g_autoptr (GPtrArray) everybody = list_others (self, NULL);

  for (guint i = 0; i < everybody->len; i++)
    salon_participant_notify_room (g_ptr_array_index (everybody, i));
}

static void
tell_who_waits (SalonRoom *self)
{
  SalonParticipant *host = self->info->host != NULL ? salon_room_find_participant (self, self->info->host) : NULL;

  if (host != NULL)
    salon_participant_notify_waiting_list (host);
}

void
salon_room_set_info (SalonRoom *self, const SalonRoomInfo *info)
{
  gboolean is_new_host = g_strcmp0 (self->info->host, info->host) != 0;

  if (take_info (self, info))
    tell_info (self);
  if (is_new_host && self->waiting->len > 0)
    tell_who_waits (self);
}

SalonGraph *
salon_room_get_graph (SalonRoom *self)
{
  return self->graph;
}

SalonDataFan *
salon_room_get_data_fan (SalonRoom *self)
{
  return self->data_fan;
}

const SalonMediaOptions *
salon_room_get_media_options (SalonRoom *self)
{
  return self->media;
}

GPtrArray *
salon_room_get_participants (SalonRoom *self)
{
  return self->participants;
}

/* -- what the host keeps muted -- */

static char *
squelch_key (const char *participant_id, SalonSource source)
{
  return g_strconcat (participant_id, "/", salon_source_to_string (source), NULL);
}

gboolean
salon_room_is_squelched (SalonRoom *self, const char *participant_id, SalonSource source)
{
  g_autofree char *key = squelch_key (participant_id, source);

  return g_hash_table_contains (self->squelched, key);
}

static void
squelch (SalonRoom *self, const char *participant_id, SalonSource source, gboolean is_squelched)
{
  g_autofree char *key = squelch_key (participant_id, source);

  if (is_squelched)
    g_hash_table_add (self->squelched, g_steal_pointer (&key));
  else
    g_hash_table_remove (self->squelched, key);
}

static void
forget_person (SalonRoom *self, const char *participant_id)
{
  salon_floor_remove_person (self->floor, participant_id);
  for (SalonSource source = SALON_SOURCE_CAMERA; source <= SALON_SOURCE_SCREEN_AUDIO; source++)
    squelch (self, participant_id, source, FALSE);
}

/* -- people -- */

static SalonMember *
find_member (GPtrArray *members, const char *id)
{
  for (guint i = 0; i < members->len; i++)
    {
      SalonMember *member = g_ptr_array_index (members, i);

      if (g_str_equal (member->id, id))
        return member;
    }
  return NULL;
}

static void
tell_others (SalonRoom *self, SalonParticipant *except, SalonParticipantEvent event, const SalonPerson *person)
{
  g_autoptr (GPtrArray) others = list_others (self, except);

  for (guint i = 0; i < others->len; i++)
    salon_participant_notify_person (g_ptr_array_index (others, i), event, person);
}

static void
tell_of_participant (
    SalonRoom *self, SalonParticipant *except, SalonParticipantEvent event, SalonParticipant *participant)
{
  SalonPerson person = salon_participant_as_person (participant);

  tell_others (self, except, event, &person);
}

static void
tell_of_remote (SalonRoom *self, SalonParticipantEvent event, const SalonMember *member)
{
  SalonPerson person = salon_member_as_person (member, self->info);

  tell_others (self, NULL, event, &person);
}

void
salon_room_add_participant (SalonRoom *self, SalonParticipant *participant)
{
  SalonMember *remote = find_member (self->remotes, salon_participant_get_id (participant));
  gboolean is_renamed = remote != NULL && !g_str_equal (remote->name, salon_participant_get_name (participant));

  g_ptr_array_add (self->participants, g_object_ref (participant));
  salon_floor_add_person (self->floor, salon_participant_get_id (participant));
  if (remote == NULL)
    {
      salon_participant_log (participant, SALON_LOG_INFO, "participant_joined",
          salon_participant_speaks_ion (participant) ? "ion-sfu" : NULL, "Joined");
      tell_of_participant (self, participant, SALON_PARTICIPANT_JOINED, participant);
    }
  else
    {
      salon_participant_log (
          participant, SALON_LOG_INFO, "participant_came_back", "afresh", "Came over from another server");
      g_ptr_array_remove (self->remotes, remote);
    }
  if (is_renamed)
    salon_room_participant_updated (self, participant);
}

static gboolean
on_leaving_for_long (gpointer user_data)
{
  SalonRoom *self = user_data;

  self->leaving_id = 0;
  for (guint i = self->remotes->len; i-- > 0;)
    {
      const SalonMember *member = g_ptr_array_index (self->remotes, i);

      if (g_str_equal (member->node, self->node_id))
        {
          g_autoptr (SalonMember) left = g_ptr_array_steal_index (self->remotes, i);

          tell_of_remote (self, SALON_PARTICIPANT_LEFT, left);
        }
    }
  return G_SOURCE_REMOVE;
}

void
salon_room_remove_participant (SalonRoom *self, SalonParticipant *participant, gboolean is_sure)
{
  if (is_sure || salon_participant_is_silent (participant))
    tell_of_participant (self, participant, SALON_PARTICIPANT_LEFT, participant);
  else
    {
      g_ptr_array_add (self->remotes,
          salon_member_new (salon_participant_get_id (participant), salon_participant_get_name (participant),
              self->node_id, salon_participant_get_session_id (participant)));
      if (self->leaving_id == 0)
        self->leaving_id = g_timeout_add (LEAVING_MS, on_leaving_for_long, self);
    }
  forget_person (self, salon_participant_get_id (participant));
  g_ptr_array_remove (self->participants, participant);
  self->n_to_choose = self->choose_id != 0 ? self->participants->len : 0; /* the others have moved up */
}

void
salon_room_replace_participant (SalonRoom *self, SalonParticipant *old, SalonParticipant *participant)
{
  gboolean is_news = !g_str_equal (salon_participant_get_name (old), salon_participant_get_name (participant))
                     || salon_participant_is_silent (old);
  guint index = 0;
  gboolean is_here = g_ptr_array_find (self->participants, old, &index);

  g_assert (is_here);
  self->participants->pdata[index] = g_object_ref (participant);
  salon_participant_log (participant, SALON_LOG_INFO, "participant_came_back", "afresh", "Came back with new media");
  if (is_news)
    salon_room_participant_updated (self, participant);
  g_object_unref (old);
}

void
salon_room_participant_updated (SalonRoom *self, SalonParticipant *participant)
{
  tell_of_participant (self, participant, SALON_PARTICIPANT_UPDATED, participant);
}

/* -- what the store says -- */

/* Who among ours has come back elsewhere, or is gone, by what the store says: ended, and no longer among ours. */
static GPtrArray *
end_lost (SalonRoom *self, const SalonRoomState *state, gboolean is_claimed)
{
  GPtrArray *lost = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = self->participants->len; i-- > 0;)
    {
      SalonParticipant *participant = g_ptr_array_index (self->participants, i);
      const SalonMember *member = find_member (state->members, salon_participant_get_id (participant));

      if (member != NULL ? !g_str_equal (member->node, self->node_id) : is_claimed)
        g_ptr_array_add (lost, g_object_ref (participant));
    }
  for (guint i = 0; i < lost->len; i++)
    {
      SalonParticipant *participant = g_ptr_array_index (lost, i);

      salon_participant_log (participant, SALON_LOG_INFO, "participant_left", "moved", "Is on another server now");
      g_ptr_array_remove (self->participants, participant);
      salon_participant_end_replaced (participant);
      forget_person (self, salon_participant_get_id (participant));
      self->n_to_choose = self->choose_id != 0 ? self->participants->len : 0;
    }
  return lost;
}

/* One of ours who isn't here was never seen, unless as a remote: who is leaving, or about to come here. */
static gboolean
is_remote (SalonRoom *self, const SalonMember *member, GPtrArray *old)
{
  return salon_room_find_participant (self, member->id) == NULL
         && (!g_str_equal (member->node, self->node_id) || find_member (old, member->id) != NULL);
}

static GPtrArray *
list_remotes (SalonRoom *self, const SalonRoomState *state, GPtrArray *old)
{
  GPtrArray *remotes = g_ptr_array_new_with_free_func ((GDestroyNotify)salon_member_free);

  for (guint i = 0; i < state->members->len; i++)
    {
      const SalonMember *member = g_ptr_array_index (state->members, i);

      if (is_remote (self, member, old))
        g_ptr_array_add (remotes, salon_member_copy (member));
    }
  return remotes;
}

static void
await_others (SalonRoom *self)
{
  self->await_until_us = g_get_monotonic_time () + SALON_ROOM_AWAIT_MS * 1000;
  for (guint i = 0; i < self->remotes->len; i++)
    g_hash_table_add (self->awaited, g_strdup (((SalonMember *)g_ptr_array_index (self->remotes, i))->id));
}

/* A server claims all its members of a room in one step. */
static gboolean
has_claimed (const SalonRoomState *state, const char *node)
{
  for (guint i = 0; i < state->members->len; i++)
    {
      if (g_str_equal (((SalonMember *)g_ptr_array_index (state->members, i))->node, node))
        return TRUE;
    }
  return FALSE;
}

static void
keep_awaited (SalonRoom *self, const SalonRoomState *state, GPtrArray *old)
{
  gboolean is_over = g_get_monotonic_time () >= self->await_until_us;

  for (guint i = 0; i < old->len && g_hash_table_size (self->awaited) > 0; i++)
    {
      const SalonMember *member = g_ptr_array_index (old, i);

      if (is_over || has_claimed (state, member->node) || salon_room_find_participant (self, member->id) != NULL)
        g_hash_table_remove (self->awaited, member->id);
      else if (g_hash_table_contains (self->awaited, member->id))
        g_ptr_array_add (self->remotes, salon_member_copy (member));
    }
}

static void
take_order (SalonRoom *self, const SalonRoomState *state)
{
  g_ptr_array_set_size (self->order, 0);
  for (guint i = 0; i < state->members->len; i++)
    g_ptr_array_add (self->order, g_strdup (((SalonMember *)g_ptr_array_index (state->members, i))->id));
}

guint
salon_room_get_place (SalonRoom *self, const char *id)
{
  guint index;

  return g_ptr_array_find_with_equal_func (self->order, id, g_str_equal, &index) ? index + 1 : 0;
}

static SalonParticipant *
find_lost (GPtrArray *lost, const char *id)
{
  for (guint i = 0; i < lost->len; i++)
    {
      if (g_str_equal (salon_participant_get_id (g_ptr_array_index (lost, i)), id))
        return g_ptr_array_index (lost, i);
    }
  return NULL;
}

static void
tell_who_left (SalonRoom *self, GPtrArray *old, GPtrArray *lost)
{
  for (guint i = 0; i < old->len; i++)
    {
      const SalonMember *member = g_ptr_array_index (old, i);

      if (find_member (self->remotes, member->id) == NULL && salon_room_find_participant (self, member->id) == NULL)
        tell_of_remote (self, SALON_PARTICIPANT_LEFT, member);
    }
  for (guint i = 0; i < lost->len; i++)
    {
      SalonParticipant *participant = g_ptr_array_index (lost, i);

      if (find_member (self->remotes, salon_participant_get_id (participant)) == NULL)
        tell_of_participant (self, NULL, SALON_PARTICIPANT_LEFT, participant);
    }
}

/* before: (nullable): as one of another server; ours: (nullable): as one of this one. */
static gboolean
is_changed (const SalonMember *member, const SalonMember *before, SalonParticipant *ours)
{
  if (before != NULL)
    return !g_str_equal (before->name, member->name);
  return !g_str_equal (salon_participant_get_name (ours), member->name) || salon_participant_is_silent (ours);
}

static void
tell_who_came (SalonRoom *self, GPtrArray *old, GPtrArray *lost)
{
  for (guint i = 0; i < self->remotes->len; i++)
    {
      const SalonMember *member = g_ptr_array_index (self->remotes, i);
      const SalonMember *before = find_member (old, member->id);
      SalonParticipant *ours = find_lost (lost, member->id);

      if (before == NULL && ours == NULL)
        tell_of_remote (self, SALON_PARTICIPANT_JOINED, member);
      else if (is_changed (member, before, ours))
        tell_of_remote (self, SALON_PARTICIPANT_UPDATED, member);
    }
}

static gboolean
are_same (GPtrArray *a, GPtrArray *b)
{
  gboolean is_same = a->len == b->len;

  for (guint i = 0; i < a->len && is_same; i++)
    is_same
        = g_str_equal (((SalonMember *)g_ptr_array_index (a, i))->id, ((SalonMember *)g_ptr_array_index (b, i))->id);
  return is_same;
}

/* Returns: whether it is another list. */
static gboolean
take_waiting (SalonRoom *self, GPtrArray *waiting)
{
  gboolean is_news = !are_same (self->waiting, waiting);

  g_ptr_array_set_size (self->waiting, 0);
  for (guint i = 0; i < waiting->len; i++)
    g_ptr_array_add (self->waiting, salon_member_copy (g_ptr_array_index (waiting, i)));
  return is_news;
}

void
salon_room_sync (SalonRoom *self, const SalonRoomState *state, gboolean is_claimed)
{
  g_autoptr (GPtrArray) lost = end_lost (self, state, is_claimed);
  g_autoptr (GPtrArray) old = NULL;
  gboolean is_new_host = g_strcmp0 (self->info->host, state->info->host) != 0;
  gboolean is_news = take_info (self, state->info);
  gboolean is_new_list = take_waiting (self, state->waiting);

  if (is_claimed && state->was_lost)
    await_others (self);
  /* Until all have claimed theirs, the order of before is the better one. */
  if (g_hash_table_size (self->awaited) == 0)
    take_order (self, state);
  old = g_steal_pointer (&self->remotes);
  self->remotes = list_remotes (self, state, old);
  keep_awaited (self, state, old);
  tell_who_left (self, old, lost);
  tell_who_came (self, old, lost);
  if (is_news)
    tell_info (self);
  if (is_new_list || (is_new_host && self->waiting->len > 0))
    tell_who_waits (self);
}

gboolean
salon_room_is_missed_by (SalonRoom *self, const SalonRoomState *state)
{
  for (guint i = 0; i < self->participants->len; i++)
    {
      if (find_member (state->members, salon_participant_get_id (g_ptr_array_index (self->participants, i))) == NULL)
        return TRUE;
    }
  return FALSE;
}

/* -- tracks, and who speaks -- */

/* In a room of hundreds that takes a while: what else there is to do goes on in between. */
static gboolean
on_choose (gpointer user_data)
{
  SalonRoom *self = user_data;
  gint64 until_us = g_get_monotonic_time () + CHOOSE_SLICE_US;

  for (; self->n_to_choose > 0 && self->participants->len > 0 && g_get_monotonic_time () < until_us;
       self->n_to_choose--)
    {
      self->next_to_choose %= self->participants->len;
      salon_participant_choose_pictures (g_ptr_array_index (self->participants, self->next_to_choose++));
    }
  if (self->n_to_choose > 0 && self->participants->len > 0)
    return G_SOURCE_CONTINUE;
  self->choose_id = 0;
  return G_SOURCE_REMOVE;
}

/* Once for all that happens in one turn of the main loop, such as all who come back at once. It goes on from where it
 * was: however much happens, everybody's turn comes. */
static void
choose_pictures_soon (SalonRoom *self)
{
  self->n_to_choose = self->participants->len;
  if (self->choose_id == 0)
    self->choose_id = g_idle_add_full (G_PRIORITY_DEFAULT, on_choose, self, NULL);
}

static void
on_news_of_speakers (SalonRoom *self)
{
  g_autoptr (GPtrArray) everybody = list_others (self, NULL);

  for (guint i = 0; i < everybody->len; i++)
    salon_participant_notify_speakers (g_ptr_array_index (everybody, i));
}

static void
on_heard_changed (SalonRoom *self, SalonPublication *sound)
{
  for (guint i = 0; i < self->participants->len; i++)
    {
      SalonParticipant *participant = g_ptr_array_index (self->participants, i);

      if (participant != sound->participant)
        salon_participant_update_track (participant, sound);
    }
}

static const SalonFloorEvents floor_events = {
  .news = on_news_of_speakers,
  .leader_changed = choose_pictures_soon,
  .heard_changed = on_heard_changed,
};

SalonTranscoder *
salon_room_get_transcoder (SalonRoom *self)
{
  return self->transcoder;
}

SalonFloor *
salon_room_get_floor (SalonRoom *self)
{
  return self->floor;
}

static void
update_floor (SalonRoom *self, SalonTrackEvent event, SalonPublication *publication)
{
  switch (event)
    {
    case SALON_TRACK_PUBLISHED:
      salon_floor_add_sound (self->floor, publication);
      break;
    case SALON_TRACK_UNPUBLISHED:
      salon_floor_remove_sound (self->floor, publication);
      break;
    case SALON_TRACK_MUTED:
    case SALON_TRACK_UNMUTED:
      salon_floor_listen (self->floor);
      break;
    case SALON_TRACK_UPDATED:
      break;
    }
}

void
salon_room_track_changed (SalonRoom *self, SalonTrackEvent event, SalonPublication *publication, SalonParticipant *by)
{
  g_autoptr (GPtrArray) others = list_others (self, by != NULL ? NULL : publication->participant);

  if (!salon_source_is_video (publication->source))
    update_floor (self, event, publication);
  else if (event != SALON_TRACK_UPDATED)
    choose_pictures_soon (self);
  for (guint i = 0; i < others->len; i++)
    salon_participant_notify_track (g_ptr_array_index (others, i), event, publication, by);
  /* When nobody has use for it any more. */
  salon_transcoder_track_changed (self->transcoder, event, publication);
}

/* -- the host mutes -- */

SalonPublication *
salon_room_find_publication (SalonRoom *self, const char *id)
{
  for (guint i = 0; i < self->participants->len; i++)
    {
      GPtrArray *publications = salon_participant_as_person (g_ptr_array_index (self->participants, i)).publications;

      for (guint k = 0; k < publications->len; k++)
        {
          SalonPublication *publication = g_ptr_array_index (publications, k);

          if (g_str_equal (publication->id, id))
            return publication;
        }
    }
  return NULL;
}

/* What this server knows of who is the host is enough: tracks are not in the store, and it can be done again. Nobody
 * turns on what another has turned off. */
static gboolean
check_may_mute (SalonParticipant *by, const SalonPublication *publication, gboolean is_muted, GError **error)
{
  if (publication == NULL)
    g_set_error_literal (error, SALON_ERROR, SALON_ERROR_UNKNOWN_TRACK, "Nobody here publishes a track of this id");
  else if (!salon_participant_is_host (by))
    g_set_error_literal (error, SALON_ERROR, SALON_ERROR_FORBIDDEN, "Only the host may do that");
  else if (!is_muted)
    g_set_error_literal (
        error, SALON_ERROR, SALON_ERROR_FORBIDDEN, "Nobody but they themselves can turn that on again");
  else
    return TRUE;
  return FALSE;
}

gboolean
salon_room_mute (SalonRoom *self, SalonParticipant *by, const char *publication_id, gboolean is_muted,
    gboolean is_squelched, GError **error)
{
  SalonPublication *publication = salon_room_find_publication (self, publication_id);
  SalonParticipant *owner;

  if (!check_may_mute (by, publication, is_muted, error))
    return FALSE;
  owner = publication->participant;
  squelch (self, salon_participant_get_id (owner), publication->source, is_squelched);
  publication->is_muted = TRUE;
  publication->is_squelched = is_squelched;
  salon_participant_log (owner, SALON_LOG_INFO, "participant_muted", salon_source_to_string (publication->source),
      is_squelched ? "The host keeps it muted" : "Muted by the host");
  salon_room_track_changed (self, SALON_TRACK_MUTED, publication, by);
  return TRUE;
}

/* -- chat -- */

static void
tell_message (SalonRoom *self, const SalonChatMessage *message)
{
  g_autoptr (GPtrArray) others = list_others (self, salon_room_find_participant (self, message->from));

  for (guint i = 0; i < others->len; i++)
    salon_participant_notify_chat (g_ptr_array_index (others, i), message);
}

void
salon_room_chat (SalonRoom *self, const SalonChatMessage *message)
{
  if (!g_hash_table_remove (self->unkept, message->id))
    tell_message (self, message);
}

void
salon_room_chat_unkept (SalonRoom *self, const SalonChatMessage *message)
{
  /* What the store took in without having answered is a few seconds' talk. */
  if (g_hash_table_size (self->unkept) >= SALON_LIMIT_CHAT_HISTORY)
    g_hash_table_remove_all (self->unkept);
  g_hash_table_add (self->unkept, g_strdup (message->id));
  tell_message (self, message);
}

void
salon_room_chat_changed (SalonRoom *self, SalonParticipant *from, const char *message_id, const char *text)
{
  g_autoptr (GPtrArray) others = list_others (self, from);

  for (guint i = 0; i < others->len; i++)
    salon_participant_notify_chat_changed (g_ptr_array_index (others, i), message_id, text);
}

GPtrArray *
salon_room_get_remotes (SalonRoom *self)
{
  return self->remotes;
}

GPtrArray *
salon_room_get_waiting (SalonRoom *self)
{
  return self->waiting;
}

SalonParticipant *
salon_room_find_participant (SalonRoom *self, const char *id)
{
  for (guint i = 0; i < self->participants->len; i++)
    {
      SalonParticipant *participant = g_ptr_array_index (self->participants, i);

      if (g_str_equal (salon_participant_get_id (participant), id))
        return participant;
    }
  return NULL;
}

void
salon_room_end (SalonRoom *self, const char *reason, const char *message)
{
  g_autoptr (GPtrArray) everybody = list_others (self, NULL);

  salon_log_event (SALON_LOG_INFO, "room_ended", (SalonLogFields){ .room = self->info->id, .reason = reason },
      "Everybody has to leave");
  for (guint i = 0; i < everybody->len; i++)
    salon_participant_end (g_ptr_array_index (everybody, i), reason, message);
}

static gboolean
on_expired (gpointer user_data)
{
  g_autoptr (SalonRoom) self = g_object_ref (user_data);

  self->expiry_id = 0;
  salon_room_end (self, "room_expired", "The time of this room is over");
  return G_SOURCE_REMOVE;
}

static guint
seconds_left (const SalonRoomInfo *info)
{
  gint64 left_s = info->expires_at_s - g_get_real_time () / G_USEC_PER_SEC;

  return (guint)CLAMP (left_s, 0, SALON_LIMIT_MAX_AGE_S);
}

SalonRoom *
salon_room_new (
    const SalonRoomInfo *info, const char *node_id, const SalonMediaOptions *media, SalonTranscodeBudget *budget)
{
  SalonRoom *self = g_object_new (SALON_TYPE_ROOM, NULL);

  self->info = salon_room_info_copy (info);
  self->node_id = node_id;
  self->media = media;
  self->graph = salon_graph_new (info->id);
  self->floor = salon_floor_new (self, &floor_events, media->max_audio);
  self->data_fan = salon_data_fan_new ();
  self->transcoder = salon_transcoder_new (self, budget);
  if (info->expires_at_s != 0)
    self->expiry_id = g_timeout_add_seconds (seconds_left (info), on_expired, self);
  self->opened_us = g_get_monotonic_time ();
  salon_log_event (SALON_LOG_INFO, "room_opened", (SalonLogFields){ .room = info->id }, "Room opened");
  return self;
}

void
salon_room_close (SalonRoom *self)
{
  g_assert (self->participants->len == 0);
  salon_log_event (SALON_LOG_INFO, "room_closed",
      (SalonLogFields){ .room = self->info->id, .duration_us = g_get_monotonic_time () - self->opened_us },
      "Room closed");
  g_clear_handle_id (&self->expiry_id, g_source_remove);
  g_clear_handle_id (&self->leaving_id, g_source_remove);
  g_clear_handle_id (&self->choose_id, g_source_remove);
  salon_floor_close (self->floor);
  salon_graph_close (self->graph);
}

static void
salon_room_finalize (GObject *object)
{
  SalonRoom *self = SALON_ROOM (object);

  g_clear_pointer (&self->info, salon_room_info_free);
  g_clear_object (&self->graph);
  salon_floor_free (self->floor);
  salon_transcoder_free (self->transcoder);
  g_clear_pointer (&self->data_fan, salon_data_fan_free);
  g_ptr_array_unref (self->participants);
  g_ptr_array_unref (self->remotes);
  g_ptr_array_unref (self->waiting);
  g_ptr_array_unref (self->order);
  g_hash_table_unref (self->awaited);
  g_hash_table_unref (self->unkept);
  g_hash_table_unref (self->squelched);
  G_OBJECT_CLASS (salon_room_parent_class)->finalize (object);
}

static void
salon_room_class_init (SalonRoomClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = salon_room_finalize;
}

static void
salon_room_init (SalonRoom *self)
{
  self->participants = g_ptr_array_new_with_free_func (g_object_unref);
  self->remotes = g_ptr_array_new_with_free_func ((GDestroyNotify)salon_member_free);
  self->waiting = g_ptr_array_new_with_free_func ((GDestroyNotify)salon_member_free);
  self->order = g_ptr_array_new_with_free_func (g_free);
  self->awaited = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->unkept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->squelched = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}
