/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Texts for people at the command line in their language, from po/: mark them with the macros of glib/gi18n.h. What
 * programs read is not translated: the log, errors that go to clients, and what salon-launch tells of a room.
 *
 * First thing in main(). */
void salon_locale_init (void);
