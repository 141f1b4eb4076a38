/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* The STUN and TURN servers that clients are told, as the configuration has them. Plain data, (borrowed) throughout. */
typedef struct
{
  const char *const *urls;
  const char *turn_secret;                   /* "": none; else credentials are made of it */
  guint turn_ttl_s;                          /* how long those are good for */
  const char *turn_username, *turn_password; /* "": none */
} SalonIceServers;

/* Returns: (transfer full): an array as RTCConfiguration.iceServers has it. TURN servers with a secret get a user name
 * that tells when it ends and, in their logs, whose it is, with a password that only who has the secret can make
 * ("A REST API For Access To TURN Services", draft-uberti-behave-turn-rest-00). client: its id. now_s: since 1970. */
JsonNode *salon_ice_servers_to_json (
    const SalonIceServers *self, const char *client, gint64 now_s) G_GNUC_WARN_UNUSED_RESULT;
