/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* Which elements a job's pipeline may have. What is not on the list leaves this process' registry, and so does what a
 * plugin brings when it is loaded: nothing can make it then, neither a text nor an element that looks for others
 * (decodebin).
 *
 * On the list is what works on media, speaks a network protocol of media, or reads and writes files (where, is the
 * sandbox's to say). Not on it: what reaches devices, displays, other processes, or the web at large.
 *
 * There is one, as there is one registry; it stays. */
typedef struct _SalonElementList SalonElementList;

/* extra: patterns with * and ?, beside the list's own. Before there are threads. */
SalonElementList *salon_element_list_apply (const char *const *extra) G_GNUC_WARN_UNUSED_RESULT;

/* Whether this system has such an element, which is not on the list. */
gboolean salon_element_list_forbids (SalonElementList *self, const char *name);
