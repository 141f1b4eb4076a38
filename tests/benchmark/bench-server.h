/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-participant.h"
#include "bench-process.h"

/* A server under test: a real process with a folder and configuration of its own, and the way its clients join. What
 * differs between servers is in a BenchDriver; the rest never knows which one it measures. */

typedef struct _BenchServer BenchServer;

/* One participant's signalling: made and freed by the driver. */
typedef gpointer BenchClient;

typedef struct
{
  const char *name; /* as in --servers */

  /* Writes the configuration into the server's folder, and adds the command line to `arguments`. Everything but names
   * of folders, addresses and bounds on how many may come is left at the server's defaults. */
  gboolean (*configure) (BenchServer *server, GPtrArray *arguments, GError **error);
  /* Whether the server takes clients. Asked again and again after the start. */
  gboolean (*is_ready) (BenchServer *server);
  /* Lets the participant (borrowed) join the one room. Problems go to bench_participant_fail(), now or later. */
  BenchClient (*join) (BenchServer *server, BenchParticipant *participant);
  /* (nullable): whether the server has told one who sends that others may receive it. */
  gboolean (*is_published) (BenchClient client);
  /* (nullable): everybody has joined. For servers whose clients ask for each other's media. */
  void (*everybody_is_here) (BenchClient client);
  /* Leaves; the participant is not touched any more. */
  void (*leave) (BenchClient client);
} BenchDriver;

/* Returns: (nullable): (static): the driver of this name. */
const BenchDriver *bench_driver_find (const char *name);

/* Starts it and waits until it takes clients. */
BenchServer *bench_server_start (const BenchDriver *driver, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Stops it and removes its folder. */
void bench_server_stop (BenchServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchServer, bench_server_stop)

const BenchDriver *bench_server_get_driver (const BenchServer *self);
const BenchProcess *bench_server_get_process (const BenchServer *self);

/* For drivers. */
const char *bench_server_get_folder (const BenchServer *self);
gboolean bench_server_write_file (
    BenchServer *self, const char *name, const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full): what it has printed so far. */
char *bench_server_read_log (const BenchServer *self) G_GNUC_WARN_UNUSED_RESULT;
/* Where its clients connect to. */
void bench_server_set_url (BenchServer *self, const char *url);
const char *bench_server_get_url (const BenchServer *self);

extern const BenchDriver bench_salon_driver;
extern const BenchDriver bench_janus_driver;
extern const BenchDriver bench_janus_loops_driver;
