/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-config.h"

/* The server: makes the objects, gives each what it needs, and takes them down again in order. */
typedef struct _SalonApp SalonApp;

/* config: (borrowed): must outlive it. gst_init() has run. */
SalonApp *salon_app_new (const SalonConfig *config) G_GNUC_WARN_UNUSED_RESULT;
void salon_app_free (SalonApp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonApp, salon_app_free)

/* Serves until SIGTERM, SIGINT or SIGHUP, then stops within 9 s; a second signal ends the process at once.
 * Returns: the process' exit status. */
int salon_app_run (SalonApp *self) G_GNUC_WARN_UNUSED_RESULT;
