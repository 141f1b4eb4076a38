/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-http-deed.h"

/* Rooms as text, of data/protocol.schema.json ("http"): for the administrator and the room's owner. Plain data, owned
 * by SalonHttp. */
typedef struct
{
  SalonHttpDeeds deeds;
  const char *socket_path; /* (borrowed) (nullable): where programs of this machine reach the server */
} SalonHttpText;

/* room: as the client sent it. */
void salon_http_text_draw (const SalonHttpText *self, SoupServerMessage *message, const char *room);
void salon_http_text_list_lines (const SalonHttpText *self, SoupServerMessage *message, const char *room);
