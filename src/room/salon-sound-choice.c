/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-sound-choice.h"

#include "salon-allocator.h"
#include "salon-voice.h"

typedef enum
{
  RANK_SCREEN,
  RANK_LEADER,
  RANK_TALKS_HEARD,
  RANK_TALKS,
  RANK_HEARD,
  RANK_SILENT,
  RANK_MUTED_HEARD,
  RANK_MUTED,
} Rank;

static Rank
get_rank (const SalonSound *sound)
{
  guint talks_ms = sound->is_heard ? SALON_VOICE_KEEP_MS : SALON_VOICE_ASK_MS;

  if (sound->is_muted)
    return sound->is_heard ? RANK_MUTED_HEARD : RANK_MUTED;
  if (sound->is_screen)
    return RANK_SCREEN;
  if (sound->is_leader)
    return RANK_LEADER;
  if (!sound->has_levels || sound->n_inactive < talks_ms / SALON_VOICE_FRAME_MS)
    return sound->is_heard ? RANK_TALKS_HEARD : RANK_TALKS;
  return sound->is_heard ? RANK_HEARD : RANK_SILENT;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const SalonSound *first = a;
  const SalonSound *second = b;
  Rank first_rank = get_rank (first);
  Rank second_rank = get_rank (second);

  if (first_rank != second_rank)
    return first_rank < second_rank ? -1 : 1;
  return first->n_inactive == second->n_inactive ? 0 : first->n_inactive < second->n_inactive ? -1 : 1;
}

void
salon_sound_choice (GArray *sounds, guint capacity)
{
  g_array_sort (sounds, compare); /* stable: the rest stays in the order of coming */
  for (guint i = 0; i < sounds->len; i++)
    g_array_index (sounds, SalonSound, i).is_heard = i < capacity;
}
