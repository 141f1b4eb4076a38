/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Rows of text in columns as wide as they need to be, for a terminal. */
typedef struct _SalonTable SalonTable;

/* n_columns: of each row. */
SalonTable *salon_table_new (guint n_columns) G_GNUC_WARN_UNUSED_RESULT;
void salon_table_free (SalonTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonTable, salon_table_free)

/* cells: copied; whatever of them is no plain text is made harmless. The first row is the heading. */
void salon_table_add (SalonTable *self, const char *const *cells);

/* Prints all rows; or, when there is none but the heading, the text in its place. */
void salon_table_print (SalonTable *self, const char *if_empty);
