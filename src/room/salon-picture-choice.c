/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-picture-choice.h"

typedef enum
{
  RANK_SCREEN,
  RANK_PINNED,
  RANK_HAS_LED,
  RANK_SHOWN,
  RANK_ON,
  RANK_OFF_SHOWN,
  RANK_OFF,
} Rank;

static Rank
get_rank (const SalonPicture *picture)
{
  if (picture->is_off)
    return picture->is_shown ? RANK_OFF_SHOWN : RANK_OFF;
  if (picture->is_screen)
    return RANK_SCREEN;
  if (picture->is_pinned)
    return RANK_PINNED;
  if (picture->turn > 0)
    return RANK_HAS_LED;
  return picture->is_shown ? RANK_SHOWN : RANK_ON;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const SalonPicture *first = a;
  const SalonPicture *second = b;
  Rank first_rank = get_rank (first);
  Rank second_rank = get_rank (second);

  if (first_rank != second_rank)
    return first_rank < second_rank ? -1 : 1;
  return first->turn == second->turn ? 0 : first->turn > second->turn ? -1 : 1;
}

void
salon_picture_choice (GArray *pictures, guint capacity)
{
  g_array_sort (pictures, compare); /* stable: the rest stays in the order of joining */
  for (guint i = 0; i < pictures->len; i++)
    g_array_index (pictures, SalonPicture, i).is_shown = i < capacity;
}
