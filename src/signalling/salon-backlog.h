/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What all WebSockets together keep for clients that do not read it. Each has its own bound, which a crowd of them
 * could fill; so there is a bound on the sum, and beyond it who keeps most has to go. Main context. */
typedef struct _SalonBacklog SalonBacklog;

SalonBacklog *salon_backlog_new (gsize max_bytes) G_GNUC_WARN_UNUSED_RESULT;
SalonBacklog *salon_backlog_ref (SalonBacklog *self) G_GNUC_WARN_UNUSED_RESULT;
void salon_backlog_unref (SalonBacklog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonBacklog, salon_backlog_unref)

/* keeper now keeps so much.
 * Returns: (transfer none) (nullable): the keeper of most, when all together keep too much. */
gpointer salon_backlog_set (SalonBacklog *self, gpointer keeper, gsize size_bytes) G_GNUC_WARN_UNUSED_RESULT;
void salon_backlog_forget (SalonBacklog *self, gpointer keeper);
