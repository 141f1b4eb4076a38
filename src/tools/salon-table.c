/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-table.h"

#include "salon-log.h"

struct _SalonTable
{
  guint n_columns;
  GPtrArray *cells; /* (owned) (element-type utf8): row by row */
  guint *widths;    /* (owned) */
};

SalonTable *
salon_table_new (guint n_columns)
{
  SalonTable *self = g_new0 (SalonTable, 1);

  self->n_columns = n_columns;
  self->cells = g_ptr_array_new_with_free_func (g_free);
  self->widths = g_new0 (guint, n_columns);
  return self;
}

void
salon_table_free (SalonTable *self)
{
  g_ptr_array_unref (self->cells);
  g_free (self->widths);
  g_free (self);
}

/* In columns of a terminal: East Asian letters and emoji take two, accents none. */
static guint
measure (const char *text)
{
  guint width = 0;

  for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c))
    {
      gunichar letter = g_utf8_get_char (c);

      if (!g_unichar_iszerowidth (letter))
        width += g_unichar_iswide (letter) ? 2 : 1;
    }
  return width;
}

void
salon_table_add (SalonTable *self, const char *const *cells)
{
  for (guint i = 0; i < self->n_columns; i++)
    {
      char *cell = salon_log_to_line (cells[i]);

      self->widths[i] = MAX (self->widths[i], measure (cell));
      g_ptr_array_add (self->cells, cell);
    }
}

static void
print_row (SalonTable *self, guint row)
{
  g_autoptr (GString) line = g_string_new (NULL);

  for (guint i = 0; i < self->n_columns; i++)
    {
      const char *cell = g_ptr_array_index (self->cells, row * self->n_columns + i);

      g_string_append (line, cell);
      if (i + 1 < self->n_columns)
        g_string_append_printf (line, "%*s", (int)(self->widths[i] - measure (cell) + 2), "");
    }
  g_print ("%s\n", g_strchomp (line->str));
}

void
salon_table_print (SalonTable *self, const char *if_empty)
{
  guint n_rows = self->cells->len / self->n_columns;

  if (n_rows < 2)
    {
      g_print ("%s\n", if_empty);
      return;
    }
  for (guint row = 0; row < n_rows; row++)
    print_row (self, row);
}
