/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "salon-job-log.h"
#include "salon-job-spec.h"
#include "salon-json-link.h"

/* One process of a job's pipeline, from its making to its death. The keeper's; main context; the last reference kills
 * it.
 *
 * Signals:
 *   message (JsonObject *)   from the process: see salon-runner.h
 *   died (const char *)      why, in words; NULL: it ended well */
#define SALON_TYPE_ATTEMPT (salon_attempt_get_type ())
G_DECLARE_FINAL_TYPE (SalonAttempt, salon_attempt, SALON, ATTEMPT, GObject)

/* In the job's folder. n_restarts: how many there were before. log: (borrowed): gets what it prints. */
SalonAttempt *salon_attempt_new (
    const SalonJobSpec *spec, guint n_restarts, SalonJobLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* message: (transfer full) */
void salon_attempt_send (SalonAttempt *self, JsonObject *message);

void salon_attempt_kill (SalonAttempt *self);
