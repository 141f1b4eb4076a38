/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "salon-recordings.h"
#include "salon-rooms.h"

/* The room API of data/protocol.schema.json ("http"). Plain data, owned by SalonHttp; each function answers one
 * request, pausing it while the rooms are asked. Whoever asks may go meanwhile; so may this struct. */
typedef struct
{
  SalonRooms *rooms;           /* (borrowed) */
  SalonRecordings *recordings; /* (borrowed) */
  const char *admin_token;     /* (borrowed) */
  const char *public_url;      /* (borrowed): "": as the request's Host says */
  gboolean may_create;         /* whether anybody may, and not only the administrator */
} SalonHttpApi;

void salon_http_api_create (const SalonHttpApi *self, SoupServerMessage *message);
void salon_http_api_list (const SalonHttpApi *self, SoupServerMessage *message);
/* room: slug or id as the client sent it, percent-decoded. */
void salon_http_api_get (const SalonHttpApi *self, SoupServerMessage *message, const char *room);
/* For who is about to join: whether it is recorded. */
void salon_http_api_get_recording (const SalonHttpApi *self, SoupServerMessage *message, const char *room);
void salon_http_api_delete (const SalonHttpApi *self, SoupServerMessage *message, const char *room);

/* (transfer none) (nullable): RFC 6750 section 2.1. */
const char *salon_http_api_get_bearer_token (SoupServerMessage *message);

/* Whether the request has the administrator's. */
gboolean salon_http_api_is_admin (const SalonHttpApi *self, SoupServerMessage *message);

/* Returns: (transfer full) (nullable): the object that the request brings, an empty one if it brings none. */
JsonNode *salon_http_api_read_body (SoupServerMessage *message, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): where this server is for whoever sent this request: what stands before "/r/...". */
char *salon_http_api_make_base_url (const SalonHttpApi *self, SoupServerMessage *message) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): the page of a room, for whoever sent this request to give to others. */
char *salon_http_api_make_room_url (
    const SalonHttpApi *self, SoupServerMessage *message, const char *slug) G_GNUC_WARN_UNUSED_RESULT;
