/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-element-list.h"
#include "salon-job-spec.h"

/* The pipeline's own process: reads what to run from the keeper, shuts itself in (salon-sandbox.h), plays, and tells
 * how it goes. It talks to the keeper over fd; its working directory is where its files go, its home is for scratch.
 *
 *   keeper                                            runner
 *     {id, launch, limits ...}: salon-job-spec.h   ->
 *                                                  <-  {"playing": true}                     once
 *                                                  <-  {"position_ms", "buffers",
 *                                                       "stuck", "stuck_s"}                  each second
 *     {"set": {"name.property": value}, "id": 7}   ->
 *                                                  <-  {"id": 7, "error": text}              error: if it failed
 *     {"end": true}                                ->
 *                                                  <-  {"ended": true}
 *                                                  <-  {"failed": text, "is_final": bool}    final: as often as one
 * likes
 *
 * Returns: the process' exit status. */
int salon_runner_run (int fd) G_GNUC_WARN_UNUSED_RESULT;
