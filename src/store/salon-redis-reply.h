/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum
{
  SALON_REDIS_NIL,
  SALON_REDIS_INTEGER,
  SALON_REDIS_STRING,
  SALON_REDIS_ARRAY,
} SalonRedisType;

/* What Redis answered: plain data, owned by who got it. Errors are no replies: they come as GError. */
typedef struct SalonRedisReply SalonRedisReply;
struct SalonRedisReply
{
  SalonRedisType type;
  gint64 integer;            /* INTEGER */
  char *string;              /* STRING (owned): NUL-terminated */
  SalonRedisReply *elements; /* ARRAY (owned) */
  gsize length;              /* STRING: bytes; ARRAY: elements */
};

void salon_redis_reply_free (SalonRedisReply *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonRedisReply, salon_redis_reply_free)

struct redisReply;
/* Returns: (transfer full): a copy of hiredis' reply, which lives only as long as its callback runs. */
SalonRedisReply *salon_redis_reply_copy_from_hiredis (const struct redisReply *source) G_GNUC_WARN_UNUSED_RESULT;
