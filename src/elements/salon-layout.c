/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-layout.h"

/* The strip beside who leads takes a fifth of the width, and so holds five. */
#define STRIP_PART 5
/* A gap is this part of the shorter side. */
#define GAP_PART 120

static int
make_even (int length)
{
  return length & ~1;
}

guint
salon_layout_get_capacity (SalonLayout layout)
{
  return layout == SALON_LAYOUT_GRID ? SALON_LAYOUT_MAX_PLACES : 1 + STRIP_PART;
}

/* As many columns as rows at most, so that a place keeps the shape of the whole. */
static guint
count_columns (guint n)
{
  guint n_columns = 1;

  while (n_columns * n_columns < n)
    n_columns++;
  return n_columns;
}

/* Each row in the middle, and all rows, too. */
static void
place_grid (int width, int height, guint n, SalonPlace *places)
{
  guint n_columns = count_columns (n);
  guint n_rows = (n + n_columns - 1) / n_columns;
  int cell_width = make_even (width / (int)n_columns);
  int cell_height = make_even (height / (int)n_columns);
  int top = make_even ((height - (int)n_rows * cell_height) / 2);

  for (guint i = 0; i < n; i++)
    {
      guint row = i / n_columns;
      guint n_in_row = MIN (n_columns, n - row * n_columns);
      int left = make_even ((width - (int)n_in_row * cell_width) / 2);

      places[i] = (SalonPlace){ left + (int)(i % n_columns) * cell_width, top + (int)row * cell_height, cell_width,
        cell_height };
    }
}

static void
place_speaker (int width, int height, guint n, SalonPlace *places)
{
  int strip_width = make_even (width / STRIP_PART);
  int strip_height = make_even (height / STRIP_PART);
  int main_width = width - strip_width;
  int main_height = make_even (height * (STRIP_PART - 1) / STRIP_PART);
  int top = make_even ((height - (int)(n - 1) * strip_height) / 2);

  places[0] = (SalonPlace){ 0, make_even ((height - main_height) / 2), main_width, main_height };
  for (guint i = 1; i < n; i++)
    places[i] = (SalonPlace){ main_width, top + (int)(i - 1) * strip_height, strip_width, strip_height };
}

/* Half a gap on each side. */
static void
shrink (SalonPlace *place, int gap)
{
  place->x += gap / 2;
  place->y += gap / 2;
  place->width -= gap;
  place->height -= gap;
}

void
salon_layout_place (SalonLayout layout, guint width, guint height, guint n, SalonPlace *places)
{
  int gap = make_even ((int)(MIN (width, height) / GAP_PART)) & ~2;

  g_assert (n <= salon_layout_get_capacity (layout));
  if (n == 1)
    places[0] = (SalonPlace){ 0, 0, make_even ((int)width), make_even ((int)height) };
  if (n <= 1)
    return;
  if (layout == SALON_LAYOUT_GRID)
    place_grid ((int)width, (int)height, n, places);
  else
    place_speaker ((int)width, (int)height, n, places);
  for (guint i = 0; i < n; i++)
    shrink (&places[i], gap);
}
