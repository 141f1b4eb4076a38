/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-backlog.h"

struct _SalonBacklog
{
  GHashTable *sizes; /* keeper (borrowed) -> bytes, in the pointer itself; none with 0 */
  gsize total_bytes;
  gsize max_bytes;
};

SalonBacklog *
salon_backlog_new (gsize max_bytes)
{
  SalonBacklog *self = g_rc_box_new0 (SalonBacklog);

  self->sizes = g_hash_table_new (NULL, NULL);
  self->max_bytes = max_bytes;
  return self;
}

SalonBacklog *
salon_backlog_ref (SalonBacklog *self)
{
  return g_rc_box_acquire (self);
}

static void
clear (gpointer self)
{
  g_hash_table_unref (((SalonBacklog *)self)->sizes);
}

void
salon_backlog_unref (SalonBacklog *self)
{
  g_rc_box_release_full (self, clear);
}

static gpointer
find_largest (SalonBacklog *self)
{
  GHashTableIter iter;
  gpointer keeper;
  gpointer size;
  gpointer largest = NULL;
  gsize largest_bytes = 0;

  g_hash_table_iter_init (&iter, self->sizes);
  while (g_hash_table_iter_next (&iter, &keeper, &size))
    {
      if (GPOINTER_TO_SIZE (size) <= largest_bytes)
        continue;
      largest = keeper;
      largest_bytes = GPOINTER_TO_SIZE (size);
    }
  return largest;
}

void
salon_backlog_forget (SalonBacklog *self, gpointer keeper)
{
  self->total_bytes -= GPOINTER_TO_SIZE (g_hash_table_lookup (self->sizes, keeper));
  g_hash_table_remove (self->sizes, keeper);
}

gpointer
salon_backlog_set (SalonBacklog *self, gpointer keeper, gsize size_bytes)
{
  salon_backlog_forget (self, keeper);
  if (size_bytes > 0)
    g_hash_table_insert (self->sizes, keeper, GSIZE_TO_POINTER (size_bytes));
  self->total_bytes += size_bytes;
  return self->total_bytes > self->max_bytes ? find_largest (self) : NULL;
}
