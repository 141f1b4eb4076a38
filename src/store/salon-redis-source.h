/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct redisAsyncContext;

/* Lets hiredis read and write from the default GLib main context, until hiredis frees the connection.
 *
 * hiredis' own adapters/glib.h is not used: after a failed write it goes on to read from the freed connection, and it
 * does not wake up for an error or hang-up alone. */
void salon_redis_source_attach (struct redisAsyncContext *connection);
