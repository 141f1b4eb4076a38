/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-redis-source.h"

#include <glib-unix.h>
#include <hiredis/async.h>

typedef struct
{
  GSource source;
  redisAsyncContext *connection; /* (borrowed) (nullable): NULL once hiredis has freed it */
  gpointer fd_tag;
  GIOCondition wanted;
} RedisSource;

static void
want (RedisSource *self, GIOCondition wanted)
{
  if (self->wanted == wanted)
    return;
  self->wanted = wanted;
  g_source_modify_unix_fd (&self->source, self->fd_tag, wanted);
}

static void
add_read (gpointer data)
{
  RedisSource *self = data;

  want (self, self->wanted | G_IO_IN);
}

static void
del_read (gpointer data)
{
  RedisSource *self = data;

  want (self, self->wanted & ~G_IO_IN);
}

static void
add_write (gpointer data)
{
  RedisSource *self = data;

  want (self, self->wanted | G_IO_OUT);
}

static void
del_write (gpointer data)
{
  RedisSource *self = data;

  want (self, self->wanted & ~G_IO_OUT);
}

/* hiredis is about to close the fd and free the connection. */
static void
cleanup (gpointer data)
{
  RedisSource *self = data;

  self->connection->ev.data = NULL;
  self->connection = NULL;
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  RedisSource *self = (RedisSource *)source;
  GIOCondition ready = g_source_query_unix_fd (source, self->fd_tag);
  /* Nobody asks for errors and hang-ups: the read or write that is due finds out. */
  gboolean is_broken = (ready & (G_IO_ERR | G_IO_HUP)) != 0;

  if ((self->wanted & G_IO_IN) && ((ready & G_IO_IN) || is_broken))
    redisAsyncHandleRead (self->connection);
  if (self->connection != NULL && (self->wanted & G_IO_OUT) && ((ready & G_IO_OUT) || is_broken))
    redisAsyncHandleWrite (self->connection);
  return G_SOURCE_CONTINUE;
}

void
salon_redis_source_attach (redisAsyncContext *connection)
{
  static GSourceFuncs funcs = { .dispatch = dispatch };
  RedisSource *self = (RedisSource *)g_source_new (&funcs, sizeof (RedisSource));

  self->connection = connection;
  self->fd_tag = g_source_add_unix_fd (&self->source, connection->c.fd, self->wanted);
  g_source_set_static_name (&self->source, "Salon Redis connection");

  connection->ev.data = self;
  connection->ev.addRead = add_read;
  connection->ev.delRead = del_read;
  connection->ev.addWrite = add_write;
  connection->ev.delWrite = del_write;
  connection->ev.cleanup = cleanup;
  g_source_attach (&self->source, NULL);
}
