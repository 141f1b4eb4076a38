/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What the m-lines of a connection say that they carry, where descriptions alone tell the client: of each the msid (RFC
 * 8830), "STREAM TRACK", or nothing, which makes it inactive. Browsers tell of a new track when an m-line begins to
 * send; so one that carried another is inactive in one offer before.
 *
 * There is one offer at a time; what changes until it is answered is in the next. No m-line ever goes away. Plain data,
 * owned by its subscriber. */
typedef struct _SalonLines SalonLines;

/* n_lines: at most; n_first: are in every offer. */
SalonLines *salon_lines_new (guint n_lines, guint n_first) G_GNUC_WARN_UNUSED_RESULT;
void salon_lines_free (SalonLines *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonLines, salon_lines_free)

/* What it should carry. msid (nullable): nothing. */
void salon_lines_set (SalonLines *self, guint index, const char *msid);
/* Returns: (nullable): the same. */
const char *salon_lines_get (SalonLines *self, guint index);

/* Whether there is something new to offer, and no offer waits for its answer. */
gboolean salon_lines_need_offer (SalonLines *self);
/* Returns: how many m-lines the offer has that is made now. */
guint salon_lines_begin_offer (SalonLines *self) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: (transfer none) (nullable): what the last offer says of it; NULL: it is inactive. */
const char *salon_lines_get_offered (SalonLines *self, guint index);
void salon_lines_take_answer (SalonLines *self);
/* Whether the client knows of what it should carry. */
gboolean salon_lines_is_agreed (SalonLines *self, guint index);
