/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-redis-reply.h"

#include <hiredis/hiredis.h>
#include <string.h>

/* The recursion is bounded: hiredis refuses to parse replies nested deeper than a few levels. */
static void
copy_into (SalonRedisReply *self, const redisReply *source)
{
  switch (source->type)
    {
    case REDIS_REPLY_INTEGER:
      self->type = SALON_REDIS_INTEGER;
      self->integer = source->integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR: /* inside an array */
      self->type = SALON_REDIS_STRING;
      self->string = g_malloc (source->len + 1);
      memcpy (self->string, source->str, source->len);
      self->string[source->len] = '\0';
      self->length = source->len;
      break;
    case REDIS_REPLY_ARRAY:
      self->type = SALON_REDIS_ARRAY;
      self->length = source->elements;
      self->elements = g_new0 (SalonRedisReply, source->elements);
      for (gsize i = 0; i < source->elements; i++)
        copy_into (&self->elements[i], source->element[i]);
      break;
    default:
      self->type = SALON_REDIS_NIL;
      break;
    }
}

SalonRedisReply *
salon_redis_reply_copy_from_hiredis (const redisReply *source)
{
  SalonRedisReply *self = g_new0 (SalonRedisReply, 1);

  copy_into (self, source);
  return self;
}

static void
clear (SalonRedisReply *self)
{
  g_free (self->string);
  if (self->type == SALON_REDIS_ARRAY)
    {
      for (gsize i = 0; i < self->length; i++)
        clear (&self->elements[i]);
      g_free (self->elements);
    }
}

void
salon_redis_reply_free (SalonRedisReply *self)
{
  if (self == NULL)
    return;
  clear (self);
  g_free (self);
}
