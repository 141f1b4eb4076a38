/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* Where a Redis is and how to log in to it: plain data.
 *
 *   redis://[user:password@]host[:port][/db]     TCP, port 6379 by default
 *   unix://[user:password@]/path/to.sock[?db=N]  a Unix socket
 *
 * The user may be left out (":password@"); reserved characters are percent-encoded. */
typedef struct
{
  char *host; /* (owned) (nullable): NULL: a Unix socket */
  guint16 port;
  char *path;     /* (owned) (nullable): of the Unix socket */
  char *username; /* (owned) (nullable): only with a password */
  char *password; /* (owned) (nullable): never logged */
  guint db;
} SalonRedisUrl;

/* Errors: INVALID_PARAMS, whose message says what to write and never repeats the text, for the password's sake. */
SalonRedisUrl *salon_redis_url_parse (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void salon_redis_url_free (SalonRedisUrl *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonRedisUrl, salon_redis_url_free)

/* Returns: (transfer full): where to connect. Get a new one for each attempt: it remembers what its name resolved to.
 */
GSocketConnectable *salon_redis_url_get_connectable (const SalonRedisUrl *self) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): the address without the login, for logs and messages. */
char *salon_redis_url_describe (const SalonRedisUrl *self) G_GNUC_WARN_UNUSED_RESULT;
