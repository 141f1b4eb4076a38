/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The folder where a server keeps what must survive it: its name, its secrets, the embedded Redis' data. One server at
 * a time: the folder is locked from opening to freeing. Files and folder are the owner's alone. Blocking, so for
 * start-up. */
typedef struct _SalonStateDir SalonStateDir;

/* Creates the folder if need be and locks it. One that others can enter is closed to them when it is empty or was used
 * before, and refused when not. */
SalonStateDir *salon_state_dir_open (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void salon_state_dir_free (SalonStateDir *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonStateDir, salon_state_dir_free)

/* (transfer none): absolute. */
const char *salon_state_dir_get_path (SalonStateDir *self);

/* Reads the one-line file `name`; when there is none, makes its content with `create` and keeps it.
 * Returns: (transfer full) (nullable): the line. */
char *salon_state_dir_remember (
    SalonStateDir *self, const char *name, char *(*create) (void), GError **error) G_GNUC_WARN_UNUSED_RESULT;
