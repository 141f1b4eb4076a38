/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-lines.h"

typedef struct
{
  char *wanted;  /* (owned) (nullable) */
  char *offered; /* (owned) (nullable) */
  char *agreed;  /* (owned) (nullable) */
} Line;

struct _SalonLines
{
  guint n_lines;
  guint n_offered;
  gboolean is_waiting; /* for an answer */
  Line lines[];        /* n_lines */
};

SalonLines *
salon_lines_new (guint n_lines, guint n_first)
{
  SalonLines *self = g_malloc0 (sizeof (SalonLines) + n_lines * sizeof (Line));

  self->n_lines = n_lines;
  self->n_offered = n_first;
  return self;
}

void
salon_lines_free (SalonLines *self)
{
  for (guint i = 0; i < self->n_lines; i++)
    {
      g_free (self->lines[i].wanted);
      g_free (self->lines[i].offered);
      g_free (self->lines[i].agreed);
    }
  g_free (self);
}

static void
replace (char **text, const char *with)
{
  g_free (*text);
  *text = g_strdup (with);
}

void
salon_lines_set (SalonLines *self, guint index, const char *msid)
{
  g_assert (index < self->n_lines);
  replace (&self->lines[index].wanted, msid);
}

const char *
salon_lines_get (SalonLines *self, guint index)
{
  return self->lines[index].wanted;
}

gboolean
salon_lines_need_offer (SalonLines *self)
{
  for (guint i = 0; i < self->n_lines && !self->is_waiting; i++)
    {
      if (g_strcmp0 (self->lines[i].wanted, self->lines[i].offered) != 0)
        return TRUE;
    }
  return FALSE;
}

guint
salon_lines_begin_offer (SalonLines *self)
{
  self->is_waiting = TRUE;
  for (guint i = 0; i < self->n_lines; i++)
    {
      Line *line = &self->lines[i];

      if (line->wanted != NULL)
        self->n_offered = MAX (self->n_offered, i + 1);
      if (g_strcmp0 (line->offered, line->wanted) != 0)
        replace (&line->offered, line->offered == NULL ? line->wanted : NULL);
    }
  return self->n_offered;
}

const char *
salon_lines_get_offered (SalonLines *self, guint index)
{
  return self->lines[index].offered;
}

void
salon_lines_take_answer (SalonLines *self)
{
  self->is_waiting = FALSE;
  for (guint i = 0; i < self->n_lines; i++)
    replace (&self->lines[i].agreed, self->lines[i].offered);
}

gboolean
salon_lines_is_agreed (SalonLines *self, guint index)
{
  const Line *line = &self->lines[index];

  return line->wanted != NULL && g_strcmp0 (line->wanted, line->agreed) == 0
         && g_strcmp0 (line->wanted, line->offered) == 0;
}
